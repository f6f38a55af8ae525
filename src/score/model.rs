//! A trained prior: the network, its preconditioning and its card, as a [`Denoiser`].

use super::bridge::Channels;
use super::card::Network;
use super::preconditioning::Preconditioning;
use super::published::Published;
use super::unet::UNet;
use super::weights::{Loaded, PriorError, read_prior};
use super::{Card, Covariance, Denoiser, Deviation, Estimate, Texture, Want};
use operators::{Error, Field, Result};
use tch::{Device, Kind, Tensor};

/// A score model loaded from a weight file.
pub struct Model {
    /// What it is.
    pub card: Card,
    net: Net,
    covariance: Option<Covariance>,
    texture: Texture,
    device: Device,
}

enum Net {
    Local(UNet, Preconditioning),
    Published(Published),
}

impl Model {
    /// From the bytes of a weight file; `name` is for messages.
    pub fn load(name: &str, blob: &[u8], device: Device) -> std::result::Result<Self, PriorError> {
        let (card, tensors) = read_prior(name, blob)?;
        Self::new(name, card, tensors, device)
    }

    /// From a card and its tensors.
    pub fn new(
        name: &str,
        card: Card,
        tensors: Vec<(String, Tensor)>,
        device: Device,
    ) -> std::result::Result<Self, PriorError> {
        let network = match &card.network {
            Network::Local(local) => {
                let mut source = Loaded::new(tensors, device);
                let network = UNet::new(&mut source, local, card.channels);
                source.finish(name)?;
                Net::Local(network, Preconditioning::of(local))
            }
            Network::Published(published) => {
                let network = Published::new(published, tensors, Kind::Float, device);
                Net::Published(network.map_err(|e| PriorError::File {
                    path: name.into(),
                    why: e.to_string(),
                })?)
            }
        };
        let covariance = card.covariance();
        Ok(Model {
            card,
            net: network,
            covariance,
            texture: Texture { tau: 0.0 },
            device,
        })
    }

    /// The published network behind it, where it is one.
    pub(crate) fn published(&self) -> Option<&Published> {
        match &self.net {
            Net::Published(network) => Some(network),
            Net::Local(..) => None,
        }
    }

    /// `D` of one item `[1, channels, Y, X]`, or with `raw` what the local network itself says.
    pub(crate) fn call(&self, x: &Tensor, sigma: f64, raw: bool) -> Result<Tensor> {
        let x = x.to_kind(Kind::Float).to_device(self.device);
        tch::no_grad(|| match &self.net {
            Net::Local(network, edm) if raw => {
                let c = Tensor::from_slice(&[edm.noise(sigma) as f32]).to_device(self.device);
                Ok(network.forward(&edm.inputs(&x, &[sigma]), &c))
            }
            _ => Ok(self.denoise_channels(&x, sigma)?.0),
        })
    }

    /// Makes it the prior of images with a white texture of deviation `tau` beside what the network knows.
    pub fn set_texture(&mut self, tau: f64) {
        self.texture = Texture { tau };
        let card = self.card.covariance();
        self.covariance = card.and_then(|c| self.texture.covariance(&c));
    }

    /// The texture beside it.
    pub fn texture(&self) -> Texture {
        self.texture
    }

    /// Whether the network states `Var(x0 | x)` itself.
    pub fn states_variance(&self) -> bool {
        self.published().is_some_and(Published::states_variance)
    }

    /// `D` of one item, `[1, channels, Y, X]`, and `Var(x0 | x)`, `[1, 1, Y, X]`, of a network that states it.
    fn denoise_channels(&self, x: &Tensor, sigma: f64) -> Result<(Tensor, Option<Tensor>)> {
        match &self.net {
            Net::Local(network, edm) => {
                let c = Tensor::from_slice(&[edm.noise(sigma) as f32]).to_device(self.device);
                let f = network.forward(&edm.inputs(x, &[sigma]), &c);
                Ok((x * edm.skip(sigma) + f * edm.out(sigma), None))
            }
            Net::Published(network) => {
                let denoised = network.denoise(x, sigma);
                denoised.map_err(|e| Error::Torch(format!("prior `{}`: {e}", self.card.name)))
            }
        }
    }

    /// Refuses images of another number of channels.
    fn expect_channels(&self, x: &Tensor) -> Result<()> {
        let (expected, got) = (self.card.channels, x.size()[1]);
        if got == expected as i64 {
            return Ok(());
        }
        let kind = |n: i64| match n {
            1 => "a real image".to_owned(),
            2 => "a complex image".to_owned(),
            n => format!("an image of {n} channels"),
        };
        Err(Error::Space {
            operator: format!("prior `{}`", self.card.name),
            expected: kind(expected as i64),
            got: kind(got),
        })
    }
}

