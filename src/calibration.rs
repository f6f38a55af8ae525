//! Is a posterior a posterior? Statistics of truths among draws, without any model of their own.
//!
//! If a truth comes from the prior and its data from the truth, then the truth and M exact posterior
//! draws are exchangeable: whatever is computed of them cannot tell which one is the truth. Every
//! file here is one consequence of that.
//!
//! - [`Ranks`]: the rank of the truth among the draws is uniform (simulation-based calibration):
//!   [`RankHistogram`] with χ², [`EcdfTest`] with an exact simultaneous band, [`Diagnosis`] in words
//!   with a size. [`Sbc`] keeps the ranks of many [`Functional`]s of images, those of the measured
//!   and of the unmeasured part apart.
//! - [`Coverage`]: central intervals hold the truth as often as they say.
//! - [`Errors`]: predicted deviations against errors, [`Reliability`] and [`SpreadSkill`].
//! - [`crps`], [`energy_score`]: proper scores of one ensemble, to compare samplers by.
//! - [`Tarp`]: expected coverage around random references, for all pixels together.
//! - [`w2_per_mode`], [`sliced_w1`]: distances to a posterior that is known.
//!
//! Every result is a function of its arguments and seed.

mod binomial;
mod case;
mod coverage;
mod diagnosis;
mod distance;
mod ecdf;
mod error;
mod errors;
mod functional;
mod histogram;
mod ranks;
mod reliability;
mod sbc;
mod score;
mod special;
mod spread;
mod tarp;
#[cfg(test)]
mod testing;

pub use case::Case;
pub use coverage::{Coverage, CoverageLevel};
pub use diagnosis::{Diagnosis, Finding, Measured};
pub use distance::{Marginals, sliced_w1, w2_per_mode};
pub use ecdf::{EcdfBand, EcdfTest};
pub use error::CalibrationError;
pub use errors::Errors;
pub use functional::{Functional, Part, Split};
pub use histogram::RankHistogram;
pub use ranks::Ranks;
pub use reliability::{Reliability, ReliabilityBin};
pub use sbc::{Sbc, SbcLine};
pub use score::{Estimator, crps, crps_gaussian, energy_score};
pub(crate) use special::normal_quantile;
pub use spread::SpreadSkill;
pub use tarp::{ReferenceBox, Tarp, TarpCurve};

/// What the functions of this module return.
pub type Result<T> = std::result::Result<T, CalibrationError>;
