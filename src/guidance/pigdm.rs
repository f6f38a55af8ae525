//! Pseudo-inverse guidance: the gradient of the data under one variance of `x0`.

use super::conditional::{CovarianceModel, Guided};
use super::transition::ddim;
use super::{Guidance, Step};
use crate::score::Want;
use operators::{Array, Result};

/// `x' = DDIM_η(x, D) + r² Jᴴ Aᴴ (Σ_n + r² A Aᴴ)⁻¹ (y - A D)` with `r² = s² σ² / (s² + σ²)`: the
/// covariance of `x0` under a white prior of deviation s.
///
/// Source: Song et al. 2023 (ΠGDM), algorithm 1 and eq. 7, whose images have s = 1. Where the prior is
/// far from white few levels diverge.
pub struct PiGdm {
    /// s, in units of the prior.
    pub prior_std: f64,
    /// η of DDIM: 0 is deterministic, 1 ancestral.
    pub eta: f64,
    /// CG iterations at most.
    pub cg_iterations: usize,
}

impl<T: Array> Guidance<T> for PiGdm {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.estimate(Want::Pullback)?;
        let guided = Guided::plain(CovarianceModel::Sigma, self.cg_iterations);
        let s2 = self.prior_std * self.prior_std;
        let share = s2 / (s2 + at.sigma * at.sigma);
        let c = guided.model(at).scaled(share);
        let pressure = guided.solve(data, &d.x0, c, None)?.pressure();
        let mut next = ddim(at.x, &d.x0, at.sigma, at.next, self.eta, at.rng);
        next.axpy(&[share * at.sigma * at.sigma], &d.pull(&pressure)?);
        Ok(next)
    }
}
