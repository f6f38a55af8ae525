//! Heights at which the sections of a body begin, end or bend.

use super::solid::{Body, Solid, radius};
use super::vector::{cross3, dot3};
use super::{Frame, HalfSpace};

impl Solid {
    /// Heights between which a section changes smoothly, in order: of the corners of a body that
    /// clips have cut, and of the ends of its edges and faces; of a bell, where nothing is left of
    /// it. None of a prism.
    pub(crate) fn turns(&self) -> Vec<f64> {
        let Self::Body { body, frame, clips } = self else {
            return Vec::new();
        };
        if *body == Body::Bell {
            let reach = super::section::reach(body) * frame.height();
            return [-reach, reach].map(|r| frame.centre[2] + r).to_vec();
        }
        let faces = Faces::new(body, frame, clips);
        let up = frame.turn_frequency([0.0, 0.0, 1.0]);
        let mut heights: Vec<f64> = faces
            .places(up)
            .into_iter()
            .filter(|u| faces.touch(*u))
            .map(|u| frame.centre[2] + dot3(up, u))
            .collect();
        heights.sort_by(f64::total_cmp);
        heights.dedup_by(|b, a| *b - *a <= SAME * frame.height());
        heights
    }
}

/// Heights this close are one, relative to the body.
const SAME: f64 = 1e-13;
/// How far outside of the unit body rounding may place a corner.
const SLACK: f64 = 1e-9;

/// What bounds a body, in its own coordinates.
struct Faces {
    /// `x² + y² + g z² + 2 b z + c <= 0`; none of a block.
    round: Option<[f64; 3]>,
    /// `n . u <= d`.
    planes: Vec<([f64; 3], f64)>,
}

impl Faces {
    fn new(body: &Body, frame: &Frame, clips: &[HalfSpace]) -> Self {
        let (round, own) = match body {
            Body::Ball => (Some([1.0, 0.0, -1.0]), 0..0),
            Body::Cylinder => (Some([0.0, 0.0, -1.0]), 2..3),
            Body::Cone { bottom, top } => {
                let (middle, slope) = (radius(*bottom, *top, 0.0), 0.5 * (top - bottom));
                let coefficients = [-slope * slope, -middle * slope, -middle * middle];
                (Some(coefficients), 2..3)
            }
            Body::Block | Body::Bell => (None, 0..3),
        };
        let ends = own.flat_map(|n| [-1.0, 1.0].map(|sign| (axis(n, sign), 1.0)));
        let cut = |clip: &HalfSpace| {
            let normal = frame.turn_frequency(clip.normal);
            let length = dot3(normal, normal).sqrt();
            (
                normal.map(|v| v / length),
                clip.inside(frame.centre) / length,
            )
        };
        Self {
            round,
            planes: ends.chain(clips.iter().map(cut)).collect(),
        }
    }

    /// Whether a place belongs to the body or its surface, but for rounding.
    fn touch(&self, u: [f64; 3]) -> bool {
        let within = |(normal, distance): &(_, f64)| dot3(*normal, u) <= distance + SLACK;
        u.iter().all(|v| v.is_finite())
            && self.round.is_none_or(|q| at(q, u) <= SLACK)
            && self.planes.iter().all(within)
    }

    /// Corners, and places where the height is least or most along an edge or on a face.
    fn places(&self, up: [f64; 3]) -> Vec<[f64; 3]> {
        let mut found = Vec::new();
        if let Some(q) = self.round {
            // Of a ball; the apex of a cone.
            let length = dot3(up, up).sqrt();
            found.extend([-1.0, 1.0].map(|sign| up.map(|v| sign * v / length)));
            found.extend([-1.0, 1.0].map(|sign| axis(2, sign)));
            for (n, plane) in self.planes.iter().enumerate() {
                found.extend(ends_of_rim(q, plane, up));
                for other in &self.planes[..n] {
                    found.extend(ends_of_edge(q, plane, other));
                }
            }
        }
        for (n, plane) in self.planes.iter().enumerate() {
            for (m, other) in self.planes[..n].iter().enumerate() {
                found.extend(
                    self.planes[..m]
                        .iter()
                        .map(|last| corner(plane, other, last)),
                );
            }
        }
        found
    }
}

fn axis(n: usize, sign: f64) -> [f64; 3] {
    [0, 1, 2].map(|m| if m == n { sign } else { 0.0 })
}

/// The quadratic form of a round face, of two vectors.
fn form([g, _, _]: [f64; 3], u: [f64; 3], v: [f64; 3]) -> f64 {
    u[0] * v[0] + u[1] * v[1] + g * u[2] * v[2]
}

/// Half its slope at a place along a vector.
fn slope(q: [f64; 3], u: [f64; 3], v: [f64; 3]) -> f64 {
    form(q, u, v) + q[1] * v[2]
}

