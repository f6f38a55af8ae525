//! Sequential Monte Carlo: particles that are right in the limit of many.

use super::conditional::{CovarianceModel, Guided};
use super::{Guidance, Measurement, Step};
use crate::score::{Denoiser, Want};
use operators::{Array, Field, Result, SliceRng};
use rand::RngExt;

/// Particles of the reverse diffusion, each proposed along the data's gradient and weighted by what the
/// proposal is not: with `m = (1 - c) D + c x`, `s² = σ'² (1 - c)` and the twist
/// `ψ(x) = N(y; A D, Σ_n + A C Aᴴ)`, propose `x' ~ N(m + (1 - c) σ² ∇ log ψ, s²)` and weigh by
/// `N(x'; m, s²) ψ'(x') / (N(x'; proposal) ψ(x))`; the last twist is the likelihood itself.
///
/// Each sample is one particle of a population of its own, resampled where its weights are worth fewer
/// than half of it. Exact for the discrete reverse diffusion as the particles grow in number, whatever C;
/// for small problems, and as a reference. Source: Wu et al. 2023 (TDS), algorithm 1.
pub struct Smc {
    /// Particles a sample.
    pub particles: usize,
    /// Model of C.
    pub covariance: CovarianceModel,
    /// CG iterations at most.
    pub cg_iterations: usize,
}

/// One particle of every item: the state, its D, the guided correction of D, `-log ψ` per item.
struct Particle<T> {
    x: T,
    d: T,
    correction: T,
    energy: Vec<f64>,
}

/// Logarithms of weights: `[particle][item]`.
type Weights = Vec<Vec<f64>>;

impl<T: Array> Guidance<T> for Smc {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        if at.next == 0.0 {
            let (images, shares) = self.last(at)?;
            return chosen(&images, &shares, at.rng);
        }
        let (mut particles, mut weights) = self.weighed(at)?;
        resample(&mut particles, &mut weights, at.rng)?;
        let mut states = Vec::with_capacity(self.particles + 1);
        for (p, w) in particles.iter().zip(&mut weights) {
            states.push(propose(p, w, at));
        }
        let first = states[0].clone();
        let flat: Vec<f64> = weights.concat();
        let sizes = [self.particles, first.batch()];
        states.push(T::from_reals(&first.device(), &sizes, Field::Real, &flat));
        *at.memory = states;
        Ok(first)
    }
}

impl Smc {
    /// The states of this level and their weights: of the memory, or noise of the first level.
    fn population<T: Array>(&self, at: &mut Step<'_, T>) -> (Vec<T>, Weights) {
        let items = at.x.batch();
        if let Some(weights) = at.memory.pop() {
            let weights = weights.to_reals();
            let states = std::mem::take(at.memory);
            return (states, weights.chunks(items).map(<[f64]>::to_vec).collect());
        }
        let mut states = vec![at.x.clone()];
        while states.len() < self.particles {
            states.push(at.x.normal_like(at.rng).scaled(at.sigma));
        }
        (states, vec![vec![0.0; items]; self.particles])
    }

    /// The particles of this level, weighed with its twist.
    fn weighed<T: Array>(&self, at: &mut Step<'_, T>) -> Result<(Vec<Particle<T>>, Weights)> {
        let data = at.data.expect("guided sampling has data");
        let (states, mut weights) = self.population(at);
        let mut particles = Vec::with_capacity(self.particles);
        for x in states {
            particles.push(self.look(at.prior, data, x, at.sigma)?);
        }
        at.measure(&particles[0].x, &particles[0].d);
        for (w, p) in weights.iter_mut().zip(&particles) {
            w.iter_mut().zip(&p.energy).for_each(|(w, e)| *w -= e);
        }
        let items = 0..at.x.batch();
        at.worth = items.map(|item| worth(&shares(&weights, item))).collect();
        Ok((particles, weights))
    }

    /// The whole population at the last level, whose twist is the likelihood of D itself: images, and their
    /// shares `[particle][item]`, which sum to 1 for every item. A step draws one of them.
    pub fn last<T: Array>(&self, at: &mut Step<'_, T>) -> Result<(Vec<T>, Vec<Vec<f64>>)> {
        let data = at.data.expect("guided sampling has data");
        let (particles, mut weights) = self.weighed(at)?;
        for (w, p) in weights.iter_mut().zip(&particles) {
            let nll = data.likelihood.nll(&data.operator.apply(&p.d)?);
            for (i, w) in w.iter_mut().enumerate() {
                *w += p.energy[i] - nll[i];
            }
        }
        for item in 0..weights[0].len() {
            let shares = shares(&weights, item);
            at.worth[item] = worth(&shares);
            weights
                .iter_mut()
                .zip(shares)
                .for_each(|(w, s)| w[item] = s);
        }
        Ok((particles.into_iter().map(|p| p.d).collect(), weights))
    }

    /// What the prior and the data say of a state.
    fn look<T: Array>(
        &self,
        prior: &dyn Denoiser<T>,
        data: &Measurement<'_, T>,
        x: T,
        sigma: f64,
    ) -> Result<Particle<T>> {
        let guided = Guided::plain(self.covariance, self.cg_iterations);
        let d = prior.estimate(&x, sigma, Want::Pullback)?;
        let c = guided.model_of(prior, &x, sigma);
        let solved = guided.solve(data, &d.x0, c, None)?;
        let (z, j) = data.operator.linearize(&d.x0)?;
        // -log ψ = nll(A D) - ½ <Jᴴ (-∇nll), p - D>, which is ½ rᴴ (Σ_n + A C Aᴴ)⁻¹ r of Gaussian noise.
        let pull = j.adjoint(&data.likelihood.gradient(&z)?)?;
        let gain = pull.dot(&solved.shift());
        let nll = data.likelihood.nll(&z);
        let energy = nll.iter().zip(gain).map(|(n, g)| n + 0.5 * g).collect();
        let correction = d.pull(&solved.pressure())?.scaled(sigma * sigma);
        Ok(Particle {
            d: d.x0.clone(),
            x,
            correction,
            energy,
        })
    }
}

