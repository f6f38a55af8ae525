//! The conditional of `x0` given the state and the data, under a model C of `Cov(x0 | x)`.

use super::{Measurement, Step};
use crate::score::Spectrum;
use operators::solve::{CgParams, preconditioned_conjugate_gradient};
use operators::{Array, Direction, Result, SliceRng};

/// Which model of `Cov(x0 | x)` a rule uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CovarianceModel {
    /// The radial spectrum `C(σ, k)` of the model card; σ² where the card has none.
    Spectrum,
    /// One number a level: the mean of that spectrum; σ² where the card has none.
    White,
    /// `C = σ²`, an upper bound: the gain never exceeds 1.
    Sigma,
}

/// What both guided forms share: the covariance model, the CG, the guard.
#[derive(Clone, Copy, Debug)]
pub struct Guided {
    /// Model of `Cov(x0 | x)`.
    pub covariance: CovarianceModel,
    /// CG iterations at most.
    pub cg_iterations: usize,
    /// The correction through the network is at most this many times `‖p - z‖`.
    pub guard: f64,
}

/// The solution of the conditional problem: `p = z + C^½ Fᴴ u`.
pub(super) struct Conditional<T> {
    u: T,
    c: Spectrum<T>,
}

impl<T: Array> Conditional<T> {
    /// `p - z = C^½ Fᴴ u`.
    pub(super) fn shift(&self) -> T {
        self.c.synthesise(&self.u, f64::sqrt)
    }

    /// `C⁻¹ (p - z) = C^{-½} Fᴴ u`, which is `Aᴴ (Σ_n + A C Aᴴ)⁻¹ (y - A z)`.
    pub(super) fn pressure(&self) -> T {
        self.c.synthesise(&self.u, |c| 1.0 / c.sqrt())
    }
}

impl Guided {
    /// Without a guard: for rules that send nothing through the network.
    pub(super) fn plain(covariance: CovarianceModel, cg_iterations: usize) -> Self {
        Guided {
            covariance,
            cg_iterations,
            guard: f64::INFINITY,
        }
    }

    /// C at this level, floored far below anything that matters.
    pub(super) fn model<T: Array>(&self, at: &Step<'_, T>) -> Spectrum<T> {
        let sigma = at.sigma;
        let floored = |c: f64| c.max(1e-12 * sigma * sigma);
        match (self.covariance, at.prior.covariance()) {
            (CovarianceModel::Spectrum, Some(c)) => {
                Spectrum::radial(at.x, |r| floored(c.variance(sigma, r)))
            }
            (CovarianceModel::White, Some(c)) => {
                let white = floored(c.white(sigma));
                Spectrum::radial(at.x, |_| white)
            }
            _ => Spectrum::radial(at.x, |_| sigma * sigma),
        }
    }

    /// Minimises `nll(A p) + ½ ‖p - z‖²_{C⁻¹}` to second order around `z` by conjugate gradients
    /// on `(1 + √c F Jᴴ Λ J Fᴴ √c) u = √c F Jᴴ (-∇nll [+ noise])`, whose smallest eigenvalue is 1.
    /// Where the spectrum `h` of `Jᴴ Λ J` is known, `1 / (1 + c h)` preconditions.
    ///
    /// With `noise`, `p` is a draw from the conditional if `z` is one from its prior part
    /// (perturb-and-MAP).
    pub(super) fn solve<T: Array>(
        &self,
        data: &Measurement<'_, T>,
        z: &T,
        c: Spectrum<T>,
        noise: Option<&mut SliceRng>,
    ) -> Result<Conditional<T>> {
        let (prediction, j) = data.operator.linearize(z)?;
        let mut pull = data.likelihood.gradient(&prediction)?;
        pull.scale(&[-1.0]);
        if let Some(rng) = noise {
            pull.axpy(&[1.0], &data.likelihood.gradient_noise(&prediction, rng)?);
        }
        let weigh = data.likelihood.surrogate(&prediction)?;
        let root = c.weights(f64::sqrt);
        let b = j.adjoint(&pull)?.fft2(Direction::Forward).weighted(&root);
        let h = |u: &T| {
            let seen = j.forward(&u.weighted(&root).fft2(Direction::Inverse))?;
            let weighed = weigh(&seen)?;
            let mut out = j
                .adjoint(&weighed)?
                .fft2(Direction::Forward)
                .weighted(&root);
            out.axpy(&[1.0], u);
            Ok(out)
        };
        let params = CgParams {
            iterations: self.cg_iterations,
            tolerance: 1e-6,
        };
        let inverse = data
            .normal
            .map(|normal| c.weights_at(|c, radius| 1.0 / (1.0 + c * normal.at(radius))));
        let m = |r: &T| match &inverse {
            Some(inverse) => r.weighted(inverse),
            None => r.clone(),
        };
        let (u, _) = preconditioned_conjugate_gradient(h, m, &b, params)?;
        Ok(Conditional { u, c })
    }

    /// Shortens `correction`, item by item, to `guard` times the length of `shift`.
    pub(super) fn limit<T: Array>(&self, correction: &mut T, shift: &T) {
        let factors: Vec<f64> = correction
            .norm()
            .into_iter()
            .zip(shift.norm())
            .map(|(long, allowed)| {
                let allowed = self.guard * allowed;
                if long > allowed { allowed / long } else { 1.0 }
            })
            .collect();
        correction.scale(&factors);
    }
}
