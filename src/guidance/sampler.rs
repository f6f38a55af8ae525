//! The loop over the noise levels.

use super::{Guidance, Measurement, Step};
use crate::score::{Denoiser, Schedule};
use operators::{Error, SliceRng, Vector};

/// Why sampling stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// A state, or a number on the way to it, is not finite.
    #[error(
        "sampling diverged at step {step} of {steps} (sigma {sigma:.4}), sample {}: \
         {what} is not finite; more levels or a smaller step (zeta, lambda, gamma, guard) keep it so, and \
         `bridge` has none to set",
        item + 1
    )]
    Diverged {
        /// What is not finite.
        what: &'static str,
        /// Index of the step.
        step: usize,
        /// Steps in all.
        steps: usize,
        /// Noise level.
        sigma: f64,
        /// Item of the batch.
        item: usize,
    },
    /// An operator or the network refused.
    #[error("step {step} (sigma {sigma:.4}): {source}")]
    Step {
        /// Index of the step.
        step: usize,
        /// Noise level.
        sigma: f64,
        /// What it said.
        source: Error,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl SampleError {
    /// The same of a batch that follows `first` items.
    pub fn after(mut self, first: usize) -> Self {
        if let Self::Diverged { item, .. } = &mut self {
            *item += first;
        }
        self
    }
}

/// What is told after a step.
pub struct Seen<'a, T> {
    /// Index of the step.
    pub index: usize,
    /// The level that it left.
    pub sigma: f64,
    /// [`Step::distance`] of that level, per item; empty where the rule denoises no state.
    pub distance: &'a [f64],
    /// [`Step::worth`] of that level, per item.
    pub worth: &'a [f64],
    /// The state at the next level.
    pub x: &'a T,
}

/// Runs `guidance` from the state `x` at the first level down to 0; `each_step` is told after
/// every step and may stop the run by returning false.
pub fn sample<T: Vector>(
    guidance: &dyn Guidance<T>,
    prior: &dyn Denoiser<T>,
    data: Option<&Measurement<'_, T>>,
    schedule: &Schedule,
    mut x: T,
    rng: &mut SliceRng,
    each_step: &mut dyn FnMut(&Seen<'_, T>) -> bool,
) -> Result<T, SampleError> {
    let steps = schedule.levels();
    let mut memory = Vec::new();
    for (index, (sigma, next)) in schedule.steps().enumerate() {
        let mut at = Step {
            index,
            ..Step::new(&x, [sigma, next], prior, data, rng, &mut memory)
        };
        let stepped = guidance.step(&mut at);
        let distance = std::mem::take(&mut at.distance);
        let worth = std::mem::take(&mut at.worth);
        let diverged = |what, item| SampleError::Diverged {
            what,
            step: index,
            steps,
            sigma,
            item,
        };
        x = stepped.map_err(|source| match source {
            Error::NonFinite { what, item } => diverged(what, item),
            source => SampleError::Step {
                step: index,
                sigma,
                source,
            },
        })?;
        if let Some(item) = x.finite().iter().position(|f| !f) {
            return Err(diverged("a state", item));
        }
        let seen = Seen {
            index,
            sigma,
            distance: &distance,
            worth: &worth,
            x: &x,
        };
        if !each_step(&seen) {
            return Err(SampleError::Interrupted);
        }
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::StationaryGaussian;
    use operators::{Field, Host};

    #[test]
    fn a_sample_is_counted_from_the_first_of_all_batches() {
        let diverged = SampleError::Diverged {
            what: "a state",
            step: 2,
            steps: 9,
            sigma: 0.5,
            item: 1,
        };
        let told = diverged.after(4).to_string();
        assert!(
            told.contains("step 2 of 9 (sigma 0.5000), sample 6: a state is not finite"),
            "{told}"
        );
    }

    /// Whose solver meets a number that is not finite in its second image.
    struct Stuck;

    impl Guidance<Host<f64>> for Stuck {
        fn step(&self, _: &mut Step<'_, Host<f64>>) -> operators::Result<Host<f64>> {
            Err(Error::NonFinite {
                what: "the step of conjugate gradients",
                item: 1,
            })
        }
    }

    /// It is a divergence too: the sample is counted likewise, and the way out is told.
    #[test]
    fn a_solver_that_diverges_is_told_like_a_state() {
        let mut rng = SliceRng::samples(1, 0, 2);
        let x = Host::zeros(&[2, 4, 4], Field::Complex).normal_like(&mut rng);
        let prior = StationaryGaussian::new(1.0, 1.0, 0.0);
        let levels = Schedule::karras(3, 0.1, 1.0, 7.0);
        let ran = sample(&Stuck, &prior, None, &levels, x, &mut rng, &mut |_| true);
        let told = ran.err().unwrap().after(4).to_string();
        for part in [
            "step 0 of 3 (sigma 1.0000), sample 6: the step of conjugate gradients is not finite",
            "smaller step",
        ] {
            assert!(told.contains(part), "{told}");
        }
    }
}
