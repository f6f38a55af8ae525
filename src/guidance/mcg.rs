//! Manifold constrained gradients: the gradient moves what was not measured, a projection the rest.

use super::conditional::Guided;
use super::dps::DpsZeta;
use super::projection::Projecting;
use super::{Guidance, Measurement, Step};
use crate::score::Want;
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

impl<T: Array> Guidance<T> for Mcg {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.estimate(Want::Pullback)?;
        let p = self.0.solve(data, &d.x0, self.0.model(at), None)?;
        let share = at.transition.share(at.sigma, at.next);
        let (shift, gradient) = self.0.pulled(&d, &p, at.sigma, share)?;
        let mut x0 = unmeasured_part(data, gradient.minus(&shift))?;
        x0.axpy(&[1.0], &shift);
        x0.axpy(&[1.0], &d.x0);
        Ok(at.transition.advance(at.x, &x0, at.sigma, at.next, at.rng))
    }
}

/// MCG for CT as published: `x' ← x' + λ Aᵀ (y - A x') / (Aᵀ A 1) - ζ ∇_x ‖A† (y - A D(x))‖`, the
/// gradient kept to the views that were not taken, the norm per item, λ falling linearly.
///
/// Source: the published code of Chung et al. 2022, whose `A†` is filtered back-projection; its
/// step depends on the number of steps and views. The data are post-log.
pub struct McgZeta {
    /// ζ: weight of the gradient; 0.1 in the published code.
    pub zeta: f64,
    /// λ at the first and at the last step; 1 and 0.6 in the published code.
    pub lambda: [f64; 2],
    /// Steps in all.
    pub steps: usize,
}

impl<T: Array> Guidance<T> for McgZeta {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.estimate(Want::Pullback)?;
        let (z, j) = data.operator.linearize(&d.x0)?;
        let residual = data.likelihood.residual(&z)?;
        let (length, pulled) = match data.pseudo_inverse {
            Some(inverse) => {
                let image = inverse.forward(&residual)?;
                (image.norm(), j.adjoint(&inverse.adjoint(&image)?)?)
            }
            None => (residual.norm(), j.adjoint(&residual)?),
        };
        let mut descent = pulled;
        let inverse = |n: &f64| if *n > 0.0 { 1.0 / n } else { 0.0 };
        descent.scale(&length.iter().map(inverse).collect::<Vec<_>>());
        let descent = unmeasured_part(data, d.pull(&descent)?)?;

        let mut next = at
            .transition
            .advance(at.x, &d.x0, at.sigma, at.next, at.rng);
        let (z, j) = data.operator.linearize(&next)?;
        let back = j.adjoint(&data.likelihood.residual(&z)?)?;
        let one = next.items(0, 1).elementwise(&[], &|_, _| 1.0);
        let seen = j.adjoint(&j.forward(&one)?)?;
        let weight = seen.elementwise(&[], &|s, _| if s > 0.0 { 1.0 / s } else { 0.0 });
        let t = at.index as f64 / self.steps as f64;
        let lambda = self.lambda[0] * (1.0 - t) + self.lambda[1] * t;
        next.axpy(&[lambda], &back.weighted(&weight));
        next.axpy(&[self.zeta], &descent);
        Ok(next)
    }
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
