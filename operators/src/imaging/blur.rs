//! Blur: circular convolution.

use super::planes::{complexified, elements, embedded, in_field};
use super::{Kernel, Spectral, plane};
use crate::linear::expect_space;
use crate::{Array, Direction, Error, Field, Host, LinearOperator, Result, Space};
use num_complex::Complex;

/// `y(n) = Σ_m k(m) x(n - m)`, periodic: `F y = K F x` with the transfer function `K = √N F k`.
///
/// `[Y, X] → [Y, X]`, real or complex; the centre of the kernel keeps a point where it is. The
/// singular values are `|K|`, the singular vectors those of the Fourier transform, or of the
/// Hartley transform for real images. Real images under a kernel that is not the same turned by
/// half a turn go by way of the host.
pub struct Blur<T> {
    space: Space,
    transfer: Transfer<T>,
    /// `|K|²`, `Real[1, Y, X]`.
    power: T,
    /// `|K|`, 0 where it counts as none.
    singular: T,
}

/// What multiplies `F x`.
enum Transfer<T> {
    /// `Real[1, Y, X]`, for real images even: diagonal in the Hartley transform too.
    Real(T),
    /// `Complex[1, 1, Y, X]`, and ones of the same shape.
    Complex { values: T, ones: T },
}

/// `|K|` below this share of the largest counts as 0, unless [`Blur::with_cutoff`] says otherwise.
const CUTOFF: f64 = 1e-6;

impl<T: Array> Blur<T> {
    /// From a kernel, which may be larger than the image: it wraps around.
    pub fn new(device: &T::Device, space: Space, kernel: &Kernel) -> Result<Self> {
        let (rows, columns) = plane("blur", &space)?;
        let k = embedded(&kernel.image::<Host<f64>>(&()), rows, columns);
        let transform = complexified(&k).fft2(Direction::Forward);
        let root = ((rows * columns) as f64).sqrt();
        let transfer: Vec<_> = elements(&transform).iter().map(|k| k * root).collect();
        Ok(Self::of(device, space, &transfer))
    }

    /// From `K`, `Complex[1, Y, X]`, centre at `⌊n/2⌋`.
    ///
    /// Errors: another shape, numbers that are not finite, all 0; for real images a K that is not
    /// `conj K(-k)` to 1e-6 of the largest.
    pub fn from_transfer(transfer: &T, space: Space) -> Result<Self> {
        let (rows, columns) = plane("blur", &space)?;
        if transfer.sizes() != [1, rows, columns] || transfer.field() != Field::Complex {
            return Err(Error::Space {
                operator: "blur".into(),
                expected: format!("a transfer function Complex[Y {rows}, X {columns}], batch 1"),
                got: format!("{:?}{:?}", transfer.field(), transfer.sizes()),
            });
        }
        let values = elements(transfer);
        let largest = largest(&values);
        if !(largest.is_finite() && largest > 0.0) {
            return Err(Error::Parameter {
                what: "transfer function",
                expected: "finite numbers that are not all 0",
                got: format!("a largest magnitude of {largest}"),
            });
        }
        let odd = |i: &usize| {
            let gap = values[*i] - values[mirrored(*i, rows, columns)].conj();
            space.field == Field::Real && gap.norm() > 1e-6 * largest
        };
        if let Some(i) = (0..values.len()).find(odd) {
            return Err(Error::Parameter {
                what: "transfer function of real images",
                expected: "K(k) = conj K(-k)",
                got: format!("{} and {}", values[i], values[mirrored(i, rows, columns)]),
            });
        }
        Ok(Self::of(&transfer.device(), space, &values))
    }

    fn of(device: &T::Device, space: Space, values: &[Complex<f64>]) -> Self {
        let (rows, columns) = (space.axes[0].1, space.axes[1].1);
        let real = |f: &dyn Fn(&Complex<f64>) -> f64| {
            let reals: Vec<f64> = values.iter().map(f).collect();
            T::from_reals(device, &[1, rows, columns], Field::Real, &reals)
        };
        let imaginary = values.iter().map(|k| k.im.abs()).fold(0.0, f64::max);
        let transfer = if imaginary <= 1e-13 * largest(values) {
            Transfer::Real(real(&|k| k.re))
        } else {
            let complex = |f: &dyn Fn(&Complex<f64>) -> [f64; 2]| {
                let reals: Vec<f64> = values.iter().flat_map(f).collect();
                T::from_reals(device, &[1, 1, rows, columns], Field::Complex, &reals)
            };
            Transfer::Complex {
                values: complex(&|k| [k.re, k.im]),
                ones: complex(&|_| [1.0, 0.0]),
            }
        };
        let least = CUTOFF * largest(values);
        Blur {
            space,
            transfer,
            power: real(&|k| k.norm_sqr()),
            singular: real(&|k| if k.norm() > least { k.norm() } else { 0.0 }),
        }
    }

