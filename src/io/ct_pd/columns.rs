//! Which way the columns run, from rays that are measured from both sides.
//!
//! The ray at the fan angle `γ` of the view at `t` is also the ray at `-γ` of the view at `t + π - 2γ`. With the columns
//! the wrong way round it would be the one at `t + π + 2γ` instead. The attenuation says which.

use std::f64::consts::{PI, TAU};

use ndarray::Array2;

use crate::io::projections::{Beam, DetectorShape, ProjectionHeader};

/// Views and bins that are compared, at most.
const SAMPLES: usize = 48;
/// Fewer views lie too far apart to be interpolated between.
const MIN_VIEWS: usize = 90;
/// The other order must explain the data this much better before it is believed.
const CLEARLY: f64 = 0.7;

/// A fan as the comparison needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fan {
    centre: f64,
    pitch_mm: f64,
    source_to_detector_mm: f64,
    shape: DetectorShape,
}

impl Fan {
    /// From a header that has it all.
    pub fn of(header: &ProjectionHeader) -> Option<Self> {
        let Some(Beam::Fan {
            detector_mm, shape, ..
        }) = header.beam
        else {
            return None;
        };
        Some(Self {
            centre: header.centre_column?,
            pitch_mm: header.pitch_mm?,
            source_to_detector_mm: detector_mm,
            shape,
        })
    }

    fn angle(&self, bin: f64) -> f64 {
        let s = (bin - self.centre) * self.pitch_mm / self.source_to_detector_mm;
        match self.shape {
            DetectorShape::Flat => s.atan(),
            DetectorShape::Curved => s,
        }
    }
}

/// Whether opposite rays agree clearly better with the bins the other way round.
pub(super) fn reversed(lines: &Array2<f32>, angles_rad: &[f64], fan: &Fan) -> bool {
    let (n, bins) = lines.dim();
    let Some(step) = even_step(angles_rad) else {
        return false;
    };
    let covers_a_turn = step.abs() * n as f64 > TAU - 1.5 * step.abs();
    if n < MIN_VIEWS || !covers_a_turn {
        return false;
    }
    let (mut as_is, mut other) = (0.0, 0.0);
    for view in (0..n).step_by(n.div_ceil(SAMPLES)) {
        for bin in (0..bins).step_by(bins.div_ceil(SAMPLES)) {
            // The same distance on the other side of the centre: -γ on either shape.
            let opposite_bin = 2.0 * fan.centre - bin as f64;
            let gamma = fan.angle(bin as f64);
            let at = |turn: f64| (angles_rad[view] + turn - angles_rad[0]) / step;
            let here = f64::from(lines[[view, bin]]);
            let seen = |turn: f64| interpolated(lines, at(turn), opposite_bin);
            if let (Some(a), Some(b)) = (seen(PI - 2.0 * gamma), seen(PI + 2.0 * gamma)) {
                as_is += (a - here) * (a - here);
                other += (b - here) * (b - here);
            }
        }
    }
    other < CLEARLY * as_is
}

/// The step of evenly spaced angles.
fn even_step(angles_rad: &[f64]) -> Option<f64> {
    let n = angles_rad.len();
    if n < 2 {
        return None;
    }
    let step = (angles_rad[n - 1] - angles_rad[0]) / (n - 1) as f64;
    let even = |pair: &[f64]| (pair[1] - pair[0] - step).abs() < 0.1 * step.abs();
    (step != 0.0 && angles_rad.windows(2).all(even)).then_some(step)
}

/// Between views (of a whole turn) and bins; nothing beyond the detector.
fn interpolated(lines: &Array2<f32>, view: f64, bin: f64) -> Option<f64> {
    let (n, bins) = lines.dim();
    let last = (bins - 1) as f64;
    if !(0.0..=last).contains(&bin) {
        return None;
    }
    let view = view.rem_euclid(n as f64);
    let (v, b) = (view.floor(), bin.floor());
    let (dv, db) = (view - v, bin - b);
    let at = |v: f64, b: f64| f64::from(lines[[v as usize % n, (b as usize).min(bins - 1)]]);
    let low = at(v, b) * (1.0 - db) + at(v, b + 1.0) * db;
    let high = at(v + 1.0, b) * (1.0 - db) + at(v + 1.0, b + 1.0) * db;
    Some(low * (1.0 - dv) + high * dv)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Line integrals of an off-centre disc of radius 30 mm and attenuation 0.02 per mm.
    pub fn disc(angles_rad: &[f64], bins: usize, fan: &Fan, source_mm: f64) -> Array2<f32> {
        let (x, y, radius, mu) = (35.0, -20.0, 30.0, 0.02);
        Array2::from_shape_fn([angles_rad.len(), bins], |(v, b)| {
            let gamma = fan.angle(b as f64);
            let theta = angles_rad[v] - gamma;
            let s = source_mm * gamma.sin();
            let d: f64 = s - (x * theta.cos() + y * theta.sin());
            (2.0 * mu * (radius * radius - d * d).max(0.0).sqrt()) as f32
        })
    }

    pub const FAN: Fan = Fan {
        centre: 62.25,
        pitch_mm: 2.0,
        source_to_detector_mm: 900.0,
        shape: DetectorShape::Curved,
    };

    #[test]
    fn opposite_rays_tell_the_order_of_the_columns() {
        for shape in [DetectorShape::Curved, DetectorShape::Flat] {
            for direction in [1.0, -1.0] {
                let fan = Fan { shape, ..FAN };
                let angle = |i: usize| 0.3 + direction * TAU * i as f64 / 180.0;
                let angles: Vec<f64> = (0..180).map(angle).collect();
                let lines = disc(&angles, 128, &fan, 500.0);
                assert!(!reversed(&lines, &angles, &fan));
                let mut flipped = lines.clone();
                flipped.invert_axis(ndarray::Axis(1));
                let centre = 127.0 - fan.centre;
                assert!(reversed(&flipped, &angles, &Fan { centre, ..fan }));
                // Half a turn, or nothing to see, decides nothing.
                let half = flipped.slice(ndarray::s![..90, ..]).to_owned();
                assert!(!reversed(&half, &angles[..90], &Fan { centre, ..fan }));
                assert!(!reversed(&Array2::zeros([180, 128]), &angles, &fan));
            }
        }
    }
}
