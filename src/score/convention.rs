//! What a published network is told and what it answers: how its output becomes a denoised image.

use super::DiscreteDiffusion;
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

/// The states that a network was trained on, and how it is told which one it sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Diffusion {
    /// `√ᾱ_t u0 + √(1 - ᾱ_t) n`, told `label_scale · t`.
    Preserving {
        /// `β_t`.
        betas: Betas,
        /// Number of times.
        steps: usize,
        /// What times are multiplied with: `1000 / steps` where they were rescaled.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        label_scale: f64,
    },
    /// `u0 + σ n`, told of σ.
    Exploding {
        /// What the network is told.
        label: Label,
        /// Smallest and largest σ of its training.
        sigma: [f64; 2],
    },
}

/// `β_t` by rule or by list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Betas {
    /// Equal steps from the first to the last.
    Linear([f64; 2]),
    /// Equal steps of `√β`.
    ScaledLinear([f64; 2]),
    /// `ᾱ_t = exp(-∫ β)` up to time `(t + 1) / steps`, `β(s)` a line between both over unit time: score_sde's
    /// in continuous time. Source: Song et al. 2021, eq. 33.
    Continuous([f64; 2]),
    /// `ᾱ` a squared cosine.
    Cosine,
    /// Every one.
    List(Vec<f64>),
}

/// How a noise level is told where states are `u0 + σ n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Label {
    /// σ.
    Sigma,
    /// `ln σ / 4`.
    QuarterLog,
    /// Its place among so many levels in geometric order, the largest σ first.
    Index(usize),
}

/// One noise level as a network sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// σ of `u0 + σ n`.
    pub sigma: f64,
    /// The state is so many times `u0 + σ n`: `√ᾱ`, or 1.
    pub signal: f64,
    /// What the network is told.
    pub label: f64,
}

fn one() -> f64 {
    1.0
}

fn is_one(value: &f64) -> bool {
    *value == 1.0
}

impl Diffusion {
    /// Those of the networks of Ho et al.: 1000 steps, β from 1e-4 to 0.02.
    pub fn ho() -> Self {
        Diffusion::Preserving {
            betas: Betas::Linear([1e-4, 0.02]),
            steps: 1000,
            label_scale: 1.0,
        }
    }

    /// The level of a σ; between whole times where the network knows times.
    pub fn at_sigma(&self, sigma: f64) -> Level {
        match self {
            Diffusion::Preserving { label_scale, .. } => Level {
                sigma,
                signal: 1.0 / sigma.hypot(1.0),
                label: label_scale * self.discrete().time(sigma),
            },
            Diffusion::Exploding { label, sigma: ends } => Level {
                sigma,
                signal: 1.0,
                label: match label {
                    Label::Sigma => sigma,
                    Label::QuarterLog => sigma.ln() / 4.0,
                    Label::Index(count) => {
                        let [least, most] = *ends;
                        let last = (count - 1) as f64;
                        (last * (most / sigma).ln() / (most / least).ln())
                            .round()
                            .clamp(0.0, last)
                    }
                },
            },
        }
    }

    /// The level of a time step; none where the network knows no times, or not this one.
    pub fn at_step(&self, t: usize) -> Option<Level> {
        match self {
            Diffusion::Preserving {
                steps, label_scale, ..
            } => (t < *steps).then(|| {
                let sigma = self.discrete().sigma(t);
                Level {
                    sigma,
                    signal: 1.0 / sigma.hypot(1.0),
                    label: label_scale * t as f64,
                }
            }),
            Diffusion::Exploding {
                label: Label::Index(count),
                sigma: [least, most],
            } => (t < *count).then(|| Level {
                sigma: most * (least / most).powf(t as f64 / (count - 1) as f64),
                signal: 1.0,
                label: t as f64,
            }),
            Diffusion::Exploding { .. } => None,
        }
    }

    /// Number of time steps, where it knows any.
    pub fn steps(&self) -> Option<usize> {
        match self {
            Diffusion::Preserving { steps, .. } => Some(*steps),
            Diffusion::Exploding {
                label: Label::Index(count),
                ..
            } => Some(*count),
            Diffusion::Exploding { .. } => None,
        }
    }

    /// Smallest and largest σ.
    pub fn sigma_range(&self) -> [f64; 2] {
        match self {
            Diffusion::Preserving { steps, .. } => {
                let discrete = self.discrete();
                [discrete.sigma(0), discrete.sigma(steps - 1)]
            }
            Diffusion::Exploding { sigma, .. } => *sigma,
        }
    }

