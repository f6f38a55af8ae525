//! The data of a slice on a backend, and their likelihood.

use crate::protocol::{self, CountsForm};
use ndarray::Array2;
use operators::likelihood::{
    Emission, EmissionPoisson, Gaussian, Likelihood, PoissonNorm, RicianMagnitude,
};
use operators::{Array, Error, Field, Result};

/// What was measured, batch 1.
pub(super) struct Data<T> {
    /// As predictions of the operator, 0 where nothing was measured.
    pub(super) y: T,
    /// 1 where something was measured.
    pub(super) support: T,
    pub(super) likelihood: Box<dyn Likelihood<T>>,
}

impl<T: Array> Data<T> {
    /// From a slice (row, column), NaN where nothing was measured, and the protocol's noise.
    ///
    /// Errors: negative counts or magnitudes, gaps among magnitudes, noise of CT data.
    pub(super) fn new(
        device: &T::Device,
        plane: &Array2<f32>,
        noise: &protocol::Likelihood,
    ) -> Result<Self> {
        let (rows, columns) = plane.dim();
        let upload = |f: &dyn Fn(f32) -> f64| {
            let reals: Vec<f64> = plane.iter().map(|v| f(*v)).collect();
            T::from_reals(device, &[1, rows, columns], Field::Real, &reals)
        };
        let measured = |v: f32| if v.is_nan() { 0.0 } else { f64::from(v) };
        let seen = |v: f32| f64::from(u8::from(!v.is_nan()));
        let (raw, support): (T, T) = (upload(&measured), upload(&seen));
        let refused = |expected, got: String| Error::Parameter {
            what: "data of a degraded image",
            expected,
            got,
        };
        let (y, likelihood): (T, Box<dyn Likelihood<T>>) = match noise {
            protocol::Likelihood::Gaussian(table) => {
                let std = table.std.unwrap_or_default();
                let made = Gaussian::new(raw.clone(), std, support.clone())?;
                (raw, Box::new(made))
            }
            protocol::Likelihood::Emission(table) => {
                let (g, b) = (table.gain, table.background);
                let scan = Emission {
                    counts: raw.clone(),
                    gain: support.scaled(g),
                    background: support.scaled(b),
                };
                let made: Box<dyn Likelihood<T>> = match table.form {
                    CountsForm::Poisson => Box::new(EmissionPoisson::new(scan)?),
                    CountsForm::WeightedNorm => Box::new(PoissonNorm::new(scan)?),
                };
                let mut y = raw;
                y.axpy(&[-b], &support);
                (y.scaled(1.0 / g), made)
            }
            protocol::Likelihood::Rician(table) => {
                if plane.iter().any(|v| v.is_nan()) {
                    return Err(refused("magnitudes in all pixels", "NaN".into()));
                }
                let made = RicianMagnitude::new(raw.clone(), table.std)?;
                (raw, Box::new(made))
            }
            other => {
                let expected = "noise that is gaussian, emission or rician";
                return Err(refused(expected, other.name().into()));
            }
        };
        Ok(Data {
            y,
            support,
            likelihood,
        })
    }
}
