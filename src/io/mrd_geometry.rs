//! Where the slices of an MRD file lie in the patient: from positions and directions to one affine.

use std::collections::BTreeMap;

use super::mrd_record::Head;

type Vector = [f64; 3];

/// Position (centre of the slice) and directions of one slice, LPS.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    position: Vector,
    read: Vector,
    phase: Vector,
    slice: Vector,
}

impl Frame {
    /// From the head of one acquisition.
    pub fn new(head: &Head) -> Self {
        let wide = |v: [f32; 3]| v.map(f64::from);
        Self {
            position: wide(head.position),
            read: wide(head.read_dir),
            phase: wide(head.phase_dir),
            slice: wide(head.slice_dir),
        }
    }

    /// With unit directions; none if read and phase are not perpendicular unit vectors.
    fn checked(mut self) -> Option<Self> {
        let is_unit = |v: Vector| (dot(v, v).sqrt() - 1.0).abs() < 0.05;
        let plane =
            is_unit(self.read) && is_unit(self.phase) && dot(self.read, self.phase).abs() < 0.01;
        if !plane || self.position.iter().any(|x| !x.is_finite()) {
            return None;
        }
        if !is_unit(self.slice) {
            self.slice = cross(self.read, self.phase);
        }
        let unit = |v: Vector| v.map(|x| x / dot(v, v).sqrt());
        (self.read, self.phase, self.slice) = (unit(self.read), unit(self.phase), unit(self.slice));
        Some(self)
    }
}

/// What is placed: the image grid (y, x), its pixels, the thickness of a slice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub recon: [usize; 2],
    pub pixel_mm: [f64; 2],
    pub thickness_mm: f64,
    pub slices: usize,
}

/// The order of the slices by position, and the affine if the file has a usable geometry.
#[derive(Debug)]
pub(super) struct Placement {
    /// `idx.slice` of each slice served.
    pub order: Vec<u16>,
    /// Voxel (x, y, slice) of the image to LPS millimetres.
    pub affine_lps_mm: Option<[[f64; 4]; 3]>,
    pub warnings: Vec<String>,
}

/// Places the slices.
///
/// `position` is the centre of a slice, which the Fourier transform puts at index ⌊n/2⌋: `p(i, j) = position +
/// (i − ⌊nx/2⌋) dx read + (j − ⌊ny/2⌋) dy phase`. Several slices are sorted along `slice_dir`; their spacing is that of
/// the positions, a single slice takes its thickness. **Siemens** stores k-space with the opposite sign of the
/// Fourier transform, so that the image runs against read and phase: here the data stay as they are and the
/// affine's first two columns change their sign (mrpro conjugates the data instead).
pub(super) fn place(frames: &BTreeMap<u16, Frame>, grid: Grid, siemens: bool) -> Placement {
    let mut warnings = Vec::new();
    let mut order: Vec<u16> = (0..grid.slices).map_while(|k| k.try_into().ok()).collect();
    let known: Option<Vec<(u16, Frame)>> = frames
        .iter()
        .map(|(&k, f)| Some((k, f.checked()?)))
        .collect();
    let Some((&(_, first), mut known)) = known
        .as_ref()
        .and_then(|all| Some((all.first()?, all.clone())))
    else {
        warnings.push(
            "the file has no usable directions: axes and position of the volume are assumed"
                .to_owned(),
        );
        return Placement {
            order,
            affine_lps_mm: None,
            warnings,
        };
    };
    if known
        .iter()
        .any(|(_, f)| dot(f.slice, first.slice) < 0.9999 || dot(f.read, first.read) < 0.9999)
    {
        warnings.push("the slices are not parallel: the affine is that of the first".to_owned());
    }
    let depth = |f: &Frame| dot(f.position, first.slice);
    if known.len() == grid.slices {
        known.sort_by(|(_, a), (_, b)| depth(a).total_cmp(&depth(b)));
        order = known.iter().map(|&(k, _)| k).collect();
    }
    let column = slice_column(&known, grid, first.slice, &mut warnings);
    let sign = if siemens { -1.0 } else { 1.0 };
    let [ny, nx] = grid.recon;
    let [dy, dx] = grid.pixel_mm;
    let x = first.read.map(|c| sign * dx * c);
    let y = first.phase.map(|c| sign * dy * c);
    // Index 0 of the affine is slice 0, which the file may lack when lines are missing.
    let (k0, start) = known
        .first()
        .map_or((0, first.position), |&(k, f)| (k, f.position));
    let back = if known.len() == grid.slices {
        0.0
    } else {
        f64::from(k0)
    };
    let affine = std::array::from_fn(|a| {
        let corner = (nx / 2) as f64 * x[a] + (ny / 2) as f64 * y[a] + back * column[a];
        [x[a], y[a], column[a], start[a] - corner]
    });
    Placement {
        order,
        affine_lps_mm: Some(affine),
        warnings,
    }
}

