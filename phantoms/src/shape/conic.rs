//! A piece of the plane that a conic section and straight lines bound: how a plane cuts a cone.

use std::f64::consts::TAU;

use num_complex::Complex64;

use super::form::Form;
use super::plane::HalfPlane;
use super::quadrature::adaptive;
use super::vector::dot2;
use super::{Ellipse, Region};

/// The convex region `p.M p + 2 b.p + c <= 0` within half-planes.
#[derive(Clone, Debug, PartialEq)]
pub struct Conic {
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

impl Conic {
    /// Whether a point lies inside or on the edge.
    pub fn contains(&self, p: [f64; 2]) -> bool {
        dot2(p, self.times(p)) + 2.0 * dot2(self.linear, p) + self.constant <= 0.0
            && self.clips.iter().all(|clip| clip.inside(p) > 0.0)
    }

    /// Where the line `origin + t direction` runs inside.
    pub fn chord(&self, origin: [f64; 2], direction: [f64; 2]) -> Option<[f64; 2]> {
        let m = self.times(direction);
        let (a, b) = (
            dot2(direction, m),
            dot2(origin, m) + dot2(self.linear, direction),
        );
        let at = self.times(origin);
        let c = dot2(origin, at) + 2.0 * dot2(self.linear, origin) + self.constant;
        let mut range = [f64::NEG_INFINITY, f64::INFINITY];
        for clip in &self.clips {
            clip.narrow(origin, direction, &mut range);
        }
        below_zero([a, b, c], range)
    }

    /// The covered share of the rectangle of the given centre and full widths, by rows, to 1e-12.
    pub fn area_average(&self, centre: [f64; 2], width: [f64; 2]) -> f64 {
        let [low, high] = [-0.5, 0.5].map(|s| [0, 1].map(|n| centre[n] + s * width[n]));
        let (bottom, top) = (
            low[1].max(self.bounds[0][1]),
            high[1].min(self.bounds[1][1]),
        );
        if bottom >= top || low[0] >= self.bounds[1][0] || high[0] <= self.bounds[0][0] {
            return 0.0;
        }
        let row = |y: f64| {
            let chord = self.chord([0.0, y], [1.0, 0.0]).unwrap_or([0.0; 2]);
            let inside = chord[1].min(high[0]) - chord[0].max(low[0]);
            Complex64::new(inside.max(0.0), 0.0)
        };
        let area = width[0] * width[1];
        adaptive(&row, bottom, top, 1e-13 * area).re / area
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
        adaptive(&row, low[1], high[1], 1e-13 * area)
    }

    /// As an ellipse, where it is one; none where it is empty.
    pub(super) fn simplest(self) -> Option<Region> {
        let form = Form {
            quadratic: self.quadratic,
            linear: self.linear,
            constant: self.constant,
        };
        let trace = self.quadratic[0] + self.quadratic[2];
        if trace <= 0.0 || form.determinant() <= 1e-9 * trace * trace {
            return Some(Region::Conic(self));
        }
        let (centre, least) = form.least();
        if least >= 0.0 {
            return None;
        }
        let (semi, angle_rad) = form.axes();
        Some(Region::Ellipse(Ellipse {
            centre,
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
        let conic = Conic {
            quadratic: [a, 0.0, b],
            linear: [-a * x, -b * y],
            constant: a * x * x + b * y * y - 1.0,
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
