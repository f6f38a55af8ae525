//! The head of a map, and what is random about one subject.

use std::f64::consts::PI;

use ndarray::{Array3, Axis, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::LabelVolume;
use super::coil_fields::{Bias, SlowPhase};
use super::relaxation::Relaxations;
use super::soft::{MARGIN, SoftPlanes};
use super::spot::Spot;
use crate::PhantomError;
use crate::ct::brain_planes;
use crate::warp::Warp;

/// Millimetres of one unit of the deformation.
const UNIT_MM: f64 = 100.0;
/// Slices of brain that a map needs.
const FEWEST: usize = 8;
/// What is left out at the top and the bottom of the brain.
const TRIM_MM: usize = 12;

/// What is the same for all subjects of a map.
#[derive(Debug)]
pub(super) struct MappedHead {
    /// Numbers of tissues at 1 mm.
    tissues: Array3<u8>,
    /// The first and the last plane of the family.
    planes: [usize; 2],
    /// Column and row of the middle of the head.
    middle: [f64; 2],
}

/// Everything random about one seed.
pub(super) struct Subject {
    warp: Warp,
    pub relaxations: Relaxations,
    pub spots: Vec<Spot>,
    pub bias: Bias,
    pub phase: SlowPhase,
}

impl MappedHead {
    pub fn new(volume: &LabelVolume) -> Result<Self, PhantomError> {
        let none = |slices| PhantomError::NoBrain {
            slices,
            expected: FEWEST,
        };
        let tissues = volume.tissues().ok_or(PhantomError::EmptyVolume)?;
        let [top, bottom] = brain_planes(&tissues).ok_or(none(0))?;
        let slices = bottom + 1 - top;
        if slices < FEWEST {
            return Err(none(slices));
        }
        let trim = TRIM_MM.min(slices / 8);
        let (nz, ny, nx) = tissues.dim();
        let mut numbers = Array3::zeros((nz, ny + 2 * MARGIN, nx + 2 * MARGIN));
        numbers
            .slice_mut(s![.., MARGIN..MARGIN + ny, MARGIN..MARGIN + nx])
            .assign(&tissues.mapv(|t| t as u8));
        let middle = middle(&numbers.slice(s![top..=bottom, .., ..]).to_owned());
        Ok(Self {
            tissues: numbers,
            planes: [top + trim, bottom - trim],
            middle,
        })
    }

    /// The plane at a part of the way from the first to the last.
    pub fn plane(&self, part: f64) -> f64 {
        let [top, bottom] = self.planes.map(|z| z as f64);
        top + part * (bottom - top)
    }

    /// The section at a plane, or between two.
    pub fn between_planes(&self, z: f64) -> SoftPlanes {
        let first = z.floor();
        let last = self.tissues.len_of(Axis(0)) - 1;
        let plane = |n: usize| self.tissues.index_axis(Axis(0), n.min(last));
        let n = first as usize;
        SoftPlanes::new([plane(n), plane(n + 1)], (z - first) as f32)
    }
}

/// Column and row of the middle of what is not air.
fn middle(numbers: &Array3<u8>) -> [f64; 2] {
    let along = |axis: usize| {
        let full = |n: &usize| numbers.index_axis(Axis(axis), *n).iter().any(|v| *v != 0);
        let lines = 0..numbers.len_of(Axis(axis));
        let (first, last) = (lines.clone().find(full), lines.rev().find(full));
        0.5 * (first.unwrap_or(0) + last.unwrap_or(0)) as f64
    };
    [along(2), along(1)]
}

impl Subject {
    pub fn random(seed: u64, head: &MappedHead) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let angle = rng.random_range(-1.0..1.0) * PI / 12.0;
        let zoom = rng.random_range(0.85f64..1.15).recip();
        let mirror = if rng.random_bool(0.5) { -1.0 } else { 1.0 };
        let shift = [rng.random_range(-0.04..0.04), rng.random_range(-0.04..0.04)];
        let strength = rng.random_range(0.05..0.25);
        let warp = Warp::random(&mut rng, 8, 1.5, strength);
        Self {
            warp: warp.placed([mirror * zoom, zoom], angle, shift),
            relaxations: Relaxations::random(&mut rng),
            bias: Bias::random(&mut rng),
            phase: SlowPhase::random(&mut rng),
            spots: Spot::random(&mut rng, &head.tissues),
        }
    }
    /// Where a place of the image, in millimetres around its centre, comes from in the head: column
    /// and row. `height` is 1 at the top of the brain and -1 at its bottom.
    pub fn map(&self, head: &MappedHead, height: f64) -> impl Fn([f64; 2]) -> [f64; 2] + use<> {
        let (warp, middle) = (self.warp.at_slice(height), head.middle);
        move |p| {
            let [x, y] = warp.apply(p.map(|v| v / UNIT_MM));
            [middle[0] + UNIT_MM * x, middle[1] + UNIT_MM * y]
        }
    }
}
