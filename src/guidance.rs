//! Posterior sampling: a prior's reverse steps made to agree with the data.
//!
//! The state is `x = x0 + σ n`. One trait with one method, [`Guidance::step`]; a rule is a few
//! visible lines that read like its paper.

mod bridge;
mod conditional;
mod daps;
mod ddnm;
mod dds;
mod diffpir;
mod dps;
mod langevin;
mod least_squares;
mod mcg;
mod moment;
mod normal;
mod pigdm;
mod pnp_dm;
mod projection;
mod sampler;
mod transition;
mod unconditional;

pub use bridge::{Bridge, PriorDraw};
pub use conditional::{CovarianceModel, Guided};
pub use daps::Daps;
pub use ddnm::Ddnm;
pub use dds::Dds;
pub use diffpir::DiffPir;
pub use dps::{Dps, DpsZeta};
pub use langevin::AnnealedLangevin;
pub use mcg::{Mcg, McgZeta};
pub use moment::MomentProjection;
pub use normal::NormalSpectrum;
pub use pigdm::PiGdm;
pub use pnp_dm::PnpDm;
pub use projection::{Ilvr, ProjectedPc, Projecting};
pub use sampler::{SampleError, sample};
pub use transition::Transition;
pub use unconditional::Unconditional;

use crate::score::Denoiser;
use operators::likelihood::Likelihood;
use operators::{LinearOperator, Operator, Result, SliceRng};

/// What was measured: `y = A(x) + noise`, with what some methods need and others do not have.
pub struct Measurement<'a, T: Clone + 'static> {
    /// The forward model `A`.
    pub operator: &'a dyn Operator<T>,
    /// The noise, with the measured `y`.
    pub likelihood: &'a dyn Likelihood<T>,
    /// The radial spectrum of `Aᴴ Λ A`, which preconditions CG.
    pub normal: Option<&'a NormalSpectrum>,
    /// `A†`: filtered back-projection, for CT.
    pub pseudo_inverse: Option<&'a dyn LinearOperator<T>>,
    /// The projection onto what was not measured: the views between those of the scan.
    pub unmeasured: Option<&'a dyn LinearOperator<T>>,
}

impl<'a, T: Clone + 'static> Measurement<'a, T> {
    /// A measurement without the extras.
    pub fn new(operator: &'a dyn Operator<T>, likelihood: &'a dyn Likelihood<T>) -> Self {
        Measurement {
            operator,
            likelihood,
            normal: None,
            pseudo_inverse: None,
            unmeasured: None,
        }
    }

    /// Pearson's chi-square per real measurement at `x`, per item: 1 is calibrated.
    pub fn misfit(&self, x: &T) -> Result<Vec<f64>> {
        Ok(self.likelihood.misfit(&self.operator.apply(x)?))
    }
}

/// Everything that a rule sees in one step.
pub struct Step<'a, T: Clone + 'static> {
    /// The state at σ.
    pub x: &'a T,
    /// Index of the step.
    pub index: usize,
    /// This noise level.
    pub sigma: f64,
    /// The next one.
    pub next: f64,
    /// The prior.
    pub prior: &'a dyn Denoiser<T>,
    /// The data; none in unconditional sampling.
    pub data: Option<&'a Measurement<'a, T>>,
    /// How `x0` and the state make the next state.
    pub transition: Transition,
    /// One stream an item.
    pub rng: &'a mut SliceRng,
}

/// One way of making a reverse step agree with the data: the next state.
pub trait Guidance<T: Clone + 'static> {
    /// From the state at `σ` to the state at the next level.
    fn step(&self, at: &mut Step<'_, T>) -> Result<T>;
}
