//! The noise that a published network was trained on: levels, times, and what it is told of them.

use super::DiscreteDiffusion;
use serde::{Deserialize, Serialize};

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
    pub(super) fn discrete(&self) -> DiscreteDiffusion {
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
    pub(super) fn problem(&self) -> Option<&'static str> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
