//! Several coils and line integrals under a Gaussian prior: problems of which every coordinate is known.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::toolkit::Image;
use super::dense::Dense;
use super::posteriors::{Case, Problem};
use crate::guidance::{Guidance, Measurement, NormalSpectrum};
use crate::score::{Schedule, StationaryGaussian};
use num_complex::Complex64;
use operators::ct::{Beam, Detector, Geometry, Grid};
use operators::likelihood::{Gaussian, Likelihood};
use operators::{Array, Field, Host, LinearOperator, SliceRng, Vector};
use phantoms::TrigCoils;
use std::f64::consts::PI;

/// Side of the images.
const SIZE: usize = 16;
/// Steps of the bridge.
const LEVELS: usize = 16;

/// A linear operator, white noise on what is measured, and a Gaussian prior.
pub(super) struct Linear {
    names: [&'static str; 2],
    a: Box<dyn LinearOperator<Image>>,
    prior: StationaryGaussian,
    blank: Image,
    /// 1 where something is measured; over the axes of a prediction from the right.
    support: Image,
    sigma_y: f64,
    /// How strongly the data hold each frequency, as `recon` tells it the samplers.
    normal: NormalSpectrum,
    exact: Dense,
}

fn prior() -> StationaryGaussian {
    StationaryGaussian::new(16.0, 0.1, 1.4)
}

impl Linear {
    /// Four coils, every fourth line and the middle.
    pub fn coils(bench: &Bench<'_>) -> Result<Self, Failure> {
        let sigma_y = 0.05;
        let maps = TrigCoils::eight().first(4)?.maps(SIZE, SIZE);
        let elements: Vec<Complex64> = maps.iter().copied().collect();
        let maps = Host::from_complex(&[1, 4, SIZE, SIZE], &elements);
        let taken = |x: usize| x.is_multiple_of(4) || x.abs_diff(SIZE / 2) < 2;
        let mask = (0..SIZE * SIZE).map(|i| f64::from(u8::from(taken(i % SIZE))));
        let mask = Host::new(&[1, SIZE, SIZE], Field::Real, mask.collect());
        let normal = NormalSpectrum::of_scan(&maps, &mask, sigma_y)?;
        let a = bench.toolkit.sense(maps, mask.clone())?;
        let blank = Host::zeros(&[1, SIZE, SIZE], Field::Complex);
        let prior = prior();
        Ok(Linear {
            names: ["coils", "MRI, four coils, a mask of k-space"],
            exact: Dense::new(a.as_ref(), &prior, &blank, sigma_y)?,
            a,
            prior,
            blank,
            support: mask,
            sigma_y,
            normal,
        })
    }

    /// Twelve parallel views.
    pub fn radon(bench: &Bench<'_>) -> Result<Self, Failure> {
        let sigma_y = 0.5;
        let grid = Grid::new(SIZE, SIZE, [1.0, 1.0]);
        let (views, bins) = (12, 24);
        let angles_rad = (0..views).map(|i| PI * i as f64 / views as f64).collect();
        let scan = Geometry::new(grid, Beam::Parallel, Detector::new(bins, 1.0), angles_rad)?;
        let a = bench.toolkit.projector(scan);
        let everywhere = Host::new(&[1, views, bins], Field::Real, vec![1.0; views * bins]);
        let blank = Host::zeros(&[1, SIZE, SIZE], Field::Real);
        let noise = Gaussian::new(a.forward(&blank)?, sigma_y, everywhere.clone())?;
        let operator = a.as_ref();
        let normal = NormalSpectrum::measure(&Measurement::new(&operator, &noise), &blank, 5)?;
        let prior = prior();
        Ok(Linear {
            names: ["radon", "CT, twelve views, Gaussian noise"],
            exact: Dense::new(a.as_ref(), &prior, &blank, sigma_y)?,
            a,
            prior,
            blank,
            support: everywhere,
            sigma_y,
            normal,
        })
    }

    /// Truths and their data.
    fn simulated(&self, seed: u64, problems: u32) -> Result<(Image, Image), Failure> {
        let mut rng = SliceRng::samples(seed ^ 0x7472_7574_6800, 0, problems);
        let truth = self
            .prior
            .draw(&self.blank.repeat(problems as usize), &mut rng);
        let z = self.a.forward(&truth)?;
        let noise = Gaussian::new(z.zeros_like(), self.sigma_y, self.support.clone())?;
        let mut rng = SliceRng::samples(seed ^ 0x6e6f_6973_6500, 0, problems);
        Ok((truth, noise.simulate(&z, &mut rng)?))
    }
}

impl Problem for Linear {
    fn id(&self) -> &'static str {
        self.names[0]
    }

    fn title(&self) -> &'static str {
        self.names[1]
    }

    fn cases(
        &self,
        bench: &Bench<'_>,
        rule: &dyn Guidance<Image>,
        problems: u32,
        draws: u32,
    ) -> Result<Vec<Case>, Failure> {
        let (truth, y) = self.simulated(bench.seed, problems)?;
        let each = |p: usize| y.items(p, p + 1).repeat(draws as usize);
        let data: Vec<Image> = (0..problems as usize).map(each).collect();
        let likelihood = Gaussian::new(
            Image::concatenate(&data)?,
            self.sigma_y,
            self.support.clone(),
        )?;
        let operator = self.a.as_ref();
        let measurement = Measurement {
            normal: Some(&self.normal),
            ..Measurement::new(&operator, &likelihood)
        };
        let most = 6.0 * self.prior.spectrum(0.0).sqrt();
        let schedule = Schedule::karras(LEVELS, self.exact.floor() / 5.0, most, 7.0);
        let items = (0..problems).flat_map(|p| (0..draws).map(move |d| (p, d)));
        let mut rng = SliceRng::new(bench.seed, items);
        let mut x = self
            .blank
            .repeat((problems * draws) as usize)
            .normal_like(&mut rng);
        x.scale(&[schedule.max()]);
        let stop = bench.interrupted;
        let x = bench.toolkit.sample(
            rule,
            &self.prior,
            &measurement,
            &schedule,
            x,
            &mut rng,
            stop,
        )?;
        let misfits = measurement.misfit(&x)?;
        let held: Vec<bool> = self.exact.gain.iter().map(|g| *g > 1.0).collect();
        let draws = draws as usize;
        let case = |p: usize| {
            let own = p * draws..(p + 1) * draws;
            let y = y.items(p, p + 1);
            Case {
                held: held.clone(),
                truth: self
                    .exact
                    .standardised(&truth.items(p, p + 1), &y)
                    .remove(0),
                draws: self.exact.standardised(&x.items(own.start, own.end), &y),
                misfit: misfits[own].iter().sum::<f64>() / draws as f64,
            }
        };
        Ok((0..problems as usize).map(case).collect())
    }
}
