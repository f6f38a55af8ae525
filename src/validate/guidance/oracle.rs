//! Samplers under a Gaussian prior against the posterior, mode by mode.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Panel, Table};
use super::super::gate::number;
use super::super::suite::Extent;
use super::rules::{Rule, published, rules, variants};
use super::setting::Setting;
use crate::protocol::Claim;
use crate::score::StationaryGaussian;
use ndarray::Array2;
use operators::Array;
use std::time::Instant;

/// What a sampler's draws are, against the posterior.
struct Distance {
    misfit: f64,
    /// Root of `mean((x - m)² / v)`: unobserved, observed.
    ratio: [f64; 2],
    /// PSNR in dB of the mean and of one sample.
    psnr: [f64; 2],
    /// `√(mean((m_x - m)² + (s_x - s)²))` over the modes, without what so few samples have of it.
    w2: f64,
}

/// Whitened misfit, spread on what is observed and what is not, PSNR, W2, cost: of the bridge and of
/// DPS, and of every other sampler as a protocol's empty table has it, on a smaller image.
pub(in super::super) fn oracle(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    // A quick run has the bridge alone.
    let quick = bench.extent == Extent::Quick;
    let tuned = rules()?.into_iter().filter(|rule| !quick || rule.fast);
    let size = bench.extent.pick(64, 256);
    distances(bench, evidence, size, 8, tuned.collect())?;
    if !quick {
        let all = published()?.into_iter().chain(variants());
        distances(bench, evidence, 64, 32, all.collect())?;
    }
    Ok(())
}

/// One problem, and a row for every sampler.
fn distances(
    bench: &Bench<'_>,
    evidence: &mut Evidence,
    size: usize,
    samples: usize,
    rules: Vec<Rule>,
) -> Result<(), Failure> {
    let prior = StationaryGaussian::new(243.0, 0.01172, 1.4);
    let setting = Setting::masked(bench, prior, size, 0.05, 1)?;
    let mut table = Table::new(
        &format!(
            "{size} x {size}, every fourth line, noise 0.05, 1 is calibrated; of {samples} samples a W2 below {:.3} may be chance \
             (two standard errors)",
            least_w2(&setting, samples)
        ),
        &[
            "sampler",
            "says",
            "samples",
            "misfit",
            "std unobserved",
            "std observed",
            "PSNR mean",
            "PSNR sample",
            "W2",
            "network evaluations",
            "s",
        ],
    );
    let mut panels = vec![panel("truth", &setting, &setting.truth)];
    let exact = distance(&setting, &setting.exact_draws(bench.seed, samples as u32));
    let mut row = vec![
        "exact draws".into(),
        "posterior".into(),
        samples.to_string(),
    ];
    row.extend(numbers(&exact));
    row.extend([String::new(), String::new()]);
    table.rows.push(row);
    for rule in rules {
        if (bench.interrupted)() {
            return Err("interrupted".into());
        }
        let samples = (samples as u32).min(rule.most_samples);
        let began = Instant::now();
        let schedule = setting.schedule(rule.levels);
        let x = match setting.draws(bench, rule.guidance.as_ref(), &schedule, samples) {
            Err(e) if rule.claim == Claim::Calibrated || (bench.interrupted)() => return Err(e),
            Err(e) => {
                evidence.notes.push(format!("{}: {e}", rule.name));
                let mut row = vec![rule.name, rule.claim.name().to_owned(), "failed".to_owned()];
                row.resize(table.header.len(), String::new());
                table.rows.push(row);
                continue;
            }
            Ok(x) => x,
        };
        let seconds = began.elapsed().as_secs_f64();
        let found = distance(&setting, &x);
        let mut row = vec![
            rule.name.clone(),
            rule.claim.name().to_owned(),
            samples.to_string(),
        ];
        row.extend(numbers(&found));
        let evaluations = (rule.evaluations * samples as usize) as f64;
        row.extend([evaluations, seconds].map(number));
        table.rows.push(row);
        match rule.claim {
            Claim::Calibrated => gates(evidence, &rule, &found),
            Claim::Approximate | Claim::ModeSeeking | Claim::Prior => {
                evidence.notes.push(format!(
                    "{}: deviation of what was not observed is {:.2} of the posterior's",
                    rule.name, found.ratio[0]
                ));
            }
        }
        panels.push(panel(&rule.name, &setting, &x.items(0, 1)));
    }
    evidence.tables.push(table);
    evidence.picture(
        "Magnitude of the truth and of one sample of each, same window",
        panels,
    );
    Ok(())
}

/// The columns of a distance.
fn numbers(found: &Distance) -> [String; 6] {
    let Distance { ratio, psnr, .. } = found;
    [found.misfit, ratio[0], ratio[1], psnr[0], psnr[1], found.w2].map(number)
}

fn gates(evidence: &mut Evidence, rule: &Rule, found: &Distance) {
    let name = rule.name.replace(" of ", ".").replace('/', "-");
    let id = |what: &str| format!("guidance.oracle.{name}.{what}");
    evidence.between(
        &id("misfit"),
        "squared whitened residual per measurement",
        found.misfit,
        [0.95, 1.05],
        "samples of the posterior fit the data as well as the truth does",
    );
    for (ratio, part) in found.ratio.iter().zip(["unobserved", "observed"]) {
        evidence.between(
            &id(&format!("std.{part}")),
            "deviation of the samples from the posterior's mean, over the posterior's",
            *ratio,
            [0.97, 1.03],
            "both parts are looked at, since a posterior can be right where it is measured only",
        );
    }
}

