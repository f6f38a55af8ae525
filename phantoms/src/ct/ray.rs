//! A ray of X-rays.

/// A line of infinite length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// A point of the line, such as the focal spot.
    pub origin_mm: [f64; 2],
    /// Its direction, of any length but 0.
    pub direction: [f64; 2],
}

impl Ray {
    /// The line through two different points.
    pub fn through(from_mm: [f64; 2], to_mm: [f64; 2]) -> Self {
        Self {
            origin_mm: from_mm,
            direction: [to_mm[0] - from_mm[0], to_mm[1] - from_mm[1]],
        }
    }

    /// The line `x cos(theta) + y sin(theta) = s`.
    pub fn parallel(s_mm: f64, theta_rad: f64) -> Self {
        let (sin, cos) = theta_rad.sin_cos();
        Self {
            origin_mm: [s_mm * cos, s_mm * sin],
            direction: [-sin, cos],
        }
    }

    /// The same line with a direction of length 1.
    pub(super) fn unit(&self) -> Self {
        let [x, y] = self.direction;
        let length = (x * x + y * y).sqrt();
        Self {
            origin_mm: self.origin_mm,
            direction: self.direction.map(|d| d / length),
        }
    }
}
