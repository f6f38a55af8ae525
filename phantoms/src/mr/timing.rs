//! Whether a sequence can be played.

use std::f64::consts::PI;

use super::sequence::{Sequence, null_time_s};
use crate::error::PhantomError;

impl Sequence {
    /// Whether the pulses can follow one another: times finite, not negative and in their order,
    /// angles of 0 to pi.
    pub fn check(&self) -> Result<(), PhantomError> {
        let repetition = |tr_s: f64| need(positive(tr_s), "TR in s", "above 0", tr_s);
        let echo = |te_s: f64, left_s: f64| {
            let holds = (0.0..=left_s).contains(&te_s);
            need(holds, "TE in s", "of 0 to what TR leaves", te_s)
        };
        let angle = |a: f64| {
            let holds = positive(a) && a <= PI;
            need(holds, "the flip angle in rad", "above 0, up to pi", a)
        };
        match *self {
            Self::SpinEcho { tr_s, te_s } => repetition(tr_s).and(echo(te_s, tr_s)),
            Self::InversionRecovery { tr_s, te_s, ti_s } => repetition(tr_s)
                .and(need(
                    (0.0..=tr_s).contains(&ti_s),
                    "TI in s",
                    "of 0 to TR",
                    ti_s,
                ))
                .and(echo(te_s, tr_s - ti_s)),
            Self::Flair {
                tr_s,
                te_s,
                fluid_t1_s,
            } => repetition(tr_s)
                .and(need(
                    positive(fluid_t1_s),
                    "the fluid's T1 in s",
                    "above 0",
                    fluid_t1_s,
                ))
                .and(echo(te_s, tr_s - null_time_s(tr_s, te_s, fluid_t1_s))),
            Self::SpoiledGradientEcho {
                tr_s,
                te_s,
                flip_rad,
            } => repetition(tr_s).and(echo(te_s, tr_s)).and(angle(flip_rad)),
            Self::BalancedSsfp { tr_s, flip_rad } => repetition(tr_s).and(angle(flip_rad)),
        }
    }
}

fn positive(x: f64) -> bool {
    x > 0.0 && x.is_finite()
}

fn need(
    holds: bool,
    name: &'static str,
    expected: &'static str,
    got: f64,
) -> Result<(), PhantomError> {
    holds.then_some(()).ok_or(PhantomError::Quantity {
        name,
        expected,
        got,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_played_is_an_error_that_names_the_time() {
        let flip_rad = 0.5;
        let (tr_s, te_s) = (0.5, 0.02);
        for (bad, name) in [
            (Sequence::SpinEcho { tr_s: 0.0, te_s }, "TR"),
            (Sequence::SpinEcho { tr_s, te_s: 0.6 }, "TE"),
            (
                Sequence::SpinEcho {
                    tr_s,
                    te_s: f64::NAN,
                },
                "TE",
            ),
            (
                Sequence::InversionRecovery {
                    tr_s,
                    te_s,
                    ti_s: 0.49,
                },
                "TE",
            ),
            (
                Sequence::InversionRecovery {
                    tr_s,
                    te_s,
                    ti_s: -1.0,
                },
                "TI",
            ),
            (
                Sequence::Flair {
                    tr_s,
                    te_s,
                    fluid_t1_s: 0.0,
                },
                "fluid",
            ),
            (
                Sequence::SpoiledGradientEcho {
                    tr_s,
                    te_s,
                    flip_rad: 4.0,
                },
                "flip",
            ),
            (
                Sequence::BalancedSsfp {
                    tr_s: f64::INFINITY,
                    flip_rad,
                },
                "TR",
            ),
        ] {
            let error = bad.check().unwrap_err().to_string();
            assert!(error.contains(name), "{bad:?}: {error}");
        }
        for good in [
            Sequence::T1_GRADIENT_ECHO,
            Sequence::T1_SPIN_ECHO,
            Sequence::T2,
            Sequence::PROTON_DENSITY,
            Sequence::KNEE,
            Sequence::SSFP,
            Sequence::flair(4.2),
        ] {
            assert!(good.check().is_ok(), "{good:?}");
        }
    }
}
