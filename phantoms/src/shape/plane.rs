//! Half-planes and half-spaces: what is cut off a shape.

use super::vector::{cross2, dot2, dot3};

/// Keeps the points of the plane with `n . p < d`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HalfPlane {
    /// Normal `n`, of any length but 0; it points to what is cut off.
    pub normal: [f64; 2],
    /// `d`.
    pub distance: f64,
}

impl HalfPlane {
    /// Keeps `n . (p - centre) < distance` with a unit normal at an angle from x towards y.
    pub fn about(centre: [f64; 2], distance: f64, angle_rad: f64) -> Self {
        let (s, c) = angle_rad.sin_cos();
        Self {
            normal: [c, s],
            distance: distance + dot2([c, s], centre),
        }
    }

    /// The same with every length times a factor.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        Self {
            distance: self.distance * factor,
            ..*self
        }
    }

    /// Whether both keep the same points, but for rounding.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let (a, b) = (self.normal, other.normal);
        let size = (dot2(a, a) * dot2(b, b)).sqrt();
        let [x, y] = [0, 1].map(|n| self.distance * b[n] - other.distance * a[n]);
        let reach = self.distance.abs() * dot2(b, b).sqrt();
        dot2(a, b) > 0.0 && cross2(a, b).abs() <= 1e-14 * size && x.hypot(y) <= 1e-14 * reach
    }

    /// `d - n . p`: positive where the point is kept.
    pub(super) fn inside(&self, p: [f64; 2]) -> f64 {
        self.distance - dot2(self.normal, p)
    }

    /// Narrows an interval of the line `origin + t direction` to what is kept of it.
    pub(super) fn narrow(&self, origin: [f64; 2], direction: [f64; 2], range: &mut [f64; 2]) {
        narrow(self.inside(origin), -dot2(self.normal, direction), range);
    }

    /// What is kept of a polygon; pieces of one that is not convex stay joined by edges of no area.
    pub(super) fn cut(&self, polygon: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let mut kept = Vec::with_capacity(polygon.len() + 2);
        for (i, &q) in polygon.iter().enumerate() {
            let p = polygon[(i + polygon.len() - 1) % polygon.len()];
            let (from, to) = (self.inside(p), self.inside(q));
            if (from > 0.0) != (to > 0.0) {
                let t = from / (from - to);
                kept.push([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
            }
            if to > 0.0 {
                kept.push(q);
            }
        }
        kept
    }
}

/// Keeps the points of space with `n . p < d`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HalfSpace {
    /// Normal `n`, of any length but 0; it points to what is cut off.
    pub normal: [f64; 3],
    /// `d`.
    pub distance: f64,
}

impl HalfSpace {
    /// Keeps `n . p < distance` with n along a direction of any length but 0.
    pub fn below(direction: [f64; 3], distance: f64) -> Self {
        let length = dot3(direction, direction).sqrt();
        Self {
            normal: direction.map(|v| v / length),
            distance,
        }
    }

    /// Keeps `n . p > distance` with n along a direction of any length but 0.
    pub fn above(direction: [f64; 3], distance: f64) -> Self {
        Self::below(direction.map(|v| -v), -distance)
    }

    /// The same with every length times a factor.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        Self {
            distance: self.distance * factor,
            ..*self
        }
    }

    /// `d - n . p`: positive where the point is kept.
    pub(super) fn inside(&self, p: [f64; 3]) -> f64 {
        self.distance - dot3(self.normal, p)
    }

    /// Narrows an interval of the line `origin + t direction` to what is kept of it.
    pub(super) fn narrow(&self, origin: [f64; 3], direction: [f64; 3], range: &mut [f64; 2]) {
        narrow(self.inside(origin), -dot3(self.normal, direction), range);
    }

    /// Its section by the plane at a height; none where the plane runs along it.
    pub(super) fn at_height(&self, z: f64) -> Option<HalfPlane> {
        let [x, y, _] = self.normal;
        let flat = x.abs().max(y.abs()) <= 1e-14 * self.normal[2].abs();
        (!flat).then_some(HalfPlane {
            normal: [x, y],
            distance: self.distance - self.normal[2] * z,
        })
    }
}

/// Keeps `start + slope t > 0` of an interval of t.
pub(super) fn narrow(start: f64, slope: f64, range: &mut [f64; 2]) {
    let crossing = -start / slope;
    if slope == 0.0 || !crossing.is_finite() {
        if start <= 0.0 {
            *range = [0.0, 0.0];
        }
    } else if slope > 0.0 {
        range[0] = range[0].max(crossing);
    } else {
        range[1] = range[1].min(crossing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corner_is_cut_off_a_square() {
        let square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        let diagonal = HalfPlane::about([1.0, 1.0], -(0.5f64.sqrt()), 45f64.to_radians());
        let kept = diagonal.cut(&square);
        let area: f64 = (0..kept.len())
            .map(|i| (kept[i], kept[(i + 1) % kept.len()]))
            .map(|(p, q)| 0.5 * (p[0] * q[1] - p[1] * q[0]))
            .sum();
        assert!((area - 0.5).abs() < 1e-15, "{area}");
    }

    #[test]
    fn an_interval_is_narrowed_from_either_side_and_along() {
        let plane = HalfPlane {
            normal: [2.0, 0.0],
            distance: 3.0,
        };
        let narrowed = |origin, direction| {
            let mut range = [-9.0, 9.0];
            plane.narrow(origin, direction, &mut range);
            range
        };
        assert_eq!(narrowed([0.0, 7.0], [1.0, 5.0]), [-9.0, 1.5]);
        assert_eq!(narrowed([0.0, 7.0], [-1.0, 5.0]), [-1.5, 9.0]);
        assert_eq!(narrowed([1.0, 0.0], [0.0, 1.0]), [-9.0, 9.0]);
        assert_eq!(narrowed([2.0, 0.0], [0.0, 1.0]), [0.0, 0.0]);
    }

    #[test]
    fn a_half_space_is_cut_by_a_plane() {
        let space = HalfSpace {
            normal: [1.0, -2.0, 0.5],
            distance: 4.0,
        };
        let plane = space.at_height(3.0).unwrap();
        for p in [[0.3, 0.7], [9.0, 1.0]] {
            assert!((plane.inside(p) - space.inside([p[0], p[1], 3.0])).abs() < 1e-15);
        }
        let level = HalfSpace {
            normal: [0.0, 0.0, 1.0],
            distance: 1.0,
        };
        assert!(level.at_height(0.0).is_none());
    }
}
