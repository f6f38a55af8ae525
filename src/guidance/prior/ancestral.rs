//! Ancestral and implicit steps: DDPM and DDIM.

use super::super::transition::ddim;
use super::super::{Guidance, Step};
use crate::score::Want;
use operators::{Array, Result, State};

/// The variance of a reverse step of DDPM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// That of `q(x' | x, x0)`, `β̃`: right for a prior of one image.
    Small,
    /// That of the forward step, `β`: right for a white prior of unit variance.
    Large,
    /// `β̃` and what the network says of `Var(x0 | x)`, pixel by pixel: at its own steps the variance that it
    /// learned. Source: Nichol and Dhariwal 2021, section 3.1.
    Learned,
}

/// `x' = (1 - c) D + c x + √v z` with `c = σ'² / σ²` and the variance v, `σ'² (1 - c)` or
/// `(1 + σ'²) (σ² - σ'²) / (1 + σ²)`, or the first and `(1 - c)² Var(x0 | x)`; the last image is D.
///
/// Source: Ho et al. 2020, algorithm 2, for `x = x0 + σ n`.
pub struct Ancestral(pub Variance);

impl<T: State> Guidance<T> for Ancestral {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let estimate = at.estimate(Want::Mean)?;
        let d = &estimate.x0;
        if let (Variance::Learned, true) = (self.0, at.next > 0.0) {
            let c = (at.next / at.sigma).powi(2);
            let mut x = at.transition.advance(at.x, d, at.sigma, at.next, at.rng);
            let more = at.x.normal_like(at.rng).damped(&estimate.stated()?.root);
            x.axpy(&[1.0 - c], &more);
            return Ok(x);
        }
        if self.0 == Variance::Small || at.next == 0.0 {
            return Ok(at.transition.advance(at.x, d, at.sigma, at.next, at.rng));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Denoiser, Deviation, Estimate};
    use operators::{Field, Host, SliceRng, Vector};

    type Image = Host<f64>;

    /// White images of unit deviation, whose variance the prior states; or does not.
    struct White(bool);

    impl Denoiser<Image> for White {
        fn estimate<'a>(&'a self, x: &Image, sigma: f64, _: Want) -> Result<Estimate<'a, Image>> {
            let factor = 1.0 / (1.0 + sigma * sigma);
            let deviation = sigma * factor.sqrt();
            let flat = |v: f64| x.elementwise(&[], &|_, _| v);
            Ok(Estimate {
                x0: x.scaled(factor),
                pullback: None,
                deviation: self.0.then(|| Deviation {
                    root: flat(deviation),
                    inverse: flat(1.0 / deviation),
                }),
            })
        }
    }

    fn step(prior: &White, variance: Variance, x: &Image) -> Result<Image> {
        let mut rng = SliceRng::samples(5, 0, 1);
        let mut memory = Vec::new();
        let mut at = Step::new(x, [0.9, 0.4], prior, None, &mut rng, &mut memory);
        Ancestral(variance).step(&mut at)
    }

    /// For a white prior of unit deviation the true variance of a step is that of the forward one.
    #[test]
    fn a_true_learned_variance_keeps_white_images_white() {
        let blank = Image::zeros(&[1, 100, 100], Field::Real);
        let drawn = step(&White(true), Variance::Learned, &blank).unwrap();
        let variance = drawn.dot(&drawn)[0] / 1e4;
        let expected = (1.0 + 0.16) * (0.81 - 0.16) / 1.81;
        // Four standard errors.
        assert!(
            (variance / expected - 1.0).abs() < 4.0 * (2e-4f64).sqrt(),
            "{variance} {expected}"
        );
        let error = step(&White(false), Variance::Learned, &blank)
            .err()
            .unwrap();
        assert!(error.to_string().contains("learned no variance"));
    }
}
