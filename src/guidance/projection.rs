//! Projection of the state onto data that are as noisy as itself.

use super::least_squares::pseudo_inverse;
use super::prior::{langevin, reverse_diffusion};
use super::{Guidance, Measurement, Step};
use operators::{Array, Result, SliceRng};

/// How the data meet the state at a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projecting {
    /// λ: 1 replaces what was measured, less mixes it.
    pub lambda: f64,
    /// Whether the data get the noise of the level, `y + A n`; without, they are as they were measured.
    pub noisy: bool,
    /// CG iterations at most, where `A†` is not known.
    pub cg_iterations: usize,
}

impl Projecting {
    /// `x + λ A† (y + A n - A x)` with n of deviation σ.
    pub(super) fn onto_data<T: Array>(
        &self,
        data: &Measurement<'_, T>,
        x: &T,
        sigma: f64,
        rng: &mut SliceRng,
    ) -> Result<T> {
        let mut apart = x.clone();
        if self.noisy {
            apart.axpy(&[-sigma], &x.normal_like(rng));
        }
        let correction = pseudo_inverse(data, &apart, self.cg_iterations)?;
        let mut out = x.clone();
        out.axpy(&[self.lambda], &correction);
        Ok(out)
    }
}

/// Projection, corrector, projection, predictor: `x ← x + λ A† (y + A n - A x)`, one Langevin step
/// `x ← x + ε s + √(2 ε) z` with `ε = 2 (r ‖z‖ / ‖s‖)²`, the projection again, and
/// `x' = x + (σ² - σ'²) s + √(σ² - σ'²) z`; the last image is denoised
/// and meets the data with λ = 1.
///
/// Norms are per item. Source: Song et al. 2022, algorithm 2 (noisy data); Chung and Ye 2022 (score-MRI),
/// whose data get no noise.
pub struct ProjectedPc {
    /// How the data meet the state.
    pub projecting: Projecting,
    /// r: signal to noise of the corrector.
    pub snr: f64,
}

impl<T: Array> Guidance<T> for ProjectedPc {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let (sigma, next) = (at.sigma, at.next);
        let mut x = self.projecting.onto_data(data, at.x, sigma, at.rng)?;
        let toward = at.prior.denoise(&x, sigma)?.minus(&x);
        langevin(&mut x, &toward, sigma, self.snr, at.rng);
        let x = self.projecting.onto_data(data, &x, sigma, at.rng)?;
        let d = at.prior.denoise(&x, sigma)?;
        at.measure(&x, &d);
        if next == 0.0 {
            let whole = Projecting {
                lambda: 1.0,
                ..self.projecting
            };
            return whole.onto_data(data, &d, 0.0, at.rng);
        }
        Ok(reverse_diffusion(&x, &d, [sigma, next], at.rng))
    }
}

/// `x' ~ q(x' | x, D)`, then `x' + λ A† (y + A n - A x')` with n of the next level.
///
/// Source: Choi et al. 2021 (ILVR), algorithm 1, whose `φ` is `A† A`.
pub struct Ilvr(pub Projecting);

impl<T: Array> Guidance<T> for Ilvr {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.denoise()?;
        let x = at.transition.advance(at.x, &d, at.sigma, at.next, at.rng);
        self.0.onto_data(data, &x, at.next, at.rng)
    }
}
