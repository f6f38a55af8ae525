//! What a simulation needs of memory, known before anything is opened.

use super::SimulateError;
use crate::protocol::{Cartesian, Degradation, Image, Projections};

/// Memory that a simulation may take: 16 GiB.
const MOST_BYTES: u128 = 16 << 30;
/// Bytes of a complex number.
const COMPLEX: u128 = 16;
/// Pixels of the finest grid of an object, for each of the scan: a brain is drawn six times as fine.
const FINEST: u128 = 36;
/// Bytes of an object of CT for each pixel that is drawn, 2 x 2 for one of the image.
const DRAWN: u128 = 4 * 24;

/// Errors if an MR scan is too large.
pub(super) fn of_mr(c: &Cartesian) -> Result<(), SimulateError> {
    let [nx, ny] = c.matrix;
    let pixels = product(&[nx, ny]);
    // A coil's shaded object a thread, and the object itself.
    let drawn = product(&[rayon::current_num_threads() + 2]).saturating_mul(FINEST);
    let k_space = product(&[c.coils, c.readout_oversampling + 1]);
    let bytes = pixels
        .saturating_mul(drawn.saturating_add(k_space))
        .saturating_mul(COMPLEX);
    let what = format!(
        "acquisition.cartesian.matrix = [{nx}, {ny}] with {} coils",
        c.coils
    );
    refuse(what, bytes)
}

/// Errors if a CT scan is too large.
pub(super) fn of_ct(p: &Projections, image: &Image) -> Result<(), SimulateError> {
    let [columns, rows] = image.matrix;
    // Expected counts, their noise, and what is written.
    let sinogram = product(&[
        p.views.saturating_add(p.flats).saturating_add(p.darks),
        p.bins,
    ]);
    let object = product(&[columns, rows]).saturating_mul(DRAWN);
    let bytes = sinogram.saturating_mul(3 * 8).saturating_add(object);
    let what = format!(
        "{} views of {} bins, image.matrix = [{columns}, {rows}]",
        p.views, p.bins
    );
    refuse(what, bytes)
}

/// Errors if a phantom to be degraded is too large.
pub(super) fn of_picture(image: &Image, one: Degradation<'_>) -> Result<(), SimulateError> {
    let [columns, rows] = image.matrix;
    let padded = match one {
        Degradation::PhaseRetrieval(table) => table.oversampling.powi(2).ceil() as u128,
        _ => 1,
    };
    let bytes = product(&[columns, rows]).saturating_mul(DRAWN + COMPLEX * padded);
    refuse(format!("image.matrix = [{columns}, {rows}]"), bytes)
}

fn product(factors: &[usize]) -> u128 {
    factors
        .iter()
        .fold(1, |product: u128, n| product.saturating_mul(*n as u128))
}

fn refuse(what: String, bytes: u128) -> Result<(), SimulateError> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    Err(SimulateError::Request(format!(
        "{what}: simulating a slice needs about {} of memory; expected at most {}: choose a \
         smaller scan",
        gibibytes(bytes),
        gibibytes(MOST_BYTES)
    )))
}

fn gibibytes(bytes: u128) -> String {
    format!("{:.0} GiB", bytes as f64 / (1u64 << 30) as f64)
}
