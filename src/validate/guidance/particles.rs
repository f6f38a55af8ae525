//! Particles on the prior of 25 modes: how much of the posterior they put into each mode.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Table};
use super::mixture::nearest_mode;
use super::modes::{MEASUREMENTS, VALUES, measured};
use crate::guidance::{CovarianceModel, Guidance, Smc, Step, Transition};
use operators::{Field, Host, SliceRng, Vector};
use phantoms::posterior::MixtureProblem;

/// Populations, and particles of each.
const POPULATIONS: u32 = 8;
const PARTICLES: usize = 512;

/// Shares of the modes among weighted particles, beside their weights in the posterior.
pub(in super::super) fn particles(
    bench: &Bench<'_>,
    evidence: &mut Evidence,
) -> Result<(), Failure> {
    let problems = bench.extent.pick(1, 3);
    let mut table = Table::new(
        &format!(
            "Particles of `smc` ({POPULATIONS} populations of {PARTICLES}), 100 levels: shares of the modes"
        ),
        &["problem", "modes above 1 %", "worst share less its weight"],
    );
    for seed in 0..problems {
        let problem = MixtureProblem::new(VALUES, MEASUREMENTS, bench.seed.wrapping_add(seed))?;
        let posterior = problem
            .prior
            .posterior(&problem.measurement, problem.data.view())?;
        let found = shares(bench, &problem)?;
        let weights = posterior.weights().iter();
        let apart = found
            .iter()
            .zip(weights.clone())
            .map(|(f, w)| (f - w).abs());
        let worst = apart.fold(0.0, f64::max);
        let many = weights.filter(|w| **w > 0.01).count() as f64;
        table.row(&format!("seed {seed}"), &[many, worst]);
        evidence.at_most(
            &format!("guidance.particles.weights.{seed}"),
            "largest difference of a mode's share of the particles from its weight in the posterior",
            worst,
            0.05,
            "five points; particles are right in the limit of many",
        );
    }
    evidence.tables.push(table);
    Ok(())
}

/// Shares of the modes in the last populations, mean over these.
fn shares(bench: &Bench<'_>, problem: &MixtureProblem) -> Result<Vec<f64>, Failure> {
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
        let mut found = vec![0.0; problem.prior.parts().len()];
        for (index, (sigma, next)) in schedule.steps().enumerate() {
            if (bench.interrupted)() {
                return Err("interrupted".into());
            }
            let mut at = Step {
                x: &x,
                index,
                sigma,
                next,
                prior,
                data: Some(data),
                transition: Transition::Ancestral,
                rng: &mut rng,
                memory: &mut memory,
                distance: Vec::new(),
            };
            if next > 0.0 {
                x = rule.step(&mut at)?;
                continue;
            }
            let (images, shares) = rule.last(&mut at)?;
            for (images, shares) in images.iter().zip(shares) {
                for (image, share) in images.reals().chunks(VALUES).zip(shares) {
                    let mode = nearest_mode(problem, image.into());
                    found[mode] += share / f64::from(POPULATIONS);
                }
            }
        }
        Ok(found)
    })
}
