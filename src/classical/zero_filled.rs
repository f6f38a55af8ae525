//! Zero-filled root of the sum of squares.

use ndarray::{Array2, Array3};
use num_complex::Complex32;
use operators::{Array, Direction, Host};

/// `√Σ_c |Fᴴ k_c|²` with the unitary inverse transform; what was not sampled is zero.
///
/// `k` is (coil, y, x).
pub fn zero_filled(k: &Array3<Complex32>) -> Array2<f32> {
    let (coils, rows, columns) = k.dim();
    let elements: Vec<Complex32> = k.iter().copied().collect();
    let images = Host::from_complex(&[coils, rows, columns], &elements).fft2(Direction::Inverse);
    let mut squares = vec![0f64; rows * columns];
    for coil in images.complex().chunks(rows * columns) {
        squares
            .iter_mut()
            .zip(coil)
            .for_each(|(s, z)| *s += f64::from(z.norm_sqr()));
    }
    Array2::from_shape_fn((rows, columns), |(y, x)| {
        squares[y * columns + x].sqrt() as f32
    })
}
