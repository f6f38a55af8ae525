//! `[method.*]`: the settings of the methods that draw samples with a learned prior.

use super::by_rule::ByRule;
use super::pair;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Diffusion posterior sampling (Chung 2023): each step follows the gradient of the misfit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dps {
    /// The step by rule; excludes `zeta`. With neither it is `sigma`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Weight>,
    /// The step of the publication, `ζ / ‖y − A x0‖`; excludes `weight`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zeta: Option<f64>,
    /// Noise levels.
    pub steps: usize,
    /// Posterior samples.
    pub samples: usize,
    /// With `zeta`: largest magnitude of a real component of the denoised image, in its unit; absent: not clipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
    /// The pulled-back correction is at most this times the direct one (`weight` only), or `"rule"`.
    pub guard: ByRule,
    /// Iterations of conjugate gradients in a step (`weight` only).
    pub cg_iterations: usize,
    /// How a level follows from the one above (`weight` only).
    pub solver: Solver,
}

impl Default for Dps {
    fn default() -> Self {
        Self {
            weight: None,
            zeta: None,
            steps: 200,
            samples: 8,
            clip: None,
            start_sigma: None,
            sigma_max: 4.0,
            guard: ByRule::Given(1.5),
            cg_iterations: 8,
            solver: Solver::Ancestral,
        }
    }
}

/// How a method with a gradient goes from a noise level to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Solver {
    /// The reverse step of the diffusion, with fresh noise.
    Ancestral,
    /// The probability flow to second order: fewer levels, two gradients each.
    Heun,
}

impl Solver {
    /// Evaluations of the network: Heun's second one has nothing to correct at the last level.
    pub(super) fn evaluations(self, levels: usize) -> usize {
        match self {
            Solver::Ancestral => levels,
            Solver::Heun => (2 * levels).saturating_sub(1),
        }
    }
}

impl Dps {
    /// The rule that sets the step: `weight`, or `sigma` where neither it nor `zeta` is given.
    pub fn effective_weight(&self) -> Option<Weight> {
        effective_weight(self.weight, self.zeta)
    }

    /// Evaluations of the network in all.
    pub(super) fn evaluations(&self) -> usize {
        match self.zeta {
            None => self.solver.evaluations(self.steps),
            Some(_) => self.steps,
        }
    }
}

fn effective_weight(weight: Option<Weight>, zeta: Option<f64>) -> Option<Weight> {
    match zeta {
        Some(_) => weight,
        None => Some(weight.unwrap_or(Weight::Sigma)),
    }
}

/// A rule that sets the step of DPS and of MCG without a number to tune.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// By the noise of the data and the covariance of the denoised image.
    Sigma,
}

/// The bridge: `x0` is drawn from its posterior at each noise level, then noised to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Bridge {
    /// Noise levels.
    pub levels: usize,
    /// Posterior samples.
    pub samples: usize,
    /// How `x0` is drawn from its posterior at each level.
    pub draw: Draw,
    /// Send the correction through the transposed Jacobian of the network.
    pub pullback: bool,
    /// Model of the covariance of `x0` given the noisy image.
    pub covariance: Covariance,
    /// The pulled-back correction is at most this times the direct one, or `"rule"`: the inverse of the share of the
    /// way to `x0` that a level goes, 1.5 at least.
    pub guard: ByRule,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
    /// Iterations of conjugate gradients at each level.
    pub cg_iterations: usize,
    /// Rounds of Gauss and Newton at each level: 1 is exact for Gaussian noise and a linear
    /// operator; 3 for few photons (with 200 iterations) or a nonlinear operator.
    pub rounds: usize,
}

impl Default for Bridge {
    fn default() -> Self {
        Self {
            levels: 20,
            samples: 8,
            draw: Draw::Model,
            pullback: true,
            covariance: Covariance::Spectrum,
            guard: ByRule::Given(1.5),
            start_sigma: None,
            sigma_max: 4.0,
            cg_iterations: 12,
            rounds: 1,
        }
    }
}

/// How the bridge draws `x0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Draw {
    /// Not at all: its mean, the gradient form.
    Mean,
    /// With the covariance model.
    Model,
    /// With the covariance `σ² JᴴJ` of the network's Jacobian J, which is local.
    Network,
}

/// Model of the covariance of `x0` given the noisy image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Covariance {
    /// The radial spectrum of the prior's error, from its model card.
    Spectrum,
    /// One number per noise level.
    White,
    /// The noise level itself, an upper bound.
    Sigma,
    /// What the network itself learned of the variance of every pixel (`bridge` only): of guided diffusion's with
    /// `learn_sigma`.
    Learned,
    /// The Jacobian of the network, `σ² J`: local and exact, a gradient of the network for every
    /// iteration (`bridge` only).
    Jacobian,
}

