//! Coil sensitivities: one image seen by every receiver.

use crate::linear::expect_space;
use crate::{Array, Error, Field, LinearOperator, Result, Space};

/// `y_c = s_c x`.
///
/// `Complex[Y, X] → Complex[Coil, Y, X]`; with `Σ|s_c|² = 1` the normal operator is the identity.
/// Source: Pruessmann et al. 1999 (MRM 42:952), eq. 2.
pub struct Coils<T> {
    maps: T,
    domain: Space,
    range: Space,
}

impl<T: Array> Coils<T> {
    /// From `maps`, `Complex[1, Coil, Y, X]`.
    pub fn new(maps: T) -> Result<Self> {
        let sizes = maps.sizes();
        let &[1, coils, rows, columns] = sizes.as_slice() else {
            return Err(Error::Space {
                operator: "coils".into(),
                expected: "maps Complex[Coil, Y, X] with batch 1".into(),
                got: format!("{:?}{sizes:?}", maps.field()),
            });
        };
        if maps.field() != Field::Complex {
            return Err(Error::Space {
                operator: "coils".into(),
                expected: "complex maps".into(),
                got: "real ones".into(),
            });
        }
        Ok(Coils {
            maps,
            domain: Space::image(rows, columns),
            range: Space::coil_images(coils, rows, columns),
        })
    }

    /// Coils, rows, columns.
    pub fn shape(&self) -> (usize, usize, usize) {
        let s = self.range.sizes();
        (s[0], s[1], s[2])
    }
}

impl<T: Array> LinearOperator<T> for Coils<T> {
    fn name(&self) -> &'static str {
        "coils"
    }
    fn domain(&self) -> &Space {
        &self.domain
    }
    fn range(&self) -> &Space {
        &self.range
    }
    fn forward(&self, x: &T) -> Result<T> {
        expect_space("coils", &self.domain, x)?;
        Ok(x.spread(&self.maps))
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        expect_space("coils, adjoint", &self.range, y)?;
        Ok(y.gather(&self.maps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Backend, assert_adjoint, for_each_backend};

    fn coils_are_adjoint<T: Array>(b: Backend<T>) {
        let maps = b.random(&[1, 3, 127, 96], Field::Complex, 1);
        assert_adjoint(&b, &Coils::new(maps).unwrap());
    }
    for_each_backend!(adjoint, coils_are_adjoint);

    fn a_wrong_rank_is_refused<T: Array>(b: Backend<T>) {
        assert!(Coils::new(b.random(&[3, 7, 9], Field::Complex, 1)).is_err());
        let coils = Coils::new(b.random(&[1, 3, 7, 9], Field::Complex, 1)).unwrap();
        let error = coils
            .forward(&b.random(&[1, 9, 7], Field::Complex, 2))
            .err()
            .unwrap();
        assert!(error.to_string().contains("Complex[Y 7, X 9]"), "{error}");
    }
    for_each_backend!(refusal, a_wrong_rank_is_refused);
}
