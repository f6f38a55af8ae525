//! Magnetic resonance: the sampled, coil-weighted Fourier transform and what prepares its data.

mod calibration;
pub mod coils;
mod eigenmaps;
pub mod espirit;
pub mod fourier;
mod normal_diagonal;
pub mod sampling;
mod unknown_sensitivities;
mod unsampled;
pub mod whitening;

pub use coils::Coils;
pub use fourier::Fourier;
pub use normal_diagonal::normal_diagonal;
pub use sampling::Sampling;
pub use unknown_sensitivities::UnknownSensitivities;
pub use unsampled::Unsampled;

use crate::{Array, Chain, Result, chain};

/// `A = M F C`: coil sensitivities, centred unitary FFT, sampling mask.
///
/// `Complex[Y, X] → Complex[Coil, Y, X]`; `maps` is `Complex[1, Coil, Y, X]`, `mask` is
/// `Real[1, Y, X]`, zero where nothing was sampled and `√averages` where something was.
pub fn sense<T: Array + 'static>(maps: T, mask: T) -> Result<Chain<T>> {
    let coils = Coils::new(maps)?;
    let (c, y, x) = coils.shape();
    chain([
        Box::new(coils) as Box<dyn crate::LinearOperator<T>>,
        Box::new(Fourier::new(c, y, x)),
        Box::new(Sampling::new(mask, c)?),
    ])
}
