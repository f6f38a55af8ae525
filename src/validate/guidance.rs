//! Checks of priors, samplers and their error bars.

mod counts;
mod dense;
mod linear;
mod matrix;
mod measurements;
mod mixture;
mod modes;
mod oracle;
mod particles;
mod posteriors;
mod priors;
mod ranks;
mod rules;
mod sampled;
mod scalar;
mod setting;
mod spread;

pub(super) use mixture::mixture;
pub(super) use oracle::oracle;
pub(super) use particles::particles;
pub(super) use posteriors::posteriors;
pub(super) use priors::priors;
pub(super) use ranks::ranks;
pub(super) use scalar::scalar;
