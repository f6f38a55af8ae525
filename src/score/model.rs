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
mod tests;
