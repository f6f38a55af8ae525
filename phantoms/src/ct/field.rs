//! Smooth random fields over the plane, the same whatever grid they are seen on.

use std::f64::consts::FRAC_PI_2;

use ndarray::Array2;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::grid::CtGrid;
use crate::pure::{Normals, cos, pow, sin};
use crate::spline::{SPLINE_VARIANCE, spline};

/// The fields repeat after at least this, those of a solid head after a little more than its width.
const PERIOD_MM: f64 = 320.0;
const SOLID_PERIOD_MM: f64 = 240.0;

/// Gaussian noise of variance about 1: cubic B-splines through a lattice of normal numbers.
pub(crate) struct Field {
    lattice: Array2<f32>,
    cell_mm: f64,
}

impl Field {
    /// A field that changes over `cell_mm`.
    pub fn random<R: Rng>(rng: &mut R, cell_mm: f64, normals: Normals) -> Self {
        Self::repeating(rng, [PERIOD_MM, cell_mm], normals)
    }

    fn repeating<R: Rng>(rng: &mut R, [period_mm, cell_mm]: [f64; 2], normals: Normals) -> Self {
        let n = (period_mm / cell_mm).ceil().max(1.0) as usize;
        let lattice =
            Array2::from_shape_simple_fn((n, n), || normals.next(rng) as f32 / SPLINE_VARIANCE);
        Self { lattice, cell_mm }
    }

    /// What a plane cuts out of a field of space that changes over `cell_mm`: planes that far apart
    /// have fields of their own, from the numbers that `of_plane` gives, and turn into each other.
    pub fn at_height(of_plane: &dyn Fn(i64) -> ChaCha8Rng, cell_mm: f64, z_mm: f64) -> Self {
        let at = z_mm / cell_mm;
        let first = at.floor();
        let sizes = [SOLID_PERIOD_MM, cell_mm];
        let plane = |n: i64| Self::repeating(&mut of_plane(n), sizes, Normals::Pure);
        let [mut field, next] = [0, 1].map(|n| plane(first as i64 + n));
        // Squares of sine and cosine sum to 1, and so do the variances.
        let turn = FRAC_PI_2 * (at - first);
        field.lattice *= cos(turn) as f32;
        field.lattice.scaled_add(sin(turn) as f32, &next.lattice);
        field
    }

    /// The values at the centres of the pixels.
    pub fn on(&self, grid: &CtGrid) -> Array2<f32> {
        Rows::new([(1.0, self)], grid).all(grid)
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
pub(crate) struct Fractal(Vec<(f32, Field)>);

impl Fractal {
    /// Octaves from the first of `cells_mm` down to the second.
    pub fn random<R: Rng>(rng: &mut R, cells_mm: [f64; 2], fall: f64, normals: Normals) -> Self {
        Self::of(cells_mm, fall, |cell_mm| {
            Field::random(rng, cell_mm, normals)
        })
    }

    /// Octaves as `field` draws them for the size of a cell.
    pub fn of(
        [coarsest_mm, finest_mm]: [f64; 2],
        fall: f64,
        mut field: impl FnMut(f64) -> Field,
    ) -> Self {
        let (mut octaves, mut cell, mut weight) = (Vec::new(), coarsest_mm, 1.0);
        let mut variance = 0.0;
        while cell >= finest_mm {
            octaves.push((weight as f32, field(cell)));
            variance += weight * weight;
            cell *= 0.5;
            weight *= pow(2.0, -fall);
        }
        let scale = (variance as f32).sqrt().max(f32::MIN_POSITIVE).recip();
        octaves.iter_mut().for_each(|(w, _)| *w *= scale);
        Self(octaves)
    }

    /// The values at the centres of the pixels.
    pub fn on(&self, grid: &CtGrid) -> Array2<f32> {
        Rows::new(self.octaves(), grid).all(grid)
    }

    /// The octaves and their weights.
    pub fn octaves(&self) -> impl Iterator<Item = (f32, &Field)> {
        self.0.iter().map(|(weight, field)| (*weight, field))
    }
}

/// A sum of fields on a grid, row by row.
pub(crate) struct Rows<'a>(Vec<Part<'a>>);

/// One field, and where the columns lie in its lattice.
struct Part<'a> {
    weight: f32,
    field: &'a Field,
    /// First lattice point of each column, and the four weights.
    from: Vec<usize>,
    weights: [Vec<f32>; 4],
    /// A row of the lattice, its beginning repeated at its end.
    line: Vec<f32>,
}

