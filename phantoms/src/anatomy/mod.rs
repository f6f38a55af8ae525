//! Anatomy with known truth, for simulation and validation.
//!
//! - [`LabelVolume`]: a checked label map of a head, of the caller.
//! - [`BrainMr`]: its sections in MR, in any contrast, with tissues and lesions known.
//! - [`HeadVolume`]: its sections in CT, drawn as [`HeadCt`](crate::ct::HeadCt) draws its own.
//! - [`Thorax`]: a chest in CT that needs no map: closed forms, vessel trees and nodules.
//!
//! Every object is a function of its seed and of the place in it alone, whatever the order and the
//! threads in which slices are drawn and however many there are, and has the same bits on every
//! machine. For training there are [`Procedural`](crate::Procedural) and
//! [`HeadCt`](crate::ct::HeadCt).

mod brain;
mod coil_fields;
mod head;
mod labels;
#[cfg(test)]
mod laws;
mod pixels;
mod planes;
mod relaxation;
mod soft;
mod sources;
mod spot;
mod subject;
#[cfg(test)]
mod testing;
mod thorax;
mod volume;

pub use brain::{BrainMr, BrainMrSlice};
pub use head::{HeadVolume, HeadVolumeSlice};
pub use thorax::{Nodule, Thorax, ThoraxSlice};
pub use volume::LabelVolume;

/// Whether an object is drawn with its lesions; all else stays the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lesions {
    /// With what its seed says.
    #[default]
    Shown,
    /// As if it were healthy.
    Hidden,
}

/// The phase of an MR image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// None: a real image.
    #[default]
    Flat,
    /// A constant, a polynomial of second order and slow noise.
    Smooth,
}
