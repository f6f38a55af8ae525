//! The polygon.

use std::f64::consts::{PI, TAU};

use num_complex::Complex64;

use super::ShapeError;
use super::boundary::{Piece, spectrum};
use super::crossing::{Crossing, inside_of};
use super::plane::HalfPlane;
use super::vector::{cross2, dot2, minus2};

/// A polygon of the plane that does not meet itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    /// Corners, x and y, from x towards y; the last is joined to the first.
    corners: Vec<[f64; 2]>,
}

impl Polygon {
    /// Of its corners, either way round; the last is joined to the first. Errors: a polygon without
    /// an area, or whose edges meet other than at their common corner.
    pub fn new(mut corners: Vec<[f64; 2]>) -> Result<Self, ShapeError> {
        check_simple(&corners)?;
        if signed_area(&corners, corners[0]) < 0.0 {
            corners.reverse();
        }
        Ok(Self { corners })
    }

    /// Corners, x and y, from x towards y; the last is joined to the first.
    pub fn corners(&self) -> &[[f64; 2]] {
        &self.corners
    }

    /// An upright rectangle of the given centre and half widths.
    pub fn rectangle(centre: [f64; 2], half: [f64; 2]) -> Self {
        let half = half.map(f64::abs);
        let at = |sx: f64, sy: f64| [centre[0] + sx * half[0], centre[1] + sy * half[1]];
        Self {
            corners: vec![at(-1.0, -1.0), at(1.0, -1.0), at(1.0, 1.0), at(-1.0, 1.0)],
        }
    }

    /// The same with every length times a factor.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        Self {
            corners: self.corners.iter().map(|p| p.map(|v| v * factor)).collect(),
        }
    }

    /// What a half-plane keeps of it, pieces joined by edges of no area; none where nothing is left.
    pub fn cut(&self, clip: &HalfPlane) -> Option<Self> {
        let corners = clip.cut(&self.corners);
        let kept = Self { corners };
        (kept.corners.len() > 2 && kept.area() > 0.0).then_some(kept)
    }

    /// Whether a point lies inside.
    pub fn contains(&self, p: [f64; 2]) -> bool {
        inside_of(&self.crossings(p, [1.0, 0.0]))
    }

    /// Where the line `origin + t direction` meets the edges.
    pub(super) fn crossings(&self, origin: [f64; 2], direction: [f64; 2]) -> Vec<Crossing> {
        let square = dot2(direction, direction);
        self.edges()
            .filter_map(|[p, q]| {
                let (p, q) = (minus2(p, origin), minus2(q, origin));
                let (from, to) = (cross2(direction, p), cross2(direction, q));
                // A corner on the line belongs to one side, so that it is met once or twice, never
                // half.
                ((from > 0.0) != (to > 0.0)).then(|| {
                    let share = from / (from - to);
                    let at = [0, 1].map(|n| p[n] + share * (q[n] - p[n]));
                    Crossing {
                        t: dot2(at, direction) / square,
                        enters: to <= 0.0,
                    }
                })
            })
            .collect()
    }

    /// The covered share of the rectangle of the given centre and full widths; exact.
    pub fn area_average(&self, centre: [f64; 2], width: [f64; 2]) -> f64 {
        let mut part = self.corners.clone();
        for n in 0..2 {
            for sign in [-1.0, 1.0] {
                let mut normal = [0.0; 2];
                normal[n] = sign;
                let distance = sign * centre[n] + 0.5 * width[n];
                part = HalfPlane { normal, distance }.cut(&part);
                if part.is_empty() {
                    return 0.0;
                }
            }
        }
        signed_area(&part, centre) / (width[0] * width[1])
    }

    /// `1/2 sum V_i × V_i+1`.
    pub fn area(&self) -> f64 {
        signed_area(&self.corners, self.corners[0])
    }

    /// The Fourier transform
    /// `F(k) = i / (2 pi |k|²) sum (k.n_i) sinc(k.E_i) exp(-2 pi i k.M_i)`, with edges `E_i`, their
    /// middles `M_i` and `n_i = (E_y, -E_x)`; near k = 0, where that cancels, from the boundary.
    pub fn fourier(&self, k: [f64; 2]) -> Complex64 {
        let centre = self.corners[0];
        let [low, high] = self.bounds();
        let square = dot2(k, k);
        if square.sqrt() * (high[0] - low[0]).hypot(high[1] - low[1]) < 0.5 {
            return spectrum(self.edges().map(Piece::Segment), centre, k);
        }
        let sum: Complex64 = self
            .edges()
            .map(|[p, q]| {
                let e = minus2(q, p);
                let middle = [0, 1].map(|n| 0.5 * (p[n] + q[n]));
                (k[0] * e[1] - k[1] * e[0])
                    * sinc(dot2(k, e))
                    * Complex64::cis(-TAU * dot2(k, middle))
            })
            .sum();
        Complex64::new(0.0, 1.0 / (TAU * square)) * sum
    }

    /// The smallest upright rectangle around it: lower and upper corner.
    pub(super) fn bounds(&self) -> [[f64; 2]; 2] {
        bounds(self.corners.iter().copied())
    }

    /// Its edges, from one end to the other.
    pub(super) fn edges(&self) -> impl Iterator<Item = [[f64; 2]; 2]> + '_ {
        let n = self.corners.len();
        (0..n).map(move |i| [self.corners[i], self.corners[(i + 1) % n]])
    }
}

