//! The centred unitary Fourier transform between coil images and Cartesian k-space.

use crate::linear::expect_space;
use crate::{Array, Direction, LinearOperator, Result, Space};

/// `X = S⁻¹ F S x` over the last two axes, unitary, centre at `⌊n/2⌋`, right for odd sizes.
///
/// `Complex[Coil, Y, X] → Complex[Coil, Y, X]`; `normal` is the identity.
pub struct Fourier {
    space: Space,
}

impl Fourier {
    /// For coil images of the given shape.
    pub fn new(coils: usize, rows: usize, columns: usize) -> Self {
        Fourier {
            space: Space::coil_images(coils, rows, columns),
        }
    }
}

impl<T: Array> LinearOperator<T> for Fourier {
    fn name(&self) -> &'static str {
        "fourier"
    }
    fn domain(&self) -> &Space {
        &self.space
    }
    fn range(&self) -> &Space {
        &self.space
    }
    fn forward(&self, x: &T) -> Result<T> {
        expect_space("fourier", &self.space, x)?;
        Ok(x.fft2(Direction::Forward))
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        expect_space("fourier, adjoint", &self.space, y)?;
        Ok(y.fft2(Direction::Inverse))
    }
    fn normal(&self, x: &T) -> Result<T> {
        expect_space("fourier, normal", &self.space, x)?;
        Ok(x.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;
    use crate::testing::{Backend, assert_adjoint, assert_close, for_each_backend};
    use std::f64::consts::TAU;

    fn is_adjoint<T: Array>(b: Backend<T>) {
        for (rows, columns) in [(127, 96), (8, 8), (5, 3), (1, 7)] {
            assert_adjoint::<T, _>(&b, &Fourier::new(3, rows, columns));
        }
    }
    for_each_backend!(adjoint, is_adjoint);

    fn is_unitary<T: Array>(b: Backend<T>) {
        let x = b.random(&[2, 3, 9, 14], Field::Complex, 3);
        let there = x.fft2(Direction::Forward);
        assert_close(&there.fft2(Direction::Inverse), &x, b.tolerance);
        assert!((there.norm()[0] / x.norm()[0] - 1.0).abs() < b.tolerance.max(1e-14) * 10.0);
    }
    for_each_backend!(unitary, is_unitary);

    /// The naive sum, from the definition.
    fn equals_the_definition<T: Array>(b: Backend<T>) {
        let (rows, columns) = (5, 6);
        let x = b.random(&[1, 1, rows, columns], Field::Complex, 4);
        let reals = x.to_reals();
        let mut sum = vec![0.0; reals.len()];
        let centred = |i: usize, n: usize| i as f64 - (n / 2) as f64;
        for (ky, kx) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
            for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
                let turn = centred(ky, rows) * centred(y, rows) / rows as f64
                    + centred(kx, columns) * centred(x, columns) / columns as f64;
                let (s, c) = (-TAU * turn).sin_cos();
                let (re, im) = (
                    reals[2 * (y * columns + x)],
                    reals[2 * (y * columns + x) + 1],
                );
                let k = 2 * (ky * columns + kx);
                sum[k] += (re * c - im * s) / ((rows * columns) as f64).sqrt();
                sum[k + 1] += (re * s + im * c) / ((rows * columns) as f64).sqrt();
            }
        }
        let expected = T::from_reals(&x.device(), &x.sizes(), Field::Complex, &sum);
        assert_close(
            &x.fft2(Direction::Forward),
            &expected,
            b.tolerance.max(1e-14),
        );
    }
    for_each_backend!(definition, equals_the_definition);
}
