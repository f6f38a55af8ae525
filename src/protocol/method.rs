//! `[method.*]`: the settings of each method.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Zero-filled: the root of the sum of squares of the coil images.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ZeroFilled {
    /// Which lines it shows.
    pub lines: Lines,
}

/// Which lines of a scan with calibration-only lines an image shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lines {
    /// Everything that was acquired, calibration-only lines too.
    #[default]
    All,
    /// The imaging lines alone.
    Imaging,
}

/// CG-SENSE: `argmin ‖y − A x‖² + λ ‖x‖²` by conjugate gradients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CgSense {
    /// λ, the weight of `‖x‖²`.
    pub lambda: f64,
    /// Iterations of conjugate gradients at most.
    pub iterations: usize,
}

impl Default for CgSense {
    fn default() -> Self {
        Self {
            lambda: 0.01,
            iterations: 30,
        }
    }
}

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
    /// Largest magnitude of the denoised image, in its unit; absent: not clipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// The first noise level, in image units.
    pub sigma_max: f64,
    /// Iterations of conjugate gradients in a step (`weight` only).
    pub cg_iterations: usize,
}

impl Default for Dps {
    fn default() -> Self {
        Self {
            weight: None,
            zeta: None,
            steps: 200,
            samples: 8,
            clip: None,
            sigma_max: 4.0,
            cg_iterations: 8,
        }
    }
}

impl Dps {
    /// The rule that sets the step: `weight`, or `sigma` where neither it nor `zeta` is given.
    pub fn effective_weight(&self) -> Option<Weight> {
        match self.zeta {
            Some(_) => self.weight,
            None => Some(self.weight.unwrap_or(Weight::Sigma)),
        }
    }
}

/// A rule that sets the step of DPS without a number to tune.
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
    /// Draw `x0` at each level; false: take its mean, the gradient form.
    pub draw: bool,
    /// Send the correction through the transposed Jacobian of the network.
    pub pullback: bool,
    /// Model of the covariance of `x0` given the noisy image.
    pub covariance: Covariance,
    /// The pulled-back correction is at most this times the direct one.
    pub guard: f64,
    /// Start from CG-SENSE noised to this level, in image units; absent: from noise at
    /// `sigma_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_sigma: Option<f64>,
    /// The first noise level of a start from noise, in image units.
    pub sigma_max: f64,
    /// Iterations of conjugate gradients at each level.
    pub cg_iterations: usize,
}

impl Default for Bridge {
    fn default() -> Self {
        Self {
            levels: 20,
            samples: 8,
            draw: true,
            pullback: true,
            covariance: Covariance::Spectrum,
            guard: 1.5,
            start_sigma: None,
            sigma_max: 4.0,
            cg_iterations: 8,
        }
    }
}

/// Model of the covariance of `x0` given the noisy image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Covariance {
    /// The radial spectrum of the prior's error, from its model card.
    Spectrum,
    /// One number per noise level.
    White,
}

/// Samples of the prior alone: no data are used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Unconditional {
    /// Noise levels.
    pub levels: usize,
    /// Samples.
    pub samples: usize,
}

impl Default for Unconditional {
    fn default() -> Self {
        Self {
            levels: 20,
            samples: 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_the_default() {
        assert_eq!(toml::from_str::<CgSense>("").unwrap(), CgSense::default());
        assert_eq!(toml::from_str::<Dps>("").unwrap(), Dps::default());
        assert_eq!(toml::from_str::<Bridge>("").unwrap(), Bridge::default());
        assert_eq!(
            toml::from_str::<Unconditional>("").unwrap(),
            Unconditional::default()
        );
    }

    #[test]
    fn dps_weighs_by_sigma_unless_zeta_is_given() {
        let mut dps = Dps::default();
        assert_eq!(dps.effective_weight(), Some(Weight::Sigma));
        dps.zeta = Some(1.0);
        assert_eq!(dps.effective_weight(), None);
    }
}
