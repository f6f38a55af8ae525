//! Checks of magnetic resonance.

mod coils;
mod laws;
mod noise;
mod readout;
mod recon;
mod relaxometry;

pub(super) use coils::{coils, grid};
pub(super) use laws::laws;
pub(super) use noise::noise;
pub(super) use readout::readout;
pub(super) use recon::reconstructions;
pub(super) use relaxometry::relaxometry;

use super::toolkit::Image;
use ndarray::Array3;
use num_complex::Complex64;
use operators::{Field, Host};

/// Maps (coil, y, x) as an array with a batch of 1.
fn maps(maps: &Array3<Complex64>) -> Image {
    let (coils, rows, columns) = maps.dim();
    let elements: Vec<Complex64> = maps.iter().copied().collect();
    Host::from_complex(&[1, coils, rows, columns], &elements)
}

/// A mask of ones.
fn everything(rows: usize, columns: usize) -> Image {
    Host::new(&[1, rows, columns], Field::Real, vec![1.0; rows * columns])
}
