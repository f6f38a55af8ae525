//! Weight files: safetensors with the model card inside; wrong weights are refused by name.

use super::card::Card;
use super::unet::Source;
use crate::io::atomic::AtomicPath;
use safetensors::tensor::{Dtype, SafeTensors, View};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// What can be wrong with a prior's file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PriorError {
    /// The file cannot be read or written.
    #[error("prior {path}: {why}")]
    File {
        /// Path or name.
        path: String,
        /// What happened, and the way out.
        why: String,
    },
    /// Tensors are missing, unexpected, or have another shape.
    #[error("prior {path}: its tensors are not those of its model card: {mismatches}")]
    Tensors {
        /// Path or name.
        path: String,
        /// Every mismatch.
        mismatches: String,
    },
    /// The bytes are not those that the card was written for.
    #[error(
        "prior {path}: the SHA-256 of its {what} is {found}, the file says {expected}: \
         it was changed or damaged; train or fetch it again"
    )]
    Hash {
        /// Path or name.
        path: String,
        /// Weights or model card.
        what: &'static str,
        /// The hash that the file states.
        expected: String,
        /// The file's hash.
        found: String,
    },
}

/// Tensors by name.
pub(crate) type Named = Vec<(String, Tensor)>;

const CARD: &str = "annulus.card";
const CARD_HASH: &str = "annulus.card.sha256";

fn text_digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// SHA-256 of names, shapes and bytes, in order of name.
pub(crate) fn digest(tensors: &[(String, Tensor)]) -> String {
    let sorted: BTreeMap<&str, &Tensor> = tensors.iter().map(|(n, t)| (n.as_str(), t)).collect();
    let mut hash = Sha256::new();
    for (name, t) in sorted {
        hash.update(name.as_bytes());
        hash.update(format!("{:?}", t.size()).as_bytes());
        hash.update(Stored::new(t).data());
    }
    hex(&hash.finalize())
}

/// A tensor as it lies in a file: double precision and bytes as they are, all else in single precision.
struct Stored {
    tensor: Tensor,
    shape: Vec<usize>,
}

impl Stored {
    fn new(t: &Tensor) -> Self {
        let kind = match t.kind() {
            kind @ (Kind::Double | Kind::Uint8) => kind,
            _ => Kind::Float,
        };
        let tensor = t.detach().to_kind(kind);
        Stored {
            shape: tensor.size().iter().map(|n| *n as usize).collect(),
            tensor: tensor.to_device(Device::Cpu).contiguous(),
        }
    }
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        match self.tensor.kind() {
            Kind::Double => Dtype::F64,
            Kind::Uint8 => Dtype::U8,
            _ => Dtype::F32,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = vec![0u8; self.data_len()];
        self.tensor.copy_data_u8(&mut bytes, self.tensor.numel());
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        self.tensor.numel() * self.dtype().bitsize() / 8
    }
}

fn stored(tensors: &[(String, Tensor)]) -> impl Iterator<Item = (&str, Stored)> {
    tensors.iter().map(|(n, t)| (n.as_str(), Stored::new(t)))
}

/// Named tensors and text as one safetensors blob.
pub(crate) fn serialise(
    tensors: &[(String, Tensor)],
    text: HashMap<String, String>,
) -> Result<Vec<u8>, String> {
    safetensors::serialize(stored(tensors), Some(text)).map_err(|e| e.to_string())
}

/// The reverse of [`serialise`].
pub(crate) fn deserialise(blob: &[u8]) -> Result<(Named, HashMap<String, String>), String> {
    let (_, metadata) = SafeTensors::read_metadata(blob).map_err(|e| e.to_string())?;
    let text = metadata.metadata().clone().unwrap_or_default();
    let file = SafeTensors::deserialize(blob).map_err(|e| e.to_string())?;
    let tensors = file.tensors().into_iter().map(|(name, view)| {
        let kind = match view.dtype() {
            Dtype::F32 => Kind::Float,
            Dtype::F64 => Kind::Double,
            Dtype::U8 => Kind::Uint8,
            other => return Err(format!("tensor `{name}` is {other:?}, expected F32 or F64")),
        };
        let shape: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
        let tensor = Tensor::f_from_data_size(view.data(), &shape, kind);
        Ok((name, tensor.map_err(|e| e.to_string())?))
    });
    Ok((tensors.collect::<Result<_, _>>()?, text))
}

