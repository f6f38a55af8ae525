//! The shapes of the plane as one.

use num_complex::Complex64;

use super::crossing::intervals;
use super::plane::HalfPlane;
use super::vector::dot2;
use super::{Bell, Conic, Ellipse, Path, Polygon};

/// A shape of the plane, with four evaluators: at a point, averaged over a pixel, along a line, and
/// its Fourier transform `F(k) = ∫ f(p) exp(-2 pi i k.p) dp`, k in cycles per unit.
///
/// 1 inside and 0 outside; a [`Bell`] has values between.
#[derive(Clone, Debug, PartialEq)]
pub enum Region {
    /// An ellipse, whole or clipped.
    Ellipse(Ellipse),
    /// A polygon.
    Polygon(Polygon),
    /// A closed path of cubics.
    Path(Path),
    /// A bell.
    Bell(Bell),
    /// Bounded by a conic section and lines.
    Conic(Conic),
}

impl Region {
    /// The value at a point.
    pub fn value(&self, p: [f64; 2]) -> f64 {
        let inside = match self {
            Self::Ellipse(e) => e.contains(p),
            Self::Polygon(q) => q.contains(p),
            Self::Path(q) => q.contains(p),
            Self::Conic(c) => c.contains(p),
            Self::Bell(b) => return b.value(p),
        };
        f64::from(u8::from(inside))
    }

    /// The mean over the rectangle of the given centre and full widths.
    pub fn area_average(&self, centre: [f64; 2], width: [f64; 2]) -> f64 {
        match self {
            Self::Ellipse(e) => e.area_average(centre, width),
            Self::Polygon(p) => p.area_average(centre, width),
            Self::Path(p) => p.area_average(centre, width),
            Self::Bell(b) => b.area_average(centre, width),
            Self::Conic(c) => c.area_average(centre, width),
        }
    }

    /// The integral along the line through a point, over its whole length.
    pub fn line_integral(&self, origin: [f64; 2], direction: [f64; 2]) -> f64 {
        if let Self::Bell(b) = self {
            return b.line_integral(origin, direction);
        }
        let mut sum = 0.0;
        self.intervals(origin, direction, &mut |[from, to]| sum += to - from);
        sum * dot2(direction, direction).sqrt()
    }

    /// The Fourier transform at a spatial frequency.
    pub fn fourier(&self, k: [f64; 2]) -> Complex64 {
        match self {
            Self::Ellipse(e) => e.fourier(k),
            Self::Polygon(p) => p.fourier(k),
            Self::Path(p) => p.fourier(k),
            Self::Bell(b) => b.fourier(k),
            Self::Conic(c) => c.fourier(k),
        }
    }

    /// An upright rectangle around it: lower and upper corner.
    pub fn bounds(&self) -> [[f64; 2]; 2] {
        match self {
            Self::Ellipse(e) => e.bounds(),
            Self::Polygon(p) => p.bounds(),
            Self::Path(p) => p.bounds(),
            Self::Bell(b) => b.bounds(),
            Self::Conic(c) => c.bounds,
        }
    }

    /// Whether it has values between 0 and 1, so that it can only be added, never cover.
    pub(crate) fn is_bell(&self) -> bool {
        matches!(self, Self::Bell(_))
    }

    /// Gives every stretch of the line `origin + t direction` that lies inside, in order; none of a
    /// bell.
    pub(crate) fn intervals(
        &self,
        origin: [f64; 2],
        direction: [f64; 2],
        give: &mut dyn FnMut([f64; 2]),
    ) {
        match self {
            Self::Ellipse(e) => e.chord(origin, direction).into_iter().for_each(give),
            Self::Conic(c) => c.chord(origin, direction).into_iter().for_each(give),
            Self::Polygon(p) => intervals(p.crossings(origin, direction))
                .into_iter()
                .for_each(give),
            Self::Path(p) => intervals(p.crossings(origin, direction))
                .into_iter()
                .for_each(give),
            Self::Bell(_) => {}
        }
    }

    /// What the half-planes keep of a convex polygon: none if nothing.
    pub(super) fn convex(start: Polygon, clips: &[HalfPlane]) -> Option<Self> {
        let polygon = clips.iter().fold(start, |part, clip| part.cut(clip));
        (polygon.corners.len() > 2 && polygon.area() > 0.0).then_some(Self::Polygon(polygon))
    }
}

impl From<Ellipse> for Region {
    fn from(e: Ellipse) -> Self {
        Self::Ellipse(e)
    }
}

impl From<Polygon> for Region {
    fn from(p: Polygon) -> Self {
        Self::Polygon(p)
    }
}

impl From<Path> for Region {
    fn from(p: Path) -> Self {
        Self::Path(p)
    }
}

impl From<Bell> for Region {
    fn from(b: Bell) -> Self {
        Self::Bell(b)
    }
}
