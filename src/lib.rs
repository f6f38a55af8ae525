//! annulus: from a scanner's raw data to an image with error bars.
//!
//! The layers, from the ground up: [`operators`] (physics), [`score`] (priors), `guidance`
//! (posterior sampling) and `classical` (reconstructions without a prior network), [`io`],
//! [`protocol`], `recon`, [`train`], `simulate`,
//! `validate`, `cli`. A layer uses those below it only; a test
//! reads the `use` lines and fails on any other edge.

pub mod calibration;
pub mod classical;
pub mod cli;
pub mod guidance;
pub mod interrupt;
pub mod io;
pub mod metrics;
pub mod plot;
pub mod progress;
pub mod protocol;
#[cfg(feature = "torch")]
pub mod recon;
pub mod score;
pub mod simulate;
#[cfg(feature = "torch")]
pub mod train;
#[cfg(feature = "torch")]
pub mod validate;

/// The code in README is compiled and run.
#[cfg(all(doctest, feature = "torch"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
