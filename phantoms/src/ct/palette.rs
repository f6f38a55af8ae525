//! Hounsfield units of the tissues of one head, at 70 keV.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::tissue::{TISSUES, Tissue};
use crate::pure::Normals;

/// What the tissues of one head look like.
#[derive(Clone, Debug)]
pub(super) struct Palette {
    /// Mean of each tissue.
    pub hu: [f32; TISSUES],
    /// Standard deviation of the texture of each tissue.
    pub grain: [f32; TISSUES],
}

/// One head in ten has brain tissues of any contrast, so that the network does not know them by
/// heart.
const ANY_CONTRAST: f64 = 0.1;

impl Palette {
    /// Random values around those of adults.
    pub fn random(rng: &mut ChaCha8Rng, normals: Normals) -> Self {
        let mut hu = [0.0; TISSUES];
        let mut grain = [0.0; TISSUES];
        let fine = rng.random_range(0.5f32..3.0);
        let normal = |rng: &mut ChaCha8Rng| (normals.next(rng) as f32).clamp(-2.5, 2.5);
        for tissue in Tissue::ALL {
            let (mean, spread, texture) = typical(tissue, fine);
            hu[tissue as usize] = mean + spread * normal(rng);
            grain[tissue as usize] = texture;
        }
        let grey = 38.0 + 2.5 * normal(rng);
        brain(&mut hu, grey, rng);
        if rng.random_bool(ANY_CONTRAST) {
            for tissue in Tissue::ALL.into_iter().filter(|t| t.is_brain()) {
                hu[tissue as usize] = rng.random_range(5.0..75.0);
            }
        }
        Self { hu, grain }
    }

    /// The mean of a tissue.
    pub fn of(&self, tissue: Tissue) -> f32 {
        self.hu[tissue as usize]
    }
}

/// Mean, spread from head to head, and texture.
fn typical(tissue: Tissue, fine: f32) -> (f32, f32, f32) {
    match tissue {
        Tissue::Air => (-1000.0, 0.0, 0.0),
        Tissue::Skin => (55.0, 15.0, 12.0),
        Tissue::Fat => (-95.0, 9.0, 10.0),
        Tissue::Soft => (52.0, 5.0, 6.0),
        Tissue::Table => (1350.0, 150.0, 80.0),
        Tissue::Diploe => (620.0, 150.0, 110.0),
        Tissue::DeepBone => (900.0, 200.0, 180.0),
        Tissue::Mucosa => (45.0, 8.0, 15.0),
        Tissue::Vitreous => (9.0, 3.0, 1.0),
        Tissue::Lens => (75.0, 12.0, 3.0),
        Tissue::Orbit => (45.0, 6.0, 5.0),
        Tissue::Blood => (50.0, 6.0, 2.0),
        Tissue::Fluid => (8.0, 3.0, 1.0),
        Tissue::Ventricle => (5.0, 2.5, 1.0),
        Tissue::Choroid => (36.0, 5.0, 6.0),
        Tissue::Dura => (56.0, 8.0, 4.0),
        // The brain's means hang together, see `brain`.
        _ => (0.0, 0.0, fine),
    }
}

/// White 5 to 11 below grey, the rest of the brain beside these two.
fn brain(hu: &mut [f32; TISSUES], grey: f32, rng: &mut ChaCha8Rng) {
    let white = grey - rng.random_range(5.0f32..11.0);
    let mut set = |tissue: Tissue, mean: f32, spread: f32| {
        hu[tissue as usize] = mean + rng.random_range(-spread..=spread);
    };
    set(Tissue::Grey, grey, 0.0);
    set(Tissue::White, white, 0.0);
    set(Tissue::DeepGrey, grey, 1.5);
    set(Tissue::Pallidum, grey - 1.0, 2.5);
    set(Tissue::CerebellarGrey, grey - 1.0, 1.5);
    set(Tissue::CerebellarWhite, white + 2.0, 1.5);
    set(Tissue::Stem, 0.5 * (grey + white), 1.5);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn most_heads_have_grey_brighter_than_white_and_dark_fluid() {
        let ordered = (0..400u64)
            .map(|seed| Palette::random(&mut ChaCha8Rng::seed_from_u64(seed), Normals::Pure))
            .filter(|p| p.of(Tissue::Grey) > p.of(Tissue::White) + 4.9)
            .filter(|p| p.of(Tissue::White) > p.of(Tissue::Ventricle) + 5.0)
            .count();
        assert!(ordered > 340, "{ordered}");
    }

    #[test]
    fn bone_is_between_300_and_1800() {
        for seed in 0..200 {
            let palette = Palette::random(&mut ChaCha8Rng::seed_from_u64(seed), Normals::Pure);
            for tissue in Tissue::ALL.into_iter().filter(|t| t.is_bone()) {
                assert!((200.0..1800.0).contains(&palette.of(tissue)), "{tissue:?}");
            }
        }
    }
}
