//! The four preconditionings of Karras et al. 2022, table 1.

use super::options::EdmOptions;
use crate::score::networks::Source;
use tch::{Kind, Tensor};

/// How a network becomes a denoiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preconditioning {
    /// Karras et al.: data of standard deviation `σ_d`.
    Edm,
    /// Variance preserving: the network predicts the noise.
    Vp,
    /// Variance exploding: the network predicts the score times σ.
    Ve,
    /// Improved DDPM: the noise, at one of `M` levels.
    Iddpm,
}

/// `c_skip, c_out, c_in, c_noise`, one number an item.
pub(super) struct Scales {
    pub(super) skip: Tensor,
    pub(super) output: Tensor,
    pub(super) input: Tensor,
    pub(super) noise: Tensor,
}

/// The preconditioning of one network.
pub(super) struct Coefficients {
    kind: Preconditioning,
    sigma_data: f64,
    beta: [f64; 2],
    steps: f64,
    /// σ of every step of iDDPM, from the greatest to zero.
    levels: Option<Tensor>,
}

impl Coefficients {
    pub(super) fn new(source: &mut Source, options: &EdmOptions) -> Self {
        let kind = options.preconditioning();
        let levels = (kind == Preconditioning::Iddpm).then(|| {
            let levels = Tensor::from_slice(&iddpm_levels(options)).to_kind(Kind::Float);
            source.buffer("u", &levels)
        });
        Coefficients {
            kind,
            sigma_data: options.sigma_data,
            beta: [
                options.beta_d.unwrap_or(19.9),
                options.beta_min.unwrap_or(0.1),
            ],
            steps: options.M.unwrap_or(1000) as f64,
            levels,
        }
    }

    /// At the noise levels `sigma`; `c_noise` in f32, on whose digits the networks were trained.
    pub(super) fn at(&self, sigma: &Tensor) -> Scales {
        let single = sigma.to_kind(Kind::Float);
        let sigma = sigma.to_kind(Kind::Double);
        let one = sigma.ones_like();
        let shrink = || (sigma.square() + 1.0).rsqrt();
        match self.kind {
            Preconditioning::Edm => {
                let total = sigma.square() + self.sigma_data.powi(2);
                Scales {
                    skip: self.sigma_data.powi(2) / &total,
                    output: &sigma * self.sigma_data * total.rsqrt(),
                    input: total.rsqrt(),
                    noise: single.log() / 4.0,
                }
            }
            Preconditioning::Vp => Scales {
                skip: one,
                output: -&sigma,
                input: shrink(),
                noise: self.time(&single) * (self.steps - 1.0),
            },
            Preconditioning::Ve => Scales {
                skip: one,
                output: sigma,
                input: single.ones_like(),
                noise: (single * 0.5).log(),
            },
            Preconditioning::Iddpm => Scales {
                skip: one,
                output: -&sigma,
                input: shrink(),
                noise: self.step(&single),
            },
        }
    }

    /// `t` with `σ² + 1 = exp(β_d t² / 2 + β_min t)`.
    fn time(&self, sigma: &Tensor) -> Tensor {
        let [d, least] = self.beta;
        ((sigma.square() + 1.0).log() * (2.0 * d) + least * least)
            .sqrt()
            .g_sub_scalar(least)
            / d
    }

    /// `M − 1 − j` of the level nearest to σ.
    fn step(&self, sigma: &Tensor) -> Tensor {
        let Some(levels) = &self.levels else {
            return sigma.shallow_clone();
        };
        let levels = levels.to_kind(Kind::Float).to_device(sigma.device());
        let distance = (sigma.unsqueeze(1) - levels.unsqueeze(0)).abs();
        let nearest = distance.argmin(1, false).to_kind(Kind::Float);
        nearest * -1.0 + (self.steps - 1.0)
    }
}

/// `u_M = 0, u_{j−1} = √((u_j² + 1) / max(ᾱ_{j−1} / ᾱ_j, C₁) − 1)`, `ᾱ_j = sin²(π j / (2 M (C₂ + 1)))`.
fn iddpm_levels(options: &EdmOptions) -> Vec<f64> {
    let (c1, c2) = (options.C_1.unwrap_or(0.001), options.C_2.unwrap_or(0.008));
    let count = options.M.unwrap_or(1000) as usize;
    let signal = |j: usize| {
        (0.5 * std::f64::consts::PI * j as f64 / count as f64 / (c2 + 1.0))
            .sin()
            .powi(2)
    };
    let mut levels = vec![0.0f64; count + 1];
    for j in (1..=count).rev() {
        levels[j - 1] =
            ((levels[j].powi(2) + 1.0) / (signal(j - 1) / signal(j)).max(c1) - 1.0).sqrt();
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    fn at(family: &str, sigma: f64) -> [f64; 4] {
        let json = format!(r#"{{"family": "{family}", "img_resolution": 8, "img_channels": 1}}"#);
        let options: EdmOptions = serde_json::from_str(&json).expect("options");
        let mut source = Source::made(
            |_, a| Tensor::zeros(&a.shape[..], (Kind::Float, Device::Cpu)),
            Kind::Double,
            Device::Cpu,
        );
        let c = Coefficients::new(&mut source, &options).at(&Tensor::from_slice(&[sigma]));
        [&c.skip, &c.output, &c.input, &c.noise].map(|t| t.double_value(&[0]))
    }

    #[test]
    fn edm_input_and_target_have_unit_variance() {
        for sigma in [0.002, 0.1, 0.5, 3.0, 80.0] {
            let [skip, output, input, _] = at("EDMPrecond", sigma);
            assert!((input.powi(2) * (0.25 + sigma * sigma) - 1.0).abs() < 1e-12);
            let target = (0.25 * (1.0 - skip).powi(2) + (skip * sigma).powi(2)) / output.powi(2);
            assert!((target - 1.0).abs() < 1e-9, "{sigma}: {target}");
        }
    }

    #[test]
    fn vp_time_inverts_its_schedule() {
        for t in [0.01f64, 0.3, 1.0] {
            let sigma = ((0.5 * 19.9 * t * t + 0.1 * t).exp() - 1.0).sqrt();
            assert!((at("VPPrecond", sigma)[3] / 999.0 - t).abs() < 1e-4 * t);
        }
    }

    #[test]
    fn iddpm_steps_count_from_the_least_noise() {
        let json = r#"{"family": "iDDPMPrecond", "img_resolution": 8, "img_channels": 1}"#;
        let levels = iddpm_levels(&serde_json::from_str(json).expect("options"));
        assert_eq!(levels.len(), 1001);
        assert!(levels.windows(2).all(|w| w[0] > w[1]));
        for j in [0, 400, 999] {
            assert_eq!(at("iDDPMPrecond", levels[j])[3], (999 - j) as f64);
        }
    }
}
