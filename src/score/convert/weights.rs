//! A file or folder of weights, opened by what it is.

use crate::score::networks::{Asked, MODULE};
use crate::score::pytorch::{
    Checkpoint, CheckpointError, read_diffusers, read_safetensors, scheduler, unwrapped,
};
use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use tch::Tensor;

type Tensors = HashMap<String, Tensor>;

/// Weights as they lie in a file.
pub enum Weights {
    /// safetensors.
    Named(Tensors),
    /// A diffusers folder: its options and, where there is one, its noise schedule.
    Folder {
        /// `config.json`.
        config: String,
        /// `scheduler_config.json`.
        scheduler: Option<String>,
        /// By name.
        tensors: Tensors,
    },
    /// A file of `torch.save`.
    Pickle(Box<Checkpoint<BufReader<File>>>),
    /// A file of `torch.jit.save`, whole.
    Script(Vec<u8>),
}

impl Weights {
    /// Opens a diffusers folder, a safetensors file, a TorchScript module or a file of `torch.save`.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        if path.is_dir() {
            let (config, tensors) = read_diffusers(path)?;
            return Ok(Weights::Folder {
                config,
                scheduler: scheduler(path)?,
                tensors,
            });
        }
        if path.extension().is_some_and(|e| e == "safetensors") {
            return Ok(Weights::Named(read_safetensors(path)?));
        }
        match Checkpoint::open(path) {
            Ok(checkpoint) => Ok(Weights::Pickle(Box::new(checkpoint))),
            Err(CheckpointError::Script) => Ok(Weights::Script(std::fs::read(path)?)),
            Err(error) => Err(error),
        }
    }

    /// The options that they bring.
    pub fn config(&self) -> Option<&str> {
        match self {
            Weights::Folder { config, .. } => Some(config),
            _ => None,
        }
    }

    /// The noise schedule that they bring.
    pub fn scheduler(&self) -> Option<&str> {
        match self {
            Weights::Folder { scheduler, .. } => scheduler.as_deref(),
            _ => None,
        }
    }

    /// Bytes of a module.
    pub fn bytes(&self) -> Result<i64, CheckpointError> {
        match self {
            Weights::Script(bytes) => Ok(bytes.len() as i64),
            _ => Err(CheckpointError::Format(
                "holds weights without a network: its options should name their family, not `torchscript`".into(),
            )),
        }
    }

    /// The tensors for a network that asks for `asked`, and where they were, in words.
    pub fn pick(&mut self, asked: &[Asked]) -> Result<(Tensors, String), CheckpointError> {
        match self {
            Weights::Named(tensors) | Weights::Folder { tensors, .. } => {
                let named = std::mem::take(tensors).into_iter().collect();
                let tensors = unwrapped(named).into_iter().collect();
                let tensors = present(tensors, asked);
                Ok((tensors, "all of its tensors".into()))
            }
            Weights::Pickle(checkpoint) => {
                let picked = checkpoint.pick(asked)?;
                Ok((present(picked.tensors, asked), picked.from))
            }
            Weights::Script(bytes) if asked.iter().all(|a| a.name == MODULE) => {
                let module = Tensor::from_slice(bytes);
                Ok(([(MODULE.to_owned(), module)].into(), "the module".into()))
            }
            Weights::Script(_) => Err(CheckpointError::Script),
        }
    }
}

/// Under the names of today: those of attention before version 0.15 of diffusers, and those of a bare network that
/// is asked for inside its preconditioning.
fn present(tensors: Tensors, asked: &[Asked]) -> Tensors {
    let inside = |name: &str| name.starts_with("model.");
    let bare = !tensors.keys().any(|n| inside(n)) && asked.iter().any(|a| inside(&a.name));
    let diffusers = asked.iter().any(|a| a.name.contains(".to_q."));
    let renamed = |name: String| match (bare, diffusers) {
        (true, _) => format!("model.{name}"),
        (false, true) => present_name(&name),
        _ => name,
    };
    tensors.into_iter().map(|(n, t)| (renamed(n), t)).collect()
}

/// Names of attention before version 0.15 of the library as those of today.
fn present_name(name: &str) -> String {
    let old = [
        (".query.", ".to_q."),
        (".key.", ".to_k."),
        (".value.", ".to_v."),
        (".proj_attn.", ".to_out.0."),
    ];
    old.iter()
        .fold(name.to_owned(), |name, (old, new)| name.replace(old, new))
}
