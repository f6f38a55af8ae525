//! Diffraction patterns without their phases.

use super::plane;
use super::planes::{complexified, cropped, elements, embedded, in_field, product};
use crate::array::Real;
use crate::linear::expect_space;
use crate::{Array, Axis, Direction, Error, Field, Host, LinearOperator, Operator, Result, Space};
use num_complex::Complex;

/// `A(x) = |F P x|`: P pads with zeros, F is the centred unitary DFT.
///
/// `Real or Complex[Y, X] → Real[Y ⌈r rows⌉, X ⌈r columns⌉]`, `r` the oversampling: what a phase is
/// found from. `‖A(x)‖ = ‖x‖`. With `u = F P x / |F P x|` the derivative is `J v = Re(conj(u) F P v)`;
/// where the magnitude is 0 it has none, and `u = 0` is taken, one of its generalised derivatives.
/// Padding and magnitudes go by way of the host.
pub struct PhaseRetrieval {
    domain: Space,
    range: Space,
}

impl PhaseRetrieval {
    /// From the space of the image and the oversampling along each axis: 2 determines an image of
    /// known support up to its trivial companions.
    ///
    /// Errors: an oversampling below 1 or above 16.
    pub fn new(space: Space, oversampling: f64) -> Result<Self> {
        let (rows, columns) = plane("phase retrieval", &space)?;
        if !(1.0..=16.0).contains(&oversampling) {
            return Err(Error::Parameter {
                what: "oversampling of phase retrieval",
                expected: "a number from 1 to 16",
                got: oversampling.to_string(),
            });
        }
        let padded = |n: usize| (oversampling * n as f64).ceil() as usize;
        Ok(PhaseRetrieval {
            domain: space,
            range: Space::real(&[(Axis::Y, padded(rows)), (Axis::X, padded(columns))]),
        })
    }

    /// The space of the image.
    pub fn domain(&self) -> &Space {
        &self.domain
    }

    /// The space of the magnitudes.
    pub fn range(&self) -> &Space {
        &self.range
    }

    /// `F P x`.
    fn diffracted<T: Array>(&self, x: &T) -> T {
        let (rows, columns) = (self.range.axes[0].1, self.range.axes[1].1);
        embedded(&complexified(x), rows, columns).fft2(Direction::Forward)
    }

    /// `(A(x), J)`, on any array; [`Operator`] is implemented kind by kind (see [`super`]).
    pub(super) fn linearized<'a, T: Array>(
        &'a self,
        x: &T,
    ) -> Result<(T, Box<dyn LinearOperator<T> + 'a>)> {
        expect_space("phase retrieval", &self.domain, x)?;
        let wave = self.diffracted(x);
        let waves = elements(&wave);
        let magnitudes: Vec<f64> = waves.iter().map(|z| z.norm()).collect();
        let unit = |(z, r): (&Complex<f64>, &f64)| match *r > 0.0 {
            true => z / r,
            false => Complex::new(0.0, 0.0),
        };
        let phases = waves.iter().zip(&magnitudes).map(unit).collect();
        let y = T::from_reals(&x.device(), &wave.sizes(), Field::Real, &magnitudes);
        Ok((y, Box::new(Slope { of: self, phases })))
    }
}

impl<F: Real> Operator<Host<F>> for PhaseRetrieval
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

/// `J v = Re(conj(u) F P v)`.
struct Slope<'a> {
    of: &'a PhaseRetrieval,
    phases: Vec<Complex<f64>>,
}

