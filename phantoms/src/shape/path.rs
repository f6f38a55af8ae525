//! Closed paths of cubic splines.

use num_complex::Complex64;

use super::boundary::{Piece, spectrum};
use super::crossing::{Crossing, inside_of};
use super::polygon::bounds;
use super::roots::{cubic, roots_of_cubic};
use super::vector::{cross2, dot2, minus2};

/// A closed path of cubic pieces `c_0 + c_1 t + c_2 t² + c_3 t³`; what is inside lies to its left.
///
/// It must not cross itself: a point and a line know what it encloses once, a pixel and the
/// transform count how often it turns.
///
/// Source of the use as a phantom: Guerquin-Kern 2012.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Coefficients of each piece, x and y; each begins where the one before ends.
    pieces: Vec<[[f64; 2]; 4]>,
    /// Upright rectangles around the pieces: lower and upper corner.
    boxes: Vec<[[f64; 2]; 2]>,
}

impl Path {
    /// Of Hermite pieces, either way round: where one begins, its derivative there, where it ends,
    /// and its derivative there. Each begins where the one before ends, to rounding.
    pub fn hermite(pieces: &[[[f64; 2]; 4]]) -> Self {
        Self::with_turn(pieces).1
    }

    /// The same, and whether it was given from x towards y: 1, else -1.
    pub(crate) fn with_turn(pieces: &[[[f64; 2]; 4]]) -> (f64, Self) {
        let given = Self::as_given(pieces);
        match given.area() < 0.0 {
            true => (-1.0, given.reversed()),
            false => (1.0, given),
        }
    }

    fn as_given(pieces: &[[[f64; 2]; 4]]) -> Self {
        let n = pieces.len();
        let of = |i: usize| -> [[f64; 2]; 4] {
            // The next one's beginning, so that no gap is left by rounding.
            let ([p, m, _, w], q) = (pieces[i], pieces[(i + 1) % n][0]);
            let with = |f: &dyn Fn(usize) -> f64| [f(0), f(1)];
            [
                p,
                m,
                with(&|a| 3.0 * (q[a] - p[a]) - 2.0 * m[a] - w[a]),
                with(&|a| 2.0 * (p[a] - q[a]) + m[a] + w[a]),
            ]
        };
        Self::of_pieces((0..n).map(of).collect())
    }

    fn of_pieces(pieces: Vec<[[f64; 2]; 4]>) -> Self {
        let boxes = pieces.iter().map(|c| bounds(control(c).into_iter()));
        Self {
            boxes: boxes.collect(),
            pieces,
        }
    }

    /// Of Bézier pieces, either way round: four control points each.
    pub fn bezier(pieces: &[[[f64; 2]; 4]]) -> Self {
        let hermite = |[p, a, b, q]: [[f64; 2]; 4]| {
            let three = |u: [f64; 2], v: [f64; 2]| minus2(v, u).map(|d| 3.0 * d);
            [p, three(p, a), q, three(b, q)]
        };
        Self::hermite(&pieces.iter().copied().map(hermite).collect::<Vec<_>>())
    }

    /// The same path run through the other way.
    pub(super) fn reversed(&self) -> Self {
        let back = |i: usize| {
            let (c, next) = (self.pieces[i], self.pieces[(i + 1) % self.pieces.len()][0]);
            let at = |f: &dyn Fn(usize) -> f64| [f(0), f(1)];
            [
                next,
                at(&|n| -c[1][n] - 2.0 * c[2][n] - 3.0 * c[3][n]),
                at(&|n| c[2][n] + 3.0 * c[3][n]),
                at(&|n| -c[3][n]),
            ]
        };
        Self::of_pieces((0..self.pieces.len()).rev().map(back).collect())
    }

