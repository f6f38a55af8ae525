//! The texture of a prior, found without a truth: that with which samples spread as far as they err on
//! measurements that they were not given.

use super::draw::Draw;
use super::slice::Task;
use super::study::Study;
use super::{Plan, ReconError};
use crate::progress::Progress;
use crate::protocol::{Bridge, Method, TextureChoice, TextureRule};
use crate::score::{Channels, Model};
use serde::Serialize;

/// Samples and noise levels of a trial: it wants a ratio, not an image.
const SAMPLES: usize = 4;
const LEVELS: usize = 20;
/// Trials at most.
const TRIALS: usize = 4;
/// How far from 1 is near enough: what the ratio of so few samples is good for.
const TOLERANCE: f64 = 0.05;
/// The first texture that is tried, and the largest, in noise deviations.
const FIRST: f64 = 0.7;
const LARGEST: f64 = 3.0;

/// One texture and what the samples did with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Trial {
    /// τ, in units of the prior.
    pub(super) tau: f64,
    /// On the measurements that were left out; none where their noise hides the error.
    pub(super) spread_over_error: Option<f64>,
}

/// A texture and the trials that chose it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Texture {
    /// τ, in units of the prior.
    pub(super) tau: f64,
    /// Empty where the protocol gave it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) trials: Vec<Trial>,
    /// Whether the scan could spare no measurements.
    #[serde(skip)]
    pub(super) too_few: bool,
}

impl Texture {
    /// Without trials.
    fn of(tau: f64) -> Self {
        Texture {
            tau,
            trials: Vec::new(),
            too_few: false,
        }
    }

    /// A warning where the largest texture is not enough, and where nothing could be told.
    pub(super) fn warning(&self) -> Option<String> {
        if self.too_few {
            return Some(
                "prior.texture = \"held-out\": too few samples lie outside of the calibration region to leave some \
                 out; the prior is taken as it is, and nothing is known of the error bars"
                    .into(),
            );
        }
        let chosen = self.trials.iter().find(|t| t.tau == self.tau)?;
        match chosen.spread_over_error {
            None => Some(
                "prior.texture = \"held-out\": the measurements that were left out are mostly noise and tell \
                 nothing of the error bars"
                    .into(),
            ),
            Some(ratio) if (ratio - 1.0).abs() > 0.2 => Some(format!(
                "prior.texture = \"held-out\": on measurements that were left out the samples spread {ratio:.2} \
                 times as far as they err, with the best texture: the error bars are that far off"
            )),
            Some(_) => None,
        }
    }

    /// One line for the report.
    pub(super) fn words(&self) -> String {
        let ratio = |t: &Trial| match t.spread_over_error {
            Some(ratio) => format!("{:.4} ({ratio:.2})", t.tau),
            None => format!("{:.4} (lost in the noise)", t.tau),
        };
        match self.trials.is_empty() {
            true => format!("{}", self.tau),
            false => format!(
                "{:.4}, by measurements left out; tried (spread over error there): {}",
                self.tau,
                self.trials.iter().map(ratio).collect::<Vec<_>>().join(", ")
            ),
        }
    }
}

