//! The exact denoiser of a mixture of Gaussians.

use ndarray::{Array1, Array2, ArrayView1};

use super::mixture::covariance;
use super::{Gaussian, Mixture, Result, log_sum, refused};

/// The law of `x = x0 + σ n` with x0 of a mixture, and what x says of x0 (variance exploding; of a
/// variance-preserving model, x is `x_t / √ᾱ` and σ² is `(1 - ᾱ) / ᾱ`).
///
/// With responsibilities `r_i ∝ w_i N(x; m_i, C_i + σ² I)` and `g_i = (C_i + σ² I)⁻¹ (x - m_i)`:
/// `D_i = m_i + C_i g_i`, `D = Σ r_i D_i`, `∇ ln p(x) = -Σ r_i g_i = (D - x) / σ²`.
#[derive(Clone, Debug)]
pub struct Smoothed<'a> {
    mixture: &'a Mixture,
    variance: f64,
    /// `N(m_i, C_i + σ² I)`.
    laws: Vec<Gaussian>,
}

/// What the parts say of one x.
struct At {
    responsibilities: Vec<f64>,
    /// `D_i`.
    means: Vec<Array1<f64>>,
}

impl Mixture {
    /// The mixture with noise of deviation σ added. Dense parts are factored once, for every x.
    ///
    /// Errors: σ that is not above 0.
    pub fn smoothed(&self, sigma: f64) -> Result<Smoothed<'_>> {
        let variance = sigma * sigma;
        if !(sigma > 0.0 && variance > 0.0 && variance.is_finite()) {
            let remedy = "without noise x0 is x";
            return Err(refused("denoiser", "sigma above 0", sigma, remedy));
        }
        let law = |p: &Gaussian| {
            let covariance = p.covariance.plus("denoiser", variance)?;
            Gaussian::new(p.mean.clone(), covariance)
        };
        Ok(Smoothed {
            mixture: self,
            variance,
            laws: self.parts().iter().map(law).collect::<Result<_>>()?,
        })
    }
}

impl Smoothed<'_> {
    /// `ln p(x; σ)`. Panics, as the other methods: x of another length.
    pub fn log_density(&self, x: ArrayView1<f64>) -> f64 {
        log_sum(&self.logs(x)).0
    }

    /// `r`, of sum 1: the probability of each part given x.
    pub fn responsibilities(&self, x: ArrayView1<f64>) -> Vec<f64> {
        log_sum(&self.logs(x)).1
    }

    /// `D(x, σ) = E[x0 | x]: f64[n]`.
    pub fn denoise(&self, x: ArrayView1<f64>) -> Array1<f64> {
        let at = self.at(x);
        self.weighted(&at.responsibilities, at.means.iter())
    }

    /// `∇ ln p(x; σ): f64[n]`.
    pub fn score(&self, x: ArrayView1<f64>) -> Array1<f64> {
        let pulls: Vec<Array1<f64>> = self.laws.iter().map(|law| pull(law, x)).collect();
        -self.weighted(&self.responsibilities(x), pulls.iter())
    }

    /// `Cov[x0 | x] = Σ r_i (σ² C_i (C_i + σ² I)⁻¹ + (D_i - D) (D_i - D)ᵀ): f64[n, n]`.
    pub fn covariance(&self, x: ArrayView1<f64>) -> Array2<f64> {
        let at = self.at(x);
        let mean = self.weighted(&at.responsibilities, at.means.iter());
        let size = x.len();
        let own = |i: usize| {
            let mut matrix = Array2::<f64>::eye(size);
            for mut column in matrix.columns_mut() {
                let shrunk = self.shrink(i, column.view());
                column.assign(&(self.variance * shrunk));
            }
            0.5 * (&matrix + &matrix.t())
        };
        let parts = at
            .means
            .iter()
            .enumerate()
            .map(|(i, m)| (m.clone(), own(i)));
        covariance(&at.responsibilities, &mean, parts)
    }

    /// `J v` with `J = ∂D/∂x = Cov[x0 | x] / σ²: f64[n]`. J is symmetric: this is `Jᵀ v` too.
    pub fn jacobian_product(&self, x: ArrayView1<f64>, v: ArrayView1<f64>) -> Array1<f64> {
        let at = self.at(x);
        let mean = self.weighted(&at.responsibilities, at.means.iter());
        let products: Vec<Array1<f64>> = at
            .means
            .iter()
            .enumerate()
            .map(|(i, m)| {
                let away = m - &mean;
                let along = away.dot(&v) / self.variance;
                self.shrink(i, v) + along * away
            })
            .collect();
        self.weighted(&at.responsibilities, products.iter())
    }

    fn logs(&self, x: ArrayView1<f64>) -> Vec<f64> {
        let weights = self.mixture.weights().iter();
        let log = |(w, law): (&f64, &Gaussian)| w.ln() + law.log_density(x);
        weights.zip(&self.laws).map(log).collect()
    }

    fn at(&self, x: ArrayView1<f64>) -> At {
        let part = |(law, part): (&Gaussian, &Gaussian)| {
            part.mean() + &part.covariance.apply(pull(law, x).view())
        };
        let parts = self.laws.iter().zip(self.mixture.parts());
        At {
            responsibilities: self.responsibilities(x),
            means: parts.map(part).collect(),
        }
    }

    /// `C_i (C_i + σ² I)⁻¹ v`.
    fn shrink(&self, i: usize, v: ArrayView1<f64>) -> Array1<f64> {
        let solved = self.laws[i].covariance.solve(v);
        self.mixture.parts()[i].covariance.apply(solved.view())
    }

    fn weighted<'a>(
        &self,
        weights: &[f64],
        values: impl Iterator<Item = &'a Array1<f64>>,
    ) -> Array1<f64> {
        let mut sum = Array1::zeros(self.mixture.size());
        for (w, value) in weights.iter().zip(values) {
            sum.scaled_add(*w, value);
        }
        sum
    }
}

