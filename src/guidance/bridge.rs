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
/// Where C is far from the truth (bone beside brain), a drawn `z` puts noise of the wrong size
/// everywhere: `draw = false` takes `z = D` and no `n`, the gradient form.
pub struct Bridge {
    /// Covariance model, CG and guard.
    pub guided: Guided,
    /// Whether `z` is drawn or the mean.
    pub draw: bool,
    /// Whether the correction goes through the network.
    pub pullback: bool,
}

impl<T: Array> Guidance<T> for Bridge {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let want = if self.pullback {
            Want::Pullback
        } else {
            Want::Mean
        };
        let d = at.prior.estimate(at.x, at.sigma, want)?;
        let c = self.guided.model(at);
        let mut z = d.x0.clone();
        if self.draw {
            z.axpy(&[1.0], &c.synthesise(&at.x.normal_like(at.rng), f64::sqrt));
        }
        let noise = self.draw.then_some(&mut *at.rng);
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
