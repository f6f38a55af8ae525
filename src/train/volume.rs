//! One volume of the user's in units of the prior, and images from its planes.

use super::Family;
use super::data::{TrainError, channels};
use crate::io::{IoError, Pixels, Stack, read_stack};
use ndarray::{Array2, Array3, ArrayView2, Axis, s};
use num_complex::Complex32;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::path::Path;

/// Value of air in units of a CT prior.
const AIR: f32 = -1.0;
/// Spacings that differ by no more than this make planes of all three orientations.
const NEARLY_CUBIC: f64 = 1.3;
/// Fewer slices than this give no planes across them.
const FEW_SLICES: usize = 32;
/// What counts as signal, in units of the prior above air.
const SIGNAL: f32 = 0.1;

/// Which slices of a volume.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    All,
    /// Those before this share of the signal.
    Before(f64),
    /// The others.
    After(f64),
}

/// A volume in units of the prior, air being 0 here also in CT.
pub(super) struct Volume {
    data: Array3<Complex32>,
    complex: bool,
    /// Slices in use.
    slices: Range<usize>,
    /// Axes that planes may lie across.
    axes: usize,
    family: Family,
}

impl Volume {
    pub(super) fn read(path: &Path, part: Part, family: Family) -> Result<Self, TrainError> {
        let stack = read_stack(path)?;
        let cubic = nearly_cubic(&stack);
        let complex = matches!(stack.pixels, Pixels::Complex(_));
        let data = match family.unit_hu() {
            Some(unit) => hounsfield(path, stack.pixels, unit as f32)?,
            None => magnitude_one(path, stack.pixels)?,
        };
        let slices = slices_of(part, &data);
        let axes = if cubic && slices.len() >= FEW_SLICES {
            3
        } else {
            1
        };
        Ok(Volume {
            data,
            complex,
            slices,
            axes,
            family,
        })
    }

    /// A random plane, deformed.
    pub(super) fn image(&self, rng: &mut ChaCha8Rng, size: usize) -> Array3<f32> {
        let mut plane = self.random_plane(rng);
        for _ in 0..20 {
            if shows_enough(plane) {
                break;
            }
            plane = self.random_plane(rng);
        }
        let image = phantoms::deformed(&plane.to_owned(), rng, (size, size));
        self.finished(image, rng)
    }

    fn random_plane(&self, rng: &mut ChaCha8Rng) -> ArrayView2<'_, Complex32> {
        let axis = rng.random_range(0..self.axes);
        let used = self.data.slice(s![self.slices.clone(), .., ..]);
        let index = rng.random_range(0..used.shape()[axis]);
        used.index_axis_move(Axis(axis), index)
    }

    /// Section `i` of `of`, evenly spaced in the slices in use, in the middle of `size`².
    pub(super) fn section(
        &self,
        i: usize,
        of: usize,
        size: usize,
        rng: &mut ChaCha8Rng,
    ) -> Array3<f32> {
        let used = self.data.slice(s![self.slices.clone(), .., ..]);
        let filled: Vec<usize> = (0..used.shape()[0])
            .filter(|&k| shows_enough(used.index_axis(Axis(0), k)))
            .collect();
        let at = match filled.is_empty() {
            true => (2 * i + 1) * used.shape()[0] / (2 * of),
            false => filled[(2 * i + 1) * filled.len() / (2 * of)],
        };
        let plane = used.index_axis(Axis(0), at);
        let (rows, columns) = plane.dim();
        let image = Array2::from_shape_fn((size, size), |(y, x)| {
            let (v, u) = (y + rows / 2, x + columns / 2);
            let inside = v.checked_sub(size / 2).zip(u.checked_sub(size / 2));
            inside
                .and_then(|at| plane.get(at))
                .copied()
                .unwrap_or_default()
        });
        self.finished(image, rng)
    }

    /// The channels of the family.
    fn finished(&self, image: Array2<Complex32>, rng: &mut ChaCha8Rng) -> Array3<f32> {
        match self.family {
            Family::HeadCt => image.mapv(|z| z.re + AIR).insert_axis(Axis(2)),
            Family::MrMagnitude if self.complex => image.mapv(|z| z.norm()).insert_axis(Axis(2)),
            Family::MrMagnitude => image.mapv(|z| z.re.max(0.0)).insert_axis(Axis(2)),
            Family::BrainMr if self.complex => channels(&image),
            Family::BrainMr => {
                let phase = phantoms::drawn_phase(rng, image.dim());
                channels(&(image * phase))
            }
        }
    }
}

fn nearly_cubic(stack: &Stack) -> bool {
    let spacing = stack.spacing_mm();
    let (least, most) = spacing
        .iter()
        .fold((f64::MAX, 0.0f64), |(l, m), v| (l.min(*v), m.max(*v)));
    most <= NEARLY_CUBIC * least && stack.shape()[0] >= FEW_SLICES
}

/// HU over the unit, above air; what is no number is air.
fn hounsfield(path: &Path, pixels: Pixels, unit: f32) -> Result<Array3<Complex32>, TrainError> {
    match pixels {
        Pixels::Real(hu) => Ok(hu.mapv(|v| {
            let value = if v.is_finite() { v / unit - AIR } else { 0.0 };
            Complex32::new(value, 0.0)
        })),
        Pixels::Complex(_) => {
            let remedy = "use family = \"brain-mr\" for complex images";
            Err(IoError::new(path, "CT images in HU", "complex numbers", remedy).into())
        }
    }
}

