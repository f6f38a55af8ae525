//! The labels of head maps that are known, and those that mean the same.

use std::collections::BTreeSet;

use crate::PhantomError;

/// Labels of SynthSeg's whole-head maps, and white matter of no side; others follow in [`synonym`].
const KNOWN: [u16; 53] = [
    0, 2, 3, 4, 5, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 24, 26, 28, 30, 41, 42, 43, 44, 46,
    47, 49, 50, 51, 52, 53, 54, 58, 60, 62, 72, 77, 85, 136, 137, 163, 164, 502, 506, 507, 508,
    509, 511, 512, 514, 515, 516, 530,
];
/// White matter of no side, so that no falx grows beside it.
const WHITE: u16 = 77;
/// Unknown labels that an error lists.
const LISTED: usize = 10;

/// Whether the class table has the label.
pub(super) fn known(label: u16) -> bool {
    KNOWN.binary_search(&synonym(label)).is_ok()
}

/// The label of the class table that means the same; unknown labels stay.
///
/// Of FreeSurfer's aseg, of its colour table and of SAMSEG.
pub(super) fn synonym(label: u16) -> u16 {
    match label {
        // Lesions and hypointensities, with and without a side; the corpus callosum, the fornix.
        25 | 34 | 78 | 81 | 100 => 2,
        57 | 66 | 79 | 82 | 109 => 41,
        80 | 99 | 192 | 250..=255 => WHITE,
        // The choroid plexus.
        31 | 63 => 136,
        // Insula and operculum.
        19 | 20 => 3,
        55 | 56 => 42,
        // Older numbers of the thalamus; substantia nigra; lateral ventricles; parts of the amygdala.
        9 => 10,
        48 => 49,
        27 => 28,
        59 => 60,
        75 => 4,
        76 => 43,
        96 => 18,
        97 => 54,
        101..=108 => [11, 12, 26, 13, 18, 17, 10, 28][usize::from(label) - 101],
        110..=117 => [50, 51, 58, 52, 54, 53, 49, 60][usize::from(label) - 110],
        // Vermis, midbrain, pons and medulla, the cord.
        172 | 183 => 8,
        184 => 47,
        170 | 173..=175 | 267 => 16,
        126 => 512,
        // Around the brain: fluid, skull, soft parts, eyes, the air of the sinuses.
        122 | 257 | 520 => 24,
        165 => 515,
        258 => 507,
        259 => 506,
        130 | 262 | 501 => 0,
        902 | 907..=909 | 911 | 914..=916 | 930 => label - 400,
        other => other,
    }
}

/// The error that lists them, and what is known.
pub(super) fn unknown_labels(unknown: &BTreeSet<u16>) -> PhantomError {
    let first: Vec<String> = unknown.iter().take(LISTED).map(u16::to_string).collect();
    let more = unknown.len() - first.len();
    let mut labels = first.join(", ");
    if more > 0 {
        labels += &format!(" and {more} more");
    }
    PhantomError::UnknownLabels {
        labels,
        known: ranges(),
    }
}

/// All known labels, such as `0, 2-5, 7-20`.
fn ranges() -> String {
    let all: Vec<u16> = (0..=u16::MAX).filter(|label| known(*label)).collect();
    let runs = all.chunk_by(|a, b| b - a == 1).map(|run| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => String::new(),
    });
    runs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anatomy::{BrainMr, LabelVolume, testing::ball};
    use crate::ct::Tissue;

    #[test]
    fn unknown_labels_are_listed() {
        let mut labels = ball();
        for n in 0..13u16 {
            labels[(0, 0, usize::from(n))] = 1000 + n;
        }
        let message = LabelVolume::new(labels, [1.0; 3]).unwrap_err().to_string();
        assert!(message.contains("1000, 1001") && message.contains("1009 and 3 more"));
        assert!(!message.contains("1010") && message.contains("SynthSeg"));
    }

    #[test]
    fn every_tissue_of_the_head_has_a_known_label() {
        for label in 0..=u16::MAX {
            let named = label == 0 || Tissue::of_synthseg(label) != Tissue::Soft;
            assert!(!named || known(label), "{label}");
        }
        assert!(known(507) && known(57) && !known(1));
        assert_eq!(Tissue::of_synthseg(synonym(25)), Tissue::White);
        assert_eq!(Tissue::of_synthseg(synonym(63)), Tissue::Choroid);
    }

    #[test]
    fn the_message_names_what_is_accepted() {
        let mut labels = ball();
        labels[(0, 0, 0)] = 1;
        let message = LabelVolume::new(labels, [1.0; 3]).unwrap_err().to_string();
        assert!(
            message.starts_with("phantom: unknown labels 1:"),
            "{message}"
        );
        let listed = message.split(['(', ')']).nth(1).unwrap();
        let mut accepted = BTreeSet::new();
        for run in listed.split(", ") {
            let ends: Vec<u16> = run.split('-').map(|n| n.parse().unwrap()).collect();
            accepted.extend(ends[0]..=ends[ends.len() - 1]);
        }
        assert!((0..=u16::MAX).all(|label| known(label) == accepted.contains(&label)));
        assert!(
            listed.starts_with("0, 2-5, 7-20, 24-28, 30-31, "),
            "{listed}"
        );
    }

    #[test]
    fn a_map_with_hypointensities_is_that_of_white_matter() {
        // As aseg has them: amid the white matter of the left side, 80 has no side.
        let mut labels = ball();
        let white = labels.clone();
        for (label, x) in [(80, 30), (81, 28), (77, 26), (82, 38)] {
            labels[(29, 31, x)] = label;
        }
        let [with, without] = [labels, white].map(|labels| {
            let volume = LabelVolume::new(labels, [1.0; 3]).unwrap();
            let family = BrainMr::from_volume(&volume).unwrap();
            family.shares(3, 4, 9).unwrap()
        });
        assert_eq!(with, without);
        let of = |label| Tissue::of_synthseg(synonym(label));
        for (label, tissue) in [
            (19, Tissue::Grey),
            (9, Tissue::DeepGrey),
            (104, Tissue::Pallidum),
            (113, Tissue::Pallidum),
            (174, Tissue::Stem),
            (257, Tissue::Fluid),
            (165, Tissue::Table),
            (258, Tissue::Soft),
            (259, Tissue::Vitreous),
            (501, Tissue::Air),
            (911, Tissue::Skin),
        ] {
            assert!(known(label) && of(label) == tissue, "{label}");
        }
    }
}
