//! Bodies in space: value and line integral.

use std::f64::consts::PI;

use super::ShapeError;
use super::conic::below_zero;
use super::frame::Frame;
use super::plane::{HalfSpace, narrow};
use super::region::Region;
use super::vector::{dot2, dot3};

/// A line of infinite length in space, `origin + t direction`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// A point of the line.
    pub origin: [f64; 3],
    /// Its direction, of any length but 0.
    pub direction: [f64; 3],
}

impl Line {
    /// The line through two different points.
    pub fn through(from: [f64; 3], to: [f64; 3]) -> Self {
        Self {
            origin: from,
            direction: [0, 1, 2].map(|n| to[n] - from[n]),
        }
    }

    /// The length of the direction.
    pub(crate) fn speed(&self) -> f64 {
        dot3(self.direction, self.direction).sqrt()
    }
}

/// What a body is, before its [`Frame`] places it.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// `|u| <= 1`: an ellipsoid.
    Ball,
    /// `u_x² + u_y² <= 1`, `|u_z| <= 1`: an elliptic cylinder.
    Cylinder,
    /// As a cylinder, its radius going from `bottom` at -1 to `top` at 1, neither negative.
    Cone {
        /// Radius at `u_z = -1`.
        bottom: f64,
        /// Radius at `u_z = 1`.
        top: f64,
    },
    /// `|u_x|, |u_y|, |u_z| <= 1`: a box.
    Block,
    /// `exp(-pi |u|²)`; clips are not for it.
    Bell,
}

/// A shape in space, with the four evaluators of [`Region`]: at a point, by its section with a
/// plane averaged over a pixel, along any line, and its Fourier transform.
#[derive(Clone, Debug, PartialEq)]
pub enum Solid {
    /// A body in its place, without what its clips cut off.
    Body {
        /// What it is.
        body: Body,
        /// Where it lies.
        frame: Frame,
        /// What is kept of it.
        clips: Vec<HalfSpace>,
    },
    /// The same region at every height.
    Prism(Region),
}

impl Solid {
    /// A whole body.
    pub fn new(body: Body, frame: Frame) -> Self {
        Self::Body {
            body,
            frame,
            clips: Vec::new(),
        }
    }

    /// An upright ellipsoid.
    pub fn ellipsoid(centre: [f64; 3], semi: [f64; 3]) -> Self {
        Self::new(Body::Ball, Frame::upright(centre, semi))
    }

    /// The same with every length times a factor.
    pub fn scaled(&self, factor: f64) -> Self {
        match self {
            Self::Body { body, frame, clips } => Self::Body {
                body: body.clone(),
                frame: frame.scaled(factor),
                clips: clips.iter().map(|c| c.scaled(factor)).collect(),
            },
            Self::Prism(region) => Self::Prism(region.scaled(factor)),
        }
    }

    /// What a half-space keeps of a body. Errors: a prism and a bell, which have no end to cut.
    pub fn clipped(mut self, clip: HalfSpace) -> Result<Self, ShapeError> {
        match &mut self {
            Self::Prism(_) => return Err(ShapeError::Clip { got: "prism" }),
            Self::Body {
                body: Body::Bell, ..
            } => return Err(ShapeError::Clip { got: "bell" }),
            Self::Body { clips, .. } => clips.push(clip),
        }
        Ok(self)
    }

    /// The same, of a shape that is known to be a body with an end.
    pub(crate) fn cut_by(self, clip: HalfSpace) -> Self {
        self.clipped(clip).expect("neither a prism nor a bell")
    }

    /// The value at a point.
    pub fn value(&self, p: [f64; 3]) -> f64 {
        let Self::Body { body, frame, clips } = self else {
            let Self::Prism(region) = self else {
                return 0.0;
            };
            return region.value([p[0], p[1]]);
        };
        let [x, y, z] = frame.in_unit(p);
        let inside = match body {
            Body::Ball => x * x + y * y + z * z <= 1.0,
            Body::Cylinder => x * x + y * y <= 1.0 && z.abs() <= 1.0,
            Body::Cone { bottom, top } => {
                let r = radius(*bottom, *top, z);
                x * x + y * y <= r * r && z.abs() <= 1.0
            }
            Body::Block => x.abs() <= 1.0 && y.abs() <= 1.0 && z.abs() <= 1.0,
            Body::Bell => return (-PI * (x * x + y * y + z * z)).exp(),
        };
        let kept = inside && clips.iter().all(|clip| clip.inside(p) > 0.0);
        f64::from(u8::from(kept))
    }

