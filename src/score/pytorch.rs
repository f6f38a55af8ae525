//! Weight files of published score models: PyTorch's pickles, read without running what they ask for.

pub mod checkpoint;
mod pickle;
mod record;
mod safetensors;
mod zip;

pub use checkpoint::{Checkpoint, Picked};
pub use safetensors::{read_diffusers, read_safetensors, scheduler};

/// What can be wrong with a PyTorch file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The file is not what it should be: another format, cut short, or damaged.
    #[error("{0}")]
    Format(String),
    /// The file is a module, with its code.
    #[error(
        "is a TorchScript module, not a file of weights: give it options of the family `torchscript`"
    )]
    Script,
    /// The pickle asks for something other than tensors and containers.
    #[error(
        "asks for `{name}`, which is no tensor, number, text or container, and nothing else is built: {way_out}"
    )]
    Refused {
        /// The callable, as the file names it.
        name: String,
        /// What to do instead.
        way_out: String,
    },
}

/// Names without `module.` and `_orig_mod.`, where every name has it: wrappers of training.
pub(super) fn unwrapped<V>(mut named: Vec<(String, V)>) -> Vec<(String, V)> {
    for wrapper in ["module.", "_orig_mod.", "module."] {
        if named.iter().all(|(name, _)| name.starts_with(wrapper)) {
            for (name, _) in &mut named {
                name.drain(..wrapper.len());
            }
        }
    }
    named
}

fn format_error<T>(why: impl Into<String>) -> Result<T, CheckpointError> {
    Err(CheckpointError::Format(why.into()))
}
