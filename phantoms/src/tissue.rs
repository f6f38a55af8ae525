//! Signal of the tissues of the brain phantom in the usual contrasts.

use crate::mr::{BrainWebTissue, Relaxation, Sequence};

/// The weighting of an MR image of the brain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contrast {
    /// Spoiled gradient echo, TR 15 ms, TE 4 ms, 25 degrees: white brighter than grey, dark CSF.
    #[default]
    T1,
    /// Fast spin echo, TR 4 s, TE 100 ms: bright CSF, dark white matter.
    T2,
    /// Fast spin echo, TR 2.5 s, TE 20 ms: nearly the density of protons.
    Pd,
    /// Inversion recovery, TR 9 s, TE 120 ms: T2 without CSF.
    Flair,
    /// Inversion recovery, TR 2.5 s, TI 0.9 s, TE 15 ms, its magnitude: strong T1 weighting, CSF nearly
    /// dark.
    Ir,
    /// Balanced SSFP, TR 5 ms, 45 degrees: T2 over T1, bright CSF.
    Ssfp,
}

impl Contrast {
    /// The sequence that gives the weighting.
    pub fn sequence(self) -> Sequence {
        match self {
            Self::T1 => Sequence::T1_GRADIENT_ECHO,
            Self::T2 => Sequence::T2,
            Self::Pd => Sequence::PROTON_DENSITY,
            Self::Flair => Sequence::flair(BrainWebTissue::Csf.relaxation().t1_s),
            Self::Ir => Sequence::INVERSION_RECOVERY,
            Self::Ssfp => Sequence::SSFP,
        }
    }
}

/// Number of tissues.
pub(crate) const TISSUES: usize = 6;

/// What a region of the brain phantom is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tissue {
    Scalp,
    Csf,
    Grey,
    White,
    Lesion,
    Vessel,
}

/// 1.5 T: BrainWeb's values; blood; scalp and marrow as fat with half of the volume bone and skin.
/// The field within a voxel is even.
pub(crate) fn relaxation(tissue: Tissue) -> Relaxation {
    let known = match tissue {
        Tissue::Scalp => return Relaxation::new(0.55, 0.4, 0.065),
        Tissue::Vessel => return Relaxation::new(1.0, 1.441, 0.29),
        Tissue::Csf => BrainWebTissue::Csf,
        Tissue::Grey => BrainWebTissue::Grey,
        Tissue::White => BrainWebTissue::White,
        Tissue::Lesion => BrainWebTissue::Lesion,
    };
    known.relaxation().without_dephasing()
}

/// Magnitudes in the order of [`Tissue`], scaled so that white matter is 1 in T1, FLAIR and IR and
/// CSF is 1 in T2, PD and SSFP.
///
/// Flowing blood is 1.25 in T1 (inflow), 0.05 in the spin echoes (flow void), and as at rest in SSFP.
pub(crate) fn signals(contrast: Contrast) -> [f64; TISSUES] {
    let all = [
        Tissue::Scalp,
        Tissue::Csf,
        Tissue::Grey,
        Tissue::White,
        Tissue::Lesion,
        Tissue::Vessel,
    ];
    let signal = |tissue| contrast.sequence().signal(&relaxation(tissue)).abs();
    let (reference, blood) = match contrast {
        Contrast::T1 => (Tissue::White, 1.25),
        Contrast::T2 | Contrast::Pd => (Tissue::Csf, 0.05),
        Contrast::Flair | Contrast::Ir => (Tissue::White, 0.05),
        Contrast::Ssfp => (Tissue::Csf, signal(Tissue::Vessel) / signal(Tissue::Csf)),
    };
    let unit = signal(reference);
    let mut signals = all.map(|tissue| signal(tissue) / unit);
    signals[Tissue::Vessel as usize] = blood;
    signals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_tissues_is_that_of_the_clinic() {
        let of = |contrast| {
            let s = signals(contrast);
            (
                s[Tissue::Csf as usize],
                s[Tissue::Grey as usize],
                s[Tissue::White as usize],
            )
        };
        let (csf, grey, white) = of(Contrast::T1);
        assert!(csf < 0.5 * grey && grey < 0.85 * white && white == 1.0);
        let (csf, grey, white) = of(Contrast::T2);
        assert!(csf == 1.0 && csf > grey && grey > white);
        let (_, grey, white) = of(Contrast::Pd);
        assert!(grey > white);
        let (csf, grey, white) = of(Contrast::Flair);
        assert!(csf.abs() < 1e-3 && grey > white && white == 1.0);
        let (csf, grey, white) = of(Contrast::Ir);
        assert!(csf < 0.2 && 0.2 < grey && grey < 0.8 && white == 1.0);
        let (csf, grey, white) = of(Contrast::Ssfp);
        assert!(csf == 1.0 && csf > 1.3 * grey && grey < white && white < csf);
    }

    #[test]
    fn the_signals_are_those_that_the_brain_has_always_had() {
        // Printed by the first version of this file, which had its own equations in milliseconds.
        for (contrast, pinned) in [
            (
                Contrast::T1,
                [
                    0.8398223771590853,
                    0.32575554999362183,
                    0.7462009784744383,
                    1.0,
                    0.7413325279884666,
                    1.25,
                ],
            ),
            (
                Contrast::T2,
                [
                    0.20491393692802598,
                    1.0,
                    0.44320430716415415,
                    0.32009051084066276,
                    0.860043108502382,
                    0.05,
                ],
            ),
            (
                Contrast::Pd,
                [
                    0.6925499918129481,
                    1.0,
                    1.1008987147256415,
                    0.9861673561550192,
                    1.154542603362881,
                    0.05,
                ],
            ),
        ] {
            for (signal, pinned) in signals(contrast).into_iter().zip(pinned) {
                assert!((signal - pinned).abs() < 1e-15, "{contrast:?}: {signal}");
            }
        }
    }
}
