//! Ellipses: value, exact raster, Fourier transform and line integrals.

use std::f64::consts::{PI, TAU};

use ndarray::Array2;
use num_complex::Complex64;

use crate::disc::polygon_disc_area;
use crate::grid::{position, spacing};

/// An ellipse of constant density in the unit square; several of them add.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ellipse {
    /// Density inside, `rho`.
    pub density: f64,
    /// Half axis `a` along the ellipse's own x axis.
    pub semi_x: f64,
    /// Half axis `b` along the ellipse's own y axis.
    pub semi_y: f64,
    /// Centre, x.
    pub x0: f64,
    /// Centre, y.
    pub y0: f64,
    /// Angle from the x axis to the ellipse's own x axis, turning towards y, in radians.
    pub angle_rad: f64,
}

impl Ellipse {
    /// The density at a point: `rho` inside and on the edge, else 0.
    pub fn value(&self, x: f64, y: f64) -> f64 {
        let [u, v] = self.to_disc(x, y);
        if u * u + v * v <= 1.0 {
            self.density
        } else {
            0.0
        }
    }

    /// The mean density over the rectangle of the given centre and full widths, in closed form.
    ///
    /// The map to the unit disc takes the rectangle to a parallelogram, whose common area with the
    /// disc is exact.
    pub fn area_average(&self, x: f64, y: f64, width_x: f64, width_y: f64) -> f64 {
        let (hx, hy) = (0.5 * width_x, 0.5 * width_y);
        let corners = [
            self.to_disc(x - hx, y - hy),
            self.to_disc(x + hx, y - hy),
            self.to_disc(x + hx, y + hy),
            self.to_disc(x - hx, y + hy),
        ];
        if corners.iter().all(|[u, v]| u * u + v * v <= 1.0) {
            return self.density;
        }
        let [u, v] = self.to_disc(x, y);
        let reach = corners
            .iter()
            .map(|c| (c[0] - u).hypot(c[1] - v))
            .fold(0.0, f64::max);
        if u.hypot(v) >= 1.0 + reach {
            return 0.0;
        }
        self.density * self.semi_x * self.semi_y * polygon_disc_area(&corners) / (width_x * width_y)
    }

    /// The Fourier transform `F(k) = rho 2 pi a b J1(q) / q exp(-2 pi i k.x0)`.
    ///
    /// `q = 2 pi |(a k_u, b k_v)|` with k along the half axes, in cycles per unit.
    pub fn fourier(&self, kx: f64, ky: f64) -> Complex64 {
        self.fourier_magnitude(kx, ky) * Complex64::cis(-TAU * (kx * self.x0 + ky * self.y0))
    }

    /// The Fourier transform of the ellipse moved to the origin, which is real.
    pub(crate) fn fourier_magnitude(&self, kx: f64, ky: f64) -> f64 {
        let (s, c) = self.angle_rad.sin_cos();
        let q = TAU * (self.semi_x * (c * kx + s * ky)).hypot(self.semi_y * (c * ky - s * kx));
        let jinc = if q < 1e-4 {
            0.5 - q * q / 16.0
        } else {
            libm::j1(q) / q
        };
        self.density * TAU * self.semi_x * self.semi_y * jinc
    }

    /// The integral along a line: `2 rho a b sqrt(L² - d²) / L²`.
    ///
    /// The line is `x cos(theta) + y sin(theta) = s`; `L` is the half width of the ellipse across
    /// it and `d` the distance of the centre.
    pub fn line_integral(&self, s: f64, theta_rad: f64) -> f64 {
        let (sin, cos) = (theta_rad - self.angle_rad).sin_cos();
        let l2 = (self.semi_x * cos).powi(2) + (self.semi_y * sin).powi(2);
        let d = s - self.x0 * theta_rad.cos() - self.y0 * theta_rad.sin();
        2.0 * self.density * self.semi_x * self.semi_y * (l2 - d * d).max(0.0).sqrt() / l2
    }

    /// The integral over the plane, `pi a b rho`.
    pub fn mass(&self) -> f64 {
        PI * self.semi_x * self.semi_y * self.density
    }

