//! Sums of waves at any places, on a lattice of frequencies: a non-uniform Fourier transform.

use std::f64::consts::{PI, TAU};

use ndarray::{Array2, Axis};
use num_complex::Complex64;
use rayon::prelude::*;
use rustfft::FftPlanner;

use crate::fft::transposed;

/// Grid points along an axis that a place is spread over; of 14, the result is good to 1e-12.
const REACH: usize = 14;
/// Shape of the spreading function, for a grid twice as fine as needed.
const SHAPE: f64 = 2.3 * REACH as f64;
/// Nodes of the integral over the spreading function.
const NODES: usize = 4;

/// Frequencies `k_m = (m + first) step` along y and x, in cycles per unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lattice {
    /// Of the first frequencies along y and x.
    pub first: [i64; 2],
    /// Rows and columns.
    pub size: (usize, usize),
    /// Distance of two frequencies along y and x.
    pub steps: [f64; 2],
}

impl Lattice {
    /// All quarter cycles per unit that coils of order L reach from the samples of an image:
    /// `(m - 2 floor(n / 2) - L) / 4`, `2 n + 2 L - 1` along each axis.
    pub fn of_coils(order: usize, ny: usize, nx: usize) -> Self {
        let first = |n: usize| -((2 * (n / 2) + order) as i64);
        let count = |n: usize| (2 * n + 2 * order).saturating_sub(1);
        Self {
            first: [first(ny), first(nx)],
            size: (count(ny), count(nx)),
            steps: [0.25; 2],
        }
    }

    /// The same frequencies seen from a section whose unit is `1 / stretch` of the field of view's,
    /// along x and y: `k / stretch`.
    pub fn stretched(self, [x, y]: [f64; 2]) -> Self {
        Self {
            steps: [self.steps[0] / y, self.steps[1] / x],
            ..self
        }
    }

    /// Frequencies along y.
    pub fn ky(&self) -> Vec<f64> {
        self.along(0)
    }

    /// Frequencies along x.
    pub fn kx(&self) -> Vec<f64> {
        self.along(1)
    }

    /// The largest `|k|`.
    pub fn most(&self) -> f64 {
        let most = |axis: usize| self.farthest(axis) as f64 * self.steps[axis];
        most(0).hypot(most(1))
    }

    /// `S(k) = sum_j c_j exp(-2 pi i k.p_j)` of places p_j (x, y) with real weights c_j, within
    /// `2 / step` of each other along either axis: `Complex64[rows, columns]`.
    ///
    /// Good to 1e-12 of the sum of `|c_j|`. Each place is spread over a fine grid by
    /// `exp(b (sqrt(1 - z²) - 1))`, the grid is transformed, and the spreading divided out (Barnett,
    /// Magland and af Klinteberg 2019).
    pub fn waves(&self, places: impl Iterator<Item = ([f64; 2], f64)>) -> Array2<Complex64> {
        let fine = [0, 1].map(|axis| smooth(4 * self.farthest(axis) + 2 * REACH));
        let mut grid = Array2::<f64>::zeros((fine[0], fine[1]));
        for ([x, y], weight) in places {
            let (j, across) = spread(y * self.steps[0], fine[0]);
            let (i, along) = spread(x * self.steps[1], fine[1]);
            for (m, a) in across.iter().enumerate() {
                let row = (j + m) % fine[0];
                for (n, b) in along.iter().enumerate() {
                    grid[(row, (i + n) % fine[1])] += weight * a * b;
                }
            }
        }
        // Rows first: only the columns that are asked for are transformed further.
        let over_x = transformed(grid.mapv(Complex64::from), self.first[1], self.size.1);
        let all = transformed(transposed(&over_x), self.first[0], self.size.0);
        transposed(&all)
    }

    fn along(&self, axis: usize) -> Vec<f64> {
        let count = [self.size.0, self.size.1][axis];
        let at = |m: usize| (m as i64 + self.first[axis]) as f64 * self.steps[axis];
        (0..count).map(at).collect()
    }

    /// The largest index, of either sign.
    fn farthest(&self, axis: usize) -> usize {
        let count = [self.size.0, self.size.1][axis] as i64;
        let last = self.first[axis] + count - 1;
        last.unsigned_abs().max(self.first[axis].unsigned_abs()) as usize
    }
}

