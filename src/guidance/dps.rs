//! Diffusion posterior sampling: the gradient of the data misfit through the denoiser.

use super::conditional::Guided;
use super::flow::{Pulling, ancestral};
use super::{Guidance, Measurement, Step};
use crate::score::{Denoiser, Want};
use operators::{Array, Result, State};

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
        let d = prior.estimate(x, sigma, Want::Pullback)?;
        let root = self.0.root(prior, x, sigma, &d)?;
        let p = self.0.solve(data, &d.x0, root, None)?;
        let (_, mut x0) = self.0.corrections(&d, &p, sigma, share)?;
        x0.axpy(&[1.0], &d.x0);
        Ok((d.x0, x0))
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
/// Source: Chung et al. 2023, algorithm 1, with the step of its published code (the gradient of
/// the norm, not of its square). `clip` bounds `D` to the data range as that code does, and
/// differentiates through the bound.
pub struct DpsZeta {
    /// ζ of the published code.
    pub zeta: f64,
    /// Largest magnitude of a real component of `D`, if it is clipped.
    pub clip: Option<f64>,
}

impl<T: Array> Guidance<T> for DpsZeta {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.estimate(Want::Pullback)?;
        let (x0, inside) = clip(&d.x0, self.clip);
        let (z, j) = data.operator.linearize(&x0)?;
        let descent = j.adjoint(&data.likelihood.norm_descent(&z)?)?;
        let descent = d.pull(&mask(&descent, inside.as_deref()))?;
        let mut next = at.transition.advance(at.x, &x0, at.sigma, at.next, at.rng);
        let step = self.zeta * ((1.0 + at.sigma.powi(2)) * (1.0 + at.next.powi(2))).sqrt();
        next.axpy(&[step], &descent);
        Ok(next)
    }
}

/// `x0` bounded to `[-limit, limit]` in each real component, and where it was inside.
fn clip<T: Array>(x0: &T, limit: Option<f64>) -> (T, Option<Vec<bool>>) {
    let Some(limit) = limit else {
        return (x0.clone(), None);
    };
    let reals = x0.to_reals();
    let inside = reals.iter().map(|r| r.abs() <= limit).collect();
    let bounded: Vec<f64> = reals.iter().map(|r| r.clamp(-limit, limit)).collect();
    (
        T::from_reals(&x0.device(), &x0.sizes(), x0.field(), &bounded),
        Some(inside),
    )
}

fn mask<T: Array>(v: &T, inside: Option<&[bool]>) -> T {
    let Some(inside) = inside else {
        return v.clone();
    };
    let reals: Vec<f64> = v
        .to_reals()
        .iter()
        .zip(inside)
        .map(|(r, on)| if *on { *r } else { 0.0 })
        .collect();
    T::from_reals(&v.device(), &v.sizes(), v.field(), &reals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guidance::Transition;
    use crate::score::StationaryGaussian;
    use operators::imaging::Mask;
    use operators::likelihood::{Emission, Likelihood, PoissonNorm};
    use operators::{Axis, Field, Host, Operator, SliceRng, Space, Vector};

    type Image = Host<f64>;

    const SIGMA: f64 = 0.7;

    /// The state after one step from `x` to level 0, where nothing is drawn.
    fn stepped(
        zeta: f64,
        prior: &StationaryGaussian,
        data: &Measurement<'_, Image>,
        x: &Image,
    ) -> Image {
        let mut at = Step {
            x,
            index: 0,
            sigma: SIGMA,
            next: 0.0,
            prior,
            data: Some(data),
            transition: Transition::Ancestral,
            rng: &mut SliceRng::samples(5, 0, 1),
            memory: &mut Vec::new(),
            distance: Vec::new(),
            worth: Vec::new(),
        };
        DpsZeta { zeta, clip: None }.step(&mut at).unwrap()
    }

    /// Of counts with a weighted norm the step is along that norm, which weighs few counts more than many.
    #[test]
    fn the_published_step_is_the_slope_of_the_norm_of_the_likelihood() {
        let space = Space::real(&[(Axis::Y, 6), (Axis::X, 6)]);
        let everywhere = Image::new(&[1, 6, 6], Field::Real, vec![1.0; 36]);
        let a = Mask::new(everywhere, space).unwrap();
        let counts = (0..36).map(|i| f64::from(1 + i * i % 50)).collect();
        let counts = Image::new(&[1, 6, 6], Field::Real, counts);
        let norm = PoissonNorm::new(Emission::uniform(counts, 3.0, 1.0)).unwrap();
        let data = Measurement::new(&a, &norm);
        let prior = StationaryGaussian::new(4.0, 0.2, 1.4);
        let x = Image::zeros(&[1, 6, 6], Field::Real).normal_like(&mut SliceRng::samples(4, 0, 1));
        let moved = stepped(1.0, &prior, &data, &x).minus(&stepped(0.0, &prior, &data, &x));
        // ζ' at the level 0.
        let descent = moved.scaled(1.0 / (1.0 + SIGMA * SIGMA).sqrt());
        let score = |x: &Image| {
            let z = a.apply(&prior.denoise(x, SIGMA).unwrap()).unwrap();
            norm.nll(&z)[0].sqrt()
        };
        let along = x.normal_like(&mut SliceRng::samples(6, 0, 1));
        let h = 1e-5;
        let at = |h: f64| {
            let mut near = x.clone();
            near.axpy(&[h], &along);
            score(&near)
        };
        let slope = (at(h) - at(-h)) / (2.0 * h);
        let found = -descent.dot(&along)[0];
        assert!((found / slope - 1.0).abs() < 1e-6, "{found} {slope}");
    }
}
