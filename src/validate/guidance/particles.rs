//! Particles on the prior of 25 modes: how much of the posterior they put into each mode, and how far they are from it.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Table};
use super::mixture::{DIRECTIONS, nearest_mode};
use super::modes::{MEASUREMENTS, VALUES, exact_draws, measured};
use crate::calibration::sliced_w1;
use crate::guidance::{CovarianceModel, Guidance, Smc, Step};
use ndarray::{Array2, ArrayView1, Axis};
use operators::{Field, Host, SliceRng, Vector};
use phantoms::posterior::MixtureProblem;

/// Populations, and particles of each.
const POPULATIONS: u32 = 8;
const PARTICLES: usize = 512;
/// Draws of the distance.
const DRAWS: usize = 500;

/// Shares of the modes among weighted particles, beside their weights in the posterior.
pub(in super::super) fn particles(
    bench: &Bench<'_>,
    evidence: &mut Evidence,
) -> Result<(), Failure> {
    let problems = bench.extent.pick(1, 3);
    let mut table = Table::new(
        &format!(
            "Particles of `smc` ({POPULATIONS} populations of {PARTICLES}), 100 levels, problems with several modes: shares of the modes; distance of {DRAWS} drawn by their weights"
        ),
        &[
            "problem",
            "modes above 1 %",
            "worst share less its weight",
            "sliced Wasserstein distance",
            "of exact draws (floor)",
        ],
    );
    for (place, (seed, problem)) in several_modes(bench.seed, problems)?.into_iter().enumerate() {
        let posterior = problem
            .prior
            .posterior(&problem.measurement, problem.data.view())?;
        let population = population(bench, &problem)?;
        let found = shares(&problem, &population);
        let apart = found
            .iter()
            .zip(posterior.weights())
            .map(|(f, w)| (f - w).abs());
        let worst = apart.fold(0.0, f64::max);
        let exact = exact_draws(&problem, 2 * DRAWS, bench.seed)?;
        let (one, two) = exact.view().split_at(Axis(0), DRAWS);
        let ours = population.draws(DRAWS);
        let distance = |v| sliced_w1(v, one, DIRECTIONS, bench.seed);
        let row = [
            modes(&problem)? as f64,
            worst,
            distance(ours.view())?,
            distance(two)?,
        ];
        table.row(&format!("seed {seed}"), &row);
        evidence.at_most(
            &format!("guidance.particles.weights.{place}"),
            "largest difference of a mode's share of the particles from its weight in the posterior",
            worst,
            0.05,
            "five points; particles are right in the limit of many",
        );
    }
    evidence.tables.push(table);
    Ok(())
}

/// Modes of a posterior that matter.
fn modes(problem: &MixtureProblem) -> Result<usize, Failure> {
    let posterior = problem
        .prior
        .posterior(&problem.measurement, problem.data.view())?;
    Ok(posterior.weights().iter().filter(|w| **w > 0.01).count())
}

/// The first so many problems whose posterior has several modes, with their seeds from `seed` on.
fn several_modes(seed: u64, count: usize) -> Result<Vec<(u64, MixtureProblem)>, Failure> {
    let mut found = Vec::new();
    for n in 0.. {
        let problem = MixtureProblem::new(VALUES, MEASUREMENTS, seed.wrapping_add(n))?;
        if modes(&problem)? > 1 {
            found.push((n, problem));
        }
        if found.len() == count {
            break;
        }
    }
    Ok(found)
}

/// Weighted particles, whose shares sum to 1.
struct Population {
    images: Vec<Vec<f64>>,
    shares: Vec<f64>,
}

impl Population {
    /// So many by their shares, systematically: each particle as often as its share says, to one.
    fn draws(&self, n: usize) -> Array2<f64> {
        let mut all = Array2::zeros((n, VALUES));
        let (mut at, mut below) = (0, 0.0);
        for (i, mut row) in all.outer_iter_mut().enumerate() {
            let place = (i as f64 + 0.5) / n as f64;
            while at + 1 < self.shares.len() && below + self.shares[at] < place {
                below += self.shares[at];
                at += 1;
            }
            row.assign(&ArrayView1::from(&self.images[at]));
        }
        all
    }
}

/// Shares of the modes.
fn shares(problem: &MixtureProblem, population: &Population) -> Vec<f64> {
    let mut found = vec![0.0; problem.prior.parts().len()];
    for (image, share) in population.images.iter().zip(&population.shares) {
        found[nearest_mode(problem, ArrayView1::from(image))] += share;
    }
    found
}

/// The last populations, together.
fn population(bench: &Bench<'_>, problem: &MixtureProblem) -> Result<Population, Failure> {
    let rule = Smc {
        particles: PARTICLES,
        covariance: CovarianceModel::Sigma,
        cg_iterations: 4,
    };
    measured(problem, |prior, data, schedule| {
        let mut rng = SliceRng::samples(bench.seed, 0, POPULATIONS);
        let blank = Host::zeros(&[POPULATIONS as usize, 1, VALUES], Field::Real);
        let mut x = blank.normal_like(&mut rng);
        x.scale(&[schedule.max()]);
        let mut memory = Vec::new();
        let mut last = Population {
            images: Vec::new(),
            shares: Vec::new(),
        };
        for (index, (sigma, next)) in schedule.steps().enumerate() {
            if (bench.interrupted)() {
                return Err("interrupted".into());
            }
            let mut at = Step {
                index,
                ..Step::new(&x, [sigma, next], prior, Some(data), &mut rng, &mut memory)
            };
            if next > 0.0 {
                x = rule.step(&mut at)?;
                continue;
            }
            let (images, shares) = rule.last(&mut at)?;
            for (images, shares) in images.iter().zip(shares) {
                last.images
                    .extend(images.reals().chunks(VALUES).map(<[f64]>::to_vec));
                last.shares
                    .extend(shares.iter().map(|s| s / f64::from(POPULATIONS)));
            }
        }
        Ok(last)
    })
}
