//! The family of a network from its options, and one call for all of them.

use super::{Adm, AdmOptions, Diffusers, DiffusersOptions, Edm, EdmOptions};
use super::{Asked, Ncsnpp, NcsnppOptions, NetworkError, Script, ScriptOptions, Source};
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
    /// A TorchScript module.
    Script(ScriptOptions),
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
    /// A TorchScript module.
    Script(Script),
}

/// The options of one family, and the keys that it does not know.
type Read = fn(&Value) -> Result<(Options, Vec<String>), NetworkError>;

/// Words of the key `family`, a key that no other family has, and what both mean; in the order in
/// which they are looked for.
const FAMILIES: [(&str, &str, Read); 7] = [
    ("precond", "img_resolution", |v| parse(v, Options::Edm)),
    ("songunet", "img_resolution", |v| parse(v, Options::Edm)),
    ("dhariwalunet", "img_resolution", |v| parse(v, Options::Edm)),
    ("ncsnpp", "nf", |v| parse(v, Options::Ncsnpp)),
    ("unet2dmodel", "block_out_channels", |v| {
        parse(v, Options::Diffusers)
    }),
    ("unetmodel", "num_res_blocks", |v| parse(v, Options::Adm)),
    ("torchscript", "torchscript", |v| parse(v, Options::Script)),
];

fn parse<T: DeserializeOwned>(
    value: &Value,
    options: fn(T) -> Options,
) -> Result<(Options, Vec<String>), NetworkError> {
    let mut unknown = Vec::new();
    let read = serde_ignored::deserialize(value, |path| unknown.push(path.to_string()));
    let read = read.map_err(|e: serde_json::Error| NetworkError::Options(e.to_string()))?;
    Ok((options(read), unknown))
}

impl Options {
    /// From JSON; see [`from_value`](Self::from_value).
    pub fn from_json(json: &str) -> Result<(Self, Vec<String>), NetworkError> {
        let value = serde_json::from_str(json).map_err(|e| NetworkError::Options(e.to_string()))?;
        Self::from_value(&value)
    }

    /// From JSON whose `family` (or `_class_name`, or `name`) says which network it is, or whose keys do;
    /// with the keys that the family does not know.
    pub fn from_value(value: &Value) -> Result<(Self, Vec<String>), NetworkError> {
        let named = ["family", "_class_name", "name"].map(|key| value[key].as_str());
        let name = named.into_iter().flatten().next();
        let lower = name.unwrap_or_default().to_lowercase();
        let by_name = FAMILIES.iter().find(|(word, ..)| lower.contains(word));
        // A `name` may be anything; the two other keys may not.
        let stated = ["family", "_class_name"]
            .iter()
            .any(|key| value[*key].is_string());
        let by_key = || {
            let told = |f: &&(&str, &str, Read)| value.get(f.1).is_some();
            FAMILIES.iter().find(told).filter(|_| !stated)
        };
        match by_name.or_else(by_key) {
            Some((.., read)) => read(value),
            None => Err(NetworkError::Options(format!(
                "family is `{}`, expected `guided-diffusion UNetModel`, `score_sde NCSNpp`, \
                 `EDMPrecond(DhariwalUNet)` or another EDM preconditioning, a diffusers `UNet2DModel`, or `torchscript`",
                name.unwrap_or_default()
            ))),
        }
    }

    /// Channels of an image.
    pub fn channels(&self) -> i64 {
        match self {
            Options::Adm(options) => options.in_channels,
            Options::Ncsnpp(options) => options.num_channels,
            Options::Edm(options) => options.images(),
            Options::Diffusers(options) => options.in_channels,
            Options::Script(options) => options.channels,
        }
    }

    /// Channels of the output; a module does not say.
    pub fn outputs(&self) -> Option<i64> {
        match self {
            Options::Adm(options) => Some(options.outputs()),
            Options::Diffusers(options) => Some(options.out_channels),
            Options::Ncsnpp(_) | Options::Edm(_) => Some(self.channels()),
            Options::Script(_) => None,
        }
    }