/// Draws the next state, and turns the weight `w` of this one into what the next twist multiplies.
fn propose<T: Array>(p: &Particle<T>, w: &mut [f64], at: &mut Step<'_, T>) -> T {
    let c = (at.next / at.sigma).powi(2);
    let variance = at.next * at.next * (1.0 - c);
    let noise = p.x.normal_like(at.rng).scaled(variance.sqrt());
    let mut off = p.correction.scaled(1.0 - c);
    off.axpy(&[1.0], &noise);
    let (prior, proposal) = (off.dot(&off), noise.dot(&noise));
    for (i, w) in w.iter_mut().enumerate() {
        *w += (proposal[i] - prior[i]) / (2.0 * variance) + p.energy[i];
    }
    let mut x = p.d.scaled(1.0 - c);
    x.axpy(&[c], &p.x);
    x.axpy(&[1.0], &off);
    x
}

/// The effective share of particles whose shares sum to 1, `1 / (N Σ w²)`.
fn worth(shares: &[f64]) -> f64 {
    1.0 / (shares.len() as f64 * shares.iter().map(|s| s * s).sum::<f64>())
}

/// Draws particles anew where the weights of an item are worth fewer than half of them; systematic.
fn resample<T: Array>(
    particles: &mut Vec<Particle<T>>,
    weights: &mut Weights,
    rng: &mut SliceRng,
) -> Result<()> {
    let count = particles.len();
    let mut parents: Vec<Vec<usize>> = vec![(0..count).collect(); weights[0].len()];
    let mut any = false;
    for (item, rng) in rng.items().iter_mut().enumerate() {
        let shares = shares(weights, item);
        let start: f64 = rng.random();
        if worth(&shares) < 0.5 {
            parents[item] = systematic(&shares, start);
            weights.iter_mut().for_each(|w| w[item] = 0.0);
            any = true;
        }
    }
    if !any {
        return Ok(());
    }
    let mut drawn = Vec::with_capacity(count);
    for n in 0..count {
        let pick = |of: fn(&Particle<T>) -> &T| {
            let parts = parents.iter().enumerate();
            let parts: Vec<T> = parts
                .map(|(item, from)| of(&particles[from[n]]).items(item, item + 1))
                .collect();
            T::concatenate(&parts)
        };
        drawn.push(Particle {
            x: pick(|p| &p.x)?,
            d: pick(|p| &p.d)?,
            correction: pick(|p| &p.correction)?,
            energy: parents
                .iter()
                .enumerate()
                .map(|(item, from)| particles[from[n]].energy[item])
                .collect(),
        });
    }
    *particles = drawn;
    Ok(())
}

/// The weights of an item, summing to 1.
fn shares(weights: &Weights, item: usize) -> Vec<f64> {
    let most = weights
        .iter()
        .map(|w| w[item])
        .fold(f64::NEG_INFINITY, f64::max);
    let raw: Vec<f64> = weights.iter().map(|w| (w[item] - most).exp()).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|w| w / sum).collect()
}

/// The particles under `count` equally spaced marks, the first at `start / count`.
fn systematic(shares: &[f64], start: f64) -> Vec<usize> {
    let count = shares.len();
    let (mut sum, mut at) = (shares[0], 0);
    (0..count)
        .map(|n| {
            let mark = (n as f64 + start) / count as f64;
            while sum < mark && at + 1 < count {
                at += 1;
                sum += shares[at];
            }
            at
        })
        .collect()
}

/// One image of each item by its share.
fn chosen<T: Array>(images: &[T], shares: &Weights, rng: &mut SliceRng) -> Result<T> {
    let mut chosen = Vec::with_capacity(shares[0].len());
    for (item, rng) in rng.items().iter_mut().enumerate() {
        let mark: f64 = rng.random();
        let mut sum = 0.0;
        let n = shares.iter().position(|s| {
            sum += s[item];
            sum >= mark
        });
        let n = n.unwrap_or(shares.len() - 1);
        chosen.push(images[n].items(item, item + 1));
    }
    T::concatenate(&chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systematic_resampling_keeps_each_share_within_one() {
        let shares = [0.1, 0.45, 0.0, 0.25, 0.2];
        for start in [0.0, 0.3, 0.999] {
            let drawn = systematic(&shares, start);
            assert_eq!(drawn.len(), 5);
            for (n, share) in shares.iter().enumerate() {
                let count = drawn.iter().filter(|d| **d == n).count() as f64;
                assert!((count - 5.0 * share).abs() < 1.0 + 1e-9, "{n}: {drawn:?}");
            }
        }
    }

    #[test]
    fn particles_are_worth_what_their_weights_leave_of_them() {
        assert_eq!(worth(&[0.25; 4]), 1.0);
        assert_eq!(worth(&[0.0, 1.0, 0.0, 0.0]), 0.25);
        assert_eq!(worth(&[0.5, 0.5, 0.0, 0.0]), 0.5);
    }

    #[test]
    fn shares_sum_to_one_whatever_the_size_of_the_logarithms() {
        let weights = vec![vec![-1e4], vec![-1e4 + 1.0], vec![-2e4]];
        let shares = shares(&weights, 0);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((shares[1] / shares[0] - 1f64.exp()).abs() < 1e-9 && shares[2] == 0.0);
    }
}
