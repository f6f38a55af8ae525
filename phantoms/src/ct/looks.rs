//! What the tissues of one head look like, and how the head lies.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::holder::Holder;
use super::palette::Palette;
use super::pose::place;
use super::tissue::Tissue;
use crate::pure::Normals;
use crate::warp::Warp;

/// The shape, the place and the tissues of one head.
pub(crate) struct Looks {
    /// From image to head, both around their centres, in units.
    pub(super) warp: Warp,
    palette: Palette,
    holder: Option<Holder>,
    /// How fast the octaves of the grain shrink.
    pub(super) fall: f64,
    /// Air cells of deep bone where their field is larger.
    cells_from: f32,
    calcified_choroid: bool,
    /// HU of slow changes within the brain.
    drift: f32,
    /// Standard deviation of the blur of the object.
    pub(crate) blur_mm: f64,
}

impl Looks {
    /// Random ones of a head of the given half widths.
    pub fn random(rng: &mut ChaCha8Rng, half_mm: [f64; 2], normals: Normals) -> Self {
        let (warp, centre, semi) = place(rng, half_mm, normals);
        let palette = Palette::random(rng, normals);
        let holder = rng.random_bool(0.5);
        Self {
            warp,
            palette,
            holder: holder.then(|| Holder::random(rng, centre, semi)),
            fall: rng.random_range(0.0..0.8),
            cells_from: rng.random_range(-0.2..2.5),
            calcified_choroid: rng.random_bool(0.4),
            drift: rng.random_range(0.0..1.5),
            blur_mm: random_blur_mm(rng),
        }
    }

    /// The HU of a tissue at a place of the image, where the textures have these values: grain, slow
    /// changes, muscles and cells.
    pub fn hu(&self, tissue: Tissue, p: [f64; 2], textures: [f32; 4]) -> f32 {
        if tissue == Tissue::Air {
            return self.holder.as_ref().map_or(-1000.0, |h| h.hu(p));
        }
        let n = tissue as usize;
        let [grain, slow, muscles, cells] = textures;
        let mean = self.palette.hu[n] + self.palette.grain[n] * grain;
        match tissue {
            Tissue::Soft => {
                let m = muscles;
                let plane = ((0.1 - m.abs()) * 10.0 + 0.5).clamp(0.0, 0.6);
                let pad = ((m - 1.2) * 5.0 + 0.5).clamp(0.0, 1.0);
                let fat = self.palette.of(Tissue::Fat);
                mean + plane.max(pad) * (fat - mean)
            }
            Tissue::Fat => {
                let strand = ((0.08 - cells.abs()) * 12.0).clamp(0.0, 1.0);
                mean + 35.0 * strand
            }
            Tissue::DeepBone => {
                let cell = ((cells - self.cells_from) * 4.0).clamp(0.0, 1.0);
                mean + cell * (-850.0 - mean)
            }
            Tissue::Choroid if self.calcified_choroid => {
                mean + 250.0 * (cells - 0.4).clamp(0.0, 1.0)
            }
            _ if tissue.is_brain() => mean + self.drift * slow,
            _ => mean,
        }
    }
}

/// Thick slices and soft kernels: the standard deviation of the blur of an object, often none.
pub(super) fn random_blur_mm(rng: &mut ChaCha8Rng) -> f64 {
    if rng.random_bool(0.35) {
        0.0
    } else {
        rng.random_range(0.3..1.1)
    }
}
