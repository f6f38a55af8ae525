//! The conditional of `x0` given the state and the data, under a model C of `Cov(x0 | x)`.

use super::root::Root;
use super::{Guard, Measurement, Step};
use crate::score::{Denoiser, Estimate, Spectrum, Want};
use operators::likelihood::Surrogate;
use operators::solve::{CgParams, preconditioned_conjugate_gradient};
use operators::{Mode, Result, SliceRng, State};

/// Which model of `Cov(x0 | x)` a rule uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CovarianceModel {
    /// The radial spectrum `C(σ, k)` of the model card; σ² where the card has none.
    Spectrum,
    /// One number a level: the mean of that spectrum; σ² where the card has none.
    White,
    /// `C = σ²`, an upper bound: the gain never exceeds 1.
    Sigma,
    /// What the network says of every pixel, where it learned a variance.
    Learned,
}

/// What both guided forms share: the covariance model, the CG, the guard.
#[derive(Clone, Copy, Debug)]
pub struct Guided {
    /// Model of `Cov(x0 | x)`.
    pub covariance: CovarianceModel,
    /// CG iterations at most.
    pub cg_iterations: usize,
    /// Rounds of Gauss and Newton: 1 of a linear operator and Gaussian noise, where one is exact; 3 for
    /// few counts.
    pub rounds: usize,
    /// How long the correction through the network may be.
    pub guard: Guard,
}

/// The solution of the conditional problem: `p = z + R u` with `C = R Rᴴ`.
pub(super) struct Conditional<T> {
    u: T,
    root: Root<T>,
}

impl<T: State> Conditional<T> {
    /// `p - z = R u`.
    pub(super) fn shift(&self) -> T {
        self.root.apply(&self.u)
    }

    /// `C⁻¹ (p - z) = R⁻ᴴ u`, which is `Aᴴ (Σ_n + A C Aᴴ)⁻¹ (y - A z)`.
    pub(super) fn pressure(&self) -> T {
        self.root.inverse(&self.u)
    }
}

impl Guided {
    /// Without a guard: for rules that send nothing through the network.
    pub(super) fn plain(covariance: CovarianceModel, cg_iterations: usize) -> Self {
        Guided {
            covariance,
            cg_iterations,
            rounds: 1,
            guard: Guard::NONE,
        }
    }

    /// A root of C at the state of an estimate.
    ///
    /// Errors: a learned variance of a network that states none.
    pub(super) fn root<T: State>(
        &self,
        prior: &dyn Denoiser<T>,
        x: &T,
        sigma: f64,
        d: &Estimate<'_, T>,
    ) -> Result<Root<T>> {
        if self.covariance != CovarianceModel::Learned {
            return Ok(self.model_of(prior, x, sigma).into());
        }
        Ok(Root::Pixels(d.stated()?.clone()))
    }

    /// C at this level, floored far below anything that matters.
    pub(super) fn model<T: State>(&self, at: &Step<'_, T>) -> Spectrum<T> {
        self.model_of(at.prior, at.x, at.sigma)
    }