/// One item whose graph is kept: its input, a leaf, and its output.
struct Graph {
    input: Tensor,
    output: Tensor,
}

impl Graph {
    /// `Jᴴ v = d <D, v> / dx`.
    fn pull(&self, v: &Tensor) -> Result<Tensor> {
        let product = (&self.output * v).sum(Kind::Float);
        let gradient = Tensor::f_run_backward(&[product], &[&self.input], true, false);
        let mut gradient = gradient.map_err(|e| Error::Torch(e.to_string()))?;
        gradient
            .pop()
            .ok_or_else(|| Error::Torch("no gradient came back".into()))
    }
}

/// The network runs in micro-batches of one item, whatever the batch: libtorch does not promise
/// the same bits for another batch size.
impl Model {
    /// What the network says, without texture.
    fn network<'a, T: Channels>(
        &'a self,
        x: &T,
        sigma: f64,
        want: Want,
    ) -> Result<Estimate<'a, T>> {
        let channels = x.to_channels(self.device);
        self.expect_channels(&channels)?;
        let mut graphs = Vec::new();
        let (mut outputs, mut variances) = (Vec::new(), Vec::new());
        for item in 0..x.batch() as i64 {
            let input = channels.narrow(0, item, 1);
            match want {
                Want::Mean => {
                    let (d, variance) = tch::no_grad(|| self.denoise_channels(&input, sigma))?;
                    outputs.push(d);
                    variances.extend(variance);
                }
                Want::Pullback => {
                    let input = input.detach().set_requires_grad(true);
                    let (output, variance) = self.denoise_channels(&input, sigma)?;
                    outputs.push(output.detach());
                    variances.extend(variance);
                    graphs.push(Graph { input, output });
                }
            }
        }
        let x0 = x.with_channels(&Tensor::cat(&outputs, 0));
        let pullback = (want == Want::Pullback).then(|| {
            let like = x.clone();
            Box::new(move |v: &T| {
                let v = v.to_channels(self.device);
                let pulled: Result<Vec<Tensor>> = graphs
                    .iter()
                    .enumerate()
                    .map(|(i, g)| g.pull(&v.narrow(0, i as i64, 1)))
                    .collect();
                Ok(like.with_channels(&Tensor::cat(&pulled?, 0)))
            }) as super::Pullback<'a, T>
        });
        let deviation = (!variances.is_empty()).then(|| self.deviation(x, &variances, sigma));
        Ok(Estimate {
            x0,
            pullback,
            deviation: deviation.transpose()?,
        })
    }
}

impl Model {
    /// Deviations of pixels as weights of images like `x`, from the network's variances `[1, 1, Y, X]` at the noise
    /// that it is told, one an item; with texture, and between `1e-6` and 1 times the noise of the state: beyond
    /// that no denoiser does better than nothing.
    fn deviation<T: Channels>(
        &self,
        x: &T,
        variances: &[Tensor],
        told: f64,
    ) -> Result<Deviation<T>> {
        let flat = Tensor::cat(variances, 0)
            .to_device(Device::Cpu)
            .to_kind(Kind::Double);
        let values = Vec::<f64>::try_from(flat.contiguous().view([-1]));
        let values = values.map_err(|e| Error::Torch(e.to_string()))?;
        let sigma = (told * told - self.texture.tau.powi(2)).max(0.0).sqrt();
        let bounded = |v: &f64| {
            let whole = self.texture.variance(sigma, *v);
            whole.sqrt().clamp(1e-6 * sigma, sigma)
        };
        let weights = |f: &dyn Fn(f64) -> f64| {
            let reals: Vec<f64> = values.iter().map(|v| f(bounded(v))).collect();
            T::from_reals(&x.device(), &x.sizes(), Field::Real, &reals)
        };
        Ok(Deviation {
            root: weights(&|d| d),
            inverse: weights(&|d| 1.0 / d),
        })
    }
}

