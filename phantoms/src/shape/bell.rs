//! The Gaussian bell.

use std::f64::consts::{PI, TAU};

use num_complex::Complex64;

use super::quadrature::panels;
use super::vector::{dot2, minus2};

/// `h exp(-pi (u² / s_u² + v² / s_v²))`, u and v along its own axes.
///
/// A width s belongs to a full width at half maximum of `s √(ln 16 / π)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bell {
    /// Height `h`.
    pub height: f64,
    /// Centre, x and y.
    pub centre: [f64; 2],
    /// Widths s along its own x and y.
    pub width: [f64; 2],
    /// Angle from the x axis to its own x axis, towards y.
    pub angle_rad: f64,
}

/// Beyond this many widths the bell is less than 1e-19.
const REACH: f64 = 3.75;

impl Bell {
    /// The same with every length times a factor.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        Self {
            centre: self.centre.map(|v| v * factor),
            width: self.width.map(|v| v * factor),
            ..*self
        }
    }

    /// The value at a point.
    pub fn value(&self, p: [f64; 2]) -> f64 {
        let u = self.relative(minus2(p, self.centre));
        self.height * (-PI * dot2(u, u)).exp()
    }

    /// The integral along the line `origin + t direction`, t from -∞ to ∞, times the direction's
    /// length: `h s exp(-pi d²)` with the distance d of the line in widths.
    pub fn line_integral(&self, origin: [f64; 2], direction: [f64; 2]) -> f64 {
        let (p, d) = (
            self.relative(minus2(origin, self.centre)),
            self.relative(direction),
        );
        let square = dot2(d, d);
        let along = dot2(p, d);
        let distance = (dot2(p, p) - along * along / square).max(0.0);
        let length = dot2(direction, direction).sqrt();
        self.height * (-PI * distance).exp() * length / square.sqrt()
    }

    /// The mean over the rectangle of the given centre and full widths: exact along x, 16 points or
    /// more along y.
    pub fn area_average(&self, centre: [f64; 2], width: [f64; 2]) -> f64 {
        let row = |y: f64| {
            let from = [centre[0] - 0.5 * width[0], y];
            Complex64::new(self.along_x(from, width[0]), 0.0)
        };
        let narrow = self.width[0].min(self.width[1]);
        let [low, high] = [-0.5, 0.5].map(|s| centre[1] + s * width[1]);
        let [bottom, top] = self.bounds().map(|corner| corner[1]);
        let (low, high) = (low.max(bottom), high.min(top));
        if low >= high {
            return 0.0;
        }
        let count = ((high - low) / narrow).ceil() as usize;
        panels(&row, low, high, count).re / (width[0] * width[1])
    }

    /// The Fourier transform `F(k) = h s_u s_v exp(-pi (s_u² k_u² + s_v² k_v²)) exp(-2 pi i k.c)`.
    pub fn fourier(&self, k: [f64; 2]) -> Complex64 {
        let (s, c) = self.angle_rad.sin_cos();
        let along = [
            self.width[0] * (c * k[0] + s * k[1]),
            self.width[1] * (c * k[1] - s * k[0]),
        ];
        let size = self.height * self.width[0] * self.width[1];
        size * (-PI * dot2(along, along)).exp() * Complex64::cis(-TAU * dot2(k, self.centre))
    }

    /// An upright square outside of which there is nothing: lower and upper corner.
    pub(super) fn bounds(&self) -> [[f64; 2]; 2] {
        let reach = REACH * self.width[0].max(self.width[1]);
        [-reach, reach].map(|r| self.centre.map(|c| c + r))
    }

    /// The integral from a point to the right.
    fn along_x(&self, from: [f64; 2], length: f64) -> f64 {
        let (p, d) = (
            self.relative(minus2(from, self.centre)),
            self.relative([1.0, 0.0]),
        );
        let square = dot2(d, d);
        let middle = -dot2(p, d) / square;
        let distance = dot2(p, p) - middle * middle * square;
        let scaled = |t: f64| libm::erf((PI * square).sqrt() * (t - middle));
        let share = 0.5 * (scaled(length) - scaled(0.0));
        self.height * (-PI * distance).exp() * share / square.sqrt()
    }

    fn relative(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (s, c) = self.angle_rad.sin_cos();
        [
            (c * x + s * y) / self.width[0],
            (c * y - s * x) / self.width[1],
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::quadrature::adaptive_between;

    const BELL: Bell = Bell {
        height: 1.3,
        centre: [0.1, -0.2],
        width: [0.5, 0.2],
        angle_rad: 0.7,
    };

    #[test]
    fn rows_have_the_transform() {
        for k in [[0.0, 0.0], [0.8, -0.5], [-1.2, 2.0]] {
            let row = |y: f64| {
                let across = |x: f64| BELL.value([x, y]) * Complex64::cis(-TAU * k[0] * x);
                panels(&across, -2.0, 2.0, 16) * Complex64::cis(-TAU * k[1] * y)
            };
            let error = (panels(&row, -2.0, 2.0, 16) - BELL.fourier(k)).norm();
            assert!(error < 1e-13, "{k:?}: {error}");
        }
    }

    #[test]
    fn lines_and_averages_are_those_of_quadrature() {
        let (origin, direction) = ([0.3, -0.5], [0.6, 1.7]);
        let along = |t: f64| {
            let p = [0, 1].map(|n| origin[n] + t * direction[n]);
            Complex64::new(BELL.value(p), 0.0)
        };
        let length = dot2(direction, direction).sqrt();
        let sum = adaptive_between(&along, &[-2.0, 2.0], 1e-15).re * length;
        assert!((sum - BELL.line_integral(origin, direction)).abs() < 1e-13);
        let (centre, width) = ([0.2, -0.1], [0.3, 0.5]);
        let row = |y: f64| {
            let across = |x: f64| Complex64::new(BELL.value([x, y]), 0.0);
            panels(&across, 0.05, 0.35, 6)
        };
        let mean = panels(&row, -0.35, 0.15, 6).re / (width[0] * width[1]);
        assert!((mean - BELL.area_average(centre, width)).abs() < 1e-13);
    }
}
