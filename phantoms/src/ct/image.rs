//! Line integrals through an image of constant pixels.

use ndarray::Array2;

use super::grid::CtGrid;
use super::ray::Ray;
use crate::PhantomError;
use crate::scene::{Scene, Section};
use crate::shape::Line;

/// Something that X-rays pass through.
pub trait Attenuation: Sync {
    /// The integral of the attenuation along a line, without unit.
    fn line_integral(&self, ray: &Ray) -> f64;
}

/// Values are attenuation per millimetre.
impl Attenuation for Section {
    fn line_integral(&self, ray: &Ray) -> f64 {
        self.line_integral(ray.origin_mm, ray.direction)
    }
}

/// Values are attenuation per millimetre; rays run in the plane z = 0.
impl Attenuation for Scene {
    fn line_integral(&self, ray: &Ray) -> f64 {
        let flat = |[x, y]: [f64; 2]| [x, y, 0.0];
        self.line_integral(&Line {
            origin: flat(ray.origin_mm),
            direction: flat(ray.direction),
        })
    }
}

/// An image whose pixels are squares of constant attenuation; nothing is around it.
///
/// A line that crosses rows more steeply than it runs along them meets one or two pixels in each
/// row, and the two lengths are exact (Siddon 1985, in another order).
#[derive(Clone, Debug)]
pub struct PixelImage {
    grid: CtGrid,
    /// Attenuation times pixel size, rows and columns, padded by [`PAD`] zeros along each line.
    rows: Array2<f64>,
    columns: Array2<f64>,
}

/// Zeros before and after a line of pixels.
///
/// Two lines before and after those within which a ray meets pixels, it is at most two pixels
/// outside.
const PAD: usize = 4;

impl PixelImage {
    /// An image of attenuation per millimetre.
    pub fn new(mu_per_mm: &Array2<f64>, grid: CtGrid) -> Result<Self, PhantomError> {
        if mu_per_mm.dim() != (grid.ny, grid.nx) {
            let (ny, nx) = mu_per_mm.dim();
            return Err(PhantomError::OtherGrid {
                ny,
                nx,
                grid_ny: grid.ny,
                grid_nx: grid.nx,
            });
        }
        let padded = |image: ndarray::ArrayView2<f64>| {
            let (lines, n) = image.dim();
            let mut out = Array2::zeros((lines, n + 2 * PAD));
            out.slice_mut(ndarray::s![.., PAD..PAD + n])
                .assign(&image.mapv(|mu| mu * grid.pixel_mm));
            out
        };
        Ok(Self {
            grid,
            rows: padded(mu_per_mm.view()),
            columns: padded(mu_per_mm.t()),
        })
    }

    /// An image of Hounsfield units, where water attenuates by `water_per_mm`.
    pub fn from_hu(
        hu: &Array2<f32>,
        grid: CtGrid,
        water_per_mm: f64,
    ) -> Result<Self, PhantomError> {
        Self::new(
            &hu.mapv(|hu| super::materials::hu_to_mu(hu.into(), water_per_mm)),
            grid,
        )
    }
}

impl Attenuation for PixelImage {
    fn line_integral(&self, ray: &Ray) -> f64 {
        let Ray {
            origin_mm: [ox, oy],
            direction: [dx, dy],
        } = ray.unit();
        let pixel = self.grid.pixel_mm;
        // In pixels, from the upper left corner of the image.
        let (u, v) = (
            ox / pixel + 0.5 * self.grid.nx as f64,
            0.5 * self.grid.ny as f64 - oy / pixel,
        );
        if dy.abs() >= dx.abs() {
            across(&self.rows, u, v, -dx / dy)
        } else {
            across(&self.columns, v, u, -dy / dx)
        }
    }
}

/// The sum over lines of pixels of a ray that passes through `(along, line)` and moves by
/// `slope` (at most 1) along from one line to the next.
fn across(lines: &Array2<f64>, along: f64, line: f64, slope: f64) -> f64 {
    let pitch = lines.ncols();
    let n = (pitch - 2 * PAD) as f64;
    let count = lines.nrows() as f64;
    // Where it enters line 0, and the lines within which it may meet a pixel.
    let start = along - line * slope;
    if !(start.is_finite() && slope.is_finite()) {
        return f64::NAN;
    }
    let (first, last) = if slope.abs() < 1e-12 {
        if !(0.0..n).contains(&start) {
            return 0.0;
        }
        (0.0, count)
    } else {
        let (a, b) = (-start / slope, (n - start) / slope);
        (a.min(b) - 1.0, a.max(b) + 1.0)
    };
    let (first, last) = (first.max(0.0) as usize, last.min(count).max(0.0) as usize);
    let per_pixel = slope.abs().max(1e-12).recip();
    let rightmost = start + slope.max(0.0) + PAD as f64;
    let pixels = lines.as_slice().expect("made in standard layout");
    let mut sum = 0.0;
    for (k, line) in pixels
        .chunks_exact(pitch)
        .enumerate()
        .take(last)
        .skip(first)
    {
        let right = rightmost + k as f64 * slope;
        let (floor, at) = floor(right);
        // The share of the way behind the border between two pixels.
        let share = ((right - floor) * per_pixel).min(1.0);
        if let [before, after] = line[at - 1..=at] {
            sum += before + share * (after - before);
        }
    }
    sum * slope.hypot(1.0)
}

