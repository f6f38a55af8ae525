//! From the units of a prior to line integrals.

use operators::{Array, LinearOperator, Result, Space};

/// What one unit of a prior's image is: `μ = μ_ref (1 + x / k)`.
///
/// For HU `μ_ref` is water and `k = 1000 / unit_hu`, so that `x = 0` is water and air is `-k`.
/// Line integrals are then `P μ = μ_ref / k P x + P μ_ref`: a linear operator, and an offset that
/// the likelihood knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// `μ_ref`, in 1/mm.
    pub(super) reference_per_mm: f64,
    /// `k`.
    pub(super) units: f64,
}

impl Scale {
    /// In 1/mm.
    pub(super) fn to_per_mm<T: Array>(self, x: &T) -> T {
        x.elementwise(&[], &|x, _| self.reference_per_mm * (1.0 + x / self.units))
    }

    /// From 1/mm.
    pub(super) fn of_per_mm<T: Array>(self, mu: &T) -> T {
        mu.elementwise(&[], &|mu, _| {
            self.units * (mu / self.reference_per_mm - 1.0)
        })
    }

    /// 1/mm of one unit.
    pub(super) fn slope_per_mm(self) -> f64 {
        self.reference_per_mm / self.units
    }
}

/// A linear operator times a number.
pub(super) struct Scaled<P> {
    pub(super) inner: P,
    pub(super) factor: f64,
}

impl<T: Array, P: LinearOperator<T>> LinearOperator<T> for Scaled<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }
    fn domain(&self) -> &Space {
        self.inner.domain()
    }
    fn range(&self) -> &Space {
        self.inner.range()
    }
    fn forward(&self, x: &T) -> Result<T> {
        Ok(self.inner.forward(x)?.scaled(self.factor))
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        Ok(self.inner.adjoint(y)?.scaled(self.factor))
    }
}
