//! The ellipse, whole or cut by straight lines.

use std::f64::consts::{PI, TAU};

use num_complex::Complex64;

use super::boundary::{Piece, spectrum};
use super::plane::HalfPlane;
use super::vector::{cross2, dot2, minus2};
use crate::disc::polygon_disc_area;

/// An ellipse in the plane, without what its clips cut off.
#[derive(Clone, Debug, PartialEq)]
pub struct Ellipse {
    /// Centre, x and y.
    pub centre: [f64; 2],
    /// Half axes a and b along the ellipse's own x and y.
    pub semi: [f64; 2],
    /// Angle from the x axis to the ellipse's own x axis, towards y.
    pub angle_rad: f64,
    /// What is kept of it.
    pub clips: Vec<HalfPlane>,
}

impl Ellipse {
    /// A whole ellipse.
    pub fn new(centre: [f64; 2], semi: [f64; 2], angle_rad: f64) -> Self {
        Self {
            centre,
            semi,
            angle_rad,
            clips: Vec::new(),
        }
    }

    /// A whole disc.
    pub fn disc(centre: [f64; 2], radius: f64) -> Self {
        Self::new(centre, [radius; 2], 0.0)
    }

    /// The same ellipse, cut by `n . (p - centre) < distance` with n at an angle (FORBILD's way).
    pub fn clipped(mut self, distance: f64, angle_rad: f64) -> Self {
        self.clips
            .push(HalfPlane::about(self.centre, distance, angle_rad));
        self
    }

