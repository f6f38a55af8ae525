//! Linear measurements under a Gaussian prior, of which every coordinate is known.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::toolkit::Image;
use super::dense::Dense;
use super::posteriors::{Case, Problem};
use crate::guidance::{Guidance, Measurement, NormalSpectrum};
use crate::protocol::Bridge;
use crate::score::{Schedule, StationaryGaussian};
use operators::likelihood::{Gaussian, Likelihood, WeightedGaussian};
use operators::{Array, LinearOperator, SliceRng, Vector};

/// Steps of the bridge.
const LEVELS: usize = 16;

/// Gaussian noise of what is measured.
pub(super) enum Noise {
    /// Of one deviation on a support: 1 where something is measured, over the axes of a prediction from the right.
    White(f64, Image),
    /// Of these precisions.
    Weighted(Image),
}

impl Noise {
    pub fn likelihood(&self, y: Image) -> Result<Box<dyn Likelihood<Image>>, Failure> {
        Ok(match self {
            Noise::White(sigma, support) => Box::new(Gaussian::new(y, *sigma, support.clone())?),
            Noise::Weighted(precisions) => Box::new(WeightedGaussian::new(y, precisions.clone())?),
        })
    }

    /// The inverse deviation of every real number of a prediction z, batch 1.
    pub fn whitening(&self, z: &Image) -> Vec<f64> {
        let one = Image::new(&z.sizes(), z.field(), vec![1.0; Vector::reals(z)]);
        let (of, factor) = match self {
            Noise::White(sigma, support) => (support.clone(), 1.0 / sigma),
            Noise::Weighted(w) => (w.elementwise(&[], &|w, _| w.sqrt()), 1.0),
        };
        one.weighted(&of).scaled(factor).to_reals()
    }
}

/// A linear operator, Gaussian noise and a Gaussian prior.
pub(super) struct Linear {
    /// The middle part of the names of its gates, and one line.
    pub names: [&'static str; 2],
    pub a: Box<dyn LinearOperator<Image>>,
    pub prior: StationaryGaussian,
    pub blank: Image,
    pub noise: Noise,
    /// How strongly the data hold each frequency, as `recon` tells it the samplers.
    pub normal: NormalSpectrum,
    pub exact: Dense,
    pub table: Bridge,
}

impl Linear {
    /// Truths and their data.
    fn simulated(&self, seed: u64, problems: u32) -> Result<(Image, Image), Failure> {
        let mut rng = SliceRng::samples(seed ^ 0x7472_7574_6800, 0, problems);
        let truth = self
            .prior
            .draw(&self.blank.repeat(problems as usize), &mut rng);
        let z = self.a.forward(&truth)?;
        let noise = self.noise.likelihood(z.zeros_like())?;
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

    fn table(&self) -> Bridge {
        self.table.clone()
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
        let likelihood = self.noise.likelihood(Image::concatenate(&data)?)?;
        let operator = self.a.as_ref();
        let measurement = Measurement {
            normal: Some(&self.normal),
            ..Measurement::new(&operator, likelihood.as_ref())
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
