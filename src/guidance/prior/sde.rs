//! Steps of the reverse stochastic differential equation, with a Langevin corrector.

use super::super::{Guidance, Step};
use operators::{Array, Result, SliceRng, Vector};

/// Which equation the steps are of. The state is `x = x0 + σ n` in either; of the variance preserving
/// one the step is that of `√ᾱ x` with `ᾱ = 1 / (1 + σ²)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sde {
    /// `dx = √(dσ²/dt) dw`.
    VarianceExploding,
    /// `dx = -½ β x dt + √β dw`.
    VariancePreserving,
}

/// How the equation is made discrete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discrete {
    /// Euler and Maruyama: drift and diffusion of the level.
    EulerMaruyama,
    /// The reverse of the forward step between the two levels.
    ReverseDiffusion,
}

/// Predictor and corrector: a reverse step, then one of Langevin at the next level; the last image is
/// that of the predictor without its noise, denoised.
///
/// Source: Song et al. 2021, eq. 46 and 47, algorithms 2 to 5.
pub struct PredictorCorrector {
    /// The equation.
    pub sde: Sde,
    /// The predictor.
    pub discrete: Discrete,
    /// Signal to noise of the corrector; none without.
    pub snr: Option<f64>,
}

impl<T: Array> Guidance<T> for PredictorCorrector {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let d = at.denoise()?;
        if at.next == 0.0 {
            return Ok(d);
        }
        let mut x = reverse(at.x, &d, self.predict(at.sigma, at.next), at.rng);
        if let Some(snr) = self.snr {
            let pull = at.prior.denoise(&x, at.next)?.minus(&x);
            langevin(
                &mut x,
                &pull,
                at.next,
                snr * self.kept(at.sigma, at.next),
                at.rng,
            );
        }
        Ok(x)
    }
}

impl PredictorCorrector {
    /// `√α` of the step between two levels: the variance-preserving corrector has `ε = 2 α (r ‖z‖ / ‖s‖)²`.
    fn kept(&self, sigma: f64, next: f64) -> f64 {
        match self.sde {
            Sde::VarianceExploding => 1.0,
            Sde::VariancePreserving => ((1.0 + next * next) / (1.0 + sigma * sigma)).sqrt(),
        }
    }

    /// Weights of `x`, of D and of fresh noise.
    fn predict(&self, sigma: f64, next: f64) -> [f64; 3] {
        let (v, w) = (sigma * sigma, next * next);
        match self.sde {
            Sde::VarianceExploding => {
                let g2 = match self.discrete {
                    Discrete::EulerMaruyama => 2.0 * sigma * (sigma - next),
                    Discrete::ReverseDiffusion => v - w,
                };
                exploding(g2, sigma)
            }
            Sde::VariancePreserving => {
                // Of u = √ᾱ x: u' = a u + β s + √β z with s = √ᾱ (D - x) / (1 - ᾱ), then x' = u' / √ᾱ'.
                let (abar, before) = (1.0 / (1.0 + v), 1.0 / (1.0 + w));
                let beta = 1.0 - abar / before;
                let a = match self.discrete {
                    Discrete::EulerMaruyama => 1.0 + 0.5 * beta,
                    Discrete::ReverseDiffusion => 2.0 - (1.0 - beta).sqrt(),
                };
                let ratio = (abar / before).sqrt();
                let toward = beta / (1.0 - abar);
                [(a - toward) * ratio, toward * ratio, (beta / before).sqrt()]
            }
        }
    }
}

/// Weights of `x`, of D and of fresh noise in `x' = x + g² s + g z` with `s = (D - x) / σ²`.
fn exploding(g2: f64, sigma: f64) -> [f64; 3] {
    let share = g2 / (sigma * sigma);
    [1.0 - share, share, g2.sqrt()]
}

/// A reverse step by those weights.
fn reverse<T: Vector>(x: &T, d: &T, [kept, toward, fresh]: [f64; 3], rng: &mut SliceRng) -> T {
    let mut next = x.scaled(kept);
    next.axpy(&[toward], d);
    next.axpy(&[fresh], &x.normal_like(rng));
    next
}

/// `x + (σ² - σ'²) s + √(σ² - σ'²) z`: the variance-exploding reverse of the forward step.
pub(in super::super) fn reverse_diffusion<T: Vector>(
    x: &T,
    d: &T,
    [sigma, next]: [f64; 2],
    rng: &mut SliceRng,
) -> T {
    let down = sigma * sigma - next * next;
    reverse(x, d, exploding(down, sigma), rng)
}

/// `x ← x + ε s + √(2 ε) z` with `ε = 2 (r ‖z‖ / ‖s‖)²` and `s = toward / σ²`, the norms per item.
pub(in super::super) fn langevin<T: Vector>(
    x: &mut T,
    toward: &T,
    sigma: f64,
    snr: f64,
    rng: &mut SliceRng,
) {
    let fresh = x.normal_like(rng);
    let v = sigma * sigma;
    let lengths = fresh.norm().into_iter().zip(toward.norm());
    let epsilon: Vec<f64> = lengths
        .map(|(z, d)| 2.0 * (snr * z * v / d.max(f64::MIN_POSITIVE)).powi(2))
        .collect();
    let scaled = |f: &dyn Fn(f64) -> f64| epsilon.iter().map(|e| f(*e)).collect::<Vec<_>>();
    x.axpy(&scaled(&|e| e / v), toward);
    x.axpy(&scaled(&|e| (2.0 * e).sqrt()), &fresh);
}
