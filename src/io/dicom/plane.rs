//! From an affine to the attributes of a plane: directions, positions and sizes of pixels.

use std::path::Path;

use super::vector::{Vector, column, cross, dot, norm, plus, scaled, unit};
use crate::io::IoError;

/// Axes may be this far from perpendicular (the cosine), for rounding.
const PERPENDICULAR: f64 = 1e-4;

/// The planes of a volume.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planes {
    /// Directions of growing column and row index.
    pub directions: [Vector; 2],
    /// As DICOM has it: between rows, between columns.
    pub pixel_mm: [f64; 2],
    /// Between slices.
    pub spacing_mm: f64,
    origin_mm: Vector,
    step_mm: Vector,
}

impl Planes {
    /// From an affine of (column, row, slice) to LPS. Errors if its axes are not perpendicular.
    pub fn new(path: &Path, affine_lps_mm: &[[f64; 4]; 3]) -> Result<Self, IoError> {
        let [x, y, z, origin] = [0, 1, 2, 3].map(|c| column(affine_lps_mm, c));
        let lengths = [x, y, z].map(norm);
        let is_finite = affine_lps_mm.iter().flatten().all(|v| v.is_finite());
        if !is_finite || lengths.iter().any(|l| *l <= 0.0) {
            let found = format!("columns of the lengths {lengths:?}");
            let remedy = "check the geometry of the input";
            return Err(IoError::new(
                path,
                "an affine with three axes",
                found,
                remedy,
            ));
        }
        let [a, b, c] = [x, y, z].map(unit);
        let cosines = [
            ("columns and rows", dot(a, b)),
            ("rows and slices", dot(b, c)),
            ("columns and slices", dot(a, c)),
        ];
        if let Some((axes, cosine)) = cosines.iter().find(|(_, d)| d.abs() > PERPENDICULAR) {
            let degrees = cosine.acos().to_degrees();
            let found = format!("{axes} at {degrees:.2} degrees (a sheared volume)");
            let remedy = "resample the input onto a straight grid, or write NIfTI";
            return Err(IoError::new(path, "axes at right angles", found, remedy));
        }
        Ok(Self {
            directions: [a, cross(unit(cross(a, b)), a)],
            pixel_mm: [lengths[1], lengths[0]],
            spacing_mm: lengths[2],
            origin_mm: origin,
            step_mm: z,
        })
    }

    /// The centre of the first pixel of a slice.
    pub fn position_mm(&self, slice: usize) -> Vector {
        // The sixteen characters of a decimal have no room for a rounding error's exponent.
        let exact = plus(self.origin_mm, slice as f64, self.step_mm);
        scaled(1e-9, exact.map(|x| (x * 1e9).round()))
    }

    /// The distance of a slice from the origin along the normal.
    pub fn location_mm(&self, slice: usize) -> f64 {
        let normal = cross(self.directions[0], self.directions[1]);
        let location = dot(self.position_mm(slice), normal);
        (location * 1e6).round() * 1e-6
    }
}
