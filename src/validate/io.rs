//! Checks of files.

mod volumes;

pub(super) use volumes::volumes;
