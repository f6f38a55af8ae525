//! What a network says of its own error, as the deviation of every pixel.

use super::bridge::Channels;
use super::{Deviation, Texture};
use operators::{Error, Field, Result};
use tch::{Device, Kind, Tensor};

/// Deviations of pixels as weights of images like `x`, from the network's variances `[1, 1, Y, X]` at the noise
/// that it is told, one an item; with texture, and between `1e-6` and 1 times the noise of the state: beyond
/// that no denoiser does better than nothing.
pub(super) fn stated_deviation<T: Channels>(
    x: &T,
    variances: &[Tensor],
    told: f64,
    texture: Texture,
) -> Result<Deviation<T>> {
    let flat = Tensor::cat(variances, 0)
        .to_device(Device::Cpu)
        .to_kind(Kind::Double);
    let values = Vec::<f64>::try_from(flat.contiguous().view([-1]));
    let values = values.map_err(|e| Error::Torch(e.to_string()))?;
    let sigma = (told * told - texture.tau.powi(2)).max(0.0).sqrt();
    let bounded = |v: &f64| {
        let whole = texture.variance(sigma, *v);
        whole.sqrt().clamp(1e-6 * sigma, sigma)
    };
    let weights = |f: &dyn Fn(f64) -> f64| {
        let reals: Vec<f64> = values.iter().map(|v| f(bounded(v))).collect();
        T::from_reals(&x.device(), &x.sizes(), Field::Real, &reals)
    };
    Ok(Deviation {
        root: weights(&|d| d),
        inverse: weights(&|d| 1.0 / d),
    })
}
