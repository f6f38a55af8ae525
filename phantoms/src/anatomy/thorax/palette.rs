//! Hounsfield units of the tissues of one chest, at 70 keV.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::ct::{Material, mu_per_mm, mu_to_hu};

/// The energy at which tissues are told apart.
const ENERGY_KEV: f64 = 70.0;
/// Cartilage and liver of ICRU 44, which [`Material`] lacks.
const CARTILAGE_HU: f64 = 103.0;
const LIVER_HU: f64 = 54.0;

/// What the tissues of one chest look like, in Hounsfield units.
#[derive(Clone, Debug)]
pub(super) struct Palette {
    pub skin: f32,
    pub fat: f32,
    pub muscle: f32,
    pub blood: f32,
    pub lung: f32,
    /// Change of the lung per millimetre towards the front: blood sinks to the back.
    pub lung_per_mm: f32,
    pub liver: f32,
    pub spleen: f32,
    pub cortex: f32,
    pub marrow: f32,
    pub cartilage: f32,
    pub disc: f32,
    pub fluid: f32,
    pub cord: f32,
    /// Standard deviation of the texture.
    pub grain: f32,
}

impl Palette {
    pub fn random(rng: &mut ChaCha8Rng) -> Self {
        let mut near = |hu: f64, spread: f64| (hu + rng.random_range(-spread..spread)) as f32;
        Self {
            skin: near(hu(Material::SoftTissue), 10.0),
            fat: near(hu(Material::Adipose) - 15.0, 10.0),
            muscle: near(hu(Material::Muscle), 6.0),
            blood: near(hu(Material::Blood) - 8.0, 8.0),
            lung: near(hu(Material::Lung) - 70.0, 60.0),
            lung_per_mm: near(-0.45, 0.3),
            liver: near(LIVER_HU, 9.0),
            spleen: near(LIVER_HU - 8.0, 5.0),
            cortex: near(0.85 * hu(Material::CorticalBone), 150.0),
            marrow: near(0.65 * hu(Material::Spongiosa), 50.0),
            cartilage: near(CARTILAGE_HU, 15.0),
            disc: near(CARTILAGE_HU - 20.0, 12.0),
            fluid: near(hu(Material::Fluid), 3.0),
            cord: near(hu(Material::Brain), 3.0),
            grain: near(10.0, 5.0),
        }
    }
}

fn hu(material: Material) -> f64 {
    let mu = |m| mu_per_mm(m, ENERGY_KEV).expect("the table has 70 keV");
    mu_to_hu(mu(material), mu(Material::Water))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn tissues_are_in_their_order() {
        for seed in 0..100 {
            let p = Palette::random(&mut ChaCha8Rng::seed_from_u64(seed));
            let order = [
                p.lung,
                p.fat,
                p.fluid,
                p.muscle,
                p.cartilage,
                p.marrow,
                p.cortex,
            ];
            assert!(order.windows(2).all(|w| w[0] + 10.0 < w[1]), "{order:?}");
            assert!((-900.0..-700.0).contains(&p.lung) && (5.0..15.0).contains(&p.grain));
        }
    }
}
