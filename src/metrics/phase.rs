//! Errors of the phase of complex images.

use super::{MetricsError, Pair, Value};
use num_complex::Complex64;
use serde::Serialize;

/// Pixels of the reference below this part of its maximum have no phase worth comparing.
const THRESHOLD: f64 = 0.1;

/// Root mean square error of the phase, where `|t| > 0.1 max |t|`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PhaseError {
    /// `√mean(arg(x t*)²)`, between 0 and π.
    pub rmse_rad: f64,
    /// `arg Σ x t*`: the phase that the whole image is ahead by.
    pub global_rad: f64,
    /// The same error after that phase was taken off.
    pub rmse_without_global_rad: f64,
    /// Pixels that were compared.
    pub pixels: usize,
}

/// Of an image against its reference; the maximum is that of the whole volume. Errors if the reference is zero.
pub fn phase_error<T: Value>(pair: &Pair<T>) -> Result<PhaseError, MetricsError> {
    let magnitudes = pair.reference();
    let magnitudes = magnitudes.iter().map(|t| t.complex().norm());
    let threshold = THRESHOLD * magnitudes.fold(0.0, f64::max);
    let products = || {
        let numbers = pair.each().map(|(x, t)| (x.complex(), t.complex()));
        let strong = numbers.filter(move |(_, t)| t.norm() > threshold);
        strong.map(|(x, t)| x * t.conj())
    };
    let pixels = products().count();
    if pixels == 0 {
        return Err(MetricsError::ZeroReference);
    }
    let global = products().sum::<Complex64>();
    let rms = |turn: Complex64| {
        let squares = products().map(|z| (z * turn).arg().powi(2));
        (squares.sum::<f64>() / pixels as f64).sqrt()
    };
    Ok(PhaseError {
        rmse_rad: rms(Complex64::ONE),
        global_rad: global.arg(),
        rmse_without_global_rad: rms(global.conj()),
        pixels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;
    use std::f64::consts::PI;

    fn image(phase: impl Fn(usize) -> f64) -> Array3<Complex64> {
        let mut n = 0;
        Array3::from_shape_simple_fn((2, 5, 7), || {
            n += 1;
            // Every seventh pixel is below a tenth of the maximum.
            let magnitude = if n % 7 == 0 { 0.19 } else { 2.0 };
            Complex64::from_polar(magnitude, phase(n))
        })
    }

    #[test]
    fn a_global_phase_is_told_apart_and_wraps() {
        let base = |n: usize| 0.7 * n as f64;
        let t = image(base);
        // ± 0.25 around a shift past π; the weak pixels are wild.
        let shift = PI - 0.1;
        let x = image(|n| {
            base(n)
                + if n % 7 == 0 {
                    2.0
                } else {
                    shift + 0.25 * [1.0, -1.0][(n % 7) % 2]
                }
        });
        let pair = Pair::new(x.view(), t.view()).unwrap();
        let e = phase_error(&pair).unwrap();
        assert_eq!(e.pixels, 60);
        assert!((e.global_rad - shift).abs() < 1e-12);
        assert!((e.rmse_without_global_rad - 0.25).abs() < 1e-12);
        let wrapped = ((PI - 0.15).powi(2) + (PI - 0.35).powi(2)) / 2.0;
        assert!((e.rmse_rad - wrapped.sqrt()).abs() < 1e-12, "{e:?}");
        let zero = Array3::<Complex64>::zeros((2, 5, 7));
        let pair = Pair::new(x.view(), zero.view()).unwrap();
        assert_eq!(phase_error(&pair), Err(MetricsError::ZeroReference));
    }
}
