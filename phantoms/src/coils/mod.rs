//! Receive coils: their sensitivities, and how their noise hangs together.
//!
//! All sensitivities are in the unit square (z, where there is one, along the third axis of the
//! unit cube) and scaled to a largest root-sum-of-squares of 1 over the unit disc at z = 0.
//! [`TrigCoils`] leave k-space analytic; those of [`BirdcageCoils`] and [`LoopCoils`] become so by a
//! fit ([`TrigCoils::fit`]). Sines and angles are the platform's, so that the last bit may differ
//! between machines.

mod birdcage;
mod cholesky;
mod elliptic;
mod fit;
mod loops;
mod noise;
mod rings;
mod trig;

pub use birdcage::BirdcageCoils;
pub use fit::TrigFit;
pub use loops::LoopCoils;
pub use noise::NoiseCovariance;
pub use rings::CoilRings;
pub use trig::TrigCoils;

use ndarray::{Array3, Array4};
use num_complex::Complex64;

use crate::grid::position;

/// Samples across the unit disc in the search for the largest root-sum-of-squares.
const SAMPLES: usize = 201;

/// Samples of coils at the raster of [`position`]: `Complex64[coil, ny, nx]`.
fn sampled(
    coils: usize,
    (ny, nx): (usize, usize),
    sensitivity: &dyn Fn(usize, f64, f64) -> Complex64,
) -> Array3<Complex64> {
    Array3::from_shape_fn((coils, ny, nx), |(c, j, i)| {
        sensitivity(c, position(i, nx), position(j, ny))
    })
}

/// Samples of coils in the unit cube: `Complex64[coil, nz, ny, nx]`.
fn sampled_3d(
    coils: usize,
    (nz, ny, nx): (usize, usize, usize),
    sensitivity: &dyn Fn(usize, [f64; 3]) -> Complex64,
) -> Array4<Complex64> {
    Array4::from_shape_fn((coils, nz, ny, nx), |(c, k, j, i)| {
        sensitivity(c, [position(i, nx), position(j, ny), position(k, nz)])
    })
}

/// The largest root-sum-of-squares over the unit disc.
fn largest_rss(coils: usize, sensitivity: &dyn Fn(usize, f64, f64) -> Complex64) -> f64 {
    let at = |n: usize| 2.0 * n as f64 / (SAMPLES - 1) as f64 - 1.0;
    let mut largest = 0.0f64;
    for (x, y) in (0..SAMPLES * SAMPLES)
        .map(|p| (at(p % SAMPLES), at(p / SAMPLES)))
        .filter(|(x, y)| x * x + y * y <= 1.0)
    {
        let sum: f64 = (0..coils).map(|c| sensitivity(c, x, y).norm_sqr()).sum();
        largest = largest.max(sum);
    }
    largest.sqrt()
}
