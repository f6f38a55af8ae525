//! Pulse sequences and their signal equations.

use std::f64::consts::TAU;

use num_complex::Complex64;

use super::relaxation::Relaxation;

/// A pulse sequence in its steady state, with ideal pulses.
///
/// The equations use `E1 = exp(-TR / T1)`, `E2 = exp(-TR / T2)` and the density `rho`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sequence {
    /// 90 and 180 degrees:
    /// `rho (1 - 2 exp(-(TR - TE / 2) / T1) + E1) exp(-TE / T2)`.
    ///
    /// Also a fast spin echo with its effective TE.
    SpinEcho {
        /// Repetition time in seconds.
        tr_s: f64,
        /// Echo time in seconds.
        te_s: f64,
    },
    /// A spin echo that begins TI after an inversion:
    /// `rho (1 - 2 exp(-TI / T1) + 2 exp(-(TR - TE / 2) / T1) - E1) exp(-TE / T2)`.
    ///
    /// Negative before the magnetisation has come through zero.
    InversionRecovery {
        /// Time from inversion to inversion in seconds.
        tr_s: f64,
        /// Echo time in seconds.
        te_s: f64,
        /// Inversion time in seconds.
        ti_s: f64,
    },
    /// An inversion recovery at the TI ([`null_time_s`]) at which a fluid has no signal.
    Flair {
        /// Time from inversion to inversion in seconds.
        tr_s: f64,
        /// Echo time in seconds.
        te_s: f64,
        /// T1 of the fluid in seconds.
        fluid_t1_s: f64,
    },
    /// Gradient echoes with all transverse magnetisation spoiled between them:
    /// `rho sin(a) (1 - E1) / (1 - E1 cos(a)) exp(-TE / T2*)`.
    ///
    /// Also called FLASH, SPGR, T1-FFE. The signal is largest at the Ernst angle, `cos(a) = E1`.
    SpoiledGradientEcho {
        /// Repetition time in seconds.
        tr_s: f64,
        /// Echo time in seconds.
        te_s: f64,
        /// Flip angle `a` in radians.
        flip_rad: f64,
    },
    /// Balanced steady-state free precession with pulses of alternating sign and TE = TR / 2:
    /// `rho sin(a) (1 - E1) sqrt(E2) / (1 - (E1 - E2) cos(a) - E1 E2)` on resonance.
    ///
    /// Also called TrueFISP, FIESTA, bFFE.
    BalancedSsfp {
        /// Repetition time in seconds.
        tr_s: f64,
        /// Flip angle `a` in radians.
        flip_rad: f64,
    },
}

impl Sequence {
    /// T1 weighting by a spoiled gradient echo: 15 ms, 4 ms, 25 degrees.
    pub const T1_GRADIENT_ECHO: Self = Self::SpoiledGradientEcho {
        tr_s: 0.015,
        te_s: 0.004,
        flip_rad: 25f64.to_radians(),
    };
    /// T1 weighting by a spin echo: 500 ms, 15 ms.
    pub const T1_SPIN_ECHO: Self = Self::SpinEcho {
        tr_s: 0.5,
        te_s: 0.015,
    };
    /// T2 weighting by a fast spin echo: 4 s, 100 ms.
    pub const T2: Self = Self::SpinEcho {
        tr_s: 4.0,
        te_s: 0.1,
    };
    /// Weighting by the density of protons, by a fast spin echo: 2.5 s, 20 ms.
    pub const PROTON_DENSITY: Self = Self::SpinEcho {
        tr_s: 2.5,
        te_s: 0.02,
    };
    /// Proton density of the knee: 2.87 s, 33 ms (the fat saturation is not modelled).
    pub const KNEE: Self = Self::SpinEcho {
        tr_s: 2.87,
        te_s: 0.033,
    };
    /// Strong T1 weighting by an inversion recovery: 2.5 s, 15 ms, TI 900 ms.
    pub const INVERSION_RECOVERY: Self = Self::InversionRecovery {
        tr_s: 2.5,
        te_s: 0.015,
        ti_s: 0.9,
    };
    /// Balanced SSFP: 5 ms, 45 degrees.
    pub const SSFP: Self = Self::BalancedSsfp {
        tr_s: 0.005,
        flip_rad: 45f64.to_radians(),
    };

