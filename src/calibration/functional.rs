//! Linear functionals of images, whole and in their measured and unmeasured part.

use std::f64::consts::TAU;

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::Result;
use super::error::{CalibrationError, finite};

/// A projector is taken for one within this relative error.
const PROJECTOR: f64 = 1e-3;
/// A part with less of the squared norm than this is rounding, whose rank says nothing.
const SMALLEST: f64 = 1e-6;
/// Plane waves in a random functional.
const WAVES: usize = 8;

/// Which part of an image a functional sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// All of it.
    Whole,
    /// What the data determine: looks right even where the sampler is wrong.
    Range,
    /// What the prior alone determines: where a sampler shows what it is worth.
    Null,
}

/// `f(x) = <w, x>`, a number of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Functional {
    name: String,
    part: Part,
    weights: Array2<f64>,
}

/// A functional's two parts, `f(x) = f(x - P x) + f(P x)`; none where there is hardly any.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// `f` of the measured part.
    pub range: Option<Functional>,
    /// `f` of the unmeasured part.
    pub null: Option<Functional>,
    /// `‖P w‖² / ‖w‖²`: how much of the functional the data do not see.
    pub null_share: f64,
}

impl Functional {
    /// Any weights: `f64[Y, X]`. Errors: weights that are not finite, or all 0.
    pub fn new(name: impl Into<String>, weights: Array2<f64>) -> Result<Self> {
        let name = name.into();
        finite(&name, &weights)?;
        if weights.iter().all(|w| *w == 0.0) {
            let remedy = "choose a region inside of the image";
            return Err(CalibrationError::new(
                name,
                "a weight that is not 0",
                "none",
                remedy,
            ));
        }
        let part = Part::Whole;
        Ok(Functional {
            name,
            part,
            weights,
        })
    }

    /// The mean over a region. Errors: an empty one.
    pub fn region(name: impl Into<String>, mask: &Array2<bool>) -> Result<Self> {
        let pixels = mask.iter().filter(|m| **m).count();
        Self::new(
            name,
            mask.mapv(|m| if m { 1.0 / pixels as f64 } else { 0.0 }),
        )
    }

    /// The mean over the pixels whose centre lies in a disc; `centre` is (row, column).
    pub fn disc(shape: (usize, usize), centre: (f64, f64), radius_pixels: f64) -> Result<Self> {
        let name = format!(
            "disc of radius {radius_pixels:.1} at ({:.1}, {:.1})",
            centre.0, centre.1
        );
        let inside = |(y, x): (usize, usize)| {
            (y as f64 - centre.0).hypot(x as f64 - centre.1) <= radius_pixels
        };
        Self::region(name, &Array2::from_shape_fn(shape, inside))
    }

    /// A random smooth functional of norm 1: eight plane waves with wavelengths of `shortest_pixels`
    /// or more, in random directions and phases.
    pub fn smooth(shape: (usize, usize), shortest_pixels: f64, seed: u64) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let highest = 1.0 / shortest_pixels;
        let waves: Vec<[f64; 3]> = (0..WAVES)
            .map(|_| {
                // Uniform in the disc of frequencies.
                let frequency = highest * rng.random::<f64>().sqrt();
                let direction = TAU * rng.random::<f64>();
                let [fy, fx] = [direction.sin(), direction.cos()].map(|c| c * frequency);
                [fy, fx, rng.random()]
            })
            .collect();
        let value = |(y, x): (usize, usize)| -> f64 {
            let turns = |[fy, fx, phase]: &[f64; 3]| fy * y as f64 + fx * x as f64 + phase;
            waves.iter().map(|w| (TAU * turns(w)).cos()).sum()
        };
        let weights = Array2::from_shape_fn(shape, value);
        let norm = square(&weights).sqrt();
        Self::new(format!("smooth functional {seed}"), weights / norm)
    }

    /// Its name; that of a part ends in the part's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which part of an image it sees.
    pub fn part(&self) -> Part {
        self.part
    }

    /// `w: f64[Y, X]`.
    pub fn weights(&self) -> &Array2<f64> {
        &self.weights
    }

    /// `<w, x>`. Errors: an image of another shape.
    pub fn value(&self, image: &Array2<f64>) -> Result<f64> {
        if image.dim() != self.weights.dim() {
            return Err(CalibrationError::new(
                &self.name,
                format_args!("an image of {:?} (rows, columns)", self.weights.dim()),
                format_args!("{:?}", image.dim()),
                "make the functional for the grid of the image",
            ));
        }
        Ok(self.weights.iter().zip(image).map(|(w, x)| w * x).sum())
    }

    /// Its measured and unmeasured part, by the orthogonal projector P onto the null space of the
    /// measurement: `f(P x) = <P w, x>`.
    ///
    /// Errors: what is no orthogonal projector, to 1e-3 of ‖w‖²: P² = P and P = Pᵀ are both asked.
    pub fn split(&self, null: &dyn Fn(&Array2<f64>) -> Array2<f64>) -> Result<Split> {
        let w = &self.weights;
        let projected = null(w);
        self.check(&projected, || null(&projected))?;
        let rest = w - &projected;
        let (all, unseen) = (square(w), square(&projected));
        let part = |weights: Array2<f64>, part: Part, name: &str| Functional {
            name: format!("{}, {name}", self.name),
            part,
            weights,
        };
        let enough = |share: f64| share >= SMALLEST;
        Ok(Split {
            range: enough(square(&rest) / all).then(|| part(rest, Part::Range, "measured part")),
            null: enough(unseen / all).then(|| part(projected, Part::Null, "unmeasured part")),
            null_share: unseen / all,
        })
    }

    fn check(&self, projected: &Array2<f64>, again: impl FnOnce() -> Array2<f64>) -> Result<()> {
        let refuse = |expected: &str, found: String| {
            let remedy = "give I - A⁺A, with the pseudo-inverse solved to 1e-4";
            Err(CalibrationError::new(&self.name, expected, found, remedy))
        };
        let w = &self.weights;
        if projected.dim() != w.dim() {
            return refuse(
                "a projector that keeps the shape",
                format!("{:?}", projected.dim()),
            );
        }
        finite(&self.name, projected)?;
        let all = square(w);
        let moved = (square(&(again() - projected)) / all).sqrt();
        if moved.is_nan() || moved > PROJECTOR {
            return refuse(
                "a projector, P² = P",
                format!("‖P² w - P w‖ = {moved:.1e} ‖w‖"),
            );
        }
        let product: f64 = w.iter().zip(projected).map(|(a, b)| a * b).sum();
        let tilt = (product - square(projected)).abs() / all;
        if tilt > PROJECTOR {
            let found = format!("<w, P w> - ‖P w‖² = {tilt:.1e} ‖w‖²");
            return refuse("an orthogonal projector", found);
        }
        Ok(())
    }
}

