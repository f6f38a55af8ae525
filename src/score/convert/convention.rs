//! What the networks of a family are told and answer, where nothing else is said.

use super::Wishes;
use crate::score::networks::diffusers::{DiffusersOptions, TimeEmbedding};
use crate::score::networks::{
    EdmOptions, EdmPreconditioning, NcsnppEmbedding, NcsnppOptions, Options,
};
use crate::score::{Betas, Convention, Diffusion, Label, Prediction};
use serde_json::Value;

/// The convention of the key `convention`, or of the family as its authors' options say; then as wished.
pub(super) fn of(
    options: &Options,
    json: &Value,
    scheduler: Option<&str>,
    wishes: &Wishes,
) -> Result<Convention, String> {
    let mut convention = match json.get("convention") {
        Some(stated) => serde_json::from_value(stated.clone())
            .map_err(|e| format!("its options: convention: {e}"))?,
        None => usual(options, json, scheduler)?,
    };
    if let Some(range) = wishes.range {
        convention.range = range;
    }
    if let Some(predicts) = wishes.predicts {
        convention.predicts = predicts;
    }
    convention.parts |= wishes.parts;
    convention.class = wishes.class.or(convention.class);
    match convention.problem() {
        Some(problem) => Err(format!("convention.{problem}")),
        None => Ok(convention),
    }
}

/// Keys that no network reads, but a convention does, or nothing that matters after training.
const READ_ELSEWHERE: [&str; 28] = [
    "_diffusers_version",
    "_name_or_path",
    "attention_type",
    "conv_size",
    "convention",
    "diffusion_steps",
    "dims",
    "dropout",
    "family",
    "fourier_scale",
    "init_scale",
    "learn_sigma",
    "beta_max",
    "beta_min",
    "model_mean_type",
    "name",
    "noise_schedule",
    "normalization",
    "predict_xstart",
    "rescale_learned_sigmas",
    "rescale_timesteps",
    "sigma_max",
    "sigma_min",
    "steps",
    "timestep_respacing",
    "use_checkpoint",
    "use_fp16",
    "use_kl",
];

/// Those of `unknown` that nothing reads.
pub(super) fn unread(unknown: Vec<String>) -> Vec<String> {
    unknown
        .into_iter()
        .filter(|key| !READ_ELSEWHERE.contains(&key.as_str()))
        .collect()
}

fn usual(options: &Options, json: &Value, scheduler: Option<&str>) -> Result<Convention, String> {
    let (predicts, diffusion) = match options {
        Options::Adm(_) => guided_diffusion(json)?,
        Options::Ncsnpp(options) => score_sde(options, json),
        Options::Edm(options) => (Prediction::Image, edm(options, json)),
        Options::Diffusers(options) => diffusers(options, scheduler)?,
        Options::Script(_) => {
            return Err(
                "a TorchScript module says nothing of itself: its options need a key `convention`, for example \
                 {\"predicts\": \"noise\", \"diffusion\": {\"kind\": \"preserving\", \"betas\": {\"linear\": [1e-4, 0.02]}, \
                 \"steps\": 1000}, \"range\": [-1, 1]}"
                    .into(),
            );
        }
    };
    // Complex images are scaled by quantile and never shifted; [0, 1] is centred by some networks themselves.
    let centred = match options {
        Options::Ncsnpp(options) => options.centered,
        Options::Diffusers(options) => !options.center_input_sample,
        _ => true,
    };
    let range = match options.channels() {
        2 => [0.0, 1.0],
        _ if centred => [-1.0, 1.0],
        _ => [0.0, 1.0],
    };
    Ok(Convention {
        predicts,
        diffusion,
        range,
        parts: false,
        class: None,
    })
}

/// Guided diffusion: `noise_schedule`, `diffusion_steps`, `predict_xstart` and `rescale_timesteps` of its
/// commands.
fn guided_diffusion(json: &Value) -> Result<(Prediction, Diffusion), String> {
    let is = |key: &str| json[key].as_bool().unwrap_or(false);
    let steps = ["diffusion_steps", "steps"]
        .iter()
        .find_map(|key| json[*key].as_u64())
        .unwrap_or(1000) as usize;
    let scale = 1000.0 / steps.max(1) as f64;
    let betas = match json["noise_schedule"].as_str().unwrap_or("linear") {
        "linear" => Betas::Linear([1e-4 * scale, 0.02 * scale]),
        "cosine" => Betas::Cosine,
        other => {
            return Err(format!(
                "noise_schedule is `{other}`, expected linear or cosine"
            ));
        }
    };
    let predicts = match json["model_mean_type"].as_str() {
        None if is("predict_xstart") => Prediction::Image,
        None | Some("epsilon") => Prediction::Noise,
        Some("start_x") => Prediction::Image,
        Some(other) => {
            return Err(format!(
                "model_mean_type is `{other}`, expected epsilon or start_x"
            ));
        }
    };
    let label_scale = if is("rescale_timesteps") { scale } else { 1.0 };
    Ok((
        predicts,
        Diffusion::Preserving {
            betas,
            steps,
            label_scale,
        },
    ))
}

