//! Whether two volumes of one shape lie in the same place.

use std::fmt;

/// Distances that are taken for none, in voxels.
const NONE: f64 = 0.01;

/// Where two grids of one shape lie farthest apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Apart {
    /// (column, row, slice).
    pub voxel: [usize; 3],
    /// Its place by the first affine, LPS.
    pub one_mm: [f64; 3],
    /// Its place by the second one.
    pub other_mm: [f64; 3],
    /// Between them.
    pub distance_mm: f64,
    /// The smallest side of a voxel of the second.
    pub voxel_mm: f64,
}

impl Apart {
    /// Of a shape (slice, row, column) and affines from (column, row, slice) to LPS millimetres: at
    /// one of the corners.
    pub fn farthest(
        (slices, rows, columns): (usize, usize, usize),
        one: &[[f64; 4]; 3],
        other: &[[f64; 4]; 3],
    ) -> Self {
        let last = [columns, rows, slices].map(|n| n.saturating_sub(1));
        let length = |v: [f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let sides = (0..3).map(|k| length(other.map(|row| row[k])));
        let voxel_mm = sides.fold(f64::INFINITY, f64::min);
        let at = |bits: usize| {
            let voxel = [0, 1, 2].map(|k| if bits >> k & 1 == 1 { last[k] } else { 0 });
            let (one_mm, other_mm) = (place(one, voxel), place(other, voxel));
            Apart {
                voxel,
                one_mm,
                other_mm,
                distance_mm: length([0, 1, 2].map(|k| one_mm[k] - other_mm[k])),
                voxel_mm,
            }
        };
        let farther = |far: Apart, next: Apart| match next.distance_mm >= far.distance_mm {
            true => next,
            false => far,
        };
        (1..8).map(at).fold(at(0), farther)
    }

    /// Whether the grids are one, to a hundredth of a voxel.
    pub fn is_one_grid(&self) -> bool {
        self.distance_mm <= NONE * self.voxel_mm
    }
}

/// A voxel in millimetres.
fn place(affine: &[[f64; 4]; 3], voxel: [usize; 3]) -> [f64; 3] {
    affine.map(|row| row[3] + (0..3).map(|k| row[k] * voxel[k] as f64).sum::<f64>())
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "voxel {:?} (column, row, slice) lies at {:.2?} mm against {:.2?} mm (LPS), {:.3} mm apart; \
             expected one affine to {NONE} of a voxel ({:.3} mm): resample one to the grid of the other",
            self.voxel, self.one_mm, self.other_mm, self.distance_mm, self.voxel_mm
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_farthest_apart_at_a_corner() {
        let grid = |scale: f64, shift: f64| {
            [
                [scale, 0.0, 0.0, shift],
                [0.0, 0.8, 0.0, 0.0],
                [0.0, 0.0, 3.0, -7.0],
            ]
        };
        let shape = (4, 11, 21);
        let apart = Apart::farthest(shape, &grid(1.0, 0.0), &grid(1.01, 0.0));
        assert_eq!(apart.voxel[0], 20);
        assert!((apart.distance_mm - 0.2).abs() < 1e-12 && apart.voxel_mm == 0.8);
        assert!(!apart.is_one_grid());
        let moved = Apart::farthest(shape, &grid(1.0, 0.0), &grid(1.0, 0.5));
        assert_eq!(moved.distance_mm, 0.5);
        assert!(Apart::farthest(shape, &grid(1.0, 0.0), &grid(1.0, 0.007)).is_one_grid());
    }
}