fn square(x: &Array2<f64>) -> f64 {
    x.iter().map(|v| v * v).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Odd rows are measured.
    fn even_rows(x: &Array2<f64>) -> Array2<f64> {
        Array2::from_shape_fn(x.dim(), |(y, i)| if y % 2 == 0 { x[(y, i)] } else { 0.0 })
    }

    fn image(shape: (usize, usize), seed: u64) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Array2::from_shape_simple_fn(shape, || rng.random())
    }

    #[test]
    fn a_region_is_a_mean() {
        let mask = array![[true, false, true], [false, false, true]];
        let region = Functional::region("lesion", &mask).unwrap();
        let x = array![[1.0, 9.0, 2.0], [9.0, 9.0, 6.0]];
        assert!((region.value(&x).unwrap() - 3.0).abs() < 1e-15);
        let disc = Functional::disc((7, 9), (3.0, 4.0), 1.0).unwrap();
        assert!((disc.weights()[(3, 5)] - 0.2).abs() < 1e-15 && disc.weights()[(2, 5)] == 0.0);
        assert!((disc.weights().sum() - 1.0).abs() < 1e-15);
        let outside = Functional::disc((7, 9), (-5.0, 4.0), 1.0).unwrap_err();
        assert!(
            outside.to_string().contains("weight that is not 0"),
            "{outside}"
        );
        assert!(
            region
                .value(&Array2::zeros((3, 2)))
                .unwrap_err()
                .to_string()
                .contains("(2, 3)")
        );
    }

    #[test]
    fn a_smooth_functional_is_smooth_and_its_seed_s_alone() {
        let smooth = |seed| Functional::smooth((31, 40), 8.0, seed).unwrap();
        let w = smooth(5).weights().clone();
        assert_eq!(w, *smooth(5).weights());
        assert_ne!(w, *smooth(6).weights());
        assert!((square(&w) - 1.0).abs() < 1e-12);
        // Of waves of 8 pixels or more a step is at most 2 sin(π / 8) of the amplitude.
        let amplitude = w.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let (rows, columns) = w.dim();
        let step = |y: usize, x: usize| (w[(y, x + 1)] - w[(y, x)]).abs();
        let largest = (0..rows)
            .flat_map(|y| (0..columns - 1).map(move |x| (y, x)))
            .fold(0.0, |m: f64, (y, x)| m.max(step(y, x)));
        assert!(largest < 0.9 * amplitude, "{largest} {amplitude}");
    }

    #[test]
    fn the_parts_add_up_and_see_only_their_space() {
        let f = Functional::smooth((9, 7), 4.0, 1).unwrap();
        let split = f.split(&even_rows).unwrap();
        let (range, null) = (split.range.unwrap(), split.null.unwrap());
        let x = image((9, 7), 3);
        let sum = range.value(&x).unwrap() + null.value(&x).unwrap();
        assert!((sum - f.value(&x).unwrap()).abs() < 1e-12);
        // f(P x) = <P w, x>.
        let unseen = even_rows(&x);
        assert!((null.value(&x).unwrap() - f.value(&unseen).unwrap()).abs() < 1e-12);
        assert!(range.value(&unseen).unwrap().abs() < 1e-12);
        assert!((square(null.weights()) - split.null_share).abs() < 1e-12);
        assert_eq!((range.part(), null.part()), (Part::Range, Part::Null));
        assert!(null.name().ends_with("unmeasured part"));
    }

    #[test]
    fn a_part_that_is_not_there_is_none() {
        let f = Functional::disc((9, 7), (4.0, 3.0), 0.5).unwrap();
        let split = f.split(&even_rows).unwrap();
        assert!(split.range.is_none() && split.null.is_some() && split.null_share == 1.0);
        let split = f.split(&|x| Array2::zeros(x.dim())).unwrap();
        assert!(split.null.is_none() && split.range.is_some());
    }

    #[test]
    fn what_is_no_orthogonal_projector_is_refused() {
        let f = Functional::smooth((8, 8), 4.0, 1).unwrap();
        let message = |p: &dyn Fn(&Array2<f64>) -> Array2<f64>| f.split(p).unwrap_err().to_string();
        assert!(message(&|x| 0.5 * x).contains("P² = P"));
        assert!(message(&|_| Array2::zeros((3, 3))).contains("shape"));
        assert!(message(&|x| x * f64::NAN).contains("finite"));
        // Each odd row takes the values of the row above: P² = P, but oblique.
        let oblique = |x: &Array2<f64>| Array2::from_shape_fn(x.dim(), |(y, i)| x[(y - y % 2, i)]);
        assert!(
            message(&oblique).contains("orthogonal"),
            "{}",
            message(&oblique)
        );
    }
}
