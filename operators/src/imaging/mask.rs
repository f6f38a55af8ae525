//! Pixels that were seen, and pixels that were not: inpainting.

use super::{Spectral, plane};
use crate::linear::expect_space;
use crate::{Array, Error, Field, LinearOperator, Result, SliceRng, Space};
use rand_distr::{Distribution, StandardNormal};
use std::ops::Range;

/// `y = m x`, pixel by pixel, with a real `m ≥ 0`: 1 where a pixel was seen, 0 where it was not.
///
/// `[Y, X] → [Y, X]`, real or complex. Its own adjoint; with `m` of 0 and 1 a projection, its own
/// pseudo-inverse.
pub struct Mask<T> {
    mask: T,
    space: Space,
}

impl<T: Array> Mask<T> {
    /// From `mask`, `Real[1, Y, X]`, for images of the space.
    ///
    /// Errors: other sizes, weights that are negative or not finite, no pixel seen.
    pub fn new(mask: T, space: Space) -> Result<Self> {
        let (rows, columns) = plane("mask", &space)?;
        if mask.sizes() != [1, rows, columns] || mask.field() != Field::Real {
            return Err(Error::Space {
                operator: "mask".into(),
                expected: format!("weights Real[Y {rows}, X {columns}] with batch 1"),
                got: format!("{:?}{:?}", mask.field(), mask.sizes()),
            });
        }
        let weights = mask.to_reals();
        if let Some(bad) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return Err(Error::Parameter {
                what: "weight of a pixel",
                expected: "a number that is not negative",
                got: bad.to_string(),
            });
        }
        if weights.iter().all(|w| *w == 0.0) {
            return Err(Error::Parameter {
                what: "mask",
                expected: "at least one pixel seen",
                got: "none".into(),
            });
        }
        Ok(Mask { mask, space })
    }

    /// A share `keep` of the pixels, drawn without repeats from the first stream of `rng`: 0.08 is
    /// an image of which 92 % are missing.
    ///
    /// Errors: a share that is not in 0..=1 or keeps no pixel.
    pub fn random(device: &T::Device, space: Space, keep: f64, rng: &mut SliceRng) -> Result<Self> {
        if !(0.0..=1.0).contains(&keep) {
            return Err(Error::Parameter {
                what: "share of pixels kept",
                expected: "a number from 0 to 1",
                got: keep.to_string(),
            });
        }
        let (rows, columns) = plane("mask", &space)?;
        let rng = &mut rng.items()[0];
        let draw = |_| -> f64 { StandardNormal.sample(rng) };
        let draws: Vec<f64> = (0..rows * columns).map(draw).collect();
        let mut order: Vec<usize> = (0..draws.len()).collect();
        order.sort_by(|a, b| draws[*a].total_cmp(&draws[*b]));
        let mut weights = vec![0.0; rows * columns];
        let kept = (keep * weights.len() as f64).round() as usize;
        order[..kept].iter().for_each(|i| weights[*i] = 1.0);
        let sizes = [1, rows, columns];
        Mask::new(T::from_reals(device, &sizes, Field::Real, &weights), space)
    }

    /// All but a box.
    ///
    /// Errors: a box that leaves the image or no pixel of it.
    pub fn without_box(
        device: &T::Device,
        space: Space,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> Result<Self> {
        let (height, width) = plane("mask", &space)?;
        if rows.end > height || columns.end > width {
            return Err(Error::Parameter {
                what: "box of missing pixels",
                expected: "rows and columns of the image",
                got: format!("rows {rows:?}, columns {columns:?} of {height} × {width}"),
            });
        }
        let seen = |i: usize| !(rows.contains(&(i / width)) && columns.contains(&(i % width)));
        let weights: Vec<f64> = (0..height * width).map(|i| f64::from(seen(i))).collect();
        let sizes = [1, height, width];
        Mask::new(T::from_reals(device, &sizes, Field::Real, &weights), space)
    }

    /// `m`, `Real[1, Y, X]`: the support that a likelihood takes.
    pub fn weights(&self) -> &T {
        &self.mask
    }
}

