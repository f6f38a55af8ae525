//! Cholesky's factor of a small symmetric matrix, and products of matrices.
//!
//! By dot products alone: a fast matrix product fuses or not as the processor can, and its last bits
//! are the machine's.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};

use super::{Result, refused};

/// `C = L Lᵀ` with L lower triangular.
#[derive(Clone, Debug)]
pub(super) struct Cholesky {
    lower: Array2<f64>,
}

impl Cholesky {
    /// Errors: a matrix that is not square, symmetric (to 1e-9 of its diagonal) and positive definite.
    pub(super) fn of(what: &'static str, matrix: &Array2<f64>) -> Result<Self> {
        let n = matrix.nrows();
        symmetric(what, matrix)?;
        let mut lower = Array2::zeros((n, n));
        for j in 0..n {
            let row: Array1<f64> = lower.slice(s![j, ..j]).to_owned();
            let pivot: f64 = matrix[(j, j)] - row.dot(&row);
            if pivot.is_nan() || pivot <= 0.0 {
                return Err(refused(
                    what,
                    "a positive definite matrix",
                    format!("a pivot of {pivot:.1e} in row {j}"),
                    "add a small multiple of the identity",
                ));
            }
            lower[(j, j)] = pivot.sqrt();
            for i in j + 1..n {
                let sum = matrix[(i, j)] - lower.slice(s![i, ..j]).dot(&row);
                lower[(i, j)] = sum / lower[(j, j)];
            }
        }
        Ok(Cholesky { lower })
    }

    /// `L v`.
    pub(super) fn root(&self, v: ArrayView1<f64>) -> Array1<f64> {
        self.lower.dot(&v)
    }

    /// `C⁻¹ v`, by both triangles.
    pub(super) fn solve(&self, v: ArrayView1<f64>) -> Array1<f64> {
        let n = v.len();
        let mut x = v.to_owned();
        for i in 0..n {
            let known = self.lower.slice(s![i, ..i]).dot(&x.slice(s![..i]));
            x[i] = (x[i] - known) / self.lower[(i, i)];
        }
        for i in (0..n).rev() {
            let known = self.lower.slice(s![i + 1.., i]).dot(&x.slice(s![i + 1..]));
            x[i] = (x[i] - known) / self.lower[(i, i)];
        }
        x
    }

    /// `ln det C`.
    pub(super) fn ln_det(&self) -> f64 {
        2.0 * self.lower.diag().iter().map(|v| v.ln()).sum::<f64>()
    }
}

/// `A B`.
pub(super) fn product(a: &Array2<f64>, b: ArrayView2<f64>) -> Array2<f64> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    for (mut column, b) in c.columns_mut().into_iter().zip(b.columns()) {
        column.assign(&a.dot(&b));
    }
    c
}

/// `a bᵀ`.
pub(super) fn outer(a: &Array1<f64>, b: &Array1<f64>) -> Array2<f64> {
    Array2::from_shape_fn((a.len(), b.len()), |(i, j)| a[i] * b[j])
}

fn symmetric(what: &'static str, matrix: &Array2<f64>) -> Result<()> {
    let (rows, columns) = matrix.dim();
    if rows != columns {
        let got = format!("{rows} x {columns}");
        return Err(refused(
            what,
            "a square matrix",
            got,
            "give one row a column",
        ));
    }
    let scale = matrix.diag().iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let tilt = (matrix - &matrix.t()).fold(
        0.0,
        |m: f64, v| if v.is_nan() { f64::NAN } else { m.max(v.abs()) },
    );
    if tilt <= 1e-9 * scale {
        return Ok(());
    }
    let got = format!("one that differs from its transpose by {tilt:.1e}");
    Err(refused(
        what,
        "a symmetric matrix",
        got,
        "take (C + Cᵀ) / 2",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posterior::white;
    use ndarray::array;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn positive(n: usize, seed: u64) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let g = white(n * n, &mut rng)
            .into_shape_with_order((n, n))
            .unwrap();
        g.dot(&g.t()) + 0.1 * Array2::<f64>::eye(n)
    }

    #[test]
    fn the_factor_is_a_root_and_solves() {
        for n in [1, 2, 7, 60] {
            let c = positive(n, 3);
            let factor = Cholesky::of("test", &c).unwrap();
            let product = factor.lower.dot(&factor.lower.t());
            let gap = (&product - &c).iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            assert!(gap < 1e-12 * n as f64, "{n}: {gap}");
            let x = white(n, &mut ChaCha8Rng::seed_from_u64(5));
            let back = factor.solve(c.dot(&x).view());
            assert!((&back - &x).iter().all(|v| v.abs() < 1e-9), "{n}");
        }
    }

    #[test]
    fn products_of_unequal_sizes() {
        let (a, b) = (
            array![[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]],
            array![[2.0], [1.0], [5.0]],
        );
        assert_eq!(product(&a, b.view()), array![[4.0], [14.0]]);
        assert_eq!(
            product(&b, b.t()),
            outer(&b.column(0).to_owned(), &b.column(0).to_owned())
        );
    }

    #[test]
    fn the_determinant_of_two_by_two() {
        let factor = Cholesky::of("test", &array![[4.0, 1.0], [1.0, 3.0]]).unwrap();
        assert!((factor.ln_det() - 11f64.ln()).abs() < 1e-14);
    }

    #[test]
    fn what_is_no_covariance_is_refused_by_name() {
        let message = |m: Array2<f64>| Cholesky::of("noise", &m).unwrap_err().to_string();
        assert!(message(array![[1.0, 2.0], [2.0, 1.0]]).contains("noise: expected a positive"));
        assert!(message(array![[1.0, 0.1], [0.2, 1.0]]).contains("symmetric"));
        assert!(message(array![[1.0, 0.1]]).contains("square"));
        assert!(message(array![[f64::NAN, 0.0], [0.0, 1.0]]).contains("expected"));
        assert!(message(array![[1.0, f64::NAN], [f64::NAN, 1.0]]).contains("expected"));
    }
}
