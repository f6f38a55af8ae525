//! Training images: procedural anatomy, label maps the user names, and crops of them.

use super::augment::{Symmetry, Tone};
use super::labels::Labels;
use super::volumes::Volumes;
use super::{Family, TrainConfig};
use crate::progress::Progress;
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex32;
use phantoms::ct::{CtGrid, HeadCt};
use phantoms::{Procedural, Texture};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

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
    /// The network is far worse than none, or not a number.
    #[error(
        "training diverged at step {step}: its crops have a loss of {loss:.3e}, without a network {zero:.3}; {remedy}"
    )]
    Diverged {
        /// Optimiser step.
        step: usize,
        /// The loss.
        loss: f64,
        /// The loss of an output of zero.
        zero: f64,
        /// What to change.
        remedy: String,
    },
    /// The samples of the averaged network could not be drawn.
    #[error("samples of the prior: {0}; sample_images = 0 leaves them out")]
    Samples(String),
    /// Ctrl-C.
    #[error("interrupted at step {step}; the same command goes on from {checkpoint}")]
    Interrupted {
        /// Optimiser step.
        step: usize,
        /// Where the state is.
        checkpoint: String,
    },
}

/// The training images, in memory, in units of the prior.
pub struct Images {
    /// (row, column, channel).
    slices: Vec<Array3<f32>>,
    family: Family,
}

impl Images {
    /// Makes the images of a run; the same configuration gives the same images. `drawing` counts how
    /// often they have been drawn before.
    pub fn make(
        config: &TrainConfig,
        drawing: usize,
        progress: &Progress,
    ) -> Result<Self, TrainError> {
        let bar = progress.stage("training images", config.slices as u64);
        let first = drawing * config.slices;
        let volumes = Volumes::open(config)?;
        let draw = draw_of(config)?;
        let of_volume =
            |i: &usize| volumes.is_some() && in_share(config, VOLUME, *i, config.volume_share);
        let (from_volumes, others): (Vec<usize>, Vec<usize>) =
            (first..first + config.slices).partition(of_volume);
        let mut images = match &volumes {
            Some(volumes) => {
                volumes.draw(&from_volumes, config.seed, config.size, &|| bar.step())?
            }
            None => Vec::new(),
        };
        images.par_extend(others.into_par_iter().map(|i| {
            let image = draw(i);
            bar.step();
            (i, image)
        }));
        images.sort_by_key(|(i, _)| *i);
        bar.finish();
        let family = config.family;
        let slices = images.into_iter().map(|(_, image)| image).collect();
        Ok(Images { slices, family })
    }

    /// None: nothing can be trained on them.
    pub fn none(family: Family) -> Self {
        Images {
            slices: Vec::new(),
            family,
        }
    }

    /// Root mean square per real component.
    pub fn deviation(&self) -> f64 {
        let (mut sum, mut count) = (0.0, 0usize);
        for slice in self.slices.iter().take(400) {
            sum += slice.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
            count += slice.len();
        }
        (sum / count as f64).sqrt()
    }

    /// Smallest and largest value before augmentation: of the magnitude of complex images.
    pub fn range(&self) -> [f64; 2] {
        let pixels = self.slices.iter().flat_map(|s| s.rows());
        let values = pixels.map(|p| match self.family.channels() {
            2 => p[0].hypot(p[1]),
            _ => p[0],
        });
        let bounds = values.fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
        [f64::from(bounds.0), f64::from(bounds.1)]
    }

    /// `batch` augmented crops of `side`², interleaved reals.
    pub fn crops(&self, batch: usize, side: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let mut out = Vec::with_capacity(batch * side * side * self.family.channels());
        for _ in 0..batch {
            let slice = &self.slices[rng.random_range(0..self.slices.len())];
            let (rows, columns, _) = slice.dim();
            let (y0, x0) = (
                rng.random_range(0..=rows - side),
                rng.random_range(0..=columns - side),
            );
            let symmetry = Symmetry::draw(rng);
            let tone = Tone::draw(rng);
            for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
                let (v, u) = symmetry.source(y, x, side);
                let at = |channel: usize| slice[(y0 + v, x0 + u, channel)];
                match self.family {
                    Family::BrainMr => {
                        let z = tone.value(Complex32::new(at(0), at(1)));
                        out.extend([z.re, z.im]);
                    }
                    Family::MrMagnitude => {
                        out.push(tone.value(Complex32::new(at(0), 0.0)).norm());
                    }
                    Family::HeadCt => out.push(at(0)),
                }
            }
        }
        out
    }
}