/// Divided by the 99.5 % quantile of the magnitude; what is no number is 0.
fn magnitude_one(path: &Path, pixels: Pixels) -> Result<Array3<Complex32>, TrainError> {
    let mut data = match pixels {
        Pixels::Real(values) => values.mapv(|v| Complex32::new(v.abs(), 0.0)),
        Pixels::Complex(values) => values,
    };
    data.mapv_inplace(|z| if z.is_finite() { z } else { Complex32::ZERO });
    let mut squares: Vec<f32> = data.iter().map(|z| z.norm_sqr()).collect();
    let rank = ((squares.len() - 1) as f64 * 0.995) as usize;
    let level = squares
        .select_nth_unstable_by(rank, f32::total_cmp)
        .1
        .sqrt();
    if level <= 0.0 {
        let found = "zeros in 99.5 % of the voxels";
        let remedy = "take the volume away from `volumes`, or cut it to what it shows";
        return Err(IoError::new(path, "an image with signal", found, remedy).into());
    }
    data.mapv_inplace(|z| z / level);
    Ok(data)
}

/// The slices of a part: a share of the signal lies before the cut.
fn slices_of(part: Part, data: &Array3<Complex32>) -> Range<usize> {
    let slices = data.shape()[0];
    let (share, before) = match part {
        Part::All => return 0..slices,
        Part::Before(share) => (share, true),
        Part::After(share) => (share, false),
    };
    let signal: Vec<f64> = data
        .outer_iter()
        .map(|slice| slice.iter().map(|z| f64::from(z.norm())).sum())
        .collect();
    let wanted = share * signal.iter().sum::<f64>();
    let mut sum = 0.0;
    let cut = signal.iter().take_while(|s| {
        sum += **s;
        sum <= wanted
    });
    // Both parts have a slice where there are two.
    let cut = cut.count().clamp(1, slices.saturating_sub(1).max(1));
    if before {
        0..cut
    } else {
        cut.min(slices - 1)..slices
    }
}

/// Whether at least an eighth of the plane has a signal.
fn shows_enough(plane: ArrayView2<Complex32>) -> bool {
    let filled = plane.iter().filter(|z| z.norm() > SIGNAL).count();
    filled * 8 > plane.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slice k has k + 1 in every pixel.
    fn ramp(slices: usize) -> Array3<Complex32> {
        Array3::from_shape_fn((slices, 3, 4), |(k, _, _)| {
            Complex32::new(k as f32 + 1.0, 0.0)
        })
    }

    #[test]
    fn the_parts_of_a_volume_share_no_slice() {
        // Signal 1 + 2 + ... + 10 = 55: 45 lie before slice 9.
        let (before, after) = (Part::Before(0.82), Part::After(0.82));
        assert_eq!(slices_of(before, &ramp(10)), 0..9);
        assert_eq!(slices_of(after, &ramp(10)), 9..10);
        for slices in 2..8 {
            let (a, b) = (
                slices_of(before, &ramp(slices)),
                slices_of(after, &ramp(slices)),
            );
            assert!(a.end == b.start && !a.is_empty() && !b.is_empty());
        }
        assert_eq!(slices_of(Part::All, &ramp(3)), 0..3);
    }

    #[test]
    fn the_quantile_of_the_magnitude_becomes_one() {
        let values = Array3::from_shape_fn((1, 10, 100), |(_, y, x)| -((100 * y + x) as f32));
        let path = Path::new("a.nii");
        let scaled = magnitude_one(path, Pixels::Real(values)).unwrap();
        assert!((scaled[(0, 9, 94)].re - 1.0).abs() < 1e-6);
        let mut holes = Array3::from_elem((1, 4, 4), f32::NAN);
        assert!(magnitude_one(path, Pixels::Real(holes.clone())).is_err());
        holes.slice_mut(s![0, 0..2, ..]).fill(3.0);
        let scaled = magnitude_one(path, Pixels::Real(holes)).unwrap();
        assert_eq!((scaled[(0, 0, 0)].re, scaled[(0, 3, 0)].re), (1.0, 0.0));
    }

    #[test]
    fn a_section_lies_in_the_middle_and_complex_images_keep_their_phase() {
        let data = Array3::from_elem((1, 6, 8), Complex32::new(0.0, 1.0));
        let volume = Volume {
            data,
            complex: true,
            slices: 0..1,
            axes: 1,
            family: Family::BrainMr,
        };
        let mut rng = rand::SeedableRng::seed_from_u64(1);
        let image = volume.section(0, 1, 12, &mut rng);
        assert_eq!(image.dim(), (12, 12, 2));
        let inside = image.indexed_iter().filter(|(_, v)| **v == 1.0);
        let rows: Vec<_> = inside.map(|((y, x, c), _)| (y, x, c)).collect();
        assert_eq!((rows.len(), rows[0], rows[47]), (48, (3, 2, 1), (8, 9, 1)));
        assert!(!volume.image(&mut rng, 12).iter().any(|v| v.is_nan()));
    }
}
