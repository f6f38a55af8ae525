//! `[nuisance.*]`: what is unknown beside the image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a blind reconstruction finds beside the image, one table named by its kind. What the rest of the
/// protocol says of it is its mean; the deviation says how far off that may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nuisance {
    /// The kernel of `[forward.blur]`.
    Kernel(UnknownKernel),
    /// The sensitivities of the coils.
    Sensitivities(UnknownSensitivities),
    /// The column of the rotation axis.
    Centre(UnknownCentre),
}

/// `k = k0 + δ`, with the kernel k0 of `[forward.blur]` and a deviation δ that sums to 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnknownKernel {
    /// Side of the square that δ lies in, around the middle of k0.
    pub size_pixels: usize,
    /// Deviation of a weight in the middle of it, falling to 0 at its border; weights of a kernel sum
    /// to 1.
    pub weight_std: f64,
}

/// `s_c = s_c0 + δ_c`, with the sensitivities s_c0 of `[sensitivities.*]` and smooth δ_c.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnknownSensitivities {
    /// Half waves along an axis that δ_c has at most, both axes together.
    pub order: usize,
    /// Deviation of δ_c over the root of the mean square of the sensitivities.
    pub relative_std: f64,
}

/// `c = c0 + δ`, with the column c0 that the axis is seen in without it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnknownCentre {
    /// Deviation of δ.
    pub std_columns: f64,
}

impl Nuisance {
    /// The name of its table.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Kernel(_) => "kernel",
            Self::Sensitivities(_) => "sensitivities",
            Self::Centre(_) => "centre",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nuisance_is_a_table_named_by_its_kind() {
        for (text, name) in [
            ("[kernel]\nsize_pixels = 9\nweight_std = 0.02", "kernel"),
            (
                "[sensitivities]\norder = 2\nrelative_std = 0.1",
                "sensitivities",
            ),
            ("[centre]\nstd_columns = 2", "centre"),
        ] {
            let nuisance: Nuisance = toml::from_str(text).unwrap();
            assert_eq!(nuisance.name(), name);
            let (shorter, _) = text.rsplit_once('\n').unwrap();
            assert!(toml::from_str::<Nuisance>(shorter).is_err(), "{shorter}");
        }
    }
}
