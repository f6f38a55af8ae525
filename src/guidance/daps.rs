//! DAPS: levels that forget each other, between them a draw of `x0` given the data.

use super::conditional::{CovarianceModel, Guided};
use super::{Guidance, Step};
use crate::score::Schedule;
use operators::{Array, Result};

/// `m = ODE(x, σ → 0)`, `x0 ~ p(x0) ∝ exp(-nll(A x0) - ‖x0 - m‖² / (2 r²))` with `r = σ`, then
/// `x' = x0 + σ' z`: nothing of the state but `x0` is kept.
///
/// The draw is exact for a Gaussian likelihood (perturb-and-MAP), where the publication runs Langevin
/// steps towards the same law. Source: Zhang et al. 2024, algorithm 1.
pub struct Daps {
    /// Euler steps of the probability flow from σ down.
    pub ode_steps: usize,
    /// The level at which the flow ends.
    pub ode_sigma: f64,
    /// CG iterations at most.
    pub cg_iterations: usize,
}

impl<T: Array> Guidance<T> for Daps {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let mut z = self.flow(at)?;
        z.axpy(&[at.sigma], &at.x.normal_like(at.rng));
        let guided = Guided::plain(CovarianceModel::Sigma, self.cg_iterations);
        let c = guided.model(at);
        let drawn = guided.solve(data, &z, c, Some(&mut *at.rng))?;
        let mut x0 = drawn.shift();
        x0.axpy(&[1.0], &z);
        if at.next > 0.0 {
            x0.axpy(&[at.next], &at.x.normal_like(at.rng));
        }
        Ok(x0)
    }
}

impl Daps {
    /// Euler steps of `dx/dσ = (x - D(x, σ)) / σ` from the state to the last level, then D.
    fn flow<T: Array>(&self, at: &mut Step<'_, T>) -> Result<T> {
        let mut x = at.x.clone();
        let end = self.ode_sigma.min(at.sigma);
        for (sigma, next) in Schedule::karras(self.ode_steps, end, at.sigma, 7.0).steps() {
            let d = at.prior.denoise(&x, sigma)?;
            if sigma == at.sigma {
                at.measure(&x, &d);
            }
            x.scale(&[next / sigma]);
            x.axpy(&[1.0 - next / sigma], &d);
        }
        Ok(x)
    }
}