/// score_sde: σ told to Fourier features, or its index; without a division by σ, the noise of the
/// variance-preserving kind.
fn score_sde(options: &NcsnppOptions, json: &Value) -> (Prediction, Diffusion) {
    let sigma = [options.sigma_min, options.sigma_max];
    let count = options.num_scales.max(2) as usize;
    match (options.embedding_type, options.scale_by_sigma) {
        // Undivided, it was trained to be the score all the same.
        (NcsnppEmbedding::Fourier, _) => (
            Prediction::Score,
            Diffusion::Exploding {
                label: Label::Sigma,
                sigma,
            },
        ),
        (NcsnppEmbedding::Positional, true) => (
            Prediction::Score,
            Diffusion::Exploding {
                label: Label::Index(count),
                sigma,
            },
        ),
        (NcsnppEmbedding::Positional, false) => {
            let ends = [("beta_min", 0.1), ("beta_max", 20.0)]
                .map(|(key, usual)| json[key].as_f64().unwrap_or(usual));
            // Its own list; a coarse one has no β below 1, but its equation has.
            let each = ends.map(|b| b / count as f64);
            let betas = match each[1] < 1.0 {
                true => Betas::Linear(each),
                false => Betas::Continuous(ends),
            };
            let diffusion = Diffusion::Preserving {
                betas,
                steps: count,
                label_scale: 1.0,
            };
            (Prediction::Noise, diffusion)
        }
    }
}

/// EDM's four preconditionings: σ between the ends that each was sampled with (Karras et al. 2022, table 1).
fn edm(options: &EdmOptions, json: &Value) -> Diffusion {
    let [least, most] = match options.preconditioning() {
        EdmPreconditioning::Edm => [0.002, 80.0],
        EdmPreconditioning::Vp => [0.002, 152.0],
        EdmPreconditioning::Ve => [0.02, 100.0],
        EdmPreconditioning::Iddpm => [0.008, 80.0],
    };
    // The classes hold 0 and infinity where they set no bound.
    let bound = |key: &str, usual: f64| {
        let stated = json[key].as_f64();
        stated
            .filter(|s| *s > 0.0 && s.is_finite())
            .unwrap_or(usual)
    };
    Diffusion::Exploding {
        label: Label::Sigma,
        sigma: [bound("sigma_min", least), bound("sigma_max", most)],
    }
}

/// Schedulers of diffusers that sample a diffusion of discrete β, whichever way.
const OF_DISCRETE_BETA: [&str; 9] = [
    "DDPM",
    "DDIM",
    "PNDM",
    "DPMSolver",
    "UniPC",
    "DEIS",
    "LMSDiscrete",
    "EulerDiscrete",
    "EulerAncestral",
];

/// `scheduler_config.json` of diffusers; without one, σ where the network reads σ, else the diffusion of Ho et al.
fn diffusers(
    options: &DiffusersOptions,
    scheduler: Option<&str>,
) -> Result<(Prediction, Diffusion), String> {
    let json: Value = match scheduler {
        Some(text) => serde_json::from_str(text).map_err(|e| format!("its scheduler: {e}"))?,
        None => Value::Null,
    };
    let class = json["_class_name"].as_str().unwrap_or("DDPMScheduler");
    if options.time_embedding_type == TimeEmbedding::Fourier || class == "ScoreSdeVeScheduler" {
        let end = |key: &str, usual: f64| json[key].as_f64().unwrap_or(usual);
        let diffusion = Diffusion::Exploding {
            label: Label::Sigma,
            sigma: [end("sigma_min", 0.01), end("sigma_max", 1348.0)],
        };
        return Ok((Prediction::Score, diffusion));
    }
    if !OF_DISCRETE_BETA
        .iter()
        .any(|known| class.starts_with(known))
    {
        return Err(format!(
            "its scheduler is a {class}, expected one of discrete beta ({}); say what it is by a key `convention` of CONFIG.json",
            OF_DISCRETE_BETA.join(", ")
        ));
    }
    if json["rescale_betas_zero_snr"].as_bool() == Some(true) {
        return Err(
            "its scheduler has rescale_betas_zero_snr, whose last state holds no image: give its beta as a list by a key \
             `convention` of CONFIG.json, without the last"
                .into(),
        );
    }
    let number = |key: &str, usual: f64| json[key].as_f64().unwrap_or(usual);
    let ends = [number("beta_start", 1e-4), number("beta_end", 0.02)];
    let listed: Option<Vec<f64>> = json["trained_betas"]
        .as_array()
        .map(|list| list.iter().filter_map(Value::as_f64).collect());
    let betas = match (listed, json["beta_schedule"].as_str().unwrap_or("linear")) {
        (Some(list), _) => Betas::List(list),
        (None, "linear") => Betas::Linear(ends),
        (None, "scaled_linear") => Betas::ScaledLinear(ends),
        (None, "squaredcos_cap_v2") => Betas::Cosine,
        (None, other) => {
            return Err(format!(
                "its scheduler's beta_schedule is `{other}`, expected linear, scaled_linear or squaredcos_cap_v2"
            ));
        }
    };
    let predicts = match json["prediction_type"].as_str().unwrap_or("epsilon") {
        "epsilon" => Prediction::Noise,
        "sample" => Prediction::Image,
        "v_prediction" => Prediction::Velocity,
        other => {
            return Err(format!(
                "its scheduler's prediction_type is `{other}`, expected epsilon, sample or v_prediction"
            ));
        }
    };
    let diffusion = Diffusion::Preserving {
        betas,
        steps: json["num_train_timesteps"].as_u64().unwrap_or(1000) as usize,
        label_scale: 1.0,
    };
    Ok((predicts, diffusion))
}
