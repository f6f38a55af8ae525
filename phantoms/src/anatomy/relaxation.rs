//! Proton density, T1 and T2 of the tissues of one head at 3 T.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::ct::Tissue;
use crate::mr::{HeadTissue3T, Relaxation};

/// What gives no signal.
const NONE: Relaxation = Relaxation::new(0.0, 0.0, 0.0);

/// The tissues of one head, and of its lesions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Relaxations {
    /// At the number of each tissue; air has none.
    pub tissues: [Relaxation; Tissue::ALL.len()],
    pub lesion: Relaxation,
}

impl Relaxations {
    /// One head: white and grey matter lie at like places of their ranges, so that one is always
    /// the faster; what is made of both lies between them.
    pub fn random(rng: &mut ChaCha8Rng) -> Self {
        let place: [f64; 3] = std::array::from_fn(|_| rng.random());
        let near = place.map(|u| (u + rng.random_range(-0.2..0.2)).clamp(0.0, 1.0));
        let white = HeadTissue3T::White.range().at(place);
        let grey = HeadTissue3T::Grey.range().at(near);
        let mut tissues = [NONE; Tissue::ALL.len()];
        for tissue in Tissue::ALL {
            let own = std::array::from_fn(|_| rng.random());
            tissues[tissue as usize] = match class(tissue, white, grey) {
                Class::None => NONE,
                Class::Range(tissue) => tissue.range().at(own),
                Class::Known(relaxation) => relaxation,
            };
        }
        tissues[Tissue::Ventricle as usize] = tissues[Tissue::Fluid as usize];
        let density = (white.density * rng.random_range(1.05..1.25)).min(1.0);
        let t1_s = white.t1_s * rng.random_range(1.2..1.8);
        let t2_s = white.t2_s * rng.random_range(1.5..3.0);
        let lesion = Relaxation::new(density, t1_s, t2_s).with_dephasing(dephasing_per_s());
        Self { tissues, lesion }
    }

    /// The tissue's own.
    pub fn of(&self, tissue: Tissue) -> Relaxation {
        self.tissues[tissue as usize]
    }
}

/// Where the values of a tissue come from.
enum Class {
    None,
    Range(HeadTissue3T),
    Known(Relaxation),
}

fn class(tissue: Tissue, white: Relaxation, grey: Relaxation) -> Class {
    use Class::{Known, Range};
    match tissue {
        Tissue::Air => Class::None,
        Tissue::Skin | Tissue::Mucosa => Range(HeadTissue3T::Skin),
        Tissue::Fat => Range(HeadTissue3T::Fat),
        Tissue::Soft | Tissue::Lens | Tissue::Orbit => Range(HeadTissue3T::Muscle),
        Tissue::Table | Tissue::DeepBone => Range(HeadTissue3T::Skull),
        Tissue::Diploe => Range(HeadTissue3T::Marrow),
        Tissue::Blood => Range(HeadTissue3T::Vessel),
        Tissue::Vitreous | Tissue::Fluid | Tissue::Ventricle => Range(HeadTissue3T::Csf),
        Tissue::Choroid | Tissue::Dura => Range(HeadTissue3T::Dura),
        Tissue::White | Tissue::CerebellarWhite => Known(white),
        Tissue::Grey | Tissue::CerebellarGrey => Known(grey),
        Tissue::DeepGrey => Known(between(white, grey, 0.7)),
        Tissue::Stem => Known(between(white, grey, 0.3)),
        // Iron shortens T2.
        Tissue::Pallidum => {
            let pale = between(white, grey, 0.3);
            let t2_s = 0.75 * white.t2_s;
            let pale = Relaxation::new(pale.density, pale.t1_s, t2_s);
            Known(pale.with_dephasing(dephasing_per_s()))
        }
    }
}

/// From the first to the second.
fn between(a: Relaxation, b: Relaxation, share: f64) -> Relaxation {
    let mix = |a: f64, b: f64| a + share * (b - a);
    let t2_s = mix(a.t2_s, b.t2_s);
    Relaxation::new(mix(a.density, b.density), mix(a.t1_s, b.t1_s), t2_s)
        .with_dephasing(dephasing_per_s())
}

/// That of white matter, for what is made of it.
fn dephasing_per_s() -> f64 {
    HeadTissue3T::White.range().dephasing_per_s
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn tissues_stay_in_their_ranges_and_in_order() {
        for seed in 0..300 {
            let all = Relaxations::random(&mut ChaCha8Rng::seed_from_u64(seed));
            let [white, grey, deep, fluid] =
                [Tissue::White, Tissue::Grey, Tissue::DeepGrey, Tissue::Fluid].map(|t| all.of(t));
            assert!((0.8..=1.5).contains(&white.t1_s) && (1.2..=2.0).contains(&grey.t1_s));
            assert!((0.06..=0.1).contains(&white.t2_s) && (0.5..=0.9).contains(&white.density));
            assert!(white.t1_s + 0.2 < grey.t1_s && grey.t1_s <= fluid.t1_s);
            assert!(white.t2_s < grey.t2_s && white.density < grey.density);
            assert!(white.t1_s < deep.t1_s && deep.t1_s < grey.t1_s);
            assert_eq!(fluid, all.of(Tissue::Ventricle));
            assert!(all.lesion.t2_s > 1.4 * white.t2_s && all.lesion.density <= 1.0);
            assert_eq!(all.of(Tissue::Air), NONE);
            assert!(
                all.tissues[1..]
                    .iter()
                    .all(|r| r.t1_s >= 0.0 && r.t2_star_s <= r.t2_s)
            );
        }
    }
}
