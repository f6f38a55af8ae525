//! `[acquisition.parallel]` and `[acquisition.fan]`: CT scans.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A parallel-beam scan: `s = x cos t + y sin t`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parallel {
    /// Views.
    pub views: usize,
    /// Angle of the first view, in degrees.
    #[serde(default)]
    pub first_angle_deg: f64,
    /// The arc of all views, in degrees; its end is not a view of its own.
    #[serde(default = "default::half_turn_deg")]
    pub arc_deg: f64,
    /// The way the gantry turns, with x to the right and y up.
    #[serde(default)]
    pub rotation: Rotation,
    /// Detector bins.
    pub bins: usize,
    /// Distance of two bins, in mm, at the detector.
    pub pitch_mm: f64,
    /// Shift of the detector towards +u, in mm; excludes `centre_column`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_mm: Option<f64>,
    /// The column, from 0, that the ray through the rotation axis meets; excludes `offset_mm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centre_column: Option<f64>,
    /// Photons of a ray without an object.
    pub photons: f64,
    /// Mean photons of a ray that did not come straight (scatter).
    #[serde(default)]
    pub background: f64,
    /// Deviation of the electronic noise, in photons.
    #[serde(default)]
    pub electronic_noise: f64,
    /// Slices.
    #[serde(default = "default::slices")]
    pub slices: usize,
    /// Thickness of a slice, in mm.
    #[serde(default = "default::slice_thickness_mm")]
    pub slice_thickness_mm: f64,
    /// Effective energy, in keV; absent: values are 1/mm, not HU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_kev: Option<f64>,
    /// Frames without an object.
    #[serde(default = "default::frames")]
    pub flats: usize,
    /// Frames without a beam.
    #[serde(default = "default::frames")]
    pub darks: usize,
}

/// A fan-beam scan: the source lies at `source_mm (sin t, -cos t)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fan {
    /// From the source to the rotation axis, in mm.
    pub source_mm: f64,
    /// From the source to the detector, in mm.
    pub detector_mm: f64,
    /// Shape of the detector.
    pub detector: Detector,
    /// Views.
    pub views: usize,
    /// Angle of the first view, in degrees.
    #[serde(default)]
    pub first_angle_deg: f64,
    /// The arc of all views, in degrees; its end is not a view of its own.
    #[serde(default = "default::turn_deg")]
    pub arc_deg: f64,
    /// The way the gantry turns, with x to the right and y up.
    #[serde(default)]
    pub rotation: Rotation,
    /// Detector bins.
    pub bins: usize,
    /// Distance of two bins, in mm, at the detector (of an arc: along the arc).
    pub pitch_mm: f64,
    /// Shift of the detector towards +u, in mm; excludes `centre_column`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_mm: Option<f64>,
    /// The column, from 0, that the ray through the rotation axis meets; excludes `offset_mm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centre_column: Option<f64>,
    /// Photons of a ray without an object.
    pub photons: f64,
    /// Mean photons of a ray that did not come straight (scatter).
    #[serde(default)]
    pub background: f64,
    /// Deviation of the electronic noise, in photons.
    #[serde(default)]
    pub electronic_noise: f64,
    /// Slices.
    #[serde(default = "default::slices")]
    pub slices: usize,
    /// Thickness of a slice, in mm.
    #[serde(default = "default::slice_thickness_mm")]
    pub slice_thickness_mm: f64,
    /// Effective energy, in keV; absent: values are 1/mm, not HU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_kev: Option<f64>,
    /// Frames without an object.
    #[serde(default = "default::frames")]
    pub flats: usize,
    /// Frames without a beam.
    #[serde(default = "default::frames")]
    pub darks: usize,
}

/// The way the gantry turns, with x to the right and y up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// Angles grow, from x towards y.
    #[default]
    CounterClockwise,
    /// Angles fall, from y towards x.
    Clockwise,
}

/// The shape of a fan beam's detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Detector {
    /// An arc about the source: equal bins are equal angles.
    Curved,
    /// A line across the central ray.
    Flat,
}

mod default {
    pub(super) fn half_turn_deg() -> f64 {
        180.0
    }

    pub(super) fn turn_deg() -> f64 {
        360.0
    }

    pub(super) fn slices() -> usize {
        1
    }

    pub(super) fn slice_thickness_mm() -> f64 {
        5.0
    }

    pub(super) fn frames() -> usize {
        10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str = "views = 60\nbins = 368\npitch_mm = 2.5\nphotons = 1e5\n";
    const FAN: &str = "source_mm = 595\ndetector_mm = 1085.6\ndetector = \"curved\"\n";

    #[test]
    fn defaults_are_the_documented_ones() {
        let parallel: Parallel = toml::from_str(COMMON).unwrap();
        assert_eq!((parallel.first_angle_deg, parallel.arc_deg), (0.0, 180.0));
        assert_eq!(parallel.rotation, Rotation::CounterClockwise);
        assert_eq!((parallel.offset_mm, parallel.centre_column), (None, None));
        assert_eq!((parallel.background, parallel.electronic_noise), (0.0, 0.0));
        assert_eq!((parallel.slices, parallel.slice_thickness_mm), (1, 5.0));
        assert_eq!((parallel.flats, parallel.darks), (10, 10));
        assert_eq!(parallel.energy_kev, None);
        let fan: Fan = toml::from_str(&format!("{COMMON}{FAN}")).unwrap();
        assert_eq!((fan.first_angle_deg, fan.arc_deg), (0.0, 360.0));
    }

    #[test]
    fn no_physics_is_silently_zero() {
        let whole = format!("{COMMON}{FAN}");
        for line in whole.lines() {
            let text = whole.replace(line, "");
            assert!(toml::from_str::<Fan>(&text).is_err(), "without {line}");
        }
        for line in COMMON.lines() {
            let text = COMMON.replace(line, "");
            assert!(toml::from_str::<Parallel>(&text).is_err(), "without {line}");
        }
    }

    #[test]
    fn parallel_rays_have_no_source() {
        let error = toml::from_str::<Parallel>(&format!("{COMMON}source_mm = 595\n")).unwrap_err();
        assert!(error.message().contains("unknown field"), "{error}");
    }
}
