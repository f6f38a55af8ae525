//! Noise that coils share.

use ndarray::{Array2, Array3};
use num_complex::Complex64;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::cholesky::Cholesky;
use super::rings::quantity;
use crate::error::PhantomError;

/// The covariance `psi` of the noise of coils: `E[n_i conj(n_j)] = 2 sigma² psi_ij`.
///
/// Hermitian and positive definite. `sigma` is the standard deviation of the real and of the
/// imaginary part of a coil with `psi_ii = 1`.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseCovariance {
    matrix: Array2<Complex64>,
    factor: Cholesky,
}

impl NoiseCovariance {
    /// A covariance: `Complex64[coil, coil]`.
    ///
    /// Errors: a matrix that is not square, Hermitian and positive definite.
    pub fn new(matrix: Array2<Complex64>) -> Result<Self, PhantomError> {
        let (rows, columns) = matrix.dim();
        if rows != columns || rows == 0 {
            let expected = "with as many rows as columns";
            return Err(quantity("a noise covariance", expected, rows as f64));
        }
        let asymmetry = matrix
            .indexed_iter()
            .map(|((i, j), v)| (v - matrix[(j, i)].conj()).norm())
            .fold(0.0, f64::max);
        let scale = matrix.iter().map(|v| v.norm()).fold(0.0, f64::max);
        if asymmetry > 1e-12 * scale {
            let expected = "that is Hermitian, psi_ij = conj(psi_ji)";
            return Err(quantity("a noise covariance", expected, asymmetry));
        }
        match Cholesky::new(matrix.view()) {
            Some(factor) => Ok(Self { matrix, factor }),
            None => {
                let expected = "that is positive definite; the coils have the power";
                let trace: f64 = matrix.diag().iter().map(|v| v.re).sum();
                Err(quantity("a noise covariance", expected, trace))
            }
        }
    }

    /// Coils around the object, each correlated with its neighbours: `psi_ij = correlation^d`, with
    /// d the number of steps between coils i and j around the ring.
    ///
    /// Positive definite for a correlation of 0 to 1, without 1. Real arrays have 0.1 to 0.3.
    pub fn neighbours(coils: usize, correlation: f64) -> Result<Self, PhantomError> {
        if !(0.0..1.0).contains(&correlation) {
            let expected = "of 0 to 1, without 1";
            return Err(quantity("a correlation of noise", expected, correlation));
        }
        Self::new(Array2::from_shape_fn((coils, coils), |(i, j)| {
            let steps = i.abs_diff(j).min(coils - i.abs_diff(j));
            Complex64::from(correlation.powi(steps as i32))
        }))
    }

    /// The same of coils at some of `around` places of a ring, which need not follow each other.
    ///
    /// Errors: a place beyond the ring, or one that is taken twice.
    pub fn neighbours_at(
        places: &[usize],
        around: usize,
        correlation: f64,
    ) -> Result<Self, PhantomError> {
        let whole = Self::neighbours(around, correlation)?;
        if let Some(beyond) = places.iter().find(|place| **place >= around) {
            let expected = "of the ring";
            return Err(quantity("a place of a coil", expected, *beyond as f64));
        }
        let at = |(i, j): (usize, usize)| whole.matrix[(places[i], places[j])];
        Self::new(Array2::from_shape_fn((places.len(), places.len()), at))
    }

    /// The covariance: `Complex64[coil, coil]`.
    pub fn matrix(&self) -> &Array2<Complex64> {
        &self.matrix
    }