    /// Out of focus by a Gaussian of deviation σ in pixels: see [`Kernel::gaussian`].
    pub fn gaussian(device: &T::Device, space: Space, sigma_pixels: f64) -> Result<Self> {
        Self::new(device, space, &Kernel::gaussian(sigma_pixels)?)
    }

    /// A straight motion: see [`Kernel::motion`].
    pub fn motion(
        device: &T::Device,
        space: Space,
        length_pixels: f64,
        angle_rad: f64,
    ) -> Result<Self> {
        Self::new(device, space, &Kernel::motion(length_pixels, angle_rad)?)
    }

    /// Lets frequencies count as lost where `|K|` is below `cutoff` times the largest: for the
    /// singular values and the pseudo-inverse, not for the operator itself. 1e-6 unless told.
    ///
    /// Errors: a cutoff that is not in 0..1.
    pub fn with_cutoff(mut self, cutoff: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&cutoff) {
            return Err(Error::Parameter {
                what: "cutoff of a blur",
                expected: "a number from 0 to 1, 1 not included",
                got: cutoff.to_string(),
            });
        }
        let power = self.power.to_reals();
        let least = cutoff * power.iter().copied().fold(0.0, f64::max).sqrt();
        let kept = |p: f64, _: &[f64]| if p.sqrt() > least { p.sqrt() } else { 0.0 };
        self.singular = self.power.elementwise(&[], &kept);
        Ok(self)
    }

    /// `F⁻¹ f(F x)` in the transform that suits the field.
    fn filtered(&self, x: &T, f: impl Fn(&T) -> T) -> T {
        let through = |x: &T| f(&x.fft2(Direction::Forward)).fft2(Direction::Inverse);
        match self.transfer {
            Transfer::Complex { .. } if x.field() == Field::Real => {
                in_field(through(&complexified(x)), Field::Real)
            }
            _ => through(x),
        }
    }

    /// `K c`.
    fn times_transfer(&self, c: &T) -> T {
        match &self.transfer {
            Transfer::Real(k) => c.weighted(k),
            Transfer::Complex { values, ones } => c.spread(values).gather(ones),
        }
    }

    /// `conj(K) c`.
    fn times_conjugate(&self, c: &T) -> T {
        match &self.transfer {
            Transfer::Real(k) => c.weighted(k),
            Transfer::Complex { values, ones } => c.spread(ones).gather(values),
        }
    }
}

fn largest(values: &[Complex<f64>]) -> f64 {
    values.iter().fold(0.0, |most, k| {
        let k = k.norm();
        if k > most || k.is_nan() { k } else { most }
    })
}

/// The index of `-k`, centre at `⌊n/2⌋`.
fn mirrored(i: usize, rows: usize, columns: usize) -> usize {
    let along = |i: usize, n: usize| (2 * (n / 2) + n - i) % n;
    along(i / columns, rows) * columns + along(i % columns, columns)
}

impl<T: Array> LinearOperator<T> for Blur<T> {
    fn name(&self) -> &'static str {
        "blur"
    }
    fn domain(&self) -> &Space {
        &self.space
    }
    fn range(&self) -> &Space {
        &self.space
    }
    fn forward(&self, x: &T) -> Result<T> {
        expect_space("blur", &self.space, x)?;
        Ok(self.filtered(x, |c| self.times_transfer(c)))
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        expect_space("blur, adjoint", &self.space, y)?;
        Ok(self.filtered(y, |c| self.times_conjugate(c)))
    }
    /// In one pair of transforms.
    fn normal(&self, x: &T) -> Result<T> {
        expect_space("blur, normal", &self.space, x)?;
        let c = x.fft2(Direction::Forward).weighted(&self.power);
        Ok(c.fft2(Direction::Inverse))
    }
}

/// V is the Fourier transform, or Hartley's for real images.
impl<T: Array> Spectral<T> for Blur<T> {
    fn analyse(&self, x: &T) -> Result<T> {
        expect_space("blur, spectrum", &self.space, x)?;
        Ok(x.fft2(Direction::Forward))
    }
    fn synthesise(&self, c: &T) -> Result<T> {
        expect_space("blur, spectrum", &self.space, c)?;
        Ok(c.fft2(Direction::Inverse))
    }
    fn singular_values(&self, _: &T) -> T {
        self.singular.clone()
    }
    fn data(&self, y: &T) -> Result<T> {
        self.analyse(&self.pseudo_inverse(y)?)
    }
    fn pseudo_inverse(&self, y: &T) -> Result<T> {
        expect_space("blur, pseudo-inverse", &self.space, y)?;
        let inverse = |s: f64, _: &[f64]| if s > 0.0 { 1.0 / (s * s) } else { 0.0 };
        let inverse = self.singular.elementwise(&[], &inverse);
        Ok(self.filtered(y, |c| self.times_conjugate(c).weighted(&inverse)))
    }
}

#[cfg(test)]
mod tests;
