//! A scan whose axis of rotation is not known exactly, in units of the prior.

use super::super::blind::Nuisance;
use crate::score::Channels;
use operators::ct::{Geometry, UnknownCentre};
use operators::{Field, LinearOperator, Operator, Product, Result};

/// Line integrals of images in units of the prior, seen by a detector that lies somewhat off.
pub(super) struct Blind<'a, T> {
    model: UnknownCentre<'a, T>,
    /// The column of the axis where nothing is off.
    column: f64,
    blank: T,
}

impl<'a, T: Channels> Blind<'a, T> {
    /// From the line integrals of an image, those of the reference that they lack, and the deviation of the
    /// axis in columns.
    ///
    /// Errors: a deviation that is not positive.
    pub(super) fn new(
        projector: &'a dyn LinearOperator<T>,
        offset: &'a T,
        geometry: &Geometry,
        std_columns: f64,
    ) -> Result<Self> {
        Ok(Blind {
            model: UnknownCentre::new(projector, offset, std_columns)?,
            column: geometry.detector().bin(0.0),
            blank: T::from_reals(&offset.device(), &[1, 1], Field::Real, &[0.0]),
        })
    }
}

impl<T: Channels> Nuisance<T> for Blind<'_, T> {
    fn operator(&self) -> &dyn Operator<Product<T>> {
        &self.model
    }

    fn blank(&self) -> T {
        self.blank.clone()
    }

    fn about(&self) -> (&'static str, &'static str, Vec<usize>) {
        ("centre", "column that the axis is seen in", vec![1])
    }

    fn values(&self, n: &T) -> Result<Vec<Vec<f64>>> {
        let columns = self.model.bins(n).into_iter();
        Ok(columns.map(|bins| vec![self.column + bins]).collect())
    }
}