/// Writes weights and card to `path`, beside and then renamed.
pub fn write_prior(
    path: &Path,
    card: &Card,
    tensors: &[(String, Tensor)],
) -> Result<(), PriorError> {
    let fail = |why: String| PriorError::File {
        path: path.display().to_string(),
        why,
    };
    let json = serde_json::to_string(card).map_err(|e| fail(e.to_string()))?;
    let text = HashMap::from([(CARD_HASH.into(), text_digest(&json)), (CARD.into(), json)]);
    let place = AtomicPath::create(path, true).map_err(|e| fail(e.to_string()))?;
    safetensors::serialize_to_file(stored(tensors), Some(text), place.path())
        .map_err(|e| fail(e.to_string()))?;
    place.finish().map_err(|e| fail(e.to_string()))
}

/// Reads weights and card from a file's bytes; `name` is for messages.
pub fn read_prior(name: &str, blob: &[u8]) -> Result<(Card, Vec<(String, Tensor)>), PriorError> {
    let fail = |why: String| PriorError::File {
        path: name.into(),
        why,
    };
    let (tensors, text) =
        deserialise(blob).map_err(|e| fail(format!("not a safetensors file of a prior: {e}")))?;
    let json = text.get(CARD).ok_or_else(|| {
        fail(format!(
            "has no model card (metadata key `{CARD}`): `annulus prior convert` makes a prior \
             of the weights of others, `annulus train` a new one"
        ))
    })?;
    let (found, expected) = (
        text_digest(json),
        text.get(CARD_HASH).cloned().unwrap_or_default(),
    );
    if found != expected {
        return Err(PriorError::Hash {
            path: name.into(),
            what: "model card",
            expected,
            found,
        });
    }
    let card: Card =
        serde_json::from_str(json).map_err(|e| fail(format!("its model card is damaged: {e}")))?;
    if let Some(problem) = card.problem() {
        return Err(fail(format!("its model card makes no sense: {problem}")));
    }
    let found = digest(&tensors);
    if found != card.weights_sha256 {
        let expected = card.weights_sha256.clone();
        return Err(PriorError::Hash {
            path: name.into(),
            what: "weights",
            expected,
            found,
        });
    }
    Ok((card, tensors))
}

/// A [`Source`] over loaded tensors that keeps account of what does not fit.
pub(crate) struct Loaded {
    tensors: HashMap<String, Tensor>,
    device: Device,
    mismatches: Vec<String>,
}

impl Loaded {
    pub(crate) fn new(tensors: Vec<(String, Tensor)>, device: Device) -> Self {
        Loaded {
            tensors: tensors.into_iter().collect(),
            device,
            mismatches: Vec::new(),
        }
    }

    /// Every missing, mis-shaped or unexpected tensor as an error.
    pub(crate) fn finish(mut self, name: &str) -> Result<(), PriorError> {
        let mut left: Vec<_> = self.tensors.keys().cloned().collect();
        left.sort();
        self.mismatches
            .extend(left.iter().map(|n| format!("unexpected `{n}`")));
        if self.mismatches.is_empty() {
            return Ok(());
        }
        let mismatches = self.mismatches.join(", ");
        Err(PriorError::Tensors {
            path: name.into(),
            mismatches,
        })
    }
}

impl Source for Loaded {
    fn take(&mut self, name: &str, shape: &[i64], _: f64) -> Tensor {
        let blank = || Tensor::zeros(shape, (Kind::Float, self.device));
        match self.tensors.remove(name) {
            Some(t) if t.size() == shape => t.to_device(self.device),
            Some(t) => {
                let found = t.size();
                self.mismatches
                    .push(format!("`{name}` is {found:?}, expected {shape:?}"));
                blank()
            }
            None => {
                self.mismatches.push(format!("missing `{name}`"));
                blank()
            }
        }
    }
}
