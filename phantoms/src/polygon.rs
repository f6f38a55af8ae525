//! Polygons drawn with exact area coverage.

use ndarray::Array2;

use crate::grid::spacing;

/// A raster that adds up polygons: each pixel gets the weight times the winding number, averaged
/// over the pixel.
///
/// The edges leave the change of coverage along each row in the pixels that they cross; a running
/// sum along the row then gives the coverage (the scan conversion of font rasterisers). Straight
/// edges make it exact but for rounding.
pub struct Coverage {
    /// Changes of coverage, `[ny, nx + 1]`; the last column takes what an edge in the last pixel
    /// leaves over.
    changes: Array2<f64>,
    /// Pixels per unit and the pixel coordinate of the origin, x then y.
    scale: [f64; 2],
    origin: [f64; 2],
}

impl Coverage {
    /// An empty raster of the unit square, its samples at [`position`](crate::position).
    pub fn new(ny: usize, nx: usize) -> Self {
        let origin = [(nx / 2) as f64 + 0.5, (ny / 2) as f64 + 0.5];
        Self {
            changes: Array2::zeros((ny, nx + 1)),
            scale: [1.0 / spacing(nx), 1.0 / spacing(ny)],
            origin,
        }
    }

    /// An empty raster of square pixels around the origin, y upwards: row 0 is the uppermost.
    pub(crate) fn upright((ny, nx): (usize, usize), pixel: f64) -> Self {
        Self {
            changes: Array2::zeros((ny, nx + 1)),
            scale: [pixel.recip(), -pixel.recip()],
            origin: [0.5 * nx as f64, 0.5 * ny as f64],
        }
    }

    /// The same raster's pixels from a row and column on, so many of each.
    pub(crate) fn upright_part(
        size: (usize, usize),
        pixel: f64,
        (corner, part): ((usize, usize), (usize, usize)),
    ) -> Self {
        let whole = Self {
            changes: Array2::zeros((0, 0)),
            scale: [pixel.recip(), -pixel.recip()],
            origin: [0.5 * size.1 as f64, 0.5 * size.0 as f64],
        };
        whole.window(corner, part)
    }

    /// The window of `ny x nx` pixels from pixel `(first_y, first_x)` on.
    pub(crate) fn window(
        &self,
        (first_y, first_x): (usize, usize),
        (ny, nx): (usize, usize),
    ) -> Self {
        let origin = [
            self.origin[0] - first_x as f64,
            self.origin[1] - first_y as f64,
        ];
        Self {
            changes: Array2::zeros((ny, nx + 1)),
            scale: self.scale,
            origin,
        }
    }

    /// Adds a closed polygon of points `[x, y]`; it counts positive where it turns from x towards
    /// y.
    pub fn add(&mut self, polygon: &[[f64; 2]], weight: f64) {
        let Some(last) = polygon.last() else { return };
        let mut from = self.pixel(last);
        for point in polygon {
            let to = self.pixel(point);
            self.add_edge(from, to, weight);
            from = to;
        }
    }

    /// The sums: `f64[ny, nx]`.
    pub fn finish(self) -> Array2<f64> {
        let (ny, width) = self.changes.dim();
        let mut image = Array2::zeros((ny, width - 1));
        for (mut out, changes) in image.rows_mut().into_iter().zip(self.changes.rows()) {
            let mut sum = 0.0;
            for (v, change) in out.iter_mut().zip(changes) {
                sum += change;
                *v = sum;
            }
        }
        image
    }

    /// Shows each row of the sums, without their sign and at most 1.
    pub(crate) fn each_row(&self, mut see: impl FnMut(usize, &[f32])) {
        let (ny, width) = self.changes.dim();
        let mut row = vec![0f32; width - 1];
        for j in 0..ny {
            let mut sum = 0.0;
            for (v, change) in row.iter_mut().zip(self.changes.row(j)) {
                sum += change;
                *v = sum.abs().min(1.0) as f32;
            }
            see(j, &row);
        }
    }

    /// A point in pixel units: pixel n reaches from n to n + 1.
    pub(crate) fn pixel(&self, p: &[f64; 2]) -> [f64; 2] {
        [
            p[0] * self.scale[0] + self.origin[0],
            p[1] * self.scale[1] + self.origin[1],
        ]
    }

