//! Triangular factors of Hermitian matrices.

use ndarray::{Array2, ArrayView1, ArrayView2};
use num_complex::Complex64;

/// The lower triangle L of `A = L L^H`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cholesky {
    lower: Array2<Complex64>,
}

impl Cholesky {
    /// The factor of a Hermitian matrix, of which the lower triangle is read; none if the matrix is
    /// not positive definite.
    pub fn new(matrix: ArrayView2<'_, Complex64>) -> Option<Self> {
        let n = matrix.nrows();
        let mut lower = Array2::<Complex64>::zeros((n, n));
        for i in 0..n {
            for j in 0..=i {
                let (row, column) = (lower.row(i), lower.row(j));
                let known: Complex64 = (0..j).map(|k| row[k] * column[k].conj()).sum();
                let rest = matrix[(i, j)] - known;
                lower[(i, j)] = if i > j {
                    rest / lower[(j, j)].re
                } else if rest.re > 0.0 && rest.re.is_finite() {
                    Complex64::from(rest.re.sqrt())
                } else {
                    return None;
                };
            }
        }
        Some(Self { lower })
    }

    /// The factor itself.
    pub fn lower(&self) -> &Array2<Complex64> {
        &self.lower
    }

    /// The solution x of `A x = b`.
    pub fn solve(&self, b: ArrayView1<'_, Complex64>) -> Vec<Complex64> {
        let (l, n) = (&self.lower, b.len());
        let mut x: Vec<Complex64> = Vec::with_capacity(n);
        for i in 0..n {
            let known: Complex64 = (0..i).map(|k| l[(i, k)] * x[k]).sum();
            x.push((b[i] - known) / l[(i, i)].re);
        }
        for i in (0..n).rev() {
            let known: Complex64 = (i + 1..n).map(|k| l[(k, i)].conj() * x[k]).sum();
            x[i] = (x[i] - known) / l[(i, i)].re;
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;

    #[test]
    fn the_factor_gives_the_matrix_and_solves_it() {
        let n = 7;
        let root = Array2::from_shape_fn((n, n), |(i, j)| {
            Complex64::new(((3 * i + 5 * j) % 7) as f64 - 2.0, ((i * j) % 5) as f64)
        });
        let adjoint = root.t().mapv(|v| v.conj());
        let matrix = root.dot(&adjoint) + Array2::<Complex64>::eye(n);
        let factor = Cholesky::new(matrix.view()).unwrap();
        let lower = factor.lower();
        let product = lower.dot(&lower.t().mapv(|v| v.conj()));
        assert!((&product - &matrix).iter().all(|v| v.norm() < 1e-12));
        let b = Array1::from_shape_fn(n, |i| Complex64::new(i as f64, 1.0));
        let x = Array1::from(factor.solve(b.view()));
        assert!((matrix.dot(&x) - b).iter().all(|v| v.norm() < 1e-12));
        // With one eigenvalue made negative there is no factor.
        let shifted = matrix - Array2::<Complex64>::eye(n) * Complex64::from(1e3);
        assert!(Cholesky::new(shifted.view()).is_none());
    }
}
