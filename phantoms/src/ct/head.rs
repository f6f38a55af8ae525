//! One head: a section, its looks and textures, and what it suffers from.

use ndarray::{Array2, Axis};
use rand_chacha::ChaCha8Rng;

use super::distance::to_bone;
use super::lesion::{Lesion, LesionKind};
use super::lesions::{random_lesions, settle};
use super::looks::Looks;
use super::section::{Frame, Section};
use super::textures::Textures;
use crate::pure::Normals;

/// A head as a function of the place: the same on every grid.
pub(super) struct Head {
    pub section: Section,
    /// Pixels of the section in a millimetre.
    pub per_mm: f64,
    /// Pixel of the section at the middle of its place, x then y.
    pub middle: [f64; 2],
    pub looks: Looks,
    pub lesions: Vec<Lesion>,
    /// Where a crescent lies; else nothing.
    pub to_bone: Array2<f32>,
    pub textures: Textures,
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
        // Priors have been trained on these numbers.
        let normals = Normals::Ziggurat;
        let looks = Looks::random(pose, frame.half.map(|v| v * section.pixel_mm), normals);
        let mut lesions = random_lesions(detail, &section, lesions);
        let near_bone = lesions.iter().any(Lesion::follows_bone);
        let to_bone = near_bone.then(|| distance_to_bone(&section));
        let to_bone = to_bone.unwrap_or_default();
        settle(&mut lesions, &to_bone, section.pixel_mm);
        Self {
            per_mm: section.pixel_mm.recip(),
            section,
            middle: frame.middle,
            lesions,
            to_bone,
            textures: Textures::random(detail, &looks, normals),
            looks,
        }
    }

    /// The kinds of lesions.
    pub fn lesions(&self) -> Vec<LesionKind> {
        self.lesions.iter().map(|l| l.kind).collect()
    }
}

/// Distance to the nearest bone of the section, in millimetres.
fn distance_to_bone(section: &Section) -> Array2<f32> {
    let tissues = section.tissues.clone().insert_axis(Axis(0));
    to_bone(&tissues).remove_axis(Axis(0)) * section.pixel_mm as f32
}
