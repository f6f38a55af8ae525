//! Closed outlines around the axis of the body, and ellipsoids cut by planes.

use std::array::from_fn;
use std::f64::consts::{PI, TAU};
use std::sync::OnceLock;

/// Points of an outline.
const POINTS: usize = 144;

/// The cosine and the sine of the angle of each point.
fn directions() -> &'static [[f64; 2]; POINTS] {
    static DIRECTIONS: OnceLock<[[f64; 2]; POINTS]> = OnceLock::new();
    DIRECTIONS.get_or_init(|| from_fn(angle).map(|angle: f64| [libm::cos(angle), libm::sin(angle)]))
}

fn angle(point: usize) -> f64 {
    TAU * point as f64 / POINTS as f64
}

/// The angle between two directions, -pi to pi.
pub(super) fn between(a: f64, b: f64) -> f64 {
    let turn = (a - b) % TAU;
    match turn {
        t if t > PI => t - TAU,
        t if t < -PI => t + TAU,
        t => t,
    }
}

/// A bump of height 1 and about unit width: `1 / (1 + u²)²`.
pub(super) fn bump(u: f64) -> f64 {
    (1.0 + u * u).powi(-2)
}

/// A smooth step from 0 to 1 between two places.
pub(super) fn step(from: f64, to: f64, at: f64) -> f64 {
    let t = ((at - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A star-shaped outline: its distance from the axis at equal angles, from x towards y.
#[derive(Clone, Debug)]
pub(super) struct Ring([f64; POINTS]);

impl Ring {
    /// The radius as a function of the angle and its cosine and sine.
    pub fn new(radius: impl Fn(f64, [f64; 2]) -> f64) -> Self {
        let directions = directions();
        Self(from_fn(|n| radius(angle(n), directions[n])))
    }

    /// The outline moved inwards by a depth at each angle.
    pub fn inset(&self, depth: impl Fn(f64) -> f64) -> Self {
        Self(from_fn(|n| (self.0[n] - depth(angle(n))).max(1.0)))
    }

    /// The radius at an angle.
    pub fn at(&self, angle: f64) -> f64 {
        let at = (angle / TAU).rem_euclid(1.0) * POINTS as f64;
        let first = at as usize % POINTS;
        let share = at - at.floor();
        self.0[first] + share * (self.0[(first + 1) % POINTS] - self.0[first])
    }

    /// The point at an angle, moved outwards.
    pub fn point(&self, angle: f64, outwards: f64) -> [f64; 2] {
        let radius = self.at(angle) + outwards;
        [radius * libm::cos(angle), radius * libm::sin(angle)]
    }

    /// The outline as a polygon.
    pub fn polygon(&self) -> Vec<[f64; 2]> {
        let points = self.0.iter().zip(directions());
        points.map(|(r, d)| d.map(|v| v * r)).collect()
    }

    /// A point, moved to the outline if it lies outside.
    pub fn confine(&self, p: [f64; 2]) -> [f64; 2] {
        let [x, y] = p;
        let (radius, most) = ((x * x + y * y).sqrt(), self.at(libm::atan2(y, x)));
        if radius <= most {
            return p;
        }
        p.map(|v| v * most / radius)
    }
}

/// An ellipsoid of any attitude.
#[derive(Clone, Debug)]
pub(super) struct Ellipsoid {
    pub centre: [f64; 3],
    /// `(p - centre)ᵀ form (p - centre) = 1` on its surface.
    form: [[f64; 3]; 3],
    pub shortest: f64,
}

impl Ellipsoid {
    /// Half axes along x, y and z.
    pub fn upright(centre: [f64; 3], semi: [f64; 3]) -> Self {
        Self::along(centre, semi, [1.0, 0.0, 0.0])
    }

    /// The first half axis along a direction, the second one as level as can be.
    pub fn along(centre: [f64; 3], semi: [f64; 3], direction: [f64; 3]) -> Self {
        let u = unit(direction);
        let level = (u[0] * u[0] + u[1] * u[1]).sqrt();
        let v = if level < 1e-9 {
            [0.0, 1.0, 0.0]
        } else {
            [-u[1] / level, u[0] / level, 0.0]
        };
        let axes = [u, v, cross(u, v)];
        let form = from_fn(|i| {
            from_fn(|j| {
                (0..3)
                    .map(|k| axes[k][i] * axes[k][j] / semi[k].powi(2))
                    .sum()
            })
        });
        Self {
            centre,
            form,
            shortest: semi.into_iter().fold(f64::INFINITY, f64::min),
        }
    }

    /// 0 at the centre, 1 on the surface.
    pub fn level(&self, p: [f64; 3]) -> f64 {
        let d: [f64; 3] = from_fn(|n| p[n] - self.centre[n]);
        let square: f64 = (0..3)
            .map(|i| d[i] * (0..3).map(|j| self.form[i][j] * d[j]).sum::<f64>())
            .sum();
        square.sqrt()
    }

    /// What the plane at a height cuts out.
    pub fn section(&self, z: f64) -> Option<Vec<[f64; 2]>> {
        let (m, h) = (self.form, z - self.centre[2]);
        // d = d0 + sqrt(k) L⁻ᵀ e of unit vectors e, with the level part of the form L Lᵀ.
        let det = m[0][0] * m[1][1] - m[0][1] * m[1][0];
        let d0 = [
            -h * (m[1][1] * m[0][2] - m[0][1] * m[1][2]) / det,
            -h * (m[0][0] * m[1][2] - m[1][0] * m[0][2]) / det,
        ];
        let k = 1.0 - h * (h * m[2][2] + d0[0] * m[0][2] + d0[1] * m[1][2]);
        if k <= 0.0 {
            return None;
        }
        let l00 = m[0][0].sqrt();
        let l10 = m[0][1] / l00;
        let l11 = (m[1][1] - l10 * l10).sqrt();
        let points = directions().iter().step_by(2).map(|[c, s]| {
            let y = s / l11;
            let x = (c - l10 * y) / l00;
            [
                self.centre[0] + d0[0] + k.sqrt() * x,
                self.centre[1] + d0[1] + k.sqrt() * y,
            ]
        });
        Some(points.collect())
    }
}

/// The direction of a vector.
pub(super) fn unit(v: [f64; 3]) -> [f64; 3] {
    let length = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt();
    v.map(|c| c / length.max(1e-12))
}

/// The cross product.
pub(super) fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_lies_on_its_ellipsoid() {
        let tilted = Ellipsoid::along([3.0, -4.0, 5.0], [30.0, 20.0, 12.0], [0.6, 0.4, -0.7]);
        let upright = Ellipsoid::upright([0.0, 1.0, 2.0], [9.0, 7.0, 5.0]);
        let mut cuts = 0;
        for shape in [&tilted, &upright] {
            for n in 0..60 {
                let z = f64::from(n) - 25.0;
                for [x, y] in shape.section(z).into_iter().flatten() {
                    assert!((shape.level([x, y, z]) - 1.0).abs() < 1e-9);
                    cuts += 1;
                }
            }
        }
        assert!(cuts > 1000);
        assert!((upright.level([9.0, 1.0, 2.0]) - 1.0).abs() < 1e-12);
        assert!(upright.section(7.1).is_none() && upright.section(6.9).is_some());
    }

    #[test]
    fn a_ring_confines_and_interpolates() {
        let ring = Ring::new(|angle, _| 10.0 + libm::cos(2.0 * angle));
        for n in 0..100 {
            let angle = f64::from(n) * 0.37 - 9.0;
            assert!((ring.at(angle) - 10.0 - libm::cos(2.0 * angle)).abs() < 2e-3);
            let [x, y] = ring.confine(ring.point(angle, 5.0));
            assert!(((x * x + y * y).sqrt() - ring.at(angle)).abs() < 1e-9);
            let inner = ring.point(angle, -2.0);
            assert_eq!(ring.confine(inner), inner);
        }
        let inset = ring.inset(|_| 3.0);
        assert!((inset.at(0.4) - ring.at(0.4) + 3.0).abs() < 1e-12);
    }

    #[test]
    fn angles_are_between_minus_pi_and_pi() {
        for (a, b, turn) in [
            (0.1, TAU, 0.1),
            (3.0, -3.0, 6.0 - TAU),
            (-3.0, 3.0, TAU - 6.0),
        ] {
            assert!((between(a, b) - turn).abs() < 1e-12);
        }
        assert_eq!((step(2.0, 4.0, 3.0), bump(0.0)), (0.5, 1.0));
    }
}
