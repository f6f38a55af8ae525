//! The signal equations against the Bloch equations: ideal pulses and free precession of one
//! magnetisation vector, repeated until nothing changes.

use std::f64::consts::{PI, TAU};

use num_complex::Complex64;

use super::{BrainWebTissue, NIST_T2_ARRAY, Relaxation, Sequence, null_time_s};

/// A magnetisation vector, transverse part and longitudinal part, of full length 1.
#[derive(Clone, Copy)]
struct Spin {
    xy: Complex64,
    z: f64,
}

/// What a spin does between pulses.
#[derive(Clone, Copy)]
struct Medium {
    t1_s: f64,
    t2_s: f64,
    off_resonance_hz: f64,
}

impl Spin {
    const REST: Self = Self {
        xy: Complex64::ZERO,
        z: 1.0,
    };

    /// A turn about the y axis that takes z to x.
    fn about_y(self, angle_rad: f64) -> Self {
        let (s, c) = angle_rad.sin_cos();
        Self {
            xy: Complex64::new(c * self.xy.re + s * self.z, self.xy.im),
            z: c * self.z - s * self.xy.re,
        }
    }

    /// Half a turn about the x axis.
    fn refocused(self) -> Self {
        Self {
            xy: self.xy.conj(),
            z: -self.z,
        }
    }

    fn free(self, medium: Medium, time_s: f64) -> Self {
        let turn = Complex64::cis(TAU * medium.off_resonance_hz * time_s);
        Self {
            xy: self.xy * turn * (-time_s / medium.t2_s).exp(),
            z: 1.0 + (self.z - 1.0) * (-time_s / medium.t1_s).exp(),
        }
    }

    fn spoiled(self) -> Self {
        Self {
            xy: Complex64::ZERO,
            ..self
        }
    }
}

/// The echo of a cycle of `tr_s` that is repeated until what is left of the start has decayed to
/// `exp(-40)`; `cycle` returns the echo and the spin at the end.
fn steady(m: Medium, tr_s: f64, cycle: impl Fn(Spin) -> (Complex64, Spin)) -> Complex64 {
    let repetitions = (40.0 * m.t1_s / tr_s).ceil() as usize + 1;
    let start = (Complex64::ZERO, Spin::REST);
    (0..repetitions).fold(start, |(_, spin), _| cycle(spin)).0
}

fn spin_echo(m: Medium, tr_s: f64, te_s: f64) -> Complex64 {
    steady(m, tr_s, |spin| {
        let echo = spin
            .about_y(PI / 2.0)
            .free(m, te_s / 2.0)
            .refocused()
            .free(m, te_s / 2.0);
        (echo.xy, echo.free(m, tr_s - te_s).spoiled())
    })
}

fn inversion_recovery(m: Medium, tr_s: f64, te_s: f64, ti_s: f64) -> Complex64 {
    steady(m, tr_s, |spin| {
        let recovered = spin.about_y(PI).spoiled().free(m, ti_s);
        let echo = recovered
            .about_y(PI / 2.0)
            .free(m, te_s / 2.0)
            .refocused()
            .free(m, te_s / 2.0);
        (echo.xy, echo.free(m, tr_s - ti_s - te_s).spoiled())
    })
}

fn gradient_echo(m: Medium, tr_s: f64, te_s: f64, flip_rad: f64) -> Complex64 {
    steady(m, tr_s, |spin| {
        let echo = spin.about_y(flip_rad).free(m, te_s);
        (echo.xy, echo.free(m, tr_s - te_s).spoiled())
    })
}

/// Pulses of alternating sign: two repetitions are one cycle, whose first echo is received.
fn balanced(m: Medium, tr_s: f64, flip_rad: f64) -> Complex64 {
    steady(m, 2.0 * tr_s, |spin| {
        let echo = spin.about_y(flip_rad).free(m, tr_s / 2.0);
        let second = echo.free(m, tr_s / 2.0).about_y(-flip_rad).free(m, tr_s);
        (echo.xy, second)
    })
}

/// Tissues, phantoms, and one whose T2* is far below its T2.
fn tissues() -> Vec<Relaxation> {
    let brain = BrainWebTissue::ALL.map(BrainWebTissue::relaxation);
    let uneven = Relaxation::new(0.9, 1.1, 0.3).with_dephasing(40.0);
    brain
        .into_iter()
        .chain(NIST_T2_ARRAY)
        .chain([uneven])
        .collect()
}

fn agree(sequence: Sequence, simulate: impl Fn(Medium) -> Complex64) {
    sequence.check().unwrap();
    for r in tissues() {
        for off_resonance_hz in [0.0, 7.3, -31.0, 97.0] {
            let echo = matches!(sequence, Sequence::SpoiledGradientEcho { .. });
            let medium = Medium {
                t1_s: r.t1_s,
                t2_s: if echo { r.t2_star_s } else { r.t2_s },
                off_resonance_hz,
            };
            let expected = r.density * simulate(medium);
            let signal = sequence.signal_off_resonance(&r, off_resonance_hz);
            assert!(
                (signal - expected).norm() < 1e-10,
                "{sequence:?} {r:?} {off_resonance_hz} Hz: {signal} {expected}"
            );
            if off_resonance_hz == 0.0 {
                assert!((sequence.signal(&r) - expected.re).abs() < 1e-10);
                assert!(expected.im.abs() < 1e-10);
            }
        }
    }
}

#[test]
fn a_spin_echo_follows_the_bloch_equations() {
    for (tr_s, te_s) in [(0.5, 0.015), (4.0, 0.1), (0.2, 0.15), (0.3, 0.0)] {
        agree(Sequence::SpinEcho { tr_s, te_s }, |m| {
            spin_echo(m, tr_s, te_s)
        });
    }
}

#[test]
fn inversion_recoveries_follow_the_bloch_equations() {
    for (tr_s, te_s, ti_s) in [(2.0, 0.03, 0.15), (9.0, 0.12, 2.5), (0.4, 0.1, 0.3)] {
        agree(Sequence::InversionRecovery { tr_s, te_s, ti_s }, |m| {
            inversion_recovery(m, tr_s, te_s, ti_s)
        });
    }
    let (tr_s, te_s, fluid_t1_s) = (5.0, 0.12, 2.569);
    let flair = Sequence::Flair {
        tr_s,
        te_s,
        fluid_t1_s,
    };
    let ti_s = null_time_s(tr_s, te_s, fluid_t1_s);
    agree(flair, |m| inversion_recovery(m, tr_s, te_s, ti_s));
}

#[test]
fn a_spoiled_gradient_echo_follows_the_bloch_equations() {
    for (tr_s, te_s, degrees) in [
        (0.015, 0.004, 25f64),
        (0.3, 0.01, 90.0),
        (0.05, 0.05, 170.0),
    ] {
        let flip_rad = degrees.to_radians();
        let sequence = Sequence::SpoiledGradientEcho {
            tr_s,
            te_s,
            flip_rad,
        };
        agree(sequence, |m| gradient_echo(m, tr_s, te_s, flip_rad));
    }
}

#[test]
fn balanced_ssfp_follows_the_bloch_equations_on_and_off_resonance() {
    for (tr_s, degrees) in [(0.005, 45f64), (0.0035, 70.0), (0.02, 10.0)] {
        let flip_rad = degrees.to_radians();
        agree(Sequence::BalancedSsfp { tr_s, flip_rad }, |m| {
            balanced(m, tr_s, flip_rad)
        });
    }
}