    /// The diffusion in discrete time; of one without times, that of Ho et al.
    fn discrete(&self) -> DiscreteDiffusion {
        let Diffusion::Preserving { betas, steps, .. } = self else {
            return DiscreteDiffusion::linear(1000);
        };
        let between = |[first, last]: [f64; 2], t: usize| {
            first + (last - first) * t as f64 / (steps.max(&2) - 1) as f64
        };
        match betas {
            Betas::Linear(ends) => {
                DiscreteDiffusion::of((0..*steps).map(|t| between(*ends, t)).collect())
            }
            Betas::ScaledLinear(ends) => {
                let roots = ends.map(f64::sqrt);
                DiscreteDiffusion::of((0..*steps).map(|t| between(roots, t).powi(2)).collect())
            }
            Betas::Continuous([first, last]) => {
                let log_abar = |s: f64| -(first * s + 0.5 * (last - first) * s * s);
                let n = *steps as f64;
                let beta =
                    |t: usize| 1.0 - (log_abar((t + 1) as f64 / n) - log_abar(t as f64 / n)).exp();
                DiscreteDiffusion::of((0..*steps).map(beta).collect())
            }
            Betas::Cosine => DiscreteDiffusion::cosine(*steps),
            Betas::List(betas) => DiscreteDiffusion::of(betas.clone()),
        }
    }

    /// What no diffusion is.
    fn problem(&self) -> Option<&'static str> {
        let beta = |b: &f64| *b > 0.0 && *b < 1.0;
        match self {
            Diffusion::Preserving { steps, .. } if !(2..=100_000).contains(steps) => {
                Some("steps: expected 2 to 100000")
            }
            Diffusion::Preserving { label_scale, .. }
                if !label_scale.is_finite() || *label_scale <= 0.0 =>
            {
                Some("label_scale: expected a positive number")
            }
            Diffusion::Preserving { betas, steps, .. } => match betas {
                Betas::Linear(ends) | Betas::ScaledLinear(ends) if !ends.iter().all(beta) => {
                    Some("betas: expected numbers between 0 and 1")
                }
                Betas::Continuous(ends) if !ends.iter().all(|b| *b > 0.0 && b.is_finite()) => {
                    Some("betas: expected positive numbers")
                }
                Betas::List(list) if list.len() != *steps || !list.iter().all(beta) => {
                    Some("betas: expected one number between 0 and 1 for every step")
                }
                _ => None,
            },
            Diffusion::Exploding {
                sigma: [least, most],
                ..
            } if !(*least > 0.0 && least < most && most.is_finite()) => {
                Some("sigma: expected 0 < smallest < largest")
            }
            Diffusion::Exploding {
                label: Label::Index(count),
                ..
            } if !(2..=1_000_000).contains(count) => {
                Some("label: expected a number of levels from 2 to 1000000")
            }
            Diffusion::Exploding { .. } => None,
        }
    }
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

    #[test]
    fn steps_and_levels_agree() {
        let index = Diffusion::Exploding {
            label: Label::Index(100),
            sigma: [0.01, 50.0],
        };
        let cosine = Diffusion::Preserving {
            betas: Betas::Cosine,
            steps: 100,
            label_scale: 10.0,
        };
        for diffusion in [Diffusion::ho(), cosine, index] {
            for t in [0, 1, 17, 98] {
                let by_step = diffusion.at_step(t).expect("a step");
                let by_sigma = diffusion.at_sigma(by_step.sigma);
                assert!((by_step.label - by_sigma.label).abs() < 1e-5, "{t}");
                assert!((by_step.signal - by_sigma.signal).abs() < 1e-12);
            }
        }
        assert_eq!(Diffusion::ho().at_step(1000), None);
    }

    /// The published list's own products: √β in equal steps is below β in equal steps.
    #[test]
    fn scaled_linear_is_that_of_latent_diffusion() {
        let d = Diffusion::Preserving {
            betas: Betas::ScaledLinear([0.00085, 0.012]),
            steps: 1000,
            label_scale: 1.0,
        };
        assert!(
            (d.sigma_range()[1] - 14.6146).abs() < 1e-3,
            "{:?}",
            d.sigma_range()
        );
        assert!((d.sigma_range()[0] - 0.02917).abs() < 1e-4);
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
            let of_white = a * (b.exp() - 1.0);
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