/// `g_i = (C_i + σ² I)⁻¹ (x - m_i)`.
fn pull(law: &Gaussian, x: ArrayView1<f64>) -> Array1<f64> {
    law.covariance.solve((&x - law.mean()).view())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posterior::testing::{moments, three_modes};
    use ndarray::array;

    /// Prior times N(x; x0, σ²) on a grid: density, denoiser and covariance; their Tweedie relations.
    #[test]
    fn density_mean_and_covariance_by_quadrature() {
        let mixture = three_modes();
        for sigma in [0.3, 1.0, 4.0] {
            let smoothed = mixture.smoothed(sigma).unwrap();
            for x in [array![0.4, -0.3], array![-1.0, 2.0], array![5.0, 5.0]] {
                let noise = Gaussian::isotropic(x.clone(), sigma * sigma).unwrap();
                let joint = |x0: &Array1<f64>| {
                    (mixture.log_density(x0.view()) + noise.log_density(x0.view())).exp()
                };
                let (mass, mean, covariance) = moments(joint, [0.0, 0.0], 9.0, 450);
                assert!((mass.ln() - smoothed.log_density(x.view())).abs() < 1e-8);
                let d = smoothed.denoise(x.view());
                assert!((mean - &d).iter().all(|v| v.abs() < 1e-8), "{sigma}");
                let exact = smoothed.covariance(x.view());
                assert!(
                    (covariance - exact).iter().all(|v| v.abs() < 1e-8),
                    "{sigma}"
                );
                let tweedie = (&d - &x) / (sigma * sigma);
                assert!(
                    (tweedie - smoothed.score(x.view()))
                        .iter()
                        .all(|v| v.abs() < 1e-10)
                );
            }
        }
    }

    #[test]
    fn score_and_jacobian_are_derivatives() {
        let mixture = three_modes();
        let (x, v, h) = (array![0.4, -0.3], array![0.8, -0.6], 1e-5);
        for sigma in [0.2, 1.0, 30.0] {
            let smoothed = mixture.smoothed(sigma).unwrap();
            let (up, down) = (&x + &(h * &v), &x - &(h * &v));
            let slope =
                (smoothed.log_density(up.view()) - smoothed.log_density(down.view())) / (2.0 * h);
            let score = smoothed.score(x.view());
            assert!((slope - score.dot(&v)).abs() < 1e-8 * score.dot(&score).sqrt().max(1.0));
            let change = (smoothed.denoise(up.view()) - smoothed.denoise(down.view())) / (2.0 * h);
            let product = smoothed.jacobian_product(x.view(), v.view());
            assert!(
                (&change - &product).iter().all(|d| d.abs() < 1e-7),
                "{sigma}: {change} {product}"
            );
            let dense = smoothed.covariance(x.view()).dot(&v) / (sigma * sigma);
            assert!((dense - product).iter().all(|d| d.abs() < 1e-12));
        }
    }

    /// Small noise: x itself. Large noise: the mean of the prior. Far away: finite.
    #[test]
    fn the_limits() {
        let mixture = three_modes();
        let x = array![0.4, -0.3];
        let near = mixture.smoothed(1e-6).unwrap().denoise(x.view());
        assert!((near - &x).iter().all(|v| v.abs() < 1e-10));
        let far = mixture.smoothed(1e5).unwrap().denoise(x.view());
        assert!((far - mixture.mean()).iter().all(|v| v.abs() < 1e-6));
        let away = mixture
            .smoothed(0.1)
            .unwrap()
            .score(array![1e6, -1e6].view());
        assert!(away.iter().all(|v| v.is_finite()));
        assert!(mixture.smoothed(0.0).is_err() && mixture.smoothed(f64::NAN).is_err());
    }
}