    /// The same with every length times a factor.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        let scaled = |c: &[[f64; 2]; 4]| c.map(|v| v.map(|v| v * factor));
        Self::of_pieces(self.pieces.iter().map(scaled).collect())
    }

    /// Whether a point lies inside.
    pub fn contains(&self, p: [f64; 2]) -> bool {
        inside_of(&self.crossings(p, [1.0, 0.0]))
    }

    /// Where the line `origin + t direction` meets the path.
    pub(super) fn crossings(&self, origin: [f64; 2], direction: [f64; 2]) -> Vec<Crossing> {
        let square = dot2(direction, direction);
        let side = |p: [f64; 2]| cross2(direction, minus2(p, origin));
        let mut found = Vec::new();
        for (i, c) in self.pieces.iter().enumerate() {
            let next = self.pieces[(i + 1) % self.pieces.len()][0];
            let (from, to) = (side(c[0]), side(next));
            let slopes = [1, 2, 3].map(|n| cross2(direction, c[n]));
            let reach: f64 = slopes.iter().map(|s| s.abs()).sum();
            if from.abs() > reach && (from > 0.0) == (to > 0.0) {
                continue;
            }
            let [a, b, d] = slopes;
            for (u, rises) in roots_of_cubic([from, a, b, d], to) {
                let p = minus2(point(c, u), origin);
                found.push(Crossing {
                    t: dot2(p, direction) / square,
                    enters: !rises,
                });
            }
        }
        found
    }

    /// `1/2 ∮ B × dB`.
    pub fn area(&self) -> f64 {
        self.fourier([0.0; 2]).re
    }

    /// The covered share of the rectangle of the given centre and full widths; exact.
    ///
    /// `∮ clamp(x) dy` along the path while y is within the rectangle.
    pub fn area_average(&self, centre: [f64; 2], width: [f64; 2]) -> f64 {
        let [low, high] = [-0.5, 0.5].map(|s| [0, 1].map(|n| centre[n] + s * width[n]));
        let mut area = 0.0;
        for (i, c) in self.pieces.iter().enumerate() {
            let [from, to] = self.boxes[i];
            if to[1] <= low[1] || from[1] >= high[1] {
                continue;
            }
            let next = self.pieces[(i + 1) % self.pieces.len()][0];
            let aside = to[0] <= low[0] || from[0] >= high[0];
            area += if aside {
                let x = if to[0] <= low[0] { low[0] } else { high[0] };
                (x - centre[0]) * (next[1].clamp(low[1], high[1]) - c[0][1].clamp(low[1], high[1]))
            } else {
                beside(c, next, [low, high])
            };
        }
        area / (width[0] * width[1])
    }

    /// The Fourier transform, from the boundary: 16 points a piece or more; exact to rounding.
    pub fn fourier(&self, k: [f64; 2]) -> Complex64 {
        let [low, high] = self.bounds();
        let centre = [0, 1].map(|n| 0.5 * (low[n] + high[n]));
        spectrum(self.boundary(), centre, k)
    }

    /// What bounds it.
    pub(super) fn boundary(&self) -> impl Iterator<Item = Piece> + '_ {
        self.pieces.iter().copied().map(Piece::Cubic)
    }

    /// An upright rectangle around it, of its pieces' control points.
    pub(super) fn bounds(&self) -> [[f64; 2]; 2] {
        bounds(self.boxes.iter().flatten().copied())
    }
}

/// Control points of a piece, which it does not leave.
fn control(c: &[[f64; 2]; 4]) -> [[f64; 2]; 4] {
    let with = |f: &dyn Fn(usize) -> f64| [f(0), f(1)];
    [
        c[0],
        with(&|n| c[0][n] + c[1][n] / 3.0),
        with(&|n| c[0][n] + (2.0 * c[1][n] + c[2][n]) / 3.0),
        with(&|n| c[0][n] + c[1][n] + c[2][n] + c[3][n]),
    ]
}

/// What a piece that ends at `next` adds to the area within a rectangle.
fn beside(c: &[[f64; 2]; 4], next: [f64; 2], [low, high]: [[f64; 2]; 2]) -> f64 {
    let mut cuts = vec![0.0, 1.0];
    for n in 0..2 {
        for line in [low[n], high[n]] {
            let along = [c[0][n] - line, c[1][n], c[2][n], c[3][n]];
            cuts.extend(roots_of_cubic(along, next[n] - line).map(|(u, _)| u));
        }
    }
    cuts.sort_by(f64::total_cmp);
    let middle_x = 0.5 * (low[0] + high[0]);
    let mut area = 0.0;
    for w in cuts.windows(2).filter(|w| w[0] < w[1]) {
        let middle = point(c, 0.5 * (w[0] + w[1]));
        if (low[1]..high[1]).contains(&middle[1]) {
            area += under(c, [w[0], w[1]], |x| x.clamp(low[0], high[0]) - middle_x);
        }
    }
    area
}

/// A point of a piece.
fn point(c: &[[f64; 2]; 4], t: f64) -> [f64; 2] {
    [0, 1].map(|n| cubic([c[0][n], c[1][n], c[2][n], c[3][n]], t))
}

