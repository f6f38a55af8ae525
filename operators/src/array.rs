//! Two small vocabularies: [`Vector`] (what samplers and solvers need) and [`Array`] (what
//! operators need), and their implementers.

mod host;
mod host_differences;
mod host_elementwise;
mod host_fft;
#[cfg(feature = "torch")]
mod torch;

pub use host::{Host, Real};
#[cfg(feature = "torch")]
pub use torch::Torch;

use crate::ct::Rays;
use crate::{Field, Result, SliceRng};

/// Sign of the exponent of a Fourier transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Image to k-space, `e^{-2πi k x}`.
    Forward,
    /// k-space to image, `e^{+2πi k x}`.
    Inverse,
}

/// A batch of elements of one real inner-product space. Every reduction is per item.
///
/// Factors `a` hold one number per item, or a single one for all.
pub trait Vector: Clone + 'static {
    /// Number of items.
    fn batch(&self) -> usize;
    /// Number of real components of one item.
    fn reals(&self) -> usize;
    /// Zeros of the same shape.
    fn zeros_like(&self) -> Self;
    /// `self ← a self`.
    fn scale(&mut self, a: &[f64]);
    /// `self ← self + a x`.
    fn axpy(&mut self, a: &[f64], x: &Self);
    /// `Re<self, other>` per item, summed in f64.
    fn dot(&self, other: &Self) -> Vec<f64>;
    /// Standard normal, unit variance per real component, drawn on the host.
    fn normal_like(&self, rng: &mut SliceRng) -> Self;

    /// `‖self‖` per item.
    fn norm(&self) -> Vec<f64> {
        self.dot(self).into_iter().map(f64::sqrt).collect()
    }
    /// All finite, per item.
    fn finite(&self) -> Vec<bool> {
        self.dot(self).into_iter().map(f64::is_finite).collect()
    }
    /// `self - other`.
    fn minus(&self, other: &Self) -> Self {
        let mut d = self.clone();
        d.axpy(&[-1.0], other);
        d
    }
    /// `a self`.
    fn scaled(&self, a: f64) -> Self {
        let mut s = self.clone();
        s.scale(&[a]);
        s
    }
}

/// What operators need beyond vector arithmetic. A closed vocabulary, never a trait per operation.
pub trait Array: Vector {
    /// Where arrays of this kind live: nothing for the host, a device for libtorch.
    type Device: Clone;

