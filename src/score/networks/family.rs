//! The family of a network from its options, and one call for all of them.

use super::{Adm, AdmOptions, Diffusers, DiffusersOptions, Edm, EdmOptions};
use super::{Ncsnpp, NcsnppOptions, NetworkError, Source};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tch::Tensor;

/// The options of a network of any family.
#[derive(Debug, Clone, PartialEq)]
pub enum Options {
    /// Guided diffusion.
    Adm(AdmOptions),
    /// NCSN++ of score_sde.
    Ncsnpp(NcsnppOptions),
    /// EDM's networks behind their preconditioning.
    Edm(EdmOptions),
    /// `UNet2DModel` of diffusers.
    Diffusers(DiffusersOptions),
}

/// A network of any family.
pub enum Network {
    /// Guided diffusion.
    Adm(Box<Adm>),
    /// NCSN++ of score_sde.
    Ncsnpp(Box<Ncsnpp>),
    /// EDM's networks behind their preconditioning.
    Edm(Box<Edm>),
    /// `UNet2DModel` of diffusers.
    Diffusers(Box<Diffusers>),
}

/// Reads the options of one family.
type Read = fn(Value) -> Result<Options, NetworkError>;

/// Words of the key `family` and what they mean, in the order in which they are looked for.
const FAMILIES: [(&str, Read); 4] = [
    ("precond", |v| parse(v).map(Options::Edm)),
    ("ncsnpp", |v| parse(v).map(Options::Ncsnpp)),
    ("unet2dmodel", |v| parse(v).map(Options::Diffusers)),
    ("unetmodel", |v| parse(v).map(Options::Adm)),
];

fn parse<T: DeserializeOwned>(value: Value) -> Result<T, NetworkError> {
    serde_json::from_value(value).map_err(|e| NetworkError::Options(e.to_string()))
}

impl Options {
    /// From JSON whose `family` (or `_class_name`, or `name`) says which network it is.
    pub fn from_json(json: &str) -> Result<Self, NetworkError> {
        let value: Value =
            serde_json::from_str(json).map_err(|e| NetworkError::Options(e.to_string()))?;
        let named = ["family", "_class_name", "name"].map(|key| value[key].as_str());
        let name = named.into_iter().flatten().next().unwrap_or_default();
        let lower = name.to_lowercase();
        match FAMILIES.iter().find(|(word, _)| lower.contains(word)) {
            Some((_, read)) => read(value),
            None => Err(NetworkError::Options(format!(
                "family is `{name}`, expected `guided-diffusion UNetModel`, `score_sde NCSNpp`, \
                 `EDMPrecond(DhariwalUNet)` or another EDM preconditioning, or a diffusers `UNet2DModel`"
            ))),
        }
    }

    /// The network, with tensors from `source`.
    pub fn build(&self, source: &mut Source) -> Result<Network, NetworkError> {
        Ok(match self {
            Options::Adm(options) => Network::Adm(Adm::new(source, options)?.into()),
            Options::Ncsnpp(options) => Network::Ncsnpp(Ncsnpp::new(source, options)?.into()),
            Options::Edm(options) => Network::Edm(Edm::new(source, options)?.into()),
            Options::Diffusers(options) => {
                Network::Diffusers(Diffusers::new(source, options)?.into())
            }
        })
    }
}

impl Network {
    /// What the published network itself gives: noise, score or, for EDM, the denoised image.
    ///
    /// `level` is the number of the time step, or σ where the family takes σ.
    pub fn raw(
        &self,
        x: &Tensor,
        level: &Tensor,
        class: Option<&Tensor>,
    ) -> Result<Tensor, NetworkError> {
        match self {
            Network::Adm(net) => net.forward(x, level, class),
            Network::Ncsnpp(_) if class.is_some() => Err(NetworkError::Input(
                "the network knows no classes, but one was given".into(),
            )),
            Network::Ncsnpp(net) => net.forward(x, level),
            Network::Edm(net) => net.denoise(x, level, class),
            Network::Diffusers(net) => net.forward(x, level, class),
        }
    }

    /// Multiple that both sides of an image must have.
    pub fn cell(&self) -> i64 {
        match self {
            Network::Adm(net) => net.cell(),
            Network::Ncsnpp(net) => net.cell(),
            Network::Edm(net) => net.cell(),
            Network::Diffusers(net) => net.cell(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::Golden;
    use super::*;
    use tch::{Device, Kind};

    #[test]
    fn golden_options_name_their_families() {
        for (name, most) in [
            ("adm_tiny", 1e-6),
            ("ncsnpp_tiny_aapmstyle", 1e-9),
            ("edm_dhariwal_tiny", 1e-5),
        ] {
            let Some(golden) = Golden::read(name) else {
                return;
            };
            let fill = |_: usize, asked: &super::super::Asked| golden.weight(asked);
            let mut source = Source::made(fill, Kind::Double, Device::Cpu);
            let options = Options::from_json(&golden.options).expect("golden options");
            let network = options.build(&mut source).expect("a golden network");
            golden.hold(name, most, |x, t| {
                network.raw(x, t, None).expect("golden input")
            });
        }
    }

    #[test]
    fn absurd_numbers_are_refused_without_overflow() {
        let huge = i64::MAX;
        for json in [
            format!(
                r#"{{"family": "UNetModel", "image_size": 64, "model_channels": 32, "in_channels": {huge}, "learn_sigma": true,
                "num_res_blocks": 1}}"#
            ),
            format!(
                r#"{{"family": "NCSNpp", "image_size": 64, "num_channels": 1, "nf": 16, "ch_mult": [{huge}], "num_res_blocks": 1,
                "attn_resolutions": []}}"#
            ),
            format!(
                r#"{{"family": "VPPrecond", "img_resolution": 8, "img_channels": 1, "label_dim": {huge}}}"#
            ),
            format!(
                r#"{{"_class_name": "UNet2DModel", "block_out_channels": [{huge}], "down_block_types": ["DownBlock2D"],
                "up_block_types": ["UpBlock2D"]}}"#
            ),
        ] {
            let options = Options::from_json(&json).expect("well-formed options");
            assert!(options.build(&mut Source::shapes()).is_err(), "{json}");
        }
    }

    #[test]
    fn unknown_families_are_refused_by_name() {
        let error = Options::from_json(r#"{"family": "VQGAN"}"#).err();
        assert!(error.is_some_and(|e| e.to_string().contains("`VQGAN`")));
    }
}