/// `∫ x y' dt` of a stretch that lies between the same lines throughout: of degree 5, so that the
/// three points of Gauss are exact.
fn under(c: &[[f64; 2]; 4], [from, to]: [f64; 2], x: impl Fn(f64) -> f64) -> f64 {
    let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
    let far = 0.6f64.sqrt();
    let sum: f64 = [(-far, 5.0 / 9.0), (0.0, 8.0 / 9.0), (far, 5.0 / 9.0)]
        .into_iter()
        .map(|(at, weight)| {
            let t = middle + half * at;
            let slope = c[1][1] + t * (2.0 * c[2][1] + 3.0 * t * c[3][1]);
            weight * x(point(c, t)[0]) * slope
        })
        .sum();
    half * sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Ellipse;
    use crate::shape::conic::wave;
    use crate::shape::crossing::intervals;
    use crate::shape::quadrature::adaptive_between;
    use std::f64::consts::TAU;

    /// A circle of four pieces, 2.7e-4 from true.
    fn circle(centre: [f64; 2], r: f64) -> Path {
        let h = 0.552_284_749_830_793_4;
        let at = |x: f64, y: f64| [centre[0] + r * x, centre[1] + r * y];
        let quarter = |[a, b]: [f64; 2], [c, d]: [f64; 2]| {
            [
                at(a, b),
                at(a + h * c, b + h * d),
                at(c + h * a, d + h * b),
                at(c, d),
            ]
        };
        let corners = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]];
        Path::bezier(&[0, 1, 2, 3].map(|i| quarter(corners[i], corners[(i + 1) % 4])))
    }

    #[test]
    fn a_circle_of_four_pieces_is_nearly_a_disc() {
        let (path, disc) = (circle([0.2, -0.1], 0.7), Ellipse::disc([0.2, -0.1], 0.7));
        assert!((path.area() / disc.whole_area() - 1.0).abs() < 3e-4);
        assert!((path.area() / disc.whole_area() - 1.0).abs() > 1e-4);
        for k in [[0.2, 0.1], [1.0, -2.0]] {
            assert!((path.fourier(k) - disc.fourier(k)).norm() < 5e-4);
        }
        assert!(path.contains([0.69, 0.3]) && !path.contains([0.71, 0.4]));
    }

    #[test]
    fn the_transform_is_that_of_its_chords() {
        let path = circle([0.2, -0.1], 0.7);
        let [low, high] = path.bounds();
        for k in [[0.31, 0.2], [1.7, -2.6], [-8.0, 3.5]] {
            let row = |y: f64| {
                let inside = intervals(path.crossings([0.0, y], [1.0, 0.0]));
                let sum: Complex64 = inside.iter().map(|c| wave(k[0], *c)).sum();
                sum * Complex64::cis(-TAU * k[1] * y)
            };
            // The pieces meet at half height.
            let places = [low[1], 0.5 * (low[1] + high[1]), high[1]];
            let by_rows = adaptive_between(&row, &places, 1e-13);
            assert!((by_rows - path.fourier(k)).norm() < 1e-12, "{k:?}");
        }
    }

    #[test]
    fn averages_over_a_tiling_have_the_area() {
        let path = circle([0.2, -0.1], 0.7);
        let (wx, wy) = (0.061, 0.047);
        let sum: f64 = (0..30 * 40)
            .map(|p| [-0.7 + (p % 30) as f64 * wx, -1.0 + (p / 30) as f64 * wy])
            .map(|c| path.area_average(c, [wx, wy]) * wx * wy)
            .sum();
        // 1200 numbers are added up.
        assert!((sum - path.area()).abs() < 1e-13, "{sum} {}", path.area());
        assert!((path.area_average([0.2, -0.1], [0.3, 0.2]) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn either_way_round_all_evaluators_agree() {
        let path = circle([0.2, -0.1], 0.7);
        let hermite = |c: &[[f64; 2]; 4]| {
            let end = |f: &dyn Fn(usize) -> f64| [f(0), f(1)];
            [
                c[0],
                c[1],
                end(&|n| c[0][n] + c[1][n] + c[2][n] + c[3][n]),
                end(&|n| c[1][n] + 2.0 * c[2][n] + 3.0 * c[3][n]),
            ]
        };
        let backwards: Vec<_> = path.reversed().pieces.iter().map(hermite).collect();
        let (turn, turned) = Path::with_turn(&backwards);
        assert!(turn == -1.0 && path.reversed().area() < 0.0 && turned.area() > 0.1);
        for p in [[0.2, -0.1], [0.8, 0.1], [-0.8, 0.6]] {
            assert_eq!(turned.contains(p), path.contains(p));
            let [a, b] = [&turned, &path].map(|s| s.area_average(p, [0.3, 0.2]));
            assert!((a - b).abs() < 1e-14);
            assert!((turned.fourier(p) - path.fourier(p)).norm() < 1e-14);
        }
    }
}
