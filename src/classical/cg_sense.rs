//! CG-SENSE: Tikhonov-regularised least squares in k-space.

use operators::solve::{CgInfo, CgParams, conjugate_gradient};
use operators::{LinearOperator, Result, Vector};

/// `argmin_x ½ ‖A x - y‖² + ½ λ ‖x‖²` by conjugate gradients on `(AᴴA + λ) x = Aᴴ y` from zero.
///
/// The solution is linear in `y`, so λ does not depend on the scale of the data; with maps of
/// unit root sum of squares `‖A‖ ≤ 1`. Source: Pruessmann et al. 2001 (MRM 46:638).
pub fn cg_sense<T: Vector>(
    a: &dyn LinearOperator<T>,
    y: &T,
    lambda: f64,
    iterations: usize,
) -> Result<(T, CgInfo)> {
    let h = |x: &T| {
        let mut out = a.normal(x)?;
        out.axpy(&[lambda], x);
        Ok(out)
    };
    let params = CgParams {
        iterations,
        tolerance: 0.0,
    };
    conjugate_gradient(h, &a.adjoint(y)?, params)
}
