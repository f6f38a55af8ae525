//! The networks of published score models, native and differentiable.
//!
//! One family a file. A network asks a [`Source`] for its tensors, by the names that its checkpoints
//! use and in their order; what it does not find, or does not know, becomes one error.

pub mod adm;
pub mod diffusers;
pub mod edm;
pub mod family;
mod fir;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod golden;
mod layers;
pub mod ncsnpp;
mod script;
pub mod source;

pub use adm::{Adm, AdmOptions};
pub use diffusers::{Diffusers, DiffusersOptions};
pub use edm::{Edm, EdmOptions, Preconditioning as EdmPreconditioning};
pub use family::{Network, Options};
pub use ncsnpp::{Embedding as NcsnppEmbedding, Ncsnpp, NcsnppOptions};
pub use script::{MODULE, Script, ScriptOptions};
pub use source::{Asked, Role, Source};

use tch::Tensor;

/// What can be wrong with a network's options, weights or input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The options describe no network.
    #[error("network options: {0}")]
    Options(String),
    /// Tensors are missing, unexpected or have another shape.
    #[error("the weights are not those of the network: {0}")]
    Tensors(String),
    /// The image or the noise level does not fit the network.
    #[error("network input: {0}")]
    Input(String),
}

/// Refuses images that are not `[B, channels, Y, X]` with both sides a multiple of `cell`, and
/// noise levels that are not one number an item.
fn check_input(x: &Tensor, t: &Tensor, channels: i64, cell: i64) -> Result<(), NetworkError> {
    let size = x.size();
    let fits = size.len() == 4 && size[0] > 0 && size[1] == channels;
    if !fits || size[2..].iter().any(|n| *n == 0 || n % cell != 0) {
        return Err(NetworkError::Input(format!(
            "expected [items, {channels}, rows, columns] with rows and columns multiples of {cell}, got {size:?}"
        )));
    }
    if t.size() != [size[0]] {
        return Err(NetworkError::Input(format!(
            "expected one noise level for each of {} items, got {:?}",
            size[0],
            t.size()
        )));
    }
    Ok(())
}

/// One class number an item, each below `classes`; or none where the network knows no classes.
fn check_class(class: Option<&Tensor>, items: i64, classes: i64) -> Result<(), NetworkError> {
    let expected = |what: String| Err(NetworkError::Input(what));
    match (class, classes) {
        (None, 0) => Ok(()),
        (Some(_), 0) => expected("the network knows no classes, but one was given".into()),
        (None, n) => expected(format!("the network needs a class from 0 to {}", n - 1)),
        (Some(c), n) => {
            let whole = matches!(c.kind(), tch::Kind::Int64 | tch::Kind::Int);
            let inside = whole
                && c.size() == [items]
                && i64::try_from(c.min()).is_ok_and(|least| least >= 0)
                && i64::try_from(c.max()).is_ok_and(|most| most < n);
            if inside {
                return Ok(());
            }
            expected(format!(
                "expected {items} class numbers from 0 to {}",
                n - 1
            ))
        }
    }
}

/// Refuses a count outside `1..=most`: options come from files.
fn check_count(what: &str, value: i64, most: i64) -> Result<(), NetworkError> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(NetworkError::Options(format!(
        "{what} is {value}, expected 1 to {most}"
    )))
}

/// Most levels, blocks a level and channels that options may ask for.
const MOST_LEVELS: i64 = 12;
const MOST_BLOCKS: i64 = 64;
const MOST_CHANNELS: i64 = 1 << 14;
