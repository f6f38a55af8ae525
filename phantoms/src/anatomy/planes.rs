//! The tissues of a head, plane by plane.

use std::ops::RangeInclusive;

use ndarray::{Array3, ArrayView3, Axis, s};

use super::soft::{MARGIN, SoftPlanes};
use crate::ct::Tissue;

/// Numbers of tissues in voxels of 1 mm, with [`MARGIN`] of air around each plane.
#[derive(Debug)]
pub(super) struct Planes {
    pub numbers: Array3<u8>,
}

impl Planes {
    pub fn new(tissues: &Array3<Tissue>) -> Self {
        let (nz, ny, nx) = tissues.dim();
        let mut numbers = Array3::zeros((nz, ny + 2 * MARGIN, nx + 2 * MARGIN));
        numbers
            .slice_mut(s![.., MARGIN..MARGIN + ny, MARGIN..MARGIN + nx])
            .assign(&tissues.mapv(|t| t as u8));
        Self { numbers }
    }

    /// The section at plane `z`, or between two.
    pub fn section(&self, z: f64) -> SoftPlanes {
        let ([n, next], fraction) = self.around(z);
        let plane = |n: usize| self.numbers.index_axis(Axis(0), n);
        SoftPlanes::new([plane(n), plane(next)], fraction)
    }

    /// The planes around a place along the head, and the share of the second.
    pub fn around(&self, z: f64) -> ([usize; 2], f32) {
        let last = self.numbers.len_of(Axis(0)) - 1;
        let z = z.clamp(0.0, last as f64);
        let first = z.floor();
        let n = first as usize;
        ([n, (n + 1).min(last)], (z - first) as f32)
    }

    /// First and last column and row of what is not air in some planes.
    pub fn extent(&self, planes: RangeInclusive<usize>) -> [[f64; 2]; 2] {
        let numbers = self.numbers.slice(s![planes, .., ..]);
        [2, 1].map(|axis| used(&numbers, axis))
    }
}

/// The first and the last line along an axis that is not all air.
fn used(numbers: &ArrayView3<u8>, axis: usize) -> [f64; 2] {
    let full = |n: &usize| numbers.index_axis(Axis(axis), *n).iter().any(|v| *v != 0);
    let lines = 0..numbers.len_of(Axis(axis));
    [lines.clone().find(full), lines.rev().find(full)].map(|n| n.unwrap_or(0) as f64)
}
