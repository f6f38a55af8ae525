//! The shapes of the plane as one.

use num_complex::Complex64;

use super::boundary::{Node, Piece, nodes};
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
        self.chords(origin, direction) * dot2(direction, direction).sqrt()
    }

    /// How much of t lies inside, of the line `origin + t direction`; none of a bell.
    pub(crate) fn chords(&self, origin: [f64; 2], direction: [f64; 2]) -> f64 {
        let length = |[from, to]: [f64; 2]| to - from;
        match self {
            Self::Ellipse(e) => e.chord(origin, direction).map_or(0.0, length),
            Self::Conic(c) => c.chord(origin, direction).map_or(0.0, length),
            _ => {
                let mut sum = 0.0;
                self.intervals(origin, direction, &mut |range| sum += length(range));
                sum
            }
        }
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

    /// The same with every length times a factor.
    pub fn scaled(&self, factor: f64) -> Self {
        match self {
            Self::Ellipse(e) => Self::Ellipse(e.scaled(factor)),
            Self::Polygon(p) => Self::Polygon(p.scaled(factor)),
            Self::Path(p) => Self::Path(p.scaled(factor)),
            Self::Bell(b) => Self::Bell(b.scaled(factor)),
            Self::Conic(c) => Self::Conic(c.scaled(factor)),
        }
    }

    /// What bounds it, with the region to the left; none of a bell and of a conic.
    pub(super) fn boundary(&self) -> Option<Vec<Piece>> {
        match self {
            Self::Ellipse(e) => Some(e.boundary()),
            Self::Polygon(p) => Some(p.edges().map(Piece::Segment).collect()),
            Self::Path(p) => Some(p.boundary().collect()),
            Self::Bell(_) | Self::Conic(_) => None,
        }
    }

    /// Whether it is known by what bounds it.
    pub(crate) fn has_boundary(&self) -> bool {
        !matches!(self, Self::Bell(_) | Self::Conic(_))
    }

    /// Nodes of a rule along what bounds it, good for every frequency up to `most`; none of a bell
    /// and of a conic.
    pub(crate) fn nodes(&self, most: f64) -> Option<Vec<Node>> {
        Some(nodes(self.boundary()?, most))
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
        let kept = clips.iter().try_fold(start, |part, clip| part.cut(clip));
        kept.map(Self::Polygon)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Body, Frame, HalfSpace, Solid};

    fn regions() -> Vec<Region> {
        let bell = Bell {
            height: 1.3,
            centre: [0.1, -0.2],
            width: [0.5, 0.2],
            angle_rad: 0.7,
        };
        let corners = [[-0.5, -0.5], [0.4, -0.6], [0.1, 0.3]];
        let third = |i: usize, t: f64| {
            let (p, q): ([f64; 2], [f64; 2]) = (corners[i], corners[(i + 1) % 3]);
            [p[0] + t * (q[0] - p[0]) + 0.1, p[1] + t * (q[1] - p[1])]
        };
        let side = |i: usize| {
            [
                corners[i],
                third(i, 0.3),
                third(i, 0.7),
                corners[(i + 1) % 3],
            ]
        };
        vec![
            Ellipse::new([0.12, -0.07], [0.5, 0.3], 0.5)
                .clipped(0.09, 0.3)
                .into(),
            Polygon::new(corners.to_vec()).unwrap().into(),
            Path::bezier(&[0, 1, 2].map(side)).into(),
            bell.into(),
            hyperbola(),
        ]
    }

    /// A cone cut along its axis, and by a plane.
    fn hyperbola() -> Region {
        let cone = Body::Cone {
            bottom: 1.0,
            top: 0.2,
        };
        let frame = Frame::along(
            [0.1, 0.0, 0.0],
            [0.5, 0.5, 0.6],
            [0.0, 1.0, 0.0],
            [1.0, 0.0, 0.0],
        )
        .unwrap();
        let clip = HalfSpace::below([1.0, 0.4, 0.0], 0.3);
        let region = Solid::new(cone, frame).cut_by(clip).section(0.15).unwrap();
        assert!(matches!(region, Region::Conic(_)));
        region
    }

    #[test]
    fn a_scaled_region_has_scaled_places() {
        let factor = 2.5;
        for region in regions() {
            let large = region.scaled(factor);
            for n in 0..60 {
                let p = [
                    0.11 * f64::from(n % 10) - 0.5,
                    0.2 * f64::from(n / 10) - 0.6,
                ];
                let there = large.value(p.map(|v| factor * v));
                assert!((there - region.value(p)).abs() < 1e-14, "{region:?} {p:?}");
            }
            for k in [[0.0, 0.0], [0.7, -0.4]] {
                let here = region.fourier(k.map(|v| factor * v)) * factor * factor;
                assert!((large.fourier(k) - here).norm() < 1e-10, "{region:?}");
            }
        }
    }

    #[test]
    fn averages_are_those_of_points_and_add_up_to_the_transform() {
        for region in regions() {
            let (c, w, n) = ([0.05, -0.1], [0.6, 0.5], 600);
            let at = |p: usize, i: usize| c[i] + w[i] * ((p as f64 + 0.5) / n as f64 - 0.5);
            let sum: f64 = (0..n * n)
                .map(|p| region.value([at(p % n, 0), at(p / n, 1)]))
                .sum();
            let mean = sum / (n * n) as f64;
            assert!(
                (region.area_average(c, w) - mean).abs() < 2e-3,
                "{region:?}"
            );
            let tiles: f64 = (0..80 * 80)
                .map(|p| [p % 80, p / 80].map(|i| 0.0503 * (i as f64 + 0.5) - 2.012))
                .map(|at| region.area_average(at, [0.0503; 2]) * 0.0503 * 0.0503)
                .sum();
            let mass = region.fourier([0.0; 2]).re;
            assert!((tiles - mass).abs() < 1e-9, "{region:?}: {tiles} {mass}");
        }
    }

    #[test]
    fn a_path_run_backwards_has_the_opposite_area() {
        let Region::Path(path) = &regions()[2] else {
            unreachable!()
        };
        let back = path.reversed();
        assert!(path.area() > 0.1);
        for k in [[0.0, 0.0], [1.2, -0.7]] {
            assert!((back.fourier(k) + path.fourier(k)).norm() < 1e-15);
        }
        assert_eq!(back.reversed().area(), path.area());
    }
}