impl<'a> Rows<'a> {
    /// The sum of fields times their weights.
    pub fn new(fields: impl IntoIterator<Item = (f32, &'a Field)>, grid: &CtGrid) -> Self {
        let part = |(weight, field): (f32, &'a Field)| {
            let taps: Vec<_> = (0..grid.nx).map(|i| field.taps(grid.x_mm(i))).collect();
            Part {
                weight,
                field,
                from: taps.iter().map(|t| t.0).collect(),
                weights: std::array::from_fn(|n| taps.iter().map(|t| t.1[n]).collect()),
                line: vec![0.0; field.lattice.nrows() + 3],
            }
        };
        Self(fields.into_iter().map(part).collect())
    }

    /// Fills a stretch of the row at `y_mm`, from column `first` on.
    pub fn fill(&mut self, y_mm: f64, first: usize, row: &mut [f32]) {
        row.fill(0.0);
        for part in &mut self.0 {
            part.add(y_mm, first, row);
        }
    }

    /// All rows.
    fn all(mut self, grid: &CtGrid) -> Array2<f32> {
        let mut values = Array2::zeros((grid.ny, grid.nx));
        for (j, mut row) in values.rows_mut().into_iter().enumerate() {
            let row = row.as_slice_mut().expect("it has standard layout");
            self.fill(grid.y_mm(j), 0, row);
        }
        values
    }
}

impl Part<'_> {
    fn add(&mut self, y_mm: f64, first: usize, row: &mut [f32]) {
        let (n, line) = (self.field.lattice.nrows(), &mut self.line);
        let (top, w) = self.field.taps(y_mm);
        line.fill(0.0);
        for (t, w) in w.into_iter().enumerate() {
            let lattice = self.field.lattice.row((top + t) % n);
            line.iter_mut().zip(lattice).for_each(|(a, b)| *a += w * b);
        }
        for t in 0..3 {
            line[n + t] = line[t % n];
        }
        // Columns between the same lattice points, at once.
        let mut column = first;
        for run in self.from[first..first + row.len()].chunk_by(|a, b| a == b) {
            let [a, b, c, d] = std::array::from_fn(|n| line[run[0] + n]);
            let end = column + run.len();
            let [wa, wb, wc, wd] = self.weights.each_ref().map(|w| &w[column..end]);
            let row = &mut row[column - first..end - first];
            for (n, v) in row.iter_mut().enumerate() {
                *v += self.weight * (wa[n] * a + wb[n] * b + wc[n] * c + wd[n] * d);
            }
            column = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    #[test]
    fn a_field_of_space_changes_over_its_cell_and_keeps_its_variance() {
        let grid = CtGrid::new(150, 150, 2.0).unwrap();
        let square = |a: Array2<f32>| a.iter().map(|v| v * v).sum::<f32>() / a.len() as f32;
        for z in [-7.0, 0.0, 8.9] {
            let at = |z: f64| Field::at_height(&|n| rng(50u64.wrapping_add_signed(n)), 6.0, z);
            let here = at(z).on(&grid);
            assert!((square(here.clone()) - 1.0).abs() < 0.15);
            let [near, mid, far] = [0.06, 1.5, 12.0].map(|d| square(at(z + d).on(&grid) - &here));
            assert!(
                near < 1e-3 && (0.05..0.4).contains(&mid) && far > 1.5,
                "{near} {mid} {far}"
            );
        }
    }

    #[test]
    fn a_field_is_a_function_of_the_place() {
        let field = Fractal::random(&mut rng(4), [20.0, 3.0], 0.5, Normals::Pure);
        let coarse = field.on(&CtGrid::new(30, 41, 3.0).unwrap());
        let fine = field.on(&CtGrid::new(90, 123, 1.0).unwrap());
        for ((j, i), v) in coarse.indexed_iter() {
            assert!((v - fine[(3 * j + 1, 3 * i + 1)]).abs() < 1e-5);
        }
    }

    #[test]
    fn the_variance_is_one() {
        let field = Fractal::random(&mut rng(5), [12.0, 1.5], 0.5, Normals::Pure);
        let values = field.on(&CtGrid::new(300, 300, 1.0).unwrap());
        let variance = values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
        assert!((variance - 1.0).abs() < 0.1, "{variance}");
    }
}
