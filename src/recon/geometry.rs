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
}

/// The levels of a slice, summed over its samples.
#[derive(Debug, Default)]
pub(super) struct Geometry {
    /// σ, sum of the distances, samples.
    levels: Vec<(f64, f64, usize)>,
}

impl Geometry {
    /// Adds what was seen of a step.
    pub(super) fn add<T>(&mut self, seen: &Seen<'_, T>) {
        self.add_some(seen, seen.distance);
    }

    /// Adds some of the items that were seen of a step.
    pub(super) fn add_some<T>(&mut self, seen: &Seen<'_, T>, distances: &[f64]) {
        if self.levels.len() == seen.index {
            self.levels.push((seen.sigma, 0.0, 0));
        }
        if let Some((_, sum, samples)) = self.levels.get_mut(seen.index) {
            *sum += distances.iter().sum::<f64>();
            *samples += distances.len();
        }
    }

    /// Level by level; those where no state was denoised are left out.
    pub(super) fn levels(&self, prior: &Model) -> Vec<Level> {
        let seen = self.levels.iter().filter(|(_, _, samples)| *samples > 0);
        seen.map(|(sigma, sum, samples)| Level {
            sigma: *sigma,
            distance: sum / *samples as f64,
            expected: prior
                .card
                .covariance()
                .map(|c| (1.0 - c.white(*sigma) / (sigma * sigma)).max(0.0).sqrt()),
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
    svg(&Plot {
        title: format!("slice {slice}: distance of the states from what the prior sees in them"),
        axes: [
            "log10 of the noise level".into(),
            "|x - D| / (sigma sqrt n)".into(),
        ],
        curves,
        ..Plot::default()
    })
}
