//! An image and its reference on one grid, checked once.

use super::{MetricsError, Value};
use ndarray::{Array3, ArrayView2, ArrayView3, Axis};
use std::iter::repeat;

/// An image `x` and its reference `t`, (slice, row, column), perhaps within a mask.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a, T> {
    image: ArrayView3<'a, T>,
    reference: ArrayView3<'a, T>,
    mask: Option<ArrayView3<'a, bool>>,
}

impl<'a, T: Value> Pair<'a, T> {
    /// Of one shape, with at least one pixel, all of them finite; errors otherwise.
    pub fn new(
        image: ArrayView3<'a, T>,
        reference: ArrayView3<'a, T>,
    ) -> Result<Self, MetricsError> {
        if image.dim() != reference.dim() {
            return Err(MetricsError::Shapes {
                image: image.dim(),
                reference: reference.dim(),
            });
        }
        if image.is_empty() {
            return Err(MetricsError::Empty { what: "the image" });
        }
        for (what, volume) in [("the image", image), ("the reference", reference)] {
            let bad = volume
                .indexed_iter()
                .find(|(_, v)| !v.complex().is_finite());
            if let Some((at, _)) = bad {
                return Err(MetricsError::NonFinite { what, at });
            }
        }
        Ok(Pair::trusted(image, reference))
    }

    /// Of one shape, which is a bug if not; values are not looked at.
    pub(super) fn trusted(image: ArrayView3<'a, T>, reference: ArrayView3<'a, T>) -> Self {
        assert_eq!(image.dim(), reference.dim());
        Pair {
            image,
            reference,
            mask: None,
        }
    }

    /// The same, compared where the mask is true; errors for another shape or a mask without a pixel.
    pub fn within<'b>(self, mask: ArrayView3<'b, bool>) -> Result<Pair<'b, T>, MetricsError>
    where
        'a: 'b,
    {
        if mask.dim() != self.image.dim() {
            return Err(MetricsError::MaskShape {
                mask: mask.dim(),
                images: self.image.dim(),
            });
        }
        if !mask.iter().any(|inside| *inside) {
            return Err(MetricsError::EmptyMask { pixels: mask.len() });
        }
        Ok(Pair {
            mask: Some(mask),
            ..self
        })
    }

    /// Pixels that are compared.
    pub fn pixels(&self) -> usize {
        match self.mask {
            Some(mask) => mask.iter().filter(|inside| **inside).count(),
            None => self.image.len(),
        }
    }

    /// (slices, rows, columns).
    pub fn shape(&self) -> (usize, usize, usize) {
        self.image.dim()
    }

    /// Another image against the same reference, in the same mask; errors as [`Pair::new`].
    pub fn with_image<'b>(self, image: ArrayView3<'b, T>) -> Result<Pair<'b, T>, MetricsError>
    where
        'a: 'b,
    {
        let pair = Pair::new(image, self.reference)?;
        Ok(Pair {
            mask: self.mask,
            ..pair
        })
    }

    /// The whole image, whatever the mask.
    pub fn image(&self) -> ArrayView3<'a, T> {
        self.image
    }

    /// The whole reference, whatever the mask.
    pub fn reference(&self) -> ArrayView3<'a, T> {
        self.reference
    }

    /// Whether each pixel is compared, in the order of the arrays.
    fn inside(&self) -> impl Iterator<Item = bool> {
        let masked = self.mask.iter().flat_map(|mask| mask.iter().copied());
        masked.chain(repeat(true))
    }

    /// `(x, t)` of the pixels that are compared.
    pub(super) fn each(&self) -> impl Iterator<Item = (T, T)> {
        let both = self.image.iter().zip(&self.reference).zip(self.inside());
        both.filter(|(_, inside)| *inside)
            .map(|((x, t), _)| (*x, *t))
    }

    /// The same, of those where a second mask is true too.
    pub(super) fn each_where(&self, also: &Array3<bool>) -> impl Iterator<Item = (T, T)> {
        let both = self.image.iter().zip(&self.reference);
        let both = both.zip(self.inside().zip(also));
        both.filter(|(_, (inside, also))| *inside && **also)
            .map(|((x, t), _)| (*x, *t))
    }

    /// Number of slices.
    pub(super) fn slices(&self) -> usize {
        self.image.len_of(Axis(0))
    }

    /// Image, reference and mask of a slice.
    pub(super) fn slice(&self, index: usize) -> SliceOf<'_, T> {
        SliceOf {
            image: self.image.index_axis(Axis(0), index),
            reference: self.reference.index_axis(Axis(0), index),
            mask: self.mask.as_ref().map(|m| m.index_axis(Axis(0), index)),
        }
    }

    /// `‖x - t‖²` and `‖t‖²`.
    pub(super) fn energies(&self) -> (f64, f64) {
        self.each().fold((0.0, 0.0), |(error, energy), (x, t)| {
            let (x, t) = (x.complex(), t.complex());
            (error + (x - t).norm_sqr(), energy + t.norm_sqr())
        })
    }
}

/// One slice of a pair.
pub(super) struct SliceOf<'a, T> {
    pub(super) image: ArrayView2<'a, T>,
    pub(super) reference: ArrayView2<'a, T>,
    pub(super) mask: Option<ArrayView2<'a, bool>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex32;

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let good = Array3::<f32>::ones((2, 3, 5));
        let wide = Array3::<f32>::ones((2, 3, 6));
        let told = |e: MetricsError| e.to_string();
        let message = told(Pair::new(good.view(), wide.view()).unwrap_err());
        assert!(message.contains("(2, 3, 5)") && message.contains("(2, 3, 6)"));
        let none = Array3::<f32>::ones((2, 0, 5));
        assert!(Pair::new(none.view(), none.view()).is_err());
        let mut bad = Array3::<Complex32>::ones((2, 3, 5));
        bad[(1, 2, 3)].im = f32::NEG_INFINITY;
        let fine = Array3::<Complex32>::ones((2, 3, 5));
        let message = told(Pair::new(fine.view(), bad.view()).unwrap_err());
        assert!(message.contains("the reference") && message.contains("(1, 2, 3)"));

        let pair = Pair::new(good.view(), good.view()).unwrap();
        let mask = |shape, value| Array3::from_elem(shape, value);
        let nothing = mask((2, 3, 5), false);
        let message = told(pair.within(nothing.view()).unwrap_err());
        assert!(message.contains("30 pixels"), "{message}");
        let (wide, all) = (mask((2, 3, 6), true), mask((2, 3, 5), true));
        assert!(pair.within(wide.view()).is_err());
        assert_eq!(pair.within(all.view()).unwrap().pixels(), 30);
    }

    #[test]
    fn a_mask_keeps_its_pixels_and_no_other() {
        let x = Array3::from_shape_fn((2, 3, 5), |(s, y, x)| (100 * s + 10 * y + x) as f64);
        let mut mask = Array3::from_elem((2, 3, 5), false);
        (mask[(0, 1, 4)], mask[(1, 2, 0)]) = (true, true);
        let t = &x + 1.0;
        let pair = Pair::new(x.view(), t.view()).unwrap();
        let pair = pair.within(mask.view()).unwrap();
        let kept: Vec<_> = pair.each().collect();
        assert_eq!(kept, [(14.0, 15.0), (120.0, 121.0)]);
        assert_eq!(pair.energies(), (2.0, 225.0 + 14641.0));
    }
}
