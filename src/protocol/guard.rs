//! How long a correction may be that went through the network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many times the direct correction, or the rule for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number or \"rule\"")]
pub enum Guard {
    /// So many times.
    Times(f64),
    /// By how far a level goes.
    Rule(GuardRule),
}

/// How the number is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GuardRule {
    /// The inverse of the share of the way to the image that the state goes at a level, 1.5 at least.
    Rule,
}

impl Guard {
    /// The number that is given.
    pub fn given(self) -> Option<f64> {
        match self {
            Self::Times(times) => Some(times),
            Self::Rule(GuardRule::Rule) => None,
        }
    }
}
