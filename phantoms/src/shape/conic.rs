//! A piece of the plane that a conic section and straight lines bound: how a plane cuts a cone.

use std::f64::consts::TAU;

use num_complex::Complex64;

use super::form::Form;
use super::plane::HalfPlane;
use super::quadrature::between_kinks;
use super::vector::{dot2, minus2};
use super::{Ellipse, Region};

/// The convex region `q.M q + 2 b.q + c <= 0` within half-planes, of points `q = p - o`.
#[derive(Clone, Debug, PartialEq)]
pub struct Conic {
    /// o, near the region, so that little cancels.
    pub(super) centre: [f64; 2],
    /// M_xx, M_xy, M_yy.
    pub(super) quadratic: [f64; 3],
    /// b.
    pub(super) linear: [f64; 2],
    /// c.
    pub(super) constant: f64,
    /// What is kept of it.
    pub(super) clips: Vec<HalfPlane>,
    /// An upright rectangle around it: lower and upper corner.
    pub(super) bounds: [[f64; 2]; 2],
}

/// Below this share of the square of its trace, the determinant of a form is not known well enough
/// for the middle and the half axes of an ellipse.
const SLIGHT: f64 = 1e-3;

impl Conic {
    /// The same with every length times a factor.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        Self {
            centre: self.centre.map(|v| v * factor),
            quadratic: self.quadratic.map(|v| v / (factor * factor)),
            linear: self.linear.map(|v| v / factor),
            constant: self.constant,
            clips: self.clips.iter().map(|c| c.scaled(factor)).collect(),
            bounds: self.bounds.map(|p| p.map(|v| v * factor)),
        }
    }

    /// Whether a point lies inside or on the edge.
    pub fn contains(&self, p: [f64; 2]) -> bool {
        let q = minus2(p, self.centre);
        dot2(q, self.times(q)) + 2.0 * dot2(self.linear, q) + self.constant <= 0.0
            && self.clips.iter().all(|clip| clip.inside(p) > 0.0)
    }

    /// Where the line `origin + t direction` runs inside.
    pub fn chord(&self, origin: [f64; 2], direction: [f64; 2]) -> Option<[f64; 2]> {
        self.within(origin, direction, &mut self.clips.iter())
    }

    /// Where the line of a clip runs inside of all else.
    fn chord_of(&self, origin: [f64; 2], direction: [f64; 2], own: &HalfPlane) -> Option<[f64; 2]> {
        let others = self.clips.iter().filter(|clip| !clip.is_same(own));
        self.within(origin, direction, &mut others.into_iter())
    }

    /// Where a line runs inside of the conic and of some clips.
    fn within(
        &self,
        origin: [f64; 2],
        direction: [f64; 2],
        clips: &mut dyn Iterator<Item = &HalfPlane>,
    ) -> Option<[f64; 2]> {
        // Counted from where the line is closest to the centre.
        let from = minus2(self.centre, origin);
        let start = dot2(from, direction) / dot2(direction, direction);
        let q = minus2(direction.map(|v| v * start), from);
        let m = self.times(direction);
        let (a, b) = (
            dot2(direction, m),
            dot2(q, m) + dot2(self.linear, direction),
        );
        let c = dot2(q, self.times(q)) + 2.0 * dot2(self.linear, q) + self.constant;
        let mut range = [f64::NEG_INFINITY, f64::INFINITY];
        for clip in clips {
            clip.narrow(origin, direction, &mut range);
        }
        let inside = below_zero([a, b, c], range.map(|t| t - start))?;
        Some(inside.map(|t| t + start))
    }

    /// The covered share of the rectangle of the given centre and full widths, by rows, to 1e-12.
    pub fn area_average(&self, centre: [f64; 2], width: [f64; 2]) -> f64 {
        let [low, high] = [-0.5, 0.5].map(|s| [0, 1].map(|n| centre[n] + s * width[n]));
        if high[1] <= self.bounds[0][1] || low[1] >= self.bounds[1][1] {
            return 0.0;
        }
        if low[0] >= self.bounds[1][0] || high[0] <= self.bounds[0][0] {
            return 0.0;
        }
        let corners = [low, [high[0], low[1]], high, [low[0], high[1]]];
        if corners.iter().all(|corner| self.contains(*corner)) {
            return 1.0;
        }
        let row = |y: f64| {
            let chord = self.chord([0.0, y], [1.0, 0.0]).unwrap_or([0.0; 2]);
            let inside = chord[1].min(high[0]) - chord[0].max(low[0]);
            Complex64::new(inside.max(0.0), 0.0)
        };
        let area = width[0] * width[1];
        let sides = [low[0], high[0]].map(|x| self.chord([x, 0.0], [0.0, 1.0]));
        let sides = sides.into_iter().flatten().flatten();
        self.over_rows(&row, [low[1], high[1]], sides, 1e-13 * area)
            .re
            / area
    }

    /// The Fourier transform, exact along x and by adaptive quadrature along y, to 1e-12 of the
    /// area around it.
    pub fn fourier(&self, k: [f64; 2]) -> Complex64 {
        let [low, high] = self.bounds;
        let row = |y: f64| {
            let chord = self.chord([0.0, y], [1.0, 0.0]);
            chord.map_or(Complex64::ZERO, |c| {
                wave(k[0], c) * Complex64::cis(-TAU * k[1] * y)
            })
        };
        let area = (high[0] - low[0]) * (high[1] - low[1]);
        self.over_rows(&row, [low[1], high[1]], std::iter::empty(), 1e-13 * area)
    }

    /// The integral of a function of rows between two heights, split where it has kinks and roots:
    /// at the corners and ends of the region, and at `more`.
    fn over_rows(
        &self,
        row: &dyn Fn(f64) -> Complex64,
        [from, to]: [f64; 2],
        more: impl Iterator<Item = f64>,
        tolerance: f64,
    ) -> Complex64 {
        let mut ends: Vec<f64> = self
            .turns()
            .chain(more)
            .filter(|y| (from..to).contains(y))
            .chain([from, to])
            .collect();
        ends.sort_by(f64::total_cmp);
        between_kinks(row, &ends, 0.0, tolerance)
    }

    /// Heights at which rows begin, end or bend: of the conic, and of the ends of its clips.
    fn turns(&self) -> impl Iterator<Item = f64> + '_ {
        let ([xx, xy, yy], [bx, by]) = (self.quadratic, self.linear);
        // A row meets the conic where (b_x + M_xy y)² - M_xx (M_yy y² + 2 b_y y + c) > 0.
        let (a, b, c) = (
            xy * xy - xx * yy,
            xy * bx - xx * by,
            bx * bx - xx * self.constant,
        );
        let root = (b * b - a * c).max(0.0).sqrt();
        let conic = [(-b - root) / a, (-b + root) / a];
        let clips = self.clips.iter().filter_map(|clip| {
            let [x, y] = clip.normal;
            let foot = [x, y].map(|v| v * clip.distance / (x * x + y * y));
            let others = self.chord_of(foot, [-y, x], clip)?;
            Some(others.map(|t| foot[1] + t * x))
        });
        conic
            .into_iter()
            .filter(|y| y.is_finite())
            .map(|y| y + self.centre[1])
            .chain(clips.flatten())
    }

    /// As an ellipse, where it is one; none where it is empty.
    pub(super) fn simplest(self) -> Option<Region> {
        let form = Form {
            quadratic: self.quadratic,
            linear: self.linear,
            constant: self.constant,
        };
        let trace = self.quadratic[0] + self.quadratic[2];
        if trace <= 0.0 || form.determinant() <= SLIGHT * trace * trace {
            return Some(Region::Conic(self));
        }
        let (centre, least) = form.least();
        if least >= 0.0 {
            return None;
        }
        let (semi, angle_rad) = form.axes(form.determinant());
        Some(Region::Ellipse(Ellipse {
            centre: [0, 1].map(|n| self.centre[n] + centre[n]),
            semi: semi.map(|s| s * (-least).sqrt()),
            angle_rad,
            clips: self.clips,
        }))
    }

    fn times(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [xx, xy, yy] = self.quadratic;
        [xx * x + xy * y, xy * x + yy * y]
    }
}

