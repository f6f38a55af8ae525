//! Round tubes: vessels, airways, the processes of vertebrae.

use std::array::from_fn;

/// A cylinder with round ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tube {
    pub from: [f64; 3],
    pub to: [f64; 3],
    pub radius_mm: f64,
}

impl Tube {
    /// Tubes along a line of points.
    pub fn path(points: &[[f64; 3]], radius_mm: f64) -> Vec<Self> {
        let pieces = points.windows(2).map(|ends| Self {
            from: ends[0],
            to: ends[1],
            radius_mm,
        });
        pieces.collect()
    }

    /// The same axis with another radius.
    pub fn with_radius(self, radius_mm: f64) -> Self {
        Self { radius_mm, ..self }
    }

    /// Whether it meets the plane at a height.
    pub fn meets(&self, z: f64) -> bool {
        let (low, high) = (self.from[2].min(self.to[2]), self.from[2].max(self.to[2]));
        low - self.radius_mm < z && z < high + self.radius_mm
    }

    /// The smallest and the largest x and y of the part near the plane at a height.
    pub fn bounds(&self, z: f64) -> [[f64; 2]; 2] {
        let r = self.radius_mm;
        let rise = self.to[2] - self.from[2];
        // The part of the axis within a radius of the plane.
        let (mut t0, mut t1) = (0.0f64, 1.0f64);
        if rise.abs() > 1e-9 {
            let ends = [z - r, z + r].map(|v| (v - self.from[2]) / rise);
            t0 = t0.max(ends[0].min(ends[1])).min(1.0);
            t1 = t1.min(ends[0].max(ends[1])).max(0.0);
        }
        let along = |n: usize, t: f64| self.from[n] + t * (self.to[n] - self.from[n]);
        let low = from_fn(|n| along(n, t0).min(along(n, t1)) - r);
        [low, from_fn(|n| along(n, t0).max(along(n, t1)) + r)]
    }

    /// How deep a point lies within; negative outside.
    #[inline]
    pub fn depth(&self, p: [f64; 3]) -> f64 {
        let axis: [f64; 3] = from_fn(|n| self.to[n] - self.from[n]);
        let d: [f64; 3] = from_fn(|n| p[n] - self.from[n]);
        let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        let t = (dot(d, axis) / dot(axis, axis).max(1e-12)).clamp(0.0, 1.0);
        let off: [f64; 3] = from_fn(|n| d[n] - t * axis[n]);
        self.radius_mm - dot(off, off).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_section_lies_within_its_bounds() {
        let tubes = [
            ([0.0, 0.0, 0.0], [10.0, -20.0, 30.0], 4.0),
            ([5.0, 5.0, 3.0], [-25.0, 6.0, 3.0], 2.5),
            ([1.0, 2.0, -8.0], [1.0, 2.0, 9.0], 6.0),
        ];
        for (from, to, radius_mm) in tubes {
            let tube = Tube {
                from,
                to,
                radius_mm,
            };
            for n in -40..80 {
                let z = 0.5 * f64::from(n);
                let [low, high] = tube.bounds(z);
                let mut seen = false;
                for k in 0..90 * 90 {
                    let [x, y] = [f64::from(k % 90) - 45.0, f64::from(k / 90) - 45.0];
                    if tube.depth([x, y, z]) > 0.0 {
                        seen = true;
                        assert!(low[0] <= x && x <= high[0] && low[1] <= y && y <= high[1]);
                    }
                }
                assert!(!seen || tube.meets(z));
            }
        }
    }

    #[test]
    fn depth_is_the_radius_less_the_distance() {
        let tube = Tube {
            from: [0.0, 0.0, 0.0],
            to: [0.0, 0.0, 10.0],
            radius_mm: 3.0,
        };
        assert_eq!(tube.depth([1.0, 0.0, 4.0]), 2.0);
        assert_eq!(tube.depth([0.0, 3.0, -4.0]), -2.0);
        assert_eq!(tube.with_radius(4.0).depth([0.0, 0.0, 12.0]), 2.0);
        assert_eq!(Tube::path(&[[0.0; 3], [1.0; 3], [2.0; 3]], 1.0).len(), 2);
    }
}
