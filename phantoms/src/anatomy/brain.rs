//! Brains in MR, from a label map, with everything known.

use std::sync::Arc;

use ndarray::{Array2, Array3};
use num_complex::Complex32;

use super::pixels::Pixels;
use super::sources::Sources;
use super::subject::{MappedHead, Subject};
use super::volume::LabelVolume;
use super::{Lesions, Phase};
use crate::ct::{Tissue, at_most, check_pixel};
use crate::mr::{Relaxation, Sequence};
use crate::named::Signal;
use crate::{Contrast, PhantomError};

/// A seeded family of axial sections of the head of a label map, as MR images with their truth.
///
/// Each seed is one subject: the head is turned by up to 15 degrees, scaled by 0.85 to 1.15, bent
/// smoothly and mirrored or not; its tissues get a proton density, T1 and T2 within their ranges at
/// 3 T; up to three lesions of the white matter meet in a section. Left and right are one, and air
/// is exactly 0. A pixel is the mean of 2 x 2 samples of soft labels; the slices of a subject run
/// from the top of its brain to the bottom and change smoothly. The same bits on every machine, as
/// far as the signal of the caller has them.
///
/// ```
/// # use ndarray::Array3;
/// # use phantoms::anatomy::{BrainMr, LabelVolume};
/// # use phantoms::mr::Sequence;
/// # fn run(labels: Array3<u16>) -> Result<(), phantoms::PhantomError> {
/// let volume = LabelVolume::new(labels, [1.0; 3])?;
/// let family = BrainMr::from_volume(&volume)?;
/// let flair = Sequence::flair(4.0);
/// let slice = family.slice(7, 10, 20, &|tissue| flair.signal(tissue).abs())?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct BrainMr {
    head: Arc<MappedHead>,
    size: (usize, usize),
    pixel_mm: f64,
    lesions: Lesions,
    phase: Phase,
    bias: f64,
}

/// One section of a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct BrainMrSlice {
    /// The image: `Complex32[ny, nx]`, real where no phase was asked for.
    pub image: Array2<Complex32>,
    /// The share of each pixel that is lesion: `f32[ny, nx]`.
    pub lesion_share: Array2<f32>,
    /// The tissue of the largest share, of what was there before the lesions: `[ny, nx]`.
    pub tissue: Array2<Tissue>,
    /// Signal of a lesion less that of white matter, before the bias field.
    pub lesion_contrast: f64,
}

impl BrainMrSlice {
    /// The absolute value of the image: `f32[ny, nx]`.
    pub fn magnitude(&self) -> Array2<f32> {
        self.image.mapv(|v| v.norm())
    }
}

/// One section, ready to be sampled.
struct Cut {
    pixels: Pixels,
    /// Height within the brain, 1 at its top and -1 at its bottom.
    height: f64,
}

impl BrainMr {
    /// The family of a map: 256 x 256 pixels of 0.9 mm, with lesions and a bias field of up to 30 %,
    /// without phase.
    ///
    /// Takes a few seconds: layers outside of the brain are worked out for the whole head.
    /// Errors: fewer than 8 slices of brain.
    pub fn from_volume(volume: &LabelVolume) -> Result<Self, PhantomError> {
        let head = MappedHead::new(volume)?;
        Ok(Self {
            head: Arc::new(head),
            size: (256, 256),
            pixel_mm: 0.9,
            lesions: Lesions::Shown,
            phase: Phase::Flat,
            bias: 1.0,
        })
    }

    /// The same family on `ny x nx` pixels; pixel n of N lies at `(n - floor(N / 2)) pixel_mm`.
    ///
    /// Errors: no pixel, or one of 0 mm or more than 1000 mm.
    pub fn with_grid(self, ny: usize, nx: usize, pixel_mm: f64) -> Result<Self, PhantomError> {
        if ny == 0 || nx == 0 {
            return Err(PhantomError::Size { ny, nx });
        }
        check_pixel(pixel_mm)?;
        Ok(Self {
            size: (ny, nx),
            pixel_mm,
            ..self
        })
    }

