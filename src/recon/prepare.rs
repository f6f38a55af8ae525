//! From raw k-space to data the operators understand: white, free of oversampling, counted.

use super::{Grid, ReconError};
use crate::io::{KSpaceSource, RawSlice};
use crate::protocol::Preparation;
use ndarray::{Array2, Array3};
use num_complex::Complex32;
use operators::mri::whitening::{Whitening, bandwidth_factor, noise_level};

/// How k-space was made white, and what an image value then means.
#[derive(Debug)]
pub struct Noise {
    /// The whitening matrix and its factor.
    pub whitening: Whitening,
    /// `image value = scale · image of the whitened data` under the unitary transform.
    pub scale: f64,
    /// In words: the rule that gave it.
    pub rule: String,
    /// Whether the level is an estimate from the data themselves.
    pub estimated: bool,
}

impl Noise {
    /// From the noise scan where there is one (and `whiten` is on), from the user's number, or
    /// from the outermost samples of the middle slice.
    pub fn find(
        source: &mut dyn KSpaceSource,
        preparation: &Preparation,
        grid: &Grid,
    ) -> Result<Self, ReconError> {
        let coils = source.header().coils;
        if let (Some(scan), true) = (source.noise(), preparation.whiten) {
            let header = source.header();
            let dwell = (header.dwell_us, scan.dwell_us);
            let (factor, words) = match (preparation.bandwidth_factor, dwell) {
                (true, (Some(line), Some(noise))) => (
                    bandwidth_factor(line, noise, header.relative_noise_bandwidth),
                    format!(
                        "unit variance per real component by the bandwidth factor of dwell times \
                         {line} and {noise} us and relative bandwidth {}",
                        header.relative_noise_bandwidth
                    ),
                ),
                (true, _) => (
                    operators::mri::whitening::unit_variance_factor(),
                    "unit variance per real component; no dwell times, so no bandwidth factor"
                        .into(),
                ),
                (false, _) => (
                    1.0,
                    "unit variance per complex sample of the noise scan".into(),
                ),
            };
            let whitening = Whitening::from_noise(scan.samples.view(), factor)?;
            let rule = format!("noise scan, covariance in f64; {words}");
            return Ok(Noise {
                whitening,
                scale: 1.0,
                rule,
                estimated: false,
            });
        }
        let (sigma, rule, estimated) = match preparation.noise_std {
            Some(sigma) => (sigma, "preparation.noise_std".to_owned(), false),
            None => {
                let middle = source.header().slices / 2;
                let slice = source.slice(middle)?;
                let k = grid.remove_oversampling(&slice.imaging);
                let sampled = grid.thin(&slice.averages).mapv(|a| a > 0.0);
                let sigma = noise_level(k.view(), sampled.view())?;
                let rule = format!(
                    "no noise scan was used: one level for all coils, from the median of |k|² \
                     over the outermost 5 % of the samples of slice {middle}"
                );
                (sigma, rule, true)
            }
        };
        Ok(Noise {
            whitening: Whitening::identity(coils, sigma)?,
            scale: sigma,
            rule,
            estimated,
        })
    }
}

/// One slice, ready for the operators.
pub struct Prepared {
    /// Whitened imaging lines alone, (coil, y, x), mean over averages.
    pub imaging: Array3<Complex32>,
    /// Whitened imaging and calibration lines.
    pub k_space: Array3<Complex32>,
    /// How often each sample of `k_space` was measured.
    pub averages: Array2<f32>,
}

impl Prepared {
    /// Whitens a raw slice and removes its readout oversampling.
    pub fn new(raw: &RawSlice, noise: &Noise, grid: &Grid) -> Result<Self, ReconError> {
        let white = |k: &Array3<Complex32>| -> Result<Array3<Complex32>, ReconError> {
            let mut k = grid.remove_oversampling(k);
            noise.whitening.apply(&mut k)?;
            Ok(k)
        };
        Ok(Prepared {
            imaging: white(&raw.imaging)?,
            k_space: white(&raw.calibration)?,
            averages: grid.thin(&raw.calibration_averages),
        })
    }

    /// Where anything was sampled.
    pub fn sampled(&self) -> Array2<bool> {
        self.averages.mapv(|a| a > 0.0)
    }
}
