//! Operators that are diagonal between two orthonormal bases.

use crate::{LinearOperator, Result};

/// `A = U Σ Vᴴ` with all three cheap, for samplers that work in the spectrum of the operator.
///
/// Coefficients `c = Vᴴ x` have the shape and the field of `x`, so white noise stays white in them.
/// Coefficients of `Σ = 0` are those of which `y` says nothing.
pub trait Spectral<T>: LinearOperator<T> {
    /// `Vᴴ x`.
    fn analyse(&self, x: &T) -> Result<T>;
    /// `V c`.
    fn synthesise(&self, c: &T) -> Result<T>;
    /// Σ, `Real[1, …]` over the axes of `c`, for [`crate::Array::weighted`]; on the device of `like`.
    fn singular_values(&self, like: &T) -> T;
    /// `Σ⁺ Uᴴ y`, coefficients as the data have them; 0 where Σ is 0. White noise of deviation σ
    /// in `y` has the deviation `σ / Σ` here.
    fn data(&self, y: &T) -> Result<T>;
    /// `A† y = V Σ⁺ Uᴴ y`.
    fn pseudo_inverse(&self, y: &T) -> Result<T> {
        self.synthesise(&self.data(y)?)
    }
}
