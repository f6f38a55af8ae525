//! Slices in order of their position, and whether they make a straight, regular stack.
//!
//! The order is that of the distance along the normal; instance numbers, slice locations and names of files say
//! nothing reliable. Spacing comes from the positions, never from the thickness.

use std::path::Path;

use super::frame::Place;
use super::vector::{Vector, affine, dot, minus, scaled};
use crate::io::IoError;

/// Images nearer than this lie at the same place.
const SAME_PLACE_MM: f64 = 1e-3;
/// Rounding of directions and positions stays below this.
const STRAIGHT_DEG: f64 = 0.1;
/// Spacing that varies by less is even; by less than the second, uneven enough to be told.
const EVEN: [f64; 2] = [0.01, 0.05];

/// What to do where the slices are no straight, regular stack.
const REMEDY: &str = "ask for resampling onto a straight regular grid, or for the slices as they are \
                      (each alone, in its own plane)";

/// Slices in order.
pub(super) struct Stack {
    /// Which image each slice is.
    pub order: Vec<usize>,
    /// The first slice.
    pub first: Place,
    /// Distance of each slice from the first along the normal.
    pub depths_mm: Vec<f64>,
    /// How far each slice is shifted against the first within its plane, along columns and rows.
    pub shifts_mm: Vec<[f64; 2]>,
    step_mm: Vector,
    /// What keeps it from being a straight and regular stack.
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

struct Problem {
    expected: &'static str,
    found: String,
}

/// How many images lie at the most crowded place.
pub(super) fn crowding(places: &[Place]) -> usize {
    let Some(first) = places.first() else {
        return 0;
    };
    let normal = first.normal();
    let mut depths: Vec<f64> = places.iter().map(|p| dot(p.origin_mm, normal)).collect();
    depths.sort_by(f64::total_cmp);
    let runs = depths.chunk_by(|a, b| b - a < SAME_PLACE_MM);
    runs.map(<[f64]>::len).max().unwrap_or(0)
}

impl Stack {
    /// Sorts the images. Errors if two lie at the same place.
    pub fn new(path: &Path, places: &[Place]) -> Result<Self, IoError> {
        let normal = places[0].normal();
        let depth = |k: usize| dot(places[k].origin_mm, normal);
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by(|&a, &b| depth(a).total_cmp(&depth(b)));
        let twins = order
            .windows(2)
            .find(|w| depth(w[1]) - depth(w[0]) < SAME_PLACE_MM);
        if let Some(twins) = twins {
            let [x, y, z] = places[twins[0]].origin_mm;
            let found = format!("two at ({x:.2}, {y:.2}, {z:.2}) mm");
            let remedy = "remove the copies, or keep the images of one time or kind in a folder";
            return Err(IoError::new(
                path,
                "one image at each position",
                found,
                remedy,
            ));
        }
        let first = places[order[0]];
        let offset = |k: &usize| minus(places[*k].origin_mm, first.origin_mm);
        let within = |v: Vector| first.directions.map(|axis| dot(v, axis));
        let steps = (order.len() - 1).max(1) as f64;
        let last = order.last().map_or([0.0; 3], offset);
        let mut stack = Self {
            first,
            depths_mm: order.iter().map(|k| dot(offset(k), normal)).collect(),
            shifts_mm: order.iter().map(|k| within(offset(k))).collect(),
            step_mm: scaled(1.0 / steps, last),
            order,
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        if stack.order.len() > 1 {
            stack.judge_tilt();
            stack.judge_spacing();
        }
        Ok(stack)
    }

    /// The mean distance between slices.
    pub fn spacing_mm(&self) -> f64 {
        match self.depths_mm.last() {
            Some(last) if self.depths_mm.len() > 1 => last / (self.depths_mm.len() - 1) as f64,
            _ => self.first.thickness_mm,
        }
    }

    /// The distances between neighbours.
    pub fn gaps_mm(&self) -> Vec<f64> {
        self.depths_mm.windows(2).map(|w| w[1] - w[0]).collect()
    }

    /// The affine of a straight regular stack, with what is worth a warning. Errors if it is none.
    pub fn regular(self, path: &Path) -> Result<([[f64; 4]; 3], Vec<String>), IoError> {
        if let Some(first) = self.problems.first() {
            let found: Vec<&str> = self.problems.iter().map(|p| p.found.as_str()).collect();
            return Err(IoError::new(
                path,
                first.expected,
                found.join(", and "),
                REMEDY,
            ));
        }
        let step = scaled(self.spacing_mm(), self.first.normal());
        Ok((self.affine_with(step), self.warnings))
    }

    /// The affine with the mean step from slice to slice, sheared if they are; all that is wrong is a warning.
    pub fn unchanged(&self) -> ([[f64; 4]; 3], Vec<String>) {
        let single = scaled(self.first.thickness_mm, self.first.normal());
        let step = if self.order.len() > 1 {
            self.step_mm
        } else {
            single
        };
        (self.affine_with(step), self.all_warnings())
    }

    /// Everything that is wrong.
    pub fn all_warnings(&self) -> Vec<String> {
        let problems = self.problems.iter().map(|p| p.found.clone());
        problems.chain(self.warnings.iter().cloned()).collect()
    }

    fn affine_with(&self, step: Vector) -> [[f64; 4]; 3] {
        let [x, y] = [0, 1].map(|k| scaled(self.first.pixel_mm[k], self.first.directions[k]));
        affine([x, y, step, self.first.origin_mm])
    }

    /// Slices that are shifted in proportion to their depth are those of a tilted gantry.
    fn judge_tilt(&mut self) {
        let (Some(&depth), Some(&[u, v])) = (self.depths_mm.last(), self.shifts_mm.last()) else {
            return;
        };
        let shear = [u / depth, v / depth];
        let tilt_deg = shear[0].hypot(shear[1]).atan().to_degrees();
        if tilt_deg > STRAIGHT_DEG {
            self.problems.push(Problem {
                expected: "slices stacked along their normal",
                found: format!("slices sheared by {tilt_deg:.1} degrees (a tilted gantry)"),
            });
        }
        let rest = |(d, s): (&f64, &[f64; 2])| (s[0] - shear[0] * d).hypot(s[1] - shear[1] * d);
        let stray = self
            .depths_mm
            .iter()
            .zip(&self.shifts_mm)
            .map(rest)
            .fold(0.0, f64::max);
        if stray > 0.5 * self.first.pixel_mm[0].min(self.first.pixel_mm[1]) {
            self.problems.push(Problem {
                expected: "slices in line",
                found: format!("slices shifted against each other by up to {stray:.2} mm"),
            });
        }
    }

    fn judge_spacing(&mut self) {
        let gaps = self.gaps_mm();
        let mean = self.spacing_mm();
        let uneven = gaps.iter().map(|g| (g - mean).abs()).fold(0.0, f64::max);
        let [quiet, told] = EVEN.map(|part| (part * mean).max(0.01));
        let (least, most) = (least(&gaps), gaps.iter().fold(0.0, |a: f64, &b| a.max(b)));
        if uneven <= quiet {
            return;
        }
        let text = format!("slices spaced by {least:.2} to {most:.2} mm");
        if uneven <= told {
            self.warnings.push(format!("{text}: taken as even"));
            return;
        }
        let missing = self.missing(&gaps);
        self.problems.push(Problem {
            expected: "slices evenly spaced",
            found: if missing.is_empty() { text } else { missing },
        });
    }

    /// Where gaps are whole multiples of the others: the slices that would fill them.
    fn missing(&self, gaps: &[f64]) -> String {
        let usual = median(gaps);
        let times: Vec<f64> = gaps.iter().map(|g| (g / usual).round()).collect();
        let whole = |(g, t): (&f64, &f64)| *t >= 1.0 && (g - t * usual).abs() < EVEN[1] * usual;
        if !gaps.iter().zip(&times).all(whole) {
            return String::new();
        }
        let place = |k: usize| {
            let [x, y, z] = self.origin(k);
            format!("({x:.1}, {y:.1}, {z:.1})")
        };
        let holes = times.iter().enumerate().filter(|(_, t)| **t > 1.0);
        let holes: Vec<String> = holes
            .map(|(k, t)| {
                let (n, from, to) = (t - 1.0, place(k), place(k + 1));
                format!("{n:.0} missing between the slices at {from} and {to} mm")
            })
            .collect();
        holes.join(", ")
    }

    fn origin(&self, k: usize) -> Vector {
        let [x, y] = self.first.directions;
        let [u, v] = self.shifts_mm[k];
        let normal = scaled(self.depths_mm[k], self.first.normal());
        std::array::from_fn(|a| self.first.origin_mm[a] + normal[a] + u * x[a] + v * y[a])
    }
}

fn least(numbers: &[f64]) -> f64 {
    numbers.iter().fold(f64::INFINITY, |a, &b| a.min(b))
}

/// The middle one.
pub(super) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
