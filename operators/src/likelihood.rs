//! Likelihoods: `-log p(y | z)` of the noiseless prediction `z = A(x)`. The same object draws and
//! scores.

mod gaussian;

pub use gaussian::Gaussian;

use crate::{Result, SliceRng};

/// A noise model that owns its measurement `y`.
pub trait Likelihood<T> {
    /// `-log p(y | z)` per item, up to a constant.
    fn nll(&self, z: &T) -> Vec<f64>;
    /// `d nll / dz`.
    fn gradient(&self, z: &T) -> Result<T>;
    /// The diagonal Fisher information at `z`, times `v`.
    fn precision(&self, z: &T, v: &T) -> Result<T>;
    /// A draw from `N(0, Λ)` with the Fisher information Λ at `z`: the noise of the gradient, for
    /// perturb-and-MAP.
    fn gradient_noise(&self, z: &T, rng: &mut SliceRng) -> Result<T>;
    /// A measurement drawn from `p(y | z)`.
    fn simulate(&self, z: &T, rng: &mut SliceRng) -> Result<T>;
    /// Pearson's chi-square per real measurement at `z`, per item: 1 where `z` is the truth.
    fn misfit(&self, z: &T) -> Vec<f64>;
}
