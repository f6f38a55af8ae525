//! Likelihoods: `-log p(y | z)` of the noiseless prediction `z = A(x)`. The same object draws and
//! scores.

mod counts;
mod emission;
mod gaussian;
mod poisson_norm;
mod rician;
mod shifted;
mod transmission;
mod weighted;

pub use emission::{Emission, EmissionPoisson};
pub use gaussian::Gaussian;
pub use poisson_norm::PoissonNorm;
pub use rician::RicianMagnitude;
pub use shifted::Shifted;
pub use transmission::{Scan, TransmissionPoisson};
pub use weighted::WeightedGaussian;

use crate::{Result, SliceRng, Vector};

/// A positive diagonal as a map.
pub type Surrogate<'a, T> = Box<dyn Fn(&T) -> Result<T> + 'a>;

/// A noise model that owns its measurement `y`.
pub trait Likelihood<T: Clone + 'static> {
    /// `-log p(y | z)` per item, up to a constant.
    fn nll(&self, z: &T) -> Vec<f64>;
    /// `d nll / dz`.
    fn gradient(&self, z: &T) -> Result<T>;
    /// What the measurement says of `z` beyond `z`, in the units of `z`: `y - z` of a linear
    /// measurement, the post-log data less `z` of counts; 0 where nothing was measured.
    fn residual(&self, z: &T) -> Result<T>;
    /// Minus the gradient at `z` of the norm along which published samplers step, per item: `r / ‖r‖` of the residual
    /// `r`, whatever its noise; of [`PoissonNorm`], which is published as a norm with weights, its own. 0 where the norm is.
    fn norm_descent(&self, z: &T) -> Result<T>
    where
        T: Vector,
    {
        let mut r = self.residual(z)?;
        r.scale(&inverse(r.norm()));
        Ok(r)
    }
    /// The Fisher information at `z`, times `v`: a diagonal, or a block for each complex element.
    fn precision(&self, z: &T, v: &T) -> Result<T>;
    /// The diagonal of a quadratic that stands in for the likelihood around `z`, as a map: with the
    /// gradient at `z` it gives a step that does not overshoot far from the data. The Fisher
    /// information unless the likelihood knows better.
    fn surrogate(&self, z: &T) -> Result<Surrogate<'_, T>> {
        let z = z.clone();
        Ok(Box::new(move |v| self.precision(&z, v)))
    }
    /// A draw from `N(0, Λ)` with the Fisher information Λ at `z`: the noise of the gradient, for
    /// perturb-and-MAP.
    fn gradient_noise(&self, z: &T, rng: &mut SliceRng) -> Result<T>;
    /// A measurement drawn from `p(y | z)`.
    fn simulate(&self, z: &T, rng: &mut SliceRng) -> Result<T>;
    /// Pearson's chi-square per real measurement at `z`, per item: 1 where `z` is the truth.
    fn misfit(&self, z: &T) -> Vec<f64>;
}

/// `1 / n`, 0 of 0.
fn inverse(norms: Vec<f64>) -> Vec<f64> {
    let of = |n: f64| if n > 0.0 { 1.0 / n } else { 0.0 };
    norms.into_iter().map(of).collect()
}