impl<T: Array> LinearOperator<T> for Mask<T> {
    fn name(&self) -> &'static str {
        "mask"
    }
    fn domain(&self) -> &Space {
        &self.space
    }
    fn range(&self) -> &Space {
        &self.space
    }
    fn forward(&self, x: &T) -> Result<T> {
        expect_space("mask", &self.space, x)?;
        Ok(x.weighted(&self.mask))
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        self.forward(y)
    }
}

/// `U = V = 1`.
impl<T: Array> Spectral<T> for Mask<T> {
    fn analyse(&self, x: &T) -> Result<T> {
        expect_space("mask, spectrum", &self.space, x)?;
        Ok(x.clone())
    }
    fn synthesise(&self, c: &T) -> Result<T> {
        self.analyse(c)
    }
    fn singular_values(&self, _: &T) -> T {
        self.mask.clone()
    }
    fn data(&self, y: &T) -> Result<T> {
        expect_space("mask, data", &self.space, y)?;
        let inverse = |m: f64, _: &[f64]| if m > 0.0 { 1.0 / m } else { 0.0 };
        Ok(y.weighted(&self.mask.elementwise(&[], &inverse)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Backend, assert_adjoint, assert_spectral, for_each_backend};
    use crate::{Axis, Host};

    fn space(field: Field) -> Space {
        let axes = [(Axis::Y, 13), (Axis::X, 8)];
        match field {
            Field::Real => Space::real(&axes),
            Field::Complex => Space::complex(&axes),
        }
    }

    fn is_adjoint_and_spectral<T: Array>(b: Backend<T>) {
        for field in [Field::Real, Field::Complex] {
            let mask = Mask::new(b.mask(13, 8, 5), space(field)).unwrap();
            assert_adjoint(&b, &mask);
            assert_spectral(&b, &mask, 2.0);
        }
    }
    for_each_backend!(adjoint, is_adjoint_and_spectral);

    #[test]
    fn a_random_mask_keeps_its_share_and_repeats() {
        let mask = |keep, seed| {
            let mut rng = SliceRng::samples(seed, 0, 2);
            Mask::<Host<f64>>::random(&(), space(Field::Real), keep, &mut rng)
        };
        for keep in [0.08, 0.5, 1.0] {
            let kept: f64 = mask(keep, 1).unwrap().weights().reals().iter().sum();
            assert_eq!(kept, (keep * 104.0).round());
        }
        let (a, b) = (mask(0.5, 1).unwrap(), mask(0.5, 2).unwrap());
        assert_eq!(a.weights(), mask(0.5, 1).unwrap().weights());
        assert_ne!(a.weights(), b.weights());
        assert!(mask(0.0, 1).is_err() && mask(1.1, 1).is_err() && mask(f64::NAN, 1).is_err());
    }

    #[test]
    fn a_box_is_missing() {
        let without =
            |rows, columns| Mask::<Host<f64>>::without_box(&(), space(Field::Real), rows, columns);
        let mask = without(2..5, 3..8).unwrap();
        let seen: f64 = mask.weights().reals().iter().sum();
        assert_eq!(seen, 104.0 - 15.0);
        assert_eq!(mask.weights().reals()[4 * 8 + 3], 0.0);
        assert_eq!(mask.weights().reals()[4 * 8 + 2], 1.0);
        assert!(without(0..14, 0..1).is_err() && without(0..13, 0..8).is_err());
    }

    #[test]
    fn a_mask_of_another_shape_is_refused() {
        let b = Backend::host_f64();
        let error = Mask::new(b.mask(8, 13, 5), space(Field::Real))
            .err()
            .unwrap();
        assert!(error.to_string().contains("Y 13, X 8"), "{error}");
        let negative = b.random(&[1, 13, 8], Field::Real, 1);
        assert!(Mask::new(negative, space(Field::Real)).is_err());
    }
}
