//! The evidence, in one command: the operators' laws, phantoms through simulation and
//! reconstruction, closed-form posteriors, calibration and files, each held against a limit.
//!
//! What is examined is a value, the [`Toolkit`], so that a test can hand in a broken one and see
//! the gate that names the fault close. A [`Check`](check::Check) measures and gathers
//! [`Evidence`]; [`run()`] goes through the checks and writes the report, whose contract is
//! docs/validation.md.

mod bench;
mod bias;
mod check;
mod ct;
mod error;
mod evidence;
mod export;
mod gate;
mod guidance;
mod head;
mod html;
mod io;
mod mri;
mod parts;
mod report;
mod run;
mod suite;
mod through;
mod toolkit;

pub use error::ValidateError;
pub use evidence::Evidence;
pub use gate::{Gate, Limit};
pub use report::Report;
pub use run::{Options, run};
pub use suite::{Extent, Suite};
pub use toolkit::{Job, Prior, Real, Toolkit};
