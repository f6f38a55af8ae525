//! The Fourier transform of a region from its boundary.

use std::f64::consts::{FRAC_PI_4, PI, TAU};

use num_complex::Complex64;

use super::quadrature::{panels, points};
use super::vector::{cross2, dot2, minus2};

/// A piece of a closed boundary, which runs with the region to its left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece {
    /// From one point to another.
    Segment([[f64; 2]; 2]),
    /// `centre + a cos(t) + b sin(t)`, t in a range.
    Arc {
        centre: [f64; 2],
        a: [f64; 2],
        b: [f64; 2],
        range_rad: [f64; 2],
    },
    /// `c[0] + c[1] t + c[2] t² + c[3] t³`, t from 0 to 1.
    Cubic([[f64; 2]; 4]),
}

impl Piece {
    /// The point and the derivative at a parameter.
    fn at(&self, t: f64) -> ([f64; 2], [f64; 2]) {
        match self {
            Self::Segment([p, q]) => {
                let d = minus2(*q, *p);
                ([0, 1].map(|n| p[n] + t * d[n]), d)
            }
            Self::Arc { centre, a, b, .. } => {
                let (s, c) = t.sin_cos();
                (
                    [0, 1].map(|n| centre[n] + a[n] * c + b[n] * s),
                    [0, 1].map(|n| b[n] * c - a[n] * s),
                )
            }
            Self::Cubic(c) => (
                [0, 1].map(|n| c[0][n] + t * (c[1][n] + t * (c[2][n] + t * c[3][n]))),
                [0, 1].map(|n| c[1][n] + t * (2.0 * c[2][n] + 3.0 * t * c[3][n])),
            ),
        }
    }

    /// The range of its parameter, and panels that follow `exp(-2 pi i k . p)` along it.
    fn panels(&self, k: [f64; 2]) -> ([f64; 2], usize) {
        let (range, travel, least) = match self {
            Self::Segment([p, q]) => ([0.0, 1.0], dot2(k, minus2(*q, *p)).abs(), 0.0),
            Self::Arc {
                a, b, range_rad, ..
            } => {
                let angle = range_rad[1] - range_rad[0];
                let travel = angle * dot2(k, *a).hypot(dot2(k, *b));
                (*range_rad, travel, angle / FRAC_PI_4)
            }
            Self::Cubic(c) => {
                let travel =
                    dot2(k, c[1]).abs() + 2.0 * dot2(k, c[2]).abs() + 3.0 * dot2(k, c[3]).abs();
                ([0.0, 1.0], travel, 0.0)
            }
        };
        (range, (TAU * travel / PI).max(least).ceil() as usize)
    }

    /// The range of its parameter, and a panel for each cycle of any wave up to a frequency.
    fn cycles(&self, most: f64) -> ([f64; 2], usize) {
        let length = |v: &[f64; 2]| v[0].hypot(v[1]);
        let (range, travel, least) = match self {
            Self::Segment([p, q]) => ([0.0, 1.0], length(&minus2(*q, *p)), 0.0),
            Self::Arc {
                a, b, range_rad, ..
            } => {
                let angle = range_rad[1] - range_rad[0];
                let travel = angle * length(a).max(length(b));
                (*range_rad, travel, angle / FRAC_PI_4)
            }
            Self::Cubic([_, p, q, r]) => {
                let travel = length(p) + 2.0 * length(q) + 3.0 * length(r);
                ([0.0, 1.0], travel, 0.0)
            }
        };
        (range, (most * travel).max(least).ceil() as usize)
    }
}

/// A node of a quadrature rule along a boundary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Node {
    /// The point B.
    pub at: [f64; 2],
    /// Its derivative times the weight of the node, `dB`.
    pub along: [f64; 2],
}

/// Nodes with which `∮ g(B) dB` is exact to rounding for waves `g = exp(-2 pi i k.B)` up to
/// `|k| = most`, outside of k = 0: `F(k) = i / (2 pi |k|²) ∮ (k_x dB_y - k_y dB_x) exp(-2 pi i k.B)`.
pub(super) fn nodes(pieces: impl IntoIterator<Item = Piece>, most: f64) -> Vec<Node> {
    let mut nodes = Vec::new();
    for piece in pieces {
        let (range, count) = piece.cycles(most);
        for (t, weight) in points(range[0], range[1], count) {
            let (at, slope) = piece.at(t);
            nodes.push(Node {
                at,
                along: slope.map(|v| v * weight),
            });
        }
    }
    nodes
}

/// `F(k) = exp(-2 pi i k.c) ∮ h(2 pi k.B) B × dB` with B the boundary seen from a centre c, and
/// `h(s) = ∫_0^1 u exp(-i s u) du`.
///
/// The region is swept by the boundary shrinking to the centre; nothing cancels near k = 0, where
/// `h` is 1/2 and F the area. Of 16 points a panel, exact to rounding.
pub(super) fn spectrum(
    pieces: impl IntoIterator<Item = Piece>,
    centre: [f64; 2],
    k: [f64; 2],
) -> Complex64 {
    let sum: Complex64 = pieces
        .into_iter()
        .map(|piece| {
            let ([from, to], count) = piece.panels(k);
            let swept = |t: f64| {
                let (p, d) = piece.at(t);
                let b = minus2(p, centre);
                swept_wave(TAU * dot2(k, b)) * cross2(b, d)
            };
            panels(&swept, from, to, count)
        })
        .sum();
    sum * Complex64::cis(-TAU * dot2(k, centre))
}

/// `h(s) = ((1 + i s) exp(-i s) - 1) / s²`, by its series where that would cancel.
fn swept_wave(s: f64) -> Complex64 {
    if s.abs() >= 1.0 {
        return (Complex64::new(1.0, s) * Complex64::cis(-s) - 1.0) / (s * s);
    }
    let (mut power, mut sum) = (Complex64::ONE, Complex64::ZERO);
    for n in 0..20 {
        sum += power / (n + 2) as f64;
        power *= Complex64::new(0.0, -s) / (n + 1) as f64;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_wave_meet() {
        for s in [0.999_999, 1.000_001, -1.000_001] {
            let f = |u: f64| u * Complex64::cis(-s * u);
            assert!((swept_wave(s) - panels(&f, 0.0, 1.0, 4)).norm() < 1e-15);
        }
        assert_eq!(swept_wave(0.0), Complex64::new(0.5, 0.0));
    }

    #[test]
    fn a_square_is_a_product_of_sincs_about_any_centre() {
        let corners = [[-1.0, -0.5], [1.0, -0.5], [1.0, 0.5], [-1.0, 0.5]];
        let edges = |i: usize| Piece::Segment([corners[i], corners[(i + 1) % 4]]);
        let sinc = |t: f64| (PI * t).sin() / (PI * t);
        for k in [[0.3, 0.2], [7.7, -3.1], [1e-5, 2e-5]] {
            let exact = 2.0 * sinc(2.0 * k[0]) * sinc(k[1]);
            for centre in [[0.0, 0.0], [0.4, -0.3], [3.0, 2.0]] {
                let found = spectrum((0..4).map(edges), centre, k);
                assert!((found - exact).norm() < 1e-13, "{k:?} {centre:?}: {found}");
            }
        }
    }
}
