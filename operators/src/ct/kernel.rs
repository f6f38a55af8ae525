//! The two inner loops: what a ray reads from [`LINES`] lines, and what it leaves on them.
//!
//! `L` items of a batch lie side by side in every cell, so that positions and weights are computed
//! once for all of them. An item sees the same operations in the same order whatever `L` is.

use crate::array::Real;

/// Lines that are crossed at a time.
pub(super) const LINES: usize = 8;

/// Bits of a position after the point.
pub(super) const FRACTION: u32 = 48;

/// A ray on padded lines: it crosses line j at `start + slope * j` cells.
///
/// The positions are integers of 2⁻⁴⁸ of a cell, so that the projector and its transpose, a batch
/// and a single image, and every machine walk through exactly the same ones.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Line {
    pub start: i64,
    pub slope: i64,
}

impl Line {
    /// Where the ray crosses a line.
    #[inline(always)]
    pub fn at(self, line: usize) -> i64 {
        self.start
            .wrapping_add(self.slope.wrapping_mul(line as i64))
    }
}

/// The cell to the left of a position, and the shares of that cell and of the next.
#[inline(always)]
fn cell<F: Real>(at: i64) -> (usize, [F; 2]) {
    let at = at as u64;
    ((at >> FRACTION) as usize, F::shares(at))
}

/// `sum + w x`, an item at a time.
#[inline(always)]
fn plus<F: Real, const L: usize>(sum: [F; L], w: F, x: [F; L]) -> [F; L] {
    std::array::from_fn(|b| sum[b] + w * x[b])
}

/// What a ray has read, or leaves, on the left of its crossings and on their right. Two numbers,
/// so that rays side by side do not wait for each other.
pub(super) type Pair<F, const L: usize> = [[F; L]; 2];

/// Adds to `sums` what each ray reads from the padded lines `tile`, the first of which is number
/// `first`. A cell of the tile holds its own value, and with `W = 2` that of the next cell too.
pub(super) fn read<F: Real, const L: usize, const W: usize>(
    tile: &[[[F; L]; W]],
    first: usize,
    rays: &[Line],
    sums: &mut [Pair<F, L>],
) {
    let pitch = tile.len() / LINES;
    let lines: [&[[[F; L]; W]]; LINES] = std::array::from_fn(|l| &tile[l * pitch..][..pitch]);
    for (ray, sum) in rays.iter().zip(sums) {
        let before = std::mem::replace(sum, [[F::of(0.0); L]; 2]);
        let mut at = ray.at(first);
        for line in lines {
            let (left, [w0, w1]) = cell::<F>(at);
            let next = if W == 2 {
                &line[left][1]
            } else {
                &line[left + 1][0]
            };
            sum[0] = plus(sum[0], w0, line[left][0]);
            sum[1] = plus(sum[1], w1, *next);
            at = at.wrapping_add(ray.slope);
        }
        *sum = [0, 1].map(|side| plus(before[side], F::of(1.0), sum[side]));
    }
}

/// Leaves the value of each ray on the padded lines `tile`: the transpose of [`read`].
pub(super) fn leave<F: Real, const L: usize>(
    tile: &mut [Pair<F, L>],
    first: usize,
    rays: &[Line],
    values: &[[F; L]],
) {
    let pitch = tile.len() / LINES;
    let mut rest = tile;
    let mut lines: [&mut [Pair<F, L>]; LINES] = std::array::from_fn(|_| {
        let (line, after) = std::mem::take(&mut rest).split_at_mut(pitch);
        rest = after;
        line
    });
    for (ray, &value) in rays.iter().zip(values) {
        let mut at = ray.at(first);
        for line in &mut lines {
            let (left, [w0, w1]) = cell::<F>(at);
            let [own, next] = &mut line[left];
            *own = plus(*own, w0, value);
            *next = plus(*next, w1, value);
            at = at.wrapping_add(ray.slope);
        }
    }
}
