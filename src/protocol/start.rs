//! Where a sampler starts from a classical image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The level that the classical image is noised to, or how it is found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number or \"rule\"")]
pub enum StartSigma {
    /// In image units.
    Given(f64),
    /// From the data and the model card.
    Rule(StartRule),
}

/// How the level is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StartRule {
    /// Four deviations of what the data leave open under the covariance of the card, in the worst ring of
    /// frequencies; from noise where that is above `sigma_max`.
    Rule,
}

impl StartSigma {
    /// The level that is given.
    pub fn given(self) -> Option<f64> {
        match self {
            Self::Given(sigma) => Some(sigma),
            Self::Rule(StartRule::Rule) => None,
        }
    }
}
