//! A problem whose prior has 25 modes, as images of one row: exact draws, and those of a sampler.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::toolkit::Image;
use super::matrix::{Decomposed, by_item, row};
use crate::guidance::{Guidance, Measurement, SpectralData};
use crate::score::{Denoiser, Estimate, Pullback, Schedule, Want};
use ndarray::Array2;
use operators::likelihood::Gaussian;
use operators::{Error, Field, Host, SliceRng, Vector};
use phantoms::posterior::{Mixture, MixtureProblem};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Values and measurements of a problem.
pub(super) const VALUES: usize = 8;
pub(super) const MEASUREMENTS: usize = 2;
/// A mixture as a prior of images of one row.
struct Prior<'a>(&'a Mixture);

impl Denoiser<Image> for Prior<'_> {
    fn estimate<'a>(
        &'a self,
        x: &Image,
        sigma: f64,
        want: Want,
    ) -> operators::Result<Estimate<'a, Image>> {
        let smoothed = self.0.smoothed(sigma).map_err(|e| Error::Parameter {
            what: "sigma",
            expected: "above 0",
            got: e.to_string(),
        })?;
        let x0 = by_item(x, |_, x| smoothed.denoise(x));
        let at = x.clone();
        let pullback = (want == Want::Pullback).then(|| {
            Box::new(move |v: &Image| {
                Ok(by_item(v, |i, v| smoothed.jacobian_product(row(&at, i), v)))
            }) as Pullback<'a, Image>
        });
        Ok(Estimate {
            x0,
            pullback,
            deviation: None,
        })
    }
}

/// Exact draws of the posterior: `f64[n, VALUES]`.
pub(super) fn exact_draws(
    problem: &MixtureProblem,
    n: usize,
    seed: u64,
) -> Result<Array2<f64>, Failure> {
    let posterior = problem
        .prior
        .posterior(&problem.measurement, problem.data.view())?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut all = Array2::zeros((n, VALUES));
    for mut row in all.outer_iter_mut() {
        row.assign(&posterior.draw(&mut rng));
    }
    Ok(all)
}

/// What `run` makes of a problem: its prior, what was measured, and the noise levels.
pub(super) fn measured<R>(
    problem: &MixtureProblem,
    run: impl FnOnce(&dyn Denoiser<Image>, &Measurement<'_, Image>, &Schedule) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let operator = Decomposed::new(problem.measurement.matrix().clone())?;
    let sizes = [1, 1, MEASUREMENTS];
    let y = Host::new(&sizes, Field::Real, problem.data.to_vec());
    let ones = Host::new(&sizes, Field::Real, vec![1.0; MEASUREMENTS]);
    let likelihood = Gaussian::new(y, problem.noise_std, ones)?;
    let unmeasured = operator.unmeasured();
    let spectral = SpectralData {
        operator: &operator,
        sigma_y: problem.noise_std,
    };
    let data = Measurement {
        unmeasured: Some(&unmeasured),
        spectral: Some(spectral),
        ..Measurement::new(&operator, &likelihood)
    };
    let schedule = Schedule::karras(100, problem.noise_std / 5.0, 100.0, 7.0);
    run(&Prior(&problem.prior), &data, &schedule)
}

/// Samples of a rule: `f64[n, VALUES]`; nothing where it diverges.
pub(super) fn draws(
    bench: &Bench<'_>,
    problem: &MixtureProblem,
    rule: &dyn Guidance<Image>,
    n: usize,
) -> Result<Option<Array2<f64>>, Failure> {
    measured(problem, |prior, data, schedule| {
        let mut rng = SliceRng::samples(bench.seed, 0, n as u32);
        let mut x = Host::zeros(&[n, 1, VALUES], Field::Real).normal_like(&mut rng);
        x.scale(&[schedule.max()]);
        let toolkit = bench.toolkit;
        let drawn = toolkit.sample(rule, prior, data, schedule, x, &mut rng, bench.interrupted);
        let x = match drawn {
            Ok(x) => x,
            Err(e) if (bench.interrupted)() => return Err(e),
            Err(_) => return Ok(None),
        };
        let values = x.reals().to_vec();
        Ok(Some(Array2::from_shape_vec((n, VALUES), values)?))
    })
}
