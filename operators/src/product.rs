//! An image and what else is unknown beside it: the state of a blind problem.

use crate::likelihood::{Likelihood, Surrogate};
use crate::{Result, SliceRng, Vector};

/// An image and a nuisance (a kernel, a field map, …): one element of the product of two spaces,
/// with the sum of their inner products.
///
/// An operator of blind problems takes pairs and gives data, which have no nuisance: `None`. It is
/// an [`crate::Operator`] of this one type, so samplers and solvers need to know nothing new; its
/// data meet a likelihood through [`OfImage`].
#[derive(Clone, Debug, PartialEq)]
pub struct Product<T> {
    /// The image, or the data.
    pub image: T,
    /// What is unknown beside it; as many items as the image.
    pub nuisance: Option<T>,
}

impl<T> Product<T> {
    /// An image and a nuisance.
    pub fn new(image: T, nuisance: T) -> Self {
        Product {
            image,
            nuisance: Some(nuisance),
        }
    }

    /// Data, or whatever else has no nuisance.
    pub fn alone(image: T) -> Self {
        Product {
            image,
            nuisance: None,
        }
    }

    /// The two nuisances of a sum, none if neither has one.
    ///
    /// Panics if one has and the other has not: their spaces differ, a bug of the caller.
    fn both<'a>(mine: Option<&'a T>, other: &'a Self) -> Option<(&'a T, &'a T)> {
        assert_eq!(mine.is_some(), other.nuisance.is_some(), "the same space");
        mine.zip(other.nuisance.as_ref())
    }
}

impl<T: Vector> Vector for Product<T> {
    fn batch(&self) -> usize {
        self.image.batch()
    }
    fn reals(&self) -> usize {
        self.image.reals() + self.nuisance.as_ref().map_or(0, Vector::reals)
    }
    fn zeros_like(&self) -> Self {
        Product {
            image: self.image.zeros_like(),
            nuisance: self.nuisance.as_ref().map(Vector::zeros_like),
        }
    }
    fn scale(&mut self, a: &[f64]) {
        self.image.scale(a);
        if let Some(nuisance) = &mut self.nuisance {
            nuisance.scale(a);
        }
    }
    fn axpy(&mut self, a: &[f64], x: &Self) {
        Self::both(self.nuisance.as_ref(), x);
        self.image.axpy(a, &x.image);
        if let (Some(nuisance), Some(x)) = (&mut self.nuisance, &x.nuisance) {
            nuisance.axpy(a, x);
        }
    }
    fn dot(&self, other: &Self) -> Vec<f64> {
        let mut dot = self.image.dot(&other.image);
        if let Some((mine, theirs)) = Self::both(self.nuisance.as_ref(), other) {
            let beside = mine.dot(theirs);
            dot.iter_mut().zip(beside).for_each(|(d, b)| *d += b);
        }
        dot
    }
    /// The image first, then the nuisance, from the same streams.
    fn normal_like(&self, rng: &mut SliceRng) -> Self {
        Product {
            image: self.image.normal_like(rng),
            nuisance: self.nuisance.as_ref().map(|n| n.normal_like(rng)),
        }
    }
}

/// The likelihood of data that come as a [`Product`] without a nuisance.
pub struct OfImage<'a, T>(pub &'a dyn Likelihood<T>);

