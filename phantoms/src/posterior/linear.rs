//! A linear measurement of a Gaussian: the posterior in closed form.

use ndarray::{Array1, Array2, ArrayView1};
use rand::Rng;

use super::covariance::Covariance;
use super::dense::product;
use super::{Gaussian, Result, refused, white};

/// `y = A x + n`, `n ~ N(0, Γ)`.
#[derive(Clone, Debug)]
pub struct LinearMeasurement {
    matrix: Array2<f64>,
    noise: Covariance,
}

impl LinearMeasurement {
    /// `A: f64[m, n]` with noise of one deviation, `Γ = std² I`.
    pub fn white(matrix: Array2<f64>, noise_std: f64) -> Result<Self> {
        let noise = Covariance::isotropic("noise", matrix.nrows(), noise_std * noise_std)?;
        Self::new(matrix, noise)
    }

    /// `A: f64[m, n]` with any noise, `Γ: f64[m, m]`.
    pub fn correlated(matrix: Array2<f64>, noise_covariance: Array2<f64>) -> Result<Self> {
        let noise = Covariance::dense("noise", noise_covariance)?;
        Self::new(matrix, noise)
    }

    fn new(matrix: Array2<f64>, noise: Covariance) -> Result<Self> {
        let finite = matrix.iter().all(|v| v.is_finite());
        if matrix.nrows() == noise.size() && !matrix.is_empty() && finite {
            return Ok(LinearMeasurement { matrix, noise });
        }
        Err(refused(
            "measurement",
            format!("a finite matrix of {} rows as the noise has", noise.size()),
            format!("{} x {}", matrix.nrows(), matrix.ncols()),
            "give one row a measurement",
        ))
    }

    /// `A`.
    pub fn matrix(&self) -> &Array2<f64> {
        &self.matrix
    }

    /// `Γ`.
    pub fn noise_covariance(&self) -> Array2<f64> {
        self.noise.matrix()
    }

    /// `A x + n`: `f64[m]`. Panics: x of another length.
    pub fn measure<R: Rng>(&self, x: ArrayView1<f64>, rng: &mut R) -> Array1<f64> {
        self.matrix.dot(&x) + self.noise.root(white(self.matrix.nrows(), rng).view())
    }
}

/// `p(x | y)` of a Gaussian prior `N(m, C)`: `N(μ, C - K A C)`, `μ = m + K (y - A m)`,
/// `K = C Aᵀ S⁻¹`, `S = A C Aᵀ + Γ`.
///
/// Only S is factored, m by m: the prior may have many dimensions if it is isotropic.
#[derive(Clone, Debug)]
pub struct LinearPosterior<'a> {
    prior: &'a Gaussian,
    measurement: &'a LinearMeasurement,
    data: Array1<f64>,
    /// `C Aᵀ`.
    across: Array2<f64>,
    /// `N(A m, S)`: the law of the data.
    law: Gaussian,
}

impl Gaussian {
    /// The posterior given data `y: f64[m]`. Errors: sizes that do not fit.
    pub fn posterior<'a>(
        &'a self,
        measurement: &'a LinearMeasurement,
        data: ArrayView1<f64>,
    ) -> Result<LinearPosterior<'a>> {
        let (m, n) = measurement.matrix.dim();
        if n != self.size() || m != data.len() || data.iter().any(|v| !v.is_finite()) {
            return Err(refused(
                "posterior",
                format!("{m} finite data and a prior of {n} values, as the measurement has"),
                format!("{} and {}", data.len(), self.size()),
                "measure a draw of this prior",
            ));
        }
        let across = self.covariance.times(measurement.matrix.t());
        let s = product(&measurement.matrix, across.view()) + measurement.noise.matrix();
        // Symmetric to the bit, not to rounding.
        let s = 0.5 * (&s + &s.t());
        let law = Gaussian::dense(measurement.matrix.dot(&self.mean), s)?;
        Ok(LinearPosterior {
            prior: self,
            measurement,
            data: data.to_owned(),
            across,
            law,
        })
    }
}

