//! A stationary Gaussian prior seen through a sampled Fourier transform: everything is known mode by
//! mode.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::toolkit::Image;
use super::sampled::Sampled;
use crate::guidance::{Guidance, Measurement, NormalSpectrum, SpectralData};
use crate::score::{Schedule, StationaryGaussian};
use operators::likelihood::{Gaussian, Likelihood};
use operators::mri::Unsampled;
use operators::{Array, Direction, Field, Host, LinearOperator, SliceRng, Vector};

/// Levels of noise begin here, or at six deviations of the prior's strongest mode.
const SIGMA_MAX: f64 = 80.0;

/// Several problems of one kind, each with its own truth and data.
pub(super) struct Setting {
    pub prior: StationaryGaussian,
    pub size: usize,
    pub sigma_y: f64,
    /// Mode by mode, row by row.
    pub observed: Vec<bool>,
    pub radius: Vec<f64>,
    /// Truths, one an item.
    pub truth: Image,
    /// Their data, one an item.
    pub y: Image,
    a: Box<dyn LinearOperator<Image>>,
    mask: Image,
    /// How strongly the data hold each frequency, as `recon` tells the samplers.
    normal: NormalSpectrum,
}

impl Setting {
    /// Every fourth line and the central 8 %, noise of deviation σ_y.
    pub fn masked(
        bench: &Bench<'_>,
        prior: StationaryGaussian,
        size: usize,
        sigma_y: f64,
        problems: u32,
    ) -> Result<Self, Failure> {
        let centred = |i: usize| i as f64 - (size / 2) as f64;
        let taken = |x: usize| x.is_multiple_of(4) || centred(x).abs() < 0.04 * size as f64;
        Self::new(bench, prior, size, sigma_y, problems, &taken)
    }

    /// With the columns of k-space that are `taken`.
    pub fn new(
        bench: &Bench<'_>,
        prior: StationaryGaussian,
        size: usize,
        sigma_y: f64,
        problems: u32,
        taken: &dyn Fn(usize) -> bool,
    ) -> Result<Self, Failure> {
        let centred = |i: usize| i as f64 - (size / 2) as f64;
        let modes = || (0..size).flat_map(|y| (0..size).map(move |x| (y, x)));
        let radius = modes()
            .map(|(y, x)| centred(y).hypot(centred(x)) / size as f64)
            .collect();
        let observed: Vec<bool> = modes().map(|(_, x)| taken(x)).collect();
        let weights: Vec<f64> = observed.iter().map(|o| f64::from(u8::from(*o))).collect();
        let mask = Host::new(&[1, size, size], Field::Real, weights);
        let one = Host::new(
            &[1, 1, size, size],
            Field::Complex,
            [1.0, 0.0].repeat(size * size),
        );
        let normal = NormalSpectrum::of_scan(&one, &mask, sigma_y)?;
        let a = bench.toolkit.sense(one, mask.clone())?;
        let blank = Host::zeros(&[problems as usize, size, size], Field::Complex);
        let mut rng = SliceRng::samples(bench.seed ^ 0x7472_7574_6800, 0, problems);
        let truth = prior.draw(&blank, &mut rng);
        let z = a.forward(&truth)?;
        let noise = Gaussian::new(z.zeros_like(), sigma_y, mask.clone())?;
        let mut rng = SliceRng::samples(bench.seed ^ 0x6e6f_6973_6500, 0, problems);
        let y = noise.simulate(&z, &mut rng)?;
        Ok(Setting {
            prior,
            size,
            sigma_y,
            observed,
            radius,
            truth,
            y,
            a,
            mask,
            normal,
        })
    }

    /// Noise levels down to a fifth of the data's.
    pub fn schedule(&self, levels: usize) -> Schedule {
        let strongest = self.prior.spectrum(0.0).sqrt();
        Schedule::karras(
            levels,
            self.sigma_y / 5.0,
            SIGMA_MAX.min(6.0 * strongest),
            7.0,
        )
    }

    /// `samples` draws for each of the problems: item `problem * samples + sample`.
    pub fn draws(
        &self,
        bench: &Bench<'_>,
        rule: &dyn Guidance<Image>,
        schedule: &Schedule,
        samples: u32,
    ) -> Result<Image, Failure> {
        let problems = self.y.batch();
        let repeated: Vec<Image> = (0..problems)
            .map(|p| self.y.items(p, p + 1).repeat(samples as usize))
            .collect();
        let y = Image::concatenate(&repeated)?;
        let likelihood = Gaussian::new(y, self.sigma_y, self.mask.clone())?;
        let operator = self.a.as_ref();
        let unmeasured = Unsampled(self.a.as_ref());
        let spectral = Sampled {
            a: self.a.as_ref(),
            mask: &self.mask,
        };
        let data = Measurement {
            normal: Some(&self.normal),
            unmeasured: Some(&unmeasured),
            spectral: Some(SpectralData {
                operator: &spectral,
                sigma_y: self.sigma_y,
            }),
            ..Measurement::new(&operator, &likelihood)
        };
        let items = (0..problems as u32).flat_map(|p| (0..samples).map(move |s| (p, s)));
        let mut rng = SliceRng::new(bench.seed, items);
        let sizes = [problems * samples as usize, self.size, self.size];
        let mut x = Host::zeros(&sizes, Field::Complex).normal_like(&mut rng);
        x.scale(&[schedule.max()]);
        bench.toolkit.sample(
            rule,
            &self.prior,
            &data,
            schedule,
            x,
            &mut rng,
            bench.interrupted,
        )
    }

    /// Mean and variance of a real component of the posterior, from the datum of its mode.
    pub fn posterior(&self, mode: usize, y: f64) -> (f64, f64) {
        let s = self.prior.spectrum(self.radius[mode]);
        let precision = if self.observed[mode] {
            self.sigma_y.powi(-2)
        } else {
            0.0
        };
        let variance = 1.0 / (1.0 / s + precision);
        (variance * precision * y, variance)
    }

    /// Draws of the posterior itself, of the first problem.
    pub fn exact_draws(&self, seed: u64, samples: u32) -> Image {
        let mut rng = SliceRng::samples(seed ^ 0x6578_6163_7400, 0, samples);
        let sizes = [samples as usize, self.size, self.size];
        let mut modes = Host::zeros(&sizes, Field::Complex).normal_like(&mut rng);
        let (y, n) = (self.y.to_reals(), 2 * self.size * self.size);
        for (i, v) in modes.reals_mut().iter_mut().enumerate() {
            let (mean, variance) = self.posterior(i % n / 2, y[i % n]);
            *v = mean + variance.sqrt() * *v;
        }
        modes.fft2(Direction::Inverse)
    }

    /// Real components of the modes, item by item.
    pub fn modes(x: &Image) -> Vec<Vec<f64>> {
        let k = x.fft2(Direction::Forward);
        (0..x.batch())
            .map(|i| k.items(i, i + 1).to_reals())
            .collect()
    }
}
