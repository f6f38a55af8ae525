//! Which samples of Cartesian k-space were measured, and how often.

use crate::linear::expect_space;
use crate::{Array, Error, Field, LinearOperator, Result, Space};

/// `y_c = M k_c` with a real diagonal `M`: 0 where nothing was sampled, `√averages` where
/// something was, so that the noise of `y` has unit variance.
///
/// `Complex[Coil, Y, X] → Complex[Coil, Y, X]`.
pub struct Sampling<T> {
    mask: T,
    space: Space,
}

impl<T: Array> Sampling<T> {
    /// From `mask`, `Real[1, Y, X]`.
    pub fn new(mask: T, coils: usize) -> Result<Self> {
        let sizes = mask.sizes();
        match (sizes.as_slice(), mask.field()) {
            (&[1, rows, columns], Field::Real) => Ok(Sampling {
                mask,
                space: Space::coil_images(coils, rows, columns),
            }),
            _ => Err(Error::Space {
                operator: "sampling".into(),
                expected: "mask Real[Y, X] with batch 1".into(),
                got: format!("{:?}{sizes:?}", mask.field()),
            }),
        }
    }
}

impl<T: Array> LinearOperator<T> for Sampling<T> {
    fn name(&self) -> &'static str {
        "sampling"
    }
    fn domain(&self) -> &Space {
        &self.space
    }
    fn range(&self) -> &Space {
        &self.space
    }
    fn forward(&self, x: &T) -> Result<T> {
        expect_space("sampling", &self.space, x)?;
        Ok(x.weighted(&self.mask))
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        self.forward(y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vector;
    use crate::mri::sense;
    use crate::testing::{Backend, assert_adjoint, for_each_backend, on_threads};

    fn is_adjoint<T: Array>(b: Backend<T>) {
        assert_adjoint(&b, &Sampling::new(b.mask(127, 96, 5), 3).unwrap());
    }
    for_each_backend!(adjoint, is_adjoint);

    fn the_chain_is_adjoint<T: Array + 'static>(b: Backend<T>) {
        for (coils, rows, columns) in [(3, 127, 96), (3, 7, 9), (1, 16, 16)] {
            let maps = b.random(&[1, coils, rows, columns], Field::Complex, 6);
            let a = sense(maps, b.mask(rows, columns, 7)).unwrap();
            assert_adjoint(&b, &a);
        }
    }
    for_each_backend!(chained, the_chain_is_adjoint);

    fn a_chain_that_does_not_fit_is_refused<T: Array + 'static>(b: Backend<T>) {
        let maps = b.random(&[1, 3, 7, 9], Field::Complex, 6);
        let error = sense(maps, b.mask(9, 7, 7)).err().unwrap().to_string();
        assert!(
            error.contains("`fourier` gives Complex[Coil 3, Y 7, X 9]"),
            "{error}"
        );
    }
    /// Forward, adjoint and noise are those of the f64 reference.
    fn the_backends_agree<T: Array + 'static>(b: Backend<T>) {
        fn outputs<T: Array + 'static>(b: &Backend<T>) -> [Vec<f64>; 3] {
            let maps = b.random(&[1, 3, 127, 96], Field::Complex, 6);
            let a = sense(maps, b.mask(127, 96, 7)).unwrap();
            let x = b.random(&[2, 127, 96], Field::Complex, 8);
            let y = a.forward(&x).unwrap();
            let n = x.normal_like(&mut crate::SliceRng::samples(4, 2, 2));
            [
                a.adjoint(&y).unwrap().to_reals(),
                y.to_reals(),
                n.to_reals(),
            ]
        }
        for (found, reference) in outputs(&b).iter().zip(outputs(&Backend::host_f64())) {
            let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
            let d: Vec<f64> = found.iter().zip(&reference).map(|(a, b)| a - b).collect();
            let error = norm(&d) / norm(&reference);
            assert!(error <= b.tolerance, "relative error {error:.1e}");
        }
    }
    for_each_backend!(agreement, the_backends_agree);

    /// Forward, adjoint and the sums of solvers, on the host.
    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let b = Backend::host_f32();
        let maps = b.random(&[1, 8, 127, 96], Field::Complex, 6);
        let mask = b.mask(127, 96, 7);
        let x = b.random(&[3, 127, 96], Field::Complex, 8);
        let run = |threads| {
            on_threads(threads, || {
                let a = sense(maps.clone(), mask.clone()).unwrap();
                let y = a.forward(&x).unwrap();
                let sums = [y.dot(&y), x.dot(&x)].concat();
                (a.adjoint(&y).unwrap(), y, sums)
            })
        };
        assert!(run(1) == run(3));
    }

    for_each_backend!(mismatch, a_chain_that_does_not_fit_is_refused);
}
