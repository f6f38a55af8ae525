//! From `x` at σ and an estimate of `x0` to the state at the next level.

use operators::{SliceRng, Vector};

/// How the next state is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// `x' = (1 - c) x0 + c x + σ' √(1 - c) z` with `c = σ'² / σ²`: a draw from
    /// `q(x' | x, x0)`. Source: Ho et al. 2020, eq. 7, for `x = x0 + σ n`.
    Ancestral,
}

impl Transition {
    /// `1 - c`: how much of the way from `x` to `x0` the mean of the next state goes.
    pub fn share(self, sigma: f64, next: f64) -> f64 {
        let Transition::Ancestral = self;
        1.0 - (next / sigma).powi(2)
    }

    /// The state at `next`.
    pub fn advance<T: Vector>(self, x: &T, x0: &T, sigma: f64, next: f64, rng: &mut SliceRng) -> T {
        let share = self.share(sigma, next);
        let mut out = x0.scaled(share);
        if next > 0.0 {
            out.axpy(&[(next / sigma).powi(2)], x);
            out.axpy(&[next * share.sqrt()], &x.normal_like(rng));
        }
        out
    }
}

/// `x' = x0 + √(σ'² - f²) ε + f z` with `ε = (x - x0) / σ` and `f = η σ' √(1 - σ'² / σ²)`: η = 1 is the
/// ancestral step. Source: Song, Meng and Ermon 2021 (DDIM), eq. 12 and 16, for `x = x0 + σ n`.
pub(super) fn ddim<T: Vector>(
    x: &T,
    x0: &T,
    sigma: f64,
    next: f64,
    eta: f64,
    rng: &mut SliceRng,
) -> T {
    let mut out = x0.clone();
    if next > 0.0 {
        let fresh = eta * next * (1.0 - (next / sigma).powi(2)).sqrt();
        let kept = (next * next - fresh * fresh).sqrt() / sigma;
        out.scale(&[1.0 - kept]);
        out.axpy(&[kept], x);
        out.axpy(&[fresh], &x.normal_like(rng));
    }
    out
}

/// `x' = x0 + σ' (η z + √(1 - η²) ε)` with the noise `ε = (x - D) / σ` that the network saw: a fixed
/// share of it is fresh. Source: Chung, Lee and Ye 2024, eq. 16, for `x = x0 + σ n`.
pub(super) fn share<T: Vector>(x0: &T, noise: &T, eta: f64, next: f64, rng: &mut SliceRng) -> T {
    let mut out = x0.clone();
    if next > 0.0 {
        out.axpy(&[next * (1.0 - eta * eta).sqrt()], noise);
        out.axpy(&[next * eta], &x0.normal_like(rng));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use operators::{Field, Host};

    #[test]
    fn ddim_of_eta_1_is_the_ancestral_step() {
        let x0 = Host::<f64>::zeros(&[2, 8, 9], Field::Complex);
        let x = x0.normal_like(&mut SliceRng::samples(1, 0, 2));
        let rng = || SliceRng::samples(2, 0, 2);
        let a = Transition::Ancestral.advance(&x, &x0, 2.0, 0.7, &mut rng());
        let b = ddim(&x, &x0, 2.0, 0.7, 1.0, &mut rng());
        let (length, apart) = (a.norm(), a.minus(&b).norm());
        assert!(apart.iter().zip(length).all(|(d, l)| *d < 1e-12 * l));
    }

    /// Given x0, the state at σ' has mean x0 and deviation σ'.
    #[test]
    fn the_marginal_is_kept() {
        let x0 = Host::<f64>::zeros(&[1, 200, 200], Field::Complex);
        let mut x = x0.normal_like(&mut SliceRng::samples(1, 0, 1));
        x.scale(&[2.0]);
        let mut rng = SliceRng::samples(2, 0, 1);
        let y = Transition::Ancestral.advance(&x, &x0, 2.0, 0.7, &mut rng);
        let std = (y.dot(&y)[0] / Vector::reals(&y) as f64).sqrt();
        assert!((std / 0.7 - 1.0).abs() < 0.015, "{std}");
    }
}
