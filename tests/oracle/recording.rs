//! Norms and states on which a step depends, as they were met: with them its law is affine.

use annulus::score::{Covariance, Denoiser, Estimate, Want};
use operators::likelihood::{Gaussian, Likelihood};
use operators::{Host, Result, SliceRng, Vector};
use std::cell::RefCell;

type Image = Host<f64>;

/// Records the norms of the residual.
pub(crate) struct Recording {
    inner: Gaussian<Image>,
    pub(crate) norms: RefCell<Vec<f64>>,
}

impl Recording {
    pub(crate) fn new(inner: Gaussian<Image>) -> Self {
        Recording {
            inner,
            norms: RefCell::default(),
        }
    }
}

impl Likelihood<Image> for Recording {
    fn nll(&self, z: &Image) -> Vec<f64> {
        self.inner.nll(z)
    }
    fn gradient(&self, z: &Image) -> Result<Image> {
        self.inner.gradient(z)
    }
    fn residual(&self, z: &Image) -> Result<Image> {
        let residual = self.inner.residual(z)?;
        self.norms.borrow_mut().push(residual.norm()[0]);
        Ok(residual)
    }
    fn precision(&self, z: &Image, v: &Image) -> Result<Image> {
        self.inner.precision(z, v)
    }
    fn gradient_noise(&self, z: &Image, rng: &mut SliceRng) -> Result<Image> {
        self.inner.gradient_noise(z, rng)
    }
    fn simulate(&self, z: &Image, rng: &mut SliceRng) -> Result<Image> {
        self.inner.simulate(z, rng)
    }
    fn misfit(&self, z: &Image) -> Vec<f64> {
        self.inner.misfit(z)
    }
}

/// Records the states that it is asked about, and what it makes of them.
pub(crate) struct RecordingPrior<'a> {
    inner: &'a dyn Denoiser<Image>,
    /// x and D of every call.
    pub(crate) calls: RefCell<Vec<[Image; 2]>>,
}

impl<'a> RecordingPrior<'a> {
    pub(crate) fn new(inner: &'a dyn Denoiser<Image>) -> Self {
        RecordingPrior {
            inner,
            calls: RefCell::default(),
        }
    }

    /// `‖D - x‖` of every call.
    pub(crate) fn norms(&self) -> Vec<f64> {
        let calls = self.calls.borrow();
        calls.iter().map(|[x, d]| d.minus(x).norm()[0]).collect()
    }
}

impl Denoiser<Image> for RecordingPrior<'_> {
    fn estimate<'a>(&'a self, x: &Image, sigma: f64, want: Want) -> Result<Estimate<'a, Image>> {
        let d = self.inner.estimate(x, sigma, want)?;
        self.calls.borrow_mut().push([x.clone(), d.x0.clone()]);
        Ok(d)
    }

    fn covariance(&self) -> Option<&Covariance> {
        self.inner.covariance()
    }
}