/// Refuses corners that enclose nothing, and edges that meet.
fn check_simple(corners: &[[f64; 2]]) -> Result<(), ShapeError> {
    let n = corners.len();
    let edge = |i: usize| [corners[i % n], corners[(i + 1) % n]];
    let wrong = |at: usize| ShapeError::Degenerate { corners: n, at };
    if n < 3 {
        return Err(wrong(0));
    }
    for i in 0..n {
        let ([p, q], [_, r]) = (edge(i), edge(i + 1));
        let (to, on) = (minus2(q, p), minus2(r, q));
        // Also where a corner is not finite.
        let turns_back = cross2(to, on) == 0.0 && dot2(to, on) <= 0.0;
        if turns_back || !dot2(to, to).is_finite() {
            return Err(wrong((i + 1) % n));
        }
    }
    for first in 0..n {
        for second in first + 2..n {
            let adjacent = first == 0 && second == n - 1;
            if !adjacent && meet(edge(first), edge(second)) {
                return Err(ShapeError::Crossing { first, second });
            }
        }
    }
    if signed_area(corners, corners[0]) == 0.0 {
        return Err(wrong(0));
    }
    Ok(())
}

/// Whether two segments have a point in common.
fn meet([a, b]: [[f64; 2]; 2], [c, d]: [[f64; 2]; 2]) -> bool {
    let side = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| cross2(minus2(q, p), minus2(r, p));
    let apart = |from: f64, to: f64| from * to > 0.0;
    let boxes = [bounds([a, b].into_iter()), bounds([c, d].into_iter())];
    let beside = (0..2).any(|n| boxes[0][1][n] < boxes[1][0][n] || boxes[1][1][n] < boxes[0][0][n]);
    !beside && !apart(side(a, b, c), side(a, b, d)) && !apart(side(c, d, a), side(c, d, b))
}

/// The signed area of a polygon; seen from a point nearby, so that little cancels.
fn signed_area(corners: &[[f64; 2]], from: [f64; 2]) -> f64 {
    (0..corners.len())
        .map(|i| {
            let (p, q) = (corners[i], corners[(i + 1) % corners.len()]);
            0.5 * cross2(minus2(p, from), minus2(q, from))
        })
        .sum()
}

/// The smallest upright rectangle around points: lower and upper corner.
pub(super) fn bounds(points: impl Iterator<Item = [f64; 2]>) -> [[f64; 2]; 2] {
    let mut low = [f64::INFINITY; 2];
    let mut high = [f64::NEG_INFINITY; 2];
    for p in points {
        low = [low[0].min(p[0]), low[1].min(p[1])];
        high = [high[0].max(p[0]), high[1].max(p[1])];
    }
    [low, high]
}