    /// Noise `L w` with `psi = L L^H` and white complex w: `Complex64[coil, ny, nx]`.
    pub fn noise<R: Rng>(
        &self,
        rng: &mut R,
        sigma: f64,
        (ny, nx): (usize, usize),
    ) -> Array3<Complex64> {
        let (coils, samples) = (self.matrix.nrows(), ny * nx);
        let white = Array2::from_shape_simple_fn((coils, samples), || {
            let (re, im): (f64, f64) = (rng.sample(StandardNormal), rng.sample(StandardNormal));
            Complex64::new(sigma * re, sigma * im)
        });
        // Row by row, so that the sums do not depend on how a matrix product is blocked.
        let mut noise = Array2::zeros((coils, samples));
        for (i, mut row) in noise.rows_mut().into_iter().enumerate() {
            for j in 0..=i {
                row.scaled_add(self.factor.lower()[(i, j)], &white.row(j));
            }
        }
        noise
            .into_shape_with_order((coils, ny, nx))
            .expect("as many samples as the image has")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coils::TrigCoils;
    use crate::grid::position;

    #[test]
    fn neighbours_are_the_coils_that_see_the_same_side() {
        let (n, places) = (32, TrigCoils::places_of_eight());
        let maps = TrigCoils::eight().maps(n, n);
        // The direction in which a coil sees best.
        let angle = |c: usize| {
            let mut sum = [0.0; 2];
            for ((j, i), v) in maps.index_axis(ndarray::Axis(0), c).indexed_iter() {
                sum[0] += v.norm() * position(i, n);
                sum[1] += v.norm() * position(j, n);
            }
            sum[1].atan2(sum[0])
        };
        let shared = NoiseCovariance::neighbours_at(&places, 8, 0.3).unwrap();
        for (i, j) in (0..8)
            .flat_map(|i| (0..8).map(move |j| (i, j)))
            .filter(|(i, j)| i != j)
        {
            let turn = (angle(i) - angle(j)).rem_euclid(std::f64::consts::TAU);
            let apart_deg = turn.min(std::f64::consts::TAU - turn).to_degrees();
            let psi = shared.matrix()[(i, j)].re;
            assert_eq!(psi > 0.29, apart_deg < 70.0, "{i} {j}: {apart_deg} {psi}");
        }
        assert!(NoiseCovariance::neighbours_at(&[0, 8], 8, 0.3).is_err());
        assert!(NoiseCovariance::neighbours_at(&[1, 1], 8, 0.3).is_err());
    }
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn neighbours_on_a_ring_are_positive_definite_at_every_correlation() {
        for coils in [1, 2, 3, 4, 7, 8, 32] {
            for correlation in [0.0, 0.1, 0.3, 0.6, 0.99] {
                let psi = NoiseCovariance::neighbours(coils, correlation).unwrap();
                // Its eigenvectors are the waves around the ring, and its eigenvalues their sums.
                for wave in 0..coils {
                    let angle = std::f64::consts::TAU * wave as f64 / coils as f64;
                    let eigenvalue: f64 = (0..coils)
                        .map(|n| psi.matrix()[(0, n)].re * (angle * n as f64).cos())
                        .sum();
                    assert!(eigenvalue > 0.0, "{coils} {correlation}: {eigenvalue}");
                }
                assert_eq!(psi.matrix()[(0, coils - 1)], psi.matrix()[(0, 1 % coils)]);
            }
        }
        for correlation in [1.0, -0.1, f64::NAN] {
            assert!(NoiseCovariance::neighbours(4, correlation).is_err());
        }
    }

    #[test]
    fn the_noise_has_its_covariance() {
        let (i, half) = (Complex64::I, Complex64::from(0.5));
        let mut matrix = Array2::<Complex64>::eye(3) * Complex64::from(2.0);
        (matrix[(0, 1)], matrix[(1, 0)]) = (half + i, half - i);
        (matrix[(1, 2)], matrix[(2, 1)]) = (-half, -half);
        let psi = NoiseCovariance::new(matrix.clone()).unwrap();
        let (sigma, ny, nx) = (0.7, 301, 200);
        let draw = |seed| psi.noise(&mut ChaCha8Rng::seed_from_u64(seed), sigma, (ny, nx));
        let noise = draw(5);
        assert!(noise == draw(5) && noise != draw(6));
        let noise = noise.into_shape_with_order((3, ny * nx)).unwrap();
        let samples = Complex64::from((ny * nx) as f64);
        let measured = noise.dot(&noise.t().mapv(|v| v.conj())) / samples;
        let circular = noise.dot(&noise.t()) / samples;
        for ((a, b), v) in measured.indexed_iter() {
            // Five deviations of a mean over 60200 samples.
            let bound = 5.0 * 2.0 * sigma * sigma * 2.0 / samples.re.sqrt();
            assert!((v - 2.0 * sigma * sigma * matrix[(a, b)]).norm() < bound);
            assert!(circular[(a, b)].norm() < bound);
        }
    }

    #[test]
    fn what_is_no_covariance_is_an_error() {
        let eye = Array2::<Complex64>::eye(3);
        let said = |matrix| NoiseCovariance::new(matrix).unwrap_err().to_string();
        assert!(said(Array2::zeros((2, 3))).contains("as many rows as columns"));
        let mut skew = eye.clone();
        skew[(0, 1)] = Complex64::from(0.1);
        assert!(said(skew).contains("Hermitian"));
        let mut negative = eye.clone();
        negative[(2, 2)] = Complex64::from(-1.0);
        assert!(said(negative).contains("positive definite"));
        let mut unknown = eye;
        unknown[(1, 1)] = Complex64::from(f64::NAN);
        assert!(NoiseCovariance::new(unknown).is_err());
    }
}
