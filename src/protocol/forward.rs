//! `[forward]` and `[forward.*]`: the known operator that degraded an image.

use super::blur::{Blur, NonlinearBlur, NonuniformBlur};
use super::pair;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `y = A((value - zero) / unit) + noise`: what the operator sees of an image, and the operator, one
/// table named by its kind.
///
/// With the defaults the values are HU, and the operator sees attenuation over that of water: 0 in
/// air, 1 in water, never negative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Forward {
    /// The value that the operator sees as 0.
    pub zero: f64,
    /// What one unit of the operator is in values.
    pub unit: f64,
    /// Missing pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inpainting: Option<Inpainting>,
    /// Coarse pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub super_resolution: Option<SuperResolution>,
    /// Blur by one kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blur: Option<Blur>,
    /// Blur that differs from left to right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonuniform_blur: Option<NonuniformBlur>,
    /// Blur and a detector that saturates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonlinear_blur: Option<NonlinearBlur>,
    /// Diffraction without phases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase_retrieval: Option<PhaseRetrieval>,
    /// A network of the user's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<Script>,
}

impl Default for Forward {
    fn default() -> Self {
        Self {
            zero: -1000.0,
            unit: 1000.0,
            inpainting: None,
            super_resolution: None,
            blur: None,
            nonuniform_blur: None,
            nonlinear_blur: None,
            phase_retrieval: None,
            script: None,
        }
    }
}

/// The operator of a [`Forward`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Degradation<'a> {
    /// `inpainting`
    Inpainting(&'a Inpainting),
    /// `super-resolution`
    SuperResolution(&'a SuperResolution),
    /// `blur`
    Blur(&'a Blur),
    /// `nonuniform-blur`
    NonuniformBlur(&'a NonuniformBlur),
    /// `nonlinear-blur`
    NonlinearBlur(&'a NonlinearBlur),
    /// `phase-retrieval`
    PhaseRetrieval(&'a PhaseRetrieval),
    /// `script`
    Script(&'a Script),
}

impl Degradation<'_> {
    /// The name of its table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inpainting(_) => "inpainting",
            Self::SuperResolution(_) => "super-resolution",
            Self::Blur(_) => "blur",
            Self::NonuniformBlur(_) => "nonuniform-blur",
            Self::NonlinearBlur(_) => "nonlinear-blur",
            Self::PhaseRetrieval(_) => "phase-retrieval",
            Self::Script(_) => "script",
        }
    }
}

impl Forward {
    /// The names of the tables that an operator may have.
    pub const KINDS: [&str; 7] = [
        "inpainting",
        "super-resolution",
        "blur",
        "nonuniform-blur",
        "nonlinear-blur",
        "phase-retrieval",
        "script",
    ];

    /// The tables that are there; a protocol that passes the check has one.
    pub fn tables(&self) -> Vec<Degradation<'_>> {
        [
            self.inpainting.as_ref().map(Degradation::Inpainting),
            self.super_resolution
                .as_ref()
                .map(Degradation::SuperResolution),
            self.blur.as_ref().map(Degradation::Blur),
            self.nonuniform_blur
                .as_ref()
                .map(Degradation::NonuniformBlur),
            self.nonlinear_blur.as_ref().map(Degradation::NonlinearBlur),
            self.phase_retrieval
                .as_ref()
                .map(Degradation::PhaseRetrieval),
            self.script.as_ref().map(Degradation::Script),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether the operator is linear.
    pub fn is_linear(&self) -> bool {
        let curved = self.nonlinear_blur.is_some() || self.phase_retrieval.is_some();
        !curved && self.script.is_none()
    }

    /// Whether the values are HU: zero is air and a unit is water over it.
    pub fn is_hu(&self) -> bool {
        (self.zero, self.unit) == (-1000.0, 1000.0)
    }
}

/// Pixels that were not seen. The data say which: they are not numbers there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inpainting {
    /// Share of the pixels that `simulate` keeps, at random; excludes `box`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<f64>,
    /// Rows and columns of the hole that `simulate` makes in the middle; excludes `keep`.
    #[serde(
        default,
        rename = "box",
        deserialize_with = "pair::maybe_rows_columns",
        skip_serializing_if = "Option::is_none"
    )]
    pub hole: Option<[usize; 2]>,
    /// Seed of the pixels that are kept.
    #[serde(default = "one")]
    pub seed: u64,
}

/// Each pixel of the data is the mean over a square of pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuperResolution {
    /// Pixels of the image along a side of one of the data.
    pub factor: usize,
}

/// Magnitudes of the Fourier transform of the image among zeros.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseRetrieval {
    /// Rows of the data over rows of the image, and the same for columns.
    pub oversampling: f64,
}

/// A TorchScript network `[1, 1, rows, columns] -> [1, 1, rows of the data, columns of the data]` in f32.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Its file, by `torch.jit.save`.
    pub file: String,
    /// Columns and rows of the image; absent: those of the data.
    #[serde(
        default,
        deserialize_with = "pair::maybe_columns_rows",
        skip_serializing_if = "Option::is_none"
    )]
    pub matrix: Option<[usize; 2]>,
}

pub(super) fn one() -> u64 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_a_table_named_by_its_kind() {
        for (text, name) in [
            ("[inpainting]\nbox = [8, 9]", "inpainting"),
            ("[super-resolution]\nfactor = 4", "super-resolution"),
            (
                "[blur.kernel.motion]\nlength_pixels = 3\nangle_deg = 9",
                "blur",
            ),
            (
                "[nonuniform-blur]\nsigmas_pixels = [1, 2]",
                "nonuniform-blur",
            ),
            (
                "[nonlinear-blur]\nsaturation = 1\nkernel.gaussian.sigma_pixels = 1",
                "nonlinear-blur",
            ),
            ("[phase-retrieval]\noversampling = 2", "phase-retrieval"),
            ("[script]\nfile = \"a.pt\"\nmatrix = [8, 9]", "script"),
        ] {
            let forward: Forward = toml::from_str(text).unwrap();
            let tables = forward.tables();
            assert_eq!(tables.len(), 1, "{text}");
            assert_eq!(tables[0].name(), name);
            assert!(Forward::KINDS.contains(&name) && forward.is_hu());
        }
    }
}
