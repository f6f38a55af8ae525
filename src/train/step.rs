//! One optimiser step; its crops and noise depend on the seed and the step alone.

use super::TrainConfig;
use super::checkpoint::State;
use super::config::Precision;
use super::data::{Images, TrainError};
use crate::score::{NetworkCard, Preconditioning, Source, UNet};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::collections::HashMap;
use tch::{Device, Kind, Tensor};

/// Leaves by name, cast to the arithmetic of the convolutions; the noise embedding and the first
/// convolution stay f32.
struct Cast<'a> {
    leaves: HashMap<&'a str, &'a Tensor>,
    kind: Kind,
}

impl Source for Cast<'_> {
    fn take(&mut self, name: &str, _: &[i64], _: f64) -> Tensor {
        let kind = if name.starts_with("embed") || name.starts_with("input") {
            Kind::Float
        } else {
            self.kind
        };
        self.leaves[name].to_kind(kind)
    }
}

/// Clean crops, noise and noise levels of a step.
struct Batch {
    x0: Tensor,
    noise: Tensor,
    sigmas: Vec<f64>,
}

impl Batch {
    fn draw(config: &TrainConfig, step: usize, images: &Images, device: Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        rng.set_stream(1 + step as u64);
        let side = config.crop_at(step);
        let channels = config.family.channels() as i64;
        let shape = [config.batch as i64, side as i64, side as i64, channels];
        // Channels last in memory, as the convolutions like it.
        let image = |values: &[f32]| {
            Tensor::from_slice(values)
                .view(shape)
                .to_device(device)
                .permute([0, 3, 1, 2])
        };
        let x0 = image(&images.crops(config.batch, side, &mut rng));
        let mut sigma = || {
            let z: f64 = StandardNormal.sample(&mut rng);
            let sigma = config.sigma_median * (config.sigma_spread * z).exp();
            sigma.clamp(config.sigma_range[0], config.sigma_range[1])
        };
        let sigmas = (0..config.batch).map(|_| sigma()).collect();
        let noise: Vec<f32> = (0..x0.numel())
            .map(|_| StandardNormal.sample(&mut rng))
            .collect();
        let noise = image(&noise);
        Batch { x0, noise, sigmas }
    }

    /// `f(σ)` of every item.
    fn per_item(&self, f: impl Fn(f64) -> f64) -> Tensor {
        let values: Vec<f32> = self.sigmas.iter().map(|&s| f(s) as f32).collect();
        Tensor::from_slice(&values).to_device(self.x0.device())
    }

    /// The same, shaped to multiply images.
    fn wide(&self, f: impl Fn(f64) -> f64) -> Tensor {
        self.per_item(f).view([-1, 1, 1, 1])
    }

    /// `E ‖F(c_in x, c_noise) - (x0 - c_skip x) / c_out‖²`, Karras et al. 2022, eq. 8; and the same with F = 0.
    fn loss(&self, net: &UNet, edm: Preconditioning) -> [Tensor; 2] {
        let x = &self.x0 + &self.noise * self.wide(|s| s);
        let target = (&self.x0 - &x * self.wide(|s| edm.skip(s))) / self.wide(|s| edm.out(s));
        let f = net
            .forward(
                &edm.inputs(&x, &self.sigmas),
                &self.per_item(|s| edm.noise(s)),
            )
            .to_kind(Kind::Float);
        let zero = target.square().mean(Kind::Float);
        [(f - target).square().mean(Kind::Float), zero]
    }
}

/// A step whose loss is this many times that of F = 0, which is about 1, ends the run: no sound network comes
/// near it.
const FAR: f64 = 10.0;

/// Crops of air have far less than 1 at large σ, and a young network does not know that.
fn diverges(loss: f64, zero: f64) -> bool {
    loss.is_nan() || loss > FAR * zero.max(1.0)
}

fn remedy(config: &TrainConfig) -> String {
    let rate = config.learning_rate;
    match config.bounded {
        true => format!(
            "lower learning_rate ({rate:e}): the same command then goes on from the last checkpoint \
             (remove that if it diverges as well)"
        ),
        false => format!(
            "blocks that are not bounded do that at any learning_rate ({rate:e}): set bounded = true, and begin \
             anew under another -o"
        ),
    }
}

/// One step of Adam; returns the loss.
pub(super) fn step(
    config: &TrainConfig,
    state: &mut State,
    images: &Images,
    network: &NetworkCard,
    edm: Preconditioning,
    device: Device,
) -> Result<f64, TrainError> {
    let batch = Batch::draw(config, state.step, images, device);
    let kind = match (config.precision, device) {
        (Precision::Bf16, _) | (Precision::Auto, Device::Cuda(_)) => Kind::BFloat16,
        (Precision::F32 | Precision::Auto, _) => Kind::Float,
    };
    let [loss, zero] = {
        let leaves = state
            .adam
            .weights
            .iter()
            .map(|(n, t)| (n.as_str(), t))
            .collect();
        let channels = config.family.channels();
        batch.loss(
            &UNet::new(&mut Cast { leaves, kind }, network, channels),
            edm,
        )
    };
    let (value, zero) = (loss.double_value(&[]), zero.double_value(&[]));
    if diverges(value, zero) {
        return Err(TrainError::Diverged {
            step: state.step,
            loss: value,
            zero,
            remedy: remedy(config),
        });
    }
    loss.f_backward()?;
    let (rate, decay) = (config.rate(state.step), config.ema_decay(state.step));
    state
        .adam
        .step(state.step, rate, config.gradient_clip, decay);
    state.step += 1;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Progress;

    #[test]
    fn a_loss_far_from_that_of_no_network_diverges() {
        assert!(!diverges(0.15, 1.1) && !diverges(2.0, 1.1) && !diverges(0.5, 0.006));
        assert!(
            [25.3, f64::INFINITY, f64::NAN]
                .iter()
                .all(|&l| diverges(l, 1.1))
        );
    }

    #[test]
    fn crops_lie_channels_last_and_depend_on_the_step() {
        let config = TrainConfig {
            slices: 1,
            size: 48,
            crop: 32,
            late_crop: 32,
            batch: 2,
            ..TrainConfig::default()
        };
        let images = Images::make(&config, 0, &Progress::Silent).unwrap();
        let batch = Batch::draw(&config, 3, &images, Device::Cpu);
        assert_eq!(batch.x0.size(), [2, 2, 32, 32]);
        for t in [&batch.x0, &batch.noise] {
            assert_eq!(t.stride(), [2 * 32 * 32, 1, 2 * 32, 2]);
        }
        let values = |b: &Batch| Vec::<f32>::try_from(b.x0.contiguous().flatten(0, -1)).unwrap();
        let again = Batch::draw(&config, 3, &images, Device::Cpu);
        assert_eq!(values(&batch), values(&again));
        assert_ne!(
            values(&batch),
            values(&Batch::draw(&config, 4, &images, Device::Cpu))
        );
    }
}