/// The prior with the texture that the protocol asks for.
///
/// By the rule it is found for `bridge` of images alone, on the middle slice of the volume, whatever `--slices` says;
/// other methods, and pairs of an image and a nuisance, take the prior as it is.
pub(super) fn textured<T: Channels>(
    plan: &Plan,
    prior: Model,
    (study, slices): (&mut dyn Study<T>, usize),
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<(Model, Texture), ReconError> {
    let choice = plan.protocol.prior.as_ref().map(|p| p.texture);
    let choice = choice.unwrap_or_default();
    let table = match (choice, &plan.method, &plan.protocol.nuisance) {
        (TextureChoice::Given(tau), ..) => return Ok((prior.with_texture(tau), Texture::of(tau))),
        (TextureChoice::Rule(TextureRule::HeldOut), Method::Bridge(table), None) => table,
        _ => return Ok((prior, Texture::of(0.0))),
    };
    let index = slices / 2;
    let Some(held) = study.held_out(plan, index)? else {
        let too_few = true;
        let none = Texture::of(0.0);
        return Ok((prior, Texture { too_few, ..none }));
    };
    let method = Method::Bridge(Bridge {
        samples: SAMPLES,
        levels: table.levels.min(LEVELS),
        ..table.clone()
    });
    let each = SAMPLES * method.sampling().map_or(0, |s| s.evaluations);
    let bar = progress.stage("texture", (TRIALS * each) as u64);
    let (mut prior, sigma) = (Some(prior), held.slice.noise_floor());
    let mut tick = || {
        bar.step();
        !interrupted()
    };
    let task = Task {
        plan,
        prepared: held.slice.as_ref(),
        slice: index,
        parts: None,
        drawn: None,
    };
    let trials = search(sigma, &mut |tau| {
        let model = prior.take().expect("put back").with_texture(tau);
        let draw = Draw::<T>::of(&method, &model, sigma);
        let drawn = draw.samples(&task, &model, &held.slice.measurement(), &mut tick);
        prior = Some(model);
        let ratio = held.left_out.spread_over_error(&drawn?.0);
        ratio.map_err(ReconError::at(index))
    })?;
    bar.finish();
    let tau = best(&trials);
    let prior = prior.expect("put back").with_texture(tau);
    let texture = Texture::of(tau);
    Ok((prior, Texture { trials, ..texture }))
}

/// Trials from τ = 0 towards a ratio of 1, which grows with τ: between two that bracket it by their line, else
/// beyond the last.
fn search<E>(
    sigma: f64,
    ratio: &mut dyn FnMut(f64) -> Result<Option<f64>, E>,
) -> Result<Vec<Trial>, E> {
    let mut trials = Vec::new();
    let mut tau = 0.0;
    while trials.len() < TRIALS {
        let spread_over_error = ratio(tau)?;
        trials.push(Trial {
            tau,
            spread_over_error,
        });
        let Some(r) = spread_over_error else {
            break;
        };
        let done = r > 1.0 && tau == 0.0 || (r - 1.0).abs() <= TOLERANCE;
        if done || r < 1.0 && tau >= LARGEST * sigma {
            break;
        }
        tau = next(&trials, sigma);
    }
    Ok(trials)
}

/// The next τ to try.
fn next(trials: &[Trial], sigma: f64) -> f64 {
    let mut known: Vec<(f64, f64)> = trials
        .iter()
        .filter_map(|t| Some((t.tau, t.spread_over_error?)))
        .collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let below = known.iter().rev().find(|(_, r)| *r < 1.0);
    let above = known.iter().find(|(_, r)| *r >= 1.0);
    let line = |a: &(f64, f64), b: &(f64, f64)| a.0 + (1.0 - a.1) * (b.0 - a.0) / (b.1 - a.1);
    match (below, above, known.as_slice()) {
        (Some(a), Some(b), _) => line(a, b),
        (Some(_), None, [.., a, b]) if b.1 > a.1 => {
            line(a, b).clamp(1.3 * b.0, (3.0 * b.0).min(LARGEST * sigma))
        }
        (Some(_), None, [.., _, b]) => (2.0 * b.0).min(LARGEST * sigma),
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
            |tau| 0.6 + 0.12 * tau / 0.04,
        ];
        for curve in curves {
            let (tau, trials) = found(|t| Some(curve(t)));
            assert!((curve(tau) - 1.0).abs() < 0.1, "{trials:?}");
            assert!(trials.len() <= TRIALS);
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
        let (tau, trials) = found(|_| Some(0.5));
        let warning = Texture {
            trials,
            ..Texture::of(tau)
        }
        .warning()
        .unwrap();
        assert!(warning.contains("0.50 times"), "{warning}");
        let (tau, trials) = found(|_| None);
        assert_eq!((tau, trials.len()), (0.0, 1));
        let warning = Texture {
            trials,
            ..Texture::of(tau)
        }
        .warning()
        .unwrap();
        assert!(warning.contains("mostly noise"), "{warning}");
    }
}
