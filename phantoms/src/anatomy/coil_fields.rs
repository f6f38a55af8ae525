//! What a scanner adds to a section: a bias field and a smooth phase.

use std::f64::consts::{FRAC_PI_2, TAU};

use ndarray::{Array2, Zip};
use num_complex::Complex32;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::ct::{CtGrid, Field};
use crate::position;
use crate::pure::Normals;

/// The largest depth of a bias field.
const DEPTH: f64 = 0.3;
/// Cells of a smooth field across the image.
const ACROSS: f64 = 5.0;
/// The side of the square on which fields are drawn, their own unit.
const SIDE: f64 = 300.0;

/// A smooth field that turns into another one from the top of a head to its bottom.
struct Slow([Field; 2]);

impl Slow {
    fn random(rng: &mut ChaCha8Rng) -> Self {
        Self(std::array::from_fn(|_| {
            Field::random(rng, SIDE / ACROSS, Normals::Pure)
        }))
    }

    /// The values at a height of -1 to 1: variance about 1.
    fn on(&self, (ny, nx): (usize, usize), height: f64) -> Array2<f32> {
        let grid = CtGrid {
            ny,
            nx,
            pixel_mm: SIDE / ny.max(nx) as f64,
        };
        let turn = 0.5 * FRAC_PI_2 * (height + 1.0);
        let mut values = self.0[0].on(&grid) * libm::cos(turn) as f32;
        values.scaled_add(libm::sin(turn) as f32, &self.0[1].on(&grid));
        values
    }
}

/// A bias field `1 + depth b / sqrt(1 + b²)` of a smooth `b`, within 1 ± 0.3.
pub(super) struct Bias {
    depth: f64,
    field: Slow,
}

impl Bias {
    pub fn random(rng: &mut ChaCha8Rng) -> Self {
        Self {
            depth: rng.random_range(0.0..DEPTH),
            field: Slow::random(rng),
        }
    }

    /// Multiplies by the field with its depth scaled.
    pub fn apply(&self, signal: &mut Array2<f32>, height: f64, strength: f64) {
        let depth = (strength * self.depth) as f32;
        if depth == 0.0 {
            return;
        }
        let field = self.field.on(signal.dim(), height);
        Zip::from(signal)
            .and(&field)
            .for_each(|s, &b| *s *= 1.0 + depth * b / (1.0 + b * b).sqrt());
    }
}

/// A constant, a polynomial of second order and a smooth field: up to about a turn across.
pub(super) struct SlowPhase {
    constant: f32,
    /// Of x, y, x², xy and y².
    polynomial: [f32; 5],
    ripple: f32,
    field: Slow,
}

impl SlowPhase {
    pub fn random(rng: &mut ChaCha8Rng) -> Self {
        let strength = rng.random_range(0.0..FRAC_PI_2);
        let mut normal = || 0.5 * strength * Normals::Pure.next(rng);
        let polynomial = std::array::from_fn(|_| normal() as f32);
        Self {
            constant: rng.random_range(0.0..TAU) as f32,
            polynomial,
            ripple: (strength * rng.random_range(0.0..0.4)) as f32,
            field: Slow::random(rng),
        }
    }

    /// `signal exp(i phase)`; 0 stays 0.
    pub fn on(&self, signal: &Array2<f32>, height: f64) -> Array2<Complex32> {
        let (ny, nx) = signal.dim();
        let field = self.field.on((ny, nx), height);
        let [x1, y1, x2, xy, y2] = self.polynomial;
        Array2::from_shape_fn((ny, nx), |(j, i)| {
            let value = signal[(j, i)];
            if value == 0.0 {
                return Complex32::ZERO;
            }
            let (x, y) = (position(i, nx) as f32, position(j, ny) as f32);
            let slow = x1 * x + y1 * y + x2 * x * x + xy * x * y + y2 * y * y;
            let angle = self.constant + slow + self.ripple * field[(j, i)];
            let (sin, cos) = libm::sincosf(angle);
            Complex32::new(value * cos, value * sin)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;
    use rand::SeedableRng;

    #[test]
    fn a_bias_field_is_smooth_near_one_and_scales() {
        for seed in 0..20 {
            let bias = Bias::random(&mut ChaCha8Rng::seed_from_u64(seed));
            let sized = |size: (usize, usize), height: f64, strength: f64| {
                let mut ones = Array2::ones(size);
                bias.apply(&mut ones, height, strength);
                ones
            };
            let on = |height: f64, strength: f64| sized((50, 61), height, strength);
            let field = on(0.2, 1.0);
            assert!(field.iter().all(|v| (0.7..1.3).contains(v)));
            // Half as far from pixel to pixel, half the step.
            let step = |field: &Array2<f32>| {
                let pairs = field.slice(s![.., 1..]).to_owned() - field.slice(s![.., ..-1]);
                pairs.iter().fold(0f32, |most, v| most.max(v.abs()))
            };
            let ratio = step(&sized((100, 122), 0.2, 1.0)) / step(&field);
            assert!((0.4..0.6).contains(&ratio), "{ratio}");
            assert_eq!(on(0.2, 0.0), Array2::ones((50, 61)));
            let (once, twice) = (on(-0.5, 1.0), on(-0.5, 2.0));
            assert!(
                once.iter()
                    .zip(&twice)
                    .all(|(a, b)| (2.0 * a - b - 1.0).abs() < 1e-5)
            );
        }
    }

    #[test]
    fn a_phase_keeps_the_magnitude_and_what_is_zero() {
        let phase = SlowPhase::random(&mut ChaCha8Rng::seed_from_u64(3));
        let signal = Array2::from_shape_fn((30, 41), |(j, i)| (i % 4 * j) as f32);
        let image = phase.on(&signal, 0.4);
        for (v, s) in image.iter().zip(&signal) {
            assert!((v.norm() - s).abs() <= 1e-5 * s);
        }
        let angles: Vec<f32> = image
            .iter()
            .filter(|v| v.norm() > 0.0)
            .map(|v| v.arg())
            .collect();
        assert!(angles.iter().any(|a| (a - angles[0]).abs() > 0.01));
    }
}
