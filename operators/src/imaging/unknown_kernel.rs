//! A blur whose kernel is known but for a white deviation.

use super::planes::{cropped, embedded};
use super::{BlindBlur, Kernel};
use crate::linear::expect_space;
use crate::{
    Array, Axis, Direction, Error, Field, LinearOperator, Operator, Product, Result, Space,
};

/// `A(x, n) = (k₀ + L n) ⊛ x` with `n ~ N(0, 1)`: [`BlindBlur`] of a kernel that is a draw around `k₀`.
///
/// `[Y, X] × Real[size, size] → [Y, X]`. `L n = δ (w H n - w Σ(w H n) / Σw)`: white noise `H n` under the
/// window `w = sin²(π (i + ½) / size)` along both axes, less what it adds to the sum, which stays that of
/// `k₀`. δ is the deviation in the middle before that. H is the Hartley transform, orthonormal: in its
/// coordinates the data hold each `n_i` almost by itself. Weights may be negative.
pub struct UnknownKernel<T> {
    blur: BlindBlur,
    mean: T,
    /// `δ w`, batch 1.
    window: T,
    /// `w / Σw`, batch 1.
    share: T,
    coefficients: Space,
}

impl<T: Array> UnknownKernel<T> {
    /// Around the kernel `mean`, within `size × size` pixels around its centre, with the deviation δ of a
    /// weight in their middle.
    ///
    /// Errors: a size of 0, a kernel or a size larger than the image, a δ that is not a positive number.
    pub fn new(
        device: &T::Device,
        space: Space,
        mean: &Kernel,
        size: usize,
        weight_std: f64,
    ) -> Result<Self> {
        if size == 0 || !(weight_std.is_finite() && weight_std > 0.0) {
            return Err(Error::Parameter {
                what: "unknown kernel",
                expected: "a size of at least one pixel, a deviation above 0",
                got: format!("{size}, {weight_std}"),
            });
        }
        let (rows, columns) = mean.shape();
        let (rows, columns) = (rows.max(size), columns.max(size));
        let blur = BlindBlur::new(space, rows, columns)?;
        let along = |i: usize| {
            let phase = std::f64::consts::PI * (i as f64 + 0.5) / size as f64;
            phase.sin().powi(2)
        };
        let window: Vec<f64> = (0..size * size)
            .map(|i| along(i / size) * along(i % size))
            .collect();
        let sum: f64 = window.iter().sum();
        let window = T::from_reals(device, &[1, size, size], Field::Real, &window);
        Ok(UnknownKernel {
            blur,
            mean: embedded(&mean.image(device), rows, columns),
            share: window.scaled(1.0 / sum),
            window: window.scaled(weight_std),
            coefficients: Space::real(&[(Axis::Y, size), (Axis::X, size)]),
        })
    }

    /// The space of `n`.
    pub fn coefficients(&self) -> &Space {
        &self.coefficients
    }

    /// The space of a kernel.
    pub fn space(&self) -> &Space {
        self.blur.kernel()
    }

    /// `k₀ + L n`: `Real[size, size] → Real[rows, columns]`, the larger of the size and of `k₀`.
    ///
    /// Errors: coefficients of another size.
    pub fn kernel(&self, n: &T) -> Result<T> {
        let mut kernel = self.deviation(n)?;
        kernel.axpy(&[1.0], &self.mean.repeat(n.batch()));
        Ok(kernel)
    }

    /// `L n`.
    fn deviation(&self, n: &T) -> Result<T> {
        expect_space("unknown kernel", &self.coefficients, n)?;
        let mut v = n.fft2(Direction::Inverse).weighted(&self.window);
        let sums = v.dot(&ones(&v));
        let less: Vec<f64> = sums.iter().map(|s| -s).collect();
        v.axpy(&less, &self.share.repeat(n.batch()));
        let axes = &self.blur.kernel().axes;
        Ok(embedded(&v, axes[0].1, axes[1].1))
    }

    /// `Lᵀ k`.
    fn deviation_adjoint(&self, k: &T) -> T {
        let axes = &self.coefficients.axes;
        let mut v = cropped(k, axes[0].1, axes[1].1);
        let sums = v.dot(&self.share.repeat(k.batch()));
        let less: Vec<f64> = sums.iter().map(|s| -s).collect();
        v.axpy(&less, &ones(&v));
        v.weighted(&self.window).fft2(Direction::Forward)
    }

    /// A pair with `f` of its coefficients in their place.
    fn with(&self, pair: &Product<T>, f: impl Fn(&T) -> Result<T>) -> Result<Product<T>> {
        let n = pair.nuisance.as_ref().ok_or_else(|| Error::Space {
            operator: "unknown kernel".into(),
            expected: format!("an image and {}", self.coefficients),
            got: "an image alone".into(),
        })?;
        Ok(Product::new(pair.image.clone(), f(n)?))
    }
}

/// Ones of the sizes of a real array.
fn ones<T: Array>(like: &T) -> T {
    let count: usize = like.sizes().iter().product();
    T::from_reals(
        &like.device(),
        &like.sizes(),
        Field::Real,
        &vec![1.0; count],
    )
}

