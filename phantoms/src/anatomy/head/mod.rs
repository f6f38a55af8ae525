//! Head CT from the caller's own label map, with everything known.

mod cut;
#[cfg(test)]
mod laws;
mod lesions;
mod mapped;

use std::sync::Arc;

use ndarray::Array2;

use super::{LabelVolume, Lesions};
use crate::PhantomError;
use crate::ct::{CtGrid, LesionKind, Material, PixelImage, Section, at_most, mu_per_mm};
use cut::Cut;
use mapped::Mapped;

/// Share of subjects with lesions.
const LESIONS: f64 = 0.8;

/// A seeded family of slices through the head of a label map, in Hounsfield units at 70 keV.
///
/// Each seed is one subject, of which every slice is a section: deformation, place, tissues,
/// textures and lesions are functions of the place in the head, however many slices are asked for.
/// They look as [`HeadCt`](crate::ct::HeadCt) draws them. Eight subjects in ten have one to four
/// lesions, which four slices in ten show. The same bits on every machine.
#[derive(Clone, Debug)]
pub struct HeadVolume {
    head: Arc<Mapped>,
    lesions: Lesions,
    share: f64,
}

/// One slice of a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadVolumeSlice {
    /// Hounsfield units at 70 keV: `f32[ny, nx]`.
    pub hu: Array2<f32>,
    /// The share of each pixel that is lesion, as sharp as the image is: `f32[ny, nx]`.
    pub lesion_share: Array2<f32>,
    /// The share of each pixel with oedema around a lesion, as sharp as the image is.
    pub oedema_share: Array2<f32>,
    /// The share of each pixel that is brain: `f32[ny, nx]`.
    pub brain_share: Array2<f32>,
    /// The lesions that the slice meets; some may lie where they show nothing.
    pub lesions: Vec<LesionKind>,
}

impl HeadVolume {
    /// Half the side of a square that every head lies in.
    pub const HALF_MM: f64 = 128.0;

    /// The family of a map; takes a few seconds.
    ///
    /// Errors: no brain.
    pub fn from_volume(volume: &LabelVolume) -> Result<Self, PhantomError> {
        Ok(Self {
            head: Arc::new(Mapped::new(volume)?),
            lesions: Lesions::Shown,
            share: LESIONS,
        })
    }

    /// The sections, 1 mm apart from the top down, for
    /// [`HeadCt::from_sections`](crate::ct::HeadCt::from_sections).
    pub fn sections(&self) -> &[Section] {
        &self.head.sections
    }

    /// The same subjects with or without their lesions.
    pub fn with_lesions(mut self, lesions: Lesions) -> Self {
        self.lesions = lesions;
        self
    }

    /// The same family with another share of subjects with lesions, 0 to 1.
    pub fn with_lesion_share(mut self, share: f64) -> Self {
        self.share = at_most(1.0, share);
        self
    }

    /// Slice `slice` of `slices` of the subject `seed`, from the top down, averaged over pixels.
    pub fn slice(
        &self,
        seed: u64,
        slice: usize,
        slices: usize,
        grid: &CtGrid,
    ) -> Result<HeadVolumeSlice, PhantomError> {
        if slice >= slices {
            return Err(PhantomError::Slice { slice, slices });
        }
        let z = self.head.plane((slice as f64 + 0.5) / slices as f64);
        let share = match self.lesions {
            Lesions::Shown => self.share,
            Lesions::Hidden => 0.0,
        };
        let cut = Cut::new(&self.head, (seed, share), z);
        let times = grid.samples_per_pixel();
        let pixels = cut.samples(&grid.finer(times)).block_mean(times);
        Ok(HeadVolumeSlice {
            hu: pixels.hu,
            lesion_share: pixels.lesion,
            oedema_share: pixels.oedema,
            brain_share: pixels.brain,
            lesions: cut.lesions.iter().map(|l| l.kind).collect(),
        })
    }

    /// From one of so many slices to the next.
    pub fn spacing_mm(&self, slices: usize) -> f64 {
        self.head.height_mm() / slices.max(1) as f64
    }

    /// What X-rays of an energy meet in a slice: the whole head, on pixels of `grid` cut into
    /// 2 x 2; tissues keep the Hounsfield units of 70 keV.
    pub fn attenuation(
        &self,
        seed: u64,
        slice: usize,
        slices: usize,
        grid: &CtGrid,
        energy_kev: f64,
    ) -> Result<PixelImage, PhantomError> {
        let samples = 2 * grid.finer(2).samples_per_pixel();
        let fine = grid.covering(2.0 * Self::HALF_MM, samples)?.finer(2);
        let water = mu_per_mm(Material::Water, energy_kev)?;
        let drawn = self.slice(seed, slice, slices, &fine)?;
        PixelImage::from_hu(&drawn.hu, fine, water)
    }
}
