//! A small matrix as an operator on images of one row, with its singular values.

use super::super::error::Failure;
use super::super::toolkit::Image;
use faer::{Mat, Side};
use ndarray::{Array1, Array2, ArrayView1};
use operators::imaging::Spectral;
use operators::{Axis, Field, Host, LinearOperator, Space, Vector};

/// Item i as a vector.
pub(super) fn row(x: &Image, i: usize) -> ArrayView1<'_, f64> {
    let n = Vector::reals(x);
    ArrayView1::from(&x.reals()[i * n..(i + 1) * n])
}

/// A map of every item.
pub(super) fn by_item(x: &Image, f: impl Fn(usize, ArrayView1<f64>) -> Array1<f64>) -> Image {
    let all: Vec<f64> = (0..x.batch()).flat_map(|i| f(i, row(x, i))).collect();
    let n = all.len() / x.batch();
    Host::new(&[x.batch(), 1, n], Field::Real, all)
}

/// A matrix as an operator on images of one row.
pub(super) struct Matrix {
    matrix: Array2<f64>,
    domain: Space,
    range: Space,
}

impl Matrix {
    fn new(matrix: Array2<f64>) -> Self {
        let space = |n: usize| Space::real(&[(Axis::Y, 1), (Axis::X, n)]);
        Matrix {
            domain: space(matrix.ncols()),
            range: space(matrix.nrows()),
            matrix,
        }
    }
}

impl LinearOperator<Image> for Matrix {
    fn name(&self) -> &'static str {
        "matrix"
    }
    fn domain(&self) -> &Space {
        &self.domain
    }
    fn range(&self) -> &Space {
        &self.range
    }
    fn forward(&self, x: &Image) -> operators::Result<Image> {
        Ok(by_item(x, |_, x| self.matrix.dot(&x)))
    }
    fn adjoint(&self, y: &Image) -> operators::Result<Image> {
        Ok(by_item(y, |_, y| self.matrix.t().dot(&y)))
    }
}

/// `A = U Σ Vᵀ`: V and Σ² are the eigenvectors and eigenvalues of `Aᵀ A`.
pub(super) struct Decomposed {
    a: Matrix,
    v: Array2<f64>,
    /// Σ, exactly 0 where A has no more rank.
    sigma: Vec<f64>,
}

impl Decomposed {
    pub(super) fn new(matrix: Array2<f64>) -> Result<Self, Failure> {
        let normal = matrix.t().dot(&matrix);
        let n = normal.nrows();
        let eigen = Mat::from_fn(n, n, |i, j| normal[(i, j)])
            .self_adjoint_eigen(Side::Lower)
            .map_err(|e| format!("eigenvalues of a measurement: {e:?}"))?;
        let squares: Vec<f64> = (0..n).map(|i| eigen.S()[i]).collect();
        let least = 1e-12 * squares.iter().copied().fold(0.0, f64::max);
        Ok(Decomposed {
            a: Matrix::new(matrix),
            v: Array2::from_shape_fn((n, n), |(i, j)| eigen.U()[(i, j)]),
            sigma: squares
                .into_iter()
                .map(|s| if s > least { s.sqrt() } else { 0.0 })
                .collect(),
        })
    }

    /// The projection onto what is not measured.
    pub(super) fn unmeasured(&self) -> Matrix {
        let free = Array1::from_iter(self.sigma.iter().map(|s| f64::from(u8::from(*s == 0.0))));
        Matrix::new((&self.v * &free).dot(&self.v.t()))
    }
}

impl LinearOperator<Image> for Decomposed {
    fn name(&self) -> &'static str {
        self.a.name()
    }
    fn domain(&self) -> &Space {
        self.a.domain()
    }
    fn range(&self) -> &Space {
        self.a.range()
    }
    fn forward(&self, x: &Image) -> operators::Result<Image> {
        self.a.forward(x)
    }
    fn adjoint(&self, y: &Image) -> operators::Result<Image> {
        self.a.adjoint(y)
    }
}

impl Spectral<Image> for Decomposed {
    fn analyse(&self, x: &Image) -> operators::Result<Image> {
        Ok(by_item(x, |_, x| self.v.t().dot(&x)))
    }
    fn synthesise(&self, c: &Image) -> operators::Result<Image> {
        Ok(by_item(c, |_, c| self.v.dot(&c)))
    }
    fn singular_values(&self, _: &Image) -> Image {
        let n = self.sigma.len();
        Host::new(&[1, 1, n], Field::Real, self.sigma.clone())
    }
    /// `Σ⁺ Uᵀ y = Σ⁻² Vᵀ Aᵀ y`.
    fn data(&self, y: &Image) -> operators::Result<Image> {
        let back = self.analyse(&self.adjoint(y)?)?;
        let over = |c: f64, s: &f64| if *s > 0.0 { c / (s * s) } else { 0.0 };
        Ok(by_item(&back, |_, c| {
            c.iter()
                .zip(&self.sigma)
                .map(|(c, s)| over(*c, s))
                .collect()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use operators::{SliceRng, check::relative_error};

    #[test]
    fn a_wide_matrix_is_its_singular_values() {
        let random = |sizes: &[usize], seed| {
            Image::zeros(sizes, Field::Real).normal_like(&mut SliceRng::samples(
                seed,
                0,
                sizes[0] as u32,
            ))
        };
        let matrix =
            Array2::from_shape_vec((2, 5), random(&[1, 1, 10], 1).reals().to_vec()).unwrap();
        let a = Decomposed::new(matrix).unwrap();
        assert_eq!(a.sigma.iter().filter(|s| **s > 0.0).count(), 2);
        let (x, y) = (random(&[3, 1, 5], 2), random(&[3, 1, 2], 3));
        let c = a.analyse(&x).unwrap();
        assert!(relative_error(&a.synthesise(&c).unwrap(), &x) < 1e-12);
        // A A† = 1, A (1 - A† A) = 0.
        let back = a.pseudo_inverse(&y).unwrap();
        assert!(relative_error(&a.forward(&back).unwrap(), &y) < 1e-12);
        let free = a.unmeasured().forward(&x).unwrap();
        assert!(a.forward(&free).unwrap().norm().iter().all(|n| *n < 1e-12));
        let rest = a.pseudo_inverse(&a.forward(&x).unwrap()).unwrap();
        assert!(relative_error(&x.minus(&rest), &free) < 1e-12);
    }
}
