//! Resampling by two with a separable smoothing filter.
//!
//! With `K = f fᵀ / (Σ f)²` of side `n` and `p = n − 2`: halving is `(K ∗ x)[2i]` with `⌈p/2⌉` zeros
//! before and `⌊p/2⌋` after; doubling is `4 K ∗ (x with zeros between)`, Karras 2020.

use super::{NetworkError, check_count};
use tch::{Device, Kind, Tensor};

/// The filter of a network's resampling.
#[derive(Debug)]
pub(super) struct Fir {
    /// `[1, 1, n, n]`, sum one.
    kernel: Tensor,
}

impl Fir {
    /// From the one-dimensional filter `f`.
    pub(super) fn new(f: &[f64], kind: Kind, device: Device) -> Self {
        let f = Tensor::from_slice(f);
        let sum = f.sum(Kind::Double);
        let kernel = f.outer(&f) / sum.square();
        Fir::from_kernel(
            kernel
                .unsqueeze(0)
                .unsqueeze(0)
                .to_kind(kind)
                .to_device(device),
        )
    }

    /// From `K` itself, `[1, 1, n, n]`.
    pub(super) fn from_kernel(kernel: Tensor) -> Self {
        Fir { kernel }
    }

    /// Refuses filters that have no length, or no sum to divide by.
    pub(super) fn check(f: &[f64]) -> Result<(), NetworkError> {
        check_count(
            "the number of taps of the resampling filter",
            f.len() as i64 - 1,
            15,
        )?;
        if f.iter().all(|v| v.is_finite()) && f.iter().sum::<f64>().abs() > 1e-6 {
            return Ok(());
        }
        Err(NetworkError::Options(
            "the resampling filter's sum is zero or no number".into(),
        ))
    }

    /// `K` itself, `[1, 1, n, n]`.
    pub(super) fn into_kernel(self) -> Tensor {
        self.kernel
    }

    /// `n`.
    pub(super) fn taps(&self) -> i64 {
        self.kernel.size()[2]
    }

    /// The same filter for every channel: channels become items.
    fn per_channel(&self, x: &Tensor, f: impl Fn(&Tensor) -> Tensor) -> Tensor {
        let size = x.size();
        let y = f(&x.reshape([size[0] * size[1], 1, size[2], size[3]]));
        let (rows, columns) = (y.size()[2], y.size()[3]);
        y.reshape([size[0], size[1], rows, columns])
    }

    /// Smooths without taking pixels away: `before` and `after` zeros on each axis.
    pub(super) fn smooth(&self, x: &Tensor, before: i64, after: i64) -> Tensor {
        self.correlate(x, before, after, 1)
    }

    /// `[…, Y, X] → […, Y/2, X/2]`.
    pub(super) fn halve(&self, x: &Tensor) -> Tensor {
        let p = self.taps() - 2;
        self.correlate(x, (p + 1) / 2, p / 2, 2)
    }

    /// Every second pixel whose neighbourhood lies inside the image.
    pub(super) fn halve_inside(&self, x: &Tensor) -> Tensor {
        self.correlate(x, 0, 0, 2)
    }

    fn correlate(&self, x: &Tensor, before: i64, after: i64, stride: i64) -> Tensor {
        // A convolution turns the filter round.
        let kernel = self.kernel.flip([2, 3]);
        self.per_channel(x, |x| {
            let (padded, p) = if before == after {
                (x.shallow_clone(), before)
            } else {
                (x.constant_pad_nd([before, after, before, after]), 0)
            };
            padded.conv2d(&kernel, None::<&Tensor>, [stride; 2], [p; 2], [1, 1], 1)
        })
    }

    /// `[…, Y, X] → […, 2Y, 2X]`.
    pub(super) fn double(&self, x: &Tensor) -> Tensor {
        let n = self.taps();
        let start = n - 2 - (n - 1) / 2;
        let kernel = &self.kernel * 4.0;
        let (rows, columns) = (2 * x.size()[2], 2 * x.size()[3]);
        self.per_channel(x, |x| {
            let whole =
                x.conv_transpose2d(&kernel, None::<&Tensor>, [2, 2], [0, 0], [0, 0], 1, [1, 1]);
            whole.narrow(2, start, rows).narrow(3, start, columns)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(rows: i64, columns: i64) -> Tensor {
        Tensor::arange(6 * rows * columns, (Kind::Double, Device::Cpu))
            .sin()
            .reshape([2, 3, rows, columns])
    }

    fn dot(a: &Tensor, b: &Tensor) -> f64 {
        (a * b).sum(Kind::Double).double_value(&[])
    }

    #[test]
    fn doubling_is_four_times_the_adjoint_of_halving_for_even_symmetric_filters() {
        for f in [
            &[1.0, 1.0][..],
            &[1.0, 3.0, 3.0, 1.0],
            &[1.0, 2.0, 5.0, 5.0, 2.0, 1.0],
        ] {
            let fir = Fir::new(f, Kind::Double, Device::Cpu);
            let (x, y) = (image(6, 10), image(3, 5));
            let (left, right) = (4.0 * dot(&fir.halve(&x), &y), dot(&x, &fir.double(&y)));
            assert!(
                (left - right).abs() < 1e-12 * left.abs().max(1.0),
                "{f:?}: {left} {right}"
            );
        }
    }

    #[test]
    fn box_filters_are_means_and_copies() {
        let fir = Fir::new(&[1.0, 1.0], Kind::Double, Device::Cpu);
        let x = image(4, 6);
        let near = |a: Tensor, b: Tensor| (a - b).abs().max().double_value(&[]) < 1e-14;
        assert!(near(fir.halve(&x), super::super::layers::mean_halve(&x)));
        assert!(near(
            fir.double(&x),
            super::super::layers::nearest_double(&x)
        ));
    }
}
