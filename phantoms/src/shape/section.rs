//! How a plane of constant z cuts a solid.

use std::f64::consts::PI;

use super::cut::Cut;
use super::form::Form;
use super::plane::HalfPlane;
use super::solid::{Body, Solid, radius};
use super::vector::{cross2, dot2};
use super::{Bell, Conic, Ellipse, Frame, Polygon, Region};

impl Solid {
    /// The region that the plane at a height cuts out; none where it misses.
    pub fn section(&self, z: f64) -> Option<Region> {
        let (body, frame, clips) = match self {
            Self::Prism(region) => return Some(region.clone()),
            Self::Body { body, frame, clips } => (body, frame, clips),
        };
        let cut = Cut::new(frame, z);
        let mut lines = Vec::with_capacity(clips.len() + 6);
        for clip in clips {
            match clip.at_height(z) {
                Some(line) => lines.push(line),
                None if clip.inside([frame.centre[0], frame.centre[1], z]) <= 0.0 => return None,
                None => {}
            }
        }
        match body {
            Body::Ball => cut.ellipse(3, lines),
            Body::Bell => cut.bell(),
            Body::Cylinder => {
                cut.between(2, &mut lines)?;
                cut.disc(frame, lines)
            }
            Body::Block => {
                (0..3).try_for_each(|n| cut.between(n, &mut lines))?;
                cut.polygon(frame, &lines)
            }
            Body::Cone { bottom, top } => {
                cut.between(2, &mut lines)?;
                cut.cone(*bottom, *top, frame, lines)
            }
        }
    }
}

/// How far a body reaches in its own coordinates.
pub(super) fn reach(body: &Body) -> f64 {
    match body {
        Body::Bell => 3.75,
        Body::Cone { bottom, top } => bottom.max(*top).max(1.0),
        _ => 1.0,
    }
}

/// Half axes of an ellipse that differ more are not counted from its middle: of a cylinder that
/// nearly lies it is far away, and rounding would move what is near.
const SLIGHT: f64 = 1e-3;
/// Of an axis this close to the plane the tilt is rounding.
const LYING: f64 = 4e-15;

impl Cut {
    /// `sum u_n² <= 1` over the first coordinates.
    fn ellipse(&self, count: usize, clips: Vec<HalfPlane>) -> Option<Region> {
        let least = self.least(count);
        let size = (1.0 - least.value).sqrt();
        (least.value < 1.0).then(|| {
            Region::Ellipse(Ellipse {
                centre: least.centre,
                semi: least.semi.map(|s| s * size),
                angle_rad: least.angle_rad,
                clips,
            })
        })
    }

    /// A section of `exp(-pi |u|²)`.
    fn bell(&self) -> Option<Region> {
        let least = self.least(3);
        Some(Region::Bell(Bell {
            height: (-PI * least.value).exp(),
            centre: least.centre,
            width: least.semi,
            angle_rad: least.angle_rad,
        }))
    }

    /// `u_x² + u_y² <= 1`: an ellipse; a strip where the plane runs along the axis; in between, a
    /// conic.
    fn disc(&self, frame: &Frame, lines: Vec<HalfPlane>) -> Option<Region> {
        let form = self.form(2);
        let cross = cross2(self.slope[0], self.slope[1]).abs();
        if cross > SLIGHT * (form.quadratic[0] + form.quadratic[2]) {
            return self.ellipse(2, lines);
        }
        if frame.tilt() <= LYING {
            return self.strip(frame, lines);
        }
        let [low, high] = frame.bounds(1.0);
        Some(Region::Conic(Conic {
            centre: self.centre,
            quadratic: form.quadratic,
            linear: form.linear,
            constant: form.constant - 1.0,
            clips: lines,
            bounds: [[low[0], low[1]], [high[0], high[1]]],
        }))
    }

    /// `|s a + h|² <= 1` with slopes `g_n = a_n g` that are all along one direction g.
    fn strip(&self, frame: &Frame, mut lines: Vec<HalfPlane>) -> Option<Region> {
        let [p, q, _] = self.slope;
        let g = if dot2(p, p) >= dot2(q, q) { p } else { q };
        let g = g.map(|v| v / dot2(g, g).sqrt());
        let (a, h) = ([dot2(p, g), dot2(q, g)], [self.offset[0], self.offset[1]]);
        let (square, cross) = (dot2(a, a), cross2(a, h));
        if cross * cross >= square {
            return None;
        }
        let (middle, half) = (
            -dot2(a, h) / square,
            (square - cross * cross).sqrt() / square,
        );
        lines.push(self.line(g, middle + half));
        lines.push(self.line(g.map(|v| -v), half - middle));
        self.polygon(frame, &lines)
    }