impl<T: Vector> Likelihood<Product<T>> for OfImage<'_, T> {
    fn nll(&self, z: &Product<T>) -> Vec<f64> {
        self.0.nll(&z.image)
    }
    fn gradient(&self, z: &Product<T>) -> Result<Product<T>> {
        self.0.gradient(&z.image).map(Product::alone)
    }
    fn residual(&self, z: &Product<T>) -> Result<Product<T>> {
        self.0.residual(&z.image).map(Product::alone)
    }
    fn norm_descent(&self, z: &Product<T>) -> Result<Product<T>> {
        self.0.norm_descent(&z.image).map(Product::alone)
    }
    fn precision(&self, z: &Product<T>, v: &Product<T>) -> Result<Product<T>> {
        self.0.precision(&z.image, &v.image).map(Product::alone)
    }
    fn surrogate(&self, z: &Product<T>) -> Result<Surrogate<'_, Product<T>>> {
        let inner = self.0.surrogate(&z.image)?;
        Ok(Box::new(move |v| inner(&v.image).map(Product::alone)))
    }
    fn gradient_noise(&self, z: &Product<T>, rng: &mut SliceRng) -> Result<Product<T>> {
        self.0.gradient_noise(&z.image, rng).map(Product::alone)
    }
    fn simulate(&self, z: &Product<T>, rng: &mut SliceRng) -> Result<Product<T>> {
        self.0.simulate(&z.image, rng).map(Product::alone)
    }
    fn misfit(&self, z: &Product<T>) -> Vec<f64> {
        self.0.misfit(&z.image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::likelihood::Gaussian;
    use crate::testing::{Backend, for_each_backend};
    use crate::{Array, Field};

    fn pair<T: Array>(b: &Backend<T>, batch: usize, seed: u64) -> Product<T> {
        Product::new(
            b.random(&[batch, 7, 9], Field::Complex, seed),
            b.random(&[batch, 3, 4], Field::Real, seed + 100),
        )
    }

    /// What holds for a vector holds for the pair, an item at a time.
    fn is_a_vector<T: Array>(b: Backend<T>) {
        let (x, y) = (pair(&b, 3, 1), pair(&b, 3, 2));
        assert_eq!((x.batch(), x.reals()), (3, 2 * 63 + 12));
        let a = [0.5, -2.0, 3.0];
        let mut sum = x.clone();
        sum.axpy(&a, &y);
        let (xx, xy, yy) = (x.dot(&x), x.dot(&y), y.dot(&y));
        for (i, a) in a.into_iter().enumerate() {
            let expected = xx[i] + 2.0 * a * xy[i] + a * a * yy[i];
            assert!((sum.dot(&sum)[i] / expected - 1.0).abs() < 10.0 * b.tolerance);
        }
        let n = |x: &T| x.to_reals().iter().map(|r| r * r).sum::<f64>();
        let whole = n(&x.image) + x.nuisance.as_ref().map_or(0.0, n);
        assert!((xx.iter().sum::<f64>() / whole - 1.0).abs() < 10.0 * b.tolerance);
        assert_eq!(x.minus(&x).norm(), [0.0; 3]);
        assert_eq!(x.zeros_like().norm(), [0.0; 3]);
        let halved = x.scaled(0.5).norm();
        assert!((halved[2] / x.norm()[2] - 0.5).abs() < b.tolerance);
        let data = Product::alone(x.image.clone());
        assert_eq!(data.dot(&data), x.image.dot(&x.image));
        assert_eq!(data.reals(), x.image.reals());
    }
    for_each_backend!(vector, is_a_vector);

    #[test]
    fn noise_is_white_over_both_and_does_not_depend_on_the_batch() {
        let b = Backend::host_f64();
        let wide = Product::new(
            b.random(&[2, 60, 70], Field::Real, 1),
            b.random(&[2, 50, 50], Field::Real, 2),
        );
        let n = wide.normal_like(&mut SliceRng::samples(5, 0, 2));
        let band = 4.0 * (2.0 / wide.reals() as f64).sqrt();
        for square in n.dot(&n) {
            assert!((square / wide.reals() as f64 - 1.0).abs() < band);
        }
        let second = |p: &Product<crate::Host<f64>>| {
            let nuisance = p.nuisance.as_ref().unwrap();
            Product::new(p.image.items(1, 2), nuisance.items(1, 2))
        };
        let alone = second(&wide).normal_like(&mut SliceRng::new(5, [(0, 1)]));
        assert_eq!(alone, second(&n));
    }

    #[test]
    #[should_panic(expected = "the same space")]
    fn a_pair_and_data_do_not_add() {
        let x = pair(&Backend::host_f64(), 1, 1);
        let _ = x.dot(&Product::alone(x.image.clone()));
    }

    #[test]
    fn a_likelihood_of_data_is_that_of_their_image() {
        let b = Backend::host_f64();
        let y = b.random(&[1, 7, 9], Field::Real, 1);
        let ones = y.elementwise(&[], &|_, _| 1.0);
        let gaussian = || Gaussian::new(y.clone(), 0.3, ones.clone()).unwrap();
        let alone = gaussian();
        let of_image = OfImage(&alone);
        let z = b.random(&[2, 7, 9], Field::Real, 2);
        let data = Product::alone(z.clone());
        assert_eq!(of_image.nll(&data), gaussian().nll(&z));
        assert_eq!(of_image.misfit(&data), gaussian().misfit(&z));
        let g = of_image.gradient(&data).unwrap();
        assert_eq!(g, Product::alone(gaussian().gradient(&z).unwrap()));
        let h = of_image.surrogate(&data).unwrap()(&data).unwrap();
        assert_eq!(h, of_image.precision(&data, &data).unwrap());
    }
}
