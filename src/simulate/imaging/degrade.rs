//! The operators, by direct sums over pixels.

use super::kernel::Shifts;
use crate::protocol::{Degradation, Inpainting, NonuniformBlur};
use crate::simulate::SimulateError;
use ndarray::Array2;
use num_complex::Complex64;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// The noiseless data of an image; not a number where a pixel was not seen.
///
/// Errors: a factor that does not divide the image, a hole that leaves nothing of it.
pub(super) fn degraded(
    one: Degradation<'_>,
    image: &Array2<f64>,
) -> Result<Array2<f64>, SimulateError> {
    match one {
        Degradation::Inpainting(table) => inpainted(table, image),
        Degradation::SuperResolution(table) => coarse(image, table.factor),
        Degradation::Blur(table) => Ok(Shifts::of(&table.kernel).blurred(image)),
        Degradation::NonuniformBlur(table) => nonuniform(table, image),
        Degradation::NonlinearBlur(table) => {
            let s = table.saturation;
            let blurred = Shifts::of(&table.kernel).blurred(image);
            Ok(blurred.mapv(|b| s * (b / s).tanh()))
        }
        Degradation::PhaseRetrieval(table) => Ok(magnitudes(image, table.oversampling)),
        Degradation::Script(table) => Err(SimulateError::Request(format!(
            "{}: `simulate` runs no network; run it on v = (value - zero) / unit yourself, add the \
             noise of [likelihood.*] and write an npy stack (slice, row, column) in f32",
            table.file
        ))),
    }
}

fn inpainted(table: &Inpainting, image: &Array2<f64>) -> Result<Array2<f64>, SimulateError> {
    let (rows, columns) = image.dim();
    let mut data = image.clone();
    if let Some([high, wide]) = table.hole {
        if high > rows || wide > columns || (high, wide) == (rows, columns) {
            return Err(SimulateError::Request(format!(
                "forward.inpainting.box = [{high}, {wide}]: expected a part of the image, which \
                 has {rows} rows and {columns} columns"
            )));
        }
        let (top, left) = ((rows - high) / 2, (columns - wide) / 2);
        let mut hole = data.slice_mut(ndarray::s![top..top + high, left..left + wide]);
        hole.fill(f64::NAN);
        return Ok(data);
    }
    let keep = table.keep.unwrap_or(1.0);
    let kept = (keep * image.len() as f64).round() as usize;
    if kept == 0 {
        return Err(SimulateError::Request(format!(
            "forward.inpainting.keep = {keep}: it keeps no pixel of {rows} x {columns}"
        )));
    }
    let mut order: Vec<usize> = (0..image.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(table.seed));
    for i in &order[kept..] {
        data[(i / columns, i % columns)] = f64::NAN;
    }
    Ok(data)
}

fn coarse(image: &Array2<f64>, factor: usize) -> Result<Array2<f64>, SimulateError> {
    let (rows, columns) = image.dim();
    if rows % factor != 0 || columns % factor != 0 {
        return Err(SimulateError::Request(format!(
            "forward.super-resolution.factor = {factor}: expected a divisor of the image's rows \
             and columns, {rows} x {columns}"
        )));
    }
    let blocks = image.exact_chunks((factor, factor));
    let means: Vec<f64> = blocks
        .into_iter()
        .map(|block| block.sum() / (factor * factor) as f64)
        .collect();
    let across = columns / factor;
    Ok(Array2::from_shape_fn(
        (rows / factor, across),
        |(row, column)| means[row * across + column],
    ))
}

/// At a column between two of the kernels, their mixture.
fn nonuniform(table: &NonuniformBlur, image: &Array2<f64>) -> Result<Array2<f64>, SimulateError> {
    let (kernels, columns) = (table.sigmas_pixels.len(), image.ncols());
    if kernels > columns {
        return Err(SimulateError::Request(format!(
            "forward.nonuniform-blur.sigmas_pixels: {kernels} kernels: expected no more than the \
             image's columns, {columns}"
        )));
    }
    let each = table.sigmas_pixels.iter();
    let blurred: Vec<_> = each.map(|s| Shifts::gaussian(*s).blurred(image)).collect();
    Ok(Array2::from_shape_fn(image.dim(), |(row, column)| {
        let at = column as f64 * (kernels - 1) as f64 / (columns - 1).max(1) as f64;
        let left = (at.floor() as usize).min(kernels - 1);
        let right = (left + 1).min(kernels - 1);
        let share = at - left as f64;
        (1.0 - share) * blurred[left][(row, column)] + share * blurred[right][(row, column)]
    }))
}

/// `|F P x|`, unitary, frequency 0 at `⌊n/2⌋`: along the rows, then along the columns.
fn magnitudes(image: &Array2<f64>, oversampling: f64) -> Array2<f64> {
    let (rows, columns) = image.dim();
    let padded = |n: usize| (oversampling * n as f64).ceil() as usize;
    let (high, wide) = (padded(rows), padded(columns));
    let waves = |of: usize| -> Vec<Complex64> {
        let turn = |i: usize| Complex64::cis(-TAU * i as f64 / of as f64);
        (0..of).map(turn).collect()
    };
    let (down, across) = (waves(high), waves(wide));
    let place = |k: usize, of: usize, n: usize| (k + of - of / 2) * n % of;
    let half = Array2::from_shape_fn((rows, wide), |(row, k)| -> Complex64 {
        let terms = image.row(row).into_iter().enumerate();
        terms.map(|(n, v)| across[place(k, wide, n)] * *v).sum()
    });
    let root = ((high * wide) as f64).sqrt();
    Array2::from_shape_fn((high, wide), |(k, column)| {
        let terms = half.column(column).into_iter().enumerate();
        let sum: Complex64 = terms.map(|(n, v)| down[place(k, high, n)] * v).sum();
        sum.norm() / root
    })
}
