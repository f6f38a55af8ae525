//! Structures that the image has and its reference has not, or the other way round: invented or lost anatomy.

use super::parts::parts;
use super::{MetricsError, Pair, Value};
use ndarray::{Array2, Axis};
use serde::Serialize;

/// What counts as a structure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StructureRule {
    /// Differences above this, in the units of the image: 3 to 5 deviations of its noise.
    pub threshold: f64,
    /// Connected pixels from which it is one.
    pub least_pixels: usize,
}

/// What was found, over all slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FalseStructures {
    /// Connected parts brighter than the reference.
    pub brighter: usize,
    /// Connected parts darker than it.
    pub darker: usize,
    /// Pixels of both.
    pub pixels: usize,
}

/// Counts the 4-connected parts of `x - t > threshold` and of `t - x > threshold`, slice by slice.
///
/// Pixels at an edge of the reference (its values within 3 x 3 pixels differ by more than the threshold) are left out:
/// blur is no structure. A mask in the pair holds. Errors if the threshold is not above 0.
pub fn false_structures<T: Value + Into<f64>>(
    pair: &Pair<T>,
    rule: StructureRule,
) -> Result<FalseStructures, MetricsError> {
    MetricsError::unless_above_zero("threshold of a structure", rule.threshold)?;
    let mut found = FalseStructures {
        brighter: 0,
        darker: 0,
        pixels: 0,
    };
    for index in 0..pair.slices() {
        let slice = pair.slice(index);
        let t: Array2<f64> = slice.reference.mapv(Into::into);
        let flat = flat(&t, rule.threshold);
        let inside = |at: (usize, usize)| flat[at] && slice.mask.is_none_or(|mask| mask[at]);
        let mut count = |sign: f64| {
            let off = Array2::from_shape_fn(t.dim(), |at| {
                let x: f64 = slice.image[at].into();
                inside(at) && sign * (x - t[at]) > rule.threshold
            });
            let (_, sizes) = parts(&off);
            let large: Vec<usize> = sizes
                .into_iter()
                .filter(|n| *n > 0 && *n >= rule.least_pixels)
                .collect();
            found.pixels += large.iter().sum::<usize>();
            large.len()
        };
        let (brighter, darker) = (count(1.0), count(-1.0));
        found.brighter += brighter;
        found.darker += darker;
    }
    Ok(found)
}

/// Whether the values within 3 x 3 pixels differ by no more than a threshold.
fn flat(t: &Array2<f64>, threshold: f64) -> Array2<bool> {
    let extreme = |pick: fn(f64, f64) -> f64| {
        // Along one axis, then along the other.
        let mut out = t.clone();
        for axis in [Axis(0), Axis(1)] {
            let from = out.clone();
            for (to, from) in out.lanes_mut(axis).into_iter().zip(from.lanes(axis)) {
                let n = from.len();
                for (i, to) in to.into_iter().enumerate() {
                    let near = i.saturating_sub(1)..(i + 2).min(n);
                    *to = near.map(|k| from[k]).fold(from[i], pick);
                }
            }
        }
        out
    };
    (extreme(f64::max) - extreme(f64::min)).mapv(|range| range <= threshold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn invented_and_lost_parts_count_and_blur_does_not() {
        let t = Array3::from_shape_fn((2, 30, 41), |(_, _, x)| if x < 20 { 100.0 } else { 200.0 });
        let mut x = t.clone();
        // Blur at the edge, one invention, one loss, one speck.
        for y in 0..30 {
            (x[(0, y, 19)], x[(0, y, 20)]) = (140.0, 160.0);
        }
        x.slice_mut(ndarray::s![0, 5..8, 30..34]).fill(260.0);
        x.slice_mut(ndarray::s![1, 10..12, 3..9]).fill(70.0);
        x[(1, 25, 33)] = 0.0;
        let pair = Pair::new(x.view(), t.view()).unwrap();
        let rule = |least_pixels| StructureRule {
            threshold: 20.0,
            least_pixels,
        };
        let found = false_structures(&pair, rule(3)).unwrap();
        let expected = FalseStructures {
            brighter: 1,
            darker: 1,
            pixels: 12 + 12,
        };
        assert_eq!(found, expected);
        assert_eq!(false_structures(&pair, rule(0)).unwrap().darker, 2);
        let mut mask = Array3::from_elem((2, 30, 41), true);
        mask.slice_mut(ndarray::s![1, .., ..]).fill(false);
        let masked = pair.within(mask.view()).unwrap();
        let found = false_structures(&masked, rule(3)).unwrap();
        assert_eq!((found.brighter, found.darker), (1, 0));
        let none = StructureRule {
            threshold: 0.0,
            least_pixels: 1,
        };
        assert!(false_structures(&pair, none).is_err());
    }
}
