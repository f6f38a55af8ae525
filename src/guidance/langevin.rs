//! Annealed Langevin dynamics with the data beside the prior.

use super::{Guidance, Step};
use operators::likelihood::Likelihood;
use operators::solve::{CgParams, conjugate_gradient};
use operators::{Array, Result};

/// `x ← x + α (s(x, σ) + Aᴴ (y - A x) / (σ_y² + σ²)) + √(2 α) z`, several times a level, with the score
/// `s = (D - x) / σ²` and `α = step σ²`.
///
/// Without data it is the prior's own (Song and Ermon 2019, algorithm 1). Source: Jalal et al. 2021, eq. 6, of which its published code scales the data to the length of the
/// score instead. `σ_y²` is per measurement: `Λ (1 + σ² Λ)⁻¹` of the Fisher information Λ.
pub struct AnnealedLangevin {
    /// α over σ²; 1.15 is the published `5e-5 / 0.0066²`.
    pub step: f64,
    /// Steps a level.
    pub repeats: usize,
}

impl<T: Array> Guidance<T> for AnnealedLangevin {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let (alpha, variance) = (self.step * at.sigma.powi(2), at.sigma.powi(2));
        let mut x = at.x.clone();
        for _ in 0..self.repeats {
            let d = at.prior.denoise(&x, at.sigma)?;
            at.measure(&x, &d);
            let pull = match at.data {
                Some(data) => {
                    let (z, j) = data.operator.linearize(&x)?;
                    Some(j.adjoint(&annealed(data.likelihood, &z, variance)?)?)
                }
                None => None,
            };
            let fresh = x.normal_like(at.rng);
            let drift = d.minus(&x);
            x.axpy(&[self.step], &drift);
            if let Some(pull) = pull {
                x.axpy(&[-alpha], &pull);
            }
            x.axpy(&[(2.0 * alpha).sqrt()], &fresh);
        }
        if at.next == 0.0 {
            // What noise of the last level is left is taken away.
            return at.prior.denoise(&x, at.sigma);
        }
        Ok(x)
    }
}

/// `(1 + v Λ)⁻¹ d nll / dz`: the gradient of data with `v` more variance.
fn annealed<T: Array>(likelihood: &dyn Likelihood<T>, z: &T, variance: f64) -> Result<T> {
    let h = |u: &T| {
        let mut out = likelihood.precision(z, u)?.scaled(variance);
        out.axpy(&[1.0], u);
        Ok(out)
    };
    // Λ is diagonal: of a few different values it takes a few iterations.
    let params = CgParams {
        iterations: 20,
        tolerance: 1e-6,
    };
    Ok(conjugate_gradient(h, &likelihood.gradient(z)?, params)?.0)
}
