//! The bridge sampler: draw `x0` from its conditional, then step.

use super::conditional::Guided;
use super::{Guidance, Step};
use crate::score::Want;
use operators::{Result, State};

/// Form B: with `z = D + C^½ ε`,
/// `p = z + C Aᴴ (A C Aᴴ + Σ_n)⁻¹ (y + n - A z)` is a draw from `p(x0 | x, y)` under the model C
/// (perturb-and-MAP), and the next state follows from `x0 = p`.
///
/// With the pullback, the correction goes through the network, whose Jacobian knows the edges
/// that a stationary C does not: `x0 = z + σ² Jᴴ C⁻¹ (p - z)`, guarded. Drawn by the model, exact
/// in any number of steps for a Gaussian prior with the right C.
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
    /// `z = D + σ Jᴴ ε`, of covariance `σ² JᴴJ`: a stand-in for `σ² J`, which Tweedie's formula of
    /// second order gives, and local as that is. Right where an eigenvalue of J is 0 or 1, too
    /// narrow in between, too wide where it exceeds 1 (two tissues compete). The gain keeps C: for
    /// a Gaussian prior the spread is 0.92 to 0.99 of the posterior's (`tests/oracle_ct.rs`).
    Network,
}

impl<T: State> Guidance<T> for Bridge {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let want = if self.pullback || self.draw == PriorDraw::Network {
            Want::Pullback
        } else {
            Want::Mean
        };
        let d = at.estimate(want)?;
        let root = self.guided.root(at.prior, at.x, at.sigma, &d)?;
        let mut z = d.x0.clone();
        match self.draw {
            PriorDraw::Mean => {}
            PriorDraw::Model => {
                z.axpy(&[1.0], &root.apply(&at.x.normal_like(at.rng)));
            }
            PriorDraw::Network => z.axpy(&[at.sigma], &d.pull(&at.x.normal_like(at.rng))?),
        }
        let noise = (self.draw != PriorDraw::Mean).then_some(&mut *at.rng);
        let p = self.guided.solve(data, &z, root, noise)?;
        let mut x0 = if self.pullback {
            let share = at.transition.share(at.sigma, at.next);
            self.guided.corrections(&d, &p, at.sigma, share)?.1
        } else {
            p.shift()
        };
        x0.axpy(&[1.0], &z);
        Ok(at.transition.advance(at.x, &x0, at.sigma, at.next, at.rng))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guidance::{CovarianceModel, Guard, Measurement};
    use crate::score::{Denoiser, Estimate};
    use operators::ct::{Beam, Detector, Geometry, Grid, Projector};
    use operators::likelihood::Gaussian;
    use operators::{Array, Field, Host, SliceRng, Vector};

    type Image = Host<f64>;

    /// `D = x/2 + (x one column on)/4`: its Jacobian is not symmetric.
    struct Skewed;

    fn skewed(x: &Image, columns: usize) -> Image {
        let n = x.to_reals();
        let at = |i: usize| i - i % 8 + (i + columns) % 8;
        let reals: Vec<f64> = (0..n.len()).map(|i| n[i] / 2.0 + n[at(i)] / 4.0).collect();
        Image::from_reals(&x.device(), &x.sizes(), Field::Real, &reals)
    }

    impl Denoiser<Image> for Skewed {
        fn estimate<'a>(&'a self, x: &Image, _: f64, _: Want) -> Result<Estimate<'a, Image>> {
            Ok(Estimate {
                x0: skewed(x, 1),
                pullback: Some(Box::new(|v: &Image| Ok(skewed(v, 7)))),
                deviation: None,
            })
        }
    }

    /// `x0` where the data weigh nothing: what is drawn of the prior.
    fn drawn(draw: PriorDraw, x: &Image) -> Image {
        let (grid, detector) = (Grid::new(8, 8, [1.0, 1.0]), Detector::new(12, 1.0));
        let scan = Geometry::new(grid, Beam::Parallel, detector, vec![0.0, 1.0]).unwrap();
        let a = Projector::new(scan);
        let y = Image::zeros(&[1, 2, 12], Field::Real);
        let everywhere = y.elementwise(&[], &|_, _| 1.0);
        let likelihood = Gaussian::new(y, 1e12, everywhere).unwrap();
        let rule = Bridge {
            guided: Guided {
                covariance: CovarianceModel::Sigma,
                cg_iterations: 4,
                rounds: 1,
                guard: Guard::Times(1.5),
            },
            draw,
            pullback: true,
        };
        let data = Measurement::new(&a, &likelihood);
        let mut rng = SliceRng::samples(5, 0, 1);
        let mut memory = Vec::new();
        let data = Some(&data);
        let mut at = Step::new(x, [0.3, 0.0], &Skewed, data, &mut rng, &mut memory);
        rule.step(&mut at).unwrap()
    }

    #[test]
    fn x0_is_drawn_as_its_name_says() {
        let blank = Image::zeros(&[1, 8, 8], Field::Real);
        let x = blank.normal_like(&mut SliceRng::samples(4, 0, 1));
        let noise = blank.normal_like(&mut SliceRng::samples(5, 0, 1));
        let mean = skewed(&x, 1);
        let mut network = mean.clone();
        network.axpy(&[0.3], &skewed(&noise, 7));
        let mut model = mean.clone();
        model.axpy(&[0.3], &noise.fft2(operators::Direction::Inverse));
        for (draw, expected) in [
            (PriorDraw::Mean, mean),
            (PriorDraw::Network, network),
            (PriorDraw::Model, model),
        ] {
            let off = drawn(draw, &x).minus(&expected).norm()[0];
            assert!(off < 1e-12, "{draw:?}: {off}");
        }
    }
}
