//! Reconstructions without a prior network.
//!
//! [`cg_sense`] and [`sense_tv`] take white k-space. Those of a tomographic scan take [`LineIntegrals`] or a likelihood of counts, tell `tick` of
//! every iteration, and end with [`operators::Error::Interrupted`] where it answers false.

mod cg_sense;
mod cgls;
mod hybrid_input_output;
mod least_squares_tv;
mod line_integrals;
mod metric;
mod mltr;
mod optimised_gradient;
mod pwls_tv;
mod sense_tv;
mod sirt;
#[cfg(test)]
mod testing;
mod tikhonov;
mod total_variation;
mod trace;
mod zero_filled;

pub use cg_sense::cg_sense;
pub use cgls::cgls;
pub use hybrid_input_output::hybrid_input_output;
pub use line_integrals::LineIntegrals;
pub use mltr::mltr;
pub use pwls_tv::{PwlsTvParams, pwls_tv};
pub use sense_tv::{SenseTvParams, sense_tv};
pub use sirt::{SirtParams, sirt};
pub use tikhonov::{TikhonovParams, tikhonov};
pub use total_variation::total_variation;
pub use trace::Trace;
pub use zero_filled::zero_filled;
