//! The template section of the brain: closed curves and the tissues on their two sides.

use std::sync::OnceLock;

use rand::{Rng, RngExt};

use crate::polygon::contains;
use crate::pure::{cos, hypot, sin};
use crate::tissue::{TISSUES, Tissue};

/// Longest chord, in units: 0.004 of the field of view.
const CHORD: f64 = 0.008;
/// Factor from the numbers of the table to the unit square.
const SCALE: f64 = 1.04;

/// A closed polygon and what its winding number adds to each tissue.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub points: Vec<[f64; 2]>,
    pub weights: [f64; TISSUES],
}

/// A closed path of cubic Hermite pieces, in the numbers of the table, and what its winding number
/// adds to each tissue.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    /// Value, derivative, value, derivative of x and of y.
    hermite: Vec<[[f64; 4]; 2]>,
    pub weights: [f64; TISSUES],
}

impl Curve {
    /// The pieces in the unit square: where one begins, its derivative there, where it ends, and
    /// its derivative there: `X = -1.04 y(t), Y = 1.04 x(t)`.
    pub fn pieces(&self) -> Vec<[[f64; 2]; 4]> {
        let unit = SCALE * 1e-5;
        let piece = |[x, y]: &[[f64; 4]; 2]| [0, 1, 2, 3].map(|n| [-unit * y[n], unit * x[n]]);
        self.hermite.iter().map(piece).collect()
    }
}

/// The template, read once.
pub(crate) fn curves() -> &'static [Curve] {
    static CURVES: OnceLock<Vec<Curve>> = OnceLock::new();
    CURVES.get_or_init(|| read(include_str!("../data/brain-splines.txt")))
}

/// The template, flattened once.
pub(crate) fn template() -> &'static [Region] {
    static TEMPLATE: OnceLock<Vec<Region>> = OnceLock::new();
    let region = |curve: &Curve| {
        let mut points = Vec::new();
        for [x, y] in &curve.hermite {
            flatten(&mut points, *x, *y);
        }
        Region {
            points,
            weights: curve.weights,
        }
    };
    TEMPLATE.get_or_init(|| curves().iter().map(region).collect())
}

/// Reads the text format of `data/brain-splines.txt`.
fn read(text: &str) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if line == "curve" {
            curves.push(Curve {
                hermite: Vec::new(),
                weights: [0.0; TISSUES],
            });
            continue;
        }
        let curve = curves.last_mut().expect("the table starts with a curve");
        let numbers: Vec<f64> = line
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        match numbers[..] {
            [class, weight] => curve.weights[class as usize - 1] += weight,
            [x0, dx0, x1, dx1, y0, dy0, y1, dy1] => {
                curve.hermite.push([[x0, dx0, x1, dx1], [y0, dy0, y1, dy1]]);
            }
            _ => unreachable!("the table has lines of 2 and of 8 numbers"),
        }
    }
    curves
}

/// Adds the points of a cubic Hermite segment, but for its last one:
/// `X = -1.04 y(t), Y = 1.04 x(t)`.
fn flatten(points: &mut Vec<[f64; 2]>, x: [f64; 4], y: [f64; 4]) {
    let unit = SCALE * 1e-5;
    let hermite = |v: [f64; 4], t: f64| {
        let (t2, t3) = (t * t, t * t * t);
        unit * ((2.0 * t3 - 3.0 * t2 + 1.0) * v[0]
            + (t3 - 2.0 * t2 + t) * v[1]
            + (3.0 * t2 - 2.0 * t3) * v[2]
            + (t3 - t2) * v[3])
    };
    let speed = 0.5 * (hypot(x[1], y[1]) + hypot(x[3], y[3]));
    let length = unit * hypot(x[2] - x[0], y[2] - y[0]).max(speed);
    let chords = (length / CHORD).ceil().max(1.0) as usize;
    points.extend(
        (0..chords)
            .map(|i| i as f64 / chords as f64)
            .map(|t| [-hermite(y, t), hermite(x, t)]),
    );
}

/// The share of each tissue at a point of the template.
pub(crate) fn tissues_at(p: [f64; 2]) -> [f64; TISSUES] {
    static ORIENTATIONS: OnceLock<Vec<f64>> = OnceLock::new();
    let orientations = ORIENTATIONS.get_or_init(|| {
        template()
            .iter()
            .map(|r| signed_area(&r.points).signum())
            .collect()
    });
    let mut shares = [0.0; TISSUES];
    for (region, orientation) in template().iter().zip(orientations) {
        if contains(&region.points, p) {
            shares
                .iter_mut()
                .zip(&region.weights)
                .for_each(|(share, w)| *share += w * orientation);
        }
    }
    shares
}

/// A random centre whose surroundings up to `radius` are all of one tissue, if a few tries find
/// one.
pub(crate) fn find_spot<R: Rng>(rng: &mut R, tissue: Tissue, radius: f64) -> Option<[f64; 2]> {
    let pure = |p: [f64; 2]| tissues_at(p)[tissue as usize] > 0.5;
    (0..60).find_map(|_| {
        let [x, y]: [f64; 2] = [rng.random_range(-0.85..0.85), rng.random_range(-0.9..0.9)];
        let ring = (0..8).map(|i| f64::from(i) * std::f64::consts::FRAC_PI_4);
        let all = pure([x, y])
            && ring
                .into_iter()
                .all(|a| pure([x + radius * cos(a), y + radius * sin(a)]));
        all.then_some([x, y])
    })
}

fn signed_area(polygon: &[[f64; 2]]) -> f64 {
    let n = polygon.len();
    (0..n)
        .map(|i| (polygon[i], polygon[(i + 1) % n]))
        .map(|(p, q)| 0.5 * (p[0] * q[1] - p[1] * q[0]))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_has_at_most_one_tissue() {
        let mut inside = 0;
        for i in 0..60 * 60 {
            let p = [
                (i % 60) as f64 / 30.0 - 0.9871,
                (i / 60) as f64 / 30.0 - 0.9913,
            ];
            let shares = tissues_at(p);
            let sum: f64 = shares.iter().sum();
            assert!(sum == 0.0 || sum == 1.0, "{p:?}: {shares:?}");
            inside += (sum == 1.0) as usize;
        }
        assert!(inside > 1800);
    }

    #[test]
    fn curves_are_closed() {
        for region in template() {
            let (p, q) = (region.points[0], region.points[region.points.len() - 1]);
            assert!((p[0] - q[0]).hypot(p[1] - q[1]) < 2.5 * CHORD);
        }
    }
}
