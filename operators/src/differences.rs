//! Forward differences of an image: what total variation is the length of.

use crate::linear::expect_space;
use crate::{Array, Axis, Error, LinearOperator, Result, Space};

/// `(D x)[0, y, x] = x[y + 1, x] - x[y, x]` along Y and `(D x)[1, y, x] = x[y, x + 1] - x[y, x]`
/// along X, 0 for the last row and the last column (Neumann).
///
/// `[…, Y, X] → […, Difference 2, Y, X]`, in units of the image: no division by the pixel size.
/// `‖D‖² < 8`.
pub struct FiniteDifferences {
    domain: Space,
    range: Space,
}

impl FiniteDifferences {
    /// For images of `space`, whose last axes are Y and X.
    ///
    /// Errors: a space with other last axes, or with an empty one.
    pub fn new(space: Space) -> Result<Self> {
        let rank = space.axes.len();
        let last: Vec<Axis> = space.axes.iter().map(|&(axis, _)| axis).collect();
        if !last.ends_with(&[Axis::Y, Axis::X]) || space.sizes().contains(&0) {
            return Err(Error::Space {
                operator: "differences".into(),
                expected: "images [..., Y, X]".into(),
                got: space.to_string(),
            });
        }
        let mut range = space.clone();
        range.axes.insert(rank - 2, (Axis::Difference, 2));
        Ok(FiniteDifferences {
            domain: space,
            range,
        })
    }
}

impl<T: Array> LinearOperator<T> for FiniteDifferences {
    fn name(&self) -> &'static str {
        "differences"
    }
    fn domain(&self) -> &Space {
        &self.domain
    }
    fn range(&self) -> &Space {
        &self.range
    }
    fn forward(&self, x: &T) -> Result<T> {
        expect_space("differences", &self.domain, x)?;
        Ok(x.differences())
    }
    fn adjoint(&self, q: &T) -> Result<T> {
        expect_space("differences, adjoint", &self.range, q)?;
        Ok(q.differences_adjoint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Backend, assert_adjoint, assert_close, for_each_backend};
    use crate::{Field, Host};

    fn images(field: Field, sizes: &[(Axis, usize)]) -> Space {
        Space {
            axes: sizes.to_vec(),
            field,
        }
    }

    fn is_adjoint<T: Array>(b: Backend<T>) {
        for (rows, columns) in [(127, 96), (8, 8), (5, 3), (1, 7), (6, 1), (1, 1)] {
            for field in [Field::Real, Field::Complex] {
                let flat = [(Axis::Y, rows), (Axis::X, columns)];
                let volume = [(Axis::Slice, 3), flat[0], flat[1]];
                if rows * columns > 1 {
                    let space = images(field, &flat);
                    assert_adjoint(&b, &FiniteDifferences::new(space).unwrap());
                    let space = images(field, &volume);
                    assert_adjoint(&b, &FiniteDifferences::new(space).unwrap());
                }
            }
        }
    }
    for_each_backend!(adjoint, is_adjoint);

    /// From the definition; and 0 of a constant.
    fn equals_the_definition<T: Array>(b: Backend<T>) {
        let (rows, columns) = (5, 7);
        let x = b.random(&[2, rows, columns], Field::Real, 3);
        let reals = x.to_reals();
        let mut expected = Vec::new();
        for image in reals.chunks(rows * columns) {
            let at = |y: usize, x: usize| image[y.min(rows - 1) * columns + x.min(columns - 1)];
            for (down, along) in [(1, 0), (0, 1)] {
                for i in 0..rows * columns {
                    let (y, x) = (i / columns, i % columns);
                    expected.push(at(y + down, x + along) - at(y, x));
                }
            }
        }
        let sizes = [2, 2, rows, columns];
        let expected = T::from_reals(&b.device, &sizes, Field::Real, &expected);
        assert_eq!(x.differences().sizes(), sizes);
        assert_close(&x.differences(), &expected, 10.0 * b.tolerance);
        let constant = x.elementwise(&[], &|_, _| 3.7);
        assert_eq!(constant.differences().norm(), [0.0, 0.0]);
        let empty = constant.zeros_like().differences().shortened(0.5);
        assert_eq!(empty.norm(), [0.0, 0.0]);
    }
    for_each_backend!(definition, equals_the_definition);

    /// Long pairs come to the radius in their own direction, short ones stay.
    fn balls_hold_their_pairs<T: Array>(b: Backend<T>) {
        let radius = 0.8;
        for field in [Field::Real, Field::Complex] {
            let q = b.random(&[3, 2, 5, 7], field, 5);
            let (pair, per) = (5 * 7 * field.reals(), field.reals());
            let mut expected = q.to_reals();
            for item in expected.chunks_mut(2 * pair) {
                for pixel in 0..5 * 7 {
                    let parts = (0..per).flat_map(|c| [pixel * per + c, pair + pixel * per + c]);
                    let parts: Vec<usize> = parts.collect();
                    let length = parts.iter().map(|&i| item[i].powi(2)).sum::<f64>().sqrt();
                    parts
                        .iter()
                        .for_each(|&i| item[i] *= (radius / length).min(1.0));
                }
            }
            let expected = T::from_reals(&b.device, &q.sizes(), field, &expected);
            assert_close(&q.shortened(radius), &expected, 10.0 * b.tolerance);
        }
    }
    for_each_backend!(ball, balls_hold_their_pairs);

    fn a_bound_hides_no_nan<T: Array>(b: Backend<T>) {
        let reals = [-3.0, 0.5, f64::NAN, 2.0];
        let x = T::from_reals(&b.device, &[1, 2, 2], Field::Real, &reals);
        let found = x.at_least(0.25).to_reals();
        assert_eq!((found[0], found[1], found[3]), (0.25, 0.5, 2.0));
        assert!(found[2].is_nan());
    }
    for_each_backend!(bound, a_bound_hides_no_nan);

    #[test]
    fn other_spaces_are_refused() {
        let turned = images(Field::Real, &[(Axis::X, 4), (Axis::Y, 4)]);
        assert!(FiniteDifferences::new(turned).is_err());
        let d = FiniteDifferences::new(images(Field::Real, &[(Axis::Y, 4), (Axis::X, 5)])).unwrap();
        assert!(
            d.forward(&Host::<f64>::zeros(&[1, 5, 4], Field::Real))
                .is_err()
        );
        assert!(
            d.adjoint(&Host::<f64>::zeros(&[1, 4, 5], Field::Real))
                .is_err()
        );
    }
}