/// The whole part of a number from 1 to 2^31, as itself and as an index; of a whole number it may
/// be the one below.
///
/// Adding 2^52 rounds to the nearest whole number, which then fills the lowest bits; a plain
/// conversion, which guards against every number, takes most of the time of a ray.
fn floor(v: f64) -> (f64, usize) {
    const WHOLE: f64 = (1u64 << 52) as f64;
    let rounded = (v - 0.5) + WHOLE;
    (rounded - WHOLE, rounded.to_bits() as u32 as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::named;
    use crate::shape::{Ellipse, Solid};

    /// Siddon's way: all crossings sorted, each piece with the pixel at its middle.
    fn by_crossings(image: &Array2<f64>, grid: &CtGrid, ray: &Ray) -> f64 {
        let ray = ray.unit();
        let mut crossings = Vec::new();
        for (axis, n) in [(0, grid.nx), (1, grid.ny)] {
            for k in 0..=n {
                let plane = (k as f64 - 0.5 * n as f64) * grid.pixel_mm;
                crossings.push((plane - ray.origin_mm[axis]) / ray.direction[axis]);
            }
        }
        crossings.retain(|t| t.is_finite());
        crossings.sort_by(f64::total_cmp);
        crossings
            .windows(2)
            .map(|t| {
                let at =
                    |axis: usize| ray.origin_mm[axis] + 0.5 * (t[0] + t[1]) * ray.direction[axis];
                let column = (at(0) / grid.pixel_mm + 0.5 * grid.nx as f64).floor();
                let row = (0.5 * grid.ny as f64 - at(1) / grid.pixel_mm).floor();
                if column < 0.0 || row < 0.0 {
                    return 0.0;
                }
                let value = image.get((row as usize, column as usize));
                value.copied().unwrap_or(0.0) * (t[1] - t[0])
            })
            .sum()
    }

    #[test]
    fn lengths_are_those_of_sorted_crossings() {
        let grid = CtGrid::new(13, 18, 1.7).unwrap();
        let values = Array2::from_shape_fn((13, 18), |(j, i)| ((7 * j + 5 * i) % 11) as f64 - 3.0);
        let image = PixelImage::new(&values, grid).unwrap();
        for n in 0..400 {
            let angle = 0.0173 * f64::from(n) * 2.3;
            let ray = Ray {
                origin_mm: [
                    f64::from(n % 31) * 0.93 - 14.0,
                    f64::from(n % 17) * 1.31 - 10.0,
                ],
                direction: [angle.cos(), angle.sin()],
            };
            let (found, expected) = (
                image.line_integral(&ray),
                by_crossings(&values, &grid, &ray),
            );
            assert!((found - expected).abs() < 1e-10, "{n}: {found} {expected}");
        }
    }

    #[test]
    fn upright_and_diagonal_rays_are_known() {
        let grid = CtGrid::new(4, 6, 2.0).unwrap();
        let image = PixelImage::new(&Array2::from_elem((4, 6), 0.5), grid).unwrap();
        let p = |origin_mm, direction| {
            image.line_integral(&Ray {
                origin_mm,
                direction,
            })
        };
        assert!((p([0.3, 99.0], [0.0, -5.0]) - 4.0).abs() < 1e-12);
        assert!((p([-99.0, 0.7], [1.0, 0.0]) - 6.0).abs() < 1e-12);
        assert!((p([0.0, 0.0], [1.0, 1.0]) - 4.0 * 2f64.sqrt()).abs() < 1e-12);
        assert_eq!(p([6.1, 0.0], [0.0, 1.0]), 0.0);
        assert_eq!(p([0.0, 4.01], [-1.0, 0.0]), 0.0);
        assert!(p([0.0, 0.0], [0.0, 0.0]).is_nan());
        assert!(PixelImage::new(&Array2::zeros((4, 4)), grid).is_err());
    }

    #[test]
    fn the_raster_of_an_object_tends_to_the_object() {
        let mut head = named("shepp-logan").unwrap().scene_ct(70.0).unwrap();
        let disc = Ellipse::disc([70.0, 80.0], 3.0);
        head.layers.push((0.01, Solid::Prism(disc.into())));
        let object = head.section(0.0);
        let error = |n: usize| {
            let grid = CtGrid::new(n, n, 256.0 / n as f64).unwrap();
            let image = PixelImage::new(&object.raster(&grid.into()), grid).unwrap();
            let squares: f64 = (0..500)
                .map(|i| Ray::parallel(-100.0 + 0.401 * f64::from(i), 0.11 * f64::from(i)))
                .map(|ray| {
                    let exact = object.line_integral(ray.origin_mm, ray.direction);
                    (image.line_integral(&ray) - exact).powi(2)
                })
                .sum();
            (squares / 500.0).sqrt()
        };
        let (coarse, fine) = (error(128), error(512));
        assert!(fine < 0.4 * coarse && fine < 0.02, "{coarse} {fine}");
    }
}
