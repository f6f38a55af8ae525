//! Blur by a kernel that is itself unknown.

use super::plane;
use super::planes::{complexified, cropped, elements, embedded, in_field, product};
use crate::linear::expect_space;
use crate::{Array, Axis, Direction, Error, LinearOperator, Operator, Product, Result, Space};
use num_complex::Complex;

/// `A(x, k) = k ⊛ x`, periodic and bilinear: an image and its kernel, one of each an item.
///
/// `[Y, X] × Real[Y rows, X columns] → [Y, X]`; image and data are real or complex as the space says,
/// the kernel is real with its centre at `⌊n/2⌋`, and is taken as it is, not divided by its sum. The
/// derivative is `J (v, h) = k ⊛ v + h ⊛ x`. `domain` and `range` of it are those of the image: a
/// [`Space`] has no name for a pair. Products of spectra go by way of the host.
pub struct BlindBlur {
    space: Space,
    kernel: Space,
}

impl BlindBlur {
    /// From the space of the image and the size of the kernel.
    ///
    /// Errors: a kernel that is empty or larger than the image.
    pub fn new(space: Space, rows: usize, columns: usize) -> Result<Self> {
        let (height, width) = plane("blind blur", &space)?;
        if rows * columns == 0 || rows > height || columns > width {
            return Err(Error::Parameter {
                what: "size of an unknown kernel",
                expected: "at least one pixel, at most those of the image",
                got: format!("{rows} × {columns} for {height} × {width}"),
            });
        }
        Ok(BlindBlur {
            space,
            kernel: Space::real(&[(Axis::Y, rows), (Axis::X, columns)]),
        })
    }

    /// The space of the kernel.
    pub fn kernel(&self) -> &Space {
        &self.kernel
    }

    /// Image and kernel of a pair.
    fn parts<'a, T: Array>(&self, pair: &'a Product<T>) -> Result<(&'a T, &'a T)> {
        expect_space("blind blur", &self.space, &pair.image)?;
        let kernel = pair.nuisance.as_ref().ok_or_else(|| Error::Space {
            operator: "blind blur".into(),
            expected: format!("{} and {}", self.space, self.kernel),
            got: "an image without a kernel".into(),
        })?;
        expect_space("blind blur, kernel", &self.kernel, kernel)?;
        if kernel.batch() != pair.image.batch() {
            return Err(Error::Parameter {
                what: "kernels of a blind blur",
                expected: "one an image",
                got: format!("{} for {}", kernel.batch(), pair.image.batch()),
            });
        }
        Ok((&pair.image, kernel))
    }

    /// `√N F k`.
    fn transfer<T: Array>(&self, kernel: &T) -> T {
        let (rows, columns) = (self.space.axes[0].1, self.space.axes[1].1);
        let whole = complexified(&embedded(kernel, rows, columns));
        whole.fft2(Direction::Forward).scaled(self.root())
    }

    /// `√N` of the unitary transform.
    fn root(&self) -> f64 {
        (self.space.elements() as f64).sqrt()
    }
}

/// `F x`.
fn spectrum<T: Array>(x: &T) -> T {
    complexified(x).fft2(Direction::Forward)
}

impl<T: Array> Operator<Product<T>> for BlindBlur {
    fn apply(&self, pair: &Product<T>) -> Result<Product<T>> {
        let (x, k) = self.parts(pair)?;
        let y = product(&elements(&self.transfer(k)), &spectrum(x), false);
        let y = in_field(y.fft2(Direction::Inverse), self.space.field);
        Ok(Product::alone(y))
    }

    fn linearize<'a>(
        &'a self,
        pair: &Product<T>,
    ) -> Result<(Product<T>, Box<dyn LinearOperator<Product<T>> + 'a>)> {
        let (x, k) = self.parts(pair)?;
        let slope = Slope {
            of: self,
            image: elements(&spectrum(x)),
            transfer: elements(&self.transfer(k)),
        };
        Ok((self.apply(pair)?, Box::new(slope)))
    }
}

/// `J (v, h) = k ⊛ v + h ⊛ x` at `F x` and `K`.
struct Slope<'a> {
    of: &'a BlindBlur,
    image: Vec<Complex<f64>>,
    transfer: Vec<Complex<f64>>,
}

