//! Centred unitary 2-D FFT on the host: rustfft plans, cached by length and direction.

use super::{Direction, Real};
use num_complex::Complex;
use rayon::prelude::*;
use rustfft::{Fft, FftPlanner};
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

type Key = (TypeId, usize, bool);
static PLANS: LazyLock<Mutex<HashMap<Key, Box<dyn Any + Send>>>> = LazyLock::new(Mutex::default);

/// The plan for one length; made once a process.
fn plan<F: Real>(n: usize, direction: Direction) -> Arc<dyn Fft<F>> {
    let inverse = direction == Direction::Inverse;
    let mut plans = PLANS
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let made = plans
        .entry((TypeId::of::<F>(), n, inverse))
        .or_insert_with(|| {
            let mut planner = FftPlanner::<F>::new();
            let plan = if inverse {
                planner.plan_fft_inverse(n)
            } else {
                planner.plan_fft_forward(n)
            };
            Box::new(plan)
        });
    made.downcast_ref::<Arc<dyn Fft<F>>>()
        .expect("keyed by the type")
        .clone()
}

/// Columns handled together: one cache line of c64 and more.
const STRIP: usize = 16;

/// `X = S⁻¹ F S x / √(rows columns)` on every consecutive plane, in place.
///
/// The centre `⌊n/2⌋` moves to index 0 before the transform and back after it; both shifts are
/// folded into the copies that the transform needs anyway.
pub(super) fn fft2<F: Real>(
    planes: &mut [Complex<F>],
    rows: usize,
    columns: usize,
    direction: Direction,
) {
    if rows * columns == 0 {
        return;
    }
    let along_x = plan::<F>(columns, direction);
    let along_y = plan::<F>(rows, direction);
    let scale = F::of(1.0 / ((rows * columns) as f64).sqrt());
    planes.par_chunks_mut(rows * columns).for_each(|plane| {
        transform_rows(plane, columns, &along_x, scale);
        transform_columns(plane, rows, columns, &along_y);
    });
}

fn transform_rows<F: Real>(
    plane: &mut [Complex<F>],
    columns: usize,
    fft: &Arc<dyn Fft<F>>,
    scale: F,
) {
    let mut scratch = vec![Complex::new(F::of(0.0), F::of(0.0)); fft.get_inplace_scratch_len()];
    for row in plane.chunks_mut(columns) {
        row.rotate_left(columns / 2);
        fft.process_with_scratch(row, &mut scratch);
        row.rotate_right(columns / 2);
        row.iter_mut().for_each(|x| *x = x.scale(scale));
    }
}

fn transform_columns<F: Real>(
    plane: &mut [Complex<F>],
    rows: usize,
    columns: usize,
    fft: &Arc<dyn Fft<F>>,
) {
    let zero = Complex::new(F::of(0.0), F::of(0.0));
    let mut scratch = vec![zero; fft.get_inplace_scratch_len()];
    let mut strip = vec![zero; rows * STRIP];
    let shift = rows - rows / 2;
    for first in (0..columns).step_by(STRIP) {
        let width = STRIP.min(columns - first);
        for y in 0..rows {
            let to = (y + shift) % rows;
            for i in 0..width {
                strip[i * rows + to] = plane[y * columns + first + i];
            }
        }
        fft.process_with_scratch(&mut strip[..width * rows], &mut scratch);
        for y in 0..rows {
            let from = (y + shift) % rows;
            for i in 0..width {
                plane[y * columns + first + i] = strip[i * rows + from];
            }
        }
    }
}
