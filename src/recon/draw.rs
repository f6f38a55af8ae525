//! A sampler of the protocol: its rule, noise levels and start, and the draw of a slice's samples.

use super::slice::Task;
use super::{Plan, ReconError};
use crate::guidance::{
    Bridge, CovarianceModel, Dds, Dps, DpsZeta, Guidance, Guided, Mcg, McgZeta, Measurement,
    PriorDraw, SampleError, Unconditional, sample,
};
use crate::protocol::{self, Method};
use crate::score::{Channels, Model, Schedule};
use operators::SliceRng;

/// A sampler's rule, schedule, start and number of samples.
pub(super) struct Draw<T> {
    rule: Box<dyn Guidance<T>>,
    pub(super) schedule: Schedule,
    pub(super) samples: usize,
    /// Start from the classical image plus noise instead of noise alone.
    warm: bool,
}

impl<T: Channels> Draw<T> {
    /// The sampler of a method, for a prior and the noise deviation in its units.
    ///
    /// Panics for a method that has no prior.
    pub(super) fn of(method: &Method, prior: &Model, sigma_y: f64) -> Self {
        let (rule, samples, warm): (Box<dyn Guidance<T>>, _, _) = match method {
            Method::Dps(m) => (dps(m), m.samples, m.start_sigma.is_some()),
            Method::Bridge(m) => (Box::new(bridge(m)), m.samples, m.start_sigma.is_some()),
            Method::Unconditional(m) => (Box::new(Unconditional), m.samples, false),
            Method::Mcg(m) => (mcg(m), m.samples, m.start_sigma.is_some()),
            Method::Dds(m) => (dds(m), m.samples, m.start_sigma.is_some()),
            Method::ZeroFilled(_)
            | Method::CgSense(_)
            | Method::Fbp(_)
            | Method::Sirt(_)
            | Method::Cgls(_)
            | Method::PwlsTv(_)
            | Method::Mltr(_) => unreachable!("classical methods have no prior"),
        };
        let [least, most] = prior.card.sigma_range;
        let max = first_sigma(method).unwrap_or(most).min(most);
        // `Plan` refuses a first level below twice the prior's smallest.
        let min = (sigma_y / 5.0).max(least).min(max / 2.0);
        Draw {
            rule,
            schedule: Schedule::karras(levels(method), min, max, 7.0),
            samples,
            warm,
        }
    }

    /// All samples of a slice in units of the prior, in batches that do not change them.
    pub(super) fn samples(
        &self,
        task: &Task<'_, T>,
        prior: &Model,
        data: &Measurement<'_, T>,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<T, ReconError> {
        let blank = task.prepared.blank();
        let start = match self.warm {
            true => Some(task.prepared.reference()?),
            false => None,
        };
        let (slice, options) = (task.slice, &task.plan.options);
        let mut batches = Vec::new();
        for first in (0..self.samples).step_by(options.batch) {
            let count = options.batch.min(self.samples - first);
            let items = (first..first + count).map(|s| (slice as u32, s as u32));
            let mut rng = SliceRng::new(options.seed, items);
            let mut x = blank.repeat(count).normal_like(&mut rng);
            x.scale(&[self.schedule.max()]);
            if let Some(start) = &start {
                x.axpy(&[1.0], &start.repeat(count));
            }
            let mut each = |_: usize, _: &T| (0..count).all(|_| tick());
            let rule = self.rule.as_ref();
            let drawn = sample(
                rule,
                prior,
                Some(data),
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
        T::concatenate(&batches).map_err(ReconError::at(slice))
    }
}

fn dps<T: Channels>(m: &protocol::Dps) -> Box<dyn Guidance<T>> {
    match m.zeta {
        Some(zeta) => Box::new(DpsZeta { zeta, clip: m.clip }),
        None => Box::new(Dps(Guided {
            covariance: CovarianceModel::Spectrum,
            cg_iterations: m.cg_iterations,
            guard: m.guard,
        })),
    }
}

/// The rule of a protocol's `[method.bridge]`.
pub fn bridge(m: &protocol::Bridge) -> Bridge {
    let guided = Guided {
        covariance: covariance(m.covariance),
        cg_iterations: m.cg_iterations,
        guard: m.guard,
    };
    Bridge {
        guided,
        draw: match m.draw {
            protocol::Draw::Mean => PriorDraw::Mean,
            protocol::Draw::Model => PriorDraw::Model,
            protocol::Draw::Network => PriorDraw::Network,
        },
        pullback: m.pullback,
    }
}

fn covariance(choice: protocol::Covariance) -> CovarianceModel {
    match choice {
        protocol::Covariance::Spectrum => CovarianceModel::Spectrum,
        protocol::Covariance::White => CovarianceModel::White,
        protocol::Covariance::Sigma => CovarianceModel::Sigma,
    }
}

fn mcg<T: Channels>(m: &protocol::Mcg) -> Box<dyn Guidance<T>> {
    match m.zeta {
        Some(zeta) => Box::new(McgZeta {
            zeta,
            lambda: m.lambda,
            steps: m.steps,
        }),
        None => Box::new(Mcg(Guided {
            covariance: CovarianceModel::Spectrum,
            cg_iterations: m.cg_iterations,
            guard: m.guard,
        })),
    }
}

fn dds<T: Channels>(m: &protocol::Dds) -> Box<dyn Guidance<T>> {
    Box::new(Dds {
        gamma: m.gamma,
        covariance: covariance(m.covariance),
        eta: m.eta,
        cg_iterations: m.cg_iterations,
    })
}

fn levels(method: &Method) -> usize {
    match method {
        Method::Dps(m) => m.steps,
        Method::Bridge(m) => m.levels,
        Method::Mcg(m) => m.steps,
        Method::Dds(m) => m.levels,
        Method::Unconditional(m) => m.levels,
        Method::Sirt(m) => m.iterations,
        Method::Cgls(m) => m.iterations,
        Method::PwlsTv(m) => m.iterations,
        Method::Mltr(m) => m.iterations,
        Method::ZeroFilled(_) | Method::CgSense(_) | Method::Fbp(_) => 1,
    }
}

/// The first noise level that a method asks for; the prior's largest without.
fn first_sigma(method: &Method) -> Option<f64> {
    match method {
        Method::Dps(m) => Some(m.start_sigma.unwrap_or(m.sigma_max)),
        Method::Mcg(m) => Some(m.start_sigma.unwrap_or(m.sigma_max)),
        Method::Dds(m) => Some(m.start_sigma.unwrap_or(m.sigma_max)),
        Method::Bridge(m) => Some(m.start_sigma.unwrap_or(m.sigma_max)),
        _ => None,
    }
}

/// Refuses a first noise level that the prior cannot start from.
pub(super) fn check_levels(method: &Method, prior: &Model) -> Result<(), ReconError> {
    let [least, most] = prior.card.sigma_range;
    match first_sigma(method) {
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
    levels(&plan.method) * plan.method.samples().unwrap_or(1)
}