impl<T: Array> LinearOperator<Product<T>> for Slope<'_> {
    fn name(&self) -> &'static str {
        "slope of the blind blur"
    }
    fn domain(&self) -> &Space {
        &self.of.space
    }
    fn range(&self) -> &Space {
        &self.of.space
    }
    fn forward(&self, v: &Product<T>) -> Result<Product<T>> {
        let (v, h) = self.of.parts(v)?;
        let mut c = product(&self.transfer, &spectrum(v), false);
        c.axpy(&[1.0], &product(&self.image, &self.of.transfer(h), false));
        let y = in_field(c.fft2(Direction::Inverse), self.of.space.field);
        Ok(Product::alone(y))
    }
    fn adjoint(&self, w: &Product<T>) -> Result<Product<T>> {
        let space = &self.of.space;
        expect_space("slope of the blind blur, adjoint", space, &w.image)?;
        let c = spectrum(&w.image);
        let back = |a: &[Complex<f64>]| product(a, &c, true).fft2(Direction::Inverse);
        let image = in_field(back(&self.transfer), space.field);
        let (rows, columns) = (self.of.kernel.axes[0].1, self.of.kernel.axes[1].1);
        let kernel = cropped(&back(&self.image), rows, columns).scaled(self.of.root());
        Ok(Product::new(image, in_field(kernel, self.of.kernel.field)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{Blur, Kernel};
    use crate::testing::{Backend, assert_close, assert_jacobian, for_each_backend};
    use crate::{Field, Host, Vector};

    const CASES: [(usize, usize, usize, usize); 3] = [(13, 8, 3, 4), (7, 9, 7, 9), (6, 10, 4, 1)];

    fn model(case: (usize, usize, usize, usize), field: Field) -> BlindBlur {
        let (rows, columns, height, width) = case;
        let axes = vec![(Axis::Y, rows), (Axis::X, columns)];
        BlindBlur::new(Space { axes, field }, height, width).unwrap()
    }

    fn pair<T: Array>(b: &Backend<T>, a: &BlindBlur, seed: u64) -> Product<T> {
        let sized = |space: &Space| [vec![2], space.sizes()].concat();
        Product::new(
            b.random(&sized(&a.space), a.space.field, seed),
            b.random(&sized(&a.kernel), Field::Real, seed + 100),
        )
    }

    fn the_slope_is_the_derivative_in_both<T: Array>(b: Backend<T>) {
        for field in [Field::Real, Field::Complex] {
            for case in CASES {
                let a = model(case, field);
                let (x, v) = (pair(&b, &a, 1), pair(&b, &a, 2));
                let w = Product::alone(pair(&b, &a, 3).image);
                let only = |image: f64, kernel: f64| {
                    let nuisance = v.nuisance.as_ref().unwrap();
                    Product::new(v.image.scaled(image), nuisance.scaled(kernel))
                };
                for v in [only(1.0, 1.0), only(1.0, 0.0), only(0.0, 1.0)] {
                    assert_jacobian(&a, 2.0 * b.tolerance, [&x, &v, &w]);
                }
                // Bilinear: J (x, k) at (x, k) is twice the value.
                let (y, slope) = a.linearize(&x).unwrap();
                let twice = slope.forward(&x).unwrap();
                assert_close(&twice, &y.scaled(2.0), 10.0 * b.tolerance);
            }
        }
    }
    for_each_backend!(jacobian, the_slope_is_the_derivative_in_both);

    /// With a known kernel it is the blur of it, an item at a time.
    fn is_the_blur_of_its_kernel<T: Array>(b: Backend<T>) {
        for field in [Field::Real, Field::Complex] {
            let a = model(CASES[0], field);
            let x = b.random(&[2, 13, 8], field, 1);
            let kernels = [1, 2].map(|shift| {
                let weights = (0..12).map(|i| f64::from((i * 5 + shift) % 7)).collect();
                Kernel::new(3, 4, weights).unwrap()
            });
            let images = kernels.clone().map(|k| k.image::<T>(&b.device));
            let both = T::concatenate(&images).unwrap();
            let y = a.apply(&Product::new(x.clone(), both)).unwrap().image;
            for (i, kernel) in kernels.iter().enumerate() {
                let blur = Blur::new(&b.device, a.space.clone(), kernel).unwrap();
                let alone = blur.forward(&x.items(i, i + 1)).unwrap();
                assert_close(&y.items(i, i + 1), &alone, 10.0 * b.tolerance);
            }
        }
    }
    for_each_backend!(known, is_the_blur_of_its_kernel);

    #[test]
    fn what_is_no_pair_is_refused() {
        let a = model(CASES[0], Field::Real);
        let x = pair(&Backend::host_f64(), &a, 1);
        let alone = Product::alone(x.image.clone());
        let error = a.apply(&alone).err().unwrap().to_string();
        assert!(error.contains("without a kernel"), "{error}");
        let large = Product::new(x.image.clone(), x.image.clone());
        assert!(a.apply(&large).is_err());
        let one = Product::new(x.image.clone(), Host::zeros(&[1, 3, 4], Field::Real));
        assert!(a.apply(&one).is_err());
        assert!(BlindBlur::new(Space::image(5, 5), 6, 1).is_err());
    }
}
