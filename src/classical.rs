//! Reconstructions without a prior network.

mod cg_sense;
mod zero_filled;

pub use cg_sense::cg_sense;
pub use zero_filled::zero_filled;