/// `sin(pi t) / (pi t)`.
pub(super) fn sinc(t: f64) -> f64 {
    if t.abs() < 1e-8 {
        1.0
    } else {
        (PI * t).sin() / (PI * t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::conic::wave;
    use crate::shape::crossing::intervals;
    use crate::shape::quadrature::adaptive_between;

    fn star() -> Polygon {
        let corners = (0..10)
            .map(|i| {
                let (s, c) = (TAU * f64::from(i) / 10.0 + 0.1).sin_cos();
                let r = if i % 2 == 0 { 0.9 } else { 0.35 };
                [0.2 + r * c, -0.1 + 0.8 * r * s]
            })
            .collect();
        Polygon::new(corners).unwrap()
    }

    #[test]
    fn the_transform_is_that_of_its_chords() {
        let star = star();
        for k in [[0.05, 0.02], [0.31, 0.2], [1.7, -2.6], [-6.0, 0.5]] {
            let row = |y: f64| {
                let inside = intervals(star.crossings([0.0, y], [1.0, 0.0]));
                let sum: Complex64 = inside.iter().map(|c| wave(k[0], *c)).sum();
                sum * Complex64::cis(-TAU * k[1] * y)
            };
            let mut corners: Vec<f64> = star.corners.iter().map(|p| p[1]).collect();
            corners.sort_by(f64::total_cmp);
            let by_rows = adaptive_between(&row, &corners, 1e-13);
            assert!((by_rows - star.fourier(k)).norm() < 1e-12, "{k:?}");
        }
        assert!((star.fourier([0.0; 2]).re - star.area()).abs() < 1e-15);
        assert!((star.fourier([1e-9, 0.0]).re - star.area()).abs() < 1e-14);
    }

    #[test]
    fn averages_over_a_tiling_add_up_and_one_is_the_mean_of_points() {
        let star = star();
        let (wx, wy) = (0.031, 0.037);
        let sum: f64 = (0..70 * 60)
            .map(|p| [-0.9 + (p % 70) as f64 * wx, -1.1 + (p / 70) as f64 * wy])
            .map(|c| star.area_average(c, [wx, wy]) * wx * wy)
            .sum();
        assert!((sum - star.area()).abs() < 1e-13);
        let (c, w, n) = ([0.55, 0.15], [0.5, 0.4], 800);
        let inside = (0..n * n)
            .map(|p| [(p % n) as f64, (p / n) as f64])
            .map(|p| [0, 1].map(|i| c[i] + w[i] * ((p[i] + 0.5) / n as f64 - 0.5)))
            .filter(|p| star.contains(*p))
            .count();
        let mean = inside as f64 / (n * n) as f64;
        assert!(mean > 0.2 && (star.area_average(c, w) - mean).abs() < 1e-3);
    }

    #[test]
    fn a_line_through_corners_meets_the_edges_in_pairs() {
        let star = star();
        for (i, p) in star.corners.iter().enumerate() {
            for q in &star.corners[..i] {
                let crossings = star.crossings(*p, minus2(*q, *p));
                let enter = crossings.iter().filter(|c| c.enters).count();
                assert_eq!(2 * enter, crossings.len());
            }
        }
    }

    #[test]
    fn either_way_round_all_evaluators_agree() {
        let star = star();
        let backwards = star.corners.iter().rev().copied().collect();
        let turned = Polygon::new(backwards).unwrap();
        assert!(turned.area() > 0.1);
        for p in [[0.2, -0.1], [0.9, 0.0], [-0.8, 0.6]] {
            assert_eq!(turned.contains(p), star.contains(p));
            let [a, b] = [&turned, &star].map(|s| s.area_average(p, [0.3, 0.2]));
            assert!((a - b).abs() < 1e-14 && (0.0..=1.0 + 1e-14).contains(&a));
            let [a, b] = [&turned, &star].map(|s| intervals(s.crossings(p, [0.8, 0.3])));
            assert_eq!(a.len(), b.len());
            for k in [[0.0, 0.0], p] {
                assert!((turned.fourier(k) - star.fourier(k)).norm() < 1e-14);
            }
        }
    }

    #[test]
    fn polygons_that_meet_themselves_or_enclose_nothing_are_refused() {
        let bow = vec![[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]];
        let touching = vec![[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 0.0], [0.0, 1.0]];
        let twice = [0.0, 2.0, 4.0, 6.0, 8.0]
            .map(|n| (TAU * n / 5.0).sin_cos())
            .map(|(s, c)| [c, s])
            .to_vec();
        for corners in [bow, touching, twice] {
            let error = Polygon::new(corners).unwrap_err();
            assert!(matches!(error, ShapeError::Crossing { .. }), "{error}");
        }
        for corners in [
            vec![],
            vec![[0.0, 0.0], [1.0, 0.0]],
            vec![[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]],
            vec![[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]],
            vec![[0.0, 0.0], [2.0, 0.0], [1.0, 0.0], [1.0, 1.0]],
            vec![[0.0, 0.0], [1.0, f64::NAN], [1.0, 1.0]],
        ] {
            let error = Polygon::new(corners).unwrap_err();
            assert!(matches!(error, ShapeError::Degenerate { .. }), "{error}");
        }
        let nothing = HalfPlane::about([0.0; 2], -9.0, 0.3);
        assert!(star().cut(&nothing).is_none());
    }
}
