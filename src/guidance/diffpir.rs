//! DiffPIR: a proximal step on the data between the steps of a diffusion.

use super::conditional::{CovarianceModel, Guided};
use super::transition::share;
use super::{Guidance, Step};
use operators::{Array, Result};

/// `x0' = argmin nll(A p) + λ ‖p - D‖² / (2 σ²)`, then `x' = x0' + σ' (√ζ z + √(1 - ζ) ε)` with the
/// noise `ε = (x - x0') / σ` of the corrected image.
///
/// No gradient through the network. Source: Zhu et al. 2023, algorithm 1, whose `ρ = λ σ_n² / σ²`
/// weighs `‖p - D‖²` against `‖y - A p‖²`.
pub struct DiffPir {
    /// λ: the variance of `x0` given the state is `σ² / λ`.
    pub lambda: f64,
    /// ζ: share of the variance that is fresh noise: 0 is deterministic, 1 all fresh.
    pub zeta: f64,
    /// CG iterations at most.
    pub cg_iterations: usize,
}

impl<T: Array> Guidance<T> for DiffPir {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.denoise()?;
        let guided = Guided::plain(CovarianceModel::Sigma, self.cg_iterations);
        let c = guided.model(at).scaled(1.0 / self.lambda);
        let mut x0 = guided.solve(data, &d, c, None)?.shift();
        x0.axpy(&[1.0], &d);
        let mut noise = at.x.minus(&x0);
        noise.scale(&[1.0 / at.sigma]);
        Ok(share(&x0, &noise, self.zeta.sqrt(), at.next, at.rng))
    }
}
