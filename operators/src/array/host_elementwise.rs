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
