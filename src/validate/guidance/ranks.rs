//! Simulation-based calibration: ranks of the truth among samples.
//!
//! If `x* ~ p(x)`, `y ~ p(y | x*)` and the samples are of `p(x | y)`, the rank of `f(x*)` among the
//! samples' is uniform. Talts et al. 2018.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Plot, Table};
use super::super::gate::number;
use super::super::toolkit::Image;
use super::rules::bridge;
use super::setting::Setting;
use super::spread::{COVERAGE_WHY, PARTS, Spread, coverage_limit, reals};
use crate::calibration::{Coverage, Diagnosis, Functional, RankHistogram, Ranks};
use crate::score::StationaryGaussian;
use ndarray::Array2;
use operators::{Array, Direction, Field, Host};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Side of the images, and the deviation of the noise.
const SIZE: usize = 16;
const NOISE: f64 = 0.05;
/// Problems of a whole run.
const WHOLE: usize = 500;
/// Problems that are drawn together.
const TOGETHER: u32 = 25;

/// Ranks of functionals of what was measured and of what was not.
struct Tally {
    functionals: Vec<Functional>,
    /// `[part][functional]`, measured first.
    ranks: [Vec<Ranks>; 2],
    spread: Spread,
    rng: ChaCha8Rng,
}

/// Ranks, coverage and their verdict for the bridge under a Gaussian prior.
pub(in super::super) fn ranks(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let (cases, draws) = bench.extent.pick((100, 19), (WHOLE, 99));
    let mut tally = Tally::new(draws, bench.seed)?;
    for first in (0..cases).step_by(TOGETHER as usize) {
        if (bench.interrupted)() {
            return Err("interrupted".into());
        }
        let part = Bench {
            seed: bench
                .seed
                .wrapping_mul(1_000_003)
                .wrapping_add(first as u64),
            ..*bench
        };
        let prior = StationaryGaussian::new(16.0, 0.1, 1.4);
        let setting = Setting::masked(&part, prior, SIZE, NOISE, TOGETHER)?;
        let x = setting.draws(&part, &bridge(), &setting.schedule(16), draws as u32)?;
        tally.add(&setting, &x, draws)?;
    }
    // At least ten cases a bin.
    let bins = bench.extent.pick(10, 20);
    for (ranks, part) in tally.ranks.iter().zip(PARTS) {
        judge(evidence, &tally.functionals, ranks, (part, bins))?;
    }
    tally.spread.judge(evidence)
}

impl Tally {
    fn new(draws: usize, seed: u64) -> Result<Self, Failure> {
        let shape = (SIZE, SIZE);
        let middle = SIZE as f64 / 2.0;
        let functionals = vec![
            Functional::disc(shape, (middle, middle), 2.5)?,
            Functional::disc(shape, (4.0, 11.0), 1.5)?,
            Functional::smooth(shape, 3.0, seed)?,
            Functional::smooth(shape, 6.0, seed.wrapping_add(1))?,
        ];
        let empty = || -> Result<Vec<Ranks>, Failure> {
            functionals.iter().map(|_| Ok(Ranks::new(draws)?)).collect()
        };
        let ranks = [empty()?, empty()?];
        Ok(Tally {
            functionals,
            ranks,
            spread: Spread::new(draws)?,
            rng: ChaCha8Rng::seed_from_u64(seed),
        })
    }

    /// Adds every problem of a setting: item `problem * draws + draw` of x.
    fn add(&mut self, setting: &Setting, x: &Image, draws: usize) -> Result<(), Failure> {
        let truths = parts(setting, &setting.truth);
        let samples = parts(setting, x);
        for (part, (truths, samples)) in truths.iter().zip(&samples).enumerate() {
            for (problem, truth) in truths.iter().enumerate() {
                let own = &samples[problem * draws..(problem + 1) * draws];
                self.spread.add_part(part, truth, own)?;
                for (n, f) in self.functionals.iter().enumerate() {
                    let values: Result<Vec<f64>, _> = own.iter().map(|s| f.value(s)).collect();
                    self.ranks[part][n].add(f.value(truth)?, &values?, &mut self.rng)?;
                }
            }
        }
        self.spread.add(setting, x, &mut self.rng)
    }
}

