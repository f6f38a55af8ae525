//! From raw k-space to data the operators understand: white, free of oversampling, counted.

use super::{Grid, ReconError};
use crate::io::{KSpaceSource, RawSlice};
use crate::protocol::Preparation;
use ndarray::{Array2, Array3};
use num_complex::Complex32;
use operators::mri::whitening::{Whitening, bandwidth_factor, noise_level};
use std::f64::consts::FRAC_1_SQRT_2;

/// How k-space was made white, and what an image value then means.
#[derive(Debug)]
pub struct Noise {
    /// The whitening matrix and its factor.
    pub whitening: Whitening,
    /// `image value = scale · image of the whitened data` under the unitary transform.
    pub scale: f64,
    /// Deviation of the whitened noise per real component: 1, or `1/√2` without the bandwidth
    /// factor, where whitening gives unit variance per complex sample.
    pub sigma: f64,
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
            let sigma = if preparation.bandwidth_factor {
                1.0
            } else {
                FRAC_1_SQRT_2
            };
            let whitening = Whitening::from_noise(scan.samples.view(), factor)?;
            let rule = format!("noise scan, covariance in f64; {words}");
            return Ok(Noise {
                whitening,
                scale: 1.0,
                sigma,
                rule,
                estimated: false,
            });
        }
        let (level, rule, estimated) = match preparation.noise_std {
            Some(level) => (level, "preparation.noise_std".to_owned(), false),
            None => {
                let middle = source.header().slices / 2;
                let slice = source.slice(middle)?;
                // A mean of a averages is quieter by √a: undone, so that the level is that of one.
                let averages = grid.thin(&slice.averages);
                let mut k = grid.remove_oversampling(&slice.imaging);
                for mut coil in k.outer_iter_mut() {
                    coil.zip_mut_with(&averages, |z, a| *z *= a.sqrt());
                }
                let sampled = averages.mapv(|a| a > 0.0);
                let level = noise_level(k.view(), sampled.view())?;
                let rule = format!(
                    "no noise scan was used: one level for all coils, from the median of |k|² \
                     over the outermost 5 % of the samples of slice {middle}"
                );
                (level, rule, true)
            }
        };
        Ok(Noise {
            whitening: Whitening::identity(coils, level)?,
            scale: level,
            sigma: 1.0,
            rule,
            estimated,
        })
    }
}

/// One slice, ready for the operators; arrays are (coil, y, x), means over averages, white.
#[derive(Clone)]
pub struct Prepared {
    /// Imaging lines alone.
    pub imaging: Array3<Complex32>,
    /// Imaging and calibration lines: what sensitivities are made of.
    pub k_space: Array3<Complex32>,
    /// Where `k_space` was sampled.
    pub sampled: Array2<bool>,
    /// How often each sample that the likelihood sees was measured: those of `k_space`, or of
    /// `imaging` where the calibration-only lines are of another frame.
    pub averages: Array2<f32>,
    borrowed: bool,
}

impl Prepared {
    /// Whitens a raw slice and removes its readout oversampling.
    pub fn new(raw: &RawSlice, noise: &Noise, grid: &Grid) -> Result<Self, ReconError> {
        let white = |k: &Array3<Complex32>| -> Result<Array3<Complex32>, ReconError> {
            let mut k = grid.remove_oversampling(k);
            noise.whitening.apply(&mut k)?;
            Ok(k)
        };
        let all = grid.thin(&raw.calibration_averages);
        Ok(Prepared {
            imaging: white(&raw.imaging)?,
            k_space: white(&raw.calibration)?,
            sampled: all.mapv(|a| a > 0.0),
            averages: if raw.borrowed {
                grid.thin(&raw.averages)
            } else {
                all
            },
            borrowed: raw.borrowed,
        })
    }

    /// The same without some of the samples.
    pub(super) fn without(&self, held: &Array2<bool>) -> Self {
        let mut rest = self.clone();
        let blank = |k: &mut Array3<Complex32>| {
            for mut coil in k.outer_iter_mut() {
                coil.zip_mut_with(held, |z, held| {
                    *z = if *held { Complex32::ZERO } else { *z }
                });
            }
        };
        blank(&mut rest.imaging);
        blank(&mut rest.k_space);
        rest.sampled.zip_mut_with(held, |s, held| *s &= !held);
        let averages = &mut rest.averages;
        averages.zip_mut_with(held, |a, held| *a = if *held { 0.0 } else { *a });
        rest
    }

    /// What was measured of this frame: what the likelihood sees and zero-filling shows.
    pub fn measured(&self) -> &Array3<Complex32> {
        if self.borrowed {
            &self.imaging
        } else {
            &self.k_space
        }
    }
}
