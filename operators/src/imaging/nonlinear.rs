//! Blur seen by a detector that saturates.

use super::Blur;
use crate::array::Real;
use crate::linear::expect_space;
use crate::{Array, Error, Field, Host, LinearOperator, Operator, Result, Space};
use num_complex::Complex;

/// `A(x) = s tanh(B x / s)`: a blur `B`, and a detector that is linear around 0 and never gives more
/// than `±s`.
///
/// `Real[Y, X] → Real[Y, X]`; smooth everywhere. The derivative is `(1 - (A(x)/s)²) B`. The values
/// are computed on the host.
pub struct NonlinearBlur<T> {
    blur: Blur<T>,
    saturation: f64,
}

impl<T: Array> NonlinearBlur<T> {
    /// From a blur of real images and `s`, in the unit of the image.
    ///
    /// Errors: complex images, a saturation that is not positive.
    pub fn new(blur: Blur<T>, saturation: f64) -> Result<Self> {
        if blur.domain().field != Field::Real {
            return Err(Error::Space {
                operator: "non-linear blur".into(),
                expected: "real images".into(),
                got: blur.domain().to_string(),
            });
        }
        if !(saturation.is_finite() && saturation > 0.0) {
            return Err(Error::Parameter {
                what: "saturation of a detector",
                expected: "a positive number",
                got: saturation.to_string(),
            });
        }
        Ok(NonlinearBlur { blur, saturation })
    }

    /// `(A(x), J)`, on any array; [`Operator`] is implemented kind by kind (see [`super`]).
    pub(super) fn linearized<'a>(&'a self, x: &T) -> Result<(T, Box<dyn LinearOperator<T> + 'a>)> {
        expect_space("non-linear blur", self.blur.domain(), x)?;
        let (blur, s) = (&self.blur, self.saturation);
        let y = blur
            .forward(x)?
            .elementwise(&[], &|b, _| s * (b / s).tanh());
        let gain = y.elementwise(&[], &|y, _| 1.0 - (y / s).powi(2));
        Ok((y, Box::new(Slope { blur, gain })))
    }
}

impl<F: Real> Operator<Host<F>> for NonlinearBlur<Host<F>>
where
    Complex<F>: bytemuck::Pod,
{
    fn apply(&self, x: &Host<F>) -> Result<Host<F>> {
        Ok(self.linearized(x)?.0)
    }
    fn linearize<'a>(
        &'a self,
        x: &Host<F>,
    ) -> Result<(Host<F>, Box<dyn LinearOperator<Host<F>> + 'a>)> {
        self.linearized(x)
    }
}

/// `J v = g B v`.
struct Slope<'a, T> {
    blur: &'a Blur<T>,
    gain: T,
}

impl<T: Array> LinearOperator<T> for Slope<'_, T> {
    fn name(&self) -> &'static str {
        "slope of the non-linear blur"
    }
    fn domain(&self) -> &Space {
        self.blur.domain()
    }
    fn range(&self) -> &Space {
        self.blur.range()
    }
    fn forward(&self, v: &T) -> Result<T> {
        Ok(self.blur.forward(v)?.times(&self.gain))
    }
    fn adjoint(&self, w: &T) -> Result<T> {
        expect_space("slope of the non-linear blur, adjoint", self.range(), w)?;
        self.blur.adjoint(&w.times(&self.gain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Backend, assert_close, assert_jacobian, for_each_backend};
    use crate::{Axis, Vector};

    fn model<T: Array>(b: &Backend<T>, saturation: f64) -> NonlinearBlur<T> {
        let space = Space::real(&[(Axis::Y, 13), (Axis::X, 8)]);
        let blur = Blur::motion(&b.device, space, 4.0, 0.5).unwrap();
        NonlinearBlur::new(blur, saturation).unwrap()
    }

    fn the_slope_is_the_derivative<T: Array>(b: Backend<T>)
    where
        NonlinearBlur<T>: Operator<T>,
    {
        let [x, v, w] = [1, 2, 3].map(|seed| b.random(&[3, 13, 8], Field::Real, seed));
        assert_jacobian(&model(&b, 0.7), b.tolerance, [&x, &v, &w]);
    }
    for_each_backend!(jacobian, the_slope_is_the_derivative);

    #[test]
    fn small_signals_are_blurred_and_large_ones_saturate() {
        let b = Backend::host_f64();
        let x = b.random(&[1, 13, 8], Field::Real, 1);
        let a = model(&b, 0.7);
        let small = x.scaled(1e-5);
        let blurred = a.blur.forward(&small).unwrap();
        assert_close(&a.apply(&small).unwrap(), &blurred, 1e-9);
        let most = a.apply(&x.scaled(1e3)).unwrap();
        assert!(most.reals().iter().all(|y| y.abs() <= 0.7));
        let complex = Blur::<Host<f64>>::gaussian(&(), Space::image(13, 8), 1.0).unwrap();
        assert!(NonlinearBlur::new(complex, 1.0).is_err());
    }
}