    /// The same with every length times a factor.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        Self {
            centre: self.centre.map(|v| v * factor),
            semi: self.semi.map(|v| v * factor),
            angle_rad: self.angle_rad,
            clips: self.clips.iter().map(|c| c.scaled(factor)).collect(),
        }
    }

    /// Whether a point lies inside or on the edge.
    pub fn contains(&self, p: [f64; 2]) -> bool {
        let [u, v] = self.to_disc(minus2(p, self.centre));
        u * u + v * v <= 1.0 && self.clips.iter().all(|clip| clip.inside(p) > 0.0)
    }

    /// Where the line `origin + t direction` runs inside.
    pub fn chord(&self, origin: [f64; 2], direction: [f64; 2]) -> Option<[f64; 2]> {
        let to_disc = self.disc_map();
        let (p, d) = (to_disc(minus2(origin, self.centre)), to_disc(direction));
        let a = dot2(d, d);
        // |p + t d| = 1; the cross product gives the half chord without cancellation.
        let cross = cross2(p, d);
        if cross * cross >= a {
            return None;
        }
        let (middle, half) = (-dot2(p, d) / a, (a - cross * cross).sqrt() / a);
        let mut range = [middle - half, middle + half];
        for clip in &self.clips {
            clip.narrow(origin, direction, &mut range);
        }
        (range[0] < range[1]).then_some(range)
    }

    /// The covered share of the rectangle of the given centre and full widths, in closed form.
    pub fn area_average(&self, centre: [f64; 2], width: [f64; 2]) -> f64 {
        let [hx, hy] = width.map(|w| 0.5 * w);
        let [x, y] = centre;
        let square = [
            [x - hx, y - hy],
            [x + hx, y - hy],
            [x + hx, y + hy],
            [x - hx, y + hy],
        ];
        let corners = square.map(|p| self.to_disc(minus2(p, self.centre)));
        let middle = self.to_disc(minus2(centre, self.centre));
        let reach = corners
            .iter()
            .map(|c| (c[0] - middle[0]).hypot(c[1] - middle[1]))
            .fold(0.0, f64::max);
        if middle[0].hypot(middle[1]) >= 1.0 + reach {
            return 0.0;
        }
        let within = corners.iter().all(|c| dot2(*c, *c) <= 1.0);
        let share = |corners: &[[f64; 2]]| {
            self.semi[0] * self.semi[1] * polygon_disc_area(corners) / (width[0] * width[1])
        };
        if self.clips.is_empty() {
            return if within { 1.0 } else { share(&corners) };
        }
        let mut polygon = square.to_vec();
        for clip in &self.clips {
            polygon = clip.cut(&polygon);
        }
        if within && polygon == square {
            return 1.0;
        }
        let corners: Vec<_> = polygon
            .iter()
            .map(|&p| self.to_disc(minus2(p, self.centre)))
            .collect();
        share(&corners)
    }

    /// The Fourier transform `F(k) = 2 pi a b J1(q) / q exp(-2 pi i k.c)`, `q = 2 pi |(a k_u, b k_v)|`
    /// with k along the half axes; where it is cut, from its boundary.
    pub fn fourier(&self, k: [f64; 2]) -> Complex64 {
        if self.clips.is_empty() {
            return self.fourier_magnitude(k) * Complex64::cis(-TAU * dot2(k, self.centre));
        }
        spectrum(self.boundary(), self.centre, k)
    }

    /// The Fourier transform of the whole ellipse moved to the origin, which is real.
    pub(crate) fn fourier_magnitude(&self, k: [f64; 2]) -> f64 {
        let (s, c) = self.angle_rad.sin_cos();
        let q = TAU
            * (self.semi[0] * (c * k[0] + s * k[1])).hypot(self.semi[1] * (c * k[1] - s * k[0]));
        TAU * self.semi[0] * self.semi[1] * jinc(q)
    }

    /// `pi a b`, the area of the whole ellipse.
    pub fn whole_area(&self) -> f64 {
        PI * self.semi[0] * self.semi[1]
    }

    /// The smallest upright rectangle around the whole ellipse: lower and upper corner.
    pub(super) fn bounds(&self) -> [[f64; 2]; 2] {
        let (s, c) = self.angle_rad.sin_cos();
        let reach = [
            (self.semi[0] * c).hypot(self.semi[1] * s),
            (self.semi[0] * s).hypot(self.semi[1] * c),
        ];
        [-1.0, 1.0].map(|sign| [0, 1].map(|n| self.centre[n] + sign * reach[n]))
    }

    /// What bounds it: arcs of the ellipse and parts of the lines that cut it, counter-clockwise.
    pub(super) fn boundary(&self) -> Vec<Piece> {
        let (s, c) = self.angle_rad.sin_cos();
        let [a, b] = self.semi;
        let (a, b) = ([a * c, a * s], [-b * s, b * c]);
        let mut cuts = vec![0.0, TAU];
        for clip in &self.clips {
            let [u, v] = [dot2(clip.normal, a), dot2(clip.normal, b)];
            // n . (centre + a cos t + b sin t) = d
            let share = clip.inside(self.centre) / u.hypot(v);
            if share.abs() < 1.0 {
                let towards = v.atan2(u);
                cuts.extend(
                    [-1.0, 1.0].map(|sign| (towards + sign * share.acos()).rem_euclid(TAU)),
                );
            }
        }
        cuts.sort_by(f64::total_cmp);
        let point = |t: f64| {
            let (s, c) = t.sin_cos();
            [0, 1].map(|n| self.centre[n] + a[n] * c + b[n] * s)
        };
        let kept = |p: [f64; 2]| self.clips.iter().all(|clip| clip.inside(p) > 0.0);
        let arcs = cuts.windows(2).filter(|w| w[0] < w[1]).filter_map(|w| {
            kept(point(0.5 * (w[0] + w[1]))).then_some(Piece::Arc {
                centre: self.centre,
                a,
                b,
                range_rad: [w[0], w[1]],
            })
        });
        arcs.chain((0..self.clips.len()).filter_map(|n| self.edge_along(n)))
            .collect()
    }

    /// The part of the line of a clip that bounds the region, with the region to its left; none of
    /// a clip that an earlier one repeats.
    fn edge_along(&self, n: usize) -> Option<Piece> {
        let own = self.clips[n];
        if self.clips[..n].iter().any(|clip| clip.is_same(&own)) {
            return None;
        }
        let HalfPlane { normal, distance } = own;
        let foot = normal.map(|v| v * distance / dot2(normal, normal));
        let along = [-normal[1], normal[0]];
        let others = Self {
            clips: self
                .clips
                .iter()
                .filter(|clip| !clip.is_same(&own))
                .copied()
                .collect(),
            ..*self
        };
        let range = others.chord(foot, along)?;
        let at = |t: f64| [0, 1].map(|i| foot[i] + t * along[i]);
        Some(Piece::Segment(range.map(at)))
    }

    /// The linear map that takes the ellipse around its centre to the unit disc.
    fn disc_map(&self) -> impl Fn([f64; 2]) -> [f64; 2] {
        let (s, c) = self.angle_rad.sin_cos();
        let [a, b] = self.semi;
        move |[x, y]| [(c * x + s * y) / a, (c * y - s * x) / b]
    }

    fn to_disc(&self, p: [f64; 2]) -> [f64; 2] {
        self.disc_map()(p)
    }
}

