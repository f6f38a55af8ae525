//! What the data say beyond an image, as an image.

use super::Measurement;
use operators::solve::{CgParams, conjugate_gradient};
use operators::{Array, Result};

/// `A† (y - A(x))`: by the pseudo-inverse of the measurement if it has one, else the shortest
/// solution of `Jᴴ J p = Jᴴ (y - A(x))` by conjugate gradients from 0.
pub(super) fn pseudo_inverse<T: Array>(
    data: &Measurement<'_, T>,
    x: &T,
    cg_iterations: usize,
) -> Result<T> {
    let (z, j) = data.operator.linearize(x)?;
    let residual = data.likelihood.residual(&z)?;
    if let Some(inverse) = data.pseudo_inverse {
        return inverse.forward(&residual);
    }
    let params = CgParams {
        iterations: cg_iterations,
        tolerance: 1e-6,
    };
    let b = j.adjoint(&residual)?;
    Ok(conjugate_gradient(|p| j.normal(p), &b, params)?.0)
}
