//! Samplers of the prior alone: no data are used.

mod ancestral;
mod heun;
mod sde;

pub use ancestral::{Ancestral, Ddim, Variance};
pub use heun::{Churn, Heun};
pub use sde::{Discrete, PredictorCorrector, Sde};

pub(super) use sde::{langevin, reverse_diffusion};