    /// What lines leave of a rectangle around the body.
    fn polygon(&self, frame: &Frame, lines: &[HalfPlane]) -> Option<Region> {
        let [low, high] = frame.bounds(1.0);
        let half = [0, 1].map(|n| 0.5 * (high[n] - low[n]) * 1.01);
        Region::convex(Polygon::rectangle(self.centre, half), lines)
    }

    /// `u_x² + u_y² <= r(u_z)²`.
    fn cone(&self, bottom: f64, top: f64, frame: &Frame, clips: Vec<HalfPlane>) -> Option<Region> {
        let Form {
            quadratic: [xx, xy, yy],
            linear: [bx, by],
            constant: c,
        } = self.form(2);
        let slope = 0.5 * (top - bottom);
        let g = self.slope[2].map(|v| v * slope);
        let r = radius(bottom, top, self.offset[2]);
        let [low, high] = frame.bounds(bottom.max(top).max(1.0));
        if self.is_level(2) && r <= 0.0 {
            return None;
        }
        Conic {
            centre: self.centre,
            quadratic: [xx - g[0] * g[0], xy - g[0] * g[1], yy - g[1] * g[1]],
            linear: [bx - r * g[0], by - r * g[1]],
            constant: c - r * r,
            clips,
            bounds: [[low[0], low[1]], [high[0], high[1]]],
        }
        .simplest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::conic::wave;
    use crate::shape::quadrature::adaptive_between;
    use crate::shape::{HalfSpace, Line};
    use num_complex::Complex64;
    use std::f64::consts::TAU;

    fn tilted() -> Frame {
        Frame::along(
            [0.1, -0.2, 0.05],
            [0.5, 0.3, 0.4],
            [0.3, 0.2, 1.0],
            [1.0, 0.1, 0.0],
        )
        .unwrap()
    }

    #[test]
    fn sections_have_the_values_of_the_solid() {
        let clip = HalfSpace {
            normal: [0.5, 1.0, 0.3],
            distance: 0.05,
        };
        let lying = Frame::along(
            [0.1, 0.0, 0.0],
            [0.3, 0.2, 0.6],
            [1.0, 0.5, 0.0],
            [0.0, 0.0, 1.0],
        )
        .unwrap();
        let cone = Body::Cone {
            bottom: 1.0,
            top: 0.2,
        };
        for frame in [
            tilted(),
            lying,
            Frame::upright([0.1, 0.0, 0.05], [0.5, 0.3, 0.4]),
        ] {
            for body in [Body::Ball, Body::Cylinder, cone.clone(), Body::Block] {
                let solid = Solid::Body {
                    body,
                    frame,
                    clips: vec![clip],
                };
                let mut inside = 0;
                for n in 0..9 {
                    let z = -0.4 + 0.1003 * f64::from(n);
                    let region = solid.section(z);
                    for m in 0..900 {
                        let p = [
                            -0.9 + 0.0601 * f64::from(m % 30),
                            -0.9 + 0.06007 * f64::from(m / 30),
                        ];
                        let there = solid.value([p[0], p[1], z]);
                        let here = region.as_ref().map_or(0.0, |r| r.value(p));
                        assert_eq!(here, there, "{solid:?} {p:?} {z}");
                        inside += usize::from(there > 0.0);
                    }
                }
                assert!(inside > 100, "{solid:?}: {inside}");
            }
        }
    }

    #[test]
    fn a_section_of_a_bell_is_a_bell() {
        let bell = Solid::new(Body::Bell, tilted());
        for z in [-0.3, 0.0, 0.4] {
            let region = bell.section(z).unwrap();
            for p in [[0.1, -0.2], [0.4, 0.1], [-0.3, 0.3]] {
                assert!((region.value(p) - bell.value([p[0], p[1], z])).abs() < 1e-14);
            }
        }
    }

    /// A cylinder far from the origin whose axis rises by a tilt, turned about its axis.
    fn nearly_lying(angle: f64, tilt: f64, turn: f64) -> Solid {
        let ((s, c), (sine, cosine)) = (angle.sin_cos(), turn.sin_cos());
        let frame = Frame::along(
            [12.3, -7.1, 4.7],
            [0.5, 0.3, 6.0],
            [c, s, tilt],
            [-s * cosine, c * cosine, sine],
        )
        .unwrap();
        Solid::new(Body::Cylinder, frame)
    }

    #[test]
    fn a_cylinder_that_lies_or_nearly_so_has_the_chords_of_the_solid() {
        let mut hits = 0;
        for n in 0..2000 {
            let x = f64::from(n);
            let tilt = if n % 8 == 0 {
                0.0
            } else {
                10f64.powf(-1.0 - 15.0 * (0.317 * x).fract())
            };
            let solid = nearly_lying(0.711 * x, tilt, 1.93 * x);
            let z = 4.7 + 0.45 * (2.17 * x).sin();
            let section = solid.section(z);
            for m in 0..20 {
                let m = f64::from(m);
                let (s, c) = (0.9 * m + x).sin_cos();
                let (p, d) = ([12.3 + 3.0 * c, -7.1 + 3.0 * s], (1.7 * m).sin_cos());
                let (origin, direction) = ([p[0] - 7.0 * d.0, p[1] - 7.0 * d.1], [d.0, d.1]);
                let there = solid.line_integral(&Line {
                    origin: [origin[0], origin[1], z],
                    direction: [d.0, d.1, 0.0],
                });
                let here = section
                    .as_ref()
                    .map_or(0.0, |r| r.chords(origin, direction));
                // Where a line only grazes, a rounding grows to its root.
                let error = (here * here - there * there).abs();
                assert!(
                    error < 3e-12 * (1.0 + there) && (here - there).abs() < 1e-6,
                    "{n} {m} {tilt:e}: {here} {there}"
                );
                hits += usize::from(there > 0.0);
                let at = [12.3 + 0.8 * m.sin(), -7.1 + 0.8 * (1.3 * m).cos()];
                let value = section.as_ref().map_or(0.0, |r| r.value(at));
                assert_eq!(value, solid.value([at[0], at[1], z]), "{n} {m} {tilt:e}");
            }
        }
        assert!(hits > 10_000, "{hits}");
    }

    /// Heights at which rows through a nearly lying cylinder bend: of the ends of its end faces.
    fn corners(solid: &Solid, angle: f64, tilt: f64, z: f64) -> Vec<f64> {
        let (s, c) = angle.sin_cos();
        let mut found = Vec::new();
        for end in [-1.0, 1.0] {
            // c q_x + s q_y + tilt q_z = ± 6 |(c, s, tilt)|, but for a little.
            let along = end * (6.0 - 1e-11) * 1f64.hypot(tilt) - tilt * (z - 4.7);
            let line = Line {
                origin: [12.3 + along * c, -7.1 + along * s, z],
                direction: [-s, c, 0.0],
            };
            solid.intervals(&line, &mut |range| {
                found.extend(range.map(|t| line.origin[1] + t * c));
            });
        }
        found
    }

    #[test]
    fn a_cylinder_that_lies_or_nearly_so_has_the_transform_of_its_chords() {
        for n in 0..64 {
            let x = f64::from(n);
            let tilt = 10f64.powf(-0.25 * x);
            let (angle, turn) = (0.711 * x, 1.93 * x);
            // Of every second the section ends in a tip within the cylinder.
            let top = (0.5 * turn.sin()).hypot(0.3 * turn.cos());
            let z = match n % 2 {
                0 => 4.7 + 0.9 * top * (2.17 * x).sin(),
                _ => 4.7 + (top - 3.0 * tilt).abs(),
            };
            let solid = nearly_lying(angle, tilt, turn);
            let Some(section) = solid.section(z) else {
                continue;
            };
            let k = [0.11 * x.cos(), 0.13 * x.sin()];
            let [low, high] = section.bounds();
            let mut places: Vec<f64> = (0..=100)
                .map(|m| low[1] + (high[1] - low[1]) * f64::from(m) / 100.0)
                .chain(corners(&solid, angle, tilt, z))
                .collect();
            places.sort_by(f64::total_cmp);
            let row = |y: f64| {
                let mut sum = Complex64::ZERO;
                let line = Line {
                    origin: [12.3, y, z],
                    direction: [1.0, 0.0, 0.0],
                };
                solid.intervals(&line, &mut |[a, b]| sum += wave(k[0], [a + 12.3, b + 12.3]));
                sum * Complex64::cis(-TAU * k[1] * y)
            };
            let error = (adaptive_between(&row, &places, 1e-10) - section.fourier(k)).norm();
            // A tip is where the plane grazes the cylinder: a rounding grows to its root.
            let most = if n % 2 == 0 {
                1e-12
            } else {
                1e-11 + 3e-14 / tilt.sqrt()
            };
            assert!(error < most, "{n} {tilt:e}: {error:e}");
        }
    }
}