/// The real part of what was measured of each image, and of the rest.
fn parts(setting: &Setting, x: &Image) -> [Vec<Array2<f64>>; 2] {
    let k = x.fft2(Direction::Forward);
    [true, false].map(|measured| {
        let weights = setting
            .observed
            .iter()
            .map(|o| f64::from(u8::from(*o == measured)))
            .collect();
        let mask = Host::new(&[1, SIZE, SIZE], Field::Real, weights);
        reals(&k.weighted(&mask).fft2(Direction::Inverse))
    })
}

/// Gates, table and histograms of one part.
fn judge(
    evidence: &mut Evidence,
    functionals: &[Functional],
    ranks: &[Ranks],
    (part, bins): (&str, usize),
) -> Result<(), Failure> {
    let mut table = Table::new(
        &format!("Functionals of what was {part}"),
        &["functional", "p of chi-square", "verdict"],
    );
    let (mut least, mut uniform) = (1.0f64, 1.0f64);
    for (functional, ranks) in functionals.iter().zip(ranks) {
        let histogram = RankHistogram::of(ranks, bins, 0.99)?;
        let verdict = Diagnosis::of(ranks, 0.999)?;
        least = least.min(histogram.p_value);
        uniform = uniform.min(verdict.p_value);
        table.rows.push(vec![
            functional.name().to_owned(),
            number(histogram.p_value),
            verdict.to_string(),
        ]);
        evidence
            .plots
            .push(bars(&histogram, functional.name(), part));
    }
    evidence.tables.push(table);
    let why = "the least of four functionals: with all four such gates, a calibrated sampler is refused at \
               one seed in 60";
    evidence.at_least(
        &format!("guidance.ranks.{part}.chi-square"),
        "least p-value of the rank histograms",
        least,
        1e-3,
        why,
    );
    evidence.at_least(
        &format!("guidance.ranks.{part}.ecdf"),
        "least p-value of the ranks' distribution function (a band of 99.9 %)",
        uniform,
        1e-3,
        why,
    );
    let ninety = Coverage::of_groups(&by_case(ranks)?)?.ninety();
    let off = (ninety.observed - ninety.expected).abs();
    evidence.at_most(
        &format!("guidance.ranks.{part}.coverage"),
        "|coverage of the central 90 % - expected|, all functionals",
        off,
        coverage_limit(ranks[0].len() >= WHOLE, ninety.standard_error),
        COVERAGE_WHY,
    );
    Ok(())
}

/// The ranks of all functionals, a group a case.
fn by_case(ranks: &[Ranks]) -> Result<Vec<Ranks>, Failure> {
    let of = |case| ranks.iter().map(|r| r.values()[case]).collect();
    let group = |case| Ok(Ranks::from_counted(ranks[0].draws(), of(case))?);
    (0..ranks[0].len()).map(group).collect()
}

/// A rank histogram with the band of a single bin.
fn bars(histogram: &RankHistogram, name: &str, part: &str) -> Plot {
    let edges = |n: usize, v: f64| [[n as f64, v], [n as f64 + 1.0, v]];
    let counts = histogram.counts.iter().enumerate();
    let steps = counts.flat_map(|(n, c)| edges(n, *c as f64)).collect();
    let (low, high) = (histogram.band.0 as f64, histogram.band.1 as f64);
    Plot {
        title: format!("Ranks, {part}: {name}; band: 99 % of a single bin"),
        axes: ["bin of ranks".into(), "cases".into()],
        curves: vec![("cases".into(), steps)],
        band: vec![[0.0, low, high], [histogram.counts.len() as f64, low, high]],
        ..Plot::default()
    }
}
