//! `[method.*]`: the settings of samplers as they were published, and of the particles that they are
//! held against.

use super::by_rule::ByRule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Projection onto noisy data between the steps of a predictor and a corrector (Song 2022, and
/// score-MRI, Chung and Ye 2022).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Projection {
    /// λ: 1 replaces what was measured, less mixes it.
    pub lambda: f64,
    /// Whether the data get the noise of the level (Song 2022) or stay as they are (score-MRI).
    pub noisy: bool,
    /// Signal to noise of the corrector's Langevin step.
    pub snr: f64,
    /// Noise levels; each takes two evaluations of the network.
    pub levels: usize,
    /// Posterior samples.
    pub samples: usize,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
    /// Iterations of conjugate gradients in a projection, where no pseudo-inverse is known: more than one fit
    /// the noise that several coils amplify.
    pub cg_iterations: usize,
}

impl Default for Projection {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            noisy: true,
            snr: 0.16,
            levels: 200,
            samples: 8,
            start_sigma: None,
            sigma_max: 4.0,
            cg_iterations: 1,
        }
    }
}

/// Iterative latent variable refinement (Choi 2021): each state takes the measured part of the
/// noised data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ilvr {
    /// λ: 1 replaces what was measured, less mixes it.
    pub lambda: f64,
    /// Noise levels.
    pub levels: usize,
    /// Posterior samples.
    pub samples: usize,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
    /// Iterations of conjugate gradients in a projection, where no pseudo-inverse is known: more than one fit
    /// the noise that several coils amplify.
    pub cg_iterations: usize,
}

impl Default for Ilvr {
    fn default() -> Self {
        Self {
            lambda: 1.0,
            levels: 200,
            samples: 8,
            start_sigma: None,
            sigma_max: 4.0,
            cg_iterations: 1,
        }
    }
}

/// Pseudo-inverse guidance (ΠGDM, Song 2023): the gradient under a white covariance of `x0`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PiGdm {
    /// s in `r² = s² σ² / (s² + σ²)`, the deviation of a white prior in image units.
    pub prior_std: f64,
    /// Share of fresh noise: 0 deterministic, 1 ancestral.
    pub eta: f64,
    /// Noise levels.
    pub levels: usize,
    /// Posterior samples.
    pub samples: usize,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
    /// Iterations of conjugate gradients at each level.
    pub cg_iterations: usize,
}

impl Default for PiGdm {
    fn default() -> Self {
        Self {
            prior_std: 1.0,
            eta: 1.0,
            levels: 200,
            samples: 8,
            start_sigma: None,
            sigma_max: 4.0,
            cg_iterations: 8,
        }
    }
}

/// Null-space sampling (DDNM, Wang 2023): what the data determine is replaced in each `x0`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ddnm {
    /// Share of fresh noise in a step: 0 none, 1 all of it.
    pub eta: f64,
    /// Noise levels.
    pub levels: usize,
    /// Posterior samples.
    pub samples: usize,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
    /// Iterations of conjugate gradients at each level, where no pseudo-inverse is known.
    pub cg_iterations: usize,
}

impl Default for Ddnm {
    fn default() -> Self {
        Self {
            eta: 0.85,
            levels: 100,
            samples: 8,
            start_sigma: None,
            sigma_max: 4.0,
            cg_iterations: 1,
        }
    }
}

/// DiffPIR (Zhu 2023): a proximal step on the data between the steps of a diffusion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiffPir {
    /// λ: the proximal step takes `σ² / λ` for the variance of `x0`.
    pub lambda: f64,
    /// ζ: share of the noise's variance that is fresh: 0 none, 1 all of it.
    pub zeta: f64,
    /// Noise levels.
    pub levels: usize,
    /// Posterior samples.
    pub samples: usize,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
    /// Iterations of conjugate gradients at each level.
    pub cg_iterations: usize,
}

impl Default for DiffPir {
    fn default() -> Self {
        Self {
            lambda: 7.0,
            zeta: 0.1,
            levels: 100,
            samples: 8,
            start_sigma: None,
            sigma_max: 4.0,
            cg_iterations: 8,
        }
    }
}

