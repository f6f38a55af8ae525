//! How a plane of constant z cuts a solid.

use std::f64::consts::PI;

use super::form::Form;
use super::plane::HalfPlane;
use super::solid::{Body, Solid, radius};
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
            Body::Ball => cut.ellipse(&[0, 1, 2], lines),
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

    /// Heights between which a body lies; none of a prism.
    pub(crate) fn heights(&self) -> Option<[f64; 2]> {
        let Self::Body { body, frame, .. } = self else {
            return None;
        };
        let [low, high] = frame.bounds(reach(body));
        Some([low[2], high[2]])
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

/// `u_n = g_n . p + h_n` for points p of the plane.
struct Cut {
    slope: [[f64; 2]; 3],
    offset: [f64; 3],
}

impl Cut {
    fn new(frame: &Frame, z: f64) -> Self {
        let rows = frame.rows();
        Self {
            slope: rows.map(|r| [r[0], r[1]]),
            offset: frame.in_unit([0.0, 0.0, z]),
        }
    }

    /// Adds `|u_n| <= 1`; none where no point of the plane has it.
    fn between(&self, n: usize, lines: &mut Vec<HalfPlane>) -> Option<()> {
        let ([x, y], h) = (self.slope[n], self.offset[n]);
        if self.is_level(n) {
            return (h.abs() <= 1.0).then_some(());
        }
        lines.push(HalfPlane {
            normal: [x, y],
            distance: 1.0 - h,
        });
        lines.push(HalfPlane {
            normal: [-x, -y],
            distance: 1.0 + h,
        });
        Some(())
    }

    /// Whether a coordinate of the body does not change in the plane, but for rounding.
    fn is_level(&self, n: usize) -> bool {
        let most = self
            .slope
            .iter()
            .flatten()
            .fold(0.0, |m: f64, v| m.max(v.abs()));
        self.slope[n].iter().all(|v| v.abs() <= 1e-14 * most)
    }

    /// `sum_n u_n²` over some coordinates.
    fn form(&self, of: &[usize]) -> Form {
        let sum = |f: &dyn Fn(usize) -> f64| of.iter().map(|n| f(*n)).sum::<f64>();
        let (g, h) = (&self.slope, &self.offset);
        Form {
            quadratic: [
                sum(&|n| g[n][0] * g[n][0]),
                sum(&|n| g[n][0] * g[n][1]),
                sum(&|n| g[n][1] * g[n][1]),
            ],
            linear: [sum(&|n| h[n] * g[n][0]), sum(&|n| h[n] * g[n][1])],
            constant: sum(&|n| h[n] * h[n]),
        }
    }

    /// `sum u_n² <= 1` over some coordinates.
    fn ellipse(&self, of: &[usize], clips: Vec<HalfPlane>) -> Option<Region> {
        let form = self.form(of);
        let (centre, least) = form.least();
        if least >= 1.0 {
            return None;
        }
        let (semi, angle_rad) = form.axes();
        let size = (1.0 - least).sqrt();
        Some(Region::Ellipse(Ellipse {
            centre,
            semi: semi.map(|s| s * size),
            angle_rad,
            clips,
        }))
    }

    /// A section of `exp(-pi |u|²)`.
    fn bell(&self) -> Option<Region> {
        let form = self.form(&[0, 1, 2]);
        let (centre, least) = form.least();
        let (width, angle_rad) = form.axes();
        Some(Region::Bell(Bell {
            height: (-PI * least).exp(),
            centre,
            width,
            angle_rad,
        }))
    }

    /// `u_x² + u_y² <= 1`: an ellipse, or a strip where the plane runs along the axis.
    fn disc(&self, frame: &Frame, mut lines: Vec<HalfPlane>) -> Option<Region> {
        let form = self.form(&[0, 1]);
        let [xx, xy, yy] = form.quadratic;
        let trace = xx + yy;
        if xx * yy - xy * xy > 1e-18 * trace * trace {
            return self.ellipse(&[0, 1], lines);
        }
        // All slopes are along one direction g: |g|² s² + 2 (b.g) s + c <= 1, s along g.
        let g = if xx >= yy { [xx, xy] } else { [xy, yy] };
        let length = g[0].hypot(g[1]);
        let g = g.map(|v| v / length);
        let b = form.linear[0] * g[0] + form.linear[1] * g[1];
        let square = b * b - trace * (form.constant - 1.0);
        if square <= 0.0 {
            return None;
        }
        let (middle, half) = (-b / trace, square.sqrt() / trace);
        lines.push(HalfPlane {
            normal: g,
            distance: middle + half,
        });
        lines.push(HalfPlane {
            normal: g.map(|v| -v),
            distance: half - middle,
        });
        self.polygon(frame, &lines)
    }

    /// What lines leave of a rectangle around the body.
    fn polygon(&self, frame: &Frame, lines: &[HalfPlane]) -> Option<Region> {
        let [low, high] = frame.bounds(1.0);
        let half = [0, 1].map(|n| 0.5 * (high[n] - low[n]) * 1.01);
        let centre = [frame.centre[0], frame.centre[1]];
        Region::convex(Polygon::rectangle(centre, half), lines)
    }

    /// `u_x² + u_y² <= r(u_z)²`.
    fn cone(&self, bottom: f64, top: f64, frame: &Frame, clips: Vec<HalfPlane>) -> Option<Region> {
        let Form {
            quadratic: [xx, xy, yy],
            linear: [bx, by],
            constant: c,
        } = self.form(&[0, 1]);
        let slope = 0.5 * (top - bottom);
        let g = self.slope[2].map(|v| v * slope);
        let r = radius(bottom, top, self.offset[2]);
        let [low, high] = frame.bounds(bottom.max(top).max(1.0));
        if self.is_level(2) && r <= 0.0 {
            return None;
        }
        Conic {
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
    use crate::shape::HalfSpace;

    fn tilted() -> Frame {
        Frame::along(
            [0.1, -0.2, 0.05],
            [0.5, 0.3, 0.4],
            [0.3, 0.2, 1.0],
            [1.0, 0.1, 0.0],
        )
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
        );
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
}
