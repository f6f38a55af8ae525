//! The Fourier transform of solids.

use std::f64::consts::{PI, TAU};

use num_complex::Complex64;

use super::ellipse::jinc;
use super::polygon::sinc;
use super::quadrature::{adaptive_between, panels};
use super::solid::{Body, Solid, radius};
use super::vector::dot3;

impl Solid {
    /// The Fourier transform `F(k) = ∫ f(p) exp(-2 pi i k.p) dp`, k in cycles per unit; none of a
    /// prism, which has no end.
    ///
    /// Closed forms of the whole bodies (a cone: 16 points a panel along its axis, exact to
    /// rounding); what clips have cut is integrated over its sections, to 1e-10 of the volume around
    /// it.
    pub fn fourier(&self, k: [f64; 3]) -> Option<Complex64> {
        let Self::Body { body, frame, clips } = self else {
            return None;
        };
        if !clips.is_empty() {
            let [low, high] = self.heights()?;
            let [corner, opposite] = frame.bounds(super::section::reach(body));
            let volume = (0..3).map(|n| opposite[n] - corner[n]).product::<f64>();
            let slice = |z: f64| {
                let region = self.section(z);
                region.map_or(Complex64::ZERO, |r| {
                    r.fourier([k[0], k[1]]) * Complex64::cis(-TAU * k[2] * z)
                })
            };
            // The planes leave kinks at heights that nobody knows: short panels find them.
            let places: Vec<f64> = (0..=KINKS)
                .map(|n| low + (high - low) * n as f64 / KINKS as f64)
                .collect();
            return Some(adaptive_between(&slice, &places, 1e-11 * volume));
        }
        let q = frame.turn_frequency(k);
        let shape = match body {
            Body::Ball => Complex64::new(4.0 / 3.0 * PI * ball(TAU * dot3(q, q).sqrt()), 0.0),
            Body::Block => Complex64::new(q.iter().map(|q| 2.0 * sinc(2.0 * q)).product(), 0.0),
            Body::Cylinder => {
                let disc = TAU * jinc(TAU * q[0].hypot(q[1]));
                Complex64::new(disc * 2.0 * sinc(2.0 * q[2]), 0.0)
            }
            Body::Bell => Complex64::new((-PI * dot3(q, q)).exp(), 0.0),
            Body::Cone { bottom, top } => {
                let across = q[0].hypot(q[1]);
                let disc = |z: f64| {
                    let r = radius(*bottom, *top, z);
                    TAU * r * r * jinc(TAU * r * across) * Complex64::cis(-TAU * q[2] * z)
                };
                let turns = 2.0 * (q[2].abs() + across * bottom.max(*top));
                panels(&disc, -1.0, 1.0, 2 + (2.0 * turns) as usize)
            }
        };
        Some(shape * frame.volume() * Complex64::cis(-TAU * dot3(k, frame.centre)))
    }
}

/// Panels that an integral over heights begins with.
const KINKS: usize = 128;

/// `3 (sin q - q cos q) / q³`, by its series where that would cancel.
fn ball(q: f64) -> f64 {
    if q > 0.5 {
        return 3.0 * (q.sin() - q * q.cos()) / (q * q * q);
    }
    let (mut term, mut sum) = (1.0, 0.0);
    for n in 0..10 {
        sum += term;
        let n = n as f64;
        term *= -q * q / ((2.0 * n + 2.0) * (2.0 * n + 5.0));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::quadrature::adaptive;
    use crate::shape::{Frame, HalfSpace};

    fn frame() -> Frame {
        Frame::along(
            [0.1, -0.2, 0.05],
            [0.5, 0.3, 0.4],
            [0.3, 0.2, 1.0],
            [1.0, 0.1, 0.0],
        )
        .unwrap()
    }

    fn bodies() -> [Body; 5] {
        let cone = Body::Cone {
            bottom: 1.0,
            top: 0.2,
        };
        [Body::Ball, Body::Cylinder, cone, Body::Block, Body::Bell]
    }

    /// Sections by their own transforms, summed over z: an independent way.
    fn by_sections(solid: &Solid, k: [f64; 3]) -> Complex64 {
        let [low, high] = solid.heights().unwrap();
        let slice = |z: f64| {
            solid.section(z).map_or(Complex64::ZERO, |r| {
                r.fourier([k[0], k[1]]) * Complex64::cis(-TAU * k[2] * z)
            })
        };
        adaptive(&slice, low, high, 1e-12)
    }

    #[test]
    fn closed_forms_are_the_sums_of_the_sections() {
        for body in bodies() {
            let solid = Solid::new(body, frame());
            for k in [[0.0, 0.0, 0.0], [0.4, -0.3, 0.7], [1.5, 1.2, -0.8]] {
                let error = (solid.fourier(k).unwrap() - by_sections(&solid, k)).norm();
                assert!(error < 1e-12, "{solid:?} {k:?}: {error:e}");
            }
        }
    }

    #[test]
    fn two_halves_have_the_transform_of_the_whole() {
        let clip = |sign: f64| HalfSpace {
            normal: [0.5 * sign, 1.0 * sign, 0.3 * sign],
            distance: -0.1 * sign,
        };
        let k = [0.9, -0.6, 0.5];
        for body in bodies().into_iter().take(4) {
            let part = |sign: f64| Solid::Body {
                body: body.clone(),
                frame: frame(),
                clips: vec![clip(sign)],
            };
            let sum = part(1.0).fourier(k).unwrap() + part(-1.0).fourier(k).unwrap();
            let whole = Solid::new(body.clone(), frame()).fourier(k).unwrap();
            assert!((sum - whole).norm() < 1e-10, "{body:?}");
        }
    }

    #[test]
    fn both_forms_of_the_ball_meet() {
        assert!((ball(0.5) - ball(0.500_000_001)).abs() < 1e-9);
        let exact = 3.0 * (0.5f64.sin() - 0.5 * 0.5f64.cos()) / 0.125;
        assert!((ball(0.5) - exact).abs() < 1e-14);
    }
}
