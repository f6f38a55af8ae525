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
    /// The state at `next`.
    pub fn advance<T: Vector>(self, x: &T, x0: &T, sigma: f64, next: f64, rng: &mut SliceRng) -> T {
        let Transition::Ancestral = self;
        let c = (next / sigma).powi(2);
        let mut out = x0.scaled(1.0 - c);
        if next > 0.0 {
            out.axpy(&[c], x);
            out.axpy(&[next * (1.0 - c).sqrt()], &x.normal_like(rng));
        }
        out
    }
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
