//! `[acquisition.*]`: how the data were, or are to be, acquired.

use super::pair;
use super::projections::Projections;
use super::tomography::{Fan, Parallel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An acquisition: one table, named by its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Acquisition {
    /// Lines of k-space on a Cartesian grid.
    Cartesian(Cartesian),
    /// Parallel-beam CT.
    Parallel(Parallel),
    /// Fan-beam CT.
    Fan(Fan),
}

impl Acquisition {
    /// The name of its table.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cartesian(_) => "cartesian",
            Self::Parallel(_) => "parallel",
            Self::Fan(_) => "fan",
        }
    }

    /// The Cartesian MRI scan, if it is one.
    pub fn cartesian(&self) -> Option<&Cartesian> {
        match self {
            Self::Cartesian(table) => Some(table),
            Self::Parallel(_) | Self::Fan(_) => None,
        }
    }

    /// The CT scan, if it is one.
    pub fn projections(&self) -> Option<Projections> {
        match self {
            Self::Cartesian(_) => None,
            Self::Parallel(table) => Some(table.into()),
            Self::Fan(table) => Some(table.into()),
        }
    }
}

/// Cartesian MRI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cartesian {
    /// Pixels along readout and phase encoding.
    #[serde(deserialize_with = "pair::readout_phase")]
    pub matrix: [usize; 2],
    /// Field of view along readout and phase encoding, in mm.
    #[serde(deserialize_with = "pair::readout_phase")]
    pub fov_mm: [f64; 2],
    /// Slices.
    #[serde(default = "default::slices")]
    pub slices: usize,
    /// Thickness of a slice, in mm.
    #[serde(default = "default::slice_thickness_mm")]
    pub slice_thickness_mm: f64,
    /// Receive coils.
    pub coils: usize,
    /// Whose sensitivities a simulated scan has; a reconstruction estimates them.
    #[serde(default)]
    pub coil_maps: CoilMaps,
    /// Samples of the full grid over samples taken, calibration included.
    pub acceleration: f64,
    /// Fully sampled lines at the centre (`poisson`: the side of a square).
    pub calibration_lines: usize,
    /// Which samples are taken.
    pub pattern: Pattern,
    /// White matter over the noise deviation, in the fully sampled image.
    pub snr: f64,
    /// Readout samples over readout pixels.
    #[serde(default = "default::readout_oversampling")]
    pub readout_oversampling: usize,
    /// Contrast of the simulated image.
    #[serde(default = "default::contrast")]
    pub contrast: Contrast,
    /// Correlation of the noise between neighbouring coils.
    #[serde(default = "default::noise_correlation")]
    pub noise_correlation: f64,
}

/// Which samples of k-space are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pattern {
    /// Phase-encoding lines drawn at random.
    Random,
    /// Every n-th phase-encoding line.
    Equispaced,
    /// Single points of both axes, Poisson-disc.
    Poisson,
    /// Everything.
    Full,
}

/// The coils of a simulated scan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CoilMaps {
    /// Trigonometric polynomials (Guerquin-Kern), at most eight.
    #[default]
    Polynomial,
    /// A birdcage around the field of view; the object must lie within its circle.
    Birdcage,
    /// Loops by the law of Biot and Savart; the object must lie within the circle of the field of view.
    Loops,
}

/// Contrast of a simulated image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Contrast {
    /// T1-weighted.
    T1,
    /// T2-weighted.
    T2,
    /// Proton density.
    Pd,
    /// T2-weighted, without fluid.
    Flair,
    /// Inversion recovery, its magnitude: strongly T1-weighted.
    Ir,
    /// Balanced steady state, T2 over T1.
    Ssfp,
}

mod default {
    use super::Contrast;

    pub(super) fn slices() -> usize {
        1
    }

    pub(super) fn slice_thickness_mm() -> f64 {
        5.0
    }

    pub(super) fn readout_oversampling() -> usize {
        2
    }

    pub(super) fn contrast() -> Contrast {
        Contrast::T1
    }

    pub(super) fn noise_correlation() -> f64 {
        0.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: &str = "matrix = [192, 160]\nfov_mm = [220, 200.5]\ncoils = 8\n\
        acceleration = 4\ncalibration_lines = 24\npattern = \"random\"\nsnr = 30\n";

    #[test]
    fn defaults_are_the_documented_ones() {
        let cartesian: Cartesian = toml::from_str(REQUIRED).unwrap();
        assert_eq!(cartesian.slices, 1);
        assert_eq!(cartesian.slice_thickness_mm, 5.0);
        assert_eq!(cartesian.readout_oversampling, 2);
        assert_eq!(cartesian.contrast, Contrast::T1);
        assert_eq!(cartesian.noise_correlation, 0.1);
        assert_eq!(cartesian.coil_maps, CoilMaps::Polynomial);
        assert_eq!(cartesian.fov_mm, [220.0, 200.5]);
    }

    #[test]
    fn no_physics_is_silently_zero() {
        for line in REQUIRED.lines() {
            let text = REQUIRED.replace(line, "");
            assert!(
                toml::from_str::<Cartesian>(&text).is_err(),
                "without {line}"
            );
        }
    }

    #[test]
    fn a_third_value_is_refused() {
        for matrix in ["[192]", "[192, 160, 3]"] {
            let text = REQUIRED.replace("[192, 160]", matrix);
            let error = toml::from_str::<Cartesian>(&text).unwrap_err();
            assert!(error.message().contains("two values"), "{error}");
        }
    }
}
