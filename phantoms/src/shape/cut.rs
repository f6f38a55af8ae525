//! The coordinates of a body in a plane that cuts it.

use super::Frame;
use super::form::Form;
use super::plane::HalfPlane;
use super::vector::{cross3, dot2, dot3};

/// `u_n = g_n . q + h_n` for points `q = p - c` of the plane, seen from the centre c of the body, so
/// that nothing is lost where that is far from the origin.
pub(super) struct Cut {
    /// c.
    pub centre: [f64; 2],
    /// g_n.
    pub slope: [[f64; 2]; 3],
    /// h_n.
    pub offset: [f64; 3],
}

/// The least value of a sum of squares over the plane, and the ellipse where it is 1 more.
pub(super) struct Least {
    pub centre: [f64; 2],
    pub value: f64,
    pub semi: [f64; 2],
    pub angle_rad: f64,
}

impl Cut {
    /// By the plane at a height.
    pub fn new(frame: &Frame, z: f64) -> Self {
        let [x, y, height] = frame.centre;
        Self {
            centre: [x, y],
            slope: frame.rows().map(|r| [r[0], r[1]]),
            offset: frame.turn([0.0, 0.0, z - height]),
        }
    }

    /// Keeps `n . q < d`.
    pub fn line(&self, normal: [f64; 2], distance: f64) -> HalfPlane {
        HalfPlane {
            normal,
            distance: distance + dot2(normal, self.centre),
        }
    }

    /// Adds `|u_n| <= 1`; none where no point of the plane has it.
    pub fn between(&self, n: usize, lines: &mut Vec<HalfPlane>) -> Option<()> {
        let (g, h) = (self.slope[n], self.offset[n]);
        if self.is_level(n) {
            return (h.abs() <= 1.0).then_some(());
        }
        lines.push(self.line(g, 1.0 - h));
        lines.push(self.line(g.map(|v| -v), 1.0 + h));
        Some(())
    }

    /// Whether a coordinate of the body does not change in the plane, but for rounding.
    pub fn is_level(&self, n: usize) -> bool {
        let most = self
            .slope
            .iter()
            .flatten()
            .fold(0.0, |m: f64, v| m.max(v.abs()));
        self.slope[n].iter().all(|v| v.abs() <= 1e-14 * most)
    }

    /// `sum u_n²` over the first coordinates, of q.
    pub fn form(&self, count: usize) -> Form {
        let sum = |f: &dyn Fn(usize) -> f64| (0..count).map(f).sum::<f64>();
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

    /// Where `sum u_n²` over the first coordinates is least.
    ///
    /// With the columns a, b of the slopes and `n = a × b`, the determinant of the form is `|n|²` and
    /// the least value `(h . n)² / |n|²`: neither cancels, and of two coordinates the value is 0.
    pub fn least(&self, count: usize) -> Least {
        let first =
            |f: &dyn Fn(usize) -> f64| [0, 1, 2].map(|n| if n < count { f(n) } else { 0.0 });
        let (a, b) = (first(&|n| self.slope[n][0]), first(&|n| self.slope[n][1]));
        let h = first(&|n| self.offset[n]);
        let normal = cross3(a, b);
        let determinant = dot3(normal, normal);
        let along = dot3(h, normal);
        let q = [cross3(b, h), cross3(h, a)].map(|v| dot3(v, normal) / determinant);
        let (semi, angle_rad) = self.form(count).axes(determinant);
        Least {
            centre: [0, 1].map(|n| self.centre[n] + q[n]),
            value: along * along / determinant,
            semi,
            angle_rad,
        }
    }
}