/// Its value at a place.
fn at(q: [f64; 3], u: [f64; 3]) -> f64 {
    form(q, u, u) + 2.0 * q[1] * u[2] + q[2]
}

type Plane = ([f64; 3], f64);

/// Where the rim that a plane cuts out of a round face is lowest and highest.
fn ends_of_rim(q: [f64; 3], (normal, distance): &Plane, up: [f64; 3]) -> [[f64; 3]; 2] {
    let foot = normal.map(|v| v * distance);
    // Level along e, rising along f.
    let level = cross3(*normal, up);
    let length = dot3(level, level).sqrt();
    let e = if length > 1e-14 * dot3(up, up).sqrt() {
        level.map(|v| v / length)
    } else {
        // Of a level plane any place of the rim will do.
        let across = axis(usize::from(normal[0].abs() > 0.5), 1.0);
        let across = cross3(*normal, across);
        across.map(|v| v / dot3(across, across).sqrt())
    };
    let f = cross3(e, *normal);
    // (ef t + e0)² = ee (ff t² + 2 f0 t + c): the line of a height only touches.
    let (ee, ef, ff) = (form(q, e, e), form(q, e, f), form(q, f, f));
    let (e0, f0, c) = (slope(q, foot, e), slope(q, foot, f), at(q, foot));
    let t = roots(ef * ef - ee * ff, ef * e0 - ee * f0, e0 * e0 - ee * c);
    t.map(|t| {
        let s = -(ef * t + e0) / ee;
        [0, 1, 2].map(|n| foot[n] + s * e[n] + t * f[n])
    })
}

/// Where the line that two planes have in common meets a round face.
fn ends_of_edge(q: [f64; 3], first: &Plane, second: &Plane) -> [[f64; 3]; 2] {
    let along = cross3(first.0, second.0);
    let square = dot3(along, along);
    let (a, b) = (cross3(second.0, along), cross3(along, first.0));
    let foot = [0, 1, 2].map(|n| (first.1 * a[n] + second.1 * b[n]) / square);
    let t = roots(form(q, along, along), slope(q, foot, along), at(q, foot));
    t.map(|t| [0, 1, 2].map(|n| foot[n] + t * along[n]))
}

/// Where three planes meet.
fn corner(first: &Plane, second: &Plane, third: &Plane) -> [f64; 3] {
    let [a, b, c] = [
        cross3(second.0, third.0),
        cross3(third.0, first.0),
        cross3(first.0, second.0),
    ];
    let volume = dot3(first.0, a);
    [0, 1, 2].map(|n| (first.1 * a[n] + second.1 * b[n] + third.1 * c[n]) / volume)
}

/// Roots of `a t² + 2 b t + c`; not finite where there is none.
fn roots(a: f64, b: f64, c: f64) -> [f64; 2] {
    let q = -(b + (b * b - a * c).sqrt().copysign(b));
    [q / a, c / q]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ball(clips: &[HalfSpace]) -> Solid {
        Solid::Body {
            body: Body::Ball,
            frame: Frame::upright([1.0, 2.0, 3.0], [2.0, 2.0, 0.5]),
            clips: clips.to_vec(),
        }
    }

    #[test]
    fn a_half_ball_ends_at_its_poles_and_bends_at_its_rim() {
        let near = |found: Vec<f64>, expected: &[f64]| {
            assert_eq!(found.len(), expected.len(), "{found:?}");
            assert!(
                found
                    .iter()
                    .zip(expected)
                    .all(|(a, b)| (a - b).abs() < 1e-12),
                "{found:?}"
            );
        };
        near(ball(&[]).turns(), &[2.5, 3.5]);
        // A plane x < 2.2: the rim of a radius of 0.8 in the unit ball.
        let beside = HalfSpace::below([1.0, 0.0, 0.0], 2.2);
        near(ball(&[beside]).turns(), &[2.5, 2.6, 3.4, 3.5]);
        let level = HalfSpace::below([0.0, 0.0, 1.0], 3.1);
        near(ball(&[level]).turns(), &[2.5, 3.1]);
    }

    #[test]
    fn a_block_turns_at_its_corners() {
        let frame = Frame::upright([0.0; 3], [1.0, 2.0, 3.0]);
        let corner_off = HalfSpace::below([1.0, 1.0, 1.0], 5.0 / 3f64.sqrt());
        let block = Solid::new(Body::Block, frame).clipped(corner_off).unwrap();
        let found = block.turns();
        assert!(
            (found[0] + 3.0).abs() < 1e-12 && found.len() == 3,
            "{found:?}"
        );
        assert!((found[1] - 2.0).abs() < 1e-12 && (found[2] - 3.0).abs() < 1e-12);
    }
}
