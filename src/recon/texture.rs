//! The texture of a prior, found without a truth: that with which samples spread as far as they err on
//! measurements that they were not given.

use super::draw::Draw;
use super::held_out::HeldOut;
use super::parts::Parts;
use super::slice::Task;
use super::study::Study;
use super::{Plan, ReconError};
use crate::progress::Progress;
use crate::protocol::{Bridge, Method, TextureChoice, TextureRule};
use crate::score::{Channels, Model};
use serde::{Deserialize, Serialize};

/// Samples and noise levels of a trial: it wants a ratio, not an image.
const SAMPLES: usize = 4;
const LEVELS: usize = 20;
/// Trials at most.
const TRIALS: usize = 4;
/// How far from 1 is near enough: what the ratio of so few samples is good for.
const TOLERANCE: f64 = 0.05;
/// The first texture that is tried, in noise deviations.
const FIRST: f64 = 0.7;
/// The largest: so many noise deviations, or so much of the prior's unit where the noise is small.
const LARGEST: (f64, f64) = (3.0, 0.05);
/// A trial draws by streams of its own.
const SALT: u64 = 0x5445_5854_5552;

/// One texture and what the samples did with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Trial {
    /// τ, in units of the prior.
    pub(super) tau: f64,
    /// On the measurements that were left out; none where their noise hides the error.
    pub(super) spread_over_error: Option<f64>,
}

/// How a texture came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Rule {
    /// The protocol says it.
    Given,
    /// By trials.
    HeldOut,
    /// By trials, which this method, or a nuisance, has none of.
    HeldOutNotForThisMethod,
    /// By trials, for which the scan can spare no measurements.
    HeldOutTooFewMeasurements,
}

/// A texture and how it was found.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Found {
    /// τ, in units of the prior.
    pub(super) tau: f64,
    pub(super) rule: Rule,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) trials: Vec<Trial>,
    /// Network evaluations of the trials.
    pub(super) network_evaluations: usize,
}

impl Found {
    /// Without trials.
    fn plain(tau: f64, rule: Rule) -> Self {
        Found {
            tau,
            rule,
            trials: Vec::new(),
            network_evaluations: 0,
        }
    }

    /// A warning where the best texture is not enough, and where nothing could be told.
    pub(super) fn warning(&self) -> Option<String> {
        let chosen = self.trials.iter().find(|t| t.tau == self.tau);
        let ratio = chosen.map(|t| t.spread_over_error);
        let why = match (self.rule, ratio) {
            (Rule::HeldOutTooFewMeasurements, _) => {
                "too few samples lie outside of the calibration region to leave some out; the prior is taken as it \
                 is, and nothing is known of the error bars"
                    .into()
            }
            (_, Some(None)) => {
                "the measurements that were left out are mostly noise and tell nothing of the error bars".into()
            }
            (_, Some(Some(r))) if (r - 1.0).abs() > 0.2 => format!(
                "on measurements that were left out the samples spread {r:.2} times as far as they err, with the best \
                 texture: expect error bars that are off by about as much"
            ),
            _ => return None,
        };
        Some(format!("prior.texture = \"held-out\": {why}"))
    }

    /// One line for the report.
    pub(super) fn words(&self) -> String {
        let ratio = |t: &Trial| match t.spread_over_error {
            Some(ratio) => format!("{:.4} ({ratio:.2})", t.tau),
            None => format!("{:.4} (lost in the noise)", t.tau),
        };
        let tried: Vec<String> = self.trials.iter().map(ratio).collect();
        match self.rule {
            Rule::Given => format!("{}", self.tau),
            Rule::HeldOut => format!(
                "{:.4}, by measurements left out; tried (spread over error there): {}",
                self.tau,
                tried.join(", ")
            ),
            Rule::HeldOutNotForThisMethod => "none: the rule is for bridge, of images alone".into(),
            Rule::HeldOutTooFewMeasurements => {
                "none: too few measurements to leave some out".into()
            }
        }
    }
}

