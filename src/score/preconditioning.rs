//! How a network sees a noisy image, and how a denoised one is made of what it says.

use super::{NetworkCard, UNet};
use tch::Tensor;

/// `D(x, σ) = c_skip x + c_out F(c_in x, c_noise)`.
///
/// Source: Karras et al. 2022, table 1 (EDM).
#[derive(Clone, Copy, Debug)]
pub struct Preconditioning {
    /// σ_data: the deviation of the training images per real component.
    pub sigma_data: f64,
    /// Knee κ of the companded second input, if there is one.
    pub compand: Option<f64>,
}

impl Preconditioning {
    /// That of a network.
    pub fn of(card: &NetworkCard) -> Self {
        Preconditioning {
            sigma_data: card.sigma_data,
            compand: card.compand,
        }
    }

    /// `σ_d² / (σ² + σ_d²)`.
    pub fn skip(&self, sigma: f64) -> f64 {
        self.sigma_data.powi(2) / (sigma * sigma + self.sigma_data.powi(2))
    }
    /// `σ σ_d / √(σ² + σ_d²)`.
    pub fn out(&self, sigma: f64) -> f64 {
        sigma * self.sigma_data / sigma.hypot(self.sigma_data)
    }
    /// `1 / √(σ² + σ_d²)`.
    pub fn input(&self, sigma: f64) -> f64 {
        1.0 / sigma.hypot(self.sigma_data)
    }
    /// `ln σ / 4`.
    pub fn noise(&self, sigma: f64) -> f64 {
        sigma.ln() / 4.0
    }

    /// `F(c_in x, c_noise)` of one item.
    pub fn ask(&self, network: &UNet, x: &Tensor, sigma: f64) -> Tensor {
        let c = Tensor::from_slice(&[self.noise(sigma) as f32]).to_device(x.device());
        network.forward(&self.inputs(x, &[sigma]), &c)
    }

    /// `D(x, σ)` of one item.
    pub fn denoise(&self, network: &UNet, x: &Tensor, sigma: f64) -> Tensor {
        x * self.skip(sigma) + self.ask(network, x, sigma) * self.out(sigma)
    }

    /// What the network sees of `x`, `[B, C, Y, X]`, one σ an item: `c_in x`, and beside it
    /// `tanh(x / √(4 σ² + κ²))` where a companded input is asked for.
    pub fn inputs(&self, x: &Tensor, sigmas: &[f64]) -> Tensor {
        let factors = |f: &dyn Fn(f64) -> f64| {
            let values: Vec<f32> = sigmas.iter().map(|s| f(*s) as f32).collect();
            Tensor::from_slice(&values)
                .to_device(x.device())
                .view([-1, 1, 1, 1])
        };
        let scaled = x * factors(&|s| self.input(s));
        match self.compand {
            None => scaled,
            Some(knee) => {
                let companded = (x * factors(&|s| 1.0 / (2.0 * s).hypot(knee))).tanh();
                Tensor::cat(&[scaled, companded], 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preconditioning_has_unit_variance() {
        let edm = Preconditioning {
            sigma_data: 0.3,
            compand: None,
        };
        for s in [0.01f64, 0.3, 5.0] {
            assert!((edm.input(s).powi(2) * (0.09 + s * s) - 1.0).abs() < 1e-12);
            // The target (x0 - c_skip x) / c_out has unit variance.
            let var = (1.0 - edm.skip(s)).powi(2) * 0.09 + edm.skip(s).powi(2) * s * s;
            assert!((var / edm.out(s).powi(2) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_companded_input_shows_small_contrasts_beside_large_ones() {
        let edm = Preconditioning {
            sigma_data: 0.7,
            compand: Some(0.06),
        };
        let x = Tensor::from_slice(&[0.0f32, 0.01, 1.5]).view([1, 1, 1, 3]);
        let seen = edm.inputs(&x, &[0.002]);
        assert_eq!(seen.size(), [1, 2, 1, 3]);
        let at = |i: i64| seen.double_value(&[0, 1, 0, i]);
        assert!(at(0) == 0.0 && at(1) > 0.15 && at(2) > 0.999);
    }
}
