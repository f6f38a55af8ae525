//! Models of `Cov(x0 | x)` at each noise level: one number, or a radial spectrum.

use operators::state::radius;
use operators::{Array, Direction, Mode, State};

/// `C(σ, k)`: the variance of `x0` given `x = x0 + σ n`, per real component of the unitary
/// spectrum at radius `|k|` in cycles per pixel, interpolated in ln σ and in radius.
#[derive(Clone, Debug)]
pub struct Covariance {
    levels: Vec<(f64, Vec<f64>)>,
}

/// The radius of the last ring: the corner of k-space.
const CORNER: f64 = std::f64::consts::FRAC_1_SQRT_2;

impl Covariance {
    /// From `(σ, rings)` pairs, increasing in σ; ring `i` of `n` is centred at
    /// `(i + ½) / n · √½` cycles per pixel.
    pub fn new(levels: Vec<(f64, Vec<f64>)>) -> Option<Self> {
        let sound = !levels.is_empty()
            && levels.windows(2).all(|w| w[0].0 < w[1].0)
            && levels.iter().all(|(s, rings)| {
                *s > 0.0 && !rings.is_empty() && rings.iter().all(|c| c.is_finite() && *c >= 0.0)
            });
        sound.then_some(Covariance { levels })
    }

    /// The variance at one radius; never above σ², which the noisy image itself bounds.
    pub fn variance(&self, sigma: f64, radius: f64) -> f64 {
        let at = |rings: &[f64]| {
            let position = (radius / CORNER * rings.len() as f64 - 0.5).max(0.0);
            let i = (position as usize).min(rings.len() - 1);
            let j = (i + 1).min(rings.len() - 1);
            let t = position - i as f64;
            rings[i] * (1.0 - t.min(1.0)) + rings[j] * t.min(1.0)
        };
        let above = self.levels.partition_point(|(s, _)| *s < sigma);
        let variance = if above == 0 {
            // Below the smallest level the prior adds less and less: C → σ².
            at(&self.levels[0].1) * (sigma / self.levels[0].0).powi(2)
        } else if above == self.levels.len() {
            at(&self.levels[above - 1].1)
        } else {
            let ((s0, low), (s1, high)) = (&self.levels[above - 1], &self.levels[above]);
            let t = (sigma / s0).ln() / (s1 / s0).ln();
            let (low, high) = (at(low).max(1e-30), at(high).max(1e-30));
            (low.ln() * (1.0 - t) + high.ln() * t).exp()
        };
        variance.min(sigma * sigma)
    }

    /// The mean over the spectrum of a square image: what `covariance = "white"` uses.
    pub fn white(&self, sigma: f64) -> f64 {
        let n = 64;
        let mut sum = 0.0;
        for (y, x) in (0..n).flat_map(|y| (0..n).map(move |x| (y, x))) {
            sum += self.variance(sigma, radius(y, x, n, n));
        }
        sum / (n * n) as f64
    }
}

/// A positive operator that is diagonal in the basis of a [`State`]: of an image `Fᴴ diag(c) F`.
pub struct Spectrum<T> {
    values: Vec<f64>,
    like: T,
}

impl<T: Array> Spectrum<T> {
    /// From a function of the radius.
    pub fn radial(like: &T, f: impl Fn(f64) -> f64) -> Self {
        Spectrum::of_modes(like, |mode| match mode {
            Mode::Image { radius, .. } => f(radius),
            Mode::Nuisance { .. } => 1.0,
        })
    }
}

impl<T: State> Spectrum<T> {
    /// From a function of the mode.
    pub fn of_modes(like: &T, f: impl Fn(Mode) -> f64) -> Self {
        let values: Vec<f64> = like.modes().into_iter().map(f).collect();
        let like = like.weights(&values);
        Spectrum { values, like }
    }

    /// `a` times it.
    pub fn scaled(mut self, a: f64) -> Self {
        self.values.iter_mut().for_each(|c| *c *= a);
        self
    }

    /// `g(c)` at every mode, batch 1: weights for a spectrum.
    pub fn weights(&self, g: impl Fn(f64) -> f64) -> T {
        let reals: Vec<f64> = self.values.iter().map(|v| g(*v)).collect();
        self.like.weights(&reals)
    }

    /// `g(c, mode)` at every mode.
    pub fn weights_at(&self, g: impl Fn(f64, Mode) -> f64) -> T {
        let both = self.values.iter().zip(self.like.modes());
        let reals: Vec<f64> = both.map(|(v, mode)| g(*v, mode)).collect();
        self.like.weights(&reals)
    }

    /// `Fᴴ diag(g(c)) F x`.
    pub fn apply(&self, x: &T, g: impl Fn(f64) -> f64) -> T {
        self.synthesise(&x.spectrum(Direction::Forward), g)
    }

    /// `Fᴴ diag(g(c)) k`, from a spectrum.
    pub fn synthesise(&self, k: &T, g: impl Fn(f64) -> f64) -> T {
        k.damped(&self.weights(g)).spectrum(Direction::Inverse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_interpolates_and_never_exceeds_the_noise() {
        let c = Covariance::new(vec![(0.1, vec![0.008, 0.002]), (1.0, vec![0.08, 0.02])]).unwrap();
        assert!((c.variance(0.1, 0.0) - 0.008).abs() < 1e-12);
        assert!((c.variance(0.1f64.sqrt(), 0.0) - (0.008f64 * 0.08).sqrt()).abs() < 1e-12);
        assert!(c.variance(0.01, 0.0) <= 1e-4 && c.variance(0.01, 0.5) > 0.0);
        assert!(c.variance(9.0, 0.7) <= 0.02 + 1e-12);
        assert!(Covariance::new(vec![(1.0, vec![]), (0.1, vec![])]).is_none());
    }
}
