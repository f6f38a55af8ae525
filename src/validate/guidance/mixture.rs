//! The benchmark of 25 modes: samplers against a posterior that is not Gaussian.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Marks, Plot, Table};
use super::super::suite::Extent;
use super::super::toolkit::Image;
use super::modes::{MEASUREMENTS, VALUES, draws, exact_draws};
use super::rules::{MCG_OF_CT, bridges, published, variants};
use crate::calibration::sliced_w1;
use crate::guidance::{
    Ancestral, Bridge, BridgeLocal, CovarianceModel, Dps, DpsZeta, Guard, Guidance, Guided,
    MomentProjection, PriorDraw, Variance,
};
use crate::protocol;
use ndarray::{ArrayView1, ArrayView2};
use phantoms::posterior::MixtureProblem;

/// Random directions of the distance.
pub(super) const DIRECTIONS: usize = 200;

/// A sampler and its name.
type Named = (String, Box<dyn Guidance<Image>>);

/// The samplers: the prior alone first, full-covariance guidance last.
fn samplers(extent: Extent) -> Result<Vec<Named>, Failure> {
    let guided = |covariance| Guided {
        covariance,
        cg_iterations: 50,
        rounds: 1,
        guard: Guard::NONE,
    };
    let mut rules: Vec<(&str, Box<dyn Guidance<Image>>)> = vec![
        ("prior alone", Box::new(Ancestral(Variance::Small))),
        ("dps, zeta = 1", Box::new(DpsZeta { zeta: 1.0 })),
        (
            "dps, C = sigma²",
            Box::new(Dps(guided(CovarianceModel::Sigma))),
        ),
        (
            "bridge, C = sigma², draw = network",
            Box::new(Bridge {
                guided: guided(CovarianceModel::Sigma),
                draw: PriorDraw::Network,
                pullback: true,
            }),
        ),
        (
            JACOBIAN,
            Box::new(BridgeLocal {
                krylov: VALUES,
                cg_iterations: 50,
            }),
        ),
    ];
    let moment: (&str, Box<dyn Guidance<Image>>) = (
        "C = sigma² J (moment projection)",
        Box::new(MomentProjection { cg_iterations: 50 }),
    );
    let mut all: Vec<_> = Vec::new();
    if extent == Extent::Whole {
        // Above, or held elsewhere: `smc` wants a population a sample (`guidance.particles`), and matrices of either
        // sign have no row sums to divide by.
        let elsewhere = ["dps", "dps, zeta = 1", JACOBIAN, "smc", MCG_OF_CT];
        let others = published()?.into_iter().chain(variants());
        let [_, (_, bridge)] = bridges(protocol::Bridge::default())?;
        all.push(("bridge, C = sigma²".to_owned(), bridge));
        all.extend(
            others
                .filter(|rule| !elsewhere.contains(&rule.name.as_str()))
                .map(|rule| (rule.name, rule.guidance)),
        );
    }
    let named = |(name, rule): (&str, _)| (name.to_owned(), rule);
    Ok(rules
        .drain(..)
        .map(named)
        .chain(all)
        .chain([named(moment)])
        .collect())
}

/// The bridge whose covariance is the denoiser's own.
const JACOBIAN: &str = "bridge, covariance = jacobian";

/// What a sampler was found to be, problem by problem.
#[derive(Clone, Default)]
struct Found {
    /// Sliced Wasserstein distance to exact draws.
    distance: Vec<f64>,
    /// Largest difference of a mode's share from its weight.
    shares: Vec<f64>,
}

/// Sliced Wasserstein distance of the samples to exact ones, over that of the prior's own; shares of
/// the modes.
pub(in super::super) fn mixture(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let problems = bench.extent.pick(2, 8);
    let samples = 500;
    let rules = samplers(bench.extent)?;
    let mut found = vec![Found::default(); rules.len()];
    let mut floor = Found::default();
    for seed in 0..problems {
        let problem = MixtureProblem::new(VALUES, MEASUREMENTS, bench.seed.wrapping_add(seed))?;
        let exact = exact_draws(&problem, 2 * samples, bench.seed)?;
        let (one, two) = exact.view().split_at(ndarray::Axis(0), samples);
        floor
            .distance
            .push(sliced_w1(one, two, DIRECTIONS, bench.seed)?);
        floor.shares.push(off_weights(&problem, two)?);
        for (n, (name, rule)) in rules.iter().enumerate() {
            if (bench.interrupted)() {
                return Err("interrupted".into());
            }
            let Some(drawn) = draws(bench, &problem, rule.as_ref(), samples)? else {
                found[n].distance.push(f64::NAN);
                found[n].shares.push(f64::NAN);
                continue;
            };
            let apart = sliced_w1(drawn.view(), one, DIRECTIONS, bench.seed)?;
            found[n].distance.push(apart);
            found[n].shares.push(off_weights(&problem, drawn.view())?);
            if seed == 0 && (n == 0 || n + 1 == rules.len()) {
                evidence.plots.push(scatter(name, one, drawn.view()));
            }
        }
    }
    report(evidence, &rules, &found, &floor, samples);
    Ok(())
}

