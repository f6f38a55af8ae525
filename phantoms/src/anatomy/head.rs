//! Head CT from the caller's own label map, with everything known.

use std::sync::Arc;

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{LabelVolume, Lesions};
use crate::PhantomError;
use crate::ct::{
    CtGrid, Head, LesionKind, Material, PixelImage, Section, at_most, block_mean, blurred,
    mu_per_mm,
};

/// Share of slices with lesions.
const LESIONS: f64 = 0.4;
/// What part of the map's brain the slices leave out at its top, and use.
const PART: [f64; 2] = [0.1, 0.8];

/// A seeded family of slices through the head of a label map, in Hounsfield units at 70 keV.
///
/// Each seed is one subject: the same deformation, place and tissues in every slice, as
/// [`HeadCt`](crate::ct::HeadCt) draws them; each slice has lesions of its own, four in ten have
/// some.
#[derive(Clone, Debug)]
pub struct HeadVolume {
    sections: Arc<[Section]>,
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
    /// The lesions; some may lie where they show nothing.
    pub lesions: Vec<LesionKind>,
}

impl HeadVolume {
    /// Half the side of a square that every head lies in.
    pub const HALF_MM: f64 = 128.0;

    /// The family of a map; takes a few seconds.
    ///
    /// Errors: no brain.
    pub fn from_volume(volume: &LabelVolume) -> Result<Self, PhantomError> {
        let tissues = volume.tissues().ok_or(PhantomError::EmptyVolume)?;
        let sections = Section::of_tissues(&tissues, 1);
        if sections.is_empty() {
            return Err(PhantomError::NoBrain {
                slices: 0,
                expected: 1,
            });
        }
        Ok(Self {
            sections: sections.into(),
            lesions: Lesions::Shown,
            share: LESIONS,
        })
    }

    /// The sections, 1 mm apart from the top down, for
    /// [`HeadCt::from_sections`](crate::ct::HeadCt::from_sections).
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The same subjects with or without their lesions.
    pub fn with_lesions(mut self, lesions: Lesions) -> Self {
        self.lesions = lesions;
        self
    }

    /// The same subjects with another share of slices with lesions, 0 to 1.
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
        let count = self.sections.len();
        let part = PART[0] + PART[1] * (slice as f64 + 0.5) / slices as f64;
        let section = self.sections[(part * count as f64) as usize].clone();
        let frame = section.frame_around(self.sections.iter().map(Section::place));
        let mut pose = ChaCha8Rng::seed_from_u64(seed);
        let mut detail = ChaCha8Rng::seed_from_u64(seed);
        detail.set_stream(1 + slice as u64);
        let mut head = Head::new((section, frame), &mut pose, &mut detail, self.share);
        if self.lesions == Lesions::Hidden {
            head = head.healed();
        }
        Ok(drawn(&head, grid))
    }

    /// From one of so many slices to the next.
    pub fn spacing_mm(&self, slices: usize) -> f64 {
        PART[1] * self.sections.len() as f64 / slices.max(1) as f64
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

/// Samples the head and takes the mean over each pixel.
fn drawn(head: &Head, grid: &CtGrid) -> HeadVolumeSlice {
    let times = grid.samples_per_pixel();
    let fine = grid.finer(times);
    let samples = head.samples(&fine);
    let mask = |share: Array2<f32>, blur_mm: f64| {
        if share.iter().all(|v| *v == 0.0) {
            return Array2::zeros((grid.ny, grid.nx));
        }
        block_mean(&blurred(share, blur_mm, fine.pixel_mm), times)
    };
    HeadVolumeSlice {
        hu: block_mean(&samples.hu, times),
        lesion_share: mask(samples.lesion, head.blur_mm()),
        oedema_share: mask(samples.oedema, head.blur_mm()),
        brain_share: mask(samples.brain, 0.0),
        lesions: head.lesions(),
    }
}
