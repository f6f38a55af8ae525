//! The Fourier transform of solids.

use std::f64::consts::{PI, TAU};

use num_complex::Complex64;

use super::ellipse::jinc;
use super::polygon::sinc;
use super::quadrature::{between_kinks, panels};
use super::solid::{Body, Solid, radius};
use super::vector::dot3;

impl Solid {
    /// The Fourier transform `F(k) = ∫ f(p) exp(-2 pi i k.p) dp`, k in cycles per unit; none of a
    /// prism, which has no end.
    ///
    /// Closed forms of the whole bodies (a cone: 16 points a panel along its axis, exact to
    /// rounding); what clips have cut is integrated over its sections, to 1e-12 of the volume around
    /// it.
    pub fn fourier(&self, k: [f64; 3]) -> Option<Complex64> {
        let Self::Body { body, frame, clips } = self else {
            return None;
        };
        if !clips.is_empty() {
            let [corner, opposite] = frame.bounds(super::section::reach(body));
            let volume = (0..3).map(|n| opposite[n] - corner[n]).product::<f64>();
            let slice = |z: f64| {
                let region = self.section(z);
                region.map_or(Complex64::ZERO, |r| {
                    r.fourier([k[0], k[1]]) * Complex64::cis(-TAU * k[2] * z)
                })
            };
            return Some(between_kinks(
                &slice,
                &self.turns(),
                dot3(k, k).sqrt(),
                1e-14 * volume,
            ));
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
        let slice = |z: f64| {
            solid.section(z).map_or(Complex64::ZERO, |r| {
                r.fourier([k[0], k[1]]) * Complex64::cis(-TAU * k[2] * z)
            })
        };
        between_kinks(&slice, &solid.turns(), 1.0, 1e-12)
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
            assert!((sum - whole).norm() < 1e-13, "{body:?}");
        }
    }

    #[test]
    fn pieces_of_a_body_have_the_transform_of_the_whole() {
        let bodies = bodies();
        for n in 0..60 {
            let x = f64::from(n);
            let body = bodies[n as usize % 4].clone();
            let frame = Frame::along(
                [0.1, -0.2, 0.05],
                [0.5, 0.3, 0.4],
                [x.sin(), (1.7 * x).sin(), (2.3 * x).cos()],
                [1.0, 0.1, 0.0],
            )
            .unwrap();
            // Planes near the centre, every third along or across the heights or the body.
            let planes = [0.0, 1.0].map(|m| {
                let y = x + 0.37 * m;
                let normal = match n % 3 {
                    0 => [(3.1 * y).sin(), (1.3 * y).cos(), (2.9 * y).sin()],
                    1 => [m, 0.0, 1.0 - m],
                    _ => frame.rows()[(n % 2 + m as i32) as usize],
                };
                let off = 0.1 * (5.3 * y).sin() - 0.2 * normal[1];
                (normal, off)
            });
            let k = [
                1.3 * (0.9 * x).sin(),
                1.1 * (0.7 * x).cos(),
                (1.9 * x).sin(),
            ];
            let mut sum = Complex64::ZERO;
            for [a, b] in [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]] {
                let clip = |sign: f64, (normal, distance): ([f64; 3], f64)| HalfSpace {
                    normal: normal.map(|v| sign * v),
                    distance: sign * distance,
                };
                let solid = Solid::Body {
                    body: body.clone(),
                    frame,
                    clips: vec![clip(a, planes[0]), clip(b, planes[1])],
                };
                sum += solid.fourier(k).unwrap();
            }
            let whole = Solid::new(body.clone(), frame).fourier(k).unwrap();
            assert!(
                (sum - whole).norm() < 1e-12,
                "{n} {body:?}: {:e}",
                (sum - whole).norm()
            );
        }
    }

    #[test]
    fn both_forms_of_the_ball_meet() {
        assert!((ball(0.5) - ball(0.500_000_001)).abs() < 1e-9);
        let exact = 3.0 * (0.5f64.sin() - 0.5 * 0.5f64.cos()) / 0.125;
        assert!((ball(0.5) - exact).abs() < 1e-14);
    }
}
