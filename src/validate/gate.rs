//! A number, its limit, and why the limit is what it is.

use super::evidence::Evidence;
use super::report::device;
pub(super) use crate::plot::number;
use serde::{Deserialize, Serialize};

/// What a number may be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// At most so much.
    AtMost(f64),
    /// At least so much.
    AtLeast(f64),
    /// Between two numbers.
    Between(f64, f64),
}

impl Limit {
    /// Whether a number keeps to it; one that is not a number does not.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Limit::AtMost(most) => value <= most,
            Limit::AtLeast(least) => value >= least,
            Limit::Between(least, most) => (least..=most).contains(&value),
        }
    }

    /// In words: `at most 1.0e-12`.
    pub fn words(self) -> String {
        match self {
            Limit::AtMost(most) => format!("at most {}", number(most)),
            Limit::AtLeast(least) => format!("at least {}", number(least)),
            Limit::Between(least, most) => format!("{} to {}", number(least), number(most)),
        }
    }
}

/// One number of the evidence against its limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Its name, the check's first: `ct.hu.bone`.
    pub id: String,
    /// What was measured, with its unit.
    pub what: String,
    /// The number.
    pub value: f64,
    /// What it may be.
    pub limit: Limit,
    /// Why.
    pub why: String,
    /// Whether it is.
    pub passed: bool,
}

impl Gate {
    /// A measured number against its limit.
    pub fn new(
        id: impl Into<String>,
        what: impl Into<String>,
        value: f64,
        limit: Limit,
        why: impl Into<String>,
    ) -> Self {
        Gate {
            id: id.into(),
            what: what.into(),
            value,
            limit,
            why: why.into(),
            passed: limit.holds(value),
        }
    }
}

/// The largest of some numbers, at least 0; not a number if one of them is not.
pub(super) fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    let larger = |most: f64, v: f64| match v.is_nan() || most.is_nan() {
        true => f64::NAN,
        false => most.max(v),
    };
    values.into_iter().fold(0.0, larger)
}

/// Gates of adjoint and linearity in the arithmetic that reconstructions use.
pub(super) fn in_single_precision(
    evidence: &mut Evidence,
    check: &str,
    backend: &str,
    [adjoint, linear]: [f64; 2],
) {
    let device = match backend {
        "host" => "cpu".to_owned(),
        _ => device(),
    };
    for (name, gap, what) in [
        ("adjoint", adjoint, "|<A x, y> - <x, A* y>| / (|A x| |y|)"),
        ("linear", linear, "|A(x + a y) - A x - a A y| / |A x|"),
    ] {
        evidence.at_most(
            &format!("{check}.single.{backend}.{name}"),
            &format!("{what}, in single precision on {device}"),
            gap,
            1e-6,
            "rounding of single precision, in the code that reconstructions run",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_passes_no_gate() {
        for limit in [
            Limit::AtMost(1.0),
            Limit::AtLeast(-1.0),
            Limit::Between(-1.0, 1.0),
        ] {
            assert!(limit.holds(0.5) && !limit.holds(f64::NAN), "{limit:?}");
        }
        assert!(!Limit::AtMost(1.0).holds(1.1) && !Limit::AtLeast(1.0).holds(0.9));
    }

    #[test]
    fn what_is_no_number_is_the_largest() {
        assert!(largest([1.0, f64::NAN, 2.0]).is_nan());
        assert_eq!(largest([1.0, 3.0, 2.0]), 3.0);
    }
}
