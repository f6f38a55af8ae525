//! Checks of magnetic resonance.

mod coils;
mod laws;
mod noise;
mod readout;
pub(super) mod recon;
mod relaxometry;

pub(super) use coils::{coils, grid};
pub(super) use laws::laws;
pub(super) use noise::noise;
pub(super) use readout::readout;
pub(super) use recon::reconstructions;
pub(super) use relaxometry::relaxometry;

use super::bench::Bench;
use super::error::Failure;
use super::toolkit::Image;
use ndarray::{Array2, Array3};
use num_complex::Complex64;
use operators::{Field, Host, LinearOperator};
use phantoms::scene::Section;
use phantoms::{frequency, spacing};

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

/// The operator of one even coil that samples all of a square.
fn one_coil(bench: &Bench<'_>, n: usize) -> Result<Box<dyn LinearOperator<Image>>, Failure> {
    let even = maps(&Array3::from_elem((1, n, n), Complex64::ONE));
    bench.toolkit.sense(even, everything(n, n))
}

/// The image that it makes of the analytic k-space of a section.
fn image_of(
    section: &Section,
    a: &dyn LinearOperator<Image>,
    n: usize,
) -> Result<Array2<Complex64>, Failure> {
    let scale = 1.0 / (spacing(n) * spacing(n) * n as f64);
    let k = Array2::from_shape_fn((n, n), |(my, mx)| {
        section.fourier([frequency(mx, n), frequency(my, n)]) * scale
    });
    let k: Vec<Complex64> = k.iter().copied().collect();
    let image = a.adjoint(&Host::from_complex(&[1, 1, n, n], &k))?;
    Ok(Array2::from_shape_vec((n, n), image.complex().to_vec())?)
}