    /// The integral along a line, over its whole length.
    pub fn line_integral(&self, line: &Line) -> f64 {
        if let Some(sum) = self.bell_integral(line) {
            return sum;
        }
        let mut sum = 0.0;
        self.intervals(line, &mut |[from, to]| sum += to - from);
        sum * line.speed()
    }

    /// Gives every stretch of a line that lies inside, in order; none of a bell.
    pub(crate) fn intervals(&self, line: &Line, give: &mut dyn FnMut([f64; 2])) {
        match self {
            Self::Body { body, frame, clips } => {
                let range = chord(body, frame, line).and_then(|mut range| {
                    for clip in clips {
                        clip.narrow(line.origin, line.direction, &mut range);
                    }
                    (range[0] < range[1]).then_some(range)
                });
                range.into_iter().for_each(give);
            }
            Self::Prism(region) => {
                let [x, y, _] = line.origin;
                let [dx, dy, _] = line.direction;
                if dx != 0.0 || dy != 0.0 {
                    region.intervals([x, y], [dx, dy], give);
                }
            }
        }
    }

    /// Whether it has values between 0 and 1, so that it can only be added, never cover.
    pub(crate) fn is_bell(&self) -> bool {
        match self {
            Self::Body { body, .. } => *body == Body::Bell,
            Self::Prism(region) => region.is_bell(),
        }
    }

    /// The integral along a line through a bell; none of another shape.
    pub(crate) fn bell_integral(&self, line: &Line) -> Option<f64> {
        match self {
            Self::Body {
                body: Body::Bell,
                frame,
                ..
            } => {
                let (p, d) = (frame.in_unit(line.origin), frame.turn(line.direction));
                let (square, along) = (dot3(d, d), dot3(p, d));
                let distance = (dot3(p, p) - along * along / square).max(0.0);
                Some((-PI * distance).exp() * line.speed() / square.sqrt())
            }
            Self::Prism(Region::Bell(bell)) => {
                let [x, y, _] = line.origin;
                let d = [line.direction[0], line.direction[1]];
                let slant = line.speed() / dot2(d, d).sqrt();
                Some(bell.line_integral([x, y], d) * slant)
            }
            _ => None,
        }
    }
}

/// The radius of a cone at a height.
pub(super) fn radius(bottom: f64, top: f64, z: f64) -> f64 {
    0.5 * (bottom + top + (top - bottom) * z)
}

