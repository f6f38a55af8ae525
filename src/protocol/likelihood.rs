//! `[likelihood.*]`: the noise of CT data and of degraded images.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The noise of CT data or of a degraded image: one table, named by its kind.
///
/// Of CT without one it is Poisson where there are counts or photon statistics, and Gaussian elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// Photon counts.
    Poisson(Poisson),
    /// Line integrals, each with its own deviation.
    Pwls(Pwls),
    /// Line integrals, or pixels, of one deviation.
    Gaussian(Gaussian),
    /// Counts of what an object emits.
    Emission(Emission),
    /// Magnitudes of complex numbers with Gaussian noise.
    Rician(Rician),
}

impl Likelihood {
    /// The name of its table.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Poisson(_) => "poisson",
            Self::Pwls(_) => "pwls",
            Self::Gaussian(_) => "gaussian",
            Self::Emission(_) => "emission",
            Self::Rician(_) => "rician",
        }
    }
}

/// `y ~ Poisson(I0 exp(-A x) + background)`, electronic noise as a shift.
///
/// The model errs where line integrals change fast, at the edges of the skull: photons are counted
/// as if fewer, so that their variance is that of photons and model together. Zeros for both keys
/// are the photons alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Poisson {
    /// Deviation of a line integral over its slope along the detector, in bins.
    pub edge_error: f64,
    /// The least deviation of a line integral.
    pub floor: f64,
}

impl Default for Poisson {
    fn default() -> Self {
        Self {
            edge_error: 0.04,
            floor: 0.001,
        }
    }
}

/// Weighted least squares of line integrals: `1/w = 1/N + (edge_error dp/du)² + floor²`.
///
/// `N` are the photons of a ray, `dp/du` is the slope of the line integrals along the detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pwls {
    /// Deviation of a line integral over its slope along the detector, in bins.
    pub edge_error: f64,
    /// The least deviation of a line integral.
    pub floor: f64,
}

impl Default for Pwls {
    fn default() -> Self {
        Self {
            edge_error: 0.04,
            floor: 0.001,
        }
    }
}

/// The same deviation for every line integral, or pixel of a degraded image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gaussian {
    /// Deviation, in units of the data; absent (CT only): estimated from the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
}

/// `y ~ Poisson(gain z + background)` of what the operator gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Emission {
    /// Counts to expect for one unit of what the operator gives.
    pub gain: f64,
    /// Counts to expect beside them.
    #[serde(default)]
    pub background: f64,
    /// How the counts are scored.
    #[serde(default)]
    pub form: CountsForm,
}

/// How counts are scored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CountsForm {
    /// By their probability.
    #[default]
    Poisson,
    /// By a squared difference over the count that was measured: the published form of DPS (Chung 2023).
    WeightedNorm,
}

/// `y = |z + n|`, n complex.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rician {
    /// Deviation of the noise a component, in units of the data.
    pub std: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_the_default_of_its_kind() {
        for (text, expected) in [
            ("[poisson]", Likelihood::Poisson(Poisson::default())),
            ("[pwls]", Likelihood::Pwls(Pwls::default())),
            ("[gaussian]", Likelihood::Gaussian(Gaussian::default())),
        ] {
            let found: Likelihood = toml::from_str(text).unwrap();
            assert_eq!(found, expected);
            assert_eq!(format!("[{}]", found.name()), text);
        }
    }
}
