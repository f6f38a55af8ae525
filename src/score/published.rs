//! A published network behind its convention: one call of it, or the denoised image.

use super::card::PublishedCard;
use super::networks::{Network, NetworkError, Options, Role, Source};
use super::{Convention, Diffusion, Level};
use std::collections::HashSet;
use tch::{Device, Kind, Tensor};

/// A network of a published family with its weights.
pub struct Published {
    network: Network,
    convention: Convention,
    channels: i64,
    states_variance: bool,
    channels_last: bool,
    kind: Kind,
    device: Device,
}

impl PublishedCard {
    /// Whether the network learned the variance of its reverse steps beside their mean.
    fn states_variance(&self, options: &Options) -> bool {
        options.outputs() == Some(2 * options.channels())
            && matches!(self.convention.diffusion, Diffusion::Preserving { .. })
    }

    /// The arithmetic of its weights: double precision where every trained tensor is.
    pub fn kind(&self, tensors: &[(String, Tensor)]) -> Result<Kind, NetworkError> {
        let (options, _) = Options::from_value(&self.options)?;
        let asked = options.asked()?;
        let trained = asked.iter().filter(|a| a.role == Role::Parameter);
        let trained: HashSet<&str> = trained.map(|a| a.name.as_str()).collect();
        let mut found = tensors.iter().filter(|(n, _)| trained.contains(n.as_str()));
        let double = !trained.is_empty() && found.all(|(_, t)| t.kind() == Kind::Double);
        Ok(if double { Kind::Double } else { Kind::Float })
    }
}

impl Published {
    /// The network of a card, in the arithmetic `kind`.
    ///
    /// Errors: options that describe no network; every tensor that is missing, unexpected or of
    /// another shape, in one list.
    pub fn new(
        card: &PublishedCard,
        tensors: Vec<(String, Tensor)>,
        kind: Kind,
        device: Device,
    ) -> Result<Self, NetworkError> {
        let (options, _) = Options::from_value(&card.options)?;
        let last = options.likes_channels_last();
        let tensors = tensors.into_iter().map(|(n, t)| (n, laid_out(&t, last)));
        let mut source = Source::loaded(tensors.collect(), kind, device);
        let network = options.build(&mut source)?;
        source.finish()?;
        let kind = match &network {
            Network::Script(script) => script.kind(),
            _ => kind,
        };
        Ok(Published {
            network,
            convention: card.convention.clone(),
            channels: options.channels(),
            states_variance: card.states_variance(&options),
            channels_last: last,
            kind,
            device,
        })
    }

    /// What it is told and what it answers.
    pub fn convention(&self) -> &Convention {
        &self.convention
    }

    /// Whether it states `Var(x0 | x)`.
    pub fn states_variance(&self) -> bool {
        self.states_variance
    }

    /// The arithmetic of its weights.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The network's own output for states `[B, C, Y, X]`, one level an item.
    pub fn raw(
        &self,
        state: &Tensor,
        levels: &[Level],
        class: Option<&[i64]>,
    ) -> Result<Tensor, NetworkError> {
        let labels: Vec<f64> = levels.iter().map(|l| l.label).collect();
        let labels = Tensor::from_slice(&labels).to_device(self.device);
        let class = class.map(|c| Tensor::from_slice(c).to_device(self.device));
        self.network.raw(
            &laid_out(
                &state.to_kind(self.kind).to_device(self.device),
                self.channels_last,
            ),
            &labels,
            class.as_ref(),
        )
    }

    /// `u0 = a u + b output` of states `signal · u`, in the network's own values.
    pub fn denoise_states(
        &self,
        state: &Tensor,
        levels: &[Level],
        class: Option<&[i64]>,
    ) -> Result<Tensor, NetworkError> {
        // What a network may say of the variance comes behind the image's channels.
        let output = self.raw(state, levels, class)?.narrow(1, 0, self.channels);
        Ok(self.combined(&self.convention, state, &output, levels))
    }

    /// The same at any size: mirrored at its ends to what the network takes.
    pub fn denoise_padded(
        &self,
        state: &Tensor,
        levels: &[Level],
        class: Option<&[i64]>,
    ) -> Result<Tensor, NetworkError> {
        if state.dim() != 4 {
            return self.denoise_states(state, levels, class);
        }
        let size = state.size();
        let u0 = self.denoise_states(&self.padded(state)?, levels, class)?;
        Ok(u0.narrow(2, 0, size[2]).narrow(3, 0, size[3]))
    }