    /// The same subjects with or without their lesions.
    pub fn with_lesions(mut self, lesions: Lesions) -> Self {
        self.lesions = lesions;
        self
    }

    /// The same subjects with or without a phase.
    pub fn with_phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// The same subjects with a bias field of `strength` times its depth: 0 for none, at most 3.
    pub fn with_bias(mut self, strength: f64) -> Self {
        self.bias = at_most(3.0, strength);
        self
    }

    /// Slice `slice` of `slices` of the subject `seed`, as `signal` shows its tissues.
    pub fn slice(
        &self,
        seed: u64,
        slice: usize,
        slices: usize,
        signal: &Signal,
    ) -> Result<BrainMrSlice, PhantomError> {
        let subject = Subject::random(seed, &self.head);
        let of = |r: Relaxation| signal(&r);
        let lesion_contrast =
            of(subject.relaxations.lesion) - of(subject.relaxations.of(Tissue::White));
        let mut signals = Tissue::ALL.map(|tissue| of(subject.relaxations.of(tissue)) as f32);
        signals[Tissue::Air as usize] = 0.0;
        let cut = self.cut(&subject, slice, slices)?;
        let mut drawn = cut.pixels.draw(&signals, lesion_contrast as f32);
        subject.bias.apply(&mut drawn.signal, cut.height, self.bias);
        let image = match self.phase {
            Phase::Flat => drawn.signal.mapv(|v| Complex32::new(v, 0.0)),
            Phase::Smooth => subject.phase.on(&drawn.signal, cut.height),
        };
        Ok(BrainMrSlice {
            image,
            lesion_share: drawn.lesion_share,
            tissue: drawn.tissue,
            lesion_contrast,
        })
    }

    /// The share of each tissue in each pixel, before lesions: `f32[tissue, ny, nx]` in the order
    /// of [`Tissue::ALL`]; they sum to 1.
    pub fn shares(
        &self,
        seed: u64,
        slice: usize,
        slices: usize,
    ) -> Result<Array3<f32>, PhantomError> {
        let subject = Subject::random(seed, &self.head);
        Ok(self.cut(&subject, slice, slices)?.pixels.shares())
    }

    /// Proton density and relaxation times of a tissue of a subject.
    pub fn relaxation(&self, seed: u64, tissue: Tissue) -> Relaxation {
        Subject::random(seed, &self.head).relaxations.of(tissue)
    }

    /// The sequence of a weighting; FLAIR darkens the fluid of this very subject.
    pub fn sequence(&self, seed: u64, contrast: Contrast) -> Sequence {
        match contrast {
            Contrast::Flair => Sequence::flair(self.relaxation(seed, Tissue::Fluid).t1_s),
            other => other.sequence(),
        }
    }

    /// From one of so many slices to the next.
    pub fn spacing_mm(&self, slices: usize) -> f64 {
        (self.head.plane(1.0) - self.head.plane(0.0)) / slices.max(1) as f64
    }

    fn cut(&self, subject: &Subject, slice: usize, slices: usize) -> Result<Cut, PhantomError> {
        if slice >= slices {
            return Err(PhantomError::Slice { slice, slices });
        }
        let part = (slice as f64 + 0.5) / slices as f64;
        let (z, height) = (self.head.plane(part), 1.0 - 2.0 * part);
        let map = subject.map(&self.head, height);
        let shown = self.lesions == Lesions::Shown;
        let spots = subject.spots.iter().filter(|_| shown);
        let pixels = Pixels {
            soft: self.head.between_planes(z),
            sources: Sources::new(&map, self.size, self.pixel_mm),
            spots: spots.filter_map(|spot| spot.section(z)).collect(),
            size: self.size,
        };
        Ok(Cut { pixels, height })
    }
}
