//! A scan by one coil as some samplers ask for it: by its singular values.

use super::super::toolkit::Image;
use operators::imaging::Spectral;
use operators::{Array, Direction, Host, LinearOperator, Result, Space};

/// One coil that sees everything alike: the singular values are the mask. For `ddrm`.
pub(super) struct Sampled<'a> {
    pub a: &'a dyn LinearOperator<Image>,
    pub mask: &'a Image,
}

impl LinearOperator<Image> for Sampled<'_> {
    fn name(&self) -> &'static str {
        self.a.name()
    }
    fn domain(&self) -> &Space {
        self.a.domain()
    }
    fn range(&self) -> &Space {
        self.a.range()
    }
    fn forward(&self, x: &Image) -> Result<Image> {
        self.a.forward(x)
    }
    fn adjoint(&self, y: &Image) -> Result<Image> {
        self.a.adjoint(y)
    }
}

impl Spectral<Image> for Sampled<'_> {
    fn analyse(&self, x: &Image) -> Result<Image> {
        Ok(x.fft2(Direction::Forward))
    }
    fn synthesise(&self, c: &Image) -> Result<Image> {
        Ok(c.fft2(Direction::Inverse))
    }
    fn singular_values(&self, _: &Image) -> Image {
        self.mask.clone()
    }
    /// The coil's axis goes.
    fn data(&self, y: &Image) -> Result<Image> {
        let sizes = y.sizes();
        let plane = Host::new(&[sizes[0], sizes[2], sizes[3]], y.field(), y.to_reals());
        Ok(plane.weighted(self.mask))
    }
}
