//! A sampler of the protocol: its rule, noise levels and start, and the draw of a slice's samples.

use super::geometry::Geometry;
use super::rule::rule;
use super::slice::Task;
use super::{Plan, ReconError};
use crate::guidance::{Guidance, Measurement, SampleError, Seen, sample};
use crate::protocol::{Claim, Method};
use crate::score::{Channels, Denoiser, Model, Schedule};
use operators::{SliceRng, Vector};

/// A sampler's rule, schedule, start and number of samples, for states S.
pub(super) struct Draw<S> {
    rule: Box<dyn Guidance<S>>,
    pub(super) schedule: Schedule,
    pub(super) samples: usize,
    /// Evaluations of the network in all, for one sample.
    evaluations: usize,
    /// Whether the data are used.
    pub(super) guided: bool,
    /// Start from the classical image plus noise instead of noise alone.
    pub(super) warm: bool,
    /// What the seed is mixed with: a trial draws by streams of its own.
    pub(super) salt: u64,
}

/// What states are drawn from.
pub(super) struct Source<'a, S: Clone + 'static> {
    /// So many first states, from one stream each.
    pub(super) start: &'a dyn Fn(usize, &mut SliceRng) -> S,
    pub(super) prior: &'a dyn Denoiser<S>,
    pub(super) data: &'a Measurement<'a, S>,
}

impl<T: Channels> Draw<T> {
    /// The sampler of a method, for a prior and the noise deviation in its units.
    ///
    /// Panics for a method that has no prior.
    pub(super) fn of(method: &Method, prior: &Model, sigma_y: f64) -> Self {
        let [least, _] = prior.card.sigma_range;
        let rule = rule(method, least).expect("asked of a sampler");
        Draw::with(rule, method, prior, sigma_y)
    }

    /// All samples of a slice in units of the prior, in batches that do not change them.
    pub(super) fn samples(
        &self,
        task: &Task<'_, T>,
        prior: &Model,
        data: &Measurement<'_, T>,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<(T, Geometry), ReconError> {
        let start = self.start(task)?;
        let source = Source {
            start: &|count, rng| self.first(&start, count, rng),
            prior,
            data,
        };
        let (batches, geometry) = self.batches(task.plan, task.slice, &source, tick)?;
        let samples = T::concatenate(&batches).map_err(ReconError::at(task.slice))?;
        Ok((samples, geometry))
    }
}

impl<S: Vector> Draw<S> {
    /// The same with a rule of states that need not be images.
    ///
    /// Panics for a method that has no prior.
    pub(super) fn with(
        rule: Box<dyn Guidance<S>>,
        method: &Method,
        prior: &Model,
        sigma_y: f64,
    ) -> Self {
        let [least, most] = prior.card.sigma_range;
        let sampling = method.sampling().expect("asked of a sampler");
        let max = sampling.first_sigma().unwrap_or(most).min(most);
        // `Plan` refuses a first level below twice the prior's smallest.
        let min = (sigma_y / 5.0).max(least).min(max / 2.0);
        Draw {
            rule,
            schedule: Schedule::karras(sampling.levels, min, max, 7.0),
            samples: sampling.samples,
            guided: sampling.claim != Claim::Prior,
            evaluations: sampling.evaluations,
            warm: sampling.start_sigma.is_some(),
            salt: 0,
        }
    }

    /// Evaluations of the network for all samples.
    pub(super) fn evaluations(&self) -> usize {
        self.evaluations * self.samples
    }

    /// The image, batch 1, that noise is added to: zeros, or the classical one.
    pub(super) fn start<T: Channels>(&self, task: &Task<'_, T>) -> Result<T, ReconError> {
        match self.warm {
            true => task.prepared.reference(),
            false => Ok(task.prepared.blank()),
        }
    }

    /// First states of images.
    pub(super) fn first<T: Channels>(&self, start: &T, count: usize, rng: &mut SliceRng) -> T {
        let start = start.repeat(count);
        let mut x = start.normal_like(rng);
        x.scale(&[self.schedule.max()]);
        if self.warm {
            x.axpy(&[1.0], &start);
        }
        x
    }

    /// All samples of a slice, in batches that do not change them.
    pub(super) fn batches(
        &self,
        plan: &Plan,
        slice: usize,
        source: &Source<'_, S>,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<(Vec<S>, Geometry), ReconError> {
        let options = &plan.options;
        let (mut batches, mut geometry) = (Vec::new(), Geometry::default());
        // Of all evaluations, those up to a level.
        let up_to = |level: usize| self.evaluations * level / self.schedule.levels();
        for first in (0..self.samples).step_by(options.batch) {
            let count = options.batch.min(self.samples - first);
            let items = (first..first + count).map(|s| (slice as u32, s as u32));
            let mut rng = SliceRng::new(options.seed ^ self.salt, items);
            let x = (source.start)(count, &mut rng);
            let mut each = |seen: &Seen<'_, S>| {
                geometry.add(seen);
                let these = up_to(seen.index + 1) - up_to(seen.index);
                (0..count * these).all(|_| tick())
            };
            let drawn = sample(
                self.rule.as_ref(),
                source.prior,
                self.guided.then_some(source.data),
                &self.schedule,
                x,
                &mut rng,
                &mut each,
            );
            batches.push(drawn.map_err(|source| match source {
                SampleError::Interrupted => ReconError::Interrupted { slice },
                source => ReconError::Sampling {
                    slice,
                    source: source.after(first),
                },
            })?);
        }
        Ok((batches, geometry))
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
        Some(sampling) => {
            let last = usize::from(plan.takes_conditional_means().is_some());
            (sampling.evaluations + last) * sampling.samples
        }
        None => plan.method.iterations(),
    }
}
