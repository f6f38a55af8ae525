//! The data with the second moment that the denoiser itself implies: `Cov(x0 | x) = σ² J`.

use super::{Guidance, Measurement, Step};
use crate::score::{Estimate, Want};
use operators::solve::{CgParams, conjugate_gradient};
use operators::{Array, Result, SliceRng, lanczos};

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
        let d = at.estimate(Want::Pullback)?;
        let covariance = Local::of(&d, at.sigma);
        let mut x0 = covariance.correction(data, &d.x0, self.cg_iterations, None)?;
        x0.axpy(&[1.0], &d.x0);
        Ok(at.transition.advance(at.x, &x0, at.sigma, at.next, at.rng))
    }
}

/// The bridge with `C = σ² J`: `z = D + σ J^½ ε` and
/// `x0 = z + C Aᴴ (A C Aᴴ + Σ_n)⁻¹ (y + n - A z)`, a draw from the conditional whose covariance is that
/// of the denoiser itself, then the reverse step.
///
/// A pullback an iteration of CG and a step of Lanczos, which gives `J^½ ε`: for small problems. J is
/// that of an exact denoiser, symmetric.
pub struct BridgeLocal {
    /// Steps of Lanczos.
    pub krylov: usize,
    /// CG iterations at most.
    pub cg_iterations: usize,
}

impl<T: Array> Guidance<T> for BridgeLocal {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.estimate(Want::Pullback)?;
        let epsilon = at.x.normal_like(at.rng);
        // Rounding leaves eigenvalues a little below 0.
        let root = |value: f64| value.max(0.0).sqrt();
        let drawn = lanczos(|v| d.pull(v), root, &epsilon, self.krylov)?;
        let mut z = d.x0.clone();
        z.axpy(&[at.sigma], &drawn);
        let covariance = Local::of(&d, at.sigma);
        let noise = Some(&mut *at.rng);
        let mut x0 = covariance.correction(data, &z, self.cg_iterations, noise)?;
        x0.axpy(&[1.0], &z);
        Ok(at.transition.advance(at.x, &x0, at.sigma, at.next, at.rng))
    }
}

/// `C = σ² J`.
struct Local<'a, T> {
    d: &'a Estimate<'a, T>,
    variance: f64,
}

impl<'a, T: Array> Local<'a, T> {
    fn of(d: &'a Estimate<'a, T>, sigma: f64) -> Self {
        Local {
            d,
            variance: sigma * sigma,
        }
    }

    /// `C Aᴴ (A C Aᴴ + Σ_n)⁻¹ (y [+ n] - A z)`, to first order around `z`.
    fn correction(
        &self,
        data: &Measurement<'_, T>,
        z: &T,
        cg_iterations: usize,
        noise: Option<&mut SliceRng>,
    ) -> Result<T> {
        let (prediction, a) = data.operator.linearize(z)?;
        let pull = |v: &T| Ok(self.d.pull(&a.adjoint(v)?)?.scaled(self.variance));
        // With u = Λ w, (Σ_n + A C Aᴴ) u = r is (Λ + Λ A C Aᴴ Λ) w = Λ r: symmetric, and Λ may be 0.
        let precision = |v: &T| data.likelihood.precision(&prediction, v);
        let h = |w: &T| {
            let u = precision(w)?;
            let mut out = precision(&a.forward(&pull(&u)?)?)?;
            out.axpy(&[1.0], &u);
            Ok(out)
        };
        let mut b = data.likelihood.gradient(&prediction)?.scaled(-1.0);
        if let Some(rng) = noise {
            b.axpy(&[1.0], &data.likelihood.gradient_noise(&prediction, rng)?);
        }
        let params = CgParams {
            iterations: cg_iterations,
            tolerance: 1e-8,
        };
        let (w, _) = conjugate_gradient(h, &b, params)?;
        pull(&precision(&w)?)
    }
}
