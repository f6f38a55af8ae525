//! The closed-form prior: stationary Gaussian images with a power-law spectrum. The oracle.

use super::{Covariance, Denoiser, Estimate, Want, covariance::Spectrum};
use operators::{Array, Result, SliceRng};

/// `x0 ~ N(0, Fᴴ diag(S) F)` with `S(k) = S₀ (1 + (|k|/k₀)²)^{-p}`, |k| in cycles per pixel.
///
/// Its denoiser is the Wiener filter `D(x, σ) = S / (S + σ²) x`, mode by mode, and
/// `Cov(x0 | x) = σ² S / (S + σ²)`. S is per real component.
pub struct StationaryGaussian {
    peak: f64,
    corner: f64,
    power: f64,
    covariance: Covariance,
}

impl StationaryGaussian {
    /// `S₀ = peak`, `k₀ = corner` (cycles per pixel), `p = power`.
    pub fn new(peak: f64, corner: f64, power: f64) -> Self {
        let spectrum = |r: f64| peak * (1.0 + (r / corner).powi(2)).powf(-power);
        let rings = 2048;
        let level = |sigma: f64| {
            let ring = |i: usize| {
                let s = spectrum((i as f64 + 0.5) / rings as f64 * std::f64::consts::FRAC_1_SQRT_2);
                sigma * sigma * s / (s + sigma * sigma)
            };
            (sigma, (0..rings).map(ring).collect())
        };
        let levels = (0..=240)
            .map(|i| level(1e-4 * 1e6f64.powf(f64::from(i) / 240.0)))
            .collect();
        let covariance = Covariance::new(levels).expect("levels increase and are positive");
        StationaryGaussian {
            peak,
            corner,
            power,
            covariance,
        }
    }

    /// `S(k)`.
    pub fn spectrum(&self, radius: f64) -> f64 {
        self.peak * (1.0 + (radius / self.corner).powi(2)).powf(-self.power)
    }

    /// A draw from the prior, shaped like `like`.
    pub fn draw<T: Array>(&self, like: &T, rng: &mut SliceRng) -> T {
        let white = like.normal_like(rng);
        Spectrum::radial(&white, |r| self.spectrum(r)).synthesise(&white, f64::sqrt)
    }
}

impl<T: Array> Denoiser<T> for StationaryGaussian {
    fn estimate<'a>(&'a self, x: &T, sigma: f64, want: Want) -> Result<Estimate<'a, T>> {
        let spectrum = Spectrum::radial(x, |r| self.spectrum(r));
        let wiener = move |x: &T| spectrum.apply(x, |s| s / (s + sigma * sigma));
        let x0 = wiener(x);
        let pullback = (want == Want::Pullback)
            .then(|| Box::new(move |v: &T| Ok(wiener(v))) as super::Pullback<'a, T>);
        Ok(Estimate {
            x0,
            pullback,
            deviation: None,
        })
    }

    fn covariance(&self) -> Option<&Covariance> {
        Some(&self.covariance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use operators::{Field, Host, Vector};

    /// E‖x0 - D‖² = tr Cov(x0 | x), and C(σ, k) is the model that the prior carries.
    #[test]
    fn the_denoising_error_is_the_trace_of_the_covariance() {
        let prior = StationaryGaussian::new(240.0, 0.02, 1.5);
        let like = Host::<f64>::zeros(&[4, 64, 63], Field::Complex);
        let x0 = prior.draw(&like, &mut SliceRng::samples(1, 0, 4));
        for sigma in [0.05, 0.5, 5.0] {
            let mut x = x0.clone();
            x.axpy(&[sigma], &like.normal_like(&mut SliceRng::samples(2, 0, 4)));
            let d = prior.denoise(&x, sigma).unwrap().minus(&x0);
            let error: f64 = d.dot(&d).iter().sum::<f64>() / (4.0 * 2.0 * 64.0 * 63.0);
            let c = <StationaryGaussian as Denoiser<Host<f64>>>::covariance(&prior).unwrap();
            let mut trace = 0.0;
            for (y, x) in (0..64).flat_map(|y| (0..63).map(move |x| (y, x))) {
                let r = operators::state::radius(y, x, 64, 63);
                trace += c.variance(sigma, r) / (64.0 * 63.0);
                let s = prior.spectrum(r);
                let exact = sigma * sigma * s / (s + sigma * sigma);
                assert!(
                    (c.variance(sigma, r) / exact - 1.0).abs() < 2e-3,
                    "{sigma} {r}"
                );
            }
            assert!(
                (error / trace - 1.0).abs() < 0.05,
                "sigma {sigma}: {error} not {trace}"
            );
        }
    }

    #[test]
    fn the_pullback_is_the_transpose() {
        let prior = StationaryGaussian::new(240.0, 0.02, 1.5);
        let like = Host::<f64>::zeros(&[1, 9, 14], Field::Complex);
        let (u, v) = (
            like.normal_like(&mut SliceRng::samples(1, 0, 1)),
            like.normal_like(&mut SliceRng::samples(2, 0, 1)),
        );
        let at_u = prior.estimate(&u, 0.3, Want::Pullback).unwrap();
        let gap = at_u.x0.dot(&v)[0] - u.dot(&at_u.pull(&v).unwrap())[0];
        assert!(gap.abs() < 1e-10);
    }

    #[cfg(feature = "torch")]
    #[test]
    fn both_backends_denoise_alike() {
        use operators::array::Torch;
        let prior = StationaryGaussian::new(240.0, 0.02, 1.5);
        let x = Host::<f64>::zeros(&[2, 9, 14], Field::Complex)
            .normal_like(&mut SliceRng::samples(1, 0, 2));
        let device = (tch::Device::Cpu, tch::Kind::Double);
        let t = Torch::from_reals(&device, &[2, 9, 14], Field::Complex, x.reals());
        let (host, torch) = (
            prior.denoise(&x, 0.3).unwrap(),
            prior.denoise(&t, 0.3).unwrap(),
        );
        let gaps = host
            .to_reals()
            .into_iter()
            .zip(torch.to_reals())
            .map(|(a, b)| (a - b).abs());
        assert!(gaps.fold(0.0, f64::max) < 1e-12);
    }
}
