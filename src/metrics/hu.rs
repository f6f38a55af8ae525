//! Errors of a CT volume in Hounsfield units, in all of it and in the brain.

use super::parts::parts;
use ndarray::{Array2, Array3, ArrayView2, Axis};
use serde::Serialize;

/// Errors of `x` against the truth `t`, both in HU, without any fit of scale or offset.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HuMetrics {
    /// `√mean((x - t)²)` over every pixel.
    pub rmse_hu: f64,
    /// `mean(x - t)` over every pixel.
    pub bias_hu: f64,
    /// The same over the brain: see [`brain`]; none where there is no brain.
    pub brain: Option<BrainMetrics>,
    /// `√(mean(s²) (n + 1) / n) / rmse`, the spread of n samples over the error of their mean: 1 is
    /// calibrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread_over_error: Option<f64>,
}

/// The same over the brain.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BrainMetrics {
    /// Root mean square error.
    pub rmse_hu: f64,
    /// Mean error.
    pub bias_hu: f64,
    /// What an image that is one constant would score: the deviation of the truth.
    pub constant_rmse_hu: f64,
    /// Pixels.
    pub pixels: usize,
    /// Spread over error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread_over_error: Option<f64>,
}

/// What is known of samples, whose own mean need not be the image that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// Their mean.
    pub mean: &'a Array3<f32>,
    /// Their deviation.
    pub std: &'a Array3<f32>,
    /// How many.
    pub count: usize,
}

/// HU of soft tissue and fluid inside the skull.
const BRAIN_HU: [f32; 2] = [0.0, 80.0];
/// Fewer pixels than this are no brain.
const LEAST: usize = 400;

impl HuMetrics {
    /// Of `x` against `t`, with the samples behind it where there are any. Shapes must agree.
    pub fn measure(x: &Array3<f32>, t: &Array3<f32>, samples: Option<Samples<'_>>) -> Self {
        let all = Array3::from_elem(t.dim(), true);
        let whole = Part::of(x, t, samples, &all);
        let mut mask = Array3::from_elem(t.dim(), false);
        for (mut mask, t) in mask.axis_iter_mut(Axis(0)).zip(t.axis_iter(Axis(0))) {
            mask.assign(&brain(t));
        }
        let inside = Part::of(x, t, samples, &mask);
        let brain = (inside.pixels >= LEAST).then_some(BrainMetrics {
            rmse_hu: inside.rmse,
            bias_hu: inside.bias,
            constant_rmse_hu: inside.constant,
            pixels: inside.pixels,
            spread_over_error: inside.spread_over_error,
        });
        HuMetrics {
            rmse_hu: whole.rmse,
            bias_hu: whole.bias,
            brain,
            spread_over_error: whole.spread_over_error,
        }
    }
}

/// Sums over a part of a volume.
struct Part {
    pixels: usize,
    rmse: f64,
    bias: f64,
    constant: f64,
    spread_over_error: Option<f64>,
}

impl Part {
    fn of(
        x: &Array3<f32>,
        t: &Array3<f32>,
        samples: Option<Samples<'_>>,
        mask: &Array3<bool>,
    ) -> Self {
        let (mut n, mut e, mut ee, mut sum, mut squares) = (0usize, 0.0, 0.0, 0.0, 0.0);
        let (mut spread, mut apart) = (0.0, 0.0);
        for ((at, inside), (x, t)) in mask.indexed_iter().zip(x.iter().zip(t)) {
            if !inside {
                continue;
            }
            let (error, t) = (f64::from(x - t), f64::from(*t));
            n += 1;
            (e, ee) = (e + error, ee + error * error);
            (sum, squares) = (sum + t, squares + t * t);
            if let Some(s) = samples {
                spread += f64::from(s.std[at]).powi(2);
                apart += (f64::from(s.mean[at]) - t).powi(2);
            }
        }
        let count = n.max(1) as f64;
        let rmse = (ee / count).sqrt();
        let inflation = |samples: usize| (samples as f64 + 1.0) / samples as f64;
        Part {
            pixels: n,
            rmse,
            bias: e / count,
            constant: (squares / count - (sum / count).powi(2)).max(0.0).sqrt(),
            spread_over_error: samples.map(|s| {
                (spread / count * inflation(s.count)).sqrt() / (apart / count).sqrt().max(1e-12)
            }),
        }
    }
}

/// The brain of a slice of the truth: of the pixels whose 3 x 3 neighbours lie all between 0 and 80
/// HU, the largest connected part.
///
/// What is at an edge (partial volume with bone or air) is left out, and so is the scalp, which the
/// skull parts from it.
pub fn brain(t: ArrayView2<f32>) -> Array2<bool> {
    let (rows, columns) = t.dim();
    let soft = |y: usize, x: usize| (BRAIN_HU[0]..=BRAIN_HU[1]).contains(&t[(y, x)]);
    let core = Array2::from_shape_fn((rows, columns), |(y, x)| {
        let inner = y > 0 && x > 0 && y + 1 < rows && x + 1 < columns;
        inner && (y - 1..=y + 1).all(|j| (x - 1..=x + 1).all(|i| soft(j, i)))
    });
    largest_part(&core)
}

/// The largest 4-connected part of a mask.
fn largest_part(mask: &Array2<bool>) -> Array2<bool> {
    let (label, sizes) = parts(mask);
    let largest = (1..sizes.len()).max_by_key(|name| sizes[*name]);
    label.mapv(|name| Some(name) == largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ring of bone around 30 HU with a spot of 60, scalp outside.
    fn head() -> Array3<f32> {
        Array3::from_shape_fn((1, 64, 64), |(_, y, x)| {
            let r = (y as f32 - 31.5).hypot(x as f32 - 31.5);
            match r {
                r if r > 29.0 => -1000.0,
                r if r > 26.0 => 40.0,
                r if r > 22.0 => 1200.0,
                _ if y == 30 => 60.0,
                _ => 30.0,
            }
        })
    }

    #[test]
    fn the_brain_is_what_the_skull_holds() {
        let t = head();
        let mask = brain(t.index_axis(Axis(0), 0));
        let inside = mask.indexed_iter().filter(|(_, m)| **m);
        let farthest = inside
            .map(|((y, x), _)| (y as f32 - 31.5).hypot(x as f32 - 31.5))
            .fold(0.0, f32::max);
        assert!(farthest < 22.0 && mask[(31, 31)], "{farthest}");
        assert!(
            !brain(Array2::from_elem((9, 9), -1000.0).view())
                .iter()
                .any(|m| *m)
        );
    }

    #[test]
    fn an_offset_is_a_bias_and_a_constant_scores_the_deviation() {
        let t = head();
        let x = t.mapv(|v| v + 3.0);
        let s = t.mapv(|_| 3.0);
        let m = HuMetrics::measure(
            &x,
            &t,
            Some(Samples {
                mean: &x,
                std: &s,
                count: 8,
            }),
        );
        let inside = m.brain.unwrap();
        assert!((m.rmse_hu - 3.0).abs() < 1e-4 && (m.bias_hu - 3.0).abs() < 1e-4);
        assert!((inside.rmse_hu - 3.0).abs() < 1e-6);
        assert!((4.0..8.0).contains(&inside.constant_rmse_hu));
        let expected = (9.0f64 / 8.0).sqrt();
        assert!((inside.spread_over_error.unwrap() - expected).abs() < 1e-6);
    }
}
