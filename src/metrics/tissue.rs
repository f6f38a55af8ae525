//! Errors of a CT volume in HU, tissue by tissue.

use super::{Pair, Value, brain};
use ndarray::{Array3, Axis};
use serde::Serialize;

/// A class of tissue: the pixels whose reference is at least `from_hu` and below `to_hu`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tissue {
    /// What it holds.
    pub name: &'static str,
    /// From, included; none is no bound.
    pub from_hu: Option<f64>,
    /// To, excluded; none is no bound.
    pub to_hu: Option<f64>,
}

const fn tissue(name: &'static str, from_hu: Option<f64>, to_hu: Option<f64>) -> Tissue {
    Tissue {
        name,
        from_hu,
        to_hu,
    }
}

/// The classes, from ICRU compositions at 60 to 80 keV: lung -741, adipose -89 to -69, marrow -63 to -40, water 0, brain
/// and muscle 37 to 44, cartilage 98 to 113, spongiosa 252 to 365, cortical bone above 1300. What lies between two
/// classes is partial volume and belongs to neither.
pub const TISSUES: [Tissue; 5] = [
    tissue("air", None, Some(-950.0)),
    tissue("lung", Some(-950.0), Some(-500.0)),
    tissue("fat and marrow", Some(-150.0), Some(-20.0)),
    tissue("water and soft tissue", Some(-20.0), Some(120.0)),
    tissue("bone", Some(150.0), None),
];

/// The connected tissue of 0 to 80 HU, edges left out.
const BRAIN: Tissue = tissue("brain without its edges", Some(0.0), Some(80.0));
const WHOLE: Tissue = tissue("all", None, None);

/// Errors in a class of tissue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HuError {
    /// The class.
    #[serde(flatten)]
    pub tissue: Tissue,
    /// Pixels.
    pub pixels: usize,
    /// `√mean((x - t)²)`; none without pixels.
    pub rmse_hu: Option<f64>,
    /// `mean(x - t)`; none without pixels.
    pub bias_hu: Option<f64>,
}

impl Tissue {
    fn holds(&self, hu: f64) -> bool {
        self.from_hu.is_none_or(|from| hu >= from) && self.to_hu.is_none_or(|to| hu < to)
    }

    fn error(self, pixels: impl Iterator<Item = (f64, f64)>) -> HuError {
        let own = pixels.filter(|(_, t)| self.holds(*t));
        let (n, sum, squares) = own.fold((0, 0.0, 0.0), |(n, sum, squares), (x, t)| {
            (n + 1, sum + x - t, squares + (x - t) * (x - t))
        });
        let mean = |sum: f64| (n > 0).then_some(sum / n as f64);
        HuError {
            tissue: self,
            pixels: n,
            rmse_hu: mean(squares).map(f64::sqrt),
            bias_hu: mean(sum),
        }
    }
}

/// Errors over all pixels, over each of [`TISSUES`] by the HU of the reference, and over the [`brain`]; no scale or
/// offset is fitted.
pub fn hu_errors<T: Value + Into<f64>>(pair: &Pair<T>) -> Vec<HuError> {
    let pixels = || pair.each().map(|(x, t)| (x.into(), t.into()));
    let mut errors: Vec<HuError> = [WHOLE]
        .iter()
        .chain(&TISSUES)
        .map(|tissue| tissue.error(pixels()))
        .collect();
    let mut inside = Array3::from_elem(pair.reference().dim(), false);
    let slices = pair.reference();
    for (mut to, t) in inside.axis_iter_mut(Axis(0)).zip(slices.axis_iter(Axis(0))) {
        to.assign(&brain(t.mapv(|v| v.into() as f32).view()));
    }
    errors.push(BRAIN.error(pair.each_where(&inside).map(|(x, t)| (x.into(), t.into()))));
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_own_error() {
        // A class a row, each with a bias of its own; the last row is partial volume.
        let hu = [-1000.0, -741.0, -80.0, 40.0, 1330.0, -300.0];
        let t = Array3::from_shape_fn((2, 6, 4), |(_, y, _)| hu[y]);
        let x = Array3::from_shape_fn((2, 6, 4), |(s, y, x)| {
            hu[y] + y as f64 + if (s + x) % 2 == 0 { 3.0 } else { -3.0 }
        });
        let errors = hu_errors(&Pair::new(x.view(), t.view()).unwrap());
        let (all, classes) = errors.split_first().unwrap();
        assert_eq!((all.pixels, all.bias_hu), (48, Some(2.5)));
        for (y, e) in classes[..5].iter().enumerate() {
            let rmse = (9.0 + (y * y) as f64).sqrt();
            assert_eq!((e.pixels, e.bias_hu), (8, Some(y as f64)), "{e:?}");
            assert!((e.rmse_hu.unwrap() - rmse).abs() < 1e-12, "{e:?}");
        }
        let brain = classes[5];
        assert_eq!((brain.pixels, brain.rmse_hu), (0, None));
        let json = serde_json::to_value(classes[4]).unwrap();
        assert_eq!(json["name"], "bone");
        assert!(json["to_hu"].is_null() && json["from_hu"] == 150.0);
    }

    #[test]
    fn the_brain_is_inside_of_the_mask_too() {
        let t = Array3::<f32>::from_elem((1, 9, 11), 35.0);
        let x = t.mapv(|v| v - 2.0);
        let mut mask = Array3::from_elem((1, 9, 11), false);
        mask.slice_mut(ndarray::s![0, ..3, ..]).fill(true);
        let pair = Pair::new(x.view(), t.view()).unwrap();
        let brain = |pair: &Pair<f32>| *hu_errors(pair).last().unwrap();
        assert_eq!(brain(&pair).pixels, 7 * 9);
        let inside = brain(&pair.within(mask.view()).unwrap());
        assert_eq!((inside.pixels, inside.bias_hu), (2 * 9, Some(-2.0)));
    }
}
