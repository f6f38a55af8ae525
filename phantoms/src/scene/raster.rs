//! A section averaged over pixels.

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::cell::Cell;
use super::{Overlap, Section};
use crate::ct::CtGrid;
use crate::grid::{position, spacing};
use crate::shape::Region;

/// Where pixels lie: pixel (j, i) has its centre at `first + (i, j) step`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Raster {
    /// Rows and columns.
    pub size: (usize, usize),
    /// Centre of pixel (0, 0), x and y.
    pub first: [f64; 2],
    /// From a pixel to the next, x along columns and y along rows; one may be negative.
    pub step: [f64; 2],
}

impl Raster {
    /// The grid of the Fourier transform in the unit square ([`position`]).
    pub fn unit_square(ny: usize, nx: usize) -> Self {
        Self {
            size: (ny, nx),
            first: [position(0, nx), position(0, ny)],
            step: [spacing(nx), spacing(ny)],
        }
    }

    /// The same grid over a field of view of other widths, x and y.
    pub fn field_of_view(ny: usize, nx: usize, fov: [f64; 2]) -> Self {
        let unit = Self::unit_square(ny, nx);
        let scaled = |v: [f64; 2]| [0.5 * v[0] * fov[0], 0.5 * v[1] * fov[1]];
        Self {
            size: unit.size,
            first: scaled(unit.first),
            step: scaled(unit.step),
        }
    }

    /// The centre of a pixel.
    fn centre(&self, j: usize, i: usize) -> [f64; 2] {
        [
            self.first[0] + i as f64 * self.step[0],
            self.first[1] + j as f64 * self.step[1],
        ]
    }

    /// Full widths of a pixel.
    fn width(&self) -> [f64; 2] {
        self.step.map(f64::abs)
    }

    /// Pixels along an axis (0: columns) that an interval may touch.
    fn touched(&self, axis: usize, from: f64, to: f64) -> std::ops::Range<usize> {
        let n = if axis == 0 { self.size.1 } else { self.size.0 };
        let index = |v: f64| (v - self.first[axis]) / self.step[axis];
        let (a, b) = (index(from), index(to));
        let low = (a.min(b) - 0.5).floor().max(0.0) as usize;
        let high = (a.max(b) + 1.5).ceil().max(0.0) as usize;
        low.min(n)..high.min(n)
    }
}

impl From<CtGrid> for Raster {
    fn from(grid: CtGrid) -> Self {
        Self {
            size: (grid.ny, grid.nx),
            first: [grid.x_mm(0), grid.y_mm(0)],
            step: [grid.pixel_mm, -grid.pixel_mm],
        }
    }
}

impl Section {
    /// The mean over each pixel: `f64[ny, nx]`.
    ///
    /// Values that add: exact. Where the last value counts, exact in pixels that the edge of one
    /// shape crosses; where several do, to 1e-7 of their values.
    pub fn raster(&self, raster: &Raster) -> Array2<f64> {
        let mut image = Array2::zeros(raster.size);
        image
            .axis_iter_mut(Axis(0))
            .into_par_iter()
            .enumerate()
            .for_each(|(j, mut row)| {
                let row = row.as_slice_mut().expect("rows of an owned array");
                match self.overlap {
                    Overlap::Adds => self.add_row(raster, j, row),
                    Overlap::LastWins => self.cover_row(raster, j, row),
                }
            });
        image
    }

    fn add_row(&self, raster: &Raster, j: usize, row: &mut [f64]) {
        let width = raster.width();
        for ((value, region), [low, high]) in self.layers().iter().zip(self.bounds()) {
            if !raster.touched(1, low[1], high[1]).contains(&j) {
                continue;
            }
            for i in raster.touched(0, low[0], high[0]) {
                row[i] += value * region.area_average(raster.centre(j, i), width);
            }
        }
    }

    fn cover_row(&self, raster: &Raster, j: usize, row: &mut [f64]) {
        let here: Vec<_> = (0..self.layers().len())
            .filter(|n| {
                let [low, high] = self.bounds()[*n];
                raster.touched(1, low[1], high[1]).contains(&j)
            })
            .map(|n| {
                let [low, high] = self.bounds()[n];
                (n, raster.touched(0, low[0], high[0]))
            })
            .collect();
        for (i, v) in row.iter_mut().enumerate() {
            let near = here.iter().filter(|(_, columns)| columns.contains(&i));
            let layers: Vec<&(f64, Region)> = near.map(|(n, _)| &self.layers()[*n]).collect();
            *v = Cell::new(raster.centre(j, i), raster.width()).mean(&layers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Bell, Ellipse, Polygon};

    fn layers() -> Vec<(f64, Region)> {
        vec![
            (1.0, Ellipse::new([0.05, 0.0], [0.8, 0.6], 0.3).into()),
            (0.5, Polygon::rectangle([0.2, 0.1], [0.3, 0.3]).into()),
            (-0.4, Ellipse::disc([0.4, 0.3], 0.25).into()),
            (
                0.3,
                Region::Bell(Bell {
                    height: 1.0,
                    centre: [-0.3, 0.0],
                    width: [0.2, 0.3],
                    angle_rad: 0.4,
                }),
            ),
        ]
    }

    #[test]
    fn pixels_are_means_of_points() {
        for overlap in [Overlap::Adds, Overlap::LastWins] {
            let section = Section::new(overlap, layers());
            let raster = Raster {
                size: (9, 11),
                first: [-1.0, 0.9],
                step: [0.21, -0.2],
            };
            let image = section.raster(&raster);
            for ((j, i), v) in image.indexed_iter() {
                let (c, n) = (raster.centre(j, i), 400);
                let sum: f64 = (0..n * n)
                    .map(|p| [(p % n) as f64, (p / n) as f64].map(|t| (t + 0.5) / n as f64 - 0.5))
                    .map(|s| section.value([c[0] + 0.21 * s[0], c[1] + 0.2 * s[1]]))
                    .sum();
                let mean = sum / (n * n) as f64;
                assert!((v - mean).abs() < 2e-3, "{overlap:?} {j} {i}: {v} {mean}");
            }
        }
    }

    #[test]
    fn where_nothing_overlaps_both_rules_agree() {
        let apart = vec![
            (1.0, Ellipse::disc([-0.4, 0.1], 0.3).into()),
            (2.0, Ellipse::disc([0.4, -0.1], 0.35).into()),
        ];
        let raster = Raster::unit_square(37, 50);
        let [a, b] = [Overlap::Adds, Overlap::LastWins]
            .map(|overlap| Section::new(overlap, apart.clone()).raster(&raster));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    #[test]
    fn the_raster_has_the_mass_of_the_spectrum() {
        let section = Section::new(Overlap::Adds, layers());
        for (ny, nx) in [(64, 64), (37, 50)] {
            let sum =
                section.raster(&Raster::unit_square(ny, nx)).sum() * spacing(ny) * spacing(nx);
            // The square ends at 1 - dx / 2; nothing lies beyond but the tail of the bell.
            assert!((sum - section.fourier([0.0; 2]).re).abs() < 1e-9);
        }
    }
}
