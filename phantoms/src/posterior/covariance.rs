//! A covariance: a multiple of the identity, of any size, or a small dense matrix.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::dense::{Cholesky, product};
use super::{Result, refused};

#[derive(Clone, Debug)]
pub(super) enum Covariance {
    /// `variance I`.
    Isotropic { size: usize, variance: f64 },
    Dense {
        matrix: Array2<f64>,
        factor: Cholesky,
    },
}

impl Covariance {
    pub(super) fn isotropic(what: &'static str, size: usize, variance: f64) -> Result<Self> {
        if variance > 0.0 && variance.is_finite() {
            return Ok(Covariance::Isotropic { size, variance });
        }
        let remedy = "give the square of a deviation";
        Err(refused(what, "a variance above 0", variance, remedy))
    }

    pub(super) fn dense(what: &'static str, matrix: Array2<f64>) -> Result<Self> {
        let factor = Cholesky::of(what, &matrix)?;
        Ok(Covariance::Dense { matrix, factor })
    }

    pub(super) fn size(&self) -> usize {
        match self {
            Covariance::Isotropic { size, .. } => *size,
            Covariance::Dense { matrix, .. } => matrix.nrows(),
        }
    }

    pub(super) fn matrix(&self) -> Array2<f64> {
        match self {
            Covariance::Isotropic { size, variance } => *variance * Array2::<f64>::eye(*size),
            Covariance::Dense { matrix, .. } => matrix.clone(),
        }
    }

    /// `C v`.
    pub(super) fn apply(&self, v: ArrayView1<f64>) -> Array1<f64> {
        match self {
            Covariance::Isotropic { variance, .. } => *variance * &v,
            Covariance::Dense { matrix, .. } => matrix.dot(&v),
        }
    }

    /// `C M`.
    pub(super) fn times(&self, m: ArrayView2<f64>) -> Array2<f64> {
        match self {
            Covariance::Isotropic { variance, .. } => *variance * &m,
            Covariance::Dense { matrix, .. } => product(matrix, m),
        }
    }

    /// `L v` with `L Lᵀ = C`.
    pub(super) fn root(&self, v: ArrayView1<f64>) -> Array1<f64> {
        match self {
            Covariance::Isotropic { variance, .. } => variance.sqrt() * &v,
            Covariance::Dense { factor, .. } => factor.root(v),
        }
    }

    /// `C⁻¹ v`.
    pub(super) fn solve(&self, v: ArrayView1<f64>) -> Array1<f64> {
        match self {
            Covariance::Isotropic { variance, .. } => &v / *variance,
            Covariance::Dense { factor, .. } => factor.solve(v),
        }
    }

    pub(super) fn ln_det(&self) -> f64 {
        match self {
            Covariance::Isotropic { size, variance } => *size as f64 * variance.ln(),
            Covariance::Dense { factor, .. } => factor.ln_det(),
        }
    }

    /// `C + variance I`.
    pub(super) fn plus(&self, what: &'static str, more: f64) -> Result<Self> {
        match self {
            Covariance::Isotropic { size, variance } => {
                Covariance::isotropic(what, *size, variance + more)
            }
            Covariance::Dense { matrix, .. } => {
                let wider = matrix + &(more * Array2::<f64>::eye(matrix.nrows()));
                Covariance::dense(what, wider)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// The two kinds agree where both can say the same.
    #[test]
    fn a_dense_multiple_of_the_identity_is_isotropic() {
        let a = Covariance::isotropic("test", 3, 2.5).unwrap();
        let b = Covariance::dense("test", 2.5 * Array2::<f64>::eye(3)).unwrap();
        let v = array![1.0, -2.0, 0.5];
        let near = |x: Array1<f64>, y: Array1<f64>| (x - y).iter().all(|d| d.abs() < 1e-14);
        for (a, b) in [
            (&a, &b),
            (&a.plus("test", 0.7).unwrap(), &b.plus("test", 0.7).unwrap()),
        ] {
            assert!(near(a.apply(v.view()), b.apply(v.view())));
            assert!(near(a.root(v.view()), b.root(v.view())));
            assert!(near(a.solve(v.view()), b.solve(v.view())));
            assert!((a.ln_det() - b.ln_det()).abs() < 1e-14);
            assert_eq!(a.size(), b.size());
            let m = array![[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]];
            assert!(
                (a.times(m.view()) - b.times(m.view()))
                    .iter()
                    .all(|d| d.abs() < 1e-14)
            );
            assert!((a.matrix() - b.matrix()).iter().all(|d| d.abs() < 1e-14));
        }
        assert!(Covariance::isotropic("test", 3, 0.0).is_err());
        assert!(Covariance::isotropic("test", 3, f64::NAN).is_err());
    }
}
