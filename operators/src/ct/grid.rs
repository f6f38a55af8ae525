//! The image: a grid of pixels in the plane of rotation.

use super::rays::MOST;
use super::require;
use crate::{Axis, Result, Space};

/// Pixels about the rotation axis. Row 0 is the largest y, column 0 the smallest x.
///
/// The centre of pixel (row j, column i) lies at `x = cx + (i - (columns - 1) / 2) px`,
/// `y = cy - (j - (rows - 1) / 2) py`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Height and width of a pixel, `[y, x]`.
    pub pixel_mm: [f64; 2],
    /// Centre of the image relative to the rotation axis, `[x, y]`.
    pub centre_mm: [f64; 2],
}

impl Grid {
    /// An image whose centre is the rotation axis.
    pub fn new(rows: usize, columns: usize, pixel_mm: [f64; 2]) -> Self {
        Grid {
            rows,
            columns,
            pixel_mm,
            centre_mm: [0.0, 0.0],
        }
    }

    /// The same grid about another centre, `[x, y]`.
    pub fn centred_at(self, centre_mm: [f64; 2]) -> Self {
        Grid { centre_mm, ..self }
    }

    /// `Real[Y rows, X columns]`.
    pub fn space(&self) -> Space {
        Space::real(&[(Axis::Y, self.rows), (Axis::X, self.columns)])
    }

    /// `[x, y]` of a pixel; fractions lie between the centres.
    pub fn point_mm(&self, row: f64, column: f64) -> [f64; 2] {
        let middle = |n: usize| (n as f64 - 1.0) / 2.0;
        [
            self.centre_mm[0] + (column - middle(self.columns)) * self.pixel_mm[1],
            self.centre_mm[1] - (row - middle(self.rows)) * self.pixel_mm[0],
        ]
    }

    /// Radius of the circle about the rotation axis that holds all that a ray can see: the pixels
    /// and half a pixel around them, over which linear interpolation falls to zero.
    pub fn radius_mm(&self) -> f64 {
        let (rows, columns) = (self.rows as f64, self.columns as f64);
        [(-1.0, -1.0), (-1.0, columns), (rows, -1.0), (rows, columns)]
            .into_iter()
            .map(|(row, column)| self.point_mm(row, column))
            .map(|[x, y]| x.hypot(y))
            .fold(0.0, f64::max)
    }

    pub(super) fn check(&self) -> Result<()> {
        require(
            (1..=MOST).contains(&self.rows) && (1..=MOST).contains(&self.columns),
            "image grid",
            "1 to 8192 rows and columns",
            || format!("{} x {}", self.rows, self.columns),
        )?;
        require(
            self.pixel_mm.iter().all(|p| p.is_finite() && *p > 0.0),
            "pixel_mm",
            "two positive numbers [y, x]",
            || format!("{:?}", self.pixel_mm),
        )?;
        require(
            self.centre_mm.iter().all(|c| c.is_finite()),
            "centre_mm",
            "two finite numbers [x, y]",
            || format!("{:?}", self.centre_mm),
        )
    }
}
