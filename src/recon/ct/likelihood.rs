//! The likelihood of a slice, by the protocol's choice.

use super::counts::Rays;
use super::weights::estimated_std;
use crate::protocol;
use ndarray::Array2;
use operators::likelihood::{Likelihood, Scan, Shifted, TransmissionPoisson, WeightedGaussian};
use operators::{Array, Error, Field, Result};

/// A sinogram on a backend, batch 1.
pub(super) fn upload<T: Array>(device: &T::Device, values: &Array2<f32>) -> T {
    let (views, bins) = values.dim();
    let reals: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
    T::from_reals(device, &[1, views, bins], Field::Real, &reals)
}

/// Counts, weighted line integrals, or line integrals of one deviation.
pub(super) enum Noise<T> {
    Counts(TransmissionPoisson<T>),
    Lines(WeightedGaussian<T>),
}

impl<T: Array> Noise<T> {
    /// The protocol's likelihood; without one counts where there are any.
    pub(super) fn new(
        choice: Option<&protocol::Likelihood>,
        device: &T::Device,
        rays: &Rays,
    ) -> Result<Self> {
        let poisson = protocol::Likelihood::Poisson(protocol::Poisson::default());
        let gaussian = protocol::Likelihood::Gaussian(protocol::Gaussian::default());
        let fallback = match rays.counts {
            Some(_) => &poisson,
            None => &gaussian,
        };
        let std = || estimated_std(&rays.lines);
        match (choice.unwrap_or(fallback), &rays.counts, &rays.photons) {
            (protocol::Likelihood::Poisson(p), Some(counts), Some(photons)) => {
                let share = rays.thinning(p.edge_error, p.floor);
                // The shift of the electronic noise is another for every thinned ray, so it is
                // done here: y + v and s + v with v = share² σ_e².
                let shift = share.mapv(|s| s * s * rays.electronic_variance as f32);
                let scan = Scan {
                    counts: upload(device, &(counts * &share + &shift).mapv(|n| n.max(0.0))),
                    photons: upload(device, &(photons * &share)),
                    background: upload(device, &(&share * rays.background as f32 + &shift)),
                    electronic_variance: 0.0,
                };
                Ok(Noise::Counts(TransmissionPoisson::new(scan)?))
            }
            (protocol::Likelihood::Poisson(p), ..) => {
                Self::lines(device, rays, rays.precisions(p.edge_error, p.floor, std()))
            }
            (protocol::Likelihood::Pwls(p), ..) => {
                Self::lines(device, rays, rays.precisions(p.edge_error, p.floor, std()))
            }
            (protocol::Likelihood::Gaussian(g), ..) => {
                let std = g.std.unwrap_or_else(std).max(1e-6) as f32;
                let w = rays
                    .measured
                    .mapv(|m| if m { 1.0 / (std * std) } else { 0.0 });
                Self::lines(device, rays, w)
            }
            // The protocol's check refuses them first.
            (other @ (protocol::Likelihood::Emission(_) | protocol::Likelihood::Rician(_)), ..) => {
                Err(Error::Parameter {
                    what: "likelihood of CT data",
                    expected: "poisson, pwls or gaussian",
                    got: other.name().into(),
                })
            }
        }
    }

    fn lines(device: &T::Device, rays: &Rays, precisions: Array2<f32>) -> Result<Self> {
        let y = upload(device, &rays.lines);
        let w = upload(device, &precisions);
        Ok(Noise::Lines(WeightedGaussian::new(y, w)?))
    }

    /// As guidance sees it: of predictions without the line integrals `offset`.
    pub(super) fn shifted(self, offset: T) -> Box<dyn Likelihood<T>>
    where
        T: 'static,
    {
        match self {
            Noise::Counts(l) => Box::new(Shifted::new(l, offset)),
            Noise::Lines(l) => Box::new(Shifted::new(l, offset)),
        }
    }
}
