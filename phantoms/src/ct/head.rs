//! One head: a section, its place, what its tissues look like, and what it suffers from.

use ndarray::{Array2, Axis};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::distance::squared_distance;
use super::field::{Field, Fractal};
use super::holder::Holder;
use super::lesion::{Lesion, LesionKind, random_lesions, settle};
use super::palette::Palette;
use super::pose::place;
use super::section::{Frame, Section};
use super::tissue::{TISSUES, Tissue};
use crate::warp::Warp;

/// A head as a function of the place: the same on every grid.
pub(crate) struct Head {
    pub(super) section: Section,
    /// Pixels of the section in a millimetre.
    pub(super) per_mm: f64,
    /// Pixel of the section at the middle of its place, x then y.
    pub(super) middle: [f64; 2],
    /// From image to section, both around their centres, in units.
    pub(super) warp: Warp,
    pub(super) palette: Palette,
    pub(super) lesions: Vec<Lesion>,
    /// Where a crescent lies; else nothing.
    pub(super) to_bone: Array2<f32>,
    pub(super) holder: Option<Holder>,
    pub(super) grain: Fractal,
    pub(super) slow: Field,
    /// Muscles: fat runs where it crosses zero, and fills where it is large.
    pub(super) muscles: Field,
    /// Air cells of deep bone where it is large.
    pub(super) cells: Field,
    pub(super) cells_from: f32,
    pub(super) calcified_choroid: bool,
    /// HU of slow changes within the brain.
    pub(super) drift: f32,
    pub(super) blur_mm: f64,
}

/// Thick slices and soft kernels: the standard deviation of the blur of an object, often none.
pub(super) fn random_blur_mm(rng: &mut ChaCha8Rng) -> f64 {
    if rng.random_bool(0.35) {
        0.0
    } else {
        rng.random_range(0.3..1.1)
    }
}

impl Head {
    /// Draws everything about a head that is random: `pose` decides on its shape, its place and its
    /// tissues, `detail` on lesions and texture.
    pub fn new(
        (section, frame): (Section, Frame),
        pose: &mut ChaCha8Rng,
        detail: &mut ChaCha8Rng,
        lesions: f64,
    ) -> Self {
        let (warp, centre, semi) = place(pose, frame.half.map(|v| v * section.pixel_mm));
        let palette = Palette::random(pose);
        let holder = pose
            .random_bool(0.5)
            .then(|| Holder::random(pose, centre, semi));
        let fall = pose.random_range(0.0..0.8);
        let cells_from = pose.random_range(-0.2..2.5);
        let calcified_choroid = pose.random_bool(0.4);
        let drift = pose.random_range(0.0..1.5);
        let blur_mm = random_blur_mm(pose);
        let mut lesions = random_lesions(detail, &section, lesions);
        let near_bone = lesions.iter().any(|l| l.kind == LesionKind::Subdural);
        let to_bone = near_bone.then(|| distance_to_bone(&section));
        let to_bone = to_bone.unwrap_or_default();
        settle(&mut lesions, &to_bone, section.pixel_mm);
        Self {
            per_mm: section.pixel_mm.recip(),
            section,
            middle: frame.middle,
            warp,
            palette,
            lesions,
            to_bone,
            holder,
            grain: Fractal::random(detail, 12.0, 1.5, fall),
            slow: Field::random(detail, 40.0),
            muscles: Field::random(detail, 11.0),
            cells: Field::random(detail, 3.0),
            cells_from,
            calcified_choroid,
            drift,
            blur_mm,
        }
    }

    /// The kinds of lesions.
    pub fn lesions(&self) -> Vec<LesionKind> {
        self.lesions.iter().map(|l| l.kind).collect()
    }

    /// The same head without its lesions.
    pub fn healed(mut self) -> Self {
        self.lesions.clear();
        self
    }

    /// The standard deviation of the blur of the object.
    pub fn blur_mm(&self) -> f64 {
        self.blur_mm
    }
}

/// Distance to the nearest bone of the section, in millimetres.
fn distance_to_bone(section: &Section) -> Array2<f32> {
    let bone: Vec<bool> = (0..TISSUES).map(|n| Tissue::ALL[n].is_bone()).collect();
    let set = section.tissues.mapv(|n| bone[usize::from(n)]);
    squared_distance(&set.insert_axis(Axis(0)))
        .remove_axis(Axis(0))
        .mapv(|d| d.sqrt() * section.pixel_mm as f32)
}
