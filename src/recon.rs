//! Reconstruction: a protocol and a raw file to a volume with error bars.
//!
//! [`Plan`] resolves the protocol against the machine, [`run()`] goes through the slices and writes
//! the output folder, whose contract is docs/output.md.

mod apply;
mod averaging;
mod blind;
mod ct;
mod device;
mod dicom;
mod draw;
mod error;
mod format;
mod geometry;
mod held_out;
mod html;
mod imaging;
mod kept;
mod mri;
mod output;
mod parts;
mod plan;
mod priors;
mod report;
mod rule;
mod run;
mod slice;
mod staging;
mod start;
mod study;
mod summary;
mod texture;
mod trials;
mod truth;
mod verdict;
mod volume;

pub use apply::{Way, apply_ct, apply_mri};
pub use device::{DeviceChoice, find_device};
pub use error::ReconError;
pub use format::Format;
pub use mri::{Grid, Noise, Prepared};
pub use plan::{Options, Plan};
pub use priors::{builtin_priors, load_prior, prior_bytes};
pub use rule::{bridge, rule};
pub use run::run;
