//! Gaussian noise of one known deviation a measurement: weighted least squares of line integrals.

use super::Likelihood;
use crate::{Array, Error, Result, SliceRng};

/// `-log p(y | z) = ½ Σ w (y - z)²` with the precisions `w` of the measurements, 0 where nothing
/// was measured.
///
/// For a transmission scan with counts N, background s and electronic noise σ_e the post-log data
/// `p = ln(I0 / (N - s))` have `w = (N - s)² / (N + σ_e²)` (Sauer and Bouman 1993).
pub struct WeightedGaussian<T> {
    y: T,
    w: T,
    root: T,
    measurements: f64,
}

impl<T: Array> WeightedGaussian<T> {
    /// From the measurement (batch 1 or one an item) and its precisions, `Real[1, …]`.
    ///
    /// Errors: a measurement or precision that is not finite, a negative precision, none above 0.
    pub fn new(y: T, w: T) -> Result<Self> {
        if let Some(item) = y.finite().iter().position(|finite| !finite) {
            return Err(Error::NonFinite {
                what: "the measurement",
                item,
            });
        }
        let precisions = w.to_reals();
        if let Some(bad) = precisions.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return Err(Error::Parameter {
                what: "precision of a measurement",
                expected: "a number that is not negative",
                got: bad.to_string(),
            });
        }
        let measured = precisions.iter().filter(|w| **w > 0.0).count();
        if measured == 0 {
            return Err(Error::Parameter {
                what: "precisions",
                expected: "at least one above 0",
                got: "none".into(),
            });
        }
        let root = w.elementwise(&[], &|w, _| w.sqrt());
        let y = y.elementwise(&[&w], &|y, w| if w[0] > 0.0 { y } else { 0.0 });
        Ok(WeightedGaussian {
            y,
            w,
            root,
            measurements: measured as f64,
        })
    }

    /// Real numbers measured.
    pub fn measurements(&self) -> f64 {
        self.measurements
    }

    fn difference(&self, z: &T) -> T {
        match self.y.batch() == z.batch() {
            true => self.y.minus(z),
            false => self.y.repeat(z.batch()).minus(z),
        }
    }
}

impl<T: Array> Likelihood<T> for WeightedGaussian<T> {
    fn nll(&self, z: &T) -> Vec<f64> {
        let r = self.difference(z).weighted(&self.root);
        r.dot(&r).iter().map(|rr| 0.5 * rr).collect()
    }

    fn gradient(&self, z: &T) -> Result<T> {
        Ok(self.difference(z).weighted(&self.w).scaled(-1.0))
    }

    fn residual(&self, z: &T) -> Result<T> {
        let measured = self.root.elementwise(&[], &|r, _| f64::from(r > 0.0));
        Ok(self.difference(z).weighted(&measured))
    }

    fn precision(&self, _: &T, v: &T) -> Result<T> {
        Ok(v.weighted(&self.w))
    }

    fn gradient_noise(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        Ok(z.normal_like(rng).weighted(&self.root))
    }

