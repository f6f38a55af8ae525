//! A prior that owns up to a texture which it does not know.

use super::{Covariance, Estimate};
use operators::{Result, Vector};

/// `x0 = u + t`: `u` of a prior, `t ~ N(0, τ²)` per real component and pixel.
///
/// With `s² = σ² + τ²` and `w = τ²/s²` the state `u + t + σ n` is `u` under the noise `s`, so that
/// `D(x, σ) = (1 - w) D_u(x, s) + w x`, `J = (1 - w) J_u + w`, and
/// `Cov(x0 | x) = σ² w + (1 - w)² Cov(u | x; s)`: exact, no network to train.
///
/// A network that never saw the texture of a scanner calls it noise, at every level above it; samples
/// then deny what was measured (their misfit is above 1) and agree with each other too well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Texture {
    /// τ, in units of the prior's images.
    pub tau: f64,
}

/// Levels and rings of the covariance: from `LEAST` on by the factor `STEP`.
const LEAST: f64 = 1e-4;
const STEP: f64 = 1.12;
const LEVELS: i32 = 120;
const RINGS: usize = 48;

impl Texture {
    /// `(s, w)` at a noise level.
    fn split(self, sigma: f64) -> (f64, f64) {
        if self.tau == 0.0 {
            return (sigma, 0.0);
        }
        let square = sigma * sigma + self.tau * self.tau;
        (square.sqrt(), self.tau * self.tau / square)
    }

    /// `D(x, σ)` of `x0`, from `prior`, the estimate of `u` at a noise level.
    pub fn estimate<'a, T: Vector>(
        self,
        x: &T,
        sigma: f64,
        prior: impl FnOnce(f64) -> Result<Estimate<'a, T>>,
    ) -> Result<Estimate<'a, T>> {
        let (s, w) = self.split(sigma);
        let u = prior(s)?;
        if w == 0.0 {
            return Ok(u);
        }
        let mixed = move |mut of_u: T, x: &T| {
            of_u.scale(&[1.0 - w]);
            of_u.axpy(&[w], x);
            of_u
        };
        let pullback = u
            .pullback
            .map(|pull| Box::new(move |v: &T| Ok(mixed(pull(v)?, v))) as super::Pullback<'a, T>);
        Ok(Estimate {
            x0: mixed(u.x0, x),
            pullback,
            deviation: u.deviation,
        })
    }

    /// `Var(x0 | x)` from that of `u` at the noise `s`.
    pub fn variance(self, sigma: f64, of_u: f64) -> f64 {
        let (_, w) = self.split(sigma);
        sigma * sigma * w + (1.0 - w).powi(2) * of_u
    }

    /// `Cov(x0 | x)` from that of `u`.
    pub fn covariance(self, of_u: &Covariance) -> Option<Covariance> {
        if self.tau == 0.0 {
            return Some(of_u.clone());
        }
        let level = |sigma: f64| {
            let (s, _) = self.split(sigma);
            let ring = |i: usize| {
                let radius = (i as f64 + 0.5) / RINGS as f64 * std::f64::consts::FRAC_1_SQRT_2;
                self.variance(sigma, of_u.variance(s, radius))
            };
            (sigma, (0..RINGS).map(ring).collect())
        };
        Covariance::new((0..LEVELS).map(|i| level(LEAST * STEP.powi(i))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Denoiser, Spectrum, StationaryGaussian, Want};
    use operators::{Array, Direction, Field, Host, SliceRng};

    type Image = Host<f64>;

    fn drawn(seed: u64) -> Image {
        let blank = Image::zeros(&[1, 16, 15], Field::Complex);
        blank.normal_like(&mut SliceRng::samples(seed, 0, 1))
    }

    /// Texture on images of the spectrum S makes images of the spectrum S + τ².
    #[test]
    fn of_a_gaussian_it_is_another_gaussian() {
        let prior = StationaryGaussian::new(4.0, 0.05, 1.5);
        let (tau, sigma) = (0.3, 0.2);
        let texture = Texture { tau };
        let wiener = |x: &Image| {
            let spectrum = Spectrum::radial(x, |r| prior.spectrum(r) + tau * tau);
            spectrum.apply(x, |s| s / (s + sigma * sigma))
        };
        let x = drawn(1);
        let of_u = |s| prior.estimate(&x, s, Want::Pullback);
        let d = texture.estimate(&x, sigma, of_u).unwrap();
        let v = x.fft2(Direction::Forward);
        assert!(d.x0.minus(&wiener(&x)).norm()[0] < 1e-10);
        assert!(d.pull(&v).unwrap().minus(&wiener(&v)).norm()[0] < 1e-10);
        let of_u = <StationaryGaussian as Denoiser<Image>>::covariance(&prior).unwrap();
        let c = texture.covariance(of_u).unwrap();
        for radius in [0.01, 0.1, 0.3, 0.6] {
            let s = prior.spectrum(radius) + tau * tau;
            let exact = sigma * sigma * s / (s + sigma * sigma);
            let model = c.variance(sigma, radius);
            assert!(
                (model / exact - 1.0).abs() < 0.02,
                "{radius}: {model} {exact}"
            );
        }
    }

    #[test]
    fn without_texture_it_is_the_prior_bit_by_bit() {
        let prior = StationaryGaussian::new(4.0, 0.05, 1.5);
        let (x, none) = (drawn(2), Texture { tau: 0.0 });
        let of_u = |s| prior.estimate(&x, s, Want::Mean);
        let same = none.estimate(&x, 0.4, of_u).unwrap().x0;
        assert_eq!(same.reals(), prior.denoise(&x, 0.4).unwrap().reals());
    }
}
