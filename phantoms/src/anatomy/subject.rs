//! The head of a map, and what is random about one subject.

use std::f64::consts::PI;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::LabelVolume;
use super::coil_fields::{Bias, SlowPhase};
use super::planes::Planes;
use super::relaxation::Relaxations;
use super::soft::SoftPlanes;
use super::spot::Spot;
use crate::PhantomError;
use crate::ct::brain_planes;
use crate::pure::Normals;
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
    tissues: Planes,
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
        let tissues = Planes::new(&tissues);
        let extent = tissues.extent(top..=bottom);
        Ok(Self {
            tissues,
            planes: [top + trim, bottom - trim],
            middle: extent.map(|[low, high]| 0.5 * (low + high)),
        })
    }

    /// The plane at a part of the way from the first to the last.
    pub fn plane(&self, part: f64) -> f64 {
        let [top, bottom] = self.planes.map(|z| z as f64);
        top + part * (bottom - top)
    }

    /// The section at a plane, or between two.
    pub fn between_planes(&self, z: f64) -> SoftPlanes {
        self.tissues.section(z)
    }
}

impl Subject {
    pub fn random(seed: u64, head: &MappedHead) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let angle = rng.random_range(-1.0..1.0) * PI / 12.0;
        let zoom = rng.random_range(0.85f64..1.15).recip();
        let mirror = if rng.random_bool(0.5) { -1.0 } else { 1.0 };
        let shift = [rng.random_range(-0.04..0.04), rng.random_range(-0.04..0.04)];
        let strength = rng.random_range(0.05..0.25);
        let warp = Warp::random(&mut rng, 8, 1.5, strength, Normals::Pure);
        Self {
            warp: warp.placed([mirror * zoom, zoom], angle, shift),
            relaxations: Relaxations::random(&mut rng),
            bias: Bias::random(&mut rng),
            phase: SlowPhase::random(&mut rng),
            spots: Spot::random(&mut rng, &head.tissues.numbers),
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
