//! The picture of a section while it is painted.

use std::ops::Range;

use ndarray::Array2;

use super::tube::Tube;
use crate::ct::CtGrid;
use crate::polygon::Coverage;

/// What covers a place: Hounsfield units, and whether it belongs to a lung.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fill {
    /// Part of a lung.
    Lung(f32),
    /// Within a lung or not, as it was.
    Within(f32),
    /// No lung.
    Other(f32),
}

/// A section on a fine grid: each shape covers what was painted before.
pub(super) struct Canvas {
    grid: CtGrid,
    pub hu: Array2<f32>,
    pub lung: Array2<f32>,
    /// Whether there is any lung yet.
    lungs: bool,
}

/// First row and column of a part of the grid, and the share of each pixel.
pub(super) type Window = ((usize, usize), Array2<f32>);

impl Canvas {
    /// Air.
    pub fn new(grid: CtGrid) -> Self {
        let size = (grid.ny, grid.nx);
        Self {
            grid,
            hu: Array2::from_elem(size, -1000.0),
            lung: Array2::zeros(size),
            lungs: false,
        }
    }

    /// Paints a polygon, in millimetres, by the exact share of each pixel.
    pub fn polygon(&mut self, polygon: &[[f64; 2]], fill: Fill) {
        if let Some(((top, left), coverage)) = coverage(&self.grid, polygon) {
            coverage.each_row(|j, shares| self.cover((top + j, left), shares, fill));
        }
    }

    /// Paints what the plane at a height cuts out of tubes.
    pub fn tubes<'a>(&mut self, tubes: impl Iterator<Item = &'a Tube>, z: f64, fill: Fill) {
        let (grid, per_pixel) = (self.grid, self.grid.pixel_mm.recip());
        let mut shares = Vec::new();
        for tube in tubes.filter(|tube| tube.meets(z)) {
            let [low, high] = tube.bounds(z);
            let Some((rows, columns)) = window(&grid, low, high) else {
                continue;
            };
            for row in rows {
                let y = grid.y_mm(row);
                let depth = |column| tube.depth([grid.x_mm(column), y, z]);
                shares.clear();
                let all = columns.clone().map(|i| (0.5 + depth(i) * per_pixel) as f32);
                shares.extend(all.map(|share| share.clamp(0.0, 1.0)));
                self.cover((row, columns.start), &shares, fill);
            }
        }
    }

    /// Paints part of a row by the shares of its pixels, from a row and column on.
    pub fn cover(&mut self, (row, column): (usize, usize), shares: &[f32], fill: Fill) {
        let columns = column..column + shares.len();
        let line = &mut self.hu.row_mut(row);
        let line = &mut line.as_slice_mut().expect("it has standard layout")[columns.clone()];
        let (Fill::Lung(hu) | Fill::Within(hu) | Fill::Other(hu)) = fill;
        for (v, share) in line.iter_mut().zip(shares) {
            *v += share * (hu - *v);
        }
        self.lungs |= matches!(fill, Fill::Lung(_));
        let lung = match fill {
            Fill::Lung(_) => 1.0,
            Fill::Other(_) if self.lungs => 0.0,
            _ => return,
        };
        let line = &mut self.lung.row_mut(row);
        let line = &mut line.as_slice_mut().expect("it has standard layout")[columns];
        for (v, share) in line.iter_mut().zip(shares) {
            *v += share * (lung - *v);
        }
    }
}

/// The rows and columns of pixels that a rectangle touches.
fn window(grid: &CtGrid, low: [f64; 2], high: [f64; 2]) -> Option<(Range<usize>, Range<usize>)> {
    let range = |from: f64, to: f64, n: usize| {
        let first = from.max(0.0) as usize;
        let after = (to.max(0.0).ceil() as usize).min(n);
        (first < after).then_some(first..after)
    };
    let column = |x: f64| x / grid.pixel_mm + 0.5 * grid.nx as f64;
    let row = |y: f64| 0.5 * grid.ny as f64 - y / grid.pixel_mm;
    Some((
        range(row(high[1]), row(low[1]), grid.ny)?,
        range(column(low[0]), column(high[0]), grid.nx)?,
    ))
}

/// The part of the grid around a polygon, with the polygon in it.
fn coverage(grid: &CtGrid, polygon: &[[f64; 2]]) -> Option<((usize, usize), Coverage)> {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for p in polygon {
        for n in 0..2 {
            (low[n], high[n]) = (low[n].min(p[n]), high[n].max(p[n]));
        }
    }
    let (rows, columns) = window(grid, low, high)?;
    let corner = (rows.start, columns.start);
    let size = (rows.len(), columns.len());
    let mut part = Coverage::upright_part((grid.ny, grid.nx), grid.pixel_mm, (corner, size));
    part.add(polygon, 1.0);
    Some((corner, part))
}

/// The share of each pixel within a polygon, in the part of the grid around it.
pub(super) fn covered(grid: &CtGrid, polygon: &[[f64; 2]]) -> Option<Window> {
    let (corner, coverage) = coverage(grid, polygon)?;
    Some((
        corner,
        coverage.finish().mapv(|share| share.abs().min(1.0) as f32),
    ))
}

/// Adds a contrast to an image, and its share to a mask.
pub(super) fn add(
    hu: &mut Array2<f32>,
    mask: &mut Array2<f32>,
    ((top, left), shares): &Window,
    contrast: f32,
) {
    for ((j, i), share) in shares.indexed_iter() {
        hu[(top + j, left + i)] += share * contrast;
        mask[(top + j, left + i)] += share;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polygon_covers_its_area_even_beyond_the_edge() {
        let grid = CtGrid::new(21, 34, 1.7).unwrap();
        let square = [[-3.0, -2.0], [8.0, -2.0], [8.0, 5.0], [-3.0, 5.0]];
        let mut canvas = Canvas::new(grid);
        canvas.polygon(&square, Fill::Lung(0.0));
        let area = f64::from((&canvas.hu + 1000.0).sum()) / 1000.0 * 1.7 * 1.7;
        assert!((area - 77.0).abs() < 1e-3, "{area}");
        assert!((f64::from(canvas.lung.sum()) * 2.89 - 77.0).abs() < 1e-3);
        let far = square.map(|[x, y]| [x + 25.0, y]);
        let mut canvas = Canvas::new(grid);
        canvas.polygon(&far, Fill::Within(0.0));
        let area = f64::from((&canvas.hu + 1000.0).sum()) / 1000.0 * 1.7 * 1.7;
        assert!((area - 7.0 * (17.0 * 1.7 - 22.0)).abs() < 1e-3, "{area}");
        assert_eq!(canvas.lung.sum(), 0.0);
        canvas.polygon(&square.map(|[x, y]| [x, y + 400.0]), Fill::Other(0.0));
    }

    #[test]
    fn a_tube_covers_its_section() {
        let grid = CtGrid::new(80, 90, 0.5).unwrap();
        let mut canvas = Canvas::new(grid);
        let tube = Tube {
            from: [-3.0, 1.0, -60.0],
            to: [3.0, 1.0, 60.0],
            radius_mm: 4.0,
        };
        canvas.tubes([tube].iter(), 0.0, Fill::Other(1000.0));
        let area = f64::from((&canvas.hu + 1000.0).sum()) / 2000.0 * 0.25;
        let slant = (1.0f64 + 0.05 * 0.05).sqrt();
        assert!(
            (area / (std::f64::consts::PI * 16.0 * slant) - 1.0).abs() < 0.01,
            "{area}"
        );
        canvas.tubes([tube].iter(), 70.0, Fill::Other(0.0));
    }
}