/// `∫ exp(-2 pi i k x) dx` over an interval.
pub(crate) fn wave(k: f64, [from, to]: [f64; 2]) -> Complex64 {
    let (middle, length) = (0.5 * (from + to), to - from);
    length * super::polygon::sinc(k * length) * Complex64::cis(-TAU * k * middle)
}

/// Where `a t² + 2 b t + c <= 0` within a range, for a set known to be convex there: of two rays,
/// the one that reaches into the range.
pub(super) fn below_zero([a, b, c]: [f64; 3], range: [f64; 2]) -> Option<[f64; 2]> {
    let kept = |from: f64, to: f64| {
        let part = [from.max(range[0]), to.min(range[1])];
        (part[0] < part[1]).then_some(part)
    };
    let square = b * b - a * c;
    if a.abs() <= 1e-14 * (a.abs() + b.abs() + c.abs()) {
        if b == 0.0 {
            return if c <= 0.0 {
                kept(range[0], range[1])
            } else {
                None
            };
        }
        let root = -0.5 * c / b;
        return if b > 0.0 {
            kept(range[0], root)
        } else {
            kept(root, range[1])
        };
    }
    if square <= 0.0 {
        return if a > 0.0 {
            None
        } else {
            kept(range[0], range[1])
        };
    }
    let q = -(b + square.sqrt().copysign(b));
    let (mut first, mut second) = (q / a, c / q);
    if first > second {
        (first, second) = (second, first);
    }
    if a > 0.0 {
        return kept(first, second);
    }
    let rays = [kept(range[0], first), kept(second, range[1])];
    rays.into_iter()
        .flatten()
        .max_by(|p, q| (p[1] - p[0]).total_cmp(&(q[1] - q[0])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Ellipse;

    /// The ellipse as a conic.
    fn as_conic() -> (Ellipse, Conic) {
        let ellipse = Ellipse::new([0.2, -0.1], [0.6, 0.3], 0.0).clipped(0.1, 0.8);
        let [a, b] = ellipse.semi.map(|s| 1.0 / (s * s));
        let [x, y] = ellipse.centre;
        // Seen from a point beside its centre.
        let [u, v] = [0.15, -0.12];
        let conic = Conic {
            centre: [x - u, y - v],
            quadratic: [a, 0.0, b],
            linear: [-a * u, -b * v],
            constant: a * u * u + b * v * v - 1.0,
            clips: ellipse.clips.clone(),
            bounds: ellipse.bounds(),
        };
        (ellipse, conic)
    }

    #[test]
    fn an_ellipse_is_a_conic() {
        let (ellipse, conic) = as_conic();
        for n in 0..20 {
            let (s, c) = (0.31 * f64::from(n)).sin_cos();
            let origin = [0.05 * f64::from(n) - 0.4, 0.02 * f64::from(n) - 0.3];
            match (ellipse.chord(origin, [c, s]), conic.chord(origin, [c, s])) {
                (Some(a), Some(b)) => {
                    assert!((a[0] - b[0]).abs() < 1e-13 && (a[1] - b[1]).abs() < 1e-13)
                }
                (a, b) => assert_eq!(a, b),
            }
            assert_eq!(ellipse.contains(origin), conic.contains(origin));
        }
        for k in [[0.0, 0.0], [1.2, 0.4], [-3.0, 2.0]] {
            assert!((ellipse.fourier(k) - conic.fourier(k)).norm() < 1e-12);
        }
        let (at, width) = ([0.0, 0.0], [0.3, 0.2]);
        let error = ellipse.area_average(at, width) - conic.area_average(at, width);
        assert!(error.abs() < 1e-12, "{error}");
    }

    #[test]
    fn of_two_rays_the_one_in_range_is_kept() {
        // 1 - t² <= 0 outside of (-1, 1).
        assert_eq!(below_zero([-1.0, 0.0, 1.0], [0.5, 4.0]), Some([1.0, 4.0]));
        assert_eq!(
            below_zero([-1.0, 0.0, 1.0], [-3.0, 0.5]),
            Some([-3.0, -1.0])
        );
        assert_eq!(below_zero([0.0, 1.0, -1.0], [-3.0, 9.0]), Some([-3.0, 0.5]));
        assert_eq!(below_zero([1.0, 0.0, 1.0], [-3.0, 9.0]), None);
    }
}
