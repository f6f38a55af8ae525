//! The geometry of a sampler: whether its states lie where their noise levels say.

use crate::guidance::Seen;
use crate::plot::{Plot, svg};
use crate::score::Model;
use serde::Serialize;

/// One noise level of a slice.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Level {
    /// σ in image units of the prior.
    pub(super) sigma: f64,
    /// `‖x - D(x, σ)‖ / (σ √n)`, mean over the samples.
    pub(super) distance: f64,
    /// What it is for a state of the prior's own noise, `√(1 - tr C / (n σ²))` with the covariance C of
    /// the model card.
    pub(super) expected: Option<f64>,
    /// Of particles: the effective share of a population, the least of the samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effective_particles: Option<f64>,
}

/// The levels of a slice, summed over its samples.
#[derive(Debug, Default)]
pub(super) struct Geometry {
    levels: Vec<Sum>,
}

/// What was seen of the samples at one level.
#[derive(Debug)]
struct Sum {
    sigma: f64,
    distance: f64,
    worth: Option<f64>,
    samples: usize,
}

impl Geometry {
    /// Adds what was seen of a step.
    pub(super) fn add<T>(&mut self, seen: &Seen<'_, T>) {
        self.add_some(seen, seen.distance);
        if let (Some(level), false) = (self.levels.get_mut(seen.index), seen.worth.is_empty()) {
            let least = seen.worth.iter().copied().fold(1.0, f64::min);
            level.worth = Some(level.worth.unwrap_or(1.0).min(least));
        }
    }

    /// Adds some of the items that were seen of a step.
    pub(super) fn add_some<T>(&mut self, seen: &Seen<'_, T>, distances: &[f64]) {
        if self.levels.len() == seen.index {
            self.levels.push(Sum {
                sigma: seen.sigma,
                distance: 0.0,
                worth: None,
                samples: 0,
            });
        }
        if let Some(level) = self.levels.get_mut(seen.index) {
            level.distance += distances.iter().sum::<f64>();
            level.samples += distances.len();
        }
    }

    /// Level by level; those where no state was denoised are left out.
    pub(super) fn levels(&self, prior: &Model) -> Vec<Level> {
        let seen = self.levels.iter().filter(|level| level.samples > 0);
        seen.map(|level| {
            let (sigma, samples) = (level.sigma, level.samples as f64);
            Level {
                sigma,
                distance: level.distance / samples,
                expected: prior
                    .card
                    .covariance()
                    .map(|c| (1.0 - c.white(sigma) / (sigma * sigma)).max(0.0).sqrt()),
                effective_particles: level.worth,
            }
        })
        .collect()
    }
}

/// The levels of one slice as a curve for the report.
pub(super) fn picture(slice: usize, levels: &[Level]) -> String {
    let curve = |value: fn(&Level) -> Option<f64>| {
        let points = levels
            .iter()
            .filter_map(|l| value(l).map(|v| [l.sigma.log10(), v]));
        points.collect::<Vec<_>>()
    };
    let mut curves = vec![("the states".to_owned(), curve(|l| Some(l.distance)))];
    let expected = curve(|l| l.expected);
    if !expected.is_empty() {
        curves.push(("noise of the level".to_owned(), expected));
    }
    let worth = curve(|l| l.effective_particles);
    let mut ordinate = "|x - D| / (sigma sqrt n)".to_owned();
    if !worth.is_empty() {
        ordinate += "; share of the particles";
        curves.push(("effective share of the particles".to_owned(), worth));
    }
    svg(&Plot {
        title: format!("slice {slice}: distance of the states from what the prior sees in them"),
        axes: ["log10 of the noise level".into(), ordinate],
        curves,
        ..Plot::default()
    })
}