/// Decoupled annealing (DAPS, Zhang 2024): at each level a draw of `x0` around the end of the
/// probability flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Daps {
    /// Steps of the probability flow at each level, an evaluation of the network each.
    pub flow_steps: usize,
    /// Noise levels.
    pub levels: usize,
    /// Posterior samples.
    pub samples: usize,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
    /// Iterations of conjugate gradients at each level.
    pub cg_iterations: usize,
}

impl Default for Daps {
    fn default() -> Self {
        Self {
            flow_steps: 5,
            levels: 50,
            samples: 8,
            start_sigma: None,
            sigma_max: 4.0,
            cg_iterations: 8,
        }
    }
}

/// Split Gibbs sampling (PnP-DM, Wu 2024): the image and a copy of it near the data, in turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PnpDm {
    /// Steps of the diffusion from the coupling down, an evaluation of the network each.
    pub diffusion_steps: usize,
    /// Couplings, from the first noise level down.
    pub levels: usize,
    /// Posterior samples.
    pub samples: usize,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first coupling of a start from noise, in image units.
    pub sigma_max: f64,
    /// Iterations of conjugate gradients at each level.
    pub cg_iterations: usize,
}

impl Default for PnpDm {
    fn default() -> Self {
        Self {
            diffusion_steps: 5,
            levels: 40,
            samples: 8,
            start_sigma: None,
            sigma_max: 4.0,
            cg_iterations: 8,
        }
    }
}

/// Annealed Langevin dynamics with the data (CSGM, Jalal 2021).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Csgm {
    /// Length of a step over σ², below 1.
    pub step: f64,
    /// Steps at each level, an evaluation of the network each.
    pub repeats: usize,
    /// Noise levels.
    pub levels: usize,
    /// Posterior samples.
    pub samples: usize,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
}

impl Default for Csgm {
    fn default() -> Self {
        Self {
            step: 0.5,
            repeats: 3,
            levels: 100,
            samples: 8,
            start_sigma: None,
            sigma_max: 4.0,
        }
    }
}

/// Regularisation by denoising diffusion (RED-diff, Mardani 2024): a likely image by descent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RedDiff {
    /// λ, the weight of the prior's term beside `Aᴴ (y - A μ)`, on CT beside filtered back-projection of it.
    pub lambda: f64,
    /// Length of a step of Adam, in image units.
    pub learning_rate: f64,
    /// Noise levels.
    pub levels: usize,
    /// Images, one a stream of noise.
    pub samples: usize,
    /// The first noise level, in image units.
    pub sigma_max: f64,
}

impl Default for RedDiff {
    fn default() -> Self {
        Self {
            lambda: 0.25,
            learning_rate: 0.1,
            levels: 200,
            samples: 1,
            sigma_max: 4.0,
        }
    }
}

/// Denoising diffusion restoration (DDRM, Kawar 2022): a diffusion in the singular vectors of the
/// measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ddrm {
    /// Share of fresh noise where the datum says less than the state.
    pub eta: f64,
    /// Weight of the datum where it says more than the state.
    pub eta_b: f64,
    /// Noise levels.
    pub levels: usize,
    /// Posterior samples.
    pub samples: usize,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
}

impl Default for Ddrm {
    fn default() -> Self {
        Self {
            eta: 0.85,
            eta_b: 1.0,
            levels: 20,
            samples: 8,
            start_sigma: None,
            sigma_max: 4.0,
        }
    }
}

/// Sequential Monte Carlo (TDS, Wu 2023): particles, exact as their number grows; for small problems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Smc {
    /// Particles a sample.
    pub particles: usize,
    /// Noise levels.
    pub levels: usize,
    /// Posterior samples, each of particles of its own.
    pub samples: usize,
    /// The first noise level, in image units.
    pub sigma_max: f64,
    /// Iterations of conjugate gradients at each level.
    pub cg_iterations: usize,
}

impl Default for Smc {
    fn default() -> Self {
        Self {
            particles: 64,
            levels: 100,
            samples: 8,
            sigma_max: 4.0,
            cg_iterations: 8,
        }
    }
}