/// The table, and the gates.
fn report(
    evidence: &mut Evidence,
    rules: &[Named],
    found: &[Found],
    floor: &Found,
    samples: usize,
) {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let mut table = Table::new(
        &format!(
            "Sliced Wasserstein distance to the posterior, mean of {} problems; \
             {VALUES} values, {MEASUREMENTS} measurements, {samples} samples, 100 levels; NaN: diverged",
            floor.distance.len()
        ),
        &[
            "sampler",
            "distance",
            "over the prior's",
            "worst share of a mode less its weight",
        ],
    );
    let prior = mean(&found[0].distance);
    let row = |found: &Found| {
        let distance = mean(&found.distance);
        [distance, distance / prior, mean(&found.shares)]
    };
    table.row("exact draws (floor)", &row(floor));
    for ((name, _), found) in rules.iter().zip(found) {
        table.row(name, &row(found));
    }
    evidence.tables.push(table);
    let reference = row(&found[rules.len() - 1]);
    evidence.at_most(
        "guidance.mixture.moment-projection",
        "distance of the samples to the posterior, over that of the prior's",
        reference[1],
        0.35,
        "full-covariance guidance is near the posterior, and none but particle methods reach it",
    );
    evidence.at_least(
        "guidance.mixture.floor",
        "distance of the samples to the posterior, over that of exact draws",
        reference[0] / mean(&floor.distance),
        0.9,
        "nearer than exact draws would be a mistake of the ruler",
    );
    if let Some(bridge) = rules.iter().position(|(known, _)| known == JACOBIAN) {
        let pairs = found[bridge].distance.iter();
        let apart = pairs.zip(&found[rules.len() - 1].distance);
        let apart: Vec<f64> = apart.map(|(b, full)| (b - full) / reference[0]).collect();
        let (n, farther) = (apart.len() as f64, mean(&apart));
        let squares = apart.iter().map(|a| (a - farther).powi(2)).sum::<f64>();
        let error = (squares / (n * (n - 1.0))).sqrt();
        let limit = if n < 8.0 {
            0.05
        } else {
            (2.0 * error).min(0.05)
        };
        evidence.at_most(
            "guidance.mixture.bridge-jacobian",
            "distance of the bridge with the denoiser's own covariance less that of full-covariance guidance, over \
             the latter",
            farther,
            limit,
            "with the same covariance a draw is not farther than a mean: two standard errors of the difference, \
             problem by problem; with --quick, of two problems, five in a hundred",
        );
    }
}

/// The largest difference of a mode's share of the samples from its weight; a sample belongs to the mode
/// under which it is likeliest.
fn off_weights(problem: &MixtureProblem, samples: ArrayView2<f64>) -> Result<f64, Failure> {
    let posterior = problem
        .prior
        .posterior(&problem.measurement, problem.data.view())?;
    let mut counts = vec![0.0; problem.prior.parts().len()];
    for x in samples.outer_iter() {
        counts[nearest_mode(problem, x)] += 1.0 / samples.nrows() as f64;
    }
    let apart = counts.iter().zip(posterior.weights());
    Ok(apart.map(|(c, w)| (c - w).abs()).fold(0.0, f64::max))
}

/// The mode whose middle is nearest: modes are eight apart and one wide.
pub(super) fn nearest_mode(problem: &MixtureProblem, x: ArrayView1<f64>) -> usize {
    let far = |mean: ArrayView1<f64>| (&x - &mean).mapv(|d| d * d).sum();
    let all = problem.prior.parts().iter().map(|p| far(p.mean().view()));
    let nearest = all.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
    nearest.map_or(0, |(n, _)| n)
}

fn scatter(name: &str, exact: ArrayView2<f64>, drawn: ArrayView2<f64>) -> Plot {
    let points = |v: ArrayView2<f64>| v.outer_iter().map(|r| [r[0], r[1]]).collect();
    Plot {
        title: format!("First two values: exact draws and {name}"),
        axes: ["x1".into(), "x2".into()],
        curves: vec![
            ("exact".into(), points(exact)),
            (name.into(), points(drawn)),
        ],
        marks: Marks::Dots,
        ..Plot::default()
    }
}