    /// Cuts an edge at the rows that it crosses.
    fn add_edge(&mut self, p: [f64; 2], q: [f64; 2], weight: f64) {
        // Coverage lies to the right of an edge that runs against y.
        let (top, bottom, weight) = if p[1] < q[1] {
            (p, q, -weight)
        } else {
            (q, p, weight)
        };
        let rows = self.changes.nrows();
        let (y0, y1) = (top[1].max(0.0), bottom[1].min(rows as f64));
        if y0 >= y1 {
            return;
        }
        let slope = (bottom[0] - top[0]) / (bottom[1] - top[1]);
        let x_at = |y: f64| top[0] + (y - top[1]) * slope;
        let (mut y, mut x) = (y0, x_at(y0));
        for row in y0 as usize..rows {
            let next = y1.min((row + 1) as f64);
            let x_next = if next == bottom[1] {
                bottom[0]
            } else {
                x_at(next)
            };
            self.add_in_row(row, [x, x_next], (next - y) * weight);
            (y, x) = (next, x_next);
            if y >= y1 {
                return;
            }
        }
    }

    /// Spreads a piece of edge of signed height over the pixels between its ends.
    fn add_in_row(&mut self, row: usize, ends: [f64; 2], height: f64) {
        let columns = self.changes.ncols() - 1;
        let (left, right) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let mut changes = self.changes.row_mut(row);
        if left >= columns as f64 {
            return;
        }
        if right <= 0.0 {
            changes[0] += height;
            return;
        }
        let first = left.max(0.0) as usize;
        if left >= 0.0 && right <= (first + 1) as f64 {
            let inside = 0.5 * (left + right) - first as f64;
            changes[first] += height * (1.0 - inside);
            changes[first + 1] += height * inside;
            return;
        }
        let density = height / (right - left);
        if left < 0.0 {
            changes[0] -= density * left;
        }
        let mut x = left.max(0.0);
        for column in first..columns {
            let next = right.min((column + 1) as f64);
            let inside = 0.5 * (x + next) - column as f64;
            changes[column] += density * (next - x) * (1.0 - inside);
            changes[column + 1] += density * (next - x) * inside;
            x = next;
            if x >= right {
                return;
            }
        }
    }
}

/// Whether a point lies within a polygon, by the parity of the crossings to its right.
pub(crate) fn contains(polygon: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let mut inside = false;
    for (i, q) in polygon.iter().enumerate() {
        let p = polygon[(i + polygon.len() - 1) % polygon.len()];
        if (p[1] > y) != (q[1] > y) && x < p[0] + (y - p[1]) * (q[0] - p[0]) / (q[1] - p[1]) {
            inside = !inside;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Overlap, Raster, Section};
    use crate::shape::Ellipse;
    use std::f64::consts::TAU;

    fn circle(n: usize, radius: f64, x0: f64, y0: f64) -> Vec<[f64; 2]> {
        let at = |i: usize| TAU * i as f64 / n as f64;
        (0..n)
            .map(|i| [x0 + radius * at(i).cos(), y0 + radius * at(i).sin()])
            .collect()
    }

    #[test]
    fn the_sum_is_the_area_of_the_polygon() {
        let polygon = [
            [-0.73, -0.5],
            [0.81, -0.61],
            [0.3, 0.02],
            [0.55, 0.7],
            [-0.2, 0.33],
        ];
        let area: f64 = (0..5)
            .map(|i| (polygon[i], polygon[(i + 1) % 5]))
            .map(|(p, q)| 0.5 * (p[0] * q[1] - p[1] * q[0]))
            .sum();
        for (ny, nx) in [(64, 64), (33, 70), (3, 5)] {
            let mut coverage = Coverage::new(ny, nx);
            coverage.add(&polygon, 2.0);
            let sum = coverage.finish().sum() * spacing(ny) * spacing(nx);
            assert!((sum - 2.0 * area).abs() < 1e-12);
        }
    }

    #[test]
    fn a_polygon_of_many_sides_is_the_disc_pixel_by_pixel() {
        for (x0, y0) in [(0.1, -0.2), (0.8, 0.9), (-0.9, -0.8)] {
            let mut coverage = Coverage::new(31, 40);
            coverage.add(&circle(20_000, 0.4, x0, y0), 1.0);
            let disc = vec![(1.0, Ellipse::disc([x0, y0], 0.4).into())];
            let section = Section::new(Overlap::Adds, disc);
            let exact = section.raster(&Raster::unit_square(31, 40));
            let worst = coverage
                .finish()
                .iter()
                .zip(&exact)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            assert!(worst < 1e-7, "{worst}");
        }
    }

    #[test]
    fn a_polygon_around_the_raster_covers_it() {
        let mut coverage = Coverage::new(5, 6);
        coverage.add(&circle(9, 50.0, 3.0, -7.0), 1.0);
        assert!(coverage.finish().iter().all(|v| (v - 1.0).abs() < 1e-12));
    }
}
