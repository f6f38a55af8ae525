//! Decomposed diffusion sampling: a few steps of CG on the data from the denoised image.

use super::conditional::{CovarianceModel, Guided};
use super::transition::share;
use super::{Guidance, Step};
use operators::{Array, Result};

/// `x0' = argmin nll(A p) + ‖p - D‖²_{C⁻¹} / (2 γ)` by a few steps of conjugate gradients, then
/// `x' = x0' + σ' (η z + √(1 - η²) ε)` with `ε = (x - D) / σ` of the uncorrected D.
///
/// No gradient through the network. The published γ weighs `‖y - A p‖²`, whatever its noise, against
/// `‖p - D‖²`, the same at every level; here it weighs the prior's own uncertainty C, so that 1 fits any noise,
/// number of views or pixel: where the publication has γ this has `γ C / σ_y²`, which falls with the level.
/// Source: Chung, Lee and Ye 2024, algorithm 1.
pub struct Dds {
    /// γ: the variance of `x0` given the state, over C.
    pub gamma: f64,
    /// Model of C.
    pub covariance: CovarianceModel,
    /// Share of fresh noise: 0 is deterministic, 1 all fresh.
    pub eta: f64,
    /// CG iterations at most.
    pub cg_iterations: usize,
}

impl<T: Array> Guidance<T> for Dds {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.denoise()?;
        let guided = Guided::plain(self.covariance, self.cg_iterations);
        let c = guided.model(at).scaled(self.gamma);
        let mut x0 = guided.solve(data, &d, c, None)?.shift();
        x0.axpy(&[1.0], &d);
        let mut noise = at.x.minus(&d);
        noise.scale(&[1.0 / at.sigma]);
        Ok(share(&x0, &noise, self.eta, at.next, at.rng))
    }
}
