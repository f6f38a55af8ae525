//! The gradient of the data with the second moment that the denoiser itself implies.

use super::{Guidance, Step};
use crate::score::Want;
use operators::solve::{CgParams, conjugate_gradient};
use operators::{Array, Result};

/// `x0' = D + σ² Jᴴ Aᴴ (Σ_n + A σ² Jᴴ Aᴴ)⁻¹ (y - A D)`, then the reverse step with `x0'`:
/// `Cov(x0 | x) = σ² J` is exact (Tweedie's formula of second order), so that a Gaussian conditional
/// is met without any model of it.
///
/// One pullback of the network an iteration of CG: for small problems, and as a reference.
/// Source: Boys et al. 2024, eq. 9.
pub struct MomentProjection {
    /// CG iterations at most.
    pub cg_iterations: usize,
}

impl<T: Array> Guidance<T> for MomentProjection {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.prior.estimate(at.x, at.sigma, Want::Pullback)?;
        let (z, a) = data.operator.linearize(&d.x0)?;
        let variance = at.sigma * at.sigma;
        let pull = |v: &T| Ok(d.pull(&a.adjoint(v)?)?.scaled(variance));
        // With u = Λ w, (Σ_n + A C Aᴴ) u = r is (Λ + Λ A C Aᴴ Λ) w = Λ r: symmetric, and Λ may be 0.
        let precision = |v: &T| data.likelihood.precision(&z, v);
        let h = |w: &T| {
            let u = precision(w)?;
            let mut out = precision(&a.forward(&pull(&u)?)?)?;
            out.axpy(&[1.0], &u);
            Ok(out)
        };
        let b = data.likelihood.gradient(&z)?.scaled(-1.0);
        let params = CgParams {
            iterations: self.cg_iterations,
            tolerance: 1e-8,
        };
        let (w, _) = conjugate_gradient(h, &b, params)?;
        let mut x0 = pull(&precision(&w)?)?;
        x0.axpy(&[1.0], &d.x0);
        Ok(at.transition.advance(at.x, &x0, at.sigma, at.next, at.rng))
    }
}