    /// The same, of any state.
    pub(super) fn model_of<T: State>(
        &self,
        prior: &dyn Denoiser<T>,
        x: &T,
        sigma: f64,
    ) -> Spectrum<T> {
        let floored = |c: f64| c.max(1e-12 * sigma * sigma);
        let image: Box<dyn Fn(f64) -> f64 + '_> = match (self.covariance, prior.covariance()) {
            (CovarianceModel::Spectrum, Some(c)) => {
                Box::new(move |r| floored(c.variance(sigma, r)))
            }
            (CovarianceModel::White, Some(c)) => {
                let white = floored(c.white(sigma));
                Box::new(move |_| white)
            }
            _ => Box::new(|_| sigma * sigma),
        };
        // Of the nuisance it is known, whatever the model of the image.
        let nuisance = prior.nuisance_variance(sigma);
        Spectrum::of_modes(x, |mode| match mode {
            Mode::Image { radius, .. } => image(radius),
            Mode::Nuisance { .. } => nuisance,
        })
    }

    /// Minimises `nll(A p) + ½ ‖p - z‖²_{C⁻¹}` by rounds of Gauss and Newton from `z`, each solved by
    /// conjugate gradients on
    /// `(1 + Rᴴ Jᴴ Λ J R) u = Rᴴ Jᴴ (-∇nll + Λ J (p - z) [+ noise])`, whose smallest eigenvalue
    /// is 1. Where the spectrum `h` of `Jᴴ Λ J` is known, `1 / (1 + c h)` preconditions: of one coil it is the
    /// inverse itself.
    ///
    /// With `noise`, which the last round draws, `p` is a draw from the conditional if `z` is one from
    /// its prior part (perturb-and-MAP; of other than linear Gaussian data the Laplace approximation).
    pub(super) fn solve<T: State>(
        &self,
        data: &Measurement<'_, T>,
        z: &T,
        root: impl Into<Root<T>>,
        noise: Option<&mut SliceRng>,
    ) -> Result<Conditional<T>> {
        self.solve_from(data, z, root, None, noise)
    }

    /// The same with a first round around `z + shift`.
    pub(super) fn solve_from<T: State>(
        &self,
        data: &Measurement<'_, T>,
        z: &T,
        root: impl Into<Root<T>>,
        mut shift: Option<T>,
        noise: Option<&mut SliceRng>,
    ) -> Result<Conditional<T>> {
        let root = root.into();
        for round in 1..self.rounds {
            let u = self.round(data, z, &root, (round == 1, shift.as_ref()), None)?;
            shift = Some(root.apply(&u));
        }
        let first = self.rounds < 2;
        let u = self.round(data, z, &root, (first, shift.as_ref()), noise)?;
        Ok(Conditional { u, root })
    }

    /// One round, the first or a later one, linear around `z + shift`.
    fn round<T: State>(
        &self,
        data: &Measurement<'_, T>,
        z: &T,
        root: &Root<T>,
        (first, shift): (bool, Option<&T>),
        noise: Option<&mut SliceRng>,
    ) -> Result<T> {
        let mut at = z.clone();
        if let Some(shift) = shift {
            at.axpy(&[1.0], shift);
        }
        let (prediction, j) = data.operator.linearize(&at)?;
        let mut pull = data.likelihood.gradient(&prediction)?;
        pull.scale(&[-1.0]);
        // The first round may be far from the data; the others are Newton's.
        let weigh: Surrogate<'_, T> = match first {
            true => data.likelihood.surrogate(&prediction)?,
            false => Box::new(|v| data.likelihood.precision(&prediction, v)),
        };
        if let Some(shift) = shift {
            pull.axpy(&[1.0], &weigh(&j.forward(shift)?)?);
        }
        if let Some(rng) = noise {
            pull.axpy(&[1.0], &data.likelihood.gradient_noise(&prediction, rng)?);
        }
        let b = root.adjoint(&j.adjoint(&pull)?);
        let h = |u: &T| {
            let weighed = weigh(&j.forward(&root.apply(u))?)?;
            let mut out = root.adjoint(&j.adjoint(&weighed)?);
            out.axpy(&[1.0], u);
            Ok(out)
        };
        let params = CgParams {
            iterations: self.cg_iterations,
            tolerance: 1e-6,
        };
        let inverse = root.preconditioner(data.normal);
        let m = |r: &T| match &inverse {
            Some(inverse) => r.damped(inverse),
            None => r.clone(),
        };
        Ok(preconditioned_conjugate_gradient(h, m, &b, params)?.0)
    }

    /// `(p - z, σ² Jᴴ C⁻¹ (p - z))` of a solution p at the state of an estimate, whose step goes `share` of the way: the
    /// correction of the model, and the one through the network, guarded.
    pub(super) fn corrections<T: State>(
        &self,
        d: &Estimate<'_, T>,
        p: &Conditional<T>,
        sigma: f64,
        share: f64,
    ) -> Result<(T, T)> {
        let shift = p.shift();
        let mut correction = d.pull(&p.pressure())?.scaled(sigma * sigma);
        correction.shorten(&shift, self.guard.times(share));
        Ok((shift, correction))
    }

    /// `(D, p - D, σ² Jᴴ C⁻¹ (p - D))` of a state, by [`Guided::corrections`] of `p` without noise: what the rules share
    /// that draw nothing and follow the gradient.
    pub(super) fn gradient<T: State>(
        &self,
        prior: &dyn Denoiser<T>,
        data: &Measurement<'_, T>,
        x: &T,
        sigma: f64,
        share: f64,
    ) -> Result<[T; 3]> {
        let d = prior.estimate(x, sigma, Want::Pullback)?;
        let root = self.root(prior, x, sigma, &d)?;
        let p = self.solve(data, &d.x0, root, None)?;
        let (shift, correction) = self.corrections(&d, &p, sigma, share)?;
        Ok([d.x0, shift, correction])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guidance::NormalSpectrum;
    use crate::score::StationaryGaussian;
    use operators::likelihood::{Gaussian, Likelihood};
    use operators::mri::sense;
    use operators::{Field, Host, LinearOperator, Vector};

    type Image = Host<f64>;

    const N: usize = 24;
    const SIGMA_Y: f64 = 0.05;

    /// Coils at the corners, each with a phase of its own, `Σ |s|² = 1`; one sees everything alike.
    fn coils(count: usize) -> Image {
        let corner = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
        let near = |c: usize, [y, x]: [f64; 2]| -> f64 {
            let [cy, cx]: [f64; 2] = corner[c];
            (-(y - cy).powi(2) - (x - cx).powi(2)).exp()
        };
        let mut reals = Vec::new();
        for c in 0..count {
            for i in 0..N * N {
                let at = [i / N, i % N].map(|k| k as f64 / N as f64);
                let all: f64 = (0..count).map(|c| near(c, at).powi(2)).sum();
                let (sin, cos) = (2.0 * c as f64 * (at[1] - 0.3 * at[0])).sin_cos();
                reals.extend([cos, sin].map(|part| part * near(c, at) / all.sqrt()));
            }
        }
        Host::new(&[1, count, N, N], Field::Complex, reals)
    }

    /// What so many iterations leave of the solution, every fourth line and the middle, at σ = 1.
    fn left(maps: &Image, iterations: usize, preconditioned: bool) -> f64 {
        let taken = |x: usize| x.is_multiple_of(4) || x.abs_diff(N / 2) < 2;
        let mask = (0..N * N).map(|i| f64::from(u8::from(taken(i % N))));
        let mask = Image::new(&[1, N, N], Field::Real, mask.collect());
        let a = sense(maps.clone(), mask.clone()).unwrap();
        let prior = StationaryGaussian::new(100.0, 0.02, 1.4);
        let blank = Image::zeros(&[1, N, N], Field::Complex);
        let truth = prior.draw(&blank, &mut SliceRng::samples(1, 0, 1));
        let z = a.forward(&truth).unwrap();
        let noise = Gaussian::new(z.zeros_like(), SIGMA_Y, mask.clone()).unwrap();
        let y = noise.simulate(&z, &mut SliceRng::samples(2, 0, 1)).unwrap();
        let likelihood = Gaussian::new(y, SIGMA_Y, mask.clone()).unwrap();
        let normal = NormalSpectrum::of_scan(maps, &mask, SIGMA_Y).unwrap();
        let shift = |iterations, normal| {
            let data = Measurement {
                normal,
                ..Measurement::new(&a, &likelihood)
            };
            let guided = Guided::plain(CovarianceModel::Spectrum, iterations);
            let c = guided.model_of(&prior, &blank, 1.0);
            guided.solve(&data, &blank, c, None).unwrap().shift()
        };
        let exact = shift(2000, None);
        let found = shift(iterations, Some(&normal).filter(|_| preconditioned));
        found.minus(&exact).norm()[0] / exact.norm()[0]
    }

    #[test]
    fn one_iteration_solves_for_one_coil() {
        let one = left(&coils(1), 1, true);
        assert!(one < 1e-5, "{one}");
        assert!(left(&coils(1), 1, false) > 0.1);
    }

    /// The preconditioner of other frequencies, or of another noise, is none.
    #[test]
    fn of_several_coils_few_iterations_come_closer() {
        let [with, without] = [true, false].map(|h| left(&coils(4), 8, h));
        assert!(with < 0.03 && with < 0.3 * without, "{with} {without}");
    }
}
