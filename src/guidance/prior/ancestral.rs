//! Ancestral and implicit steps: DDPM and DDIM.

use super::super::transition::ddim;
use super::super::{Guidance, Step};
use operators::{Array, Result, Vector};

/// The variance of a reverse step of DDPM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// That of `q(x' | x, x0)`, `β̃`: right for a prior of one image.
    Small,
    /// That of the forward step, `β`: right for a white prior of unit variance.
    Large,
}

/// `x' = (1 - c) D + c x + √v z` with `c = σ'² / σ²` and the variance v, `σ'² (1 - c)` or
/// `(1 + σ'²) (σ² - σ'²) / (1 + σ²)`; the last image is D.
///
/// Source: Ho et al. 2020, algorithm 2, for `x = x0 + σ n`.
pub struct Ancestral(pub Variance);

impl<T: Vector> Guidance<T> for Ancestral {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let d = at.denoise()?;
        if self.0 == Variance::Small || at.next == 0.0 {
            return Ok(at.transition.advance(at.x, &d, at.sigma, at.next, at.rng));
        }
        let (v, w) = (at.sigma.powi(2), at.next.powi(2));
        let c = w / v;
        let mut x = d.scaled(1.0 - c);
        x.axpy(&[c], at.x);
        let large = (1.0 + w) * (v - w) / (1.0 + v);
        x.axpy(&[large.sqrt()], &at.x.normal_like(at.rng));
        Ok(x)
    }
}

/// `x' = D + √(σ'² - f²) (x - D) / σ + f z` with `f = η σ' √(1 - σ'² / σ²)`: η = 0 follows the
/// probability flow, η = 1 is ancestral.
///
/// Source: Song, Meng and Ermon 2021, eq. 12 and 16, for `x = x0 + σ n`.
pub struct Ddim {
    /// η.
    pub eta: f64,
}

impl<T: Array> Guidance<T> for Ddim {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let d = at.denoise()?;
        Ok(ddim(at.x, &d, at.sigma, at.next, self.eta, at.rng))
    }
}