/// Where a line runs within a body.
fn chord(body: &Body, frame: &Frame, line: &Line) -> Option<[f64; 2]> {
    let (p, d) = (frame.in_unit(line.origin), frame.turn(line.direction));
    let mut range = [f64::NEG_INFINITY, f64::INFINITY];
    let mut within = |n: usize| {
        // Along a face the line is inside, as its points are.
        if d[n] == 0.0 && p[n].abs() == 1.0 {
            return;
        }
        narrow(1.0 - p[n], -d[n], &mut range);
        narrow(1.0 + p[n], d[n], &mut range);
    };
    match body {
        Body::Ball => {
            let a = dot3(d, d);
            // The cross product gives the half chord without cancellation.
            let cross = super::vector::cross3(p, d);
            let square = a - dot3(cross, cross);
            let (middle, half) = (-dot3(p, d) / a, square.max(0.0).sqrt() / a);
            (square > 0.0).then_some([middle - half, middle + half])
        }
        Body::Block => {
            (0..3).for_each(&mut within);
            (range[0] < range[1]).then_some(range)
        }
        Body::Cylinder => {
            within(2);
            let a = d[0] * d[0] + d[1] * d[1];
            let cross = p[0] * d[1] - p[1] * d[0];
            let square = a - cross * cross;
            if a == 0.0 {
                let inside = p[0] * p[0] + p[1] * p[1] <= 1.0;
                return (inside && range[0] < range[1]).then_some(range);
            }
            let (middle, half) = (-(p[0] * d[0] + p[1] * d[1]) / a, square.max(0.0).sqrt() / a);
            let range = [range[0].max(middle - half), range[1].min(middle + half)];
            (square > 0.0 && range[0] < range[1]).then_some(range)
        }
        Body::Cone { bottom, top } => {
            within(2);
            let (r, slope) = (radius(*bottom, *top, p[2]), 0.5 * (top - bottom) * d[2]);
            let a = d[0] * d[0] + d[1] * d[1] - slope * slope;
            let b = p[0] * d[0] + p[1] * d[1] - r * slope;
            let c = p[0] * p[0] + p[1] * p[1] - r * r;
            below_zero([a, b, c], range)
        }
        Body::Bell => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies() -> Vec<Solid> {
        let frame = Frame::along(
            [0.1, -0.2, 0.05],
            [0.5, 0.3, 0.4],
            [0.3, 0.2, 1.0],
            [1.0, 0.1, 0.0],
        )
        .unwrap();
        let clip = HalfSpace {
            normal: [0.5, 1.0, 0.3],
            distance: -0.05,
        };
        let cone = Body::Cone {
            bottom: 1.0,
            top: 0.2,
        };
        [Body::Ball, Body::Cylinder, cone, Body::Block]
            .into_iter()
            .flat_map(|body| {
                [Vec::new(), vec![clip]].map(|clips| Solid::Body {
                    body: body.clone(),
                    frame,
                    clips,
                })
            })
            .collect()
    }

    /// The ends of what lies inside, by bisection on the point value: an independent way.
    fn by_bisection(solid: &Solid, line: &Line) -> f64 {
        let at = |t: f64| solid.value([0, 1, 2].map(|n| line.origin[n] + t * line.direction[n]));
        let mut sum = 0.0;
        for i in 0..3000 {
            let (mut low, mut high) = (-1.5 + 1e-3 * f64::from(i), -1.5 + 1e-3 * f64::from(i + 1));
            let (left, right) = (at(low), at(high));
            if left == right {
                continue;
            }
            for _ in 0..60 {
                let middle = 0.5 * (low + high);
                if at(middle) == left {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            sum += (left - right) * low;
        }
        sum * line.speed()
    }

    #[test]
    fn line_integrals_are_those_of_the_point_values() {
        let mut hits = 0;
        for solid in bodies() {
            for n in 0..30 {
                let (s, c) = (0.71 * f64::from(n)).sin_cos();
                let line = Line {
                    origin: [0.1 * s, -0.2 + 0.1 * c, 0.02 * f64::from(n % 9) - 0.1],
                    direction: [c, s, 0.1 * f64::from(n % 7) - 0.3],
                };
                let (exact, found) = (by_bisection(&solid, &line), solid.line_integral(&line));
                assert!(
                    (exact - found).abs() < 1e-12,
                    "{solid:?} {n}: {exact} {found}"
                );
                hits += usize::from(found > 0.0);
            }
        }
        assert!(hits > 150, "{hits}");
    }

    #[test]
    fn a_slanted_line_through_a_prism_is_longer() {
        let disc = Solid::Prism(crate::shape::Ellipse::disc([0.0; 2], 1.0).into());
        let line = Line::through([-2.0, 0.0, 0.0], [2.0, 0.0, 3.0]);
        assert!((disc.line_integral(&line) - 2.5).abs() < 1e-14);
    }

    #[test]
    fn what_has_no_end_is_not_clipped() {
        let clip = HalfSpace::below([0.0, 0.0, 1.0], 0.2);
        let prism = Solid::Prism(crate::shape::Ellipse::disc([0.0; 2], 1.0).into());
        let bell = Solid::new(Body::Bell, Frame::upright([0.0; 3], [1.0; 3]));
        for (solid, what) in [(prism, "prism"), (bell, "bell")] {
            let error = solid.clipped(clip).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        let ball = Solid::ellipsoid([0.0; 3], [1.0; 3]).clipped(clip).unwrap();
        assert_eq!(
            (ball.value([0.0; 3]), ball.value([0.0, 0.0, 0.5])),
            (1.0, 0.0)
        );
    }

    #[test]
    fn a_line_along_a_face_is_inside_as_its_points_are() {
        let frame = Frame::upright([0.0; 3], [0.5, 0.5, 2.0]);
        let cone = Body::Cone {
            bottom: 1.0,
            top: 1.0,
        };
        for body in [Body::Cylinder, Body::Block, cone] {
            let solid = Solid::new(body, frame);
            let line = Line::through([-1.0, 0.0, -2.0], [1.0, 0.0, -2.0]);
            assert_eq!(solid.value([0.0, 0.0, -2.0]), 1.0);
            assert!((solid.line_integral(&line) - 1.0).abs() < 1e-15);
            let along = solid
                .section(-2.0)
                .unwrap()
                .line_integral([0.0; 2], [1.0, 0.0]);
            assert!((along - 1.0).abs() < 1e-15);
        }
    }
}
