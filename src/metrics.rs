//! Image metrics as the field computes them, with their conventions named.
//!
//! [`Pair`] holds an image against its reference, checked once; the functions over it never see bad input. Sums are in
//! double precision whatever the pixels are. Volumes are (slice, row, column).
//!
//! | what | convention | file |
//! |---|---|---|
//! | [`nmse`], [`psnr`] | fastMRI, LoDoPaB by [`DataRange`] | `nmse`, `psnr`, `range` |
//! | [`Ssim`] | scikit-image's default, Wang 2004, RED-CNN | `ssim`, `filter` |
//! | [`nrmse`], [`nrmse_fitted`] | scikit-image, BART | `nrmse` |
//! | [`phase_error`] | where the reference is above 10 % of its maximum | `phase` |
//! | [`hu_errors`], [`windowed`], [`HuMetrics`] | tissue classes by HU, RED-CNN's window | `tissue`, `windowed`, `hu` |
//! | [`chi_square`], [`poisson_deviance`] | per real measurement | `misfit` |
//! | [`EdgeProfile`], [`Mtf`] | oversampled edge | `edge`, `mtf` |
//! | [`Nps`] | ICRU 87 | `nps` |
//! | [`cnr`], [`uniformity`] | ACR | `contrast` |
//! | [`Channels`], [`Detectability`], [`npw`] | model observers | `channels`, `observer` |
//! | [`false_structures`] | connected parts of the error | `false_structures`, `parts` |
//! | [`Metrics`] | what a report shows of a reconstruction | `fastmri` |

mod channels;
mod contrast;
mod edge;
mod error;
mod false_structures;
mod fastmri;
mod filter;
mod hu;
mod linear;
mod misfit;
mod mtf;
mod nmse;
mod nps;
mod nrmse;
mod observer;
mod pair;
mod parts;
mod phase;
mod psnr;
mod range;
mod ssim;
mod tissue;
mod value;
mod windowed;

#[cfg(test)]
mod testing;

pub use channels::Channels;
pub use contrast::{cnr, uniformity};
pub use edge::{Edge, EdgeProfile};
pub use error::MetricsError;
pub use false_structures::{FalseStructures, StructureRule, false_structures};
pub use fastmri::{Metrics, ssim};
pub use hu::{BrainMetrics, HuMetrics, Samples, brain};
pub use misfit::{Misfit, Noise, chi_square, poisson_deviance};
pub use mtf::{EdgeFit, Mtf, MtfSettings, Taper};
pub use nmse::nmse;
pub use nps::{Detrend, Nps, RadialNps, rois};
pub use nrmse::{Fitted, Normalisation, nrmse, nrmse_fitted};
pub use observer::{Detectability, npw};
pub use pair::Pair;
pub use phase::{PhaseError, phase_error};
pub use psnr::psnr;
pub use range::DataRange;
pub use ssim::{Border, Ssim, Window};
pub use tissue::{HuError, TISSUES, Tissue, hu_errors};
pub use value::Value;
pub use windowed::{Windowed, windowed};
