//! Training images from the user's own volumes, and the part of them that is kept for validation.

use super::data::{TrainError, channels};
use super::{Family, TrainConfig};
use crate::io::{IoError, Pixels, Stack, find_stacks, read_stack};
use ndarray::{Array2, Array3, ArrayView2, Axis, s};
use num_complex::Complex32;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Value of air in units of a CT prior.
const AIR: f32 = -1.0;
/// Spacings that differ by no more than this make planes of all three orientations.
const NEARLY_CUBIC: f64 = 1.3;
/// Fewer slices than this give no planes across them.
const FEW_SLICES: usize = 32;
/// What counts as signal, in units of the prior above air.
const SIGNAL: f32 = 0.1;

/// The volumes of a run, split into training and validation.
pub(super) struct Volumes {
    family: Family,
    training: Vec<Source>,
    held_out: Vec<Source>,
}

/// One stack and the part of it that is used.
#[derive(Clone, Debug, PartialEq)]
struct Source {
    path: PathBuf,
    part: Part,
}

/// Which slices of a volume.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    All,
    /// Those before this share of the signal.
    Before(f64),
    /// The others.
    After(f64),
}

impl Volumes {
    /// Finds the volumes that the configuration names; none where it names none.
    ///
    /// The last ones are kept for validation, at least one; of a single volume its last slices.
    pub(super) fn open(config: &TrainConfig) -> Result<Option<Self>, TrainError> {
        if config.volumes.is_empty() {
            return Ok(None);
        }
        let mut found = Vec::new();
        for path in &config.volumes {
            let here = find_stacks(path)?;
            if here.is_empty() {
                let expected = "training volumes: DICOM, NIfTI, HDF5 or npy files, also in folders within";
                let remedy = "name a folder that holds some under `volumes`, or remove the key to train \
                              on phantoms alone";
                return Err(IoError::new(path, expected, "none", remedy).into());
            }
            found.extend(here);
        }
        let (training, held_out) = split(found, config.validation_share);
        let family = config.family;
        Ok(Some(Volumes { family, training, held_out }))
    }

    /// What is trained on and what is kept back, in words.
    pub(super) fn words(&self) -> String {
        let (training, held_out) = (self.training.len(), self.held_out.len());
        if self.training.iter().any(|s| s.part != Part::All) {
            return "one volume, its last slices kept for validation".into();
        }
        match held_out {
            0 => format!("{training} volumes, none kept for validation"),
            _ => format!("{training} volumes, {held_out} more kept for validation"),
        }
    }

    /// Whether anything was kept back.
    pub(super) fn keeps_some(&self) -> bool {
        !self.held_out.is_empty()
    }

    /// The images of the given indices, volume by volume, so that few are in memory at once.
    pub(super) fn draw(
        &self,
        indices: &[usize],
        seed: u64,
        size: usize,
        done: &(dyn Fn() + Sync),
    ) -> Result<Vec<(usize, Array3<f32>)>, TrainError> {
        let mut by_volume: BTreeMap<usize, Vec<(usize, ChaCha8Rng)>> = BTreeMap::new();
        for &i in indices {
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x766f_6c75_6d65);
            rng.set_stream(i as u64);
            let volume = rng.random_range(0..self.training.len());
            by_volume.entry(volume).or_default().push((i, rng));
        }
        let of_volume = |(volume, jobs): (usize, Vec<(usize, ChaCha8Rng)>)| {
            let volume = Volume::read(&self.training[volume], self.family)?;
            let images = jobs.into_par_iter().map(|(i, mut rng)| {
                let image = volume.image(&mut rng, size);
                done();
                (i, image)
            });
            Ok(images.collect::<Vec<_>>())
        };
        let drawn: Result<Vec<_>, TrainError> = by_volume.into_par_iter().map(of_volume).collect();
        Ok(drawn?.into_iter().flatten().collect())
    }

    /// `count` sections of the volumes that were kept back, as they are, cut or padded to `size`²;
    /// complex families get a drawn phase.
    pub(super) fn held_out(&self, count: usize, size: usize) -> Result<Vec<Array3<f32>>, TrainError> {
        let mut images = Vec::new();
        for (v, source) in self.held_out.iter().enumerate() {
            let volume = Volume::read(source, self.family)?;
            let here = count / self.held_out.len() + usize::from(v < count % self.held_out.len());
            for i in 0..here {
                let mut rng = ChaCha8Rng::seed_from_u64(0x76_616c_6964);
                rng.set_stream(images.len() as u64);
                images.push(volume.section(i, here, size, &mut rng));
            }
        }
        Ok(images)
    }
}

/// Training and validation: whole volumes, or the two ends of a single one.
fn split(found: Vec<PathBuf>, share: f64) -> (Vec<Source>, Vec<Source>) {
    let source = |path: &PathBuf, part| Source { path: path.clone(), part };
    let all = |paths: &[PathBuf]| paths.iter().map(|p| source(p, Part::All)).collect();
    match found.as_slice() {
        paths if share == 0.0 => (all(paths), Vec::new()),
        [only] => (
            vec![source(only, Part::Before(1.0 - share))],
            vec![source(only, Part::After(1.0 - share))],
        ),
        paths => {
            let kept = ((share * paths.len() as f64).round() as usize).clamp(1, paths.len() - 1);
            let (training, held_out) = paths.split_at(paths.len() - kept);
            (all(training), all(held_out))
        }
    }
}

/// A volume in units of the prior, air being 0 here also in CT.
struct Volume {
    data: Array3<Complex32>,
    complex: bool,
    /// Slices in use.
    slices: Range<usize>,
    /// Axes that planes may lie across.
    axes: usize,
    family: Family,
}

impl Volume {
    fn read(source: &Source, family: Family) -> Result<Self, TrainError> {
        let stack = read_stack(&source.path)?;
        let cubic = nearly_cubic(&stack);
        let complex = matches!(stack.pixels, Pixels::Complex(_));
        let data = match family.unit_hu() {
            Some(unit) => hounsfield(&source.path, stack.pixels, unit as f32)?,
            None => magnitude_one(&source.path, stack.pixels)?,
        };
        let slices = slices_of(source.part, &data);
        let axes = if cubic && slices.len() >= FEW_SLICES { 3 } else { 1 };
        Ok(Volume { data, complex, slices, axes, family })
    }

    /// A random plane, deformed.
    fn image(&self, rng: &mut ChaCha8Rng, size: usize) -> Array3<f32> {
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
    fn section(&self, i: usize, of: usize, size: usize, rng: &mut ChaCha8Rng) -> Array3<f32> {
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
            inside.and_then(|at| plane.get(at)).copied().unwrap_or_default()
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
    let level = squares.select_nth_unstable_by(rank, f32::total_cmp).1.sqrt();
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
    if before { 0..cut } else { cut.min(slices - 1)..slices }
}

/// Whether at least an eighth of the plane has a signal.
fn shows_enough(plane: ArrayView2<Complex32>) -> bool {
    let filled = plane.iter().filter(|z| z.norm() > SIGNAL).count();
    filled * 8 > plane.len()
}
