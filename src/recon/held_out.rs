//! A slice without a part of its measurements: how far samples spread and err there, which needs no truth.

use super::study::Slice;
use crate::score::Channels;
use operators::likelihood::{Gaussian, Likelihood};
use operators::{Chain, LinearOperator, Result};

/// A slice without some of its measurements, and those.
pub(super) struct HeldOut<'a, T: Clone + 'static> {
    /// The rest, as a slice of its own.
    pub(super) slice: Box<dyn Slice<T> + 'a>,
    /// What was left out.
    pub(super) left_out: LeftOut<T>,
}

/// Measurements that samples were not given.
pub(super) struct LeftOut<T> {
    /// The forward model of all measurements.
    pub(super) operator: Chain<T>,
    /// Those that were left out.
    pub(super) likelihood: Gaussian<T>,
}

impl<T: Channels> LeftOut<T> {
    /// Spread over error of samples `x` that were drawn without these measurements: 1 is calibrated.
    ///
    /// With the predictions `f_i = A x_i` of n samples and their mean `f`, whitened, on m real measurements `y`:
    /// of a calibrated posterior `E ‖y - f‖² = m + (1 + 1/n) Σ var f`, so that the ratio is the root of
    /// `(1 + 1/n) Σ var f / (‖y - f‖² - m)`. Nothing where the error is lost in the noise, by four of its deviations.
    pub(super) fn spread_over_error(&self, x: &T) -> Result<Option<f64>> {
        let f = self.operator.forward(x)?;
        let (n, m) = (f.batch(), self.likelihood.measurements());
        let mean = batch_mean(&f);
        let error = self.likelihood.misfit(&mean)[0] - 1.0;
        if n < 2 || error < 4.0 * (2.0 / m).sqrt() {
            return Ok(None);
        }
        let apart = f.minus(&mean.repeat(n));
        let whitened = self.likelihood.precision(&f, &apart)?;
        let spread = apart.dot(&whitened).iter().sum::<f64>() / ((n - 1) as f64 * m);
        Ok(Some(((1.0 + 1.0 / n as f64) * spread / error).sqrt()))
    }
}

/// The mean over the batch.
pub(super) fn batch_mean<T: Channels>(samples: &T) -> T {
    let n = samples.batch();
    let mut sum = samples.items(0, 1);
    for i in 1..n {
        sum.axpy(&[1.0], &samples.items(i, i + 1));
    }
    sum.scaled(1.0 / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use operators::mri::sense;
    use operators::{Array, Field, Host, SliceRng, Vector};

    const N: usize = 48;
    type Image = Host<f32>;

    /// Truth and samples of one law but for the width of the samples; every third column was left out.
    fn ratio(width: f64, noise: f64) -> Option<f64> {
        let ones = vec![[1.0, 0.0]; 2 * N * N].concat();
        let weights = |f: &dyn Fn(usize) -> bool| {
            let values = (0..N * N)
                .map(|i| f64::from(u8::from(f(i))))
                .collect::<Vec<_>>();
            Image::from_reals(&(), &[1, N, N], Field::Real, &values)
        };
        let mask = weights(&|i| (i % N) % 3 != 1);
        let maps = Image::from_reals(&(), &[1, 2, N, N], Field::Complex, &ones);
        let operator = sense(maps, mask).unwrap();
        let draw = |seed, count: u32| {
            let blank = Image::zeros(&[count as usize, N, N], Field::Complex);
            blank.normal_like(&mut SliceRng::samples(seed, 0, count))
        };
        let z = operator.forward(&draw(1, 1)).unwrap();
        let y = {
            let support = weights(&|i| (i % N) % 3 != 1);
            let clean = Gaussian::new(z.zeros_like(), noise, support).unwrap();
            clean.simulate(&z, &mut SliceRng::samples(2, 0, 1)).unwrap()
        };
        let support = weights(&|i| (i % N).is_multiple_of(3));
        let likelihood = Gaussian::new(y, noise, support).unwrap();
        let left_out = LeftOut {
            operator,
            likelihood,
        };
        left_out
            .spread_over_error(&draw(3, 4).scaled(width))
            .unwrap()
    }

    #[test]
    fn samples_of_the_law_of_the_truth_are_calibrated() {
        for noise in [0.01, 0.5, 2.0] {
            let found = ratio(1.0, noise).unwrap();
            assert!((found - 1.0).abs() < 0.1, "noise {noise}: {found}");
        }
    }

    /// Samples of width w about 0: the error of their mean is `√(1 + w²/n)`.
    #[test]
    fn samples_that_are_too_sure_or_too_wide_are_told() {
        for width in [0.3, 2.0f64] {
            let expected = width * (1.25f64 / (1.0 + width * width / 4.0)).sqrt();
            let found = ratio(width, 0.3).unwrap();
            assert!(
                (found / expected - 1.0).abs() < 0.1,
                "{width}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn of_noise_alone_nothing_is_told() {
        assert_eq!(ratio(1.0, 300.0), None);
    }
}
