//! Kernels as lists of shifts and weights, worked out here and not by the reconstruction's own.

use crate::protocol::{GaussianKernel, Kernel, Motion, RandomMotion};
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Points of a path a pixel.
const PER_PIXEL: usize = 32;

/// Shifts (row, column) and their weights, which sum to 1.
pub(super) struct Shifts(Vec<([i64; 2], f64)>);

impl Shifts {
    pub(super) fn of(kernel: &Kernel) -> Self {
        match kernel {
            Kernel::Gaussian(GaussianKernel { sigma_pixels }) => Self::gaussian(*sigma_pixels),
            Kernel::Motion(motion) => Self::motion(motion),
            Kernel::RandomMotion(motion) => Self::random_motion(motion),
        }
    }

    /// `exp(-r² / (2 σ²))` up to 4 σ away.
    pub(super) fn gaussian(sigma: f64) -> Self {
        let reach = (4.0 * sigma).ceil() as i64;
        let along = move || -reach..=reach;
        let each = along().flat_map(|y| along().map(move |x| [y, x]));
        let weight = |[y, x]: [i64; 2]| (-((y * y + x * x) as f64) / (2.0 * sigma * sigma)).exp();
        Self::normalised(each.map(|at| (at, weight(at))))
    }

    fn motion(motion: &Motion) -> Self {
        let (length, angle) = (motion.length_pixels, motion.angle_deg.to_radians());
        let steps = (PER_PIXEL as f64 * length).ceil() as usize;
        let along = |i: usize| length * ((i as f64 + 0.5) / steps as f64 - 0.5);
        Self::path((0..steps).map(|i| [along(i) * angle.sin(), along(i) * angle.cos()]))
    }

    /// The heading is a random walk; the path lies around the middle of what it spans.
    fn random_motion(motion: &RandomMotion) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(motion.seed);
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        let mut heading = normal().atan2(normal());
        let (bend, per) = (motion.bend_deg.to_radians(), PER_PIXEL as f64);
        let mut at = [0.0_f64; 2];
        let mut path = vec![at];
        for _ in 0..PER_PIXEL * (motion.size_pixels - 1) {
            heading += bend * normal() / per.sqrt();
            at = [at[0] + heading.sin() / per, at[1] + heading.cos() / per];
            path.push(at);
        }
        let middle = [0, 1].map(|axis| {
            let along = || path.iter().map(|p| p[axis]);
            let (low, high) = (
                along().fold(f64::MAX, f64::min),
                along().fold(f64::MIN, f64::max),
            );
            0.5 * (low + high)
        });
        Self::path(path.iter().map(|p| [p[0] - middle[0], p[1] - middle[1]]))
    }

    /// Each point shared by the four pixels around it.
    fn path(points: impl Iterator<Item = [f64; 2]>) -> Self {
        let mut found: BTreeMap<[i64; 2], f64> = BTreeMap::new();
        for [y, x] in points {
            let (row, column) = (y.floor(), x.floor());
            for (dy, along_y) in [(0, 1.0 - (y - row)), (1, y - row)] {
                for (dx, along_x) in [(0, 1.0 - (x - column)), (1, x - column)] {
                    let at = [row as i64 + dy, column as i64 + dx];
                    *found.entry(at).or_default() += along_y * along_x;
                }
            }
        }
        Self::normalised(found.into_iter())
    }

    fn normalised(each: impl Iterator<Item = ([i64; 2], f64)>) -> Self {
        let mut shifts: Vec<_> = each.filter(|(_, w)| *w > 0.0).collect();
        let sum: f64 = shifts.iter().map(|(_, w)| w).sum();
        shifts.iter_mut().for_each(|(_, w)| *w /= sum);
        Shifts(shifts)
    }

    /// `y(n) = Σ_m k(m) x(n - m)`, periodic.
    pub(super) fn blurred(&self, x: &Array2<f64>) -> Array2<f64> {
        let (rows, columns) = x.dim();
        // A kernel wider than the image meets a pixel more than once.
        let mut folded: BTreeMap<[usize; 2], f64> = BTreeMap::new();
        for ([dy, dx], w) in &self.0 {
            let back = |d: i64, n: usize| (-d).rem_euclid(n as i64) as usize;
            *folded
                .entry([back(*dy, rows), back(*dx, columns)])
                .or_default() += w;
        }
        let sum = |row: usize, column: usize| -> f64 {
            let terms = folded.iter();
            terms
                .map(|([dy, dx], w)| w * x[((row + dy) % rows, (column + dx) % columns)])
                .sum()
        };
        let values: Vec<f64> = (0..rows * columns)
            .into_par_iter()
            .map(|i| sum(i / columns, i % columns))
            .collect();
        Array2::from_shape_fn((rows, columns), |(row, column)| {
            values[row * columns + column]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_spread_by_the_kernel_to_its_own_side() {
        let mut point = Array2::zeros((9, 8));
        point[(4, 4)] = 1.0;
        let motion = Motion {
            length_pixels: 4.0,
            angle_deg: 90.0,
        };
        let y = Shifts::of(&Kernel::Motion(motion)).blurred(&point);
        assert!((y.sum() - 1.0).abs() < 1e-12);
        // Along the rows alone, as far on either side.
        assert!((y.column(4).sum() - 1.0).abs() < 1e-12);
        assert!((y[(3, 4)] - y[(5, 4)]).abs() < 1e-12 && y[(3, 4)] > 0.2);
        // A kernel wider than the image wraps.
        let wide = Shifts::gaussian(20.0).blurred(&point);
        assert!((wide.sum() - 1.0).abs() < 1e-12);
    }
}
