//! `[preparation]` and `[sensitivities.*]`: what happens to raw data before a method sees them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From raw data to one whitened k-space per slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Preparation {
    /// Decorrelate the coils and scale to unit noise variance per real component.
    pub whiten: bool,
    /// Correct the noise scan for its receiver bandwidth.
    pub bandwidth_factor: bool,
    /// What to do with repeated lines.
    pub averages: Averages,
    /// Which repetition to take, from 0.
    pub repetition: usize,
    /// Which contrast (echo) to take, from 0.
    pub contrast: usize,
    /// Which phase (cardiac) to take, from 0.
    pub phase: usize,
    /// Which set to take, from 0.
    pub set: usize,
    /// Noise deviation per real component of the raw data, in their unit; absent: from the noise
    /// scan, or estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise_std: Option<f64>,
}

impl Default for Preparation {
    fn default() -> Self {
        Self {
            whiten: true,
            bandwidth_factor: true,
            averages: Averages::Mean,
            repetition: 0,
            contrast: 0,
            phase: 0,
            set: 0,
            noise_std: None,
        }
    }
}

/// What to do with lines that were acquired more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Averages {
    /// Their mean, with its smaller noise accounted for.
    Mean,
}

/// How coil sensitivities are found: one table, named by its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivities {
    /// ESPIRiT, from the fully sampled centre.
    Espirit(Espirit),
}

/// ESPIRiT (Uecker 2014).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Espirit {
    /// Side of the calibration region, in samples.
    pub calibration: usize,
    /// Side of the kernel, in samples.
    pub kernel: usize,
    /// Singular values below this fraction of the largest are noise.
    pub threshold: f64,
    /// Sensitivities are zero where the eigenvalue is below this.
    pub crop: f64,
}

impl Default for Espirit {
    fn default() -> Self {
        Self {
            calibration: 24,
            kernel: 6,
            threshold: 0.001,
            crop: 0.8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_the_default() {
        assert_eq!(
            toml::from_str::<Preparation>("").unwrap(),
            Preparation::default()
        );
        let espirit: Sensitivities = toml::from_str("[espirit]").unwrap();
        assert_eq!(espirit, Sensitivities::Espirit(Espirit::default()));
    }
}
