//! White Gaussian noise of k-space or of any other linear measurement.

use super::Likelihood;
use crate::{Array, Error, Result, SliceRng, Vector};

/// `-log p(y | z) = ‖y - z‖² / (2 σ²)`: Gaussian noise with deviation σ per real component.
///
/// Whitened complex k-space has σ = 1. `support` is `Real[1, …]` over the trailing axes, 1 where
/// something was measured and 0 elsewhere; there `y` and `z` are zero.
pub struct Gaussian<T> {
    y: T,
    sigma: f64,
    support: T,
    measurements: f64,
}

impl<T: Array> Gaussian<T> {
    /// From the measurement (batch 1 or one an item), its deviation and its support.
    ///
    /// Errors: σ not positive, nothing measured, data that are not finite.
    pub fn new(y: T, sigma: f64, support: T) -> Result<Self> {
        let parameter = |what, expected, got: String| Error::Parameter {
            what,
            expected,
            got,
        };
        if !(sigma.is_finite() && sigma > 0.0) {
            return Err(parameter(
                "noise deviation",
                "a positive number",
                sigma.to_string(),
            ));
        }
        if let Some(item) = y.finite().iter().position(|f| !f) {
            return Err(Error::NonFinite {
                what: "the measurement",
                item,
            });
        }
        let measured = support.to_reals().iter().filter(|w| **w > 0.0).count();
        if measured == 0 {
            return Err(parameter(
                "support",
                "at least one measured sample",
                "none".into(),
            ));
        }
        let repeats = Vector::reals(&y) / Vector::reals(&support);
        let y = y.weighted(&support);
        Ok(Gaussian {
            y,
            sigma,
            support,
            measurements: (measured * repeats) as f64,
        })
    }

    /// Real numbers measured.
    pub fn measurements(&self) -> f64 {
        self.measurements
    }

    fn difference(&self, z: &T) -> T {
        self.measured(z.batch()).minus(z).weighted(&self.support)
    }

    /// `y`, as often as the batch asks.
    pub fn measured(&self, batch: usize) -> T {
        if self.y.batch() == batch {
            self.y.clone()
        } else {
            self.y.repeat(batch)
        }
    }

    /// Noise `n ~ N(0, σ²)` on the support.
    pub fn noise(&self, like: &T, rng: &mut SliceRng) -> T {
        let mut n = like.normal_like(rng).weighted(&self.support);
        n.scale(&[self.sigma]);
        n
    }
}

impl<T: Array> Likelihood<T> for Gaussian<T> {
    fn nll(&self, z: &T) -> Vec<f64> {
        let r = self.difference(z);
        r.dot(&r)
            .iter()
            .map(|rr| rr / (2.0 * self.sigma.powi(2)))
            .collect()
    }

    fn gradient(&self, z: &T) -> Result<T> {
        Ok(self.difference(z).scaled(-1.0 / self.sigma.powi(2)))
    }

    fn residual(&self, z: &T) -> Result<T> {
        Ok(self.difference(z))
    }

    fn precision(&self, _: &T, v: &T) -> Result<T> {
        Ok(v.weighted(&self.support).scaled(1.0 / self.sigma.powi(2)))
    }

    fn gradient_noise(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        Ok(self.noise(z, rng).scaled(1.0 / self.sigma.powi(2)))
    }

    fn simulate(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        let mut y = z.weighted(&self.support);
        y.axpy(&[1.0], &self.noise(z, rng));
        Ok(y)
    }

    fn misfit(&self, z: &T) -> Vec<f64> {
        self.nll(z)
            .iter()
            .map(|nll| 2.0 * nll / self.measurements)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;
    use crate::check::gradient_gap;
    use crate::testing::{Backend, assert_items_alone, for_each_backend};

    fn support<T: Array>(b: &Backend<T>, rows: usize, columns: usize) -> T {
        let ones: Vec<f64> = b
            .mask(rows, columns, 3)
            .to_reals()
            .iter()
            .map(|w| f64::from(*w > 0.0))
            .collect();
        T::from_reals(&b.device, &[1, rows, columns], Field::Real, &ones)
    }

    fn the_gradient_is_the_slope<T: Array>(b: Backend<T>) {
        let y = b.random(&[1, 3, 7, 9], Field::Complex, 1);
        let noise = Gaussian::new(y, 0.3, support(&b, 7, 9)).unwrap();
        let z = b.random(&[2, 3, 7, 9], Field::Complex, 2);
        let v = b.random(&[2, 3, 7, 9], Field::Complex, 4);
        let g = noise.gradient(&z).unwrap();
        let (h, limit) = if b.tolerance < 1e-9 {
            (1e-4, 1e-8)
        } else {
            (0.1, 1e-4)
        };
        let gap = gradient_gap(|z| noise.nll(z), &g, &z, &v, h);
        assert!(gap < limit, "{gap:.1e}");
    }
    for_each_backend!(gradient, the_gradient_is_the_slope);

    fn the_truth_has_misfit_one<T: Array>(b: Backend<T>) {
        let z = b.random(&[1, 4, 64, 65], Field::Complex, 2);
        let blank = Gaussian::new(z.zeros_like(), 0.3, support(&b, 64, 65)).unwrap();
        let y = blank.simulate(&z, &mut SliceRng::samples(9, 0, 1)).unwrap();
        let noise = Gaussian::new(y, 0.3, support(&b, 64, 65)).unwrap();
        let chi = noise.misfit(&z)[0];
        // The deviation of chi-square over m reals is √(2/m).
        let band = 5.0 * (2.0 / noise.measurements()).sqrt();
        assert!((chi - 1.0).abs() < band, "{chi} not 1 within {band}");
        let wrong = noise.misfit(&z.scaled(1.1))[0];
        assert!(wrong > 1.0 + band, "{wrong}");
    }
    for_each_backend!(chi_square, the_truth_has_misfit_one);

    /// Real measurements, white: an inpainted or blurred image.
    fn real_measurements_have_one_real_each<T: Array>(b: Backend<T>) {
        let z = b.random(&[1, 64, 65], Field::Real, 2);
        let sampled = || support(&b, 64, 65);
        let blank = Gaussian::new(z.zeros_like(), 0.3, sampled()).unwrap();
        let y = blank.simulate(&z, &mut SliceRng::samples(9, 0, 1)).unwrap();
        let noise = Gaussian::new(y, 0.3, sampled()).unwrap();
        let ones: f64 = sampled().to_reals().iter().sum();
        assert_eq!(noise.measurements(), ones);
        let chi = noise.misfit(&z)[0];
        let band = 4.0 * (2.0 / ones).sqrt();
        assert!((chi - 1.0).abs() < band, "{chi} not 1 within {band}");

        let z = b.random(&[3, 64, 65], Field::Real, 4);
        assert_items_alone(&noise, &z);
        let g = noise.gradient(&z).unwrap();
        let (h, limit) = if b.tolerance < 1e-9 {
            (1e-4, 1e-6)
        } else {
            (0.1, 1e-3)
        };
        let unit = g.scaled(1.0 / g.norm()[0]);
        let gap = gradient_gap(|z| noise.nll(z), &g, &z, &unit, h);
        assert!(gap < limit, "{gap:.1e}");
        // The noise of the gradient has the information as its variance.
        let drawn = noise.gradient_noise(&z, &mut SliceRng::samples(5, 0, 3));
        let n = drawn.unwrap();
        let ratio = n.dot(&n)[0] / (ones / 0.09);
        assert!((ratio - 1.0).abs() < band, "{ratio} not 1 within {band}");
    }
    for_each_backend!(real, real_measurements_have_one_real_each);
}
