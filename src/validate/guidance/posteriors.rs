//! Every kind of measurement that there is: is the posterior calibrated, where the data speak and where
//! the prior does?

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Table};
use super::super::gate::number;
use super::super::toolkit::Image;
use super::counts::Counts;
use super::linear::Linear;
use super::rules::bridges;
use super::spread::{COVERAGE_WHY, coverage_limit};
use crate::calibration::{Coverage, RankHistogram, Ranks};
use crate::guidance::Guidance;
use crate::protocol;
use ndarray::Array1;
use operators::{SliceRng, Vector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Problems that are drawn together.
const TOGETHER: u32 = 10;
/// Independent functionals of each part.
const FUNCTIONALS: usize = 16;
/// What the posterior has mostly from the data, and mostly from the prior.
const PARTS: [&str; 2] = ["range", "null"];

/// Samples of one problem, in coordinates that are `N(0, 1)` and independent under the posterior.
pub(super) struct Case {
    /// Whether the data say more of a coordinate than the prior.
    pub held: Vec<bool>,
    pub truth: Array1<f64>,
    pub draws: Vec<Array1<f64>>,
    /// Squared whitened residual per measurement, mean over the draws.
    pub misfit: f64,
}

/// A measurement with a prior, whose posterior is known.
pub(super) trait Problem {
    /// The middle part of the names of its gates.
    fn id(&self) -> &'static str;
    /// One line.
    fn title(&self) -> &'static str;
    /// The table of a protocol that it wants.
    fn table(&self) -> protocol::Bridge;
    /// `problems` truths with their data, each with `draws` samples.
    fn cases(
        &self,
        bench: &Bench<'_>,
        rule: &dyn Guidance<Image>,
        problems: u32,
        draws: u32,
    ) -> Result<Vec<Case>, Failure>;
}

/// Several coils, line integrals, photon counts and degraded images.
pub(in super::super) fn posteriors(
    bench: &Bench<'_>,
    evidence: &mut Evidence,
) -> Result<(), Failure> {
    let (problems, draws) = bench.extent.pick((TOGETHER, 19), (10 * TOGETHER, 19));
    let mut table = Table::new(
        &format!(
            "Samples of the bridge against the posterior: {problems} problems, {draws} draws of each"
        ),
        &[
            "problem",
            "part",
            "misfit",
            "std",
            "p of the ranks",
            "coverage of 90 %",
        ],
    );
    let [inpainting, blur, coarse] = Linear::degraded()?;
    let kinds: [Box<dyn Problem>; 7] = [
        Box::new(Linear::coils(bench)?),
        Box::new(Linear::radon(bench)?),
        Box::new(Linear::weighted(bench)?),
        Box::new(Counts),
        Box::new(inpainting),
        Box::new(blur),
        Box::new(coarse),
    ];
    for problem in kinds {
        for (form, rule) in bridges(problem.table())? {
            let mut tally = Tally::new(draws as usize, bench.seed)?;
            for first in (0..problems).step_by(TOGETHER as usize) {
                if (bench.interrupted)() {
                    return Err("interrupted".into());
                }
                let seed = bench
                    .seed
                    .wrapping_mul(1_000_003)
                    .wrapping_add(u64::from(first));
                let part = Bench { seed, ..*bench };
                for case in problem.cases(&part, rule.as_ref(), TOGETHER, draws)? {
                    tally.add(&case)?;
                }
            }
            tally.judge(problem.as_ref(), form, &mut table, evidence)?;
        }
    }
    evidence.tables.push(table);
    Ok(())
}

/// What was found, part by part.
struct Tally {
    ranks: [Ranks; 2],
    /// Sum of squares, and how many.
    squares: [(f64, f64); 2],
    misfits: Vec<f64>,
    seed: u64,
    rng: ChaCha8Rng,
}

impl Tally {
    fn new(draws: usize, seed: u64) -> Result<Self, Failure> {
        Ok(Tally {
            ranks: [Ranks::new(draws)?, Ranks::new(draws)?],
            squares: [(0.0, 0.0); 2],
            misfits: Vec::new(),
            seed,
            rng: ChaCha8Rng::seed_from_u64(seed),
        })
    }

    fn add(&mut self, case: &Case) -> Result<(), Failure> {
        self.misfits.push(case.misfit);
        let weights = weights(case.truth.len(), self.seed);
        for (part, held) in [true, false].into_iter().enumerate() {
            let own: Vec<usize> = (0..case.held.len())
                .filter(|i| case.held[*i] == held)
                .collect();
            let sum = &mut self.squares[part];
            for draw in &case.draws {
                sum.0 += own.iter().map(|i| draw[*i].powi(2)).sum::<f64>();
                sum.1 += own.len() as f64;
            }
            for f in 0..FUNCTIONALS.min(own.len()) {
                let value = |c: &Array1<f64>| -> f64 {
                    let mine = own.iter().skip(f).step_by(FUNCTIONALS);
                    mine.map(|i| weights[*i] * c[*i]).sum()
                };
                let draws: Vec<f64> = case.draws.iter().map(value).collect();
                self.ranks[part].add(value(&case.truth), &draws, &mut self.rng)?;
            }
        }
        Ok(())
    }

    fn judge(
        &self,
        problem: &dyn Problem,
        form: &str,
        table: &mut Table,
        evidence: &mut Evidence,
    ) -> Result<(), Failure> {
        let problem_id = format!("guidance.posteriors.{}{form}", problem.id());
        let n = self.misfits.len() as f64;
        let misfit = self.misfits.iter().sum::<f64>() / n;
        let squares = self.misfits.iter().map(|m| (m - misfit).powi(2));
        let four = 4.0 * (squares.sum::<f64>() / (n * (n - 1.0))).sqrt();
        let band = four.max(0.02);
        evidence.between(
            &format!("{problem_id}.misfit"),
            "squared whitened residual per measurement, mean over the samples",
            misfit,
            [1.0 - band, 1.0 + band],
            "samples of the posterior fit the data as well as the truth does; four standard errors, two \
             in a hundred at least",
        );
        for (part, name) in PARTS.into_iter().enumerate() {
            let id = |what: &str| format!("{problem_id}.{name}.{what}");
            let (sum, n) = self.squares[part];
            let (std, ranks) = ((sum / n).sqrt(), &self.ranks[part]);
            let histogram = RankHistogram::of(ranks, 10, 0.99)?;
            let ninety = Coverage::of(ranks)?.ninety();
            let whole = self.misfits.len() > TOGETHER as usize;
            evidence.between(
                &id("std"),
                "deviation of the samples from the posterior's mean, over the posterior's",
                std,
                [0.97, 1.03],
                "range: coordinates of which the data say more than the prior; null: the others",
            );
            evidence.at_least(
                &id("ranks"),
                "p-value of the rank histogram of the truth among the samples (chi-square)",
                histogram.p_value,
                1e-3,
                "a calibrated sampler is refused at one seed in a thousand, gate by gate",
            );
            evidence.at_most(
                &id("coverage"),
                "|coverage of the central 90 % - expected|",
                (ninety.observed - ninety.expected).abs(),
                coverage_limit(whole, ninety.standard_error),
                COVERAGE_WHY,
            );
            let values = [misfit, std, histogram.p_value, ninety.observed].map(number);
            let title = match form {
                "" => problem.title().to_owned(),
                _ => format!(
                    "{}, with the guard and the iterations of a protocol's table",
                    problem.id()
                ),
            };
            let mut row = vec![title, name.to_owned()];
            row.extend(values);
            table.rows.push(row);
        }
        Ok(())
    }
}

/// Weights of the coordinates in functionals: the same for every case.
fn weights(n: usize, seed: u64) -> Vec<f64> {
    let like = Image::zeros(&[1, n], operators::Field::Real);
    let drawn = like.normal_like(&mut SliceRng::samples(seed ^ 0x7765_6967_6874, 0, 1));
    drawn.reals().to_vec()
}