/// One image of a family by its index.
type Draw = Box<dyn Fn(usize) -> Array3<f32> + Sync>;

fn draw_of(config: &TrainConfig) -> Result<Draw, TrainError> {
    match config.family {
        Family::HeadCt => head_ct(config),
        Family::BrainMr => {
            let draw = mr(config)?;
            Ok(Box::new(move |i| channels(&draw(i))))
        }
        Family::MrMagnitude => {
            let draw = mr(config)?;
            Ok(Box::new(move |i| magnitude(&draw(i))))
        }
    }
}

/// Seeds of the choices that an image is, beside the run's.
const VOLUME: u64 = 0x0077_6869_6368;
const GRAIN: u64 = 0x6772_6169_6e73;

/// Whether image `i` belongs to a share of the images.
fn in_share(config: &TrainConfig, choice: u64, i: usize, share: f64) -> bool {
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed ^ choice);
    rng.set_stream(i as u64);
    rng.random::<f64>() < share
}

/// One complex image by its index.
type DrawMr = Box<dyn Fn(usize) -> Array2<Complex32> + Sync>;

fn mr(config: &TrainConfig) -> Result<DrawMr, TrainError> {
    let from_labels = match &config.labels {
        Some(folder) => Some(Labels::open(folder)?),
        None => None,
    };
    let procedural = Procedural::new(config.seed).with_size(config.size, config.size);
    let (seed, share, size) = (config.seed, config.label_share, config.size);
    let choices = config.clone();
    Ok(Box::new(move |i: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x6c61_6265_6c73);
        rng.set_stream(i as u64);
        let texture = match in_share(&choices, GRAIN, i, choices.rich_texture) {
            true => Texture::Rich,
            false => Texture::Plain,
        };
        match &from_labels {
            Some(labels) if rng.random::<f64>() < share => labels.draw(&mut rng, texture, size),
            _ => procedural.with_texture(texture).slice(i as u64),
        }
    }))
}

/// Real and imaginary part as channels.
pub(super) fn channels(image: &Array2<Complex32>) -> Array3<f32> {
    let (rows, columns) = image.dim();
    Array3::from_shape_fn((rows, columns, 2), |(y, x, c)| {
        let z = image[(y, x)];
        if c == 0 { z.re } else { z.im }
    })
}

/// The magnitude as the one channel.
pub(super) fn magnitude(image: &Array2<Complex32>) -> Array3<f32> {
    image.mapv(|z| z.norm()).insert_axis(Axis(2))
}

fn head_ct(config: &TrainConfig) -> Result<Draw, TrainError> {
    let heads = HeadCt::training(config.seed);
    let (seed, size, [small, large]) = (config.seed, config.size, config.pixel_mm);
    // Refuses a size that makes no grid before any image is drawn.
    CtGrid::new(size, size, large).map_err(|e| TrainError::Config(e.to_string()))?;
    Ok(Box::new(move |i: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x7069_7865_6c73);
        rng.set_stream(i as u64);
        let pixel_mm = small + (large - small) * rng.random::<f64>();
        head(&heads, i, size, pixel_mm)
    }))
}

/// A head of the subjects that no training image is made of.
pub(super) fn held_out_head(index: usize, size: usize) -> Array3<f32> {
    head(&HeadCt::held_out(1), index, size, HELD_OUT_PIXEL_MM)
}

/// Pixel of the images on which a prior of CT is measured.
const HELD_OUT_PIXEL_MM: f64 = 1.2;

/// A head in units of the prior.
fn head(heads: &HeadCt, index: usize, size: usize, pixel_mm: f64) -> Array3<f32> {
    let grid = CtGrid::new(size, size, pixel_mm).expect("checked by the caller");
    let unit = Family::HeadCt.unit_hu().expect("CT has a unit") as f32;
    let hu = heads.slice(index as u64, &grid);
    hu.mapv(|v| v / unit).insert_axis(Axis(2))
}
