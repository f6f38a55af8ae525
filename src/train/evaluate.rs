//! The denoising error of a prior on held-out images, and its radial spectrum.

use super::Family;
use super::data::{channels, held_out_head, magnitude};
use crate::progress::Progress;
use crate::score::{Denoiser, LevelError};
use ndarray::Array3;
use operators::{Array, Direction, Field, Host, Result, SliceRng, Vector};
use phantoms::Procedural;
use rayon::prelude::*;

/// Images of seeds that no training run uses.
pub struct HeldOut {
    images: Vec<Host<f32>>,
}

/// Training seeds are the user's; this one is kept.
const HELD_OUT_SEED: u64 = 0x4845_4c44_4f55_5421;
/// Rings of the error's spectrum, from the centre of k-space to its corner.
const RINGS: usize = 24;
/// Noise deviations at which a card is measured.
const SIGMAS: [f64; 14] = [
    0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 4.0,
];

impl HeldOut {
    /// The given images, (row, column, channel).
    pub fn of(images: Vec<Array3<f32>>) -> Self {
        let host = |image: Array3<f32>| {
            let (rows, columns, channels) = image.dim();
            let field = if channels == 2 {
                Field::Complex
            } else {
                Field::Real
            };
            Host::new(&[1, rows, columns], field, image.into_iter().collect())
        };
        HeldOut {
            images: images.into_iter().map(host).collect(),
        }
    }

    /// `count` images of `size`² pixels of a family.
    pub fn new(family: Family, count: usize, size: usize) -> Self {
        let procedural = Procedural::new(HELD_OUT_SEED).with_size(size, size);
        let make = |i: usize| match family {
            Family::BrainMr => channels(&procedural.slice(i as u64)),
            Family::MrMagnitude => magnitude(&procedural.slice(i as u64)),
            Family::HeadCt => held_out_head(i, size),
        };
        HeldOut::of((0..count).into_par_iter().map(make).collect())
    }

    /// Images of the caller's, batch 1.
    pub fn given(images: Vec<Host<f32>>) -> Self {
        HeldOut { images }
    }

    /// The images, batch 1.
    pub fn images(&self) -> &[Host<f32>] {
        &self.images
    }
}

/// The noise deviations at which a prior of that range is measured.
pub(super) fn levels_within([least, most]: [f64; 2]) -> Vec<f64> {
    let inside = |sigma: &f64| (least..=most).contains(sigma);
    SIGMAS.iter().copied().filter(inside).collect()
}

/// `E‖D(x + σ n) - x‖²` and its spectrum at each level within `range`.
pub fn evaluate(
    prior: &dyn Denoiser<Host<f32>>,
    range: [f64; 2],
    held_out: &HeldOut,
    progress: &Progress,
) -> Result<Vec<LevelError>> {
    let sigmas = levels_within(range);
    let work = sigmas.len() * held_out.images.len();
    let bar = progress.stage("denoising error", work as u64);
    let mut levels = Vec::new();
    for (level, &sigma) in sigmas.iter().enumerate() {
        let (mut sum, mut reals) = (0.0, 0.0);
        let mut rings = [(0.0, 0.0); RINGS];
        for (i, x0) in held_out.images.iter().enumerate() {
            let mut rng = SliceRng::new(HELD_OUT_SEED, [(i as u32, level as u32)]);
            let mut x = x0.clone();
            x.axpy(&[sigma], &x0.normal_like(&mut rng));
            let error = prior.denoise(&x, sigma)?.minus(x0);
            sum += error.dot(&error)[0];
            reals += Vector::reals(&error) as f64;
            add_rings(&error, &mut rings);
            bar.step();
        }
        let spectrum = rings
            .iter()
            .map(|(s, n)| if *n > 0.0 { s / n } else { 0.0 })
            .collect();
        let relative_error = sum / (reals * sigma * sigma);
        levels.push(LevelError {
            sigma,
            relative_error,
            spectrum,
        });
    }
    bar.finish();
    Ok(levels)
}

/// Adds `|F e|²` per real component to the rings of |k|.
fn add_rings(error: &Host<f32>, rings: &mut [(f64, f64); RINGS]) {
    let sizes = error.sizes();
    let (rows, columns) = (sizes[1], sizes[2]);
    let k = error.fft2(Direction::Forward);
    let reals = error.field().reals();
    for (i, z) in k.reals().chunks(reals).enumerate() {
        let r = operators::state::radius(i / columns, i % columns, rows, columns);
        let ring = (r * std::f64::consts::SQRT_2 * RINGS as f64) as usize;
        let (sum, count) = &mut rings[ring.min(RINGS - 1)];
        *sum += z.iter().map(|z| f64::from(z * z)).sum::<f64>() / reals as f64;
        *count += 1.0;
    }
}
