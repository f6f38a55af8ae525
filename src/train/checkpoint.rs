//! The state of a run on disk: weights, average, moments, step; written beside and renamed.

use super::TrainConfig;
use super::data::TrainError;
use super::optimiser::Adam;
use crate::score::PriorError;
use crate::score::{deserialise, serialise};
use std::collections::HashMap;
use std::path::Path;
use tch::{Device, Tensor};

/// Where a run stands.
pub struct State {
    /// Next step.
    pub step: usize,
    /// Seconds trained so far.
    pub seconds: f64,
    /// σ_data, fixed at the first step.
    pub sigma_data: f64,
    /// Steps of the shorter runs that this one goes on from.
    pub extended_at: Vec<usize>,
    /// Weights and moments.
    pub adam: Adam,
}

fn fail(path: &Path, why: String) -> TrainError {
    PriorError::File {
        path: path.display().to_string(),
        why,
    }
    .into()
}

/// Writes the state.
pub fn save(path: &Path, config: &TrainConfig, state: &State) -> Result<(), TrainError> {
    let mut tensors = Vec::new();
    for (i, (name, w)) in state.adam.weights.iter().enumerate() {
        tensors.push((format!("weight/{name}"), w.shallow_clone()));
        tensors.push((format!("ema/{name}"), state.adam.ema[i].shallow_clone()));
        tensors.push((format!("m/{name}"), state.adam.m[i].shallow_clone()));
        tensors.push((format!("v/{name}"), state.adam.v[i].shallow_clone()));
    }
    let config = serde_json::to_string(config).map_err(|e| fail(path, e.to_string()))?;
    let extended_at =
        serde_json::to_string(&state.extended_at).map_err(|e| fail(path, e.to_string()))?;
    let text = HashMap::from([
        ("config".to_owned(), config),
        ("step".to_owned(), state.step.to_string()),
        ("seconds".to_owned(), state.seconds.to_string()),
        ("sigma_data".to_owned(), state.sigma_data.to_string()),
        ("extended_at".to_owned(), extended_at),
    ]);
    let blob = serialise(&tensors, text).map_err(|e| fail(path, e))?;
    Ok(crate::io::atomic::write(path, &blob, true)?)
}

/// Reads a state back; refuses one of another run, but goes on from one that was asked for fewer
/// `images`: its steps stay, the learning rate is that of the longer run. `order` gives the names
/// in their order.
pub fn load(
    path: &Path,
    config: &TrainConfig,
    order: &[String],
    device: Device,
) -> Result<State, TrainError> {
    let blob = std::fs::read(path).map_err(|e| fail(path, e.to_string()))?;
    let (tensors, text) =
        deserialise(&blob).map_err(|e| fail(path, format!("not a checkpoint of ours: {e}")))?;
    let number = |key: &str| -> Result<f64, TrainError> {
        let found = text.get(key).and_then(|v| v.parse().ok());
        found.ok_or_else(|| fail(path, format!("the checkpoint has no `{key}`")))
    };
    let made_with: Option<TrainConfig> = text
        .get("config")
        .and_then(|c| serde_json::from_str(c).ok());
    let shorter = made_with.as_ref().map_or(0, |made| made.images);
    let same = made_with.is_some_and(|made| {
        TrainConfig {
            images: config.images,
            ..made
        } == *config
    });
    if !same || shorter > config.images {
        let why = "the checkpoint belongs to a run with another configuration, not to this one or \
                   to one of fewer images: use that configuration, another -o, or remove the \
                   checkpoint";
        return Err(fail(path, why.into()));
    }
    // A checkpoint from before runs could be extended has none.
    let mut extended_at: Vec<usize> = match text.get("extended_at") {
        Some(list) => serde_json::from_str(list).map_err(|e| fail(path, e.to_string()))?,
        None => Vec::new(),
    };
    let mut by_name: HashMap<String, Tensor> = tensors.into_iter().collect();
    let mut take = |kind: &str, name: &str| {
        let found = by_name
            .remove(&format!("{kind}/{name}"))
            .map(|t| t.to_device(device));
        found.ok_or_else(|| fail(path, format!("the checkpoint lacks `{kind}/{name}`")))
    };
    let mut adam = Adam {
        weights: Vec::new(),
        ema: Vec::new(),
        m: Vec::new(),
        v: Vec::new(),
    };
    for name in order {
        let leaf = take("weight", name)?.set_requires_grad(true);
        adam.weights.push((name.clone(), leaf));
        adam.ema.push(take("ema", name)?);
        adam.m.push(take("m", name)?);
        adam.v.push(take("v", name)?);
    }
    let (step, seconds) = (number("step")? as usize, number("seconds")?);
    if shorter < config.images && 0 < step && step < config.steps() {
        extended_at.push(step);
    }
    Ok(State {
        step,
        seconds,
        sigma_data: number("sigma_data")?,
        extended_at,
        adam,
    })
}