/// The first of [`REACH`] grid points around a place (in periods), and what each of them gets.
fn spread(place: f64, fine: usize) -> (usize, [f64; REACH]) {
    let at = (place - place.floor()) * fine as f64;
    let first = (at - 0.5 * REACH as f64).ceil();
    let shares = std::array::from_fn(|n| kernel((first + n as f64 - at) / (0.5 * REACH as f64)));
    (first.rem_euclid(fine as f64) as usize, shares)
}

fn kernel(z: f64) -> f64 {
    (SHAPE * ((1.0 - z * z).max(0.0).sqrt() - 1.0)).exp()
}

/// The transform of every row at some indices, the spreading divided out.
fn transformed(mut grid: Array2<Complex64>, first: i64, count: usize) -> Array2<Complex64> {
    let fine = grid.ncols();
    let fft = FftPlanner::<f64>::new().plan_fft_forward(fine);
    let (from, corrections): (Vec<usize>, Vec<f64>) = (0..count as i64)
        .map(|m| m + first)
        .map(|m| {
            (
                m.rem_euclid(fine as i64) as usize,
                correction(m as f64 / fine as f64),
            )
        })
        .unzip();
    let mut kept = Array2::zeros((grid.nrows(), count));
    kept.axis_iter_mut(Axis(0))
        .into_par_iter()
        .zip(grid.axis_iter_mut(Axis(0)).into_par_iter())
        .for_each_init(
            || vec![Complex64::ZERO; fft.get_inplace_scratch_len()],
            |scratch, (mut kept, mut row)| {
                let row = row.as_slice_mut().expect("rows of an owned array");
                fft.process_with_scratch(row, scratch);
                for ((v, from), factor) in kept.iter_mut().zip(&from).zip(&corrections) {
                    *v = row[*from] * *factor;
                }
            },
        );
    kept
}

/// One over the transform of the spreading function at a frequency, in cycles per grid point.
fn correction(k: f64) -> f64 {
    let half = 0.5 * REACH as f64;
    let wave = |z: f64| Complex64::from(kernel(z) * (TAU * k * half * z).cos());
    // z = sin(t) takes the roots at both ends away.
    let smooth = |t: f64| wave(t.sin()) * t.cos();
    1.0 / (half * crate::shape::panels(&smooth, -0.5 * PI, 0.5 * PI, NODES).re)
}

/// The next whole number of small factors.
fn smooth(least: usize) -> usize {
    let small = |mut n: usize| {
        for factor in [2, 3, 5] {
            while n.is_multiple_of(factor) {
                n /= factor;
            }
        }
        n == 1
    };
    (least.max(2)..)
        .find(|n| small(*n))
        .expect("there are powers of two")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_its_terms() {
        let places: Vec<([f64; 2], f64)> = (0..60)
            .map(|n| {
                let n = f64::from(n);
                (
                    [(1.7 * n).sin() * 1.3, (0.9 * n + 0.2).cos() * 1.2],
                    (0.3 * n).cos(),
                )
            })
            .collect();
        let size: f64 = places.iter().map(|(_, c)| c.abs()).sum();
        for (order, ny, nx) in [(2, 7, 12), (0, 1, 5), (4, 40, 33), (1, 64, 3)] {
            let lattice = Lattice::of_coils(order, ny, nx);
            let found = lattice.waves(places.iter().copied());
            let (ky, kx) = (lattice.ky(), lattice.kx());
            assert_eq!(found.dim(), (ky.len(), kx.len()));
            for ((m, l), v) in found.indexed_iter() {
                let term = |([x, y], c): &([f64; 2], f64)| {
                    c * Complex64::cis(-TAU * (kx[l] * x + ky[m] * y))
                };
                let exact: Complex64 = places.iter().map(term).sum();
                assert!((v - exact).norm() < 1e-12 * size, "{ny} x {nx} at {m}, {l}");
            }
        }
    }

    #[test]
    fn the_lattice_has_the_samples_of_the_image_and_what_coils_shift_them_to() {
        for n in [6, 7] {
            let lattice = Lattice::of_coils(2, n, n);
            let k = lattice.kx();
            for m in 0..n {
                assert_eq!(k[2 * m + 2], crate::grid::frequency(m, n));
            }
            assert_eq!(k.len(), 2 * n + 3);
        }
        assert!((Lattice::of_coils(2, 8, 6).most() - 2.5f64.hypot(2.0)).abs() < 1e-15);
    }

    #[test]
    fn sizes_have_small_factors() {
        for (least, found) in [(1, 2), (7, 8), (11, 12), (97, 100), (1031, 1080)] {
            assert_eq!(smooth(least), found);
        }
    }
}
