//! The one error of this module: which statistic, what was expected, what came, and the way out.

use std::fmt::Display;

/// Why a statistic could not be computed.
///
/// The message is one line: `what: expected …, got …; way out`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{what}: expected {expected}, got {found}; {remedy}")]
pub struct CalibrationError {
    /// The statistic, or the functional.
    pub what: String,
    /// What it needs.
    pub expected: String,
    /// What it was given.
    pub found: String,
    /// What the caller can do about it.
    pub remedy: String,
}

impl CalibrationError {
    pub(super) fn new(
        what: impl Display,
        expected: impl Display,
        found: impl Display,
        remedy: impl Display,
    ) -> Self {
        CalibrationError {
            what: what.to_string(),
            expected: expected.to_string(),
            found: found.to_string(),
            remedy: remedy.to_string(),
        }
    }
}

/// Refuses NaN and infinities, which compare with nothing.
pub(super) fn finite<'a>(
    what: &str,
    values: impl IntoIterator<Item = &'a f64>,
) -> Result<(), CalibrationError> {
    let mut values = values.into_iter().enumerate();
    match values.find(|(_, v)| !v.is_finite()) {
        None => Ok(()),
        Some((at, v)) => Err(CalibrationError::new(
            what,
            "finite values",
            format_args!("{v} at index {at}"),
            "find out what made it: a diverged sample counts as a failure, not as a draw",
        )),
    }
}

/// Refuses levels outside of (0, 1).
pub(super) fn level(what: &str, value: f64) -> Result<(), CalibrationError> {
    if value > 0.0 && value < 1.0 {
        return Ok(());
    }
    let remedy = "give the probability of the band, such as 0.999";
    Err(CalibrationError::new(
        what,
        "a level between 0 and 1",
        value,
        remedy,
    ))
}

/// Refuses fewer than `least` of something.
pub(super) fn at_least(
    what: &str,
    things: &str,
    least: usize,
    got: usize,
) -> Result<(), CalibrationError> {
    if got >= least {
        return Ok(());
    }
    let expected = format_args!("at least {least} {things}");
    let remedy = format_args!("simulate more {things}");
    Err(CalibrationError::new(what, expected, got, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_has_all_four_parts() {
        let error = finite("ranks", &[1.0, f64::NAN]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ranks: expected finite values, got NaN at index 1; find out what made it: a diverged \
             sample counts as a failure, not as a draw"
        );
        assert!(level("band", 1.0).is_err() && level("band", f64::NAN).is_err());
        assert!(
            at_least("ranks", "cases", 2, 1)
                .unwrap_err()
                .to_string()
                .contains("2 cases")
        );
    }
}