    fn simulate(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        let noise = z.normal_like(rng);
        let deviation = self
            .root
            .elementwise(&[], &|r, _| if r > 0.0 { 1.0 / r } else { 0.0 });
        let support = self.root.elementwise(&[], &|r, _| f64::from(r > 0.0));
        let mut y = z.weighted(&support);
        y.axpy(&[1.0], &noise.weighted(&deviation));
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
    use crate::check::gradient_gap;
    use crate::testing::{Backend, for_each_backend};
    use crate::{Field, Host, Vector};

    fn weights<T: Array>(b: &Backend<T>) -> T {
        b.random(&[1, 20, 31], Field::Real, 5)
            .elementwise(&[], &|w, _| if w < -1.0 { 0.0 } else { 4.0 + w })
    }

    fn the_gradient_is_the_slope<T: Array>(b: Backend<T>) {
        let y = b.random(&[1, 20, 31], Field::Real, 1);
        let noise = WeightedGaussian::new(y, weights(&b)).unwrap();
        let z = b.random(&[2, 20, 31], Field::Real, 2);
        let v = b.random(&[2, 20, 31], Field::Real, 3);
        let g = noise.gradient(&z).unwrap();
        let (h, limit) = if b.tolerance < 1e-9 {
            (1e-4, 1e-8)
        } else {
            (0.1, 1e-3)
        };
        let gap = gradient_gap(|z| noise.nll(z), &g, &z, &v, h);
        assert!(gap < limit, "{gap:.1e}");
    }
    for_each_backend!(gradient, the_gradient_is_the_slope);

    #[test]
    fn the_truth_has_misfit_one_and_a_shift_has_not() {
        let b = Backend::host_f64();
        let z = b.random(&[1, 200, 310], Field::Real, 2);
        let w = b
            .random(&[1, 200, 310], Field::Real, 5)
            .elementwise(&[], &|w, _| if w < -1.0 { 0.0 } else { 40.0 + w });
        let blank = WeightedGaussian::new(z.zeros_like(), w.clone()).unwrap();
        let y = blank.simulate(&z, &mut SliceRng::samples(9, 0, 1)).unwrap();
        let noise = WeightedGaussian::new(y, w).unwrap();
        let band = 5.0 * (2.0 / noise.measurements()).sqrt();
        assert!((noise.misfit(&z)[0] - 1.0).abs() < band);
        assert!(noise.misfit(&z.scaled(1.1))[0] > 1.0 + band);
    }

    #[test]
    fn every_item_has_its_own_measurement() {
        let b = Backend::host_f64();
        let (y, w) = (b.random(&[2, 20, 31], Field::Real, 1), weights(&b));
        let z = b.random(&[2, 20, 31], Field::Real, 2);
        let both = WeightedGaussian::new(y.clone(), w.clone())
            .unwrap()
            .misfit(&z);
        for (i, misfit) in both.into_iter().enumerate() {
            let alone = WeightedGaussian::new(y.items(i, i + 1), w.clone()).unwrap();
            assert_eq!(alone.misfit(&z.items(i, i + 1)), [misfit]);
        }
        let spoilt = y.elementwise(&[], &|y, _| 1.0 / (y - y));
        assert!(WeightedGaussian::new(spoilt, w).is_err());
    }

    /// The noise of perturb-and-MAP has the covariance that CG is told.
    #[test]
    fn the_noise_of_the_gradient_has_the_precisions_for_its_variance() {
        let b = Backend::host_f64();
        let w = weights(&b);
        let noise = WeightedGaussian::new(b.random(&[1, 20, 31], Field::Real, 1), w.clone());
        let (noise, draws) = (noise.unwrap(), 4000);
        let z = Host::<f64>::zeros(&[draws, 20, 31], Field::Real);
        let mut rng = SliceRng::samples(3, 0, draws as u32);
        let drawn = noise.gradient_noise(&z, &mut rng).unwrap().to_reals();
        let (mut pooled, mut measured) = (0.0, 0.0);
        for (i, w) in w.reals().iter().enumerate() {
            let sum: f64 = drawn.iter().skip(i).step_by(620).map(|g| g * g).sum();
            match *w > 0.0 {
                true => (pooled, measured) = (pooled + sum / w, measured + draws as f64),
                false => assert_eq!(sum, 0.0),
            }
        }
        let off = (pooled / measured - 1.0) / (2.0 / measured).sqrt();
        assert!(off.abs() < 4.0, "variance off by {off:.2} standard errors");
    }

    #[test]
    fn what_was_not_measured_says_nothing() {
        let b = Backend::host_f64();
        let w = weights(&b);
        let y = b.random(&[1, 20, 31], Field::Real, 1);
        let mut spoilt = y.clone();
        for (y, w) in spoilt.reals_mut().iter_mut().zip(w.reals()) {
            if *w == 0.0 {
                *y = 1e9;
            }
        }
        let z = b.random(&[1, 20, 31], Field::Real, 2);
        let clean = WeightedGaussian::new(y, w.clone()).unwrap();
        let noise = WeightedGaussian::new(spoilt, w).unwrap();
        assert_eq!(noise.nll(&z), clean.nll(&z));
        let negative = b.random(&[1, 20, 31], Field::Real, 1);
        assert!(WeightedGaussian::new(negative.clone(), negative).is_err());
    }
}
