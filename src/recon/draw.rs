//! A sampler of the protocol: its rule, noise levels and start, and the draw of a slice's samples.

use super::geometry::Geometry;
use super::rule::rule;
use super::slice::Task;
use super::{Plan, ReconError};
use crate::guidance::{Guidance, Measurement, SampleError, Seen, sample};
use crate::protocol::{Claim, Method};
use crate::score::{Channels, Model, Schedule};
use operators::SliceRng;

/// A sampler's rule, schedule, start and number of samples.
pub(super) struct Draw<T> {
    rule: Box<dyn Guidance<T>>,
    pub(super) schedule: Schedule,
    pub(super) samples: usize,
    /// Evaluations of the network a level, for one sample.
    each: usize,
    /// Whether the data are used.
    guided: bool,
    /// Start from the classical image plus noise instead of noise alone.
    pub(super) warm: bool,
}

impl<T: Channels> Draw<T> {
    /// The sampler of a method, for a prior and the noise deviation in its units.
    ///
    /// Panics for a method that has no prior.
    pub(super) fn of(method: &Method, prior: &Model, sigma_y: f64) -> Self {
        let [least, most] = prior.card.sigma_range;
        let sampling = method.sampling().expect("asked of a sampler");
        let max = sampling.first_sigma().unwrap_or(most).min(most);
        // `Plan` refuses a first level below twice the prior's smallest.
        let min = (sigma_y / 5.0).max(least).min(max / 2.0);
        Draw {
            rule: rule(method, least).expect("asked of a sampler"),
            schedule: Schedule::karras(sampling.levels, min, max, 7.0),
            samples: sampling.samples,
            guided: sampling.claim != Claim::Prior,
            each: sampling.evaluations / sampling.levels,
            warm: sampling.start_sigma.is_some(),
        }
    }

    /// Evaluations of the network for all samples.
    pub(super) fn evaluations(&self) -> usize {
        self.schedule.levels() * self.each * self.samples
    }

    /// All samples of a slice in units of the prior, in batches that do not change them.
    pub(super) fn samples(
        &self,
        task: &Task<'_, T>,
        prior: &Model,
        data: &Measurement<'_, T>,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<(T, Geometry), ReconError> {
        let blank = task.prepared.blank();
        let start = match self.warm {
            true => Some(task.prepared.reference()?),
            false => None,
        };
        let (slice, options) = (task.slice, &task.plan.options);
        let (mut batches, mut geometry) = (Vec::new(), Geometry::default());
        for first in (0..self.samples).step_by(options.batch) {
            let count = options.batch.min(self.samples - first);
            let items = (first..first + count).map(|s| (slice as u32, s as u32));
            let mut rng = SliceRng::new(options.seed, items);
            let mut x = blank.repeat(count).normal_like(&mut rng);
            x.scale(&[self.schedule.max()]);
            if let Some(start) = &start {
                x.axpy(&[1.0], &start.repeat(count));
            }
            let mut each = |seen: &Seen<'_, T>| {
                geometry.add(seen);
                (0..count * self.each).all(|_| tick())
            };
            let rule = self.rule.as_ref();
            let drawn = sample(
                rule,
                prior,
                self.guided.then_some(data),
                &self.schedule,
                x,
                &mut rng,
                &mut each,
            );
            batches.push(drawn.map_err(|source| match source {
                SampleError::Interrupted => ReconError::Interrupted { slice },
                source => ReconError::Sampling { slice, source },
            })?);
        }
        let samples = T::concatenate(&batches).map_err(ReconError::at(slice))?;
        Ok((samples, geometry))
    }
}

/// Refuses a first noise level that the prior cannot start from.
pub(super) fn check_levels(method: &Method, prior: &Model) -> Result<(), ReconError> {
    let [least, most] = prior.card.sigma_range;
    match method.sampling().and_then(|s| s.first_sigma()) {
        Some(first) if first < 2.0 * least => Err(ReconError::Request(format!(
            "method.{}: the first noise level (sigma_max or start_sigma) is {first}: the prior `{}` \
             knows {least} to {most}; expected at least {}",
            method.name(),
            prior.card.name,
            2.0 * least
        ))),
        _ => Ok(()),
    }
}

/// Steps of work on one slice: network evaluations, or iterations of a method without a network.
pub(super) fn evaluations(plan: &Plan) -> usize {
    match plan.method.sampling() {
        Some(sampling) => sampling.evaluations * sampling.samples,
        None => plan.method.iterations(),
    }
}
