//! A sampler of the protocol: its rule, noise levels and start, and the draw of a slice's samples.

use super::sense::Sense;
use super::{Plan, ReconError};
use crate::guidance::{
    Bridge, CovarianceModel, Dps, DpsZeta, Guidance, Guided, Measurement, SampleError,
    Unconditional, sample,
};
use crate::protocol::{self, Method};
use crate::score::{Channels, Model, Schedule};
use operators::SliceRng;

/// A sampler's schedule, start and number of samples.
pub(super) struct Run {
    pub(super) schedule: Schedule,
    pub(super) samples: usize,
    /// Start from the CG-SENSE image plus noise instead of noise alone.
    warm: bool,
}

impl Run {
    /// The rule of a method and its run, for a prior and the noise deviation in its units.
    pub(super) fn of<T: Channels>(
        method: &Method,
        prior: &Model,
        sigma_y: f64,
    ) -> (Box<dyn Guidance<T>>, Run) {
        let [least, most] = prior.card.sigma_range;
        let karras = |levels: usize, max: f64| {
            let max = max.min(most);
            Schedule::karras(levels, (sigma_y / 5.0).clamp(least, max / 2.0), max, 7.0)
        };
        let guided = |covariance, cg_iterations, guard| Guided {
            covariance,
            cg_iterations,
            guard,
        };
        match method {
            Method::Dps(m) => {
                let rule: Box<dyn Guidance<T>> = match m.zeta {
                    Some(zeta) => Box::new(DpsZeta { zeta, clip: m.clip }),
                    None => Box::new(Dps(guided(CovarianceModel::Spectrum, m.cg_iterations, 1.5))),
                };
                let schedule = karras(m.steps, m.sigma_max);
                (
                    rule,
                    Run {
                        schedule,
                        samples: m.samples,
                        warm: false,
                    },
                )
            }
            Method::Bridge(m) => {
                let covariance = match m.covariance {
                    protocol::Covariance::Spectrum => CovarianceModel::Spectrum,
                    protocol::Covariance::White => CovarianceModel::White,
                };
                let guided = guided(covariance, m.cg_iterations, m.guard);
                let schedule = karras(m.levels, m.start_sigma.unwrap_or(m.sigma_max));
                let warm = m.start_sigma.is_some();
                let rule = Box::new(Bridge {
                    guided,
                    pullback: m.pullback,
                });
                (
                    rule,
                    Run {
                        schedule,
                        samples: m.samples,
                        warm,
                    },
                )
            }
            Method::Unconditional(m) => {
                let schedule = karras(m.levels, most);
                (
                    Box::new(Unconditional),
                    Run {
                        schedule,
                        samples: m.samples,
                        warm: false,
                    },
                )
            }
            Method::ZeroFilled(_) | Method::CgSense(_) => {
                unreachable!("classical methods have no prior")
            }
        }
    }

    /// All samples of a slice, in batches that do not change them.
    #[expect(clippy::too_many_arguments, reason = "one call, in the function above")]
    pub(super) fn draw<T: Channels>(
        &self,
        rule: &dyn Guidance<T>,
        plan: &Plan,
        prior: &Model,
        data: &Measurement<'_, T>,
        sense: &Sense<T>,
        reference: &T,
        slice: usize,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<T, ReconError> {
        let mut parts = Vec::new();
        for first in (0..self.samples).step_by(plan.options.batch) {
            let count = plan.options.batch.min(self.samples - first);
            let items = (first..first + count).map(|s| (slice as u32, s as u32));
            let mut rng = SliceRng::new(plan.options.seed, items);
            let mut x = sense.image.repeat(count).normal_like(&mut rng);
            x.scale(&[self.schedule.max()]);
            if self.warm {
                x.axpy(&[1.0], &reference.repeat(count));
            }
            let mut each = |_: usize, _: &T| (0..count).all(|_| tick());
            let drawn = sample(
                rule,
                prior,
                Some(data),
                &self.schedule,
                x,
                &mut rng,
                &mut each,
            );
            parts.push(drawn.map_err(|source| match source {
                SampleError::Interrupted => ReconError::Interrupted { slice },
                source => ReconError::Sampling { slice, source },
            })?);
        }
        T::concatenate(&parts).map_err(ReconError::at(slice))
    }
}

/// Network evaluations that a plan makes on one slice.
pub(super) fn evaluations(method: &Method) -> usize {
    match method {
        Method::Dps(m) => m.steps * m.samples,
        Method::Bridge(m) => m.levels * m.samples,
        Method::Unconditional(m) => m.levels * m.samples,
        Method::ZeroFilled(_) | Method::CgSense(_) => 1,
    }
}
