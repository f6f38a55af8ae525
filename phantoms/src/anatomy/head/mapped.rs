//! What is the same for all subjects of a map.

use ndarray::{Array2, Array3, Axis};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::super::LabelVolume;
use super::super::planes::Planes;
use crate::PhantomError;
use crate::ct::{Section, Tissue, to_bone};

/// What part of the map's brain the slices leave out at its top, and use.
const PART: [f64; 2] = [0.1, 0.8];
/// Air that counts as part of the head on either side, as it does of a section.
const MARGIN_MM: f64 = 3.0;
/// Places that are tried for a lesion.
const TRIES: usize = 300;

/// The head of a map in voxels of 1 mm.
#[derive(Debug)]
pub(super) struct Mapped {
    pub planes: Planes,
    pub sections: Vec<Section>,
    /// Distance of each voxel to the nearest bone.
    to_bone: Array3<f32>,
    /// The plane of the first section.
    first: usize,
    /// Column and row of the middle of the head, and its half widths.
    pub middle: [f64; 2],
    pub half_mm: [f64; 2],
}

impl Mapped {
    pub fn new(volume: &LabelVolume) -> Result<Self, PhantomError> {
        let tissues = volume.tissues().ok_or(PhantomError::EmptyVolume)?;
        let (first, sections) = Section::of_tissues(&tissues, 1).ok_or(PhantomError::NoBrain {
            slices: 0,
            expected: 1,
        })?;
        let planes = Planes::new(&tissues);
        let extent = planes.extent(first..=first + sections.len() - 1);
        Ok(Self {
            to_bone: to_bone(&planes.numbers),
            planes,
            sections,
            first,
            middle: extent.map(|[low, high]| 0.5 * (low + high)),
            half_mm: extent.map(|[low, high]| 0.5 * (high + 1.0 - low) + MARGIN_MM),
        })
    }

    /// What the slices cover.
    pub fn height_mm(&self) -> f64 {
        PART[1] * self.sections.len() as f64
    }

    /// The plane at a part of the way from the first slice to the last.
    pub fn plane(&self, part: f64) -> f64 {
        let count = self.sections.len() as f64;
        self.first as f64 + (PART[0] + PART[1] * part) * count - 0.5
    }

    /// A random voxel of brain among those that slices show, if a few hundred tries find one:
    /// column, row and plane.
    pub fn place_in_brain(&self, rng: &mut ChaCha8Rng) -> Option<[f64; 3]> {
        let (_, ny, nx) = self.planes.numbers.dim();
        let [top, bottom] = [0.0, 1.0].map(|part| self.plane(part).round().max(0.0) as u32);
        (0..TRIES).find_map(|_| {
            let z = rng.random_range(top..=bottom) as usize;
            let y = rng.random_range(0..ny as u32) as usize;
            let x = rng.random_range(0..nx as u32) as usize;
            let number = *self.planes.numbers.get((z, y, x))?;
            let brain = Tissue::ALL[usize::from(number)].is_brain();
            brain.then_some([x, y, z].map(|v| v as f64))
        })
    }

    /// Distances to bone at a plane, or between two.
    pub fn to_bone(&self, z: f64) -> Array2<f32> {
        let ([n, next], share) = self.planes.around(z);
        let plane = |n: usize| self.to_bone.index_axis(Axis(0), n);
        let mut distance = plane(n).mapv(|d| (1.0 - share) * d);
        distance.scaled_add(share, &plane(next));
        distance
    }
}
