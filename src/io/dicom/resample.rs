//! Slices of a sheared or uneven stack, brought onto a straight regular grid by linear interpolation.
//!
//! The new grid has the axes and pixels of the slices and runs along their normal. It is made larger within the
//! plane where slices are shifted, so that nothing of them is lost; what no slice shows is filled.

use std::path::Path;

use ndarray::{Array2, Array3, ArrayView2, Axis, s};

use super::stack::{Stack, median};
use super::vector::{affine, plus, scaled};
use crate::io::{IoError, Volume};

/// The most voxels of the new grid.
const MOST_VOXELS: f64 = (1_u64 << 32) as f64;

/// Interpolates along the normal, and within the plane where slices are shifted by parts of a pixel.
///
/// The spacing is the median of the distances between slices unless another is asked for.
pub(super) fn resample(
    path: &Path,
    stack: &Stack,
    slices: &Array3<f32>,
    outside: f32,
    spacing_mm: Option<f64>,
) -> Result<Volume, IoError> {
    let gaps = stack.gaps_mm();
    let usual = if gaps.is_empty() {
        stack.spacing_mm()
    } else {
        median(&gaps)
    };
    let spacing = spacing_mm.unwrap_or(usual);
    let length = stack.depths_mm.last().copied().unwrap_or(0.0);
    let count = (length / spacing + 1e-6).floor() + 1.0;
    let (_, rows, columns) = slices.dim();
    let [wide, high] = [0, 1].map(|k| Range::of(stack, k));
    let size = [rows + high.more, columns + wide.more];
    let is_usable = spacing > 0.0 && count * (size[0] * size[1]) as f64 <= MOST_VOXELS;
    if !is_usable {
        let expected = "a spacing above 0 that gives at most 2^32 voxels";
        let found = format!("{spacing} mm");
        return Err(IoError::new(
            path,
            expected,
            found,
            "ask for a wider spacing",
        ));
    }
    let mut data = Array3::from_elem((count as usize, size[0], size[1]), outside);
    for (k, mut out) in data.axis_iter_mut(Axis(0)).enumerate() {
        let depth = k as f64 * spacing;
        let above = stack.depths_mm.partition_point(|d| *d <= depth + 1e-6);
        let (a, b) = (above - 1, above.min(stack.depths_mm.len() - 1));
        let gap = stack.depths_mm[b] - stack.depths_mm[a];
        let part = if gap > 0.0 {
            ((depth - stack.depths_mm[a]) / gap).max(0.0)
        } else {
            0.0
        };
        let moved = |k: usize| {
            let [u, v] = stack.shifts_mm[k];
            let [dx, dy] = stack.first.pixel_mm;
            let by = [v / dy - high.start, u / dx - wide.start];
            shifted(slices.index_axis(Axis(0), k), by, size, outside)
        };
        let low = moved(a);
        if part < 1e-6 {
            out.assign(&low);
            continue;
        }
        let part = part as f32;
        out.assign(&(low * (1.0 - part) + moved(b) * part));
    }
    let [x, y] = [0, 1].map(|k| scaled(stack.first.pixel_mm[k], stack.first.directions[k]));
    let origin = plus(plus(stack.first.origin_mm, wide.start, x), high.start, y);
    let step = scaled(spacing, stack.first.normal());
    Ok(Volume {
        data,
        affine_lps_mm: affine([x, y, step, origin]),
    })
}

/// The pixels that the new grid has in front of the first slice, and how many more than a slice.
struct Range {
    start: f64,
    more: usize,
}

impl Range {
    fn of(stack: &Stack, axis: usize) -> Self {
        let pixel = stack.first.pixel_mm[axis];
        let shifts = stack.shifts_mm.iter().map(|s| s[axis] / pixel);
        let (low, high) = shifts.fold((0.0, 0.0), |(a, b): (f64, f64), s| (a.min(s), b.max(s)));
        // Rounding of positions is no reason for another row.
        let (low, high) = ((low + 0.02).floor(), (high - 0.02).ceil());
        Self {
            start: low.min(0.0),
            more: (high.max(0.0) - low.min(0.0)) as usize,
        }
    }
}

/// An image moved by (rows, columns) on a larger grid; between pixels it is linear.
fn shifted(image: ArrayView2<f32>, by: [f64; 2], size: [usize; 2], outside: f32) -> Array2<f32> {
    let mut out = Array2::from_elem(size, outside);
    let [(row, down), (column, right)] = by.map(|shift| {
        // A fiftieth of a pixel is rounding, and not worth the blur.
        let nearest = shift.round();
        match (shift - nearest).abs() < 0.02 {
            true => (nearest as usize, 0.0),
            false => (shift.floor() as usize, (shift - shift.floor()) as f32),
        }
    });
    let (rows, columns) = image.dim();
    if down == 0.0 && right == 0.0 {
        out.slice_mut(s![row..row + rows, column..column + columns])
            .assign(&image);
        return out;
    }
    let at = |j: isize, i: isize| match (usize::try_from(j), usize::try_from(i)) {
        (Ok(j), Ok(i)) => image.get([j, i]).copied().unwrap_or(outside),
        _ => outside,
    };
    for ((j, i), value) in out.indexed_iter_mut() {
        let (j, i) = (j as isize - row as isize, i as isize - column as isize);
        let line = |j| (1.0 - right) * at(j, i) + right * at(j, i - 1);
        *value = (1.0 - down) * line(j) + down * line(j - 1);
    }
    out
}