impl<T: Array> Operator<Product<T>> for UnknownKernel<T> {
    fn apply(&self, pair: &Product<T>) -> Result<Product<T>> {
        self.blur.apply(&self.with(pair, |n| self.kernel(n))?)
    }

    fn linearize<'a>(
        &'a self,
        pair: &Product<T>,
    ) -> Result<(Product<T>, Box<dyn LinearOperator<Product<T>> + 'a>)> {
        let at = self.with(pair, |n| self.kernel(n))?;
        let (y, slope) = self.blur.linearize(&at)?;
        Ok((y, Box::new(Slope { of: self, slope })))
    }
}

/// `J (v, h) = k ⊛ v + L h ⊛ x`.
struct Slope<'a, T> {
    of: &'a UnknownKernel<T>,
    slope: Box<dyn LinearOperator<Product<T>> + 'a>,
}

impl<T: Array> LinearOperator<Product<T>> for Slope<'_, T> {
    fn name(&self) -> &'static str {
        "slope of the unknown kernel"
    }
    fn domain(&self) -> &Space {
        self.slope.domain()
    }
    fn range(&self) -> &Space {
        self.slope.range()
    }
    fn forward(&self, v: &Product<T>) -> Result<Product<T>> {
        let v = self.of.with(v, |h| self.of.deviation(h))?;
        self.slope.forward(&v)
    }
    fn adjoint(&self, w: &Product<T>) -> Result<Product<T>> {
        let v = self.slope.adjoint(w)?;
        self.of.with(&v, |k| Ok(self.of.deviation_adjoint(k)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SliceRng;
    use crate::testing::{Backend, assert_close, assert_jacobian, for_each_backend};

    fn model<T: Array>(b: &Backend<T>, size: usize) -> UnknownKernel<T> {
        let space = Space::real(&[(Axis::Y, 13), (Axis::X, 12)]);
        let mean = Kernel::motion(3.0, 0.4).unwrap();
        UnknownKernel::new(&b.device, space, &mean, size, 0.05).unwrap()
    }

    /// Windows smaller and larger than the kernel, odd and even.
    fn the_slope_is_the_derivative_in_both<T: Array>(b: Backend<T>) {
        for size in [3, 6, 11] {
            let a = model(&b, size);
            let image = |seed| b.random(&[2, 13, 12], Field::Real, seed);
            let n = |seed| b.random(&[2, size, size], Field::Real, seed);
            let w = Product::alone(image(3));
            let (still, no_n) = (image(1).zeros_like(), n(1).zeros_like());
            for v in [
                Product::new(image(2), n(12)),
                Product::new(image(2), no_n),
                Product::new(still, n(12)),
            ] {
                let x = Product::new(image(1), n(11));
                assert_jacobian(&a, 4.0 * b.tolerance, [&x, &v, &w]);
            }
        }
    }
    for_each_backend!(jacobian, the_slope_is_the_derivative_in_both);

    /// Without a deviation it is the kernel; with one the sum stays, and the middle varies as it says.
    fn kernels_sum_to_one<T: Array>(b: Backend<T>) {
        let a = model(&b, 7);
        let none = a.kernel(&b.random(&[1, 7, 7], Field::Real, 1).scaled(0.0));
        let mean = Kernel::motion(3.0, 0.4).unwrap().image::<T>(&b.device);
        assert_close(&none.unwrap(), &embedded(&mean, 7, 7), b.tolerance);
        let blank = b.random(&[400, 7, 7], Field::Real, 1);
        let n = blank.normal_like(&mut SliceRng::samples(2, 0, 400));
        let kernels = a.kernel(&n).unwrap().to_reals();
        let mut square = 0.0;
        for k in kernels.chunks(49) {
            assert!((k.iter().sum::<f64>() - 1.0).abs() < 100.0 * b.tolerance);
            square += (k[24] - embedded(&mean, 7, 7).to_reals()[24]).powi(2) / 400.0;
        }
        // What the sum takes away of the middle: 1 - 2 w/Σw + Σw² / (Σw)² of its variance.
        let w: Vec<f64> = a.share.to_reals();
        let kept = 1.0 - 2.0 * w[24] + w.iter().map(|w| w * w).sum::<f64>();
        let ratio = square / (0.05 * 0.05 * kept);
        assert!((ratio - 1.0).abs() < 4.0 * (2.0 / 400f64).sqrt(), "{ratio}");
    }
    for_each_backend!(sums, kernels_sum_to_one);

    #[test]
    fn what_is_no_pair_is_refused() {
        let b = Backend::host_f64();
        let a = model(&b, 5);
        let x = b.random(&[1, 13, 12], Field::Real, 1);
        assert!(a.apply(&Product::alone(x.clone())).is_err());
        assert!(a.apply(&Product::new(x.clone(), x.clone())).is_err());
        let space = || Space::real(&[(Axis::Y, 13), (Axis::X, 12)]);
        let k = Kernel::motion(3.0, 0.4).unwrap();
        let new = |size, std| UnknownKernel::<crate::Host<f64>>::new(&(), space(), &k, size, std);
        assert!(new(0, 0.1).is_err() && new(5, 0.0).is_err() && new(14, 0.1).is_err());
    }
}
