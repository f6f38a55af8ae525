//! PnP-DM: Gibbs sampling that splits the image from a copy of it near the data.

use super::conditional::{CovarianceModel, Guided};
use super::{Guidance, Step};
use crate::score::Schedule;
use operators::{Array, Result};

/// At coupling ρ, the level of the state: `z ~ exp(-nll(A z) - ‖z - x‖² / (2 ρ²))`, then
/// `x ~ p(x) exp(-‖x - z‖² / (2 ρ²))` by running the diffusion from z, which is x with noise of
/// deviation ρ, down to 0.
///
/// Its stationary law is the posterior whose data have `ρ²` more noise; it is the posterior as ρ goes
/// to 0. The draw of z is exact for a Gaussian likelihood. Source: Wu et al. 2024, algorithm 1.
pub struct PnpDm {
    /// Levels of the diffusion from ρ down.
    pub levels: usize,
    /// Its last level.
    pub sigma_min: f64,
    /// CG iterations at most.
    pub cg_iterations: usize,
}

impl<T: Array> Guidance<T> for PnpDm {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let mut centre = at.x.clone();
        centre.axpy(&[at.sigma], &at.x.normal_like(at.rng));
        let guided = Guided::plain(CovarianceModel::Sigma, self.cg_iterations);
        let c = guided.model(at);
        let drawn = guided.solve(data, &centre, c, Some(&mut *at.rng))?;
        let mut x = drawn.shift();
        x.axpy(&[1.0], &centre);
        let least = self.sigma_min.min(at.sigma);
        for (sigma, next) in Schedule::karras(self.levels, least, at.sigma, 7.0).steps() {
            let d = at.prior.denoise(&x, sigma)?;
            if sigma == at.sigma {
                at.measure(&x, &d);
            }
            x = at.transition.advance(&x, &d, sigma, next, at.rng);
        }
        Ok(x)
    }
}
