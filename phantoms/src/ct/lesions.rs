//! Which lesions a section has, and where.

use ndarray::Array2;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::lesion::Lesion;
use super::section::Section;
use super::tissue::Tissue;

/// Pixels of brain that a section needs to have lesions.
const ENOUGH_BRAIN: usize = 1500;

/// No lesion with probability 0.6, else one to three.
pub(super) fn random_lesions(rng: &mut ChaCha8Rng, section: &Section, share: f64) -> Vec<Lesion> {
    let brain: Vec<(usize, usize)> = section
        .tissues
        .indexed_iter()
        .filter(|(_, n)| Tissue::ALL[usize::from(**n)].is_brain())
        .map(|(at, _)| at)
        .collect();
    if !rng.random_bool(share) || brain.len() < ENOUGH_BRAIN {
        return Vec::new();
    }
    let count = [1, 1, 1, 2, 2, 3][rng.random_range(0..6)];
    (0..count)
        .map(|_| {
            let (row, column) = brain[rng.random_range(0..brain.len())];
            let centre = [column as f64, row as f64].map(|v| v * section.pixel_mm);
            Lesion::random(rng, centre)
        })
        .collect()
}

/// Moves the centre of a crescent to the edge of the brain.
pub(crate) fn settle(lesions: &mut [Lesion], to_bone: &Array2<f32>, pixel_mm: f64) {
    for lesion in lesions.iter_mut().filter(|l| l.follows_bone()) {
        for _ in 0..200 {
            let [column, row] = lesion.centre.map(|v| (v / pixel_mm).round() as usize);
            let next = [(0isize, 1isize), (0, -1), (1, 0), (-1, 0)]
                .map(|(r, c)| {
                    (
                        row.saturating_add_signed(r),
                        column.saturating_add_signed(c),
                    )
                })
                .into_iter()
                .filter_map(|at| to_bone.get(at).map(|d| (*d, at)))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            match next {
                Some((d, at)) if d < to_bone[(row, column)] => {
                    lesion.centre = [at.1 as f64, at.0 as f64].map(|v| v * pixel_mm);
                }
                _ => break,
            }
        }
    }
}