/// `J1(q) / q`.
pub(super) fn jinc(q: f64) -> f64 {
    if q < 1e-4 {
        0.5 - q * q / 16.0
    } else {
        libm::j1(q) / q
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::conic::wave;
    use crate::shape::quadrature::adaptive_between;

    fn cut() -> Ellipse {
        Ellipse::new([0.12, -0.07], [0.31, 0.14], 0.5)
            .clipped(0.09, 0.3)
            .clipped(0.2, 2.0)
            .clipped(0.06, -1.2)
    }

    /// `∫ f(y) dy` over the chords of a region along x: an independent way.
    fn over_rows(e: &Ellipse, f: &dyn Fn(f64, [f64; 2]) -> Complex64) -> Complex64 {
        let row = |y: f64| {
            e.chord([0.0, y], [1.0, 0.0])
                .map_or(Complex64::ZERO, |c| f(y, c))
        };
        let [low, high] = e.bounds();
        adaptive_between(&row, &[low[1], high[1]], 1e-14)
    }

    #[test]
    fn the_transform_is_that_of_quadrature() {
        for e in [Ellipse::new([0.1, 0.2], [0.5, 0.2], 0.4), cut()] {
            for k in [
                [0.0, 0.0],
                [1e-6, 2e-6],
                [0.7, -0.4],
                [-2.5, 3.3],
                [9.0, 4.0],
            ] {
                let rows = |y: f64, c: [f64; 2]| wave(k[0], c) * Complex64::cis(-TAU * k[1] * y);
                let error = (e.fourier(k) - over_rows(&e, &rows)).norm();
                assert!(error < 1e-12, "{k:?}: {error:e}");
            }
        }
    }

    #[test]
    fn the_transform_is_smooth_at_zero() {
        for e in [Ellipse::new([0.1, 0.2], [0.5, 0.2], 0.4), cut()] {
            let (zero, near) = (e.fourier([0.0; 2]), e.fourier([3e-7, -2e-7]));
            assert!(zero.im.abs() < 1e-16 && (zero - near).norm() < 1e-6 * zero.re);
            let back = e.fourier([-0.9, 0.4]);
            assert!((back.conj() - e.fourier([0.9, -0.4])).norm() < 1e-15);
        }
    }

    #[test]
    fn averages_over_a_tiling_and_chords_have_the_area_of_the_transform() {
        let e = cut();
        let area = e.fourier([0.0; 2]).re;
        let (wx, wy) = (0.013, 0.014);
        let sum: f64 = (0..60 * 70)
            .map(|p| [-0.3 + (p % 70) as f64 * wx, -0.45 + (p / 70) as f64 * wy])
            .map(|centre| e.area_average(centre, [wx, wy]) * wx * wy)
            .sum();
        assert!((sum - area).abs() < 1e-13, "{sum} {area}");
        let rows = over_rows(&e, &|_, c| Complex64::new(c[1] - c[0], 0.0));
        assert!((rows.re - area).abs() < 1e-12, "{rows} {area}");
        assert!(area < 0.8 * e.whole_area());
    }

    #[test]
    fn a_chord_ends_where_the_point_value_changes() {
        let e = cut();
        let mut hits = 0;
        for n in 0..40 {
            let (s, c) = (0.37 * f64::from(n)).sin_cos();
            let origin = [0.1 + 0.002 * f64::from(n), -0.2 + 0.006 * f64::from(n)];
            let Some(range) = e.chord(origin, [3.0 * c, 3.0 * s]) else {
                continue;
            };
            hits += 1;
            let inside = |t: f64| e.contains([origin[0] + t * 3.0 * c, origin[1] + t * 3.0 * s]);
            let (h, middle) = (1e-9, 0.5 * (range[0] + range[1]));
            assert!(inside(middle) && inside(range[0] + h) && inside(range[1] - h));
            assert!(!inside(range[0] - h) && !inside(range[1] + h));
        }
        assert!(hits > 15, "{hits}");
    }

    #[test]
    fn a_clip_given_twice_cuts_once() {
        let once = cut();
        let HalfPlane { normal, distance } = once.clips[1];
        let longer = HalfPlane {
            normal: normal.map(|v| 3.7 * v),
            distance: 3.7 * distance,
        };
        for twin in [once.clips[1], longer] {
            for n in 0..4 {
                let mut twice = once.clone();
                twice.clips.insert(n, twin);
                for k in [[0.0, 0.0], [0.7, -0.4], [9.0, 4.0]] {
                    let error = (twice.fourier(k) - once.fourier(k)).norm();
                    assert!(error < 1e-15, "{n} {k:?}: {error:e}");
                }
            }
        }
    }
}
