//! Manifold constrained gradients: the gradient moves what was not measured, a projection the rest.

use super::conditional::Guided;
use super::dps::DpsZeta;
use super::flow::{Pulling, ancestral};
use super::prior::{langevin, reverse_diffusion};
use super::projection::Projecting;
use super::{Guidance, Measurement, Step};
use crate::score::{Denoiser, Want};
use operators::{Array, Result};

/// MCG with the weights that the noise implies: what was measured is projected onto the data, what
/// was not follows the gradient of DPS (form G), then the reverse step with that `x0`.
///
/// `x0 = p + U (g - (p - D))` with the projection `p = argmin nll(A p) + ½ ‖p - D‖²_{C⁻¹}`, which
/// is that onto the data where they have no noise, the guarded gradient `g = σ² Jᴴ C⁻¹ (p - D)`, and
/// `U`, what was not measured. The data are used once. Where nothing says what was
/// not measured, `U = 1` and it is DPS.
/// Source: Chung et al. 2022, section 4, whose two step sizes this replaces.
pub struct Mcg(pub Guided);

impl<T: Array> Pulling<T> for Mcg {
    fn pulled(
        &self,
        prior: &dyn Denoiser<T>,
        data: &Measurement<'_, T>,
        x: &T,
        sigma: f64,
        share: f64,
    ) -> Result<(T, T)> {
        let [d, shift, gradient] = self.0.gradient(prior, data, x, sigma, share)?;
        let mut x0 = unmeasured_part(data, gradient.minus(&shift))?;
        x0.axpy(&[1.0], &shift);
        x0.axpy(&[1.0], &d);
        Ok((d, x0))
    }
}

impl<T: Array> Guidance<T> for Mcg {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        ancestral(self, at)
    }
}

/// MCG for CT as published, in the corrector of a predictor and a corrector: the reverse step, then one of Langevin at
/// the next level σ', `x' = x + ε s + √(2 ε) z` with `ε = 2 (r ‖z‖ / ‖s‖)²`, and
/// `x' ← x' + λ Aᵀ (y - A x') / (Aᵀ A 1) - ζ ∇_x ‖A† (y - A D(x, σ'))‖`, the gradient at the state before, kept to the
/// views that were not taken, λ falling linearly. Norms are per item; the last image is D and meets the data.
///
/// Source: the published code of Chung et al. 2022, whose `A†` is filtered back-projection; its
/// step depends on the number of steps and views. The data are post-log.
pub struct McgZeta {
    /// ζ: weight of the gradient; 0.1 in the published code.
    pub zeta: f64,
    /// λ at the first and at the last step; 1 and 0.6 in the published code.
    pub lambda: [f64; 2],
    /// r: signal to noise of the corrector; 0.16 in the published code.
    pub snr: f64,
    /// Steps in all.
    pub steps: usize,
}

impl<T: Array> Guidance<T> for McgZeta {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.denoise()?;
        let t = at.index as f64 / self.steps as f64;
        let lambda = self.lambda[0] * (1.0 - t) + self.lambda[1] * t;
        if at.next == 0.0 {
            return towards_data(data, d, lambda);
        }
        let x = reverse_diffusion(at.x, &d, [at.sigma, at.next], at.rng);
        let d = at.prior.estimate(&x, at.next, Want::Pullback)?;
        let descent = unmeasured_part(data, d.pull(&image_descent(data, &d.x0)?)?)?;
        let toward = d.x0.minus(&x);
        let mut x = x;
        langevin(&mut x, &toward, at.next, self.snr, at.rng);
        let mut x = towards_data(data, x, lambda)?;
        x.axpy(&[self.zeta], &descent);
        Ok(x)
    }
}

/// `-∇ ‖A† (y - A x)‖`, of the residual itself where no `A†` is known; 0 where the norm is.
fn image_descent<T: Array>(data: &Measurement<'_, T>, x: &T) -> Result<T> {
    let (z, j) = data.operator.linearize(x)?;
    let Some(inverse) = data.pseudo_inverse else {
        return j.adjoint(&data.likelihood.norm_descent(&z)?);
    };
    let image = inverse.forward(&data.likelihood.residual(&z)?)?;
    let mut descent = j.adjoint(&inverse.adjoint(&image)?)?;
    let one_over = |n: &f64| if *n > 0.0 { 1.0 / n } else { 0.0 };
    descent.scale(&image.norm().iter().map(one_over).collect::<Vec<_>>());
    Ok(descent)
}

/// `x + λ Aᵀ (y - A x) / (Aᵀ A 1)`.
fn towards_data<T: Array>(data: &Measurement<'_, T>, mut x: T, lambda: f64) -> Result<T> {
    let (z, j) = data.operator.linearize(&x)?;
    let back = j.adjoint(&data.likelihood.residual(&z)?)?;
    let one = x.items(0, 1).elementwise(&[], &|_, _| 1.0);
    let seen = j.adjoint(&j.forward(&one)?)?;
    let share = |back: f64, seen: &[f64]| if seen[0] > 0.0 { back / seen[0] } else { 0.0 };
    x.axpy(&[lambda], &back.elementwise(&[&seen], &share));
    Ok(x)
}

/// MCG as published for data without noise to speak of, such as the pixels that inpainting was left: the step
/// of DPS, `x' ← x' - ζ' ∇_x ‖y - A D(x)‖`, then the projection `x' + λ A† (y + A n - A x')` with n of
/// the next level, so that the gradient moves what was not measured.
///
/// Source: Chung et al. 2022, eq. 14 and 15.
pub struct McgProjection {
    /// The gradient.
    pub gradient: DpsZeta,
    /// The projection.
    pub projecting: Projecting,
}

impl<T: Array> Guidance<T> for McgProjection {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let x = self.gradient.step(at)?;
        self.projecting.onto_data(data, &x, at.next, at.rng)
    }
}

/// The part of an image that the measurement does not see; all of it where nothing says.
fn unmeasured_part<T: Array>(data: &Measurement<'_, T>, x: T) -> Result<T> {
    match data.unmeasured {
        Some(u) => u.forward(&x),
        None => Ok(x),
    }
}
