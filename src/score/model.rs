//! A trained prior: the network, its preconditioning and its card, as a [`Denoiser`].

use super::bridge::Channels;
use super::card::Network;
use super::deviation::stated_deviation;
use super::graph::Answer;
use super::preconditioning::Preconditioning;
use super::published::Published;
use super::side_by_side::{Replicas, Share};
use super::unet::UNet;
use super::weights::{Loaded, PriorError, read_prior};
use super::{Card, Covariance, Denoiser, Estimate, Texture, Want};
use operators::{Error, Result};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use tch::{Device, Kind, Tensor};

/// A score model loaded from a weight file.
pub struct Model {
    /// What it is.
    pub card: Card,
    net: Rc<Net>,
    covariance: Option<Covariance>,
    texture: Texture,
    device: Device,
}

enum Net {
    Local(Replicas, Preconditioning),
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
                let replica = |_| {
                    let shared = tensors.iter().map(|(n, t)| (n.clone(), t.shallow_clone()));
                    let mut source = Loaded::new(shared.collect(), device);
                    let network = UNet::new(&mut source, local, card.channels);
                    source.finish(name).map(|()| network)
                };
                let replicas: std::result::Result<_, PriorError> =
                    (0..Replicas::wanted(device)).map(replica).collect();
                Net::Local(Replicas::new(replicas?), Preconditioning::of(local))
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
            net: Rc::new(network),
            covariance,
            texture: Texture { tau: 0.0 },
            device,
        })
    }

    /// The published network behind it, where it is one.
    pub(crate) fn published(&self) -> Option<&Published> {
        match self.net.as_ref() {
            Net::Published(network) => Some(network),
            Net::Local(..) => None,
        }
    }

    /// `D` of one item `[1, channels, Y, X]`, or with `raw` what the local network itself says.
    pub(crate) fn call(&self, x: &Tensor, sigma: f64, raw: bool) -> Result<Tensor> {
        let x = x.to_kind(Kind::Float).to_device(self.device);
        tch::no_grad(|| match self.net.as_ref() {
            Net::Local(replicas, edm) => Ok(replicas.one(|network| match raw {
                true => edm.ask(network, &x, sigma),
                false => edm.denoise(network, &x, sigma),
            })),
            Net::Published(network) => Ok(self.published_denoised(network, &x, sigma)?.0),
        })
    }

    /// The prior of images with a white texture of deviation `tau` beside what the network knows; they share it.
    pub fn textured(&self, tau: f64) -> Self {
        let texture = Texture { tau };
        let card = self.card.covariance();
        Model {
            card: self.card.clone(),
            net: Rc::clone(&self.net),
            covariance: card.and_then(|c| texture.covariance(&c)),
            texture,
            device: self.device,
        }
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
    fn published_denoised(
        &self,
        network: &Published,
        x: &Tensor,
        sigma: f64,
    ) -> Result<(Tensor, Option<Tensor>)> {
        let denoised = network.denoise(x, sigma);
        denoised.map_err(|e| Error::Torch(format!("prior `{}`: {e}", self.card.name)))
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

/// The network runs in micro-batches of one item, whatever the batch: libtorch does not promise
/// the same bits for another batch size.
impl Model {
    /// How items `[B, channels, Y, X]` share the threads.
    fn share(&self, items: &Tensor) -> Share {
        match (self.net.as_ref(), &self.card.network) {
            (Net::Local(replicas, _), Network::Local(card)) => {
                let (size, channels) = (items.size(), self.card.channels);
                let pixels = (size[2] * size[3]) as usize;
                replicas.share(size[0] as usize, card.smallest_layer(channels, pixels))
            }
            _ => Share::AllForEach,
        }
    }

    /// What the network says of every item.
    fn answers(
        &self,
        (share, inputs): (Share, Vec<Tensor>),
        sigma: f64,
        want: Want,
    ) -> Result<Vec<Answer>> {
        match self.net.as_ref() {
            Net::Local(replicas, edm) => {
                let answers = replicas.each(share, inputs, |network, input| {
                    Answer::of(&input, want, |x| Ok((edm.denoise(network, x, sigma), None)))
                });
                answers.into_iter().collect()
            }
            Net::Published(network) => {
                let one = |x: &Tensor| self.published_denoised(network, x, sigma);
                inputs
                    .iter()
                    .map(|input| Answer::of(input, want, one))
                    .collect()
            }
        }
    }

    /// The same as an estimate, without texture.
    fn network<'a, T: Channels>(
        &'a self,
        x: &T,
        sigma: f64,
        want: Want,
    ) -> Result<Estimate<'a, T>> {
        let channels = x.to_channels(self.device);
        self.expect_channels(&channels)?;
        let item = |t: &Tensor, i: usize| t.narrow(0, i as i64, 1);
        let inputs = (0..x.batch()).map(|i| item(&channels, i)).collect();
        let share = self.share(&channels);
        let (mut outputs, mut variances, mut graphs) = (Vec::new(), Vec::new(), Vec::new());
        for answer in self.answers((share, inputs), sigma, want)? {
            outputs.push(answer.output);
            variances.extend(answer.variance);
            graphs.extend(answer.graph.map(Mutex::new));
        }
        let x0 = x.with_channels(&Tensor::cat(&outputs, 0));
        let pullback = (want == Want::Pullback).then(|| {
            let like = x.clone();
            Box::new(move |v: &T| {
                let v = v.to_channels(self.device);
                let items = graphs.iter().enumerate().map(|(i, g)| (g, item(&v, i)));
                let pulled = share.each(items.collect(), |(graph, v)| {
                    let graph = graph.lock().unwrap_or_else(PoisonError::into_inner);
                    graph.pull(&v)
                });
                let pulled: Result<Vec<Tensor>> = pulled.into_iter().collect();
                Ok(like.with_channels(&Tensor::cat(&pulled?, 0)))
            }) as super::Pullback<'a, T>
        });
        let deviation =
            (!variances.is_empty()).then(|| stated_deviation(x, &variances, sigma, self.texture));
        Ok(Estimate {
            x0,
            pullback,
            deviation: deviation.transpose()?,
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
            bounded: false,
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
        let textured = small(2).textured(0.3);
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

    /// On one thread beside others, on three alone where the image is large enough to be shared.
    #[test]
    fn an_item_has_the_same_bits_alone_and_in_a_batch() {
        tch::get_num_threads();
        tch::set_num_threads(3);
        assert_eq!(tch::get_num_threads(), 3);
        let model = small(2);
        let of = |x: &Host<f32>, v: &Host<f32>| {
            let estimate = model.estimate(x, 0.5, Want::Pullback).unwrap();
            (estimate.pull(v).unwrap(), estimate.x0)
        };
        for (rows, columns) in [(16, 12), (56, 72), (104, 116)] {
            let (x, v) = (random(5, rows, columns, 4), random(5, rows, columns, 5));
            let (pulled, x0) = of(&x, &v);
            for i in 0..5 {
                let item = |x: &Host<f32>| x.items(i, i + 1);
                assert_eq!(of(&item(&x), &item(&v)), (item(&pulled), item(&x0)));
            }
        }
        let share = |rows| {
            model.share(&Tensor::zeros(
                [1, 2, rows, 100],
                (Kind::Float, Device::Cpu),
            ))
        };
        if rayon::current_num_threads() > 1 {
            assert_eq!(
                [share(100), share(104)],
                [Share::OneEach, Share::AllForEach]
            );
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
