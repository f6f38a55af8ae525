//! The texture of a prior, found without a truth: that with which samples spread as far as they err on
//! measurements that they were not given.

use super::draw::Draw;
use super::held_out::HeldOut;
use super::parts::Parts;
use super::slice::Task;
use super::study::Study;
use super::trials::{TRIALS, Trial, best, search};
use super::{Plan, ReconError, start};
use crate::progress::Progress;
use crate::protocol::{Bridge, Method, TextureChoice, TextureRule};
use crate::score::{Channels, Model};
use serde::Serialize;

/// Samples and noise levels of a trial: it wants a ratio, not an image.
const SAMPLES: usize = 4;
const LEVELS: usize = 20;
/// A trial draws by streams of its own.
const SALT: u64 = 0x5445_5854_5552;

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

/// The texture that the protocol asks for.
///
/// By the rule it is found for `bridge` of images alone, on the middle slice of the volume, whatever `--slices` says;
/// other methods, and pairs of an image and a nuisance, take the prior as it is. Trials that are kept in `parts` are
/// not made again.
pub(super) fn texture<T: Channels>(
    plan: &Plan,
    prior: &Model,
    (study, slices): (&mut dyn Study<T>, usize),
    parts: &Parts,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<Found, ReconError> {
    let choice = plan.protocol.prior.as_ref().map(|p| p.texture);
    let table = match (
        choice.unwrap_or_default(),
        &plan.method,
        &plan.protocol.nuisance,
    ) {
        (TextureChoice::Given(tau), ..) => return Ok(Found::plain(tau, Rule::Given)),
        (TextureChoice::Rule(TextureRule::HeldOut), Method::Bridge(table), None) => table,
        _ => return Ok(Found::plain(0.0, Rule::HeldOutNotForThisMethod)),
    };
    let Some(held) = study.held_out(plan, slices / 2)? else {
        return Ok(Found::plain(0.0, Rule::HeldOutTooFewMeasurements));
    };
    let method = Method::Bridge(Bridge {
        samples: SAMPLES,
        levels: table.levels.min(LEVELS),
        ..table.clone()
    });
    let each = SAMPLES * method.sampling().map_or(0, |s| s.evaluations);
    let bar = progress.stage("texture", (TRIALS * each) as u64);
    let mut tick = || {
        bar.step();
        !interrupted()
    };
    let (kept, mut made) = (parts.trials(), Vec::new());
    let trials = search(held.slice.noise_floor(), &mut |tau| {
        let before = kept.iter().find(|t| t.tau == tau);
        let spread_over_error = match before {
            Some(kept) if (0..each).all(|_| tick()) => kept.spread_over_error,
            Some(_) => return Err(ReconError::Interrupted { slice: slices / 2 }),
            None => {
                let prior = prior.textured(tau);
                trial(plan, (&method, &prior), (&held, slices / 2), &mut tick)?
            }
        };
        made.push(Trial {
            tau,
            spread_over_error,
        });
        if before.is_none() {
            parts.save_trials(&made)?;
        }
        Ok(spread_over_error)
    })?;
    bar.finish();
    let tau = best(&trials);
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
    let method = start::resolved(plan, held.slice.as_ref(), (prior, slice), method)?;
    let mut draw = Draw::<T>::of(&method, prior, held.slice.noise_floor());
    draw.salt = SALT;
    let (drawn, _) = draw.samples(&task, prior, &held.slice.measurement(), tick)?;
    let ratio = held.left_out.spread_over_error(&drawn);
    ratio.map_err(ReconError::at(slice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn what_no_texture_mends_is_said() {
        let warned = |ratio: Option<f64>| {
            let trials = search(0.04, &mut |_| Ok::<_, Infallible>(ratio)).unwrap();
            let (tau, count) = (best(&trials), trials.len());
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
