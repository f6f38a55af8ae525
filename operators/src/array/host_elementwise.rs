//! Elementwise arithmetic on the host.

use super::Real;
use super::host::BLOCK;
use rayon::prelude::*;

/// `x ← f(x, others…)`; an array of `others` that is shorter is repeated.
pub(super) fn apply<F: Real>(
    x: &mut [F],
    others: &[&[F]],
    f: &(dyn Fn(f64, &[f64]) -> f64 + Sync),
) {
    x.par_chunks_mut(BLOCK).enumerate().for_each(|(block, x)| {
        let mut beside = vec![0.0; others.len()];
        for (i, x) in x.iter_mut().enumerate() {
            let at = block * BLOCK + i;
            for (value, other) in beside.iter_mut().zip(others) {
                *value = other[at % other.len()].wide();
            }
            *x = F::of(f(x.wide(), &beside));
        }
    });
}

/// `x ← x y`.
pub(super) fn multiply<F: Real>(x: &mut [F], y: &[F]) {
    x.par_chunks_mut(BLOCK)
        .zip(y.par_chunks(BLOCK))
        .for_each(|(x, y)| x.iter_mut().zip(y).for_each(|(x, y)| *x = *x * *y));
}

/// `x_i ← w_i x_i` of elements of `per` reals; w is repeated.
pub(super) fn weigh<F: Real>(x: &mut [F], w: &[F], per: usize) {
    x.par_chunks_mut(w.len() * per).for_each(|x| {
        x.chunks_mut(per).zip(w).for_each(|(x, &w)| {
            x.iter_mut().for_each(|x| *x = *x * w);
        });
    });
}

/// Reals of an item that are mixed at a time: they stay in the cache.
const MIXED: usize = 2048;

/// `y_m = Σ_n rows[m][n] x_n` of items of `n` reals.
pub(super) fn mix<F: Real>(x: &[F], n: usize, rows: &[Vec<f64>]) -> Vec<F> {
    let zero = F::of(0.0);
    let block = |first: usize| {
        let span = first..n.min(first + MIXED);
        let mut mixed = vec![zero; rows.len() * span.len()];
        for (row, out) in rows.iter().zip(mixed.chunks_mut(span.len())) {
            for (c, x) in row.iter().zip(x.chunks(n)) {
                let (c, x) = (F::of(*c), &x[span.clone()]);
                out.iter_mut().zip(x).for_each(|(o, x)| *o = *o + c * *x);
            }
        }
        (span, mixed)
    };
    let blocks = (0..n).into_par_iter().step_by(MIXED).map(block);
    let mut reals = vec![zero; rows.len() * n];
    for (span, mixed) in blocks.collect::<Vec<_>>() {
        for (out, mixed) in reals.chunks_mut(n).zip(mixed.chunks(span.len())) {
            out[span.clone()].copy_from_slice(mixed);
        }
    }
    reals
}
