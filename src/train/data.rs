//! Training images: procedural anatomy, label maps the user names, and crops of them.

use super::TrainConfig;
use crate::io::{IoError, read_volume};
use crate::progress::Progress;
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex32;
use phantoms::Procedural;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Why a training run cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The configuration makes no sense.
    #[error("{0}")]
    Config(String),
    /// A file of the user's.
    #[error(transparent)]
    Io(#[from] crate::io::IoError),
    /// The prior's own file.
    #[error(transparent)]
    Prior(#[from] crate::score::PriorError),
    /// libtorch refused.
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
    /// The loss is not a number.
    #[error(
        "training diverged at step {step}: the loss is {loss}; lower learning_rate \
         (now {rate:.1e}) and start again without the checkpoint"
    )]
    Diverged {
        /// Optimiser step.
        step: usize,
        /// The loss.
        loss: f64,
        /// Learning rate.
        rate: f64,
    },
    /// Ctrl-C.
    #[error("interrupted at step {step}; the same command goes on from {checkpoint}")]
    Interrupted {
        /// Optimiser step.
        step: usize,
        /// Where the state is.
        checkpoint: String,
    },
}

/// The training images, in memory.
pub struct Images {
    slices: Vec<Array2<Complex32>>,
}

impl Images {
    /// Makes the images of a run; the same configuration gives the same images.
    pub fn make(config: &TrainConfig, progress: &Progress) -> Result<Self, TrainError> {
        let from_labels = match &config.labels {
            Some(folder) => Some(Labels::open(folder)?),
            None => None,
        };
        let procedural = Procedural::new(config.seed).with_size(config.size, config.size);
        let bar = progress.stage("training images", config.slices as u64);
        let make = |i: usize| {
            let mut rng = ChaCha8Rng::seed_from_u64(config.seed ^ 0x6c61_6265_6c73);
            rng.set_stream(i as u64);
            let image = match &from_labels {
                Some(labels) if rng.random::<f64>() < config.label_share => {
                    labels.draw(&mut rng, config.size)
                }
                _ => procedural.slice(i as u64),
            };
            bar.step();
            image
        };
        let slices = (0..config.slices).into_par_iter().map(make).collect();
        bar.finish();
        Ok(Images { slices })
    }

    /// Root mean square per real component.
    pub fn deviation(&self) -> f64 {
        let (mut sum, mut count) = (0.0, 0usize);
        for slice in self.slices.iter().take(400) {
            sum += slice.iter().map(|z| f64::from(z.norm_sqr())).sum::<f64>();
            count += 2 * slice.len();
        }
        (sum / count as f64).sqrt()
    }

    /// The largest magnitude, before augmentation.
    pub fn peak(&self) -> f64 {
        let magnitudes = self.slices.iter().flat_map(|s| s.iter().map(|z| z.norm()));
        f64::from(magnitudes.fold(0.0, f32::max))
    }

    /// `batch` augmented crops of `side`², interleaved reals: position, the eight symmetries of
    /// the square, conjugation, a global phase, a mild gamma of the magnitude, scale.
    pub fn crops(&self, batch: usize, side: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let mut out = Vec::with_capacity(batch * side * side * 2);
        for _ in 0..batch {
            let slice = &self.slices[rng.random_range(0..self.slices.len())];
            let (rows, columns) = slice.dim();
            let (y0, x0) = (
                rng.random_range(0..=rows - side),
                rng.random_range(0..=columns - side),
            );
            let change = Change::draw(rng);
            for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
                let (v, u) = change.source(y, x, side);
                let z = change.value(slice[(y0 + v, x0 + u)]);
                out.extend([z.re, z.im]);
            }
        }
        out
    }
}

/// One augmentation.
struct Change {
    transpose: bool,
    flip_y: bool,
    flip_x: bool,
    conjugate: bool,
    gamma: f32,
    factor: Complex32,
}

impl Change {
    fn draw(rng: &mut impl Rng) -> Self {
        let z: f64 = StandardNormal.sample(rng);
        let turn = rng.random::<f32>() * std::f32::consts::TAU;
        Change {
            transpose: rng.random(),
            flip_y: rng.random(),
            flip_x: rng.random(),
            conjugate: rng.random(),
            gamma: (rng.random::<f32>() * 0.6 - 0.3).exp(),
            factor: Complex32::from_polar((-0.05 + 0.2 * z).exp() as f32, turn),
        }
    }

    fn source(&self, y: usize, x: usize, side: usize) -> (usize, usize) {
        let (y, x) = if self.transpose { (x, y) } else { (y, x) };
        let flip = |i: usize, on: bool| if on { side - 1 - i } else { i };
        (flip(y, self.flip_y), flip(x, self.flip_x))
    }

    fn value(&self, z: Complex32) -> Complex32 {
        let r = z.norm();
        let bent = if r > 1e-6 {
            z * r.powf(self.gamma - 1.0)
        } else {
            z
        };
        (if self.conjugate { bent.conj() } else { bent }) * self.factor
    }
}

fn read_labels(path: &Path) -> Result<Array3<u16>, IoError> {
    Ok(read_volume(path)?.data.mapv(|v| v as u16))
}

/// Label maps of whole heads, in a folder.
struct Labels {
    volumes: Vec<Array3<u16>>,
}

impl Labels {
    fn open(folder: &Path) -> Result<Self, TrainError> {
        let fail = |why: String| TrainError::Config(format!("labels {}: {why}", folder.display()));
        let entries = std::fs::read_dir(folder).map_err(|e| fail(e.to_string()))?;
        let is_nifti = |p: &PathBuf| {
            let name = p.to_string_lossy();
            name.ends_with(".nii") || name.ends_with(".nii.gz")
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|e| e.ok().map(|e| e.path()))
            .filter(is_nifti)
            .collect();
        paths.sort();
        if paths.is_empty() {
            return Err(fail(
                "expected label maps (.nii, .nii.gz), found none".into(),
            ));
        }
        let volumes: Result<Vec<_>, _> = paths.par_iter().map(|p| read_labels(p)).collect();
        Ok(Labels { volumes: volumes? })
    }

    /// A random plane of a random volume, drawn with random contrasts. Planes that show little are
    /// drawn again.
    fn draw(&self, rng: &mut ChaCha8Rng, size: usize) -> Array2<Complex32> {
        let mut plane = Array2::zeros((1, 1));
        for _ in 0..20 {
            let volume = &self.volumes[rng.random_range(0..self.volumes.len())];
            let axis = rng.random_range(0..3);
            let n = volume.shape()[axis];
            plane = volume
                .index_axis(Axis(axis), rng.random_range(n / 8..n - n / 8))
                .to_owned();
            let filled = plane.iter().filter(|l| **l != 0).count();
            if filled * 6 > plane.len() {
                break;
            }
        }
        phantoms::from_labels_merged(&plane, &merge_sides, rng, (size, size))
    }
}

/// FreeSurfer's label of the left side for one of the right: both sides have one signal.
fn merge_sides(label: u16) -> u16 {
    match label {
        41..=44 => label - 39,
        46 | 47 => label - 39,
        49..=52 => label - 39,
        53 | 54 => label - 36,
        58 => 26,
        60 => 28,
        62 | 63 => label - 32,
        other => other,
    }
}
