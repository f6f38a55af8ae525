//! `[forward.*-blur]` and their kernels.

use super::forward::one;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Convolution with a kernel, periodic at the borders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Blur {
    /// The kernel, one table named by its kind.
    pub kernel: Kernel,
}

/// Gaussian kernels from the left border to the right one, mixed linearly in between.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NonuniformBlur {
    /// Deviations of the kernels, the first at the left border, the last at the right one.
    pub sigmas_pixels: Vec<f64>,
}

/// `s tanh(B v / s)`: a blur B, and a detector that never gives more than s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NonlinearBlur {
    /// s, in units of what the operator sees.
    pub saturation: f64,
    /// The kernel, one table named by its kind.
    pub kernel: Kernel,
}

/// A kernel that sums to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// Out of focus.
    Gaussian(GaussianKernel),
    /// Moved along a line.
    Motion(Motion),
    /// A shaken camera.
    RandomMotion(RandomMotion),
}

/// `exp(-r² / (2 σ²))`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GaussianKernel {
    /// σ.
    pub sigma_pixels: f64,
}

/// A straight motion at constant speed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Motion {
    /// Its length.
    pub length_pixels: f64,
    /// Its direction, from the columns towards the rows.
    pub angle_deg: f64,
}

/// A path at constant speed whose heading wanders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomMotion {
    /// Side of the square that holds it, odd; the path is one pixel shorter.
    pub size_pixels: usize,
    /// Deviation of the change of heading a pixel.
    pub bend_deg: f64,
    /// Seed of the path.
    #[serde(default = "one")]
    pub seed: u64,
}
