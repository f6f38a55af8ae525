//! Posterior sampling: a prior's reverse steps made to agree with the data.
//!
//! The state is `x = x0 + σ n`. One trait with one method, [`Guidance::step`]; a rule is a few
//! visible lines that read like its paper.

mod bridge;
mod clipped;
mod conditional;
mod conditional_mean;
mod cosine;
mod daps;
mod ddnm;
mod ddrm;
mod dds;
mod dds_volume;
mod diffpir;
mod dps;
mod flow;
mod guard;
mod langevin;
mod least_squares;
mod mcg;
mod moment;
mod normal;
mod pigdm;
mod pnp_dm;
mod prior;
mod projection;
mod red_diff;
mod root;
mod sampler;
mod smc;
mod transition;
mod warm_start;

pub use bridge::{Bridge, PriorDraw};
pub use clipped::Clipped;
pub use conditional::{CovarianceModel, Guided};
pub use conditional_mean::conditional_mean;
pub use daps::Daps;
pub use ddnm::Ddnm;
pub use ddrm::Ddrm;
pub use dds::Dds;
pub use dds_volume::DdsVolume;
pub use diffpir::DiffPir;
pub use dps::{Dps, DpsZeta};
pub use flow::{Flow, Pulling};
pub use guard::Guard;
pub use langevin::AnnealedLangevin;
pub use mcg::{Mcg, McgProjection, McgZeta};
pub use moment::{BridgeLocal, MomentProjection};
pub use normal::NormalSpectrum;
pub use pigdm::PiGdm;
pub use pnp_dm::PnpDm;
pub use prior::{Ancestral, Churn, Ddim, Discrete, Heun, PredictorCorrector, Sde, Variance};
pub use projection::{Ilvr, ProjectedPc, Projecting};
pub use red_diff::RedDiff;
pub use sampler::{SampleError, Seen, sample};
pub use smc::Smc;
pub use transition::Transition;
pub use warm_start::{warm_start_sigma, warm_start_sigma_beside};

use crate::score::{Denoiser, Estimate, Want};
use operators::imaging::Spectral;
use operators::likelihood::Likelihood;
use operators::{LinearOperator, Operator, Result, SliceRng, Vector};

/// What was measured: `y = A(x) + noise`, with what some methods need and others do not have.
pub struct Measurement<'a, T: Clone + 'static> {
    /// The forward model `A`.
    pub operator: &'a dyn Operator<T>,
    /// The noise, with the measured `y`.
    pub likelihood: &'a dyn Likelihood<T>,
    /// The spectrum of `Aᴴ Λ A`, which preconditions CG.
    pub normal: Option<&'a NormalSpectrum>,
    /// `A†`: filtered back-projection, for CT.
    pub pseudo_inverse: Option<&'a dyn LinearOperator<T>>,
    /// The projection onto what was not measured: the views between those of the scan.
    pub unmeasured: Option<&'a dyn LinearOperator<T>>,
    /// The singular values of a linear measurement with white noise, where they are known.
    pub spectral: Option<SpectralData<'a, T>>,
}

/// A linear measurement by its singular values.
pub struct SpectralData<'a, T> {
    /// `A = U Σ Vᴴ`.
    pub operator: &'a dyn Spectral<T>,
    /// Deviation of the noise, per real component.
    pub sigma_y: f64,
}

impl<T> Clone for SpectralData<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SpectralData<'_, T> {}

impl<'a, T: Clone + 'static> Measurement<'a, T> {
    /// A measurement without the extras.
    pub fn new(operator: &'a dyn Operator<T>, likelihood: &'a dyn Likelihood<T>) -> Self {
        Measurement {
            operator,
            likelihood,
            normal: None,
            pseudo_inverse: None,
            unmeasured: None,
            spectral: None,
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
    /// What a rule keeps from step to step; empty at the first.
    pub memory: &'a mut Vec<T>,
    /// `‖x - D(x, σ)‖ / (σ √n)` per item: how far the state lies from the image that the prior sees in
    /// it, over what its level says. Written by [`Step::denoise`] and [`Step::estimate`].
    pub distance: Vec<f64>,
    /// Of a population: the effective share of its particles, `1 / (N Σ w²)` of weights that sum to 1, per item;
    /// empty of a chain.
    pub worth: Vec<f64>,
}

impl<'a, T: Clone + 'static> Step<'a, T> {
    /// From σ to the next level, ancestral; of another step than the first set the index.
    pub fn new(
        x: &'a T,
        [sigma, next]: [f64; 2],
        prior: &'a dyn Denoiser<T>,
        data: Option<&'a Measurement<'a, T>>,
        rng: &'a mut SliceRng,
        memory: &'a mut Vec<T>,
    ) -> Self {
        Step {
            x,
            index: 0,
            sigma,
            next,
            prior,
            data,
            transition: Transition::Ancestral,
            rng,
            memory,
            distance: Vec::new(),
            worth: Vec::new(),
        }
    }

    /// The same step under another prior.
    fn under<'b>(&'b mut self, prior: &'b dyn Denoiser<T>) -> Step<'b, T> {
        Step {
            x: self.x,
            index: self.index,
            sigma: self.sigma,
            next: self.next,
            prior,
            data: self.data,
            transition: self.transition,
            rng: self.rng,
            memory: self.memory,
            distance: Vec::new(),
            worth: Vec::new(),
        }
    }
}

impl<'a, T: Vector> Step<'a, T> {
    /// `D(x, σ)` of the state.
    pub fn denoise(&mut self) -> Result<T> {
        let d = self.prior.denoise(self.x, self.sigma)?;
        self.measure(self.x, &d);
        Ok(d)
    }

    /// `D(x, σ)` of the state, with the pullback if it is wanted.
    pub fn estimate(&mut self, want: Want) -> Result<Estimate<'a, T>> {
        let d = self.prior.estimate(self.x, self.sigma, want)?;
        self.measure(self.x, &d.x0);
        Ok(d)
    }

    /// Notes how far a state of this level lies from what was denoised of it.
    fn measure(&mut self, x: &T, d: &T) {
        self.measure_at(self.sigma, x, d);
    }

    /// The same of a state that claims another level.
    fn measure_at(&mut self, sigma: f64, x: &T, d: &T) {
        let claimed = sigma * (Vector::reals(x) as f64).sqrt();
        let apart = x.minus(d).norm();
        self.distance = apart.iter().map(|apart| apart / claimed).collect();
    }
}

/// One way of making a reverse step agree with the data: the next state.
pub trait Guidance<T: Clone + 'static> {
    /// From the state at `σ` to the state at the next level.
    fn step(&self, at: &mut Step<'_, T>) -> Result<T>;
}
