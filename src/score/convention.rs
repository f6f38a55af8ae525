//! What a published network is told and what it answers: how its output becomes a denoised image.

use super::diffusion::{Diffusion, Level};
use serde::{Deserialize, Serialize};

/// How a published network becomes a denoiser `D(u, σ)` of `u = u0 + σ n`, in its own values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convention {
    /// What the output is.
    pub predicts: Prediction,
    /// The noise that it was trained on.
    pub diffusion: Diffusion,
    /// What the network sees where an image is 0 and where it is 1.
    pub range: [f64; 2],
    /// Whether a complex image goes through a network of one channel part by part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parts: bool,
    /// The class that is asked for, of a network that knows classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<i64>,
}

/// What a network's output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prediction {
    /// The noise `n`, of unit deviation.
    #[serde(alias = "epsilon")]
    Noise,
    /// The gradient of the log density of the network's state.
    Score,
    /// `v = √ᾱ n - √(1 - ᾱ) u0`.
    #[serde(alias = "v")]
    Velocity,
    /// `u0` itself.
    #[serde(alias = "x0")]
    Image,
}

impl Convention {
    /// Network's values over one unit of an image.
    pub fn gain(&self) -> f64 {
        self.range[1] - self.range[0]
    }

    /// `(a, b)` of `u0 = a u + b output`, the state being `signal · u`.
    ///
    /// Source: Ho et al. 2020, eq. 15 (noise); Song et al. 2021, eq. 7 (score, by Tweedie's formula);
    /// Salimans and Ho 2022, appendix D (velocity).
    pub fn weights(&self, level: &Level) -> [f64; 2] {
        let (sigma, signal) = (level.sigma, level.signal);
        match self.predicts {
            Prediction::Noise => [1.0, -sigma],
            Prediction::Score => [1.0, signal * sigma * sigma],
            Prediction::Velocity => [signal * signal, -signal * sigma],
            Prediction::Image => [0.0, 1.0],
        }
    }

    /// `Var(u0 | u)` that a network states by its second output `v`, −1 to 1: of the step from t to t - 1 it says
    /// `log Σ = f log β + (1 - f) log β̃`, `f = (v + 1) / 2`, and `Σ = β̃ + (1 - c)² Var(u0 | u)` with
    /// `c = σ_{t-1}² / σ_t²`. As `[a, b]` of `Var = a (e^{b f} - 1)`; nothing where states are not of discrete time.
    ///
    /// Source: Nichol and Dhariwal 2021, eq. 15, for `u0 + σ n`.
    pub fn learned(&self, level: &Level) -> Option<[f64; 2]> {
        let Diffusion::Preserving { label_scale, .. } = &self.diffusion else {
            return None;
        };
        let discrete = self.diffusion.discrete();
        let t = (level.label / label_scale).round() as usize;
        let t = t.clamp(1, discrete.steps() - 1);
        // The ratio of the network's own step, at the σ of the state.
        let ratio = discrete.sigma(t - 1) / discrete.sigma(t);
        let (v, w) = (level.sigma.powi(2), (ratio * level.sigma).powi(2));
        let c = ratio * ratio;
        let small = w * (1.0 - c);
        // β / β̃ = (1 + 1/w) / (1 + 1/v), near 1 where there is much noise.
        let ratio = w.recip().ln_1p() - v.recip().ln_1p();
        Some([small / (1.0 - c).powi(2), ratio])
    }

    /// What makes it no convention.
    pub fn problem(&self) -> Option<String> {
        let [low, high] = self.range;
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Some("range: expected two numbers, the lower first".into());
        }
        if self.predicts == Prediction::Velocity
            && matches!(self.diffusion, Diffusion::Exploding { .. })
        {
            return Some(
                "predicts: a velocity is defined for diffusions that preserve variance alone"
                    .into(),
            );
        }
        self.diffusion.problem().map(|p| format!("diffusion.{p}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::diffusion::{Betas, Label};
    use super::*;

    fn convention(predicts: Prediction, diffusion: Diffusion) -> Convention {
        Convention {
            predicts,
            diffusion,
            range: [-1.0, 1.0],
            parts: false,
            class: None,
        }
    }

    /// Of one pixel `u0` with noise n, the true outputs give `u0` back.
    #[test]
    fn true_outputs_give_the_image_back() {
        let (u0, n) = (0.3, -1.7);
        let exploding = Diffusion::Exploding {
            label: Label::Sigma,
            sigma: [0.01, 50.0],
        };
        for diffusion in [Diffusion::ho(), exploding] {
            for sigma in [0.02, 0.8, 13.0] {
                let level = diffusion.at_sigma(sigma);
                let (signal, noise) = (level.signal, level.signal * sigma);
                let outputs = [
                    (Prediction::Noise, n),
                    (Prediction::Score, -n / noise),
                    (Prediction::Velocity, signal * n - noise * u0),
                    (Prediction::Image, u0),
                ];
                for (predicts, output) in outputs {
                    if predicts == Prediction::Velocity && signal == 1.0 {
                        continue;
                    }
                    let [a, b] = convention(predicts, diffusion.clone()).weights(&level);
                    let back = a * (u0 + sigma * n) + b * output;
                    assert!((back - u0).abs() < 1e-10, "{predicts:?} {sigma}: {back}");
                }
            }
        }
    }

    /// Of a white prior of unit deviation the reverse variance is β itself, and `Var(u0 | u) = σ² / (1 + σ²)`; of a
    /// single image it is β̃, and the variance 0.
    #[test]
    fn the_learned_variance_is_that_of_the_image() {
        let c = convention(Prediction::Noise, Diffusion::ho());
        for t in [1, 30, 500, 999] {
            let level = c.diffusion.at_step(t).expect("a step");
            let [a, b] = c.learned(&level).expect("discrete");
            let v = level.sigma.powi(2);
            let of_white = a * b.exp_m1();
            assert!(
                (of_white * (1.0 + v) / v - 1.0).abs() < 1e-9,
                "{t}: {of_white}"
            );
        }
    }

    #[test]
    fn conventions_that_are_none_are_refused() {
        let mut c = convention(Prediction::Noise, Diffusion::ho());
        assert_eq!(c.problem(), None);
        c.range = [1.0, 1.0];
        assert!(c.problem().is_some_and(|p| p.starts_with("range")));
        let list = Diffusion::Preserving {
            betas: Betas::List(vec![0.1, 2.0]),
            steps: 2,
            label_scale: 1.0,
        };
        let c = convention(Prediction::Noise, list);
        assert!(
            c.problem()
                .is_some_and(|p| p.starts_with("diffusion.betas"))
        );
    }
}