    /// The affine map that takes the ellipse to the unit disc.
    fn to_disc(self, x: f64, y: f64) -> [f64; 2] {
        let (s, c) = self.angle_rad.sin_cos();
        let (x, y) = (x - self.x0, y - self.y0);
        [(c * x + s * y) / self.semi_x, (c * y - s * x) / self.semi_y]
    }
}

/// The mean of the sum of ellipses over each pixel, exact: `f64[ny, nx]` on the raster of
/// [`position`].
pub fn ellipse_raster(ellipses: &[Ellipse], ny: usize, nx: usize) -> Array2<f64> {
    let (dy, dx) = (spacing(ny), spacing(nx));
    let mut image = Array2::zeros((ny, nx));
    for e in ellipses {
        let reach = e.semi_x.abs().max(e.semi_y.abs());
        for (j, mut row) in image.rows_mut().into_iter().enumerate() {
            let y = position(j, ny);
            if (y - e.y0).abs() > reach + dy {
                continue;
            }
            for (i, v) in row.iter_mut().enumerate() {
                *v += e.area_average(position(i, nx), y, dx, dy);
            }
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fft::fft2_cropped;
    use crate::grid::frequency;

    const TILTED: Ellipse = Ellipse {
        density: 1.7,
        semi_x: 0.5,
        semi_y: 0.2,
        x0: 0.13,
        y0: -0.21,
        angle_rad: 0.4,
    };

    #[test]
    fn the_raster_has_the_mass_of_the_ellipse() {
        for (ny, nx) in [(64, 64), (37, 50), (5, 8)] {
            let sum = ellipse_raster(&[TILTED], ny, nx).sum() * spacing(ny) * spacing(nx);
            assert!((sum - TILTED.mass()).abs() < 1e-12, "{ny} x {nx}: {sum}");
        }
    }

    #[test]
    fn the_average_is_the_mean_of_many_points() {
        let (x, y, wx, wy) = (0.55, -0.05, 0.2, 0.15);
        let n = 2000;
        let at = |i: usize, w: f64| w * ((i as f64 + 0.5) / n as f64 - 0.5);
        let mean: f64 = (0..n * n)
            .map(|p| TILTED.value(x + at(p % n, wx), y + at(p / n, wy)))
            .sum::<f64>()
            / (n * n) as f64;
        assert!(mean > 0.1 && (TILTED.area_average(x, y, wx, wy) - mean).abs() < 1e-4);
    }

    #[test]
    fn a_slice_of_the_spectrum_is_the_spectrum_of_a_projection() {
        // Fourier slice, with s = centre + L cos(t): the midpoint rule in t converges fast for the
        // square root.
        let (theta, kappa, n) = (0.9f64, 2.3, 20_000);
        let centre = TILTED.x0 * theta.cos() + TILTED.y0 * theta.sin();
        let sum: Complex64 = (0..n)
            .map(|i| {
                let t = PI * (i as f64 + 0.5) / n as f64;
                let s = centre + 0.6 * t.cos();
                TILTED.line_integral(s, theta) * 0.6 * t.sin() * PI / n as f64
                    * Complex64::cis(-TAU * kappa * s)
            })
            .sum();
        assert!((sum - TILTED.fourier(kappa * theta.cos(), kappa * theta.sin())).norm() < 1e-5);
    }

    #[test]
    fn the_dft_of_a_fine_raster_tends_to_the_transform() {
        let (ny, nx) = (301, 400);
        let k = fft2_cropped(
            ellipse_raster(&[TILTED], ny, nx).mapv(Complex64::from),
            (9, 12),
        );
        let scale = spacing(ny) * spacing(nx) * ((ny * nx) as f64).sqrt();
        for ((my, mx), v) in k.indexed_iter() {
            let (kx, ky) = (frequency(mx, 12), frequency(my, 9));
            assert!((v * scale - TILTED.fourier(kx, ky)).norm() < 1e-3 * TILTED.mass());
        }
    }

    #[test]
    fn the_transform_at_zero_is_the_mass() {
        assert!((TILTED.fourier(0.0, 0.0).re - TILTED.mass()).abs() < 1e-15);
        let (series, j1) = (2e-5, 5e-5);
        let curvature = |k: f64| (1.0 - TILTED.fourier_magnitude(k, 0.0) / TILTED.mass()) / (k * k);
        assert!((curvature(series) / curvature(j1) - 1.0).abs() < 1e-4);
    }
}
