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
    /// σ_data: the deviation of the first images.
    pub sigma_data: f64,
    /// Steps at which the run went on with another length or another rate.
    pub extended_at: Vec<usize>,
    /// Whether the next step is the first of those.
    pub changed: bool,
    /// Smallest and largest value of the images so far; unknown to checkpoints of earlier versions.
    pub data_range: Option<[f64; 2]>,
    /// Sum and number of the losses since the last line of the curves.
    pub losses: (f64, usize),
    /// Weights and moments.
    pub adam: Adam,
}

impl State {
    /// Before the first step.
    pub fn new(adam: Adam) -> Self {
        State {
            step: 0,
            seconds: 0.0,
            sigma_data: 1.0,
            extended_at: Vec::new(),
            changed: false,
            data_range: None,
            losses: (0.0, 0),
            adam,
        }
    }

    /// The images have these values, too.
    pub fn widen(&mut self, [low, high]: [f64; 2]) {
        let [l, h] = self.data_range.unwrap_or([low, high]);
        self.data_range = Some([l.min(low), h.max(high)]);
    }

    /// The mean loss since the last call.
    pub fn mean_loss(&mut self) -> f64 {
        let (sum, count) = std::mem::take(&mut self.losses);
        sum / count.max(1) as f64
    }
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
    let data_range =
        serde_json::to_string(&state.data_range).map_err(|e| fail(path, e.to_string()))?;
    let text = HashMap::from([
        ("config".to_owned(), config),
        ("step".to_owned(), state.step.to_string()),
        ("seconds".to_owned(), state.seconds.to_string()),
        ("sigma_data".to_owned(), state.sigma_data.to_string()),
        ("extended_at".to_owned(), extended_at),
        ("data_range".to_owned(), data_range),
        ("loss_sum".to_owned(), state.losses.0.to_string()),
        ("loss_count".to_owned(), state.losses.1.to_string()),
    ]);
    let blob = serialise(&tensors, text).map_err(|e| fail(path, e))?;
    Ok(crate::io::atomic::write(path, &blob, true)?)
}

/// The configuration of a checkpoint; one from before blocks could be bounded says nothing of it.
fn configuration(text: &str) -> Option<TrainConfig> {
    let mut value: serde_json::Value = serde_json::from_str(text).ok()?;
    let table = value.as_object_mut()?;
    table.entry("bounded").or_insert(false.into());
    serde_json::from_value(value).ok()
}

/// Reads a state back; refuses one of another run, but goes on from one that was asked for another
/// number of `images` or another rate (peak, warm-up, schedule): its steps stay, the rate is that of the new run. `order` gives the
/// names in their order.
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
    let made = text
        .get("config")
        .and_then(|c| configuration(c))
        .ok_or_else(|| fail(path, "the checkpoint has no configuration".into()))?;
    let step = number("step")? as usize;
    if !config.goes_on_from(&made) {
        let why = "the checkpoint belongs to a run with another configuration: use that \
                   configuration, another -o, or remove the checkpoint";
        return Err(fail(path, why.into()));
    }
    if step > config.steps() {
        let why = format!(
            "the checkpoint has seen {} images, more than the {} of this run: raise `images`",
            step * config.batch,
            config.images
        );
        return Err(fail(path, why));
    }
    // A checkpoint from before runs could be extended has none.
    let extended_at: Vec<usize> = match text.get("extended_at") {
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
    // A checkpoint from before there were curves has none.
    let losses = number("loss_sum").and_then(|sum| Ok((sum, number("loss_count")? as usize)));
    Ok(State {
        step,
        seconds: number("seconds")?,
        sigma_data: number("sigma_data")?,
        extended_at,
        changed: config.changes_rate_after(&made, step),
        data_range: text
            .get("data_range")
            .and_then(|range| serde_json::from_str(range).ok())
            .flatten(),
        losses: losses.unwrap_or_default(),
        adam,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_checkpoint_has_unbounded_blocks() {
        let said = serde_json::to_string(&TrainConfig::default()).unwrap();
        assert!(configuration(&said).unwrap().bounded);
        let old = said.replace(r#""bounded":true,"#, "");
        assert_ne!(old, said);
        assert!(!configuration(&old).unwrap().bounded);
    }
}
