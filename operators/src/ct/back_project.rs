//! The transpose of the line integrals, on slices of the host: a task owns lines of the image and
//! gathers all views. No atomics, no image per thread, and results that do not depend on the number
//! of threads.

use super::kernel::{self, LINES, Line, Pair};
use super::project::disjoint;
use super::rays::{Frame, PADDING, Rays, Run};
use crate::array::Real;
use rayon::prelude::*;
use std::ops::Range;

/// Most blocks of lines that a task owns: it makes the rays of a view once for all of them.
const OWNED: usize = 8;

/// `Aᵀ y` for up to `L` sinograms.
pub(super) fn leave_lines<F: Real, const L: usize>(rays: &Rays, sinograms: &[F], out: &mut [F]) {
    let grid = *rays.scan().grid();
    let scaled = scaled::<F, L>(rays, sinograms);
    let [rows, columns] = rays.frames().map(|frame| gathered(rays, frame, &scaled));
    out.par_chunks_mut(grid.columns)
        .enumerate()
        .for_each(|(i, row)| {
            let (item, j) = (i / grid.rows, i % grid.rows);
            let along = rows.get(j * grid.columns..).unwrap_or_default();
            row.iter_mut().zip(along).for_each(|(x, v)| *x = v[item]);
            let across = columns.get(j..).unwrap_or_default().iter();
            row.iter_mut()
                .zip(across.step_by(grid.rows))
                .for_each(|(x, v)| *x = *x + v[item]);
        });
}

/// Sinograms with their items side by side, each value times the step of its ray.
fn scaled<F: Real, const L: usize>(rays: &Rays, sinograms: &[F]) -> Vec<[F; L]> {
    let bins = rays.scan().detector().bins;
    let elements = rays.scan().views() * bins;
    let mut out = vec![[F::of(0.0); L]; elements];
    for frame in rays.frames() {
        let runs = frame.runs.par_iter().zip(disjoint(&mut out, bins, frame));
        runs.for_each(|(run, cells)| {
            let start = run.view * bins + run.bins.start;
            for (k, (cell, step)) in cells.iter_mut().zip(rays.steps_mm(frame, run)).enumerate() {
                for (c, y) in cell
                    .iter_mut()
                    .zip(sinograms[start + k..].iter().step_by(elements))
                {
                    *c = F::of(step) * *y;
                }
            }
        });
    }
    out
}

/// The image that the rays of one frame leave, line by line; empty where it has none.
fn gathered<F: Real, const L: usize>(rays: &Rays, frame: &Frame, values: &[[F; L]]) -> Vec<[F; L]> {
    if frame.runs.is_empty() {
        return Vec::new();
    }
    let (samples, pitch) = (frame.samples, frame.pitch());
    let zero = [F::of(0.0); L];
    let mut out = vec![zero; frame.lines * samples];
    let blocks = frame.lines / (4 * LINES * rayon::current_num_threads());
    let owned = LINES * blocks.clamp(1, OWNED);
    let tasks = out.par_chunks_mut(owned * samples).enumerate();
    tasks.for_each_init(
        || (Vec::new(), Vec::new()),
        |(tile, lines), (block, out)| {
            tile.clear();
            tile.resize(owned * pitch, [zero; 2]);
            let first = block * owned;
            let owned = first..(first + owned).min(frame.lines);
            for run in &frame.runs {
                leave_run(rays, frame, run, &owned, (values, tile, lines));
            }
            for (cells, line) in tile.chunks(pitch).zip(out.chunks_mut(samples)) {
                for (i, x) in line.iter_mut().enumerate() {
                    let (own, before) = (&cells[PADDING + i], &cells[PADDING + i - 1]);
                    *x = std::array::from_fn(|b| own[0][b] + before[1][b]);
                }
            }
        },
    );
    out
}

/// Values of all rays, the tile of a task, and room for the rays of a view.
type Work<'a, F, const L: usize> = (&'a [[F; L]], &'a mut Vec<Pair<F, L>>, &'a mut Vec<Line>);

/// Leaves the values of one run on the lines that a task owns.
fn leave_run<F: Real, const L: usize>(
    rays: &Rays,
    frame: &Frame,
    run: &Run,
    owned: &Range<usize>,
    (values, tile, lines): Work<'_, F, L>,
) {
    let view = run.view * rays.scan().detector().bins;
    let all = rays.shadow(frame, run, owned);
    lines.clear();
    rays.lines(frame, run.view, all.clone(), lines);
    let tiles = tile.chunks_mut(frame.pitch() * LINES).enumerate();
    for (block, tile) in tiles {
        let first = owned.start + block * LINES;
        let of = first..(first + LINES).min(owned.end);
        if of.is_empty() {
            break;
        }
        let near = rays.shadow(frame, run, &of);
        let near = near.start.max(all.start)..near.end.min(all.end).max(all.start);
        let bins = Rays::meeting(frame, lines, all.start, near, &of);
        let local = bins.start - all.start..bins.end - all.start;
        let values = &values[view + bins.start..view + bins.end];
        kernel::leave(tile, first, &lines[local], values);
    }
}
