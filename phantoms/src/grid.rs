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

/// Spatial frequency of k-space sample `m` of `size`: `k_m = (m - floor(size / 2)) / 2`, in cycles
/// per unit.
pub fn frequency(m: usize, size: usize) -> f64 {
    0.5 * (m as f64 - (size / 2) as f64)
}
