//! Line integrals of images, on slices of the host: a task owns a few views.

use super::back_project::leave_lines;
use super::kernel::{self, LINES, Line, Pair};
use super::rays::{Across, Frame, PADDING, Rays, Run};
use crate::array::Real;
use rayon::prelude::*;

/// Items that share positions and weights.
const LANES: usize = 8;
/// Fewer items than this go one by one.
const WORTH: usize = 3;
/// Most runs that read a block of lines one after the other.
const TOGETHER: usize = 8;

/// The projector or its transpose, on items that lie one after the other in C order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pass {
    /// `A x`: `Real[Y, X] → Real[View, Detector]`.
    Project,
    /// `Aᵀ y`: `Real[View, Detector] → Real[Y, X]`.
    BackProject,
}

impl Pass {
    /// Sizes of what comes out, batch first.
    pub fn sizes(self, rays: &Rays, batch: usize) -> [usize; 3] {
        let scan = rays.scan();
        match self {
            Pass::Project => [batch, scan.views(), scan.detector().bins],
            Pass::BackProject => [batch, scan.grid().rows, scan.grid().columns],
        }
    }

    /// Sends whole items through.
    pub fn run<F: Real>(self, rays: &Rays, from: &[F]) -> Vec<F> {
        let item = |pass: Pass| pass.sizes(rays, 1).iter().product::<usize>();
        let (taken, given) = match self {
            Pass::Project => (item(Pass::BackProject), item(Pass::Project)),
            Pass::BackProject => (item(Pass::Project), item(Pass::BackProject)),
        };
        assert_eq!(from.len() % taken, 0, "whole items");
        let mut out = vec![F::of(0.0); from.len() / taken * given];
        let groups = from
            .chunks(LANES * taken)
            .zip(out.chunks_mut(LANES * given));
        for (from, out) in groups {
            if from.len() / taken >= WORTH {
                self.lanes::<F, LANES>(rays, from, out);
            } else {
                let items = from.chunks(taken).zip(out.chunks_mut(given));
                items.for_each(|(from, out)| self.lanes::<F, 1>(rays, from, out));
            }
        }
        out
    }

    fn lanes<F: Real, const L: usize>(self, rays: &Rays, from: &[F], out: &mut [F]) {
        match self {
            Pass::Project if L == 1 => read_views::<F, L, 2>(rays, from, out),
            Pass::Project => read_views::<F, L, 1>(rays, from, out),
            Pass::BackProject => leave_lines::<F, L>(rays, from, out),
        }
    }
}

fn read_views<F: Real, const L: usize, const W: usize>(rays: &Rays, images: &[F], out: &mut [F]) {
    let bins = rays.scan().detector().bins;
    let mut views = vec![[[F::of(0.0); L]; 2]; rays.scan().views() * bins];
    for frame in rays.frames().into_iter().filter(|f| !f.runs.is_empty()) {
        let padded = padded::<F, L, W>(frame, images);
        let sums = disjoint(&mut views, bins, frame);
        let mut work: Vec<_> = frame.runs.iter().zip(sums).collect();
        let together = (work.len() / (4 * rayon::current_num_threads())).clamp(1, TOGETHER);
        work.par_chunks_mut(together)
            .for_each_init(Vec::new, |lines, work| {
                read_runs(rays, frame, &padded, (work, lines));
            });
    }
    out.par_chunks_mut(bins).enumerate().for_each(|(i, row)| {
        let (item, view) = (i / (views.len() / bins), i % (views.len() / bins));
        let from = &views[view * bins..][..bins];
        row.iter_mut().zip(from).for_each(|(y, v)| *y = v[0][item]);
    });
}

/// Runs of a task with their sums, and room for their rays.
type Reading<'w, 'r, F, const L: usize> =
    (&'w mut [(&'r Run, &'r mut [Pair<F, L>])], &'w mut Vec<Line>);

/// Line integrals of a few runs: all of them read a block of lines while it is near.
fn read_runs<F: Real, const L: usize, const W: usize>(
    rays: &Rays,
    frame: &Frame,
    padded: &[[[F; L]; W]],
    (work, lines): Reading<'_, '_, F, L>,
) {
    lines.clear();
    for (run, _) in work.iter() {
        rays.lines(frame, run.view, run.bins.clone(), lines);
    }
    for (block, tile) in padded.chunks(frame.pitch() * LINES).enumerate() {
        let first = block * LINES;
        let of = first..(first + LINES).min(frame.lines);
        let mut lines = lines.as_slice();
        for (run, sums) in work.iter_mut() {
            let (own, rest) = lines.split_at(run.bins.len());
            let near = rays.shadow(frame, run, &of);
            let bins = Rays::meeting(frame, own, run.bins.start, near, &of);
            let local = bins.start - run.bins.start..bins.end - run.bins.start;
            kernel::read(tile, first, &own[local.clone()], &mut sums[local]);
            lines = rest;
        }
    }
    for (run, sums) in work {
        for ([left, right], step) in sums.iter_mut().zip(rays.steps_mm(frame, run)) {
            let step = F::of(step);
            for (left, right) in left.iter_mut().zip(right) {
                *left = (*left + *right) * step;
            }
        }
    }
}

/// The parts of a sinogram that belong to the runs of a frame, in their order.
pub(super) fn disjoint<'a, T>(
    sinogram: &'a mut [T],
    bins: usize,
    frame: &Frame,
) -> Vec<&'a mut [T]> {
    let (mut rest, mut done) = (sinogram, 0);
    let mut parts = Vec::with_capacity(frame.runs.len());
    for run in &frame.runs {
        let start = run.view * bins + run.bins.start;
        let (part, after) = rest
            .split_at_mut(start - done)
            .1
            .split_at_mut(run.bins.len());
        parts.push(part);
        (rest, done) = (after, start + run.bins.len());
    }
    parts
}

/// The images of a frame with their items side by side, padded with zeros to whole blocks; with
/// `W = 2` a cell holds the next one too.
fn padded<F: Real, const L: usize, const W: usize>(
    frame: &Frame,
    images: &[F],
) -> Vec<[[F; L]; W]> {
    let (lines, samples, pitch) = (frame.lines, frame.samples, frame.pitch());
    let mut out = vec![[[F::of(0.0); L]; W]; lines.next_multiple_of(LINES) * pitch];
    out.par_chunks_mut(pitch * LINES)
        .enumerate()
        .for_each(|(block, tile)| {
            for (item, image) in images.chunks(lines * samples).enumerate() {
                for line in 0..LINES.min(lines - block * LINES) {
                    for w in 0..W {
                        let cells = &mut tile[line * pitch + PADDING - w..][..samples];
                        let from = pixels_of(frame, block * LINES + line, image);
                        cells
                            .iter_mut()
                            .zip(from)
                            .for_each(|(c, &x)| c[w][item] = x);
                    }
                }
            }
        });
    out
}

/// The pixels of a line of an image.
fn pixels_of<'a, T>(frame: &Frame, line: usize, image: &'a [T]) -> impl Iterator<Item = &'a T> {
    let (start, stride) = match frame.across {
        Across::Rows => (line * frame.samples, 1),
        Across::Columns => (line, frame.lines),
    };
    image[start..].iter().step_by(stride).take(frame.samples)
}
