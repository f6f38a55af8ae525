//! A number, or the rule that finds it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number, or `"rule"`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number or \"rule\"")]
pub enum ByRule {
    /// The number.
    Given(f64),
    /// By the rule of its key.
    Rule(Rule),
}

/// How the number is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// By the one rule that there is.
    Rule,
}

impl ByRule {
    /// The number that is given.
    pub fn given(self) -> Option<f64> {
        match self {
            Self::Given(number) => Some(number),
            Self::Rule(Rule::Rule) => None,
        }
    }
}
