//! Differences of neighbouring pixels on the host, row by row.

use super::host::Real;
use crate::Field;
use rayon::prelude::*;

/// Reals a task handles at least.
const TASK: usize = 1 << 13;

/// The last two axes of an array; a row holds `columns` elements of `per` reals.
pub(super) struct Plane {
    rows: usize,
    columns: usize,
    per: usize,
}

impl Plane {
    pub(super) fn last(sizes: &[usize], field: Field) -> Self {
        let rank = sizes.len();
        Plane {
            rows: sizes[rank - 2],
            columns: sizes[rank - 1],
            per: field.reals(),
        }
    }

    /// Reals of a row, and of a plane.
    fn strides(&self) -> (usize, usize) {
        let row = self.columns * self.per;
        (row.max(1), (row * self.rows).max(1))
    }

    /// `f(row, its number)` for every row, side by side.
    fn each_row<F: Real>(&self, out: &mut [F], f: impl Fn(&mut [F], usize) + Sync) {
        let (row, _) = self.strides();
        out.par_chunks_mut(row)
            .with_min_len(TASK.div_ceil(row))
            .enumerate()
            .for_each(|(i, out)| f(out, i));
    }

    pub(super) fn differences<F: Real>(&self, x: &[F]) -> Vec<F> {
        let (row, plane) = self.strides();
        let mut out = vec![F::of(0.0); 2 * x.len()];
        self.each_row(&mut out, |out, i| {
            let (image, part, y) = (i / (2 * self.rows), i / self.rows % 2, i % self.rows);
            let here = &x[image * plane + y * row..][..row];
            let next = match part {
                0 if y + 1 < self.rows => &x[image * plane + (y + 1) * row..][..row],
                0 => &[],
                _ => &here[self.per..],
            };
            let pairs = next.iter().zip(here);
            out.iter_mut()
                .zip(pairs)
                .for_each(|(d, (next, here))| *d = *next - *here);
        });
        out
    }

    pub(super) fn adjoint<F: Real>(&self, q: &[F]) -> Vec<F> {
        let (row, plane) = self.strides();
        let mut out = vec![F::of(0.0); q.len() / 2];
        self.each_row(&mut out, |out, i| {
            let (image, y) = (i / self.rows, i % self.rows);
            let down = &q[2 * image * plane..][..plane];
            let along = &q[(2 * image + 1) * plane + y * row..][..row - self.per];
            let add = |out: &mut [F], ends: &[F]| {
                out.iter_mut().zip(ends).for_each(|(x, q)| *x = *x + *q);
            };
            let subtract = |out: &mut [F], begins: &[F]| {
                out.iter_mut().zip(begins).for_each(|(x, q)| *x = *x - *q);
            };
            if y > 0 {
                add(out, &down[(y - 1) * row..][..row]);
            }
            if y + 1 < self.rows {
                subtract(out, &down[y * row..][..row]);
            }
            add(&mut out[self.per..], along);
            subtract(out, along);
        });
        out
    }

    pub(super) fn shorten<F: Real>(&self, q: &mut [F], radius: f64) {
        let (row, plane) = self.strides();
        let radius = F::of(radius);
        q.chunks_mut(2 * plane).for_each(|pair| {
            let (down, along) = pair.split_at_mut(plane);
            down.par_chunks_mut(row)
                .zip(along.par_chunks_mut(row))
                .with_min_len(TASK.div_ceil(row))
                .for_each(|(down, along)| match self.per {
                    1 => shorten_reals(down, along, radius),
                    per => {
                        let pixels = down.chunks_mut(per).zip(along.chunks_mut(per));
                        pixels.for_each(|(d, a)| shorten_pair(d, a, radius));
                    }
                });
        });
    }
}

/// Scales one pair down to `radius` where it is longer.
fn shorten_pair<F: Real>(down: &mut [F], along: &mut [F], radius: F) {
    let squares = |x: &[F]| x.iter().fold(F::of(0.0), |sum, x| sum + *x * *x);
    let square = squares(down) + squares(along);
    if square > radius * radius {
        let factor = radius / num_complex::ComplexFloat::sqrt(square);
        down.iter_mut().for_each(|x| *x = *x * factor);
        along.iter_mut().for_each(|x| *x = *x * factor);
    }
}

/// The same for a row of real pairs, without a branch.
fn shorten_reals<F: Real>(down: &mut [F], along: &mut [F], radius: F) {
    for (d, a) in down.iter_mut().zip(along) {
        let square = *d * *d + *a * *a;
        let long = square > radius * radius;
        let factor = radius / num_complex::ComplexFloat::sqrt(square);
        let factor = if long { factor } else { F::of(1.0) };
        (*d, *a) = (*d * factor, *a * factor);
    }
}