    /// The device of this array.
    fn device(&self) -> Self::Device;
    /// Sizes, batch first.
    fn sizes(&self) -> Vec<usize>;
    /// Real or complex.
    fn field(&self) -> Field;
    /// From interleaved reals in C order; `sizes` has the batch first.
    fn from_reals(device: &Self::Device, sizes: &[usize], field: Field, reals: &[f64]) -> Self;
    /// Interleaved reals in C order.
    fn to_reals(&self) -> Vec<f64>;
    /// Items `from..to` of the batch.
    fn items(&self, from: usize, to: usize) -> Self;
    /// Items of several arrays, one after the other.
    fn concatenate(parts: &[Self]) -> Result<Self>;
    /// The same item `count` times.
    fn repeat(&self, count: usize) -> Self;
    /// `y[m, …] = Σ_n rows[m][n] x[n, …]` over the batch.
    fn mixed(&self, rows: &[Vec<f64>]) -> Self;
    /// Centred unitary DFT over the last two axes, centre at `⌊n/2⌋`, right for odd sizes.
    ///
    /// Of a real array the Hartley transform, `Re F x - Im F x` in either direction: real,
    /// orthonormal, its own inverse, and the same eigenvectors for every spectrum with
    /// `c(k) = c(-k)`. What is written for complex images holds for real ones.
    fn fft2(&self, direction: Direction) -> Self;
    /// `y[b, c, …] = w[c, …] x[b, …]`: one complex weight image a coil. `w` has batch 1.
    fn spread(&self, w: &Self) -> Self;
    /// `x[b, …] = Σ_c conj(w[c, …]) y[b, c, …]`: the adjoint of [`Array::spread`].
    fn gather(&self, w: &Self) -> Self;
    /// `y[b, …, i] = w[i] x[b, …, i]` with a real `w` (batch 1) over the trailing axes; or of the sizes of x, `w[b, …, i]`.
    fn weighted(&self, w: &Self) -> Self;
    /// `f(x, others…)` element by element, real arrays of one shape; an array of `others` may have
    /// batch 1. Computed on the host: for what is done once a step, not once an iteration.
    fn elementwise(&self, others: &[&Self], f: &(dyn Fn(f64, &[f64]) -> f64 + Sync)) -> Self;
    /// `x_i y_i`, real arrays of one shape.
    fn times(&self, other: &Self) -> Self;
    /// Line integrals along `rays`: `Real[Y, X] → Real[View, Detector]`.
    fn project(&self, rays: &Rays) -> Result<Self>;
    /// The exact transpose of [`Array::project`]: `Real[View, Detector] → Real[Y, X]`.
    fn back_project(&self, rays: &Rays) -> Result<Self>;
    /// Forward differences over the last two axes, along Y then along X; the last one is 0:
    /// `[…, Y, X] → […, 2, Y, X]`.
    fn differences(&self) -> Self;
    /// The adjoint of [`Array::differences`].
    fn differences_adjoint(&self) -> Self;
    /// The nearest pair of length `radius` or less to each pair along the third axis from the end,
    /// `[…, 2, Y, X]`: pixel by pixel `q min(1, radius / |q|)`.
    fn shortened(&self, radius: f64) -> Self;
    /// `max(x, bound)`, real arrays; what is not a number stays so.
    fn at_least(&self, bound: f64) -> Self;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Backend, assert_close, for_each_backend};

    fn items_are_mixed_by_rows<T: Array>(b: Backend<T>) {
        let x = b.random(&[3, 70, 31], Field::Complex, 5);
        let rows = [vec![1.0, -2.0, 0.5], vec![0.0, 3.0, 0.25]];
        let mixed = x.mixed(&rows);
        assert_eq!(mixed.sizes(), [2, 70, 31]);
        for (m, row) in rows.iter().enumerate() {
            let mut expected = x.items(0, 1).zeros_like();
            for (n, c) in row.iter().enumerate() {
                expected.axpy(&[*c], &x.items(n, n + 1));
            }
            assert_close(&mixed.items(m, m + 1), &expected, 10.0 * b.tolerance);
        }
    }

    for_each_backend!(mixed, items_are_mixed_by_rows);

    fn weights_may_differ_item_by_item<T: Array>(b: Backend<T>) {
        let x = b.random(&[3, 6, 7], Field::Complex, 6);
        let w = b.random(&[3, 6, 7], Field::Real, 7);
        let weighted = x.weighted(&w);
        for i in 0..3 {
            let expected = x.items(i, i + 1).weighted(&w.items(i, i + 1));
            assert_close(&weighted.items(i, i + 1), &expected, b.tolerance);
        }
    }

    for_each_backend!(weights, weights_may_differ_item_by_item);

    fn the_hartley_transform_is_its_own_inverse<T: Array>(b: Backend<T>) {
        for (rows, columns) in [(8, 6), (7, 9), (1, 5)] {
            let x = b.random(&[2, rows, columns], Field::Real, 3);
            let y = b.random(&[2, rows, columns], Field::Real, 4);
            let h = x.fft2(Direction::Forward);
            assert_close(&h.fft2(Direction::Inverse), &x, 10.0 * b.tolerance);
            let (left, right) = (h.dot(&y), x.dot(&y.fft2(Direction::Forward)));
            assert!((left[0] - right[0]).abs() < 100.0 * b.tolerance);
        }
    }
    for_each_backend!(hartley, the_hartley_transform_is_its_own_inverse);

    /// A radial filter of a real image is the same by either transform.
    fn an_even_spectrum_is_diagonal_in_both<T: Array>(b: Backend<T>) {
        let (rows, columns) = (6, 9);
        let x = b.random(&[1, rows, columns], Field::Real, 3);
        let centred = |i: usize, n: usize| (i as f64 - (n / 2) as f64) / n as f64;
        let modes = (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x)));
        let values: Vec<f64> = modes
            .map(|(y, x)| 1.0 / (0.1 + centred(y, rows).hypot(centred(x, columns))))
            .collect();
        let c = T::from_reals(&b.device, &[1, rows, columns], Field::Real, &values);
        let filter = |x: &T| {
            x.fft2(Direction::Forward)
                .weighted(&c)
                .fft2(Direction::Inverse)
        };
        let pairs: Vec<f64> = x.to_reals().iter().flat_map(|r| [*r, 0.0]).collect();
        let z = T::from_reals(&b.device, &[1, rows, columns], Field::Complex, &pairs);
        let real: Vec<f64> = filter(&z).to_reals().chunks(2).map(|p| p[0]).collect();
        let expected = T::from_reals(&b.device, &[1, rows, columns], Field::Real, &real);
        assert_close(&filter(&x), &expected, 10.0 * b.tolerance);
    }
    for_each_backend!(even, an_even_spectrum_is_diagonal_in_both);

    fn elementwise_sees_every_item<T: Array>(b: Backend<T>) {
        let x = b.random(&[3, 4, 5], Field::Real, 1);
        let y = b.random(&[1, 4, 5], Field::Real, 2);
        let product = x.elementwise(&[&y], &|x, y| x * y[0]);
        assert_close(&product, &x.weighted(&y), 10.0 * b.tolerance);
        assert_close(&product, &x.times(&y.repeat(3)), 10.0 * b.tolerance);
    }
    for_each_backend!(elementwise, elementwise_sees_every_item);
}
