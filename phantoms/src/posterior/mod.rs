//! Posteriors in closed form: what a sampler should draw, known exactly.
//!
//! Small and dense, for tests and validation; nothing here is fast, all of it is short enough to
//! check by hand. An image is a vector.
//!
//! - [`Gaussian`] priors under a [`LinearMeasurement`]: mean, covariance, exact draws and evidence
//!   of the [`LinearPosterior`].
//! - [`Mixture`]s of Gaussians: the [`MixturePosterior`] with the weights of its modes; convolved
//!   with noise, [`Smoothed`], the exact denoiser of a diffusion model with its score, covariance
//!   and Jacobian. [`MixtureProblem`] is the benchmark of 25 modes.
//! - [`ScalarGaussian`], [`Gamma`]: one number, measured with Gaussian or Poisson noise.

mod benchmark;
mod covariance;
mod dense;
mod gaussian;
mod linear;
mod mixture;
mod scalar;
mod smoothed;
#[cfg(test)]
mod testing;

pub use benchmark::MixtureProblem;
pub use gaussian::Gaussian;
pub use linear::{LinearMeasurement, LinearPosterior};
pub use mixture::{Mixture, MixturePosterior};
pub use scalar::{Gamma, ScalarGaussian};
pub use smoothed::Smoothed;

use ndarray::Array1;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::PhantomError;

/// What the functions of this module return.
type Result<T> = std::result::Result<T, PhantomError>;

/// An error of this module.
fn refused(
    what: &'static str,
    expected: impl ToString,
    got: impl ToString,
    remedy: &'static str,
) -> PhantomError {
    PhantomError::Posterior {
        what,
        expected: expected.to_string(),
        got: got.to_string(),
        remedy,
    }
}

/// Independent standard normal numbers.
fn white<R: Rng>(size: usize, rng: &mut R) -> Array1<f64> {
    Array1::from_shape_simple_fn(size, || rng.sample(StandardNormal))
}

/// `ln Σ exp(v)`, and `exp(v)` over its sum.
fn log_sum(values: &[f64]) -> (f64, Vec<f64>) {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let shares: Vec<f64> = values.iter().map(|v| (v - largest).exp()).collect();
    let sum: f64 = shares.iter().sum();
    (
        largest + sum.ln(),
        shares.into_iter().map(|s| s / sum).collect(),
    )
}