    /// `a u + b output`, one level an item.
    fn combined(
        &self,
        convention: &Convention,
        state: &Tensor,
        output: &Tensor,
        levels: &[Level],
    ) -> Tensor {
        let by_item = |f: &dyn Fn(&Level) -> f64| {
            let values: Vec<f64> = levels.iter().map(f).collect();
            let values = Tensor::from_slice(&values).view([-1, 1, 1, 1]);
            values.to_kind(self.kind).to_device(self.device)
        };
        let state = state.to_kind(self.kind).to_device(self.device);
        let u = by_item(&|l| convention.weights(l)[0] / l.signal);
        let f = by_item(&|l| convention.weights(l)[1]);
        state * u + output * f
    }

    /// `D(x, σ)` of one item `[1, channels, Y, X]` in units of images, of any size; and `Var(x0 | x)`,
    /// `[1, 1, Y, X]` per real component, where the network states it.
    pub fn denoise(
        &self,
        x: &Tensor,
        sigma: f64,
    ) -> Result<(Tensor, Option<Tensor>), NetworkError> {
        self.denoise_as(&self.convention, x, sigma)
    }

    /// The same, under another convention than the card's.
    pub fn denoise_as(
        &self,
        convention: &Convention,
        x: &Tensor,
        sigma: f64,
    ) -> Result<(Tensor, Option<Tensor>), NetworkError> {
        let [low, gain] = [convention.range[0], convention.gain()];
        let size = x.size();
        let x = match convention.parts {
            true => x.reshape([2, 1, size[2], size[3]]),
            false => x.shallow_clone(),
        };
        let level = convention.diffusion.at_sigma(sigma * gain);
        let levels = vec![level; x.size()[0] as usize];
        let class = convention.class.map(|c| vec![c; levels.len()]);
        let state = (self.padded(&x)? * gain + low) * level.signal;
        let output = self.raw(&state, &levels, class.as_deref())?;
        let seen = output.narrow(1, 0, self.channels);
        let u0 = self.combined(convention, &state, &seen, &levels);
        let inside = |t: &Tensor| t.narrow(2, 0, size[2]).narrow(3, 0, size[3]);
        let x0 = ((inside(&u0) - low) / gain).reshape(&size[..]);
        let variance = self.variance(convention, &output, &level);
        let variance = variance.map(|v| {
            let parts = inside(&v) / (gain * gain);
            parts
                .mean_dim([0i64, 1].as_slice(), true, Kind::Float)
                .detach()
        });
        Ok((x0.to_kind(x.kind()), variance))
    }

    /// `Var(u0 | u)` of a network whose output holds as many channels again for it.
    fn variance(&self, convention: &Convention, output: &Tensor, level: &Level) -> Option<Tensor> {
        if !self.states_variance {
            return None;
        }
        let [a, b] = convention.learned(level)?;
        let v = output.narrow(1, self.channels, self.channels);
        let f = ((v + 1.0) * 0.5).clamp(0.0, 1.0);
        Some((f * b).expm1() * a)
    }

    /// The image mirrored at its ends to a size that the network takes: mirrored noise has the
    /// deviation of noise.
    fn padded(&self, x: &Tensor) -> Result<Tensor, NetworkError> {
        let (size, cell) = (x.size(), self.network.cell());
        let more = |n: i64| (cell - n % cell) % cell;
        let [down, right] = [more(size[2]), more(size[3])];
        if down == 0 && right == 0 {
            return Ok(x.shallow_clone());
        }
        if down >= size[2] || right >= size[3] {
            return Err(NetworkError::Input(format!(
                "images of {} x {} pixels are too small: the network takes multiples of {cell}",
                size[2], size[3]
            )));
        }
        Ok(x.reflection_pad2d([0, right, 0, down]))
    }
}

/// The same numbers with the channels of a pixel next to each other in memory, or the pixels of a channel.
fn laid_out(t: &Tensor, channels_last: bool) -> Tensor {
    if t.dim() != 4 || !channels_last {
        return t.contiguous();
    }
    t.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}
