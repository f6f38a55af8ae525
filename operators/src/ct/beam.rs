//! Beam, detector and angles: the parts of a scan.

use super::require;
use crate::Result;

/// How the rays of one view lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beam {
    /// Parallel rays.
    Parallel,
    /// Rays from one source point.
    Fan {
        /// From the source to the rotation axis.
        source_mm: f64,
        /// From the source to the detector.
        detector_mm: f64,
        /// Shape of the detector.
        shape: Shape,
    },
}

/// The shape of a fan beam's detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A line across the central ray.
    Flat,
    /// An arc about the source: equal bins are equal angles, the pitch is a length of arc.
    Curved,
}

/// A row of detector bins; bin k lies at `u_k = (k - (bins - 1) / 2) pitch + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detector {
    /// Number of bins.
    pub bins: usize,
    /// Distance of two bins, at the detector.
    pub pitch_mm: f64,
    /// Shift of the detector towards +u; a quarter-bin shift is `pitch_mm / 4`.
    pub offset_mm: f64,
}

impl Detector {
    /// A detector whose middle is the central ray.
    pub fn new(bins: usize, pitch_mm: f64) -> Self {
        Detector {
            bins,
            pitch_mm,
            offset_mm: 0.0,
        }
    }

    /// The same detector, moved towards +u.
    pub fn shifted(self, offset_mm: f64) -> Self {
        Detector { offset_mm, ..self }
    }

    /// `u` of a bin; fractions lie between the bins.
    pub fn position_mm(&self, bin: f64) -> f64 {
        (bin - (self.bins as f64 - 1.0) / 2.0) * self.pitch_mm + self.offset_mm
    }

    pub(super) fn check(&self) -> Result<()> {
        require(
            (1..=1 << 20).contains(&self.bins),
            "detector bins",
            "1 to 1048576",
            || self.bins.to_string(),
        )?;
        require(
            self.pitch_mm.is_finite() && self.pitch_mm > 0.0,
            "pitch_mm",
            "a positive number",
            || self.pitch_mm.to_string(),
        )?;
        require(
            self.offset_mm.is_finite(),
            "offset_mm",
            "a finite number",
            || self.offset_mm.to_string(),
        )
    }

    /// The bin at `u`, as a fraction: the inverse of [`Detector::position_mm`].
    pub fn bin(&self, u_mm: f64) -> f64 {
        (u_mm - self.offset_mm) / self.pitch_mm + (self.bins as f64 - 1.0) / 2.0
    }
}

/// The way the gantry turns, with x to the right and y up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Angles grow.
    CounterClockwise,
    /// Angles fall.
    Clockwise,
}

/// `views` equal steps over `arc_rad` from `start_rad`; the end of the arc is not repeated.
pub fn equal_angles_rad(
    views: usize,
    start_rad: f64,
    arc_rad: f64,
    rotation: Rotation,
) -> Vec<f64> {
    let sign = match rotation {
        Rotation::CounterClockwise => 1.0,
        Rotation::Clockwise => -1.0,
    };
    let step = sign * arc_rad / views.max(1) as f64;
    (0..views).map(|v| start_rad + step * v as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn a_clockwise_turn_has_falling_angles() {
        let angles = equal_angles_rad(4, 0.5, TAU, Rotation::Clockwise);
        assert_eq!(
            angles,
            [0.5, 0.5 - TAU / 4.0, 0.5 - TAU / 2.0, 0.5 - 3.0 * TAU / 4.0]
        );
    }
}
