//! A degradation by its singular values, in units of the prior.

use operators::imaging::Spectral;
use operators::{Array, LinearOperator, Result, Space};
use std::rc::Rc;

/// `c A`.
pub(super) struct Spectrum<T> {
    pub(super) of: Rc<dyn Spectral<T>>,
    pub(super) factor: f64,
}

impl<T: Array> Spectrum<T> {
    /// The largest singular value; above 0.
    pub(super) fn largest(&self, like: &T) -> f64 {
        let values = self.singular_values(like).to_reals();
        let largest = values.into_iter().fold(0.0, f64::max);
        largest.max(f64::MIN_POSITIVE)
    }
}

impl<T: Array> LinearOperator<T> for Spectrum<T> {
    fn name(&self) -> &'static str {
        self.of.name()
    }
    fn domain(&self) -> &Space {
        self.of.domain()
    }
    fn range(&self) -> &Space {
        self.of.range()
    }
    fn forward(&self, x: &T) -> Result<T> {
        Ok(self.of.forward(x)?.scaled(self.factor))
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        Ok(self.of.adjoint(y)?.scaled(self.factor))
    }
}

impl<T: Array> Spectral<T> for Spectrum<T> {
    fn analyse(&self, x: &T) -> Result<T> {
        self.of.analyse(x)
    }
    fn synthesise(&self, c: &T) -> Result<T> {
        self.of.synthesise(c)
    }
    fn singular_values(&self, like: &T) -> T {
        self.of.singular_values(like).scaled(self.factor)
    }
    fn data(&self, y: &T) -> Result<T> {
        Ok(self.of.data(y)?.scaled(1.0 / self.factor))
    }
}

/// `A† / c`, and its adjoint `A (AᴴA)† / c`.
pub(super) struct Inverse<T> {
    of: Rc<dyn Spectral<T>>,
    /// `1 / Σ²`, 0 where Σ is.
    inverse_power: T,
    factor: f64,
}

impl<T: Array> Inverse<T> {
    /// `like` is an image, batch 1.
    pub(super) fn new(of: Rc<dyn Spectral<T>>, c: f64, like: &T) -> Self {
        let power = |s: f64, _: &[f64]| if s > 0.0 { 1.0 / (s * s) } else { 0.0 };
        let inverse_power = of.singular_values(like).elementwise(&[], &power);
        Inverse {
            of,
            inverse_power,
            factor: 1.0 / c,
        }
    }
}

impl<T: Array> LinearOperator<T> for Inverse<T> {
    fn name(&self) -> &'static str {
        "pseudo-inverse"
    }
    fn domain(&self) -> &Space {
        self.of.range()
    }
    fn range(&self) -> &Space {
        self.of.domain()
    }
    fn forward(&self, y: &T) -> Result<T> {
        Ok(self.of.pseudo_inverse(y)?.scaled(self.factor))
    }
    fn adjoint(&self, x: &T) -> Result<T> {
        let c = self.of.analyse(x)?.weighted(&self.inverse_power);
        Ok(self
            .of
            .forward(&self.of.synthesise(&c)?)?
            .scaled(self.factor))
    }
}

/// `1 - A† A`: the part of an image that the data say nothing of.
pub(super) struct Unmeasured<T> {
    of: Rc<dyn Spectral<T>>,
    /// 1 where Σ is 0.
    lost: T,
}

impl<T: Array> Unmeasured<T> {
    /// `like` is an image, batch 1.
    pub(super) fn new(of: Rc<dyn Spectral<T>>, like: &T) -> Self {
        let lost = |s: f64, _: &[f64]| f64::from(u8::from(s == 0.0));
        let lost = of.singular_values(like).elementwise(&[], &lost);
        Unmeasured { of, lost }
    }
}

impl<T: Array> LinearOperator<T> for Unmeasured<T> {
    fn name(&self) -> &'static str {
        "unmeasured part"
    }
    fn domain(&self) -> &Space {
        self.of.domain()
    }
    fn range(&self) -> &Space {
        self.of.domain()
    }
    fn forward(&self, x: &T) -> Result<T> {
        self.of
            .synthesise(&self.of.analyse(x)?.weighted(&self.lost))
    }
    fn adjoint(&self, x: &T) -> Result<T> {
        self.forward(x)
    }
}

/// A degradation by its singular values.
pub(super) struct Known<T> {
    pub(super) spectrum: Spectrum<T>,
    pub(super) inverse: Inverse<T>,
    pub(super) unmeasured: Unmeasured<T>,
}
