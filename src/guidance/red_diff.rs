//! RED-diff: descent to a likely image, with a diffusion as the regulariser.

use super::{Guidance, Step};
use operators::{Array, Result};

/// `μ ← μ - η Adam(λ (μ - D(μ + σ z, σ)) - Aᴴ (y - A μ))`, σ falling: the prior pulls towards what it
/// sees of μ in noise. With filtered back-projection at hand it stands for `Aᴴ`.
///
/// Mode-seeking: images of different noise differ by less than the posterior. The state is μ, from
/// `A† y` or `Aᴴ y`. Source: Mardani et al. 2024, algorithm 1, where `σ (ε̂ - ε) = μ - D`.
pub struct RedDiff {
    /// λ, the weight of the prior.
    pub lambda: f64,
    /// η, the length of a step.
    pub learning_rate: f64,
}

/// Decay of Adam's means of the gradient and of its square, as published.
const BETA: [f64; 2] = [0.9, 0.99];

impl<T: Array> Guidance<T> for RedDiff {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let zeros = at.x.zeros_like();
        let pull = |x: &T| {
            let (z, j) = data.operator.linearize(x)?;
            let residual = data.likelihood.residual(&z)?;
            match data.pseudo_inverse {
                Some(inverse) => inverse.forward(&residual),
                None => j.adjoint(&residual),
            }
        };
        if at.memory.is_empty() {
            *at.memory = vec![pull(&zeros)?, zeros.clone(), zeros];
        }
        let [mu, mean, square] = at.memory.as_mut_slice() else {
            unreachable!("three images are kept");
        };
        let mut noisy = mu.clone();
        noisy.axpy(&[at.sigma], &mu.normal_like(at.rng));
        let d = at.prior.denoise(&noisy, at.sigma)?;
        let seen = (noisy, d.clone());
        let mut gradient = mu.minus(&d).scaled(self.lambda);
        gradient.axpy(&[-1.0], &pull(mu)?);
        let step = adam(&gradient, mean, square, at.index);
        mu.axpy(&[-self.learning_rate], &step);
        let next = mu.clone();
        at.measure(&seen.0, &seen.1);
        Ok(next)
    }
}

/// The step of Adam (Kingma and Ba 2015), each real component by itself.
fn adam<T: Array>(gradient: &T, mean: &mut T, square: &mut T, index: usize) -> T {
    mean.scale(&[BETA[0]]);
    mean.axpy(&[1.0 - BETA[0]], gradient);
    let of = |reals: &[f64]| {
        T::from_reals(
            &gradient.device(),
            &gradient.sizes(),
            gradient.field(),
            reals,
        )
    };
    let squared: Vec<f64> = gradient.to_reals().iter().map(|g| g * g).collect();
    square.scale(&[BETA[1]]);
    square.axpy(&[1.0 - BETA[1]], &of(&squared));
    let [first, second] = BETA.map(|beta| 1.0 - beta.powi(index as i32 + 1));
    let steps: Vec<f64> = mean
        .to_reals()
        .iter()
        .zip(square.to_reals())
        .map(|(m, v)| (m / first) / ((v / second).sqrt() + 1e-8))
        .collect();
    of(&steps)
}
