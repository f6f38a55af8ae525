//! MR physics: relaxation times of tissues and phantoms, and what a sequence makes of them.
//!
//! [`Sequence::signal`] turns a [`Relaxation`] into a signal; the tables say what is known about
//! tissues ([`BrainWebTissue`], [`HeadTissue3T`], [`GachTissue`]) and about vials with known values
//! ([`NIST_T2_ARRAY`], [`EUROSPIN`]). Times are in seconds, angles in radians, densities relative
//! to water. `exp` and `pow` are the platform's, so that the last bit may differ between machines.

#[cfg(test)]
mod bloch;
mod brain;
mod gach;
mod relaxation;
mod sequence;
mod timing;
mod vials;

pub use brain::{BrainWebTissue, HeadTissue3T};
pub use gach::GachTissue;
pub use relaxation::{Relaxation, RelaxationRange};
pub use sequence::{Sequence, null_time_s};
pub use vials::{EUROSPIN, NIST_T2_ARRAY, VIAL_WATER};

/// The gyromagnetic ratio of the proton, in rad / (s T) (CODATA 2018).
pub const GAMMA_RAD_PER_S_T: f64 = 2.675_221_874_4e8;
