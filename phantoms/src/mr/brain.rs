//! Relaxation times of the head at 1.5 T and at 3 T.

use super::relaxation::{Relaxation, RelaxationRange};

/// The tissues of the BrainWeb phantom, at 1.5 T.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BrainWebTissue {
    /// Cerebrospinal fluid.
    Csf,
    /// Grey matter.
    Grey,
    /// White matter.
    White,
    /// Fat.
    Fat,
    /// Muscle and skin.
    MuscleSkin,
    /// Skin.
    Skin,
    /// Skull, without signal.
    Skull,
    /// Glial matter.
    Glial,
    /// Connective tissue.
    Connective,
    /// Lesions of multiple sclerosis.
    Lesion,
}

impl BrainWebTissue {
    /// All tissues.
    pub const ALL: [Self; 10] = [
        Self::Csf,
        Self::Grey,
        Self::White,
        Self::Fat,
        Self::MuscleSkin,
        Self::Skin,
        Self::Skull,
        Self::Glial,
        Self::Connective,
        Self::Lesion,
    ];

    /// Density and relaxation times at 1.5 T.
    ///
    /// Source: the tissue table of BrainWeb (Cocosco 1997, Kwan 1999). The skull has density 0
    /// there, and no relaxation times; it gets those of the skin.
    pub const fn relaxation(self) -> Relaxation {
        let (density, [t1_ms, t2_ms, t2_star_ms]) = match self {
            Self::Csf | Self::Skin => (1.0, [2569.0, 329.0, 58.0]),
            Self::Grey | Self::Glial => (0.86, [833.0, 83.0, 69.0]),
            Self::White | Self::Connective => (0.77, [500.0, 70.0, 61.0]),
            Self::Fat => (1.0, [350.0, 70.0, 58.0]),
            Self::MuscleSkin => (1.0, [900.0, 47.0, 30.0]),
            Self::Skull => (0.0, [2569.0, 329.0, 58.0]),
            Self::Lesion => (0.76, [752.0, 237.0, 204.0]),
        };
        Relaxation {
            density,
            t1_s: t1_ms / 1e3,
            t2_s: t2_ms / 1e3,
            t2_star_s: t2_star_ms / 1e3,
        }
    }
}

/// The tissues of a head at 3 T, with the spread of their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeadTissue3T {
    /// Compact bone of the skull.
    Skull,
    /// Grey matter.
    Grey,
    /// White matter.
    White,
    /// Cerebrospinal fluid.
    Csf,
    /// Bone marrow.
    Marrow,
    /// Dura.
    Dura,
    /// Fat.
    Fat,
    /// Fat mixed with other tissue.
    FatMixed,
    /// Muscle.
    Muscle,
    /// Skin, and muscle mixed with it.
    Skin,
    /// Vessels.
    Vessel,
}

/// Dephasing rate at 3 T: twice the mean of grey and white matter in the table of 1.5 T, 2.44 and
/// 2.11 per second, as it grows with the field.
const DEPHASING_3T_PER_S: f64 = 4.55;

impl HeadTissue3T {
    /// All tissues.
    pub const ALL: [Self; 11] = [
        Self::Skull,
        Self::Grey,
        Self::White,
        Self::Csf,
        Self::Marrow,
        Self::Dura,
        Self::Fat,
        Self::FatMixed,
        Self::Muscle,
        Self::Skin,
        Self::Vessel,
    ];

    /// Ranges for a random head; their middle ([`RelaxationRange::midpoint`]) is a typical one.
    ///
    /// Source: the randomised 3 T values of MRpro (PTB, `phantoms/brainweb.py`); T2* from a
    /// dephasing rate of 4.55 per second for all tissues, an estimate of this crate.
    pub const fn range(self) -> RelaxationRange {
        let (t1_s, t2_s, density) = match self {
            Self::Skull => ([0.0, 2.0], [0.0, 0.01], [0.0, 0.05]),
            Self::Grey => ([1.2, 2.0], [0.08, 0.12], [0.7, 1.0]),
            Self::White => ([0.8, 1.5], [0.06, 0.1], [0.5, 0.9]),
            Self::Csf => ([2.0, 4.0], [1.3, 2.0], [0.9, 1.0]),
            Self::Marrow => ([0.4, 0.6], [0.06, 0.1], [0.7, 1.0]),
            Self::Dura => ([2.0, 2.8], [0.2, 0.5], [0.9, 1.0]),
            Self::Fat => ([0.3, 0.5], [0.06, 0.1], [0.9, 1.0]),
            Self::FatMixed => ([0.4, 0.6], [0.06, 0.1], [0.6, 0.9]),
            Self::Muscle => ([1.2, 1.5], [0.04, 0.06], [0.9, 1.0]),
            Self::Skin => ([0.5, 0.9], [0.3, 0.5], [0.9, 1.0]),
            Self::Vessel => ([1.7, 2.1], [0.2, 0.4], [0.8, 1.0]),
        };
        RelaxationRange {
            density,
            t1_s,
            t2_s,
            dephasing_per_s: DEPHASING_3T_PER_S,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_a_tissue_that_can_exist() {
        let low = BrainWebTissue::ALL.map(BrainWebTissue::relaxation);
        let high = HeadTissue3T::ALL.map(|t| t.range().midpoint());
        for r in low.iter().chain(&high) {
            assert!(0.0 < r.t2_star_s && r.t2_star_s <= r.t2_s && r.t2_s <= r.t1_s);
            assert!((0.0..=1.0).contains(&r.density));
        }
    }

    #[test]
    fn ranges_are_in_order_and_t1_grows_with_the_field() {
        for tissue in HeadTissue3T::ALL {
            let range = tissue.range();
            for [low, high] in [range.density, range.t1_s, range.t2_s] {
                assert!(low < high, "{tissue:?}");
            }
        }
        for (low, high) in [
            (BrainWebTissue::Grey, HeadTissue3T::Grey),
            (BrainWebTissue::White, HeadTissue3T::White),
            (BrainWebTissue::Csf, HeadTissue3T::Csf),
            (BrainWebTissue::Fat, HeadTissue3T::Fat),
        ] {
            assert!(low.relaxation().t1_s < high.range().midpoint().t1_s);
        }
    }

    #[test]
    fn the_dephasing_rate_follows_from_the_table_of_the_lower_field() {
        let rate = |tissue: BrainWebTissue| {
            let r = tissue.relaxation();
            1.0 / r.t2_star_s - 1.0 / r.t2_s
        };
        let mean = 0.5 * (rate(BrainWebTissue::Grey) + rate(BrainWebTissue::White));
        assert!((2.0 * mean - DEPHASING_3T_PER_S).abs() < 0.01, "{mean}");
    }
}