impl<T: Array> LinearOperator<T> for Slope<'_> {
    fn name(&self) -> &'static str {
        "slope of phase retrieval"
    }
    fn domain(&self) -> &Space {
        &self.of.domain
    }
    fn range(&self) -> &Space {
        &self.of.range
    }
    fn forward(&self, v: &T) -> Result<T> {
        expect_space("slope of phase retrieval", &self.of.domain, v)?;
        let turned = product(&self.phases, &self.of.diffracted(v), true);
        Ok(in_field(turned, Field::Real))
    }
    fn adjoint(&self, w: &T) -> Result<T> {
        expect_space("slope of phase retrieval, adjoint", &self.of.range, w)?;
        let wave = product(&self.phases, &complexified(w), false);
        let (rows, columns) = (self.of.domain.axes[0].1, self.of.domain.axes[1].1);
        let image = cropped(&wave.fft2(Direction::Inverse), rows, columns);
        Ok(in_field(image, self.of.domain.field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vector;
    use crate::testing::{Backend, assert_close, assert_jacobian, for_each_backend};

    fn model(rows: usize, columns: usize, field: Field, oversampling: f64) -> PhaseRetrieval {
        let axes = vec![(Axis::Y, rows), (Axis::X, columns)];
        PhaseRetrieval::new(Space { axes, field }, oversampling).unwrap()
    }

    /// The images that no magnitude is near 0 of: the derivative turns fast where one is.
    fn the_slope_is_the_derivative<T: Array>(b: Backend<T>)
    where
        PhaseRetrieval: Operator<T>,
    {
        for field in [Field::Real, Field::Complex] {
            for (rows, columns, oversampling) in [(6, 5, 2.0), (7, 9, 1.5), (4, 5, 1.0)] {
                let a = model(rows, columns, field, oversampling);
                let mut x = b.random(&[2, rows, columns], field, 1).scaled(0.1);
                let mut peak = vec![0.0; x.reals() * 2];
                let centre = (rows / 2 * columns + columns / 2) * field.reals();
                peak[centre] = 6.0;
                peak[centre + x.reals()] = 6.0;
                x.axpy(&[1.0], &T::from_reals(&b.device, &x.sizes(), field, &peak));
                let v = b.random(&[2, rows, columns], field, 2);
                let sizes = [vec![2], a.range().sizes()].concat();
                let w = b.random(&sizes, Field::Real, 3);
                assert_jacobian(&a, b.tolerance.max(1e-12) * 2.0, [&x, &v, &w]);
            }
        }
    }
    for_each_backend!(jacobian, the_slope_is_the_derivative);

    fn energy_and_global_phase_are_kept<T: Array>(b: Backend<T>)
    where
        PhaseRetrieval: Operator<T>,
    {
        let a = model(7, 6, Field::Complex, 2.0);
        let x = b.random(&[2, 7, 6], Field::Complex, 1);
        let y = a.apply(&x).unwrap();
        assert!((y.norm()[1] / x.norm()[1] - 1.0).abs() < 10.0 * b.tolerance);
        let turned: Vec<f64> = x.to_reals().chunks(2).flat_map(|p| [-p[1], p[0]]).collect();
        let turned = T::from_reals(&b.device, &x.sizes(), Field::Complex, &turned);
        assert_close(&a.apply(&turned).unwrap(), &y, 10.0 * b.tolerance);
        let alone = a.apply(&x.items(1, 2)).unwrap();
        assert_close(&alone, &y.items(1, 2), b.tolerance);
        // Homogeneous of degree 1: J x = A(x) (Euler).
        let (_, slope) = a.linearize(&x).unwrap();
        assert_close(&slope.forward(&x).unwrap(), &y, 10.0 * b.tolerance);
    }
    for_each_backend!(laws, energy_and_global_phase_are_kept);

    #[test]
    fn where_nothing_arrives_the_derivative_is_zero() {
        let a = model(4, 5, Field::Real, 2.0);
        let x = Host::<f64>::zeros(&[1, 4, 5], Field::Real);
        let (y, slope) = a.linearize(&x).unwrap();
        assert_eq!(y.sizes(), [1, 8, 10]);
        assert_eq!(y.norm(), [0.0]);
        let w = Backend::host_f64().random(&[1, 8, 10], Field::Real, 1);
        assert_eq!(slope.adjoint(&w).unwrap().norm(), [0.0]);
        let space = Space::image(4, 5);
        assert!(PhaseRetrieval::new(space.clone(), 0.9).is_err());
        assert!(PhaseRetrieval::new(space, f64::NAN).is_err());
    }
}
