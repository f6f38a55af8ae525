//! Score models: what a denoiser is, the noise levels, and the priors that this build knows.

#[cfg(feature = "torch")]
mod bridge;
mod card;
mod convention;
#[cfg(feature = "torch")]
pub mod convert;
mod covariance;
#[cfg(feature = "torch")]
mod deviation;
#[cfg(feature = "torch")]
pub mod diagnosis;
mod diffusion;
mod discrete;
mod gaussian;
#[cfg(feature = "torch")]
mod graph;
#[cfg(feature = "torch")]
mod model;
#[cfg(feature = "torch")]
pub mod networks;
mod pair;
#[cfg(feature = "torch")]
mod planes;
#[cfg(feature = "torch")]
mod preconditioning;
#[cfg(feature = "torch")]
mod published;
#[cfg(feature = "torch")]
pub mod pytorch;
mod schedule;
#[cfg(feature = "torch")]
mod side_by_side;
mod texture;
#[cfg(feature = "torch")]
mod unet;
#[cfg(feature = "torch")]
mod weights;

pub use card::{
    Card, LevelError, Network, NetworkCard, PublishedCard, TrainingCard, ValidationCard,
};
pub use convention::{Convention, Prediction};
pub use covariance::Covariance;
pub use diffusion::{Betas, Diffusion, Label, Level};
pub use discrete::{DiscreteDiffusion, time_embedding};
pub use gaussian::StationaryGaussian;
pub use pair::Pair;
pub use schedule::Schedule;
pub use texture::Texture;

#[cfg(feature = "torch")]
pub use bridge::Channels;
pub use covariance::Spectrum;
#[cfg(feature = "torch")]
pub use model::Model;
#[cfg(feature = "torch")]
pub use planes::Planes;
#[cfg(feature = "torch")]
pub use preconditioning::Preconditioning;
#[cfg(feature = "torch")]
pub use published::Published;
#[cfg(feature = "torch")]
pub use unet::{Fresh, Source, UNet};
#[cfg(feature = "torch")]
pub use weights::{PriorError, read_prior, write_prior};
#[cfg(feature = "torch")]
pub(crate) use weights::{deserialise, digest, serialise};

use operators::{Error, Result};

/// What a caller needs from one call of a denoiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Only `x0`.
    Mean,
    /// `x0` and the pullback `v -> Jᴴ v`.
    Pullback,
}

/// The linear map `v -> Jᴴ v`.
pub type Pullback<'a, T> = Box<dyn Fn(&T) -> Result<T> + 'a>;

/// One call of a denoiser.
pub struct Estimate<'a, T> {
    /// `D(x, σ) = E[x0 | x0 + σ n = x]`.
    pub x0: T,
    /// `v -> Jᴴ v` with `J = dD/dx`; there where it was wanted.
    pub pullback: Option<Pullback<'a, T>>,
    /// What the network itself says of `Var(x0 | x)`, where it learned that.
    pub deviation: Option<Deviation<T>>,
}

/// `√Var(x0 | x)` pixel by pixel, real, and its inverse: weights.
#[derive(Clone)]
pub struct Deviation<T> {
    /// The deviation.
    pub root: T,
    /// One over it.
    pub inverse: T,
}

impl<T> Estimate<'_, T> {
    /// The deviation that the network states.
    ///
    /// Errors: a network that learned none.
    pub fn stated(&self) -> Result<&Deviation<T>> {
        self.deviation.as_ref().ok_or_else(|| {
            Error::Torch(
                "the prior's network learned no variance; one of guided diffusion with learn_sigma has one".into(),
            )
        })
    }

    /// `Jᴴ v`.
    ///
    /// Panics if the pullback was not wanted.
    pub fn pull(&self, v: &T) -> Result<T> {
        self.pullback
            .as_ref()
            .expect("asked for with Want::Pullback")(v)
    }
}

/// A prior, seen through its denoiser: the score is `(D(x, σ) - x) / σ²`.
///
/// σ is the noise deviation per real component.
pub trait Denoiser<T> {
    /// `D(x, σ)`, and what else is wanted: the one thing that is ever differentiated.
    fn estimate<'a>(&'a self, x: &T, sigma: f64, want: Want) -> Result<Estimate<'a, T>>;

    /// `D(x, σ)`.
    fn denoise(&self, x: &T, sigma: f64) -> Result<T> {
        Ok(self.estimate(x, sigma, Want::Mean)?.x0)
    }

    /// The model of `Cov(x0 | x)` that this prior carries, if any.
    fn covariance(&self) -> Option<&Covariance> {
        None
    }

    /// The variance of a coefficient of the nuisance given its noisy state, where the state has one.
    fn nuisance_variance(&self, sigma: f64) -> f64 {
        sigma * sigma
    }
}
