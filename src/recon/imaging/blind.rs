//! A blur whose kernel is not known exactly, in units of the prior.

use super::super::blind::Nuisance;
use super::affine::Affine;
use super::model::kernel;
use crate::protocol::{Blur, UnknownKernel as Table};
use crate::score::Channels;
use operators::imaging::UnknownKernel;
use operators::{Array, Field, LinearOperator, Operator, Product, Result, Space};

/// `A(b + c x, n)`: the blur of images in units of the prior, by a kernel of the coefficients n.
pub(super) struct Blind<'a, T: Channels> {
    a: &'a Affine<T>,
    kernel: UnknownKernel<T>,
    blank: T,
}

impl<'a, T: Channels> Blind<'a, T> {
    /// Around the protocol's kernel; `space` is that of the image.
    ///
    /// Errors: a kernel or a deviation larger than the image.
    pub(super) fn new(a: &'a Affine<T>, space: Space, blur: &Blur, table: &Table) -> Result<Self> {
        let (device, mean) = (a.blank().device(), kernel(&blur.kernel)?);
        let size = table.size_pixels;
        let kernel = UnknownKernel::new(&device, space, &mean, size, table.weight_std)?;
        let zeros = vec![0.0; size * size];
        let blank = T::from_reals(&device, &[1, size, size], Field::Real, &zeros);
        Ok(Blind { a, kernel, blank })
    }

    fn seen(&self, pair: &Product<T>) -> Product<T> {
        Product {
            image: self.a.seen(&pair.image),
            nuisance: pair.nuisance.clone(),
        }
    }
}

impl<T: Channels> Operator<Product<T>> for Blind<'_, T> {
    fn apply(&self, pair: &Product<T>) -> Result<Product<T>> {
        self.kernel.apply(&self.seen(pair))
    }

    fn linearize<'a>(
        &'a self,
        pair: &Product<T>,
    ) -> Result<(Product<T>, Box<dyn LinearOperator<Product<T>> + 'a>)> {
        let (y, slope) = self.kernel.linearize(&self.seen(pair))?;
        let factor = self.a.scale[1];
        Ok((y, Box::new(Scaled { slope, factor })))
    }
}

/// `J (c v, h)`.
struct Scaled<'a, T> {
    slope: Box<dyn LinearOperator<Product<T>> + 'a>,
    factor: f64,
}

impl<T: Array> LinearOperator<Product<T>> for Scaled<'_, T> {
    fn name(&self) -> &'static str {
        self.slope.name()
    }
    fn domain(&self) -> &Space {
        self.slope.domain()
    }
    fn range(&self) -> &Space {
        self.slope.range()
    }
    fn forward(&self, v: &Product<T>) -> Result<Product<T>> {
        self.slope.forward(&Product {
            image: v.image.scaled(self.factor),
            nuisance: v.nuisance.clone(),
        })
    }
    fn adjoint(&self, w: &Product<T>) -> Result<Product<T>> {
        let mut v = self.slope.adjoint(w)?;
        v.image.scale(&[self.factor]);
        Ok(v)
    }
}

impl<T: Channels> Nuisance<T> for Blind<'_, T> {
    fn operator(&self) -> &dyn Operator<Product<T>> {
        self
    }

    fn blank(&self) -> T {
        self.blank.clone()
    }

    fn about(&self) -> (&'static str, &'static str, Vec<usize>) {
        let sizes = self.kernel.space().sizes();
        ("kernel", "share of the light in a pixel", sizes)
    }

    fn values(&self, n: &T) -> Result<Vec<Vec<f64>>> {
        let kernels = self.kernel.kernel(n)?.to_reals();
        let each = self.kernel.space().elements();
        Ok(kernels.chunks(each).map(<[f64]>::to_vec).collect())
    }
}
