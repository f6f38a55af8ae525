//! Reconstructions of a degraded image without a learned prior.

use super::affine::Affine;
use super::model::Model;
use super::noise::Data;
use crate::classical::{TikhonovParams, hybrid_input_output, tikhonov};
use crate::protocol;
use crate::score::Channels;
use operators::{Array, Field, Host, Operator, Result};

/// Linearisations of an operator that is not linear.
const ROUNDS: usize = 12;

impl<T: Channels> Affine<T>
where
    Affine<T>: Operator<T>,
{
    /// Smooth least squares in units of the prior: from water or air, from the data where a detector
    /// saturates, from the best start of phase retrieval.
    pub(super) fn smooth(&self, data: &Data<T>, m: &protocol::Tikhonov, seed: u64) -> Result<T> {
        let (start, rounds) = match &self.model {
            Model::Spectral(_) | Model::Linear(_) => (self.blank(), 1),
            Model::Saturated(_) => (self.of_seen(&data.y), ROUNDS),
            Model::Magnitudes(_) => (self.phases(data, seed)?, ROUNDS),
            Model::Network(_) => (self.blank(), ROUNDS),
        };
        let params = TikhonovParams {
            // ‖∇v‖² of v = b + c x.
            lambda: m.lambda * self.scale[1].powi(2),
            iterations: m.iterations,
            rounds,
        };
        tikhonov(self, [&data.y, &data.support], &start, params)
    }

    /// Hybrid input-output, on the host.
    fn phases(&self, data: &Data<T>, seed: u64) -> Result<T> {
        let blank = self.blank();
        let sizes = blank.sizes();
        let dark = |y: f64, _: &[f64]| y.max(0.0);
        let magnitudes = data.y.elementwise(&[], &dark);
        let host = Host::<f64>::from_reals(
            &(),
            &magnitudes.sizes(),
            Field::Real,
            &magnitudes.to_reals(),
        );
        let measured = Host::<f64>::from_reals(
            &(),
            &data.support.sizes(),
            Field::Real,
            &data.support.to_reals(),
        );
        let found = hybrid_input_output([sizes[1], sizes[2]], [&host, &measured], seed)?;
        let v = T::from_reals(&blank.device(), &sizes, Field::Real, &found.to_reals());
        Ok(self.of_seen(&v))
    }

    /// What samplers start from and what stands beside them: phases by hybrid input-output, else
    /// smooth least squares.
    pub(super) fn reference(
        &self,
        data: &Data<T>,
        m: &protocol::Tikhonov,
        seed: u64,
    ) -> Result<(&'static str, T)> {
        match &self.model {
            Model::Magnitudes(_) => Ok(("hio", self.phases(data, seed)?)),
            _ => Ok(("tikhonov", self.smooth(data, m, seed)?)),
        }
    }

    /// The data as an image by the shortest way: the pseudo-inverse, else the adjoint; none of
    /// magnitudes.
    pub(super) fn direct(
        &self,
        data: &Data<T>,
        complete: bool,
    ) -> Result<Option<(&'static str, T)>> {
        let v = match &self.model {
            Model::Spectral(a) if complete => ("pseudo-inverse", a.pseudo_inverse(&data.y)?),
            Model::Spectral(a) => ("adjoint", a.adjoint(&data.y)?),
            Model::Linear(a) => ("adjoint", a.adjoint(&data.y)?),
            Model::Saturated(_) => {
                // At 0 the detector is linear.
                let dark = self.of_seen(&self.blank());
                let (_, j) = self.linearize(&dark)?;
                ("adjoint", j.adjoint(&data.y)?.scaled(1.0 / self.scale[1]))
            }
            Model::Magnitudes(_) | Model::Network(_) => return Ok(None),
        };
        Ok(Some((v.0, self.of_seen(&v.1))))
    }
}
