//! Smooth random fields over the plane, the same whatever grid they are seen on.

use ndarray::Array2;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::grid::CtGrid;
use crate::vote::spline;

/// The fields repeat after at least this.
const PERIOD_MM: f64 = 320.0;
/// Mean of the squared cubic B-spline weights at a random place, 151/315.
const VARIANCE: f32 = 151.0 / 315.0;

/// Gaussian noise of variance about 1: cubic B-splines through a lattice of normal numbers.
pub(super) struct Field {
    lattice: Array2<f32>,
    cell_mm: f64,
}

impl Field {
    /// A field that changes over `cell_mm`.
    pub fn random<R: Rng>(rng: &mut R, cell_mm: f64) -> Self {
        let n = (PERIOD_MM / cell_mm).ceil().max(1.0) as usize;
        let lattice = Array2::from_shape_simple_fn((n, n), || {
            rng.sample::<f32, _>(StandardNormal) / VARIANCE
        });
        Self { lattice, cell_mm }
    }

    /// The values at the centres of the pixels.
    pub fn on(&self, grid: &CtGrid) -> Array2<f32> {
        let mut values = Array2::zeros((grid.ny, grid.nx));
        self.add_to(&mut values, grid, 1.0);
        values
    }

    /// Adds the field times `weight`.
    fn add_to(&self, values: &mut Array2<f32>, grid: &CtGrid, weight: f32) {
        let n = self.lattice.nrows();
        let columns: Vec<_> = (0..grid.nx).map(|i| self.taps(grid.x_mm(i))).collect();
        let mut line = vec![0f32; n + 3];
        for (j, mut row) in values.rows_mut().into_iter().enumerate() {
            let (first, w) = self.taps(grid.y_mm(j));
            line.fill(0.0);
            for (t, w) in w.into_iter().enumerate() {
                let lattice = self.lattice.row((first + t) % n);
                line.iter_mut().zip(lattice).for_each(|(a, b)| *a += w * b);
            }
            for t in 0..3 {
                line[n + t] = line[t % n];
            }
            for (v, (first, w)) in row.iter_mut().zip(&columns) {
                let taps = &line[*first..first + 4];
                *v += weight * (w[0] * taps[0] + w[1] * taps[1] + w[2] * taps[2] + w[3] * taps[3]);
            }
        }
    }

    /// First lattice point of a position, and its four weights.
    fn taps(&self, at_mm: f64) -> (usize, [f32; 4]) {
        let at = at_mm / self.cell_mm;
        let first = at.floor();
        let n = self.lattice.nrows() as f64;
        (first.rem_euclid(n) as usize, spline(at - first))
    }
}

/// Octaves of noise that shrink by `2^-fall`: variance 1.
pub(super) struct Fractal(Vec<(f32, Field)>);

impl Fractal {
    /// Octaves from `coarsest_mm` down to `finest_mm`.
    pub fn random<R: Rng>(rng: &mut R, coarsest_mm: f64, finest_mm: f64, fall: f64) -> Self {
        let (mut octaves, mut cell, mut weight) = (Vec::new(), coarsest_mm, 1.0);
        let mut variance = 0.0;
        while cell >= finest_mm {
            octaves.push((weight as f32, Field::random(rng, cell)));
            variance += weight * weight;
            cell *= 0.5;
            weight *= 2f64.powf(-fall);
        }
        let scale = (variance as f32).sqrt().max(f32::MIN_POSITIVE).recip();
        octaves.iter_mut().for_each(|(w, _)| *w *= scale);
        Self(octaves)
    }

    /// The values at the centres of the pixels.
    pub fn on(&self, grid: &CtGrid) -> Array2<f32> {
        let mut values = Array2::zeros((grid.ny, grid.nx));
        for (weight, field) in &self.0 {
            field.add_to(&mut values, grid, *weight);
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_field_is_a_function_of_the_place() {
        let field = Fractal::random(&mut ChaCha8Rng::seed_from_u64(4), 20.0, 3.0, 0.5);
        let coarse = field.on(&CtGrid::new(30, 41, 3.0).unwrap());
        let fine = field.on(&CtGrid::new(90, 123, 1.0).unwrap());
        for ((j, i), v) in coarse.indexed_iter() {
            assert!((v - fine[(3 * j + 1, 3 * i + 1)]).abs() < 1e-5);
        }
    }

    #[test]
    fn the_variance_is_one() {
        let field = Fractal::random(&mut ChaCha8Rng::seed_from_u64(5), 12.0, 1.5, 0.5);
        let values = field.on(&CtGrid::new(300, 300, 1.0).unwrap());
        let variance = values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
        assert!((variance - 1.0).abs() < 0.1, "{variance}");
    }
}
