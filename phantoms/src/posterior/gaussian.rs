//! A Gaussian in a few dimensions, or an isotropic one in many.

use std::f64::consts::TAU;

use ndarray::{Array1, Array2, ArrayView1};
use rand::Rng;

use super::covariance::Covariance;
use super::{Result, refused, white};

/// `N(m, C)`.
#[derive(Clone, Debug)]
pub struct Gaussian {
    pub(super) mean: Array1<f64>,
    pub(super) covariance: Covariance,
}

impl Gaussian {
    /// `N(m, variance I)`, of any size. Errors: a variance that is not above 0; an infinite mean.
    pub fn isotropic(mean: Array1<f64>, variance: f64) -> Result<Self> {
        let covariance = Covariance::isotropic("Gaussian", mean.len(), variance)?;
        Self::new(mean, covariance)
    }

    /// `N(m, C)` with `C: f64[n, n]`, n some hundreds at most (it is factored, n³ / 3).
    ///
    /// Errors: what is not symmetric and positive definite; a mean of another length.
    pub fn dense(mean: Array1<f64>, covariance: Array2<f64>) -> Result<Self> {
        let covariance = Covariance::dense("Gaussian", covariance)?;
        Self::new(mean, covariance)
    }

    pub(super) fn new(mean: Array1<f64>, covariance: Covariance) -> Result<Self> {
        let size = covariance.size();
        if mean.len() != size || mean.is_empty() || mean.iter().any(|v| !v.is_finite()) {
            return Err(refused(
                "Gaussian",
                format!("a mean of {} finite values", size.max(1)),
                format!("{} values", mean.len()),
                "give one value a row of the covariance",
            ));
        }
        Ok(Gaussian { mean, covariance })
    }

    /// n.
    pub fn size(&self) -> usize {
        self.mean.len()
    }

    /// `m: f64[n]`.
    pub fn mean(&self) -> &Array1<f64> {
        &self.mean
    }

    /// `C: f64[n, n]`.
    pub fn covariance(&self) -> Array2<f64> {
        self.covariance.matrix()
    }

    /// `m + L n`: `f64[n]`.
    pub fn draw<R: Rng>(&self, rng: &mut R) -> Array1<f64> {
        &self.mean + &self.covariance.root(white(self.size(), rng).view())
    }

    /// `ln N(x; m, C)`. Panics: x of another length.
    pub fn log_density(&self, x: ArrayView1<f64>) -> f64 {
        let d = &x - &self.mean;
        let square = d.dot(&self.covariance.solve(d.view()));
        -0.5 * (square + self.covariance.ln_det() + self.size() as f64 * TAU.ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posterior::testing::{assert_moments, moments};
    use ndarray::array;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn plane() -> Gaussian {
        Gaussian::dense(array![1.0, -2.0], array![[2.0, 0.9], [0.9, 0.8]]).unwrap()
    }

    #[test]
    fn the_density_has_its_moments() {
        let g = plane();
        let (mass, mean, covariance) =
            moments(|x| g.log_density(x.view()).exp(), [1.0, -2.0], 10.0, 400);
        assert!((mass - 1.0).abs() < 1e-9);
        assert!((mean - g.mean()).iter().all(|v| v.abs() < 1e-9));
        assert!((covariance - g.covariance()).iter().all(|v| v.abs() < 1e-9));
    }

    #[test]
    fn draws_have_the_moments() {
        let g = plane();
        let draw = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            (0..40_000).map(|_| g.draw(&mut rng)).collect::<Vec<_>>()
        };
        let draws = draw(1);
        assert_moments(&draws, g.mean(), &g.covariance());
        assert_eq!(draws[..9], draw(1)[..9]);
    }

    #[test]
    fn a_mean_of_another_length_is_refused() {
        let error = Gaussian::dense(array![1.0], Array2::eye(2))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("mean of 2 finite values, got 1 values"),
            "{error}"
        );
        assert!(Gaussian::isotropic(array![f64::NAN], 1.0).is_err());
        assert!(Gaussian::isotropic(Array1::zeros(0), 1.0).is_err());
    }
}
