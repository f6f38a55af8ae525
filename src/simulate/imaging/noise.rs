//! The noise of degraded images.

use crate::protocol::Likelihood;
use crate::simulate::SimulateError;
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};

/// Sets the streams of the noise apart from those that samplers draw from.
const NOISE: u64 = 0x4e4f_4953_4521;

/// A measurement of `clean`; pixels that are not numbers stay so.
pub(super) fn noisy(
    clean: &Array2<f64>,
    likelihood: &Likelihood,
    seed: u64,
    slice: usize,
) -> Result<Array2<f64>, SimulateError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ NOISE);
    rng.set_stream(slice as u64);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    match likelihood {
        Likelihood::Gaussian(table) => {
            let std = table.std.unwrap_or_default();
            Ok(clean.mapv(|z| z + std * normal()))
        }
        Likelihood::Rician(table) => {
            let std = table.std;
            Ok(clean.mapv(|z| (z + std * normal()).hypot(std * normal())))
        }
        Likelihood::Emission(table) => {
            let mut counts = clean.clone();
            for count in counts.iter_mut().filter(|z| !z.is_nan()) {
                let mean = table.gain * *count + table.background;
                *count = drawn(mean, &mut rng)?;
            }
            Ok(counts)
        }
        Likelihood::Poisson(_) | Likelihood::Pwls(_) => Err(SimulateError::Request(format!(
            "[likelihood.{}] is noise of CT data: expected gaussian, emission or rician",
            likelihood.name()
        ))),
    }
}

fn drawn(mean: f64, rng: &mut ChaCha8Rng) -> Result<f64, SimulateError> {
    if mean == 0.0 {
        return Ok(0.0);
    }
    let counts = Poisson::new(mean).map_err(|_| {
        SimulateError::Request(format!(
            "likelihood.emission: a mean of {mean} counts: expected 0 or more; the values of the \
             image lie below `forward.zero`, or `background` is too small"
        ))
    })?;
    Ok(counts.sample(rng))
}
