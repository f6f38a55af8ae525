//! `[method.unconditional]`: how samples of the prior alone are drawn.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Samples of the prior alone: no data are used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Unconditional {
    /// How a level follows from the one above.
    pub sampler: PriorSampler,
    /// The equation of `euler-maruyama` and `reverse-diffusion`.
    pub sde: Sde,
    /// Share of fresh noise of `ddim`: 0 follows the probability flow, 1 is ancestral.
    pub eta: f64,
    /// Signal to noise of a Langevin corrector after each step of `euler-maruyama` and
    /// `reverse-diffusion`; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snr: Option<f64>,
    /// Noise that `heun` puts back over all its steps (`S_churn`); 0 follows the probability flow.
    pub churn: f64,
    /// The least and the largest noise level at which it is put back (`S_tmin`, `S_tmax`).
    pub churn_range: [f64; 2],
    /// Deviation of that noise over what the level asks for (`S_noise`).
    pub churn_noise: f64,
    /// Length of a step of `langevin` over σ².
    pub step: f64,
    /// Steps of `langevin` at each level.
    pub repeats: usize,
    /// Noise levels.
    pub levels: usize,
    /// Samples.
    pub samples: usize,
}

impl Default for Unconditional {
    fn default() -> Self {
        Self {
            sampler: PriorSampler::Ancestral,
            sde: Sde::Ve,
            eta: 0.0,
            snr: None,
            churn: 0.0,
            churn_range: [0.0, 1e3],
            churn_noise: 1.0,
            step: 0.5,
            repeats: 3,
            levels: 20,
            samples: 8,
        }
    }
}

/// How a level follows from the one above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PriorSampler {
    /// DDPM with the smaller variance, that of the reverse of one image.
    Ancestral,
    /// DDPM with the larger variance, that of the forward step.
    AncestralLarge,
    /// DDPM with the variance that the network learned.
    AncestralLearned,
    /// Denoising diffusion implicit models.
    Ddim,
    /// The reverse equation by Euler and Maruyama.
    EulerMaruyama,
    /// The reverse equation by the reverse of the forward step.
    ReverseDiffusion,
    /// Annealed Langevin dynamics.
    Langevin,
    /// Second order (EDM).
    Heun,
}

/// The equation of a diffusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sde {
    /// Variance exploding.
    Ve,
    /// Variance preserving.
    Vp,
}

impl Unconditional {
    /// Evaluations of the network in all: the last level has neither a corrector nor a second slope, Langevin's last
    /// state is denoised.
    pub(super) fn evaluations(&self) -> usize {
        let twice = (2 * self.levels).saturating_sub(1);
        match self.sampler {
            PriorSampler::EulerMaruyama | PriorSampler::ReverseDiffusion if self.snr.is_some() => {
                twice
            }
            PriorSampler::Langevin => self.levels * self.repeats + 1,
            PriorSampler::Heun => twice,
            PriorSampler::EulerMaruyama
            | PriorSampler::ReverseDiffusion
            | PriorSampler::Ancestral
            | PriorSampler::AncestralLarge
            | PriorSampler::AncestralLearned
            | PriorSampler::Ddim => self.levels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_the_default() {
        let empty: Unconditional = toml::from_str("").unwrap();
        assert_eq!(empty, Unconditional::default());
    }
}