impl<T: Channels> Denoiser<T> for Model {
    fn estimate<'a>(&'a self, x: &T, sigma: f64, want: Want) -> Result<Estimate<'a, T>> {
        self.texture
            .estimate(x, sigma, |s| self.network(x, s, want))
    }

    fn covariance(&self) -> Option<&Covariance> {
        self.covariance.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::super::card::{NetworkCard, TrainingCard};
    use super::super::unet::Fresh;
    use super::*;
    use operators::array::Torch;
    use operators::{Array, Field, Host, SliceRng, Vector};
    use rand::SeedableRng;

    pub(crate) fn small(image_channels: usize) -> Model {
        let network = NetworkCard {
            channels: vec![6, 8],
            blocks: vec![1, 1],
            sigma_data: 0.3,
            compand: (image_channels == 1).then_some(0.06),
            parameters: 0,
        };
        let rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let mut fresh = Fresh {
            device: Device::Cpu,
            rng,
            made: Vec::new(),
        };
        UNet::new(&mut fresh, &network, image_channels);
        let training = TrainingCard {
            steps: 0,
            images: 0,
            seed: 0,
            seconds: 0.0,
            extended_at: Vec::new(),
            validation: None,
            version: String::new(),
        };
        let card = Card {
            name: "small".into(),
            training_set: String::new(),
            intended_use: String::new(),
            channels: image_channels,
            normalisation: String::new(),
            unit_hu: None,
            quantile: 0.995,
            quantile_value: 1.0,
            data_range: [0.0, 1.0],
            sigma_range: [0.003, 4.0],
            network: Network::Local(network),
            training: Some(training),
            levels: Vec::new(),
            weights_sha256: String::new(),
        };
        Model::new("small", card, fresh.made, Device::Cpu).unwrap()
    }

    fn random(batch: u32, rows: usize, columns: usize, seed: u64) -> Host<f32> {
        random_of(Field::Complex, batch, rows, columns, seed)
    }

    fn random_of(field: Field, batch: u32, rows: usize, columns: usize, seed: u64) -> Host<f32> {
        let like = Host::zeros(&[batch as usize, rows, columns], field);
        like.normal_like(&mut SliceRng::samples(seed, 0, batch))
    }

    /// Finite differences of D along v, against Jᴴ.
    #[test]
    fn the_pullback_is_the_transposed_jacobian() {
        for (channels, field) in [(2, Field::Complex), (1, Field::Real)] {
            jacobian(&small(channels), |seed| random_of(field, 2, 9, 14, seed));
        }
    }

    #[test]
    fn an_image_of_another_kind_is_refused() {
        let x = random_of(Field::Real, 1, 8, 8, 1);
        let error = small(2).denoise(&x, 0.2).unwrap_err().to_string();
        assert!(error.contains("expected a complex image"), "{error}");
    }

    /// The network is asked at the noise that texture and state have together.
    #[test]
    fn texture_is_noise_to_the_network() {
        let x = random(1, 16, 12, 1);
        let plain = small(2).denoise(&x, 0.5).unwrap();
        let mut textured = small(2);
        textured.set_texture(0.3);
        let mut expected = plain.scaled(0.64);
        expected.axpy(&[0.36], &x);
        let d = textured.denoise(&x, 0.4).unwrap();
        assert!(d.minus(&expected).norm()[0] < 1e-5 * d.norm()[0]);
        jacobian(&textured, |seed| random(1, 16, 12, seed));
    }

    fn jacobian(model: &Model, random: impl Fn(u64) -> Host<f32>) {
        let (x, u, v) = (random(1), random(2), random(3));
        let estimate = model.estimate(&x, 0.2, Want::Pullback).unwrap();
        let right = u.dot(&estimate.pull(&v).unwrap());
        let h = 1e-2;
        let moved = |h: f64| {
            let mut y = x.clone();
            y.axpy(&[h], &u);
            model.denoise(&y, 0.2).unwrap()
        };
        let mut slope = moved(h).minus(&moved(-h));
        slope.scale(&[0.5 / h]);
        for (l, r) in slope.dot(&v).iter().zip(&right) {
            assert!((l - r).abs() < 2e-3 * r.abs().max(1.0), "{l} {r}");
        }
    }

    #[test]
    fn an_item_has_the_same_bits_alone_and_in_a_batch() {
        let model = small(2);
        let x = random(5, 16, 12, 4);
        let together = model.denoise(&x, 0.5).unwrap();
        for i in 0..5 {
            let alone = model.denoise(&x.items(i, i + 1), 0.5).unwrap();
            assert_eq!(alone.reals(), together.items(i, i + 1).reals());
        }
    }

    #[test]
    fn the_backends_agree() {
        let model = small(2);
        let x = random(2, 9, 14, 1);
        let t = Torch::from_reals(
            &(Device::Cpu, Kind::Float),
            &x.sizes(),
            Field::Complex,
            &x.to_reals(),
        );
        let host = model.denoise(&x, 0.2).unwrap().to_reals();
        let torch = model.denoise(&t, 0.2).unwrap().to_reals();
        assert!(host.iter().zip(&torch).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}
