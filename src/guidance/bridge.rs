//! The bridge sampler: draw `x0` from its conditional, then step.

use super::conditional::Guided;
use super::{Guidance, Step};
use crate::score::Want;
use operators::{Array, Result};

/// Form B: with `z = D + C^½ ε`,
/// `p = z + C Aᴴ (A C Aᴴ + Σ_n)⁻¹ (y + n - A z)` is a draw from `p(x0 | x, y)` under the model C
/// (perturb-and-MAP), and the next state follows from `x0 = p`.
///
/// With the pullback, the correction goes through the network, whose Jacobian knows the edges
/// that a stationary C does not: `x0 = z + σ² Jᴴ C⁻¹ (p - z)`, guarded. Exact in any number of
/// steps for a Gaussian prior with the right C.
///
/// Where C is far from the truth (bone beside brain), its draws put noise of the wrong size
/// everywhere. [`PriorDraw`] says what else `z` may be.
pub struct Bridge {
    /// Covariance model, CG and guard.
    pub guided: Guided,
    /// What `z` is.
    pub draw: PriorDraw,
    /// Whether the correction goes through the network.
    pub pullback: bool,
}

/// The prior's part `z` of a draw of `x0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriorDraw {
    /// `z = D`, and no noise on the data: the gradient form.
    Mean,
    /// `z = D + C^½ ε` with the covariance model.
    Model,
    /// `z = D + σ Jᴴ ε`, of covariance `σ² JᴴJ`. The network's own covariance is `σ² J` (Tweedie's
    /// formula of second order), so this is local as J is, right where the network is sure or has
    /// no idea (eigenvalues 0 and 1 of J), and never too wide in between.
    Network,
}

impl<T: Array> Guidance<T> for Bridge {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let want = if self.pullback || self.draw == PriorDraw::Network {
            Want::Pullback
        } else {
            Want::Mean
        };
        let d = at.prior.estimate(at.x, at.sigma, want)?;
        let c = self.guided.model(at);
        let mut z = d.x0.clone();
        match self.draw {
            PriorDraw::Mean => {}
            PriorDraw::Model => {
                z.axpy(&[1.0], &c.synthesise(&at.x.normal_like(at.rng), f64::sqrt));
            }
            PriorDraw::Network => z.axpy(&[at.sigma], &d.pull(&at.x.normal_like(at.rng))?),
        }
        let noise = (self.draw != PriorDraw::Mean).then_some(&mut *at.rng);
        let p = self.guided.solve(data, &z, c, noise)?;
        let mut x0 = p.shift();
        if self.pullback {
            let shift = x0;
            x0 = d.pull(&p.pressure())?.scaled(at.sigma * at.sigma);
            self.guided.limit(&mut x0, &shift);
        }
        x0.axpy(&[1.0], &z);
        Ok(at.transition.advance(at.x, &x0, at.sigma, at.next, at.rng))
    }
}
