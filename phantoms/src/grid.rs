//! The two grids of the crate: raster samples in the unit square and samples of k-space.

/// Position of raster sample `n` of `size`: `x_n = (n - floor(size / 2)) * 2 / size`, the grid of
/// the Fourier transform.
pub fn position(n: usize, size: usize) -> f64 {
    (n as f64 - (size / 2) as f64) * spacing(size)
}

/// Distance of two raster samples: `dx = 2 / size`.
pub fn spacing(size: usize) -> f64 {
    2.0 / size as f64
}

/// The pixels of an MR image: the grid of the Fourier transform over a field of view around the
/// centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MrGrid {
    /// Rows.
    pub ny: usize,
    /// Columns.
    pub nx: usize,
    /// Widths along x and y; the phantom's own field of view where none is given.
    pub fov_mm: Option<[f64; 2]>,
}

impl MrGrid {
    /// Over a phantom's own field of view.
    pub fn own(ny: usize, nx: usize) -> Self {
        Self {
            ny,
            nx,
            fov_mm: None,
        }
    }

    /// Over a field of view of so many millimetres along x and y.
    pub fn over(ny: usize, nx: usize, fov_mm: [f64; 2]) -> Self {
        Self {
            ny,
            nx,
            fov_mm: Some(fov_mm),
        }
    }

    /// The field of view along x and y over twice a half width.
    pub(crate) fn stretch(&self, half_mm: f64) -> [f64; 2] {
        self.fov_mm
            .map_or([1.0; 2], |fov| fov.map(|mm| 0.5 * mm / half_mm))
    }
}

/// Spatial frequency of k-space sample `m` of `size`: `k_m = (m - floor(size / 2)) / 2`, in cycles
/// per unit.
pub fn frequency(m: usize, size: usize) -> f64 {
    0.5 * (m as f64 - (size / 2) as f64)
}
