//! A likelihood of predictions that lack a known part.

use super::{Likelihood, Surrogate};
use crate::{Result, SliceRng, Vector};

/// `-log p(y | z + b)`: the likelihood `inner` of a prediction that is `b` short, for images that
/// are measured from something else than zero, such as HU from water.
pub struct Shifted<T, L> {
    inner: L,
    offset: T,
}

impl<T: Vector, L: Likelihood<T>> Shifted<T, L> {
    /// From the likelihood and `b`, batch 1.
    pub fn new(inner: L, offset: T) -> Self {
        Shifted { inner, offset }
    }
}

impl<T: crate::Array, L: Likelihood<T>> Shifted<T, L> {
    fn whole(&self, z: &T) -> T {
        let mut whole = z.clone();
        whole.axpy(&[1.0], &self.offset.repeat(z.batch()));
        whole
    }
}

impl<T: crate::Array, L: Likelihood<T>> Likelihood<T> for Shifted<T, L> {
    fn nll(&self, z: &T) -> Vec<f64> {
        self.inner.nll(&self.whole(z))
    }
    fn gradient(&self, z: &T) -> Result<T> {
        self.inner.gradient(&self.whole(z))
    }
    fn residual(&self, z: &T) -> Result<T> {
        self.inner.residual(&self.whole(z))
    }
    fn norm_descent(&self, z: &T) -> Result<T> {
        self.inner.norm_descent(&self.whole(z))
    }
    fn precision(&self, z: &T, v: &T) -> Result<T> {
        self.inner.precision(&self.whole(z), v)
    }
    fn surrogate(&self, z: &T) -> Result<Surrogate<'_, T>> {
        self.inner.surrogate(&self.whole(z))
    }
    fn gradient_noise(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        self.inner.gradient_noise(&self.whole(z), rng)
    }
    fn simulate(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        self.inner.simulate(&self.whole(z), rng)
    }
    fn misfit(&self, z: &T) -> Vec<f64> {
        self.inner.misfit(&self.whole(z))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::likelihood::Gaussian;
    use crate::testing::Backend;
    use crate::{Array, Field};

    #[test]
    fn the_offset_belongs_to_the_prediction() {
        let b = Backend::host_f64();
        let y = b.random(&[1, 5, 7], Field::Real, 1);
        let ones = y.elementwise(&[], &|_, _| 1.0);
        let gaussian = || Gaussian::new(y.clone(), 0.3, ones.clone()).unwrap();
        let shifted = Shifted::new(gaussian(), ones.clone());
        let z = b.random(&[2, 5, 7], Field::Real, 2);
        let mut whole = z.clone();
        whole.axpy(&[1.0], &ones.repeat(2));
        assert_eq!(shifted.nll(&z), gaussian().nll(&whole));
        assert_eq!(
            shifted.gradient(&z).unwrap(),
            gaussian().gradient(&whole).unwrap()
        );
        let descent = |of: &dyn Likelihood<_>, z| of.norm_descent(z).unwrap();
        assert_eq!(descent(&shifted, &z), descent(&gaussian(), &whole));
        assert_ne!(shifted.nll(&z), gaussian().nll(&z));
    }
}