fn distance(setting: &Setting, x: &super::super::toolkit::Image) -> Distance {
    let (y, modes) = (setting.y.to_reals(), Setting::modes(x));
    let truth = &Setting::modes(&setting.truth)[0];
    let n = modes.len() as f64;
    let mut squares = [(0.0, 0.0); 2];
    let (mut misfit, mut measured, mut w2) = (0.0, 0.0, 0.0);
    let shrink = mean_of_deviation(modes.len());
    let mut errors = [0.0; 2];
    for (i, t) in truth.iter().enumerate() {
        let observed = setting.observed[i / 2];
        let (m, v) = setting.posterior(i / 2, y[i]);
        let mean = modes.iter().map(|x| x[i]).sum::<f64>() / n;
        let mut spread = 0.0;
        for x in &modes {
            let part = &mut squares[usize::from(observed)];
            *part = (part.0 + (x[i] - m).powi(2) / v, part.1 + 1.0);
            spread += (x[i] - mean).powi(2);
            errors[1] += (x[i] - t).powi(2) / n;
            if observed {
                misfit += ((x[i] - y[i]) / setting.sigma_y).powi(2);
                measured += 1.0;
            }
        }
        errors[0] += (mean - t).powi(2);
        // E (m_x - m)² has the variance over n in it, E (s / c - σ)² has σ² (1/c² - 1).
        let variance = spread / (n - 1.0);
        w2 += (mean - m).powi(2) - variance / n;
        w2 +=
            (variance.sqrt() / shrink - v.sqrt()).powi(2) - variance * (1.0 / shrink.powi(2) - 1.0);
    }
    let peak = setting
        .truth
        .complex()
        .iter()
        .fold(0.0, |m: f64, z| m.max(z.norm()));
    let pixels = truth.len() as f64 / 2.0;
    let psnr = |error: f64| 10.0 * (peak * peak * pixels / error).log10();
    Distance {
        misfit: misfit / measured,
        ratio: squares.map(|(sum, n)| f64::sqrt(sum / n)),
        psnr: errors.map(psnr),
        w2: (w2 / truth.len() as f64).max(0.0).sqrt(),
    }
}

/// The W2 that two standard errors of its square make of n draws of the posterior itself.
fn least_w2(setting: &Setting, n: usize) -> f64 {
    let modes = setting.observed.len();
    let squares = (0..modes).map(|mode| setting.posterior(mode, 0.0).1.powi(2));
    // Two real components a mode.
    let variance = 2.0 * chance(n) * squares.sum::<f64>();
    (2.0 * variance.sqrt() / (2 * modes) as f64).sqrt()
}

/// The variance of the square of W2 of one component with the variance 1: of `A = (m_x - m)² - s² / n` it is
/// `2 / n² (1 + 1 / (n - 1))`, of `B = (s / c - 1)² - s² (1 / c² - 1) = s² - 2 s / c + 1` with `Cov(s², s) = c / (n - 1)`
/// it is `4 (1 / c² - 1) - 2 / (n - 1)`; mean and deviation are independent.
fn chance(n: usize) -> f64 {
    let c = mean_of_deviation(n);
    let n = n as f64;
    2.0 / (n * n) * (1.0 + 1.0 / (n - 1.0)) + 4.0 * (c.powi(-2) - 1.0) - 2.0 / (n - 1.0)
}

/// `c = E s / σ` of n normal numbers, `√(2 / (n - 1)) Γ(n / 2) / Γ((n - 1) / 2)`.
fn mean_of_deviation(n: usize) -> f64 {
    // g(n) = Γ(n / 2) / Γ((n - 1) / 2): g(2) = 1 / √π, g(n) g(n - 1) = (n - 2) / 2.
    let first = 1.0 / std::f64::consts::PI.sqrt();
    let g = (3..=n).fold(first, |g, n| (n as f64 - 2.0) / 2.0 / g);
    (2.0 / (n as f64 - 1.0)).sqrt() * g
}

fn panel(label: &str, setting: &Setting, x: &super::super::toolkit::Image) -> Panel {
    let n = setting.size;
    let image = Array2::from_shape_fn((n, n), |(j, i)| x.complex()[j * n + i].norm() as f32);
    let peak = setting
        .truth
        .complex()
        .iter()
        .fold(0.0, |m: f64, z| m.max(z.norm()));
    Panel::new(label, &image, [0.0, 0.7 * peak as f32])
}

#[cfg(test)]
mod tests {
    use super::*;
    use operators::{Field, Host, SliceRng, Vector};

    #[test]
    fn a_deviation_of_few_numbers_is_small_by_the_factor_of_the_tables() {
        for (n, c) in [(2, 0.7979), (3, 0.8862), (8, 0.9650), (25, 0.9896)] {
            assert!((mean_of_deviation(n) - c).abs() < 1e-4, "{n}");
        }
    }

    /// By draws of standard normal numbers.
    #[test]
    fn chance_is_what_draws_of_the_posterior_have() {
        let (n, sets) = (8, 40_000);
        let draws = Host::<f64>::zeros(&[1, sets, n], Field::Real);
        let draws = draws
            .normal_like(&mut SliceRng::samples(1, 0, 1))
            .to_reals();
        let (c, count) = (mean_of_deviation(n), n as f64);
        let square = |x: &[f64]| {
            let mean = x.iter().sum::<f64>() / count;
            let s2 = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
            mean * mean - s2 / count + (s2.sqrt() / c - 1.0).powi(2) - s2 * (c.powi(-2) - 1.0)
        };
        let all: Vec<f64> = draws.chunks(n).map(square).collect();
        let sets = sets as f64;
        let mean = all.iter().sum::<f64>() / sets;
        let variance = all.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / sets;
        assert!(mean.abs() < 4.0 * (variance / sets).sqrt(), "{mean}");
        assert!((variance / chance(n) - 1.0).abs() < 0.1, "{variance}");
    }
}
