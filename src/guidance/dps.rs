//! Diffusion posterior sampling: the gradient of the data misfit through the denoiser.

use super::conditional::Guided;
use super::flow::{Pulling, ancestral};
use super::{Guidance, Measurement, Step};
use crate::score::{Denoiser, Want};
use operators::{Result, State};

/// DPS with the weight that the noise implies (form G):
/// `x0' = D + σ² Jᴴ Aᴴ (Σ_n + A C Aᴴ)⁻¹ (y - A D)`, then the reverse step with `x0'`.
///
/// Nothing to tune: C bounds the gain, the guard bounds the step.
pub struct Dps(pub Guided);

impl<T: State> Pulling<T> for Dps {
    fn pulled(
        &self,
        prior: &dyn Denoiser<T>,
        data: &Measurement<'_, T>,
        x: &T,
        sigma: f64,
        share: f64,
    ) -> Result<(T, T)> {
        let [d, _, mut x0] = self.0.gradient(prior, data, x, sigma, share)?;
        x0.axpy(&[1.0], &d);
        Ok((d, x0))
    }
}

impl<T: State> Guidance<T> for Dps {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        ancestral(self, at)
    }
}

/// DPS as published: `x' ← x' - ζ' ∇_x ‖y - A D(x)‖`, the norm per item, of counts with a weighted norm as
/// their likelihood `‖·‖_Λ` ([`operators::likelihood::PoissonNorm`]).
///
/// `ζ' = ζ √((1 + σ²)(1 + σ'²))` carries the variance-preserving update over to `x = x0 + σ n`.
/// Source: Chung et al. 2023 (Diffusion posterior sampling for general noisy inverse problems), algorithm 1, with the
/// step of its published code (the gradient of the norm, not of its square). Of an image and what is unknown beside it:
/// Chung et al. 2023 (Parallel diffusion models of operator and image for blind inverse problems), algorithm 1, with a
/// white prior of the unknown, without the sparsity of a kernel.
pub struct DpsZeta {
    /// ζ of the published code.
    pub zeta: f64,
}

impl<T: State> Guidance<T> for DpsZeta {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.estimate(Want::Pullback)?;
        let (z, j) = data.operator.linearize(&d.x0)?;
        let descent = d.pull(&j.adjoint(&data.likelihood.norm_descent(&z)?)?)?;
        let mut next = at
            .transition
            .advance(at.x, &d.x0, at.sigma, at.next, at.rng);
        let step = self.zeta * ((1.0 + at.sigma.powi(2)) * (1.0 + at.next.powi(2))).sqrt();
        next.axpy(&[step], &descent);
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Pair, StationaryGaussian};
    use operators::imaging::{BlindBlur, Mask};
    use operators::likelihood::{Emission, Gaussian, Likelihood, PoissonNorm};
    use operators::product::OfImage;
    use operators::{Axis, Field, Host, Product, SliceRng, Space, Vector};

    type Image = Host<f64>;

    const SIGMA: f64 = 0.7;

    fn space() -> Space {
        Space::real(&[(Axis::Y, 6), (Axis::X, 6)])
    }

    fn zeros(rows: usize) -> Image {
        Image::zeros(&[1, rows, rows], Field::Real)
    }

    fn normal<T: Vector>(like: &T, seed: u64) -> T {
        like.normal_like(&mut SliceRng::samples(seed, 0, 1))
    }

    /// The state after one step from `x` to level 0, where nothing is drawn.
    fn stepped<T: State>(
        zeta: f64,
        prior: &dyn Denoiser<T>,
        data: &Measurement<'_, T>,
        x: &T,
    ) -> T {
        let (mut rng, mut memory) = (SliceRng::samples(5, 0, 1), Vec::new());
        let mut at = Step::new(x, [SIGMA, 0.0], prior, Some(data), &mut rng, &mut memory);
        DpsZeta { zeta }.step(&mut at).unwrap()
    }

    /// Holds the step to the slope of `score` of `A D(x)` at `x`, along a random direction.
    fn assert_slope<T: State>(
        prior: &dyn Denoiser<T>,
        data: &Measurement<'_, T>,
        x: &T,
        score: &dyn Fn(&T) -> f64,
    ) {
        let moved = stepped(1.0, prior, data, x).minus(&stepped(0.0, prior, data, x));
        // ζ' at the level 0.
        let descent = moved.scaled(1.0 / (1.0 + SIGMA * SIGMA).sqrt());
        let along = normal(x, 6);
        let h = 1e-5;
        let at = |h: f64| {
            let mut near = x.clone();
            near.axpy(&[h], &along);
            let d = prior.denoise(&near, SIGMA).unwrap();
            score(&data.operator.apply(&d).unwrap())
        };
        let slope = (at(h) - at(-h)) / (2.0 * h);
        let found = -descent.dot(&along)[0];
        assert!((found / slope - 1.0).abs() < 1e-6, "{found} {slope}");
    }

    /// Of counts with a weighted norm the step is along that norm, which weighs few counts more than many.
    #[test]
    fn the_published_step_is_the_slope_of_the_norm_of_the_likelihood() {
        let everywhere = Image::new(&[1, 6, 6], Field::Real, vec![1.0; 36]);
        let a = Mask::new(everywhere, space()).unwrap();
        let counts = (0..36).map(|i| f64::from(1 + i * i % 50)).collect();
        let counts = Image::new(&[1, 6, 6], Field::Real, counts);
        let norm = PoissonNorm::new(Emission::uniform(counts, 3.0, 1.0)).unwrap();
        let data = Measurement::new(&a, &norm);
        let prior = StationaryGaussian::new(4.0, 0.2, 1.4);
        let score = |z: &Image| norm.nll(z)[0].sqrt();
        assert_slope(&prior, &data, &normal(&zeros(6), 4), &score);
    }

    /// Beside an unknown kernel both move, each along its own slope.
    #[test]
    fn the_published_step_moves_what_is_unknown_beside_the_image() {
        let a = BlindBlur::new(space(), 3, 3).unwrap();
        let everywhere = Image::new(&[1, 6, 6], Field::Real, vec![1.0; 36]);
        let noise = Gaussian::new(normal(&zeros(6), 1), 0.3, everywhere).unwrap();
        let likelihood = OfImage(&noise);
        let data = Measurement::new(&a, &likelihood);
        let image = StationaryGaussian::new(4.0, 0.2, 1.4);
        let prior = Pair { image: &image };
        let x = normal(&Product::new(zeros(6), zeros(3)), 4);
        let score = |z: &Product<Image>| noise.residual(&z.image).unwrap().norm()[0];
        assert_slope(&prior, &data, &x, &score);
        let still = stepped(0.0, &prior, &data, &x);
        let moved = stepped(1.0, &prior, &data, &x).minus(&still);
        assert!(moved.image.norm()[0] > 1e-3 && moved.nuisance.unwrap().norm()[0] > 1e-3);
    }
}
