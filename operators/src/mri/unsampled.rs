//! The frequencies that a scan by one coil leaves out.

use crate::{Array, LinearOperator, Result, Space};

/// `1 - Aᴴ A`: of an A with singular values 0 and 1, such as one coil that sees everything alike, the
/// projection onto what was not measured.
///
/// From the domain of A to itself.
pub struct Unsampled<A>(pub A);

impl<T: Array, A: LinearOperator<T>> LinearOperator<T> for Unsampled<A> {
    fn name(&self) -> &'static str {
        "what was not sampled"
    }
    fn domain(&self) -> &Space {
        self.0.domain()
    }
    fn range(&self) -> &Space {
        self.0.domain()
    }
    fn forward(&self, x: &T) -> Result<T> {
        Ok(x.minus(&self.0.normal(x)?))
    }
    fn adjoint(&self, x: &T) -> Result<T> {
        self.forward(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;
    use crate::mri::sense;
    use crate::testing::{Backend, assert_adjoint, assert_close, for_each_backend};

    fn it_is_the_projection_onto_what_was_left_out<T: Array + 'static>(b: Backend<T>) {
        let (rows, columns) = (5, 6);
        let everywhere = [1.0, 0.0].repeat(rows * columns);
        let maps = T::from_reals(
            &b.device,
            &[1, 1, rows, columns],
            Field::Complex,
            &everywhere,
        );
        let lines: Vec<f64> = (0..rows * columns)
            .map(|i| f64::from(u8::from(i % columns == 1)))
            .collect();
        let mask = T::from_reals(&b.device, &[1, rows, columns], Field::Real, &lines);
        let a = sense(maps, mask).unwrap();
        let u = Unsampled(&a);
        assert_adjoint(&b, &u);
        let x = b.random(&[2, rows, columns], Field::Complex, 1);
        let left_out = u.forward(&x).unwrap();
        assert!(left_out.norm().iter().all(|norm| *norm > 1.0));
        assert_close(
            &u.forward(&left_out).unwrap(),
            &left_out,
            10.0 * b.tolerance,
        );
        let seen = a.forward(&left_out).unwrap();
        assert!(seen.norm().iter().all(|norm| *norm < 10.0 * b.tolerance));
    }
    for_each_backend!(projection, it_is_the_projection_onto_what_was_left_out);
}
