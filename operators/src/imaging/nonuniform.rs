//! Blur that differs from place to place.

use super::{Blur, plane};
use crate::linear::expect_space;
use crate::{Array, Error, Field, LinearOperator, Result, Space};

/// `A x = Σ_i m_i (B_i x)`: blurs `B_i`, each where its mask `m_i` says, with `Σ m_i = 1` in every
/// pixel, so that a constant stays what it is.
///
/// `[Y, X] → [Y, X]`, real or complex.
/// Source: Nagy and O'Leary 1998 (SIAM J. Sci. Comput. 19:1063), section 3, with the masks on the
/// side of the data.
pub struct NonUniformBlur<T> {
    parts: Vec<(T, Blur<T>)>,
}

impl<T: Array> NonUniformBlur<T> {
    /// From masks, `Real[1, Y, X]`, and blurs.
    ///
    /// Errors: no part, unequal spaces, masks that do not add up to 1 (to 1e-5).
    pub fn new(parts: Vec<(T, Blur<T>)>) -> Result<Self> {
        let refused = |expected: String, got: String| Error::Space {
            operator: "non-uniform blur".into(),
            expected,
            got,
        };
        let Some((_, first)) = parts.first() else {
            return Err(refused("at least one blur".into(), "none".into()));
        };
        let space = first.domain();
        let (rows, columns) = plane("non-uniform blur", space)?;
        let mut sum = vec![0.0; rows * columns];
        for (mask, blur) in &parts {
            if blur.domain() != space {
                return Err(refused(space.to_string(), blur.domain().to_string()));
            }
            if mask.sizes() != [1, rows, columns] || mask.field() != Field::Real {
                let got = format!("{:?}{:?}", mask.field(), mask.sizes());
                let expected = format!("masks Real[Y {rows}, X {columns}] with batch 1");
                return Err(refused(expected, got));
            }
            let mask = mask.to_reals();
            sum.iter_mut().zip(mask).for_each(|(sum, m)| *sum += m);
        }
        let off = |s: f64| s.is_nan() || (s - 1.0).abs() > 1e-5;
        if let Some(bad) = sum.iter().find(|s| off(**s)) {
            return Err(Error::Parameter {
                what: "sum of the masks of a non-uniform blur",
                expected: "1 in every pixel",
                got: bad.to_string(),
            });
        }
        Ok(NonUniformBlur { parts })
    }

    /// From the blur of the left border to that of the right one, each the only one in its own
    /// column and mixed linearly in between.
    ///
    /// Errors: no blur, unequal spaces, more blurs than columns.
    pub fn across(device: &T::Device, blurs: Vec<Blur<T>>) -> Result<Self> {
        let Some(first) = blurs.first() else {
            return Self::new(Vec::new());
        };
        let (rows, columns) = plane("non-uniform blur", first.domain())?;
        if blurs.len() > columns {
            return Err(Error::Parameter {
                what: "blurs across an image",
                expected: "no more than its columns",
                got: format!("{} for {columns}", blurs.len()),
            });
        }
        let pitch = (blurs.len() - 1) as f64 / (columns - 1).max(1) as f64;
        let mask = |i: usize| {
            let weight = |x: usize| (1.0 - (x as f64 * pitch - i as f64).abs()).max(0.0);
            let weights: Vec<f64> = (0..rows).flat_map(|_| (0..columns).map(weight)).collect();
            T::from_reals(device, &[1, rows, columns], Field::Real, &weights)
        };
        let parts = blurs.into_iter().enumerate();
        Self::new(parts.map(|(i, blur)| (mask(i), blur)).collect())
    }

    /// The sum over the parts; there is at least one.
    fn sum(&self, part: impl Fn(&T, &Blur<T>) -> Result<T>) -> Result<T> {
        let (mask, blur) = &self.parts[0];
        let first = part(mask, blur)?;
        self.parts[1..].iter().try_fold(first, |mut sum, (m, b)| {
            sum.axpy(&[1.0], &part(m, b)?);
            Ok(sum)
        })
    }
}

impl<T: Array> LinearOperator<T> for NonUniformBlur<T> {
    fn name(&self) -> &'static str {
        "non-uniform blur"
    }
    fn domain(&self) -> &Space {
        self.parts[0].1.domain()
    }
    fn range(&self) -> &Space {
        self.parts[0].1.domain()
    }
    fn forward(&self, x: &T) -> Result<T> {
        expect_space("non-uniform blur", self.domain(), x)?;
        self.sum(|mask, blur| Ok(blur.forward(x)?.weighted(mask)))
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        expect_space("non-uniform blur, adjoint", self.range(), y)?;
        self.sum(|mask, blur| blur.adjoint(&y.weighted(mask)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Kernel;
    use crate::testing::{Backend, assert_adjoint, assert_close, for_each_backend};
    use crate::{Axis, SliceRng, Vector};

    fn blurs<T: Array>(b: &Backend<T>, field: Field) -> Vec<Blur<T>> {
        let space = || Space {
            axes: vec![(Axis::Y, 13), (Axis::X, 9)],
            field,
        };
        let shaken = Kernel::random_motion(7, 0.4, &mut SliceRng::samples(1, 0, 1)).unwrap();
        vec![
            Blur::gaussian(&b.device, space(), 0.5).unwrap(),
            Blur::motion(&b.device, space(), 4.0, 1.0).unwrap(),
            Blur::new(&b.device, space(), &shaken).unwrap(),
        ]
    }

    fn is_adjoint<T: Array>(b: Backend<T>) {
        for field in [Field::Real, Field::Complex] {
            let a = NonUniformBlur::across(&b.device, blurs(&b, field)).unwrap();
            assert_adjoint(&b, &a);
            // The first column is that of the first blur, the last that of the last.
            let x = b.random(&[2, 13, 9], field, 1);
            let y = a.forward(&x).unwrap();
            for (column, blur) in [(0, 0), (8, 2)] {
                let one = |i: usize| f64::from(i % 9 == column);
                let weights: Vec<f64> = (0..117).map(one).collect();
                let only = T::from_reals(&b.device, &[1, 13, 9], Field::Real, &weights);
                let expected = blurs(&b, field)[blur].forward(&x).unwrap().weighted(&only);
                assert_close(&y.weighted(&only), &expected, b.tolerance);
            }
        }
    }
    for_each_backend!(adjoint, is_adjoint);

    #[test]
    fn a_constant_stays_and_masks_must_add_up() {
        let b = Backend::host_f64();
        let one = b
            .random(&[1, 13, 9], Field::Real, 1)
            .elementwise(&[], &|_, _| 1.0);
        let a = NonUniformBlur::across(&(), blurs(&b, Field::Real)).unwrap();
        assert_close(&a.forward(&one).unwrap(), &one, 1e-12);
        let parts = |mask: f64| {
            let both = blurs(&b, Field::Real).into_iter().take(2);
            NonUniformBlur::new(both.map(|blur| (one.scaled(mask), blur)).collect())
        };
        assert!(parts(0.5).is_ok() && parts(0.6).is_err() && parts(f64::NAN).is_err());
        assert!(NonUniformBlur::<crate::Host<f64>>::new(Vec::new()).is_err());
        let mut mixed = blurs(&b, Field::Real);
        mixed.extend(blurs(&b, Field::Complex));
        assert!(NonUniformBlur::across(&(), mixed).is_err());
    }
}
