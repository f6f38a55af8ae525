//! `[method.*]`: the settings of the methods without a learned prior.

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

/// Least squares with total variation: `argmin ½ ‖(y − A x)/σ‖² + weight Σ ‖∇x‖/σ`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tv {
    /// What a difference of one noise deviation between neighbouring pixels costs; σ is the
    /// deviation of a real component, in the fully sampled image.
    pub weight: f64,
    /// Iterations at most.
    pub iterations: usize,
}

impl Default for Tv {
    fn default() -> Self {
        Self {
            weight: 0.5,
            iterations: 500,
        }
    }
}

/// Filtered back-projection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fbp {
    /// What the ramp filter is multiplied by.
    pub window: Window,
    /// Where the window ends, as a fraction of the Nyquist frequency of the bins.
    pub cutoff: f64,
}

impl Default for Fbp {
    fn default() -> Self {
        Self {
            window: Window::RamLak,
            cutoff: 1.0,
        }
    }
}

/// Window of the ramp filter, from the sharpest to the smoothest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Window {
    /// None: the ramp alone.
    #[serde(rename = "ramlak")]
    RamLak,
    /// `sin(x) / x`.
    SheppLogan,
    /// `cos(x)`.
    Cosine,
    /// `0.54 + 0.46 cos(2x)`.
    Hamming,
    /// `0.5 + 0.5 cos(2x)`.
    Hann,
}

/// Simultaneous iterative reconstruction: `x += relaxation C Aᵀ R (p - A x)`, with the inverse row
/// and column sums of `A` in `R` and `C`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sirt {
    /// Iterations.
    pub iterations: usize,
    /// Length of a step; converges between 0 and 2.
    pub relaxation: f64,
    /// Negative values are set to 0 after each iteration.
    pub non_negative: bool,
}

impl Default for Sirt {
    fn default() -> Self {
        Self {
            iterations: 100,
            relaxation: 1.0,
            non_negative: true,
        }
    }
}

/// Least squares of the line integrals by conjugate gradients; the iterations regularise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cgls {
    /// Iterations.
    pub iterations: usize,
}

impl Default for Cgls {
    fn default() -> Self {
        Self { iterations: 30 }
    }
}

/// Weighted least squares with total variation: `argmin nll(A x) + λ Σ ‖∇x‖`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PwlsTv {
    /// λ, in units of the negative log-likelihood over a difference of 1/mm between neighbouring
    /// pixels.
    pub lambda: f64,
    /// Iterations.
    pub iterations: usize,
    /// Values are 0 or more.
    pub non_negative: bool,
}

impl Default for PwlsTv {
    fn default() -> Self {
        Self {
            lambda: 1000.0,
            iterations: 300,
            non_negative: true,
        }
    }
}

/// Maximum likelihood of the photon counts, no prior (Nuyts 1998); the iterations regularise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mltr {
    /// Iterations.
    pub iterations: usize,
}

impl Default for Mltr {
    fn default() -> Self {
        Self { iterations: 50 }
    }
}

/// `argmin ‖y − A(v)‖² + λ ‖∇v‖²` by conjugate gradients, around the last image where A is not
/// linear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tikhonov {
    /// λ, the weight of the differences between neighbouring pixels.
    pub lambda: f64,
    /// Iterations of conjugate gradients at most.
    pub iterations: usize,
}

impl Default for Tikhonov {
    fn default() -> Self {
        Self {
            lambda: 0.01,
            iterations: 200,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_the_default() {
        assert_eq!(toml::from_str::<CgSense>("").unwrap(), CgSense::default());
        assert_eq!(toml::from_str::<Tv>("").unwrap(), Tv::default());
        assert_eq!(toml::from_str::<Fbp>("").unwrap(), Fbp::default());
        assert_eq!(toml::from_str::<Sirt>("").unwrap(), Sirt::default());
        assert_eq!(toml::from_str::<Cgls>("").unwrap(), Cgls::default());
        assert_eq!(toml::from_str::<PwlsTv>("").unwrap(), PwlsTv::default());
        assert_eq!(toml::from_str::<Mltr>("").unwrap(), Mltr::default());
    }

    #[test]
    fn windows_have_the_names_that_other_programs_give_them() {
        for (name, window) in [
            ("ramlak", Window::RamLak),
            ("shepp-logan", Window::SheppLogan),
            ("cosine", Window::Cosine),
            ("hamming", Window::Hamming),
            ("hann", Window::Hann),
        ] {
            let fbp: Fbp = toml::from_str(&format!("window = \"{name}\"")).unwrap();
            assert_eq!(fbp.window, window);
        }
    }
}
