//! Reconstruction: a protocol and a raw file to a volume with error bars.
//!
//! [`Plan`] resolves the protocol against the machine, [`run()`] goes through the slices and writes
//! the output folder, whose contract is docs/output.md.

mod device;
mod draw;
mod error;
mod grid;
mod html;
mod output;
mod parts;
mod plan;
mod prepare;
mod priors;
mod report;
mod run;
mod sense;
mod slice;
mod staging;
mod verdict;

pub use device::{DeviceChoice, find_device};
pub use error::ReconError;
pub use grid::Grid;
pub use output::Format;
pub use plan::{Options, Plan};
pub use prepare::{Noise, Prepared};
pub use priors::{builtin_priors, load_prior, prior_bytes};
pub use run::run;
