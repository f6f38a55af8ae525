//! What is measured: operators that are diagonal in the Fourier basis.

use operators::imaging::Spectral;
use operators::{Array, Chain, Direction, Field, Host, LinearOperator, Result, Space};

type Image = Host<f64>;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forward {
    /// Every fifth column of k-space and the central 8 %.
    Mask,
    /// The image, blurred by `h(k)`.
    Blur,
}

/// The transfer function of the blur: 1/50 in the corner.
pub(super) fn transfer(radius: f64) -> f64 {
    1.0 / (1.0 + (radius / 0.1).powi(2))
}

/// `Fᴴ diag(w) F`: a blur, its inverse, a part of the modes.
pub(crate) struct Filter {
    space: Space,
    weights: Image,
}

impl Filter {
    pub(crate) fn new([rows, columns]: [usize; 2], weights: Vec<f64>) -> Self {
        Filter {
            space: Space::image(rows, columns),
            weights: Host::new(&[1, rows, columns], Field::Real, weights),
        }
    }
}

impl LinearOperator<Image> for Filter {
    fn name(&self) -> &'static str {
        "filter"
    }
    fn domain(&self) -> &Space {
        &self.space
    }
    fn range(&self) -> &Space {
        &self.space
    }
    fn forward(&self, x: &Image) -> Result<Image> {
        self.synthesise(&self.analyse(x)?.weighted(&self.weights))
    }
    fn adjoint(&self, y: &Image) -> Result<Image> {
        self.forward(y)
    }
}

impl Spectral<Image> for Filter {
    fn analyse(&self, x: &Image) -> Result<Image> {
        Ok(x.fft2(Direction::Forward))
    }
    fn synthesise(&self, c: &Image) -> Result<Image> {
        Ok(c.fft2(Direction::Inverse))
    }
    fn singular_values(&self, _: &Image) -> Image {
        self.weights.clone()
    }
    fn data(&self, y: &Image) -> Result<Image> {
        let inverse = self.weights.elementwise(&[], &|h, _| 1.0 / h);
        Ok(self.analyse(y)?.weighted(&inverse))
    }
}

/// The k-space of one coil of sensitivity 1, by its singular values 0 and 1.
pub(super) struct Sampled {
    sense: Chain<Image>,
    support: Image,
}

impl Sampled {
    pub(super) fn new(sense: Chain<Image>, support: Image) -> Self {
        Sampled { sense, support }
    }
}

impl LinearOperator<Image> for Sampled {
    fn name(&self) -> &'static str {
        "k-space"
    }
    fn domain(&self) -> &Space {
        self.sense.domain()
    }
    fn range(&self) -> &Space {
        self.sense.range()
    }
    fn forward(&self, x: &Image) -> Result<Image> {
        self.sense.forward(x)
    }
    fn adjoint(&self, y: &Image) -> Result<Image> {
        self.sense.adjoint(y)
    }
}

impl Spectral<Image> for Sampled {
    fn analyse(&self, x: &Image) -> Result<Image> {
        Ok(x.fft2(Direction::Forward))
    }
    fn synthesise(&self, c: &Image) -> Result<Image> {
        Ok(c.fft2(Direction::Inverse))
    }
    fn singular_values(&self, _: &Image) -> Image {
        self.support.clone()
    }
    fn data(&self, y: &Image) -> Result<Image> {
        let sizes = y.sizes();
        let plane = Host::new(&[sizes[0], sizes[2], sizes[3]], y.field(), y.to_reals());
        Ok(plane.weighted(&self.support))
    }
}
