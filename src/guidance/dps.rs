//! Diffusion posterior sampling: the gradient of the data misfit through the denoiser.

use super::conditional::Guided;
use super::{Guidance, Step};
use crate::score::Want;
use operators::{Array, Result, State};

/// DPS with the weight that the noise implies (form G):
/// `x0' = D + σ² Jᴴ Aᴴ (Σ_n + A C Aᴴ)⁻¹ (y - A D)`, then the reverse step with `x0'`.
///
/// Nothing to tune: C bounds the gain, the guard bounds the step.
pub struct Dps(pub Guided);

impl<T: State> Guidance<T> for Dps {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let share = at.transition.share(at.sigma, at.next);
        let (d, x0) = self.0.gradient(at.prior, data, at.x, at.sigma, share)?;
        at.measure(at.x, &d);
        Ok(at.transition.advance(at.x, &x0, at.sigma, at.next, at.rng))
    }
}

/// The same weight on the probability flow, to second order: Heun's step of `dx/dσ = (x - x0') / σ`
/// with the guided `x0'` of both ends.
///
/// Nothing is drawn but the first state. Two gradients a level but for the last. Source: Karras et al.
/// 2022, algorithm 1, with the guided denoiser.
pub struct DpsFlow(pub Guided);

impl<T: State> Guidance<T> for DpsFlow {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let (sigma, next) = (at.sigma, at.next);
        let share = 1.0 - next / sigma;
        let (d, x0) = self.0.gradient(at.prior, data, at.x, sigma, share)?;
        at.measure(at.x, &d);
        if next == 0.0 {
            return Ok(x0);
        }
        let slope = at.x.minus(&x0).scaled(1.0 / sigma);
        let mut euler = at.x.clone();
        euler.axpy(&[next - sigma], &slope);
        let (_, x0) = self.0.gradient(at.prior, data, &euler, next, share)?;
        let end = euler.minus(&x0).scaled(1.0 / next);
        let mut x = at.x.clone();
        x.axpy(&[0.5 * (next - sigma)], &slope);
        x.axpy(&[0.5 * (next - sigma)], &end);
        Ok(x)
    }
}

/// DPS as published: `x' ← x' - ζ' ∇_x ‖y - A D(x)‖`, the norm per item.
///
/// `ζ' = ζ √((1 + σ²)(1 + σ'²))` carries the variance-preserving update over to `x = x0 + σ n`.
/// Source: Chung et al. 2023, algorithm 1, with the step of its published code (the gradient of
/// the norm, not of its square). `clip` bounds `D` to the data range as that code does, and
/// differentiates through the bound.
pub struct DpsZeta {
    /// ζ of the published code.
    pub zeta: f64,
    /// Largest magnitude of a real component of `D`, if it is clipped.
    pub clip: Option<f64>,
}

impl<T: Array> Guidance<T> for DpsZeta {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.estimate(Want::Pullback)?;
        let (x0, inside) = clip(&d.x0, self.clip);
        let (z, j) = data.operator.linearize(&x0)?;
        let residual = data.likelihood.residual(&z)?;
        let inverse: Vec<f64> = residual
            .norm()
            .iter()
            .map(|n| if *n > 0.0 { -1.0 / n } else { 0.0 })
            .collect();
        let mut ascent = j.adjoint(&residual)?;
        ascent.scale(&inverse);
        let ascent = d.pull(&mask(&ascent, inside.as_deref()))?;
        let mut next = at.transition.advance(at.x, &x0, at.sigma, at.next, at.rng);
        let step = self.zeta * ((1.0 + at.sigma.powi(2)) * (1.0 + at.next.powi(2))).sqrt();
        next.axpy(&[-step], &ascent);
        Ok(next)
    }
}

/// `x0` bounded to `[-limit, limit]` in each real component, and where it was inside.
fn clip<T: Array>(x0: &T, limit: Option<f64>) -> (T, Option<Vec<bool>>) {
    let Some(limit) = limit else {
        return (x0.clone(), None);
    };
    let reals = x0.to_reals();
    let inside = reals.iter().map(|r| r.abs() <= limit).collect();
    let bounded: Vec<f64> = reals.iter().map(|r| r.clamp(-limit, limit)).collect();
    (
        T::from_reals(&x0.device(), &x0.sizes(), x0.field(), &bounded),
        Some(inside),
    )
}

fn mask<T: Array>(v: &T, inside: Option<&[bool]>) -> T {
    let Some(inside) = inside else {
        return v.clone();
    };
    let reals: Vec<f64> = v
        .to_reals()
        .iter()
        .zip(inside)
        .map(|(r, on)| if *on { *r } else { 0.0 })
        .collect();
    T::from_reals(&v.device(), &v.sizes(), v.field(), &reals)
}
