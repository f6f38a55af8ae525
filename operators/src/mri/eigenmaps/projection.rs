//! The projection of ESPIRiT onto its kernels, as one small matrix a pixel.
//!
//! Projecting every patch of k-space onto the kernels `v_j` and averaging where patches overlap is
//! a convolution between the coils, hence one matrix a pixel: `G(r) = 1/k² Σ_j v_j(r) v_j(r)ᴴ`,
//! `v_j(r) = Σ_p v_j[p] e^{+2πi p·r}`, with `r` in fields of view from the centre (Uecker et al.,
//! Magn. Reson. Med. 71:990, 2014). The entries are trigonometric polynomials of degree `k - 1`, so
//! that `2k` samples an axis determine them: the small grid and its sinc interpolation, here summed
//! directly, are exact at every size, odd or even.

use std::f64::consts::TAU;

use faer::Mat;
use ndarray::{Array2, Array3, Axis, Zip};
use num_complex::{Complex32, Complex64};
use rayon::prelude::*;

/// The Hermitian trigonometric polynomial `G(r) = Σ_l R[l] e^{+2πi l·r}`, `|l| < k` along y and x.
pub struct Projection {
    /// Number of coils, the order of `G`.
    pub coils: usize,
    /// `R`, shape (lag y, lag x, pair): the pairs `(c, d ≤ c)` are the lower triangle of `G`, row
    /// by row.
    lags: Array3<Complex32>,
}

impl Projection {
    /// Samples `G` on a grid of `2k × 2k` points and takes its Fourier coefficients.
    ///
    /// `kernels`: rows (coil, p_y, p_x), one orthonormal kernel a column; `k` the side of a kernel.
    pub fn of_kernels(kernels: &Mat<Complex64>, coils: usize, k: usize) -> Self {
        let (n, side) = (2 * k, 2 * k - 1);
        let to_grid = fourier((n, k), 1.0, |g, p| (g * p) as f64 / n as f64);
        // v_j(r), shape (point, kernel), for each coil.
        let images: Vec<Array2<Complex64>> = (0..coils)
            .into_par_iter()
            .map(|c| {
                let part = kernels.subrows(c * k * k, k * k);
                to_grid.dot(&Array2::from_shape_fn((k * k, part.ncols()), |at| part[at]))
            })
            .collect();
        let pairs = coils * (coils + 1) / 2;
        let mut grid = Array2::zeros((n * n, pairs));
        Zip::indexed(grid.rows_mut()).par_for_each(|g, mut row| {
            for (value, (c, d)) in row.iter_mut().zip(lower(coils)) {
                let terms = images[c].row(g).into_iter().zip(images[d].row(g));
                *value = terms.map(|(v, w)| v * w.conj()).sum::<Complex64>() / (k * k) as f64;
            }
        });
        // The lag of index l is l - (k - 1).
        let to_lags = fourier((side, n), 1.0 / (n * n) as f64, |l, g| {
            (k as f64 - 1.0 - l as f64) * g as f64 / n as f64
        });
        let lags = to_lags.dot(&grid).mapv(narrow);
        let shape = (side, side, pairs);
        Self {
            coils,
            lags: lags.into_shape_with_order(shape).expect("side² rows"),
        }
    }

    /// Sums over the lags of y at `y`, in fields of view from the centre: shape (lag x, pair).
    pub fn line(&self, y: f64) -> Array2<Complex32> {
        let mut line = Array2::zeros((self.lags.len_of(Axis(1)), self.lags.len_of(Axis(2))));
        for (terms, phase) in self.lags.outer_iter().zip(self.phases(y)) {
            line.scaled_add(phase, &terms);
        }
        line
    }

    /// `e^{2πi l r}` for every lag.
    pub fn phases(&self, r: f64) -> Vec<Complex32> {
        let degree = (self.lags.len_of(Axis(0)) / 2) as i32;
        (-degree..=degree)
            .map(|l| narrow(Complex64::cis(TAU * f64::from(l) * r)))
            .collect()
    }
}

/// `(c, d ≤ c)` for the lower triangle, row by row.
pub fn lower(coils: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..coils).flat_map(|c| (0..=c).map(move |d| (c, d)))
}

/// Two-dimensional Fourier matrix, `scale · e^{2πi (turns(y, p) + turns(x, q))}` at row `y n + x`,
/// column `p m + q`.
fn fourier(
    (n, m): (usize, usize),
    scale: f64,
    turns: impl Fn(usize, usize) -> f64,
) -> Array2<Complex64> {
    Array2::from_shape_fn((n * n, m * m), |(r, c)| {
        scale * Complex64::cis(TAU * (turns(r / n, c / m) + turns(r % n, c % m)))
    })
}

fn narrow(v: Complex64) -> Complex32 {
    Complex32::new(v.re as f32, v.im as f32)
}
