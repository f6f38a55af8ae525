//! Checks of priors, samplers and their error bars.

mod mixture;
mod modes;
mod oracle;
mod priors;
mod ranks;
mod rules;
mod scalar;
mod setting;
mod spread;

pub(super) use mixture::mixture;
pub(super) use oracle::oracle;
pub(super) use priors::priors;
pub(super) use ranks::ranks;
pub(super) use scalar::scalar;
