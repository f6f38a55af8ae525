//! A TorchScript module as a network: whatever it holds, `f(x, level)`.

use super::{MOST_CHANNELS, NetworkError, Source, check_count, check_input};
use serde::{Deserialize, Serialize};
use tch::{CModule, Device, Kind, Tensor};

/// The name of a module's bytes among the tensors of a prior.
pub const MODULE: &str = "torchscript";

/// What a module does not say of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScriptOptions {
    /// `torchscript`.
    #[serde(default)]
    pub family: String,
    /// Channels of the image.
    pub channels: i64,
    /// Multiple that both sides of an image must have.
    #[serde(default = "one")]
    pub cell: i64,
    /// Bytes of the module; filled in when it is converted.
    #[serde(default)]
    pub bytes: i64,
}

fn one() -> i64 {
    1
}

/// `f(x, level)`: `[B, C, Y, X]` and `[B]` to `[B, C or more, Y, X]`.
pub struct Script {
    module: CModule,
    options: ScriptOptions,
    kind: Kind,
    device: Device,
}

impl Script {
    /// The module whose bytes are the tensor [`MODULE`] of `source`.
    pub fn new(source: &mut Source, options: &ScriptOptions) -> Result<Self, NetworkError> {
        check_count("channels", options.channels, MOST_CHANNELS)?;
        check_count("cell", options.cell, 1 << 12)?;
        check_count("bytes", options.bytes, 1 << 40)?;
        let (bytes, device) = source.raw(MODULE, &[options.bytes]);
        let refused = |e: tch::TchError| {
            NetworkError::Options(format!("not a TorchScript module: {}", cause(&e)))
        };
        let bytes = Vec::<u8>::try_from(bytes).map_err(refused)?;
        let mut module =
            CModule::load_data_on_device(&mut bytes.as_slice(), device).map_err(refused)?;
        module.set_eval();
        let parameters = module.named_parameters().map_err(refused)?;
        let double = parameters.iter().any(|(_, t)| t.kind() == Kind::Double);
        Ok(Script {
            module,
            options: options.clone(),
            kind: if double { Kind::Double } else { Kind::Float },
            device,
        })
    }

    /// Multiple that both sides of an image must have.
    pub fn cell(&self) -> i64 {
        self.options.cell
    }

    /// The arithmetic of its weights.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the module gives.
    pub fn forward(&self, x: &Tensor, level: &Tensor) -> Result<Tensor, NetworkError> {
        check_input(x, level, self.options.channels, self.cell())?;
        let inputs = [x, level].map(|t| t.to_kind(self.kind).to_device(self.device));
        let output = self.module.forward_ts(&inputs).map_err(|e| {
            NetworkError::Input(format!("the module refused the image: {}", cause(&e)))
        })?;
        let (seen, wanted) = (output.size(), x.size());
        let fits = seen.len() == 4
            && seen[0] == wanted[0]
            && seen[1] >= wanted[1]
            && seen[2..] == wanted[2..];
        if !fits {
            return Err(NetworkError::Input(format!(
                "the module gave {seen:?} for {wanted:?}: expected an image as large, of as many channels or more"
            )));
        }
        Ok(output)
    }
}

/// What libtorch says last: the lines before are where in its interpreter that was.
fn cause(e: &tch::TchError) -> String {
    let said = e.to_string();
    let last = said.lines().rfind(|l| l.starts_with("RuntimeError:"));
    last.or(said.lines().next()).unwrap_or_default().to_owned()
}
