//! How long a step is, pixel by pixel.

use super::line_integrals::reciprocal;
use operators::Array;

/// A diagonal metric `l > 0`: one number for all pixels of complex or real images, or one each for
/// real ones.
#[derive(Clone)]
pub(super) enum Metric<T> {
    /// The same everywhere.
    Even(f64),
    /// Of each pixel, with its reciprocal.
    Pixels { l: T, inverse: T },
}

impl<T: Array> Metric<T> {
    /// Of each pixel.
    pub(super) fn pixels(l: T) -> Self {
        let inverse = reciprocal(&l);
        Metric::Pixels { l, inverse }
    }

    /// `l x`.
    pub(super) fn times(&self, x: &T) -> T {
        match self {
            Metric::Even(l) => x.scaled(*l),
            Metric::Pixels { l, .. } => x.times(l),
        }
    }

    /// `x / l`.
    pub(super) fn divide(&self, x: &T) -> T {
        match self {
            Metric::Even(l) => x.scaled(1.0 / l),
            Metric::Pixels { inverse, .. } => x.times(inverse),
        }
    }
}
