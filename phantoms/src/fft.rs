//! Centred unitary Fourier transforms, for this crate only (the reconstruction has its own).

use ndarray::{Array2, ArrayView2, Axis};
use num_complex::Complex;
use rayon::prelude::*;
use rustfft::{FftDirection, FftNum, FftPlanner};

/// Centred unitary transform of every row:
/// `X[m] = n^-1/2 sum_j x[j] exp(-+2 pi i (m - c)(j - c) / n)`, `c = floor(n / 2)`.
pub(crate) fn fft_rows<T: FftNum>(a: &mut Array2<Complex<T>>, direction: FftDirection) {
    let n = a.ncols();
    let fft = FftPlanner::<T>::new().plan_fft(n, direction);
    let scale = T::from_f64(1.0 / (n as f64).sqrt()).expect("a float type");
    let mut scratch = vec![Complex::new(T::zero(), T::zero()); fft.get_inplace_scratch_len()];
    for mut row in a.rows_mut() {
        let row = row
            .as_slice_mut()
            .expect("an owned array has contiguous rows");
        row.rotate_left(n / 2);
        fft.process_with_scratch(row, &mut scratch);
        row.rotate_right(n / 2);
        for v in row.iter_mut() {
            *v = *v * scale;
        }
    }
}

/// The transposed array in standard layout.
pub(crate) fn transposed<T: Copy>(a: &Array2<T>) -> Array2<T> {
    let (ny, nx) = a.dim();
    Array2::from_shape_fn((nx, ny), |(x, y)| a[(y, x)])
}

/// The centred transform of both axes, cropped to its central `(ny, nx)` samples.
pub(crate) fn fft2_cropped<T: FftNum>(
    a: Array2<Complex<T>>,
    (ny, nx): (usize, usize),
) -> Array2<Complex<T>> {
    let mut a = a;
    fft_rows(&mut a, FftDirection::Forward);
    let mut b = transposed(&centre(&a, 1, nx));
    fft_rows(&mut b, FftDirection::Forward);
    transposed(&centre(&b, 1, ny))
}

/// The centred inverse transform of both axes.
pub(crate) fn ifft2<T: FftNum>(a: Array2<Complex<T>>) -> Array2<Complex<T>> {
    let mut a = a;
    fft_rows(&mut a, FftDirection::Inverse);
    let mut b = transposed(&a);
    fft_rows(&mut b, FftDirection::Inverse);
    transposed(&b)
}

/// The `n` samples of one axis around its centre sample, which stays the centre.
fn centre<T: Copy>(a: &Array2<T>, axis: usize, n: usize) -> Array2<T> {
    let first = a.shape()[axis] / 2 - n / 2;
    let mut view: ArrayView2<T> = a.view();
    view.slice_axis_inplace(Axis(axis), (first..first + n).into());
    view.as_standard_layout().into_owned()
}

/// The images of a multi-coil k-space, one coil after the other.
pub(crate) fn coil_images(k: &ndarray::Array3<Complex<f64>>) -> Vec<Array2<Complex<f64>>> {
    (0..k.dim().0)
        .into_par_iter()
        .map(|c| ifft2(k.index_axis(Axis(0), c).to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex64;
    use std::f64::consts::TAU;

    #[test]
    fn the_transform_is_the_centred_sum_for_odd_and_even_sizes() {
        let (ny, nx) = (7, 10);
        let x = Array2::from_shape_fn((ny, nx), |(j, i)| {
            Complex64::new((j * 3 + i) as f64 % 5.0, (i * j) as f64 % 3.0)
        });
        let k = fft2_cropped(x.clone(), (ny, nx));
        let at = |m: usize, n: usize| m as f64 - (n / 2) as f64;
        for ((my, mx), v) in k.indexed_iter() {
            let sum: Complex64 = x
                .indexed_iter()
                .map(|((j, i), x)| {
                    x * Complex64::cis(
                        -TAU * (at(my, ny) * at(j, ny) / 7.0 + at(mx, nx) * at(i, nx) / 10.0),
                    )
                })
                .sum();
            assert!((v - sum / 70f64.sqrt()).norm() < 1e-12);
        }
        let back = ifft2(k);
        assert!(back.iter().zip(&x).all(|(a, b)| (a - b).norm() < 1e-12));
    }
}