    /// Whether it is faster with the channels of a pixel next to each other in memory.
    ///
    /// Convolutions are, by a sixth; libtorch's derivative of a group norm takes eight times as long so where a group
    /// has two channels, which is more than the convolutions gain (measured on the CPU). NCSN++ and EDM have at least
    /// four in a group; of a module nothing is known.
    pub fn likes_channels_last(&self) -> bool {
        match self {
            Options::Adm(options) => options.channels_a_group() >= 4,
            Options::Diffusers(options) => options.channels_a_group() >= 4,
            Options::Ncsnpp(_) | Options::Edm(_) | Options::Script(_) => true,
        }
    }

    /// Number of classes that it knows.
    pub fn classes(&self) -> i64 {
        match self {
            Options::Adm(options) => options.classes(),
            Options::Diffusers(options) => options.classes(),
            Options::Edm(options) => options.label_dim,
            Options::Ncsnpp(_) | Options::Script(_) => 0,
        }
    }

    /// Every tensor that the network asks for, in order; of a module its bytes.
    pub fn asked(&self) -> Result<Vec<Asked>, NetworkError> {
        let mut source = Source::shapes();
        match self {
            Options::Script(options) => source.module(options),
            _ => {
                self.build(&mut source)?;
            }
        }
        source.finish()
    }

    /// The network, with tensors from `source`.
    pub fn build(&self, source: &mut Source) -> Result<Network, NetworkError> {
        Ok(match self {
            Options::Script(options) => Network::Script(Script::new(source, options)?),
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
            Network::Script(_) if class.is_some() => Err(NetworkError::Input(
                "a TorchScript module is told of no class, but one was given".into(),
            )),
            Network::Script(net) => net.forward(x, level),
        }
    }

    /// Multiple that both sides of an image must have.
    pub fn cell(&self) -> i64 {
        match self {
            Network::Adm(net) => net.cell(),
            Network::Ncsnpp(net) => net.cell(),
            Network::Edm(net) => net.cell(),
            Network::Diffusers(net) => net.cell(),
            Network::Script(net) => net.cell(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::Golden;
    use super::*;
    use tch::{Device, Kind};

    /// Two channels a group, four, options that no network has.
    #[test]
    fn narrow_norms_keep_pixels_contiguous() {
        let adm = |own: &str| {
            format!(r#"{{"family": "UNetModel", "num_res_blocks": 1, "image_size": 64, {own}}}"#)
        };
        let diffusers = |own: &str| format!(r#"{{"_class_name": "UNet2DModel", {own}}}"#);
        for (json, last) in [
            (adm(r#""model_channels": 128"#), true),
            (adm(r#""model_channels": 64"#), false),
            (adm(r#""model_channels": 64, "channel_mult": []"#), false),
            (diffusers(r#""block_out_channels": [128, 256]"#), true),
            (diffusers(r#""block_out_channels": [64]"#), false),
            (
                diffusers(r#""block_out_channels": [], "norm_num_groups": 0"#),
                false,
            ),
        ] {
            let Ok((options, _)) = Options::from_json(&json) else {
                panic!("{json}");
            };
            assert_eq!(options.likes_channels_last(), last, "{json}");
        }
    }

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
            let fill = |_: usize, asked: &Asked| golden.weight(asked);
            let mut source = Source::made(fill, Kind::Double, Device::Cpu);
            let (options, unknown) = Options::from_json(&golden.options).expect("golden options");
            // Remarks, what only training or a convention reads, and what the original does not read either.
            let read_elsewhere = "t hw note family name dropout normalization attention_type init_scale fourier_scale conv_size";
            for key in unknown {
                assert!(read_elsewhere.split(' ').any(|k| k == key), "{name}: {key}");
            }
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
            let (options, _) = Options::from_json(&json).expect("well-formed options");
            assert!(options.build(&mut Source::shapes()).is_err(), "{json}");
        }
    }

    #[test]
    fn keys_tell_a_family_that_is_not_named_and_unknown_ones_are_noted() {
        let json = r#"{"img_resolution": 8, "img_channels": 1, "num_block": 2}"#;
        let (options, unknown) = Options::from_json(json).expect("options of EDM");
        assert!(matches!(options, Options::Edm(_)));
        assert_eq!(unknown, ["num_block"]);
    }

    #[test]
    fn unknown_families_are_refused_by_name() {
        let error = Options::from_json(r#"{"family": "VQGAN"}"#).err();
        assert!(error.is_some_and(|e| e.to_string().contains("`VQGAN`")));
    }
}