/// Gives the prior the texture that the protocol asks for.
///
/// By the rule it is found for `bridge` of images alone, on the middle slice of the volume, whatever `--slices` says;
/// other methods, and pairs of an image and a nuisance, take the prior as it is. Trials that are kept in `parts` are
/// not made again.
pub(super) fn textured<T: Channels>(
    plan: &Plan,
    prior: &mut Model,
    (study, slices): (&mut dyn Study<T>, usize),
    parts: &Parts,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<Found, ReconError> {
    let plain = |prior: &mut Model, tau, rule| {
        prior.set_texture(tau);
        Ok(Found::plain(tau, rule))
    };
    let choice = plan.protocol.prior.as_ref().map(|p| p.texture);
    let table = match (
        choice.unwrap_or_default(),
        &plan.method,
        &plan.protocol.nuisance,
    ) {
        (TextureChoice::Given(tau), ..) => return plain(prior, tau, Rule::Given),
        (TextureChoice::Rule(TextureRule::HeldOut), Method::Bridge(table), None) => table,
        _ => return plain(prior, 0.0, Rule::HeldOutNotForThisMethod),
    };
    let Some(held) = study.held_out(plan, slices / 2)? else {
        return plain(prior, 0.0, Rule::HeldOutTooFewMeasurements);
    };
    let method = Method::Bridge(Bridge {
        samples: SAMPLES,
        levels: table.levels.min(LEVELS),
        ..table.clone()
    });
    let each = SAMPLES * method.sampling().map_or(0, |s| s.evaluations);
    let bar = progress.stage("texture", (TRIALS * each) as u64);
    let (kept, mut made) = (parts.trials(), Vec::new());
    let trials = search(held.slice.noise_floor(), &mut |tau| {
        prior.set_texture(tau);
        let mut tick = || {
            bar.step();
            !interrupted()
        };
        let spread_over_error = match kept.iter().find(|t| t.tau == tau) {
            Some(kept) => {
                (0..each).all(|_| tick());
                kept.spread_over_error
            }
            None => trial(plan, (&method, prior), (&held, slices / 2), &mut tick)?,
        };
        made.push(Trial {
            tau,
            spread_over_error,
        });
        parts.save_trials(&made)?;
        Ok::<_, ReconError>(spread_over_error)
    })?;
    bar.finish();
    let tau = best(&trials);
    prior.set_texture(tau);
    let network_evaluations = each * trials.len();
    Ok(Found {
        trials,
        network_evaluations,
        ..Found::plain(tau, Rule::HeldOut)
    })
}

/// Spread over error of samples of a slice on what was left out of it.
fn trial<T: Channels>(
    plan: &Plan,
    (method, prior): (&Method, &Model),
    (held, slice): (&HeldOut<'_, T>, usize),
    tick: &mut dyn FnMut() -> bool,
) -> Result<Option<f64>, ReconError> {
    let task = Task {
        plan,
        prepared: held.slice.as_ref(),
        slice,
        parts: None,
        drawn: None,
    };
    let mut draw = Draw::<T>::of(method, prior, held.slice.noise_floor());
    draw.salt = SALT;
    let (drawn, _) = draw.samples(&task, prior, &held.slice.measurement(), tick)?;
    let ratio = held.left_out.spread_over_error(&drawn);
    ratio.map_err(ReconError::at(slice))
}

/// Trials from τ = 0 towards a ratio of 1, which grows with τ: between two that bracket it by their line, else
/// beyond the last.
fn search<E>(
    sigma: f64,
    ratio: &mut dyn FnMut(f64) -> Result<Option<f64>, E>,
) -> Result<Vec<Trial>, E> {
    let mut trials = Vec::new();
    let mut tau = 0.0;
    loop {
        let spread_over_error = ratio(tau)?;
        trials.push(Trial {
            tau,
            spread_over_error,
        });
        let Some(r) = spread_over_error else {
            break;
        };
        let done = r > 1.0 && tau == 0.0 || (r - 1.0).abs() <= TOLERANCE;
        if done || r < 1.0 && tau >= largest(sigma) || trials.len() == TRIALS {
            break;
        }
        tau = next(&trials, sigma);
    }
    Ok(trials)
}

/// The largest τ at a noise deviation.
fn largest(sigma: f64) -> f64 {
    (LARGEST.0 * sigma).max(LARGEST.1)
}

/// The next τ to try.
fn next(trials: &[Trial], sigma: f64) -> f64 {
    let mut known: Vec<(f64, f64)> = trials
        .iter()
        .filter_map(|t| Some((t.tau, t.spread_over_error?)))
        .collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let most = largest(sigma);
    let below = known.iter().rev().find(|(_, r)| *r < 1.0);
    let above = known.iter().find(|(_, r)| *r >= 1.0);
    let line = |a: &(f64, f64), b: &(f64, f64)| a.0 + (1.0 - a.1) * (b.0 - a.0) / (b.1 - a.1);
    match (below, above, known.as_slice()) {
        (Some(a), Some(b), _) => line(a, b),
        (Some(_), None, [.., a, b]) if b.1 > a.1 => {
            line(a, b).clamp(1.3 * b.0, 3.0 * b.0).min(most)
        }
        (Some(_), None, [.., _, b]) => (2.0 * b.0).min(most),
        _ => FIRST * sigma,
    }
}

/// The τ whose ratio is nearest to 1; the first where no ratio is known.
fn best(trials: &[Trial]) -> f64 {
    let known = trials
        .iter()
        .filter_map(|t| Some((t.tau, (t.spread_over_error? - 1.0).abs())));
    known
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0.0, |(tau, _)| tau)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn found(f: impl Fn(f64) -> Option<f64>) -> (f64, Vec<Trial>) {
        let trials = search(0.04, &mut |tau| Ok::<_, Infallible>(f(tau))).unwrap();
        (best(&trials), trials)
    }

    #[test]
    fn the_ratio_is_brought_to_one() {
        // As the head and the knee have it, and curved.
        type Curve = fn(f64) -> f64;
        let curves: [Curve; 3] = [
            |tau| 0.71 + 0.3 * tau / 0.04,
            |tau| 0.70 + 0.6 * (tau / 0.04).powi(2),
            |tau| 0.6 + 0.13 * tau / 0.04,
        ];
        for curve in curves {
            let (tau, trials) = found(|t| Some(curve(t)));
            assert!((curve(tau) - 1.0).abs() < 0.1, "{trials:?}");
            assert!(trials.len() <= TRIALS);
        }
    }

    /// Whatever the curve, the search ends, within the largest texture.
    #[test]
    fn every_curve_ends() {
        for (start, rise) in (1..20).flat_map(|i| (0..40).map(move |j| (i, j))) {
            let (start, rise) = (f64::from(start) / 20.0, f64::from(rise) / 40.0);
            for bend in [-0.1, -0.036, 0.0, 0.05] {
                for sigma in [0.001, 0.04, 0.3] {
                    let curve =
                        |tau: f64| start + rise * tau / sigma + bend * (tau / sigma).powi(2);
                    let trials =
                        search(sigma, &mut |tau| Ok::<_, Infallible>(Some(curve(tau)))).unwrap();
                    assert!(trials.len() <= TRIALS);
                    for t in trials {
                        assert!((0.0..=largest(sigma)).contains(&t.tau), "{t:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_prior_that_is_wide_enough_stays_as_it_is() {
        for ratio in [0.97, 1.0, 1.4] {
            let (tau, trials) = found(|_| Some(ratio));
            assert_eq!((tau, trials.len()), (0.0, 1));
        }
    }

    #[test]
    fn what_no_texture_mends_is_said() {
        let warned = |ratio: Option<f64>| {
            let (tau, trials) = found(|_| ratio);
            let count = trials.len();
            let found = Found {
                trials,
                ..Found::plain(tau, Rule::HeldOut)
            };
            (tau, count, found.warning().unwrap())
        };
        let (_, _, warning) = warned(Some(0.5));
        assert!(warning.contains("0.50 times"), "{warning}");
        let (tau, count, warning) = warned(None);
        assert_eq!((tau, count), (0.0, 1));
        assert!(warning.contains("mostly noise"), "{warning}");
    }
}
