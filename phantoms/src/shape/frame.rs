//! Where a body lies in space, and how large it is.

use super::ShapeError;
use super::vector::{cross3, dot3, minus3};

/// The affine map that takes a body to the unit one: `u = M (p - c)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Centre `c`.
    pub centre: [f64; 3],
    /// Half axes along the body's own x, y and z.
    semi: [f64; 3],
    /// The body's own axes, unit vectors.
    axes: [[f64; 3]; 3],
}

impl Frame {
    /// A body whose own axes are those of space.
    pub fn upright(centre: [f64; 3], semi: [f64; 3]) -> Self {
        Self {
            centre,
            semi,
            axes: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        }
    }

    /// A body turned about z: its own x lies at an angle from x towards y.
    pub fn turned(centre: [f64; 3], semi: [f64; 3], angle_rad: f64) -> Self {
        let (s, c) = angle_rad.sin_cos();
        Self {
            centre,
            semi,
            axes: [[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]],
        }
    }

    /// A body whose own z lies along `z`, and whose own x along what of `x` is perpendicular to it;
    /// lengths do not matter. Errors: x along z, or one of them 0.
    pub fn along(
        centre: [f64; 3],
        semi: [f64; 3],
        z: [f64; 3],
        x: [f64; 3],
    ) -> Result<Self, ShapeError> {
        let (own_z, own_x) = (unit(z), unit(x));
        let share = dot3(own_x, own_z);
        let across = minus3(own_x, own_z.map(|v| v * share));
        let square = dot3(across, across);
        if square.is_nan() || square <= PARALLEL * PARALLEL {
            return Err(ShapeError::Axes { x, z });
        }
        let own_x = unit(across);
        Ok(Self {
            centre,
            semi,
            axes: [own_x, cross3(own_z, own_x), own_z],
        })
    }

    /// The same with every length times a factor.
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            centre: self.centre.map(|v| v * factor),
            semi: self.semi.map(|v| v * factor),
            axes: self.axes,
        }
    }

    /// A point in the unit body's coordinates.
    pub(super) fn in_unit(&self, p: [f64; 3]) -> [f64; 3] {
        self.turn(minus3(p, self.centre))
    }

    /// A direction in the unit body's coordinates.
    pub(super) fn turn(&self, d: [f64; 3]) -> [f64; 3] {
        [0, 1, 2].map(|n| dot3(self.axes[n], d) / self.semi[n])
    }

    /// A spatial frequency in the unit body's coordinates: `M^-T k`.
    pub(super) fn turn_frequency(&self, k: [f64; 3]) -> [f64; 3] {
        [0, 1, 2].map(|n| dot3(self.axes[n], k) * self.semi[n])
    }

    /// Rows of M.
    pub(super) fn rows(&self) -> [[f64; 3]; 3] {
        [0, 1, 2].map(|n| self.axes[n].map(|v| v / self.semi[n]))
    }

    /// How steeply the body's own z rises from the level: 0 where it lies, 1 where it is upright.
    pub(super) fn tilt(&self) -> f64 {
        cross3(self.axes[0], self.axes[1])[2].abs()
    }

    /// Half the height of the unit ball's image.
    pub(super) fn height(&self) -> f64 {
        let up = self.turn_frequency([0.0, 0.0, 1.0]);
        dot3(up, up).sqrt()
    }

    /// The volume of what is 1 in the unit body's coordinates.
    pub(super) fn volume(&self) -> f64 {
        self.semi[0] * self.semi[1] * self.semi[2]
    }

    /// An upright box around the image of the unit cube from -1 to 1, times a reach: lower and upper
    /// corner.
    pub(super) fn bounds(&self, reach: f64) -> [[f64; 3]; 2] {
        let half = [0, 1, 2].map(|n| {
            (0..3)
                .map(|m| (self.semi[m] * self.axes[m][n]).abs())
                .sum::<f64>()
                * reach
        });
        [-1.0, 1.0].map(|sign| [0, 1, 2].map(|n| self.centre[n] + sign * half[n]))
    }
}

/// Sine of the angle below which two axes are one: what is left of x would be rounding.
const PARALLEL: f64 = 1e-8;

fn unit(v: [f64; 3]) -> [f64; 3] {
    let length = dot3(v, v).sqrt();
    v.map(|x| x / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_and_points_keep_their_product() {
        let frame = Frame::along(
            [1.0, 2.0, 3.0],
            [0.5, 0.7, 2.0],
            [1.0, 2.0, -0.5],
            [0.3, 1.0, 1.0],
        )
        .unwrap();
        let (p, k) = ([0.2, -0.4, 0.9], [1.5, 0.3, -2.0]);
        let here = dot3(minus3(p, frame.centre), k);
        let there = dot3(frame.in_unit(p), frame.turn_frequency(k));
        assert!((here - there).abs() < 1e-14, "{here} {there}");
    }

    #[test]
    fn the_axes_are_right_handed() {
        let frame = Frame::along([0.0; 3], [1.0; 3], [0.0, 0.0, 2.0], [3.0, 3.0, 9.0]).unwrap();
        let turned = Frame::turned([0.0; 3], [1.0; 3], 45f64.to_radians());
        for (a, b) in frame
            .rows()
            .iter()
            .flatten()
            .zip(turned.rows().iter().flatten())
        {
            assert!((a - b).abs() < 1e-15);
        }
    }

    #[test]
    fn axes_that_are_one_are_refused() {
        let along = |z, x| Frame::along([0.0; 3], [1.0; 3], z, x);
        for (z, x) in [
            ([0.0, 0.0, 1.0], [0.0, 0.0, 2.0]),
            ([1.0, 2.0, 3.0], [-0.1, -0.2, -0.3]),
            ([0.0; 3], [1.0, 0.0, 0.0]),
            ([0.0, 0.0, 1.0], [0.0; 3]),
            ([0.0, 0.0, f64::NAN], [1.0, 0.0, 0.0]),
        ] {
            let error = along(z, x).unwrap_err().to_string();
            assert!(error.contains("not along z"), "{error}");
        }
        let frame = along([0.0, 0.0, 1.0], [1e-3, 0.0, 1.0]).unwrap();
        assert!(frame.rows().iter().flatten().all(|v| v.is_finite()));
    }
}
