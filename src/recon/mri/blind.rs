//! Coils whose sensitivities are not known exactly.

use super::super::blind::Nuisance;
use crate::protocol::UnknownSensitivities as Table;
use crate::score::Channels;
use operators::mri::UnknownSensitivities;
use operators::{Field, Operator, Product, Result};

/// The samples of an image in units of the prior, seen by coils around those that were estimated.
pub(super) struct Blind<T> {
    model: UnknownSensitivities<T>,
    blank: T,
}

impl<T: Channels> Blind<T> {
    /// Around `maps`, `Complex[1, Coil, Y, X]`, with the mask of the samples.
    ///
    /// Errors: maps of zeros or of one coil, a deviation that is not positive.
    pub(super) fn new(maps: &T, mask: T, table: &Table) -> Result<Self> {
        let device = maps.device();
        let model = UnknownSensitivities::new(maps, mask, table.order, table.relative_std)?;
        let space = model.coefficients();
        let sizes = [vec![1], space.sizes()].concat();
        let zeros = vec![0.0; 2 * space.elements()];
        Ok(Blind {
            blank: T::from_reals(&device, &sizes, Field::Complex, &zeros),
            model,
        })
    }
}

impl<T: Channels> Nuisance<T> for Blind<T> {
    fn operator(&self) -> &dyn Operator<Product<T>> {
        &self.model
    }

    fn blank(&self) -> T {
        self.blank.clone()
    }

    fn about(&self) -> (&'static str, &'static str, Vec<usize>) {
        let coils = self.model.coefficients().axes[0].1;
        let unit = "change of a coil's sensitivities over their norm";
        ("sensitivities", unit, vec![coils])
    }

    fn values(&self, n: &T) -> Result<Vec<Vec<f64>>> {
        self.model.changes(n)
    }
}
