//! The probability flow towards an image that the data pull, to second order.

use super::{Guidance, Measurement, Step};
use crate::score::Denoiser;
use operators::{Result, State};

/// A rule that pulls the image of a state towards the data, and draws nothing for it.
pub trait Pulling<T: State> {
    /// `(D, x0')` of a state at σ whose step goes `share` of the way to `x0'`.
    fn pulled(
        &self,
        prior: &dyn Denoiser<T>,
        data: &Measurement<'_, T>,
        x: &T,
        sigma: f64,
        share: f64,
    ) -> Result<(T, T)>;
}

/// Heun's step of `dx/dσ = (x - x0') / σ` with the guided `x0'` of both ends.
///
/// Nothing is drawn but the first state. Two gradients a level but for the last. Source: Karras et al.
/// 2022, algorithm 1, with the guided denoiser.
pub struct Flow<G>(pub G);

impl<T: State, G: Pulling<T>> Guidance<T> for Flow<G> {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let (sigma, next) = (at.sigma, at.next);
        let share = 1.0 - next / sigma;
        let (d, x0) = self.0.pulled(at.prior, data, at.x, sigma, share)?;
        at.measure(at.x, &d);
        if next == 0.0 {
            return Ok(x0);
        }
        let slope = at.x.minus(&x0).scaled(1.0 / sigma);
        let mut euler = at.x.clone();
        euler.axpy(&[next - sigma], &slope);
        let (_, x0) = self.0.pulled(at.prior, data, &euler, next, share)?;
        let end = euler.minus(&x0).scaled(1.0 / next);
        let mut x = at.x.clone();
        x.axpy(&[0.5 * (next - sigma)], &slope);
        x.axpy(&[0.5 * (next - sigma)], &end);
        Ok(x)
    }
}

/// The reverse step towards that image, with fresh noise.
pub(super) fn ancestral<T: State>(rule: &dyn Pulling<T>, at: &mut Step<'_, T>) -> Result<T> {
    let data = at.data.expect("guided sampling has data");
    let share = at.transition.share(at.sigma, at.next);
    let (d, x0) = rule.pulled(at.prior, data, at.x, at.sigma, share)?;
    at.measure(at.x, &d);
    Ok(at.transition.advance(at.x, &x0, at.sigma, at.next, at.rng))
}
