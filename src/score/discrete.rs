//! The variance preserving diffusion in discrete time, as published checkpoints were trained with.

use super::Schedule;

/// `x_t = √ᾱ_t x0 + √(1 - ᾱ_t) n` for `t = 0 … n - 1`, and what its reverse steps are made of.
///
/// Source: Ho et al. 2020, section 2 and eq. 7.
#[derive(Clone, Debug, PartialEq)]
pub struct DiscreteDiffusion {
    beta: Vec<f64>,
    abar: Vec<f64>,
}

impl DiscreteDiffusion {
    /// `β` from `1e-4` to `0.02` in equal steps for 1000 of them, scaled for another number.
    pub fn linear(steps: usize) -> Self {
        let scale = 1000.0 / steps as f64;
        let (first, last) = (1e-4 * scale, 0.02 * scale);
        let at = |t: usize| first + (last - first) * t as f64 / (steps.max(2) - 1) as f64;
        Self::of((0..steps).map(at).collect())
    }

    /// `ᾱ(u) = cos²((u + 0.008) / 1.008 · π/2)`, `β` at most 0.999. Source: Nichol and Dhariwal 2021,
    /// eq. 17.
    pub fn cosine(steps: usize) -> Self {
        let abar = |u: f64| {
            ((u + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2)
                .cos()
                .powi(2)
        };
        let n = steps as f64;
        let at = |t: usize| (1.0 - abar((t + 1) as f64 / n) / abar(t as f64 / n)).min(0.999);
        Self::of((0..steps).map(at).collect())
    }

    /// From its `β`.
    pub fn of(beta: Vec<f64>) -> Self {
        let mut product = 1.0;
        let abar = beta
            .iter()
            .map(|b| {
                product *= 1.0 - b;
                product
            })
            .collect();
        DiscreteDiffusion { beta, abar }
    }

    /// Its number of times.
    pub fn steps(&self) -> usize {
        self.beta.len()
    }

    /// `β_t`.
    pub fn beta(&self, t: usize) -> f64 {
        self.beta[t]
    }

    /// `ᾱ_t`.
    pub fn abar(&self, t: usize) -> f64 {
        self.abar[t]
    }

    /// σ of the same noise in `x0 + σ n`: `√((1 - ᾱ_t) / ᾱ_t)`.
    pub fn sigma(&self, t: usize) -> f64 {
        ((1.0 - self.abar[t]) / self.abar[t]).sqrt()
    }

    /// Weights of `x0` and of `x_t` in the mean of `x_{t-1}`; `x0` itself at t = 0.
    pub fn posterior_weights(&self, t: usize) -> [f64; 2] {
        let (beta, abar, before) = (self.beta[t], self.abar[t], self.before(t));
        [
            beta * before.sqrt() / (1.0 - abar),
            (1.0 - before) * (1.0 - beta).sqrt() / (1.0 - abar),
        ]
    }

    /// Variance of `x_{t-1}` given both, `β̃_t`.
    pub fn posterior_variance(&self, t: usize) -> f64 {
        self.beta[t] * (1.0 - self.before(t)) / (1.0 - self.abar[t])
    }

    /// `log β̃_t`, that of t = 1 at t = 0 where it is 0.
    pub fn posterior_log_variance(&self, t: usize) -> f64 {
        self.posterior_variance(t.max(1).min(self.steps() - 1)).ln()
    }

    /// `f log β_t + (1 - f) log β̃_t` with `f = (v + 1) / 2`: the variance of a network that learned it,
    /// v from -1 to 1. Source: Nichol and Dhariwal 2021, eq. 15.
    pub fn learned_log_variance(&self, t: usize, v: f64) -> f64 {
        let f = 0.5 * (v + 1.0);
        f * self.beta[t].ln() + (1.0 - f) * self.posterior_log_variance(t)
    }

    /// The time of a noise level, between the whole ones by `log ᾱ`; the ends hold outside.
    pub fn time(&self, sigma: f64) -> f64 {
        let wanted = -(sigma * sigma).ln_1p();
        let above = self.abar.partition_point(|a| a.ln() > wanted);
        if above == 0 || above == self.steps() {
            return above.saturating_sub(usize::from(above > 0)) as f64;
        }
        let [low, high] = [above - 1, above].map(|t| self.abar[t].ln());
        (above - 1) as f64 + (wanted - low) / (high - low)
    }

    /// Its levels from the last time to the first, then 0.
    pub fn schedule(&self) -> Schedule {
        Schedule::of((0..self.steps()).rev().map(|t| self.sigma(t)))
    }

    fn before(&self, t: usize) -> f64 {
        if t == 0 { 1.0 } else { self.abar[t - 1] }
    }
}

/// `[cos(t f_0) … cos(t f_{h-1}), sin(t f_0) …]` with `f_i = 10000^{-i/h}`, h half of `size`: the time
/// as the networks of guided diffusion read it; a last 0 where `size` is odd.
pub fn time_embedding(t: f64, size: usize) -> Vec<f64> {
    let half = size / 2;
    let angle = |i: usize| t * (-(10000f64.ln()) * i as f64 / half as f64).exp();
    let cosines = (0..half).map(|i| angle(i).cos());
    let sines = (0..half).map(|i| angle(i).sin());
    cosines
        .chain(sines)
        .chain((size % 2 == 1).then_some(0.0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_inverts_sigma() {
        for d in [
            DiscreteDiffusion::linear(1000),
            DiscreteDiffusion::cosine(100),
        ] {
            for t in [0, 1, 50, 98] {
                assert!((d.time(d.sigma(t)) - t as f64).abs() < 1e-6, "{t}");
            }
            assert_eq!(d.time(1e-9), 0.0);
            assert_eq!(d.time(1e9), (d.steps() - 1) as f64);
        }
    }

    /// A reverse step in `√ᾱ x` is the ancestral step of `x0 + σ n`.
    #[test]
    fn reverse_steps_agree_with_those_of_noise_levels() {
        let d = DiscreteDiffusion::linear(1000);
        for t in [1, 10, 400, 999] {
            let (sigma, next) = (d.sigma(t), d.sigma(t - 1));
            let c = (next / sigma).powi(2);
            let [c1, c2] = d.posterior_weights(t);
            let unit = d.abar(t - 1).sqrt();
            assert!((c1 / unit - (1.0 - c)).abs() < 1e-10 * c1.max(1e-3));
            assert!((c2 * d.abar(t).sqrt() / unit - c).abs() < 1e-10);
            let variance = next * next * (1.0 - c);
            assert!((d.posterior_variance(t) / unit.powi(2) / variance - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_short_schedule_spans_the_same_levels() {
        let (long, short) = (
            DiscreteDiffusion::linear(1000),
            DiscreteDiffusion::linear(250),
        );
        let ratio = short.schedule().max() / long.schedule().max();
        assert!((ratio - 1.0).abs() < 0.2, "{ratio}");
        assert_eq!(short.schedule().levels(), 250);
    }
}
