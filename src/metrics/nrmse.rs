//! Normalised root mean square error, also after the complex scale that fits best.

use super::{MetricsError, Pair, Value};
use num_complex::Complex64;

/// What the root of the mean square error is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalisation {
    /// `√mean(|t|²)`, so that it is `‖x - t‖ / ‖t‖`: BART's `nrmse`, scikit-image's default.
    Euclidean,
    /// `max(t) - min(t)` where it is compared: scikit-image's `min-max`.
    MinMax,
    /// `mean(t)` where it is compared: scikit-image's `mean`.
    Mean,
}

/// `√mean(|x - t|²)` over a normalisation; the last two are of real pixels, those of complex ones count their real part.
///
/// Errors if the normalisation is not above 0.
pub fn nrmse<T: Value>(pair: &Pair<T>, by: Normalisation) -> Result<f64, MetricsError> {
    let (error, energy) = pair.energies();
    let n = pair.pixels() as f64;
    let real = || pair.each().map(|(_, t)| t.complex().re);
    let (range, convention) = match by {
        Normalisation::Euclidean if energy == 0.0 => return Err(MetricsError::ZeroReference),
        Normalisation::Euclidean => ((energy / n).sqrt(), "root mean square of the reference"),
        Normalisation::MinMax => (
            real().fold(f64::NEG_INFINITY, f64::max) - real().fold(f64::INFINITY, f64::min),
            "maximum minus minimum of the reference",
        ),
        Normalisation::Mean => (real().sum::<f64>() / n, "mean of the reference"),
    };
    if range > 0.0 {
        return Ok((error / n).sqrt() / range);
    }
    Err(MetricsError::Range { range, convention })
}

/// An error after a fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fitted {
    /// `s = <t, x> / <t, t>`, conjugate in the first: `s t` is as near to x as it can be.
    pub scale: Complex64,
    /// `‖x - s t‖ / ‖s t‖ = ‖x / s - t‖ / ‖t‖`.
    pub nrmse: f64,
}

/// `‖x - s t‖ / ‖s t‖` with the s that fits best, complex for complex pixels: BART's `nrmse -s`.
///
/// It is blind to a receiver's gain and phase, which MRI leaves free. It is the reference that is fitted to the image: of
/// the angle θ between the two it is tan θ, where a fit of the image to the reference gives sin θ. Infinite if the image
/// is zero or orthogonal to the reference. Errors if the reference is zero.
pub fn nrmse_fitted<T: Value>(pair: &Pair<T>) -> Result<Fitted, MetricsError> {
    let mut inner = Complex64::ZERO;
    let mut energy = 0.0;
    for (x, t) in pair.each() {
        let (x, t) = (x.complex(), t.complex());
        inner += t.conj() * x;
        energy += t.norm_sqr();
    }
    if energy == 0.0 {
        return Err(MetricsError::ZeroReference);
    }
    let scale = inner / energy;
    // In a second pass: ‖x‖² - |<t, x>|² / ‖t‖² is all rounding where the fit is good.
    let error: f64 = pair
        .each()
        .map(|(x, t)| (x.complex() - scale * t.complex()).norm_sqr())
        .sum();
    let nrmse = match scale == Complex64::ZERO {
        true => f64::INFINITY,
        false => (error / energy).sqrt() / scale.norm(),
    };
    Ok(Fitted { scale, nrmse })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::testing::normal3;
    use ndarray::{Array3, Zip};

    const SHAPE: (usize, usize, usize) = (2, 7, 5);

    fn complex(seed: u64) -> Array3<Complex64> {
        Zip::from(&normal3(SHAPE, seed))
            .and(&normal3(SHAPE, seed + 100))
            .map_collect(|re, im| Complex64::new(*re, *im))
    }

    #[test]
    fn the_fit_is_blind_to_gain_and_phase_and_orthogonal() {
        let (t, noise) = (complex(1), complex(2));
        let x = &t + &noise;
        let plain = |x: &Array3<Complex64>| nrmse_fitted(&Pair::new(x.view(), t.view()).unwrap());
        let fitted = plain(&x).unwrap();
        let turned = plain(&x.mapv(|z| z * Complex64::from_polar(3e-3, 2.0))).unwrap();
        assert!((fitted.nrmse - turned.nrmse).abs() < 1e-12);
        // Pythagoras: the residual of the fit is orthogonal to the reference.
        let energy = |a: &Array3<Complex64>| a.iter().map(|z| z.norm_sqr()).sum::<f64>();
        let part = fitted.scale.norm_sqr() * energy(&t) / energy(&x);
        assert!((part * (1.0 + fitted.nrmse.powi(2)) - 1.0).abs() < 1e-12);
        let exact = plain(&t.mapv(|z| z * Complex64::new(0.0, 1e3))).unwrap();
        assert!(exact.nrmse < 1e-15);
        assert!((exact.scale - Complex64::new(0.0, 1e3)).norm() < 1e-10);
        assert_eq!(plain(&Array3::zeros(SHAPE)).unwrap().nrmse, f64::INFINITY);
    }

    #[test]
    fn normalisations_are_of_the_reference() {
        let t = Array3::from_shape_fn(SHAPE, |(s, y, x)| (1 + s * 35 + y * 5 + x) as f32);
        let x = t.mapv(|v| v + 2.0);
        let pair = Pair::new(x.view(), t.view()).unwrap();
        let by = |n| nrmse(&pair, n).unwrap();
        assert!((by(Normalisation::MinMax) - 2.0 / 69.0).abs() < 1e-12);
        assert!((by(Normalisation::Mean) - 2.0 / 35.5).abs() < 1e-12);
        let squares = (1..=70).map(|k| f64::from(k * k)).sum::<f64>();
        assert!((by(Normalisation::Euclidean) - (280.0 / squares).sqrt()).abs() < 1e-12);
        let zero = Array3::<f32>::zeros(SHAPE);
        let pair = Pair::new(x.view(), zero.view()).unwrap();
        for n in [
            Normalisation::Euclidean,
            Normalisation::MinMax,
            Normalisation::Mean,
        ] {
            assert!(nrmse(&pair, n).is_err());
        }
        assert_eq!(nrmse_fitted(&pair), Err(MetricsError::ZeroReference));
    }
}