    /// T2 weighting without the fluid whose T1 is given: 9 s, 120 ms.
    pub const fn flair(fluid_t1_s: f64) -> Self {
        Self::Flair {
            tr_s: 9.0,
            te_s: 0.12,
            fluid_t1_s,
        }
    }

    /// The signal on resonance, relative to the full magnetisation of water.
    ///
    /// Positive, but for an inversion recovery before its zero. Finite for every tissue with times
    /// of 0 or more if the sequence passes [`check`](Self::check).
    pub fn signal(&self, tissue: &Relaxation) -> f64 {
        let (density, t1_s) = (tissue.density, tissue.t1_s);
        let recovered =
            |tr_s: f64, te_s: f64| 1.0 - 2.0 * decay(tr_s - te_s / 2.0, t1_s) + decay(tr_s, t1_s);
        match *self {
            Self::SpinEcho { tr_s, te_s } => {
                density * recovered(tr_s, te_s) * decay(te_s, tissue.t2_s)
            }
            Self::InversionRecovery { tr_s, te_s, ti_s } => {
                let inverted = 2.0 * (1.0 - decay(ti_s, t1_s)) - recovered(tr_s, te_s);
                density * inverted * decay(te_s, tissue.t2_s)
            }
            Self::Flair {
                tr_s,
                te_s,
                fluid_t1_s,
            } => {
                let ti_s = null_time_s(tr_s, te_s, fluid_t1_s);
                Self::InversionRecovery { tr_s, te_s, ti_s }.signal(tissue)
            }
            Self::SpoiledGradientEcho {
                tr_s,
                te_s,
                flip_rad,
            } => {
                let e1 = decay(tr_s, t1_s);
                density * flip_rad.sin() * (1.0 - e1) / (1.0 - e1 * flip_rad.cos())
                    * decay(te_s, tissue.t2_star_s)
            }
            Self::BalancedSsfp { tr_s, flip_rad } => balanced(tissue, tr_s, flip_rad, 0.0).re,
        }
    }

    /// The signal of spins that are off resonance, which precess by `exp(2 pi i f t)`.
    ///
    /// A spin echo refocuses them. A gradient echo has turned by `2 pi f TE`. In balanced SSFP,
    /// with `phi = 2 pi f TR`, `C = E2 (E1 - 1) (1 + cos(a))` and
    /// `D = 1 - E1 cos(a) - (E1 - cos(a)) E2²`, the signal is
    /// `rho sin(a) (1 - E1) (1 + E2 exp(-i phi)) exp(i phi / 2) sqrt(E2) / (D - C cos(phi))`:
    /// bands without signal at `f = 1 / (2 TR)` (Freeman and Hill 1971, with `theta = phi + pi`).
    pub fn signal_off_resonance(&self, tissue: &Relaxation, off_resonance_hz: f64) -> Complex64 {
        match *self {
            Self::SpoiledGradientEcho { te_s, .. } => {
                Complex64::cis(TAU * off_resonance_hz * te_s) * self.signal(tissue)
            }
            Self::BalancedSsfp { tr_s, flip_rad } => {
                balanced(tissue, tr_s, flip_rad, TAU * off_resonance_hz * tr_s)
            }
            _ => Complex64::from(self.signal(tissue)),
        }
    }
}

/// The inversion time at which a tissue has no signal:
/// `TI = T1 ln(2 / (1 + 2 exp(-(TR - TE / 2) / T1) - E1))`.
///
/// The exact zero of [`Sequence::InversionRecovery`]; `T1 ln(2)` for long TR.
pub fn null_time_s(tr_s: f64, te_s: f64, t1_s: f64) -> f64 {
    t1_s * (2.0 / (1.0 + 2.0 * decay(tr_s - te_s / 2.0, t1_s) - decay(tr_s, t1_s))).ln()
}

/// `exp(-t / T)`, also for what decays at once.
fn decay(time_s: f64, constant_s: f64) -> f64 {
    if time_s == 0.0 {
        1.0
    } else {
        (-time_s / constant_s).exp()
    }
}