impl LinearPosterior<'_> {
    /// `K r`.
    fn gain(&self, residual: ArrayView1<f64>) -> Array1<f64> {
        self.across.dot(&self.law.covariance.solve(residual))
    }

    /// `μ: f64[n]`.
    pub fn mean(&self) -> Array1<f64> {
        let residual = &self.data - &self.law.mean;
        &self.prior.mean + &self.gain(residual.view())
    }

    /// `C - K A C: f64[n, n]`.
    pub fn covariance(&self) -> Array2<f64> {
        let mut covariance = self.prior.covariance();
        for (j, mut column) in covariance.columns_mut().into_iter().enumerate() {
            column -= &self.gain(self.across.row(j));
        }
        0.5 * (&covariance + &covariance.t())
    }

    /// An exact draw, by Matheron's rule: a draw of the prior and of its noise, corrected as if it
    /// were the mean, `x + K (y - A x - n)`.
    pub fn draw<R: Rng>(&self, rng: &mut R) -> Array1<f64> {
        let x = self.prior.draw(rng);
        let measured = self.measurement.measure(x.view(), rng);
        let correction = self.gain((&self.data - &measured).view());
        x + correction
    }

    /// `ln p(y) = ln N(y; A m, S)`.
    pub fn log_evidence(&self) -> f64 {
        self.law.log_density(self.data.view())
    }

    /// The posterior as a Gaussian of its own. Errors: a covariance that rounding has made singular
    /// (data that are exact but for 1e-8 of the prior).
    pub fn to_gaussian(&self) -> Result<Gaussian> {
        Gaussian::dense(self.mean(), self.covariance())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posterior::dense::Cholesky;
    use crate::posterior::testing::{assert_moments, moments};
    use ndarray::array;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn plane() -> Gaussian {
        Gaussian::dense(array![1.0, -2.0], array![[2.0, 0.9], [0.9, 0.8]]).unwrap()
    }

    /// Prior times likelihood on a grid of the plane; one measurement and two correlated ones.
    #[test]
    fn mean_covariance_and_evidence_by_quadrature() {
        let prior = plane();
        let noise = array![[0.3, 0.1], [0.1, 0.2]];
        for measurement in [
            LinearMeasurement::white(array![[0.7, -1.1]], 0.4).unwrap(),
            LinearMeasurement::correlated(array![[0.7, -1.1], [1.0, 0.2]], noise).unwrap(),
        ] {
            let y =
                measurement.measure(array![2.0, -1.0].view(), &mut ChaCha8Rng::seed_from_u64(2));
            let posterior = prior.posterior(&measurement, y.view()).unwrap();
            let likelihood =
                Gaussian::new(Array1::zeros(y.len()), measurement.noise.clone()).unwrap();
            let density = |x: &Array1<f64>| {
                let residual = &y - &measurement.matrix().dot(x);
                (prior.log_density(x.view()) + likelihood.log_density(residual.view())).exp()
            };
            let (mass, mean, covariance) = moments(density, [1.0, -2.0], 9.0, 360);
            assert!((mass.ln() - posterior.log_evidence()).abs() < 1e-8);
            assert!((mean - posterior.mean()).iter().all(|v| v.abs() < 1e-8));
            assert!(
                (covariance - posterior.covariance())
                    .iter()
                    .all(|v| v.abs() < 1e-8)
            );
        }
    }

    /// In information form: `(C⁻¹ + Aᵀ Γ⁻¹ A)⁻¹`, 30 values of 12 measurements.
    #[test]
    fn the_covariance_is_the_inverse_of_the_information() {
        let (n, m) = (30, 12);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let a = white(m * n, &mut rng)
            .into_shape_with_order((m, n))
            .unwrap();
        let g = white(n * n, &mut rng)
            .into_shape_with_order((n, n))
            .unwrap();
        let c = g.dot(&g.t()) / n as f64 + 0.1 * Array2::<f64>::eye(n);
        let prior = Gaussian::dense(white(n, &mut rng), c.clone()).unwrap();
        let measurement = LinearMeasurement::white(a.clone(), 0.5).unwrap();
        let y = measurement.measure(prior.draw(&mut rng).view(), &mut rng);
        let posterior = prior.posterior(&measurement, y.view()).unwrap();
        let factor = Cholesky::of("test", &c).unwrap();
        let mut information = a.t().dot(&a) / 0.25;
        for (i, mut column) in information.columns_mut().into_iter().enumerate() {
            column += &factor.solve(Array2::<f64>::eye(n).row(i));
        }
        let product = information.dot(&posterior.covariance());
        assert!(
            (product - Array2::<f64>::eye(n))
                .iter()
                .all(|v| v.abs() < 1e-8)
        );
        // The gradient of -ln p(x | y) vanishes at the mean.
        let mean = posterior.mean();
        let gradient =
            factor.solve((&mean - prior.mean()).view()) - a.t().dot(&(&y - &a.dot(&mean))) / 0.25;
        assert!(gradient.iter().all(|v| v.abs() < 1e-8));
        assert!(posterior.to_gaussian().is_ok());
    }

    #[test]
    fn matheron_draws_follow_the_posterior() {
        let prior = plane();
        let measurement = LinearMeasurement::white(array![[1.5, 0.3]], 1.0).unwrap();
        let posterior = prior.posterior(&measurement, array![3.0].view()).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let draws: Vec<_> = (0..40_000).map(|_| posterior.draw(&mut rng)).collect();
        assert_moments(&draws, &posterior.mean(), &posterior.covariance());
    }

    #[test]
    fn an_isotropic_prior_of_many_dimensions_needs_no_large_factor() {
        let n = 5000;
        let prior = Gaussian::isotropic(Array1::zeros(n), 4.0).unwrap();
        let a = Array2::from_shape_fn((1, n), |(_, i)| if i == 7 { 1.0 } else { 0.0 });
        let measurement = LinearMeasurement::white(a, 1.0).unwrap();
        let posterior = prior.posterior(&measurement, array![5.0].view()).unwrap();
        let mean = posterior.mean();
        assert!((mean[7] - 4.0).abs() < 1e-12 && mean[8] == 0.0);
        assert_eq!(posterior.draw(&mut ChaCha8Rng::seed_from_u64(1)).len(), n);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        assert!(LinearMeasurement::correlated(Array2::eye(2), Array2::eye(3)).is_err());
        assert!(LinearMeasurement::white(Array2::eye(2), 0.0).is_err());
        let measurement = LinearMeasurement::white(array![[1.0, 0.0, 0.0]], 1.0).unwrap();
        let error = plane()
            .posterior(&measurement, array![1.0].view())
            .unwrap_err()
            .to_string();
        assert!(error.contains("prior of 3 values"), "{error}");
    }
}
