//! The sampler of EDM: second order, with noise put back on the way.

use super::super::{Guidance, Step};
use operators::{Array, Result};

/// Noise put back before a step: to `σ̂ = σ (1 + γ)` with `γ = min(total / steps, √2 - 1)` while σ lies
/// in `range`, drawn with deviation `noise`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Churn {
    /// `S_churn`; 0 is the probability flow.
    pub total: f64,
    /// `S_tmin` and `S_tmax`.
    pub range: [f64; 2],
    /// `S_noise`.
    pub noise: f64,
}

impl Churn {
    /// None: the probability flow.
    pub const NONE: Churn = Churn {
        total: 0.0,
        range: [0.0, f64::INFINITY],
        noise: 1.0,
    };
}

/// `x̂ = x + √(σ̂² - σ²) z`, `d = (x̂ - D(x̂, σ̂)) / σ̂`, an Euler step of `dx/dσ = d` to σ' and, but for the
/// last, the mean of both ends' slopes.
///
/// Source: Karras et al. 2022, algorithm 2.
pub struct Heun {
    /// Noise put back.
    pub churn: Churn,
    /// Steps in all.
    pub steps: usize,
}

impl<T: Array> Guidance<T> for Heun {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let [low, high] = self.churn.range;
        let gamma = match (low..=high).contains(&at.sigma) {
            true => (self.churn.total / self.steps as f64).min(std::f64::consts::SQRT_2 - 1.0),
            false => 0.0,
        };
        let (sigma, next) = (at.sigma * (1.0 + gamma), at.next);
        let mut x = at.x.clone();
        if gamma > 0.0 {
            let more = (sigma * sigma - at.sigma * at.sigma).sqrt() * self.churn.noise;
            x.axpy(&[more], &at.x.normal_like(at.rng));
        }
        let d = at.prior.denoise(&x, sigma)?;
        at.measure_at(sigma, &x, &d);
        let slope = x.minus(&d).scaled(1.0 / sigma);
        let mut euler = x.clone();
        euler.axpy(&[next - sigma], &slope);
        if next == 0.0 {
            return Ok(euler);
        }
        let d = at.prior.denoise(&euler, next)?;
        let end = euler.minus(&d).scaled(1.0 / next);
        x.axpy(&[0.5 * (next - sigma)], &slope);
        x.axpy(&[0.5 * (next - sigma)], &end);
        Ok(x)
    }
}
