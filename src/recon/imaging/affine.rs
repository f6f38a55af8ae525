//! From the units of a prior to what the operator sees, and through it.

use super::super::Plan;
use super::model::Model;
use super::spectral::{Inverse, Known, Spectrum, Unmeasured};
use crate::score::Channels;
use operators::array::Torch;
use operators::imaging::{NonlinearBlur, PhaseRetrieval, Script};
use operators::{Array, Host, LinearOperator, Operator, Result, Space};

/// `A(b + c x)`: the operator of images in units of the prior.
///
/// Of a prior of HU, `b = 1` and `c = unit_hu / 1000`: `x = 0` is water, which the operator sees as
/// 1. Of any other prior, and without one, `b = 0`, `c = 1`.
pub(in crate::recon) struct Affine<T> {
    pub(super) model: Model<T>,
    /// `b` and `c`.
    pub(super) scale: [f64; 2],
    /// Ones, batch 1.
    ones: T,
}

impl<T> Affine<T> {
    /// `b` and `c`, by the prior's card.
    pub(super) fn scale(plan: &Plan) -> [f64; 2] {
        match plan.prior.as_ref().and_then(|p| p.card.unit_hu) {
            Some(unit_hu) => [1.0, unit_hu / 1000.0],
            None => [0.0, 1.0],
        }
    }
}

impl<T: Channels> Affine<T> {
    pub(super) fn new(model: Model<T>, scale: [f64; 2], blank: &T) -> Self {
        Affine {
            model,
            scale,
            ones: blank.elementwise(&[], &|_, _| 1.0),
        }
    }

    /// An image of zeros, batch 1.
    pub(super) fn blank(&self) -> T {
        self.ones.zeros_like()
    }

    /// `b + c x`.
    pub(super) fn seen(&self, x: &T) -> T {
        let [b, c] = self.scale;
        let mut v = x.scaled(c);
        v.axpy(&[b], &self.ones.repeat(x.batch()));
        v
    }

    /// `(v - b) / c`.
    pub(super) fn of_seen(&self, v: &T) -> T {
        let [b, c] = self.scale;
        let mut x = v.clone();
        x.axpy(&[-b], &self.ones.repeat(v.batch()));
        x.scaled(1.0 / c)
    }

    /// `c A` by its singular values, where they are known.
    pub(super) fn known(&self) -> Option<Known<T>> {
        let Model::Spectral(of) = &self.model else {
            return None;
        };
        let factor = self.scale[1];
        Some(Known {
            inverse: Inverse::new(of.clone(), factor, &self.ones),
            unmeasured: Unmeasured::new(of.clone(), &self.ones),
            spectrum: Spectrum {
                of: of.clone(),
                factor,
            },
        })
    }

    fn linearized<'a>(&'a self, x: &T) -> Result<(T, Box<dyn LinearOperator<T> + 'a>)>
    where
        NonlinearBlur<T>: Operator<T>,
        PhaseRetrieval: Operator<T>,
        Script: Operator<T>,
    {
        let (v, factor) = (self.seen(x), self.scale[1]);
        let (y, inner) = match &self.model {
            Model::Spectral(a) => (a.forward(&v)?, Inner::Itself(a.as_ref())),
            Model::Linear(a) => (a.forward(&v)?, Inner::Itself(a.as_ref())),
            Model::Saturated(a) => {
                let (y, slope) = a.linearize(&v)?;
                (y, Inner::Slope(slope))
            }
            Model::Magnitudes(a) => {
                let (y, slope) = a.linearize(&v)?;
                (y, Inner::Slope(slope))
            }
            Model::Network(a) => {
                let (y, slope) = a.linearize(&v)?;
                (y, Inner::Slope(slope))
            }
        };
        Ok((y, Box::new(Scaled { inner, factor })))
    }
}

/// Kind by kind: next to the blanket rule for linear operators the compiler lets no generic one be.
impl Operator<Host<f32>> for Affine<Host<f32>> {
    fn apply(&self, x: &Host<f32>) -> Result<Host<f32>> {
        Ok(self.linearized(x)?.0)
    }
    fn linearize<'a>(
        &'a self,
        x: &Host<f32>,
    ) -> Result<(Host<f32>, Box<dyn LinearOperator<Host<f32>> + 'a>)> {
        self.linearized(x)
    }
}

impl Operator<Torch> for Affine<Torch> {
    fn apply(&self, x: &Torch) -> Result<Torch> {
        Ok(self.linearized(x)?.0)
    }
    fn linearize<'a>(&'a self, x: &Torch) -> Result<(Torch, Box<dyn LinearOperator<Torch> + 'a>)> {
        self.linearized(x)
    }
}

enum Inner<'a, T> {
    Itself(&'a dyn LinearOperator<T>),
    Slope(Box<dyn LinearOperator<T> + 'a>),
}

/// `c J`.
struct Scaled<'a, T> {
    inner: Inner<'a, T>,
    factor: f64,
}

impl<T> Scaled<'_, T> {
    fn j(&self) -> &dyn LinearOperator<T> {
        match &self.inner {
            Inner::Itself(a) => *a,
            Inner::Slope(a) => a.as_ref(),
        }
    }
}

impl<T: Array> LinearOperator<T> for Scaled<'_, T> {
    fn name(&self) -> &'static str {
        self.j().name()
    }
    fn domain(&self) -> &Space {
        self.j().domain()
    }
    fn range(&self) -> &Space {
        self.j().range()
    }
    fn forward(&self, x: &T) -> Result<T> {
        Ok(self.j().forward(x)?.scaled(self.factor))
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        Ok(self.j().adjoint(y)?.scaled(self.factor))
    }
    fn normal(&self, x: &T) -> Result<T> {
        Ok(self.j().normal(x)?.scaled(self.factor * self.factor))
    }
}