/// Manifold-constrained gradient (Chung 2022): the step of DPS, then one back to the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mcg {
    /// The step by rule; excludes `zeta`. With neither it is `sigma`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Weight>,
    /// The step of the publication, to be tuned by hand; excludes `weight`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zeta: Option<f64>,
    /// How the state goes back to the data (`zeta` only); absent: `back-projection`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<McgForm>,
    /// Relaxation of the step back to the data, at the first level and at the last (`zeta` only); of a
    /// projection the first, at every level.
    #[serde(deserialize_with = "pair::first_last")]
    pub lambda: [f64; 2],
    /// Signal to noise of the corrector's Langevin step (`back-projection` only).
    pub snr: f64,
    /// Noise levels.
    pub steps: usize,
    /// Posterior samples.
    pub samples: usize,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
    /// The pulled-back correction is at most this times the direct one (`weight` only), or `"rule"`.
    pub guard: ByRule,
    /// Iterations of conjugate gradients in a step (not of `back-projection`).
    pub cg_iterations: usize,
    /// How a level follows from the one above (`weight` only).
    pub solver: Solver,
}

impl Default for Mcg {
    fn default() -> Self {
        Self {
            weight: None,
            zeta: None,
            form: None,
            lambda: [1.0, 0.6],
            snr: 0.16,
            steps: 60,
            samples: 8,
            start_sigma: None,
            sigma_max: 4.0,
            guard: ByRule::Given(1.5),
            cg_iterations: 8,
            solver: Solver::Ancestral,
        }
    }
}

/// The two published forms of MCG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum McgForm {
    /// For CT: back-projection of the misfit, the gradient kept to what was not measured.
    BackProjection,
    /// For inpainting: the gradient, then the projection onto data of the level's noise.
    Projection,
}

impl Mcg {
    /// The rule that sets the step: `weight`, or `sigma` where neither it nor `zeta` is given.
    pub fn effective_weight(&self) -> Option<Weight> {
        effective_weight(self.weight, self.zeta)
    }

    /// Evaluations of the network in all: the form for CT has a corrector, but for the last level.
    pub(super) fn evaluations(&self) -> usize {
        match (self.zeta, self.form) {
            (None, _) => self.solver.evaluations(self.steps),
            (Some(_), Some(McgForm::Projection)) => self.steps,
            (Some(_), _) => (2 * self.steps).saturating_sub(1),
        }
    }
}

/// Decomposed diffusion sampling (Chung 2024): conjugate gradients between the steps of DDIM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dds {
    /// Noise levels.
    pub levels: usize,
    /// Posterior samples.
    pub samples: usize,
    /// Share of fresh noise in a step: 0 none, 1 all of it.
    pub eta: f64,
    /// γ in `(1 + γ C Aᵀ W A) x0 = D + γ C Aᵀ W y`.
    pub gamma: f64,
    /// Model of C, the covariance of `x0` given the noisy image.
    pub covariance: Covariance,
    /// Iterations of conjugate gradients at each level.
    pub cg_iterations: usize,
    /// What neighbouring slices differ by, in image units: total variation from slice to slice holds
    /// them together, all in memory; absent: every slice by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub z_step: Option<f64>,
    /// Start from the classical reconstruction noised to this level, in image units, or `"rule"`; absent, or
    /// where the rule finds more: from noise at `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<ByRule>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
}

impl Default for Dds {
    fn default() -> Self {
        Self {
            levels: 50,
            samples: 8,
            eta: 0.85,
            gamma: 1.0,
            covariance: Covariance::Spectrum,
            cg_iterations: 5,
            z_step: None,
            start_sigma: None,
            sigma_max: 4.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_the_default() {
        assert_eq!(toml::from_str::<Dps>("").unwrap(), Dps::default());
        assert_eq!(toml::from_str::<Bridge>("").unwrap(), Bridge::default());
        assert_eq!(toml::from_str::<Mcg>("").unwrap(), Mcg::default());
        assert_eq!(toml::from_str::<Dds>("").unwrap(), Dds::default());
    }

    #[test]
    fn the_step_is_set_by_sigma_unless_zeta_is_given() {
        let mut dps = Dps::default();
        assert_eq!(dps.effective_weight(), Some(Weight::Sigma));
        dps.zeta = Some(1.0);
        assert_eq!(dps.effective_weight(), None);
        let mut mcg = Mcg::default();
        assert_eq!(mcg.effective_weight(), Some(Weight::Sigma));
        mcg.zeta = Some(0.1);
        assert_eq!(mcg.effective_weight(), None);
    }
}