/// Balanced SSFP at its echo, half way between two pulses; `phi` is the precession in TR.
fn balanced(tissue: &Relaxation, tr_s: f64, flip_rad: f64, phi: f64) -> Complex64 {
    let (e1, e2) = (decay(tr_s, tissue.t1_s), decay(tr_s, tissue.t2_s));
    let (sin, cos) = flip_rad.sin_cos();
    let c = e2 * (e1 - 1.0) * (1.0 + cos);
    let d = 1.0 - e1 * cos - (e1 - cos) * e2 * e2;
    // (1 + E2 exp(-i phi)) exp(i phi / 2), in a form that is real on resonance.
    let (s, k) = (0.5 * phi).sin_cos();
    let echo = Complex64::new((1.0 + e2) * k, (1.0 - e2) * s);
    echo * (tissue.density * sin * (1.0 - e1) * e2.sqrt() / (d - c * phi.cos()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    use crate::mr::BrainWebTissue;

    const CSF: Relaxation = BrainWebTissue::Csf.relaxation();
    const WHITE: Relaxation = BrainWebTissue::White.relaxation();

    #[test]
    fn the_ernst_angle_gives_the_most_signal() {
        let (tr_s, te_s) = (0.02, 0.005);
        let at = |flip_rad| {
            Sequence::SpoiledGradientEcho {
                tr_s,
                te_s,
                flip_rad,
            }
            .signal(&WHITE)
        };
        let ernst = (-tr_s / WHITE.t1_s).exp().acos();
        for step in [-0.2, -1e-3, 1e-3, 0.2] {
            assert!(at(ernst) > at(ernst + step), "{step}");
        }
        // The value there, in closed form: sqrt((1 - E1) / (1 + E1)).
        let e1 = ernst.cos();
        let best = ((1.0 - e1) / (1.0 + e1)).sqrt() * (-te_s / WHITE.t2_star_s).exp();
        assert!((at(ernst) / (WHITE.density * best) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn without_te_and_with_endless_tr_the_density_is_left() {
        let flip_rad = PI / 2.0;
        let (tr_s, te_s) = (1e3, 0.0);
        for sequence in [
            Sequence::SpinEcho { tr_s, te_s },
            Sequence::SpoiledGradientEcho {
                tr_s,
                te_s,
                flip_rad,
            },
            Sequence::InversionRecovery {
                tr_s,
                te_s,
                ti_s: 500.0,
            },
        ] {
            assert!((sequence.signal(&WHITE) - WHITE.density).abs() < 1e-15);
            // Also of what decays at once: no echo time, no decay.
            let solid = Relaxation::new(0.3, 0.0, 0.0);
            assert!((sequence.signal(&solid) - 0.3).abs() < 1e-15);
        }
    }

    #[test]
    fn an_inversion_recovery_changes_sign_at_its_null_time() {
        let (tr_s, te_s) = (3.0, 0.02);
        let null = null_time_s(tr_s, te_s, WHITE.t1_s);
        let at = |ti_s| Sequence::InversionRecovery { tr_s, te_s, ti_s }.signal(&WHITE);
        assert!(at(null).abs() < 1e-15 && at(null - 0.01) < 0.0 && at(null + 0.01) > 0.0);
        assert!((null_time_s(1e3, te_s, 0.5) - 0.5 * 2f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn flair_leaves_the_brain_and_no_fluid() {
        let flair = Sequence::flair(CSF.t1_s);
        assert!(flair.signal(&CSF).abs() < 1e-3 * CSF.density);
        assert!(flair.signal(&BrainWebTissue::Grey.relaxation()) > 0.1);
        let lesion = BrainWebTissue::Lesion.relaxation();
        assert!(flair.signal(&lesion) > 1.5 * flair.signal(&WHITE));
    }

    #[test]
    fn balanced_ssfp_is_its_closed_form_on_resonance_and_dark_between_the_bands() {
        let Sequence::BalancedSsfp { tr_s, flip_rad } = Sequence::SSFP else {
            unreachable!()
        };
        let (e1, e2) = ((-tr_s / CSF.t1_s).exp(), (-tr_s / CSF.t2_s).exp());
        let (sin, cos) = flip_rad.sin_cos();
        let closed = sin * (1.0 - e1) * e2.sqrt() / (1.0 - (e1 - e2) * cos - e1 * e2);
        assert!((Sequence::SSFP.signal(&CSF) / closed - 1.0).abs() < 1e-12);
        let at = |hz| Sequence::SSFP.signal_off_resonance(&CSF, hz);
        assert!(at(0.5 / tr_s).norm() < 0.1 * closed);
        // The next band has the opposite sign, and the one after it is the first again.
        assert!((at(1.0 / tr_s) + at(0.0)).norm() < 1e-12);
        assert!((at(13.0 + 2.0 / tr_s) - at(13.0)).norm() < 1e-12);
    }
}