/// The step from slice to slice.
fn slice_column(
    known: &[(u16, Frame)],
    grid: Grid,
    normal: Vector,
    warnings: &mut Vec<String>,
) -> Vector {
    let by_thickness = normal.map(|c| c * grid.thickness_mm);
    let ([(k_first, first), .., (k_last, last)], true) = (known, known.len() > 1) else {
        return by_thickness;
    };
    let steps = match known.len() == grid.slices {
        true => (known.len() - 1) as f64,
        false => f64::from(*k_last) - f64::from(*k_first),
    };
    let column: Vector = std::array::from_fn(|a| (last.position[a] - first.position[a]) / steps);
    let length = dot(column, column).sqrt();
    if length < 1e-3 {
        warnings.push(
            "all slices have the same position: they are stacked by their thickness".to_owned(),
        );
        return by_thickness;
    }
    let uneven = known.len() == grid.slices
        && known.windows(2).any(|pair| {
            let step: Vector =
                std::array::from_fn(|a| pair[1].1.position[a] - pair[0].1.position[a]);
            (dot(step, step).sqrt() - length).abs() > (0.01 * length).max(0.01)
        });
    if uneven {
        warnings
            .push("the slices are not evenly spaced: the affine has the mean spacing".to_owned());
    }
    column
}

fn dot(a: Vector, b: Vector) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn cross(a: Vector, b: Vector) -> Vector {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid {
        recon: [7, 10],
        pixel_mm: [2.0, 3.0],
        thickness_mm: 5.0,
        slices: 1,
    };

    fn frame(position: Vector) -> Frame {
        let (c, s) = (0.8, 0.6);
        Frame {
            position,
            read: [c, s, 0.0],
            phase: [-s, c, 0.0],
            slice: [0.0, 0.0, 1.0],
        }
    }

    fn apply(affine: &[[f64; 4]; 3], v: Vector) -> Vector {
        affine.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2] + row[3])
    }

    fn assert_close(a: Vector, b: Vector) {
        assert!(
            a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-9),
            "{a:?} {b:?}"
        );
    }

    #[test]
    fn the_centre_voxel_is_the_position_and_read_leads_along_x() {
        let frames = BTreeMap::from([(0, frame([1.0, 2.0, 3.0]))]);
        let affine = place(&frames, GRID, false).affine_lps_mm.unwrap();
        assert_close(apply(&affine, [5.0, 3.0, 0.0]), [1.0, 2.0, 3.0]);
        assert_close(apply(&affine, [6.0, 3.0, 0.0]), [3.4, 3.8, 3.0]);
        assert_close(apply(&affine, [5.0, 3.0, 1.0]), [1.0, 2.0, 8.0]);
        let affine = place(&frames, GRID, true).affine_lps_mm.unwrap();
        assert_close(apply(&affine, [5.0, 3.0, 0.0]), [1.0, 2.0, 3.0]);
        assert_close(apply(&affine, [6.0, 3.0, 0.0]), [-1.4, 0.2, 3.0]);
    }

    #[test]
    fn slices_are_sorted_by_position_and_spaced_by_it() {
        let z = [4.0, -4.0, 0.0];
        let frames = (0..3)
            .map(|k| (k, frame([0.0, 0.0, z[usize::from(k)]])))
            .collect();
        let placed = place(&frames, Grid { slices: 3, ..GRID }, false);
        assert_eq!(placed.order, [1, 2, 0]);
        let affine = placed.affine_lps_mm.unwrap();
        assert_close(apply(&affine, [5.0, 3.0, 2.0]), [0.0, 0.0, 4.0]);
        assert!(placed.warnings.is_empty());
    }

    #[test]
    fn a_missing_slice_keeps_the_others_in_place() {
        let frames = [1, 3]
            .map(|k| (k, frame([0.0, 0.0, 4.0 * f64::from(k)])))
            .into();
        let placed = place(&frames, Grid { slices: 4, ..GRID }, false);
        assert_eq!(placed.order, [0, 1, 2, 3]);
        assert_close(
            apply(&placed.affine_lps_mm.unwrap(), [5.0, 3.0, 3.0]),
            [0.0, 0.0, 12.0],
        );
    }

    #[test]
    fn useless_directions_are_said() {
        let mut bad = frame([0.0; 3]);
        bad.phase = bad.read;
        let placed = place(&BTreeMap::from([(0, bad)]), GRID, false);
        assert!(placed.affine_lps_mm.is_none() && placed.warnings.len() == 1);
    }
}
