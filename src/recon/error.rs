//! Everything that can stop a reconstruction, each with its way out.

use crate::guidance::SampleError;
use crate::io::IoError;
use crate::protocol::ProtocolError;
use crate::score::PriorError;

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReconError {
    /// A file.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The prior.
    #[error(transparent)]
    Prior(#[from] PriorError),
    /// The noise scan or the noise level.
    #[error("whitening: {0}")]
    Whitening(#[from] operators::mri::whitening::WhiteningError),
    /// The sensitivities.
    #[error("slice {slice}: sensitivities: {source}")]
    Sensitivities {
        /// Slice of the volume.
        slice: usize,
        /// What ESPIRiT said.
        source: operators::mri::espirit::EspiritError,
    },
    /// The sampler.
    #[error("slice {slice}: {source}")]
    Sampling {
        /// Slice of the volume.
        slice: usize,
        /// What it said.
        source: SampleError,
    },
    /// An operator.
    #[error("slice {slice}: {source}")]
    Operator {
        /// Slice of the volume.
        slice: usize,
        /// What it said.
        source: operators::Error,
    },
    /// Options that cannot be met.
    #[error("{0}")]
    Request(String),
    /// Ctrl-C.
    #[error("interrupted at slice {slice}; no output was written")]
    Interrupted {
        /// Slice of the volume.
        slice: usize,
    },
}

impl ReconError {
    /// An operator's error at a slice.
    pub(crate) fn at(slice: usize) -> impl Fn(operators::Error) -> Self {
        move |source| ReconError::Operator { slice, source }
    }
}
