//! Checks of files.

mod raw;
mod volumes;

pub(super) use raw::raw;
pub(super) use volumes::volumes;
