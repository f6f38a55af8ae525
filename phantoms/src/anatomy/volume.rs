//! Label maps of whole heads, as the caller has them, checked.

use std::borrow::Cow;
use std::collections::BTreeSet;

use ndarray::Array3;

use super::labels::{known, synonym, unknown_labels};
use crate::PhantomError;
use crate::ct::{Tissue, tissues_of_head};

/// Voxels within this of 1 mm are taken to be of 1 mm.
const SAME_MM: f64 = 1e-3;
/// Voxels of 1 mm that a map may have.
const MOST: f64 = (1u64 << 28) as f64;

/// A map of anatomical labels: `u16[slice, row, column]`, slices from the top of the head down, rows
/// from its front to its back, columns from side to side, either way.
///
/// Labels are those of SynthSeg's whole-head maps (FreeSurfer's numbers, and clusters from 502 to
/// 530 outside of the brain), of FreeSurfer's aseg and of SAMSEG. A map of the brain alone is a
/// brain in air.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelVolume {
    labels: Array3<u16>,
    spacing_mm: [f64; 3],
}

impl LabelVolume {
    /// A map with the distances of its slices, rows and columns.
    ///
    /// Errors: labels that are in no table, a map of label 0 alone, a distance that is no length, more
    /// than 2^28 voxels at 1 mm.
    pub fn new(labels: Array3<u16>, spacing_mm: [f64; 3]) -> Result<Self, PhantomError> {
        if spacing_mm.iter().any(|mm| !(mm.is_finite() && *mm > 0.0)) {
            return Err(PhantomError::Voxel { spacing_mm });
        }
        let size = <[usize; 3]>::from(labels.dim());
        let at_1_mm: f64 = size
            .iter()
            .zip(spacing_mm)
            .map(|(n, mm)| *n as f64 * mm)
            .product();
        if at_1_mm > MOST {
            return Err(PhantomError::LargeVolume { size, spacing_mm });
        }
        let mut seen = vec![false; usize::from(u16::MAX) + 1];
        labels.iter().for_each(|&l| seen[usize::from(l)] = true);
        let unknown: BTreeSet<u16> = (0..=u16::MAX)
            .filter(|&label| seen[usize::from(label)] && !known(label))
            .collect();
        if !unknown.is_empty() {
            return Err(unknown_labels(&unknown));
        }
        if !seen[1..].contains(&true) {
            return Err(PhantomError::EmptyVolume);
        }
        Ok(Self {
            labels: labels.mapv_into(synonym),
            spacing_mm,
        })
    }

    /// The labels; those that mean the same are one.
    pub fn labels(&self) -> &Array3<u16> {
        &self.labels
    }

    /// Distances of slices, rows and columns.
    pub fn spacing_mm(&self) -> [f64; 3] {
        self.spacing_mm
    }

    /// The labels of voxels of 1 mm: the strongest one by trilinear weights.
    pub(crate) fn at_1_mm(&self) -> Cow<'_, Array3<u16>> {
        if self.spacing_mm.iter().all(|mm| (mm - 1.0).abs() < SAME_MM) {
            return Cow::Borrowed(&self.labels);
        }
        let (nz, ny, nx) = self.labels.dim();
        let axes: [Vec<Taps>; 3] =
            std::array::from_fn(|a| taps([nz, ny, nx][a], self.spacing_mm[a]));
        let shape = (axes[0].len(), axes[1].len(), axes[2].len());
        Cow::Owned(Array3::from_shape_fn(shape, |(z, y, x)| {
            strongest(&self.labels, [axes[0][z], axes[1][y], axes[2][x]])
        }))
    }

    /// Tissues at 1 mm, left and right merged, skin, fat and the layers of the skull worked out;
    /// cropped to the head. Nothing if there is no head.
    pub(crate) fn tissues(&self) -> Option<Array3<Tissue>> {
        tissues_of_head(&self.at_1_mm())
    }
}

/// Two neighbours along an axis, and the share of the second.
type Taps = (usize, usize, f32);

/// Where voxels of 1 mm lie between those of `spacing_mm`, the volume beginning at the same place.
fn taps(n: usize, spacing_mm: f64) -> Vec<Taps> {
    let count = (n as f64 * spacing_mm).round().max(1.0) as usize;
    (0..count)
        .map(|i| {
            let at = ((i as f64 + 0.5) / spacing_mm - 0.5).clamp(0.0, (n - 1) as f64);
            let first = at.floor();
            (
                first as usize,
                (first as usize + 1).min(n - 1),
                (at - first) as f32,
            )
        })
        .collect()
}

/// The label of the largest trilinear weight around a place; the smaller number of two alike.
fn strongest(labels: &Array3<u16>, [z, y, x]: [Taps; 3]) -> u16 {
    let mut votes = [(0u16, 0f32); 8];
    let mut n = 0;
    for corner in 0..8 {
        let pick = |t: Taps, bit: usize| match corner >> bit & 1 {
            0 => (t.0, 1.0 - t.2),
            _ => (t.1, t.2),
        };
        let ((z, wz), (y, wy), (x, wx)) = (pick(z, 2), pick(y, 1), pick(x, 0));
        let label = labels[(z, y, x)];
        let at = votes[..n].iter().position(|v| v.0 == label).unwrap_or(n);
        votes[at] = (label, votes[at].1 + wz * wy * wx);
        n = n.max(at + 1);
    }
    let by_weight = |a: &&(u16, f32), b: &&(u16, f32)| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0));
    votes[..n].iter().max_by(by_weight).map_or(0, |vote| vote.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anatomy::testing::ball;

    #[test]
    fn an_empty_map_and_no_length_are_errors() {
        let empty = LabelVolume::new(Array3::zeros((3, 4, 5)), [1.0; 3]);
        assert_eq!(empty.unwrap_err(), PhantomError::EmptyVolume);
        assert!(LabelVolume::new(Array3::zeros((0, 4, 5)), [1.0; 3]).is_err());
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(LabelVolume::new(ball(), [1.0, bad, 1.0]).is_err());
        }
    }

    #[test]
    fn a_map_in_micrometres_is_refused() {
        let error = LabelVolume::new(ball(), [1000.0; 3])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("[60, 64, 70]") && error.contains("1000.0"),
            "{error}"
        );
        assert!(error.contains("unit"), "{error}");
    }

    #[test]
    fn voxels_of_another_size_become_voxels_of_1_mm() {
        let volume = LabelVolume::new(ball(), [1.0; 3]).unwrap();
        assert_eq!(*volume.at_1_mm(), *volume.labels());
        // Every voxel twice along one axis, and three times along another.
        let ball = ball();
        let (nz, ny, nx) = ball.dim();
        let fine = Array3::from_shape_fn((2 * nz, ny, 3 * nx), |(z, y, x)| ball[(z / 2, y, x / 3)]);
        let fine = LabelVolume::new(fine, [0.5, 1.0, 1.0 / 3.0]).unwrap();
        assert_eq!(*fine.at_1_mm(), ball);
        let coarse = LabelVolume::new(ball, [1.2, 0.7, 2.0]).unwrap();
        assert_eq!(coarse.at_1_mm().dim(), (72, 45, 140));
        let share = |l: &Array3<u16>| l.iter().filter(|v| **v == 3).count() as f64;
        let (there, here) = (share(volume.labels()) * 1.68, share(&coarse.at_1_mm()));
        assert!((here / there - 1.0).abs() < 0.03, "{here} {there}");
    }
}
