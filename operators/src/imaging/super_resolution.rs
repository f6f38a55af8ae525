//! Pixels that are coarser than those of the image.

use super::{Spectral, plane};
use crate::linear::expect_space;
use crate::{Array, Axis, Error, Field, LinearOperator, Result, Space};

/// `y[i, j] = 1/f² Σ x[f i + a, f j + b]`: the mean over blocks of `f × f` pixels.
///
/// `[Y f·n, X f·m] → [Y n, X m]`, real or complex. `A Aᴴ = 1/f²`, so `A† = f² Aᴴ`: each mean back on
/// the whole of its block. Computed on the host.
pub struct SuperResolution {
    factor: usize,
    domain: Space,
    range: Space,
}

impl SuperResolution {
    /// From the space of the fine image.
    ///
    /// Errors: a factor of 0, or one that does not divide both sizes.
    pub fn new(space: Space, factor: usize) -> Result<Self> {
        let (rows, columns) = plane("super-resolution", &space)?;
        if factor == 0 || rows % factor != 0 || columns % factor != 0 {
            return Err(Error::Parameter {
                what: "factor of super-resolution",
                expected: "a divisor of rows and columns",
                got: format!("{factor} for {rows} × {columns}"),
            });
        }
        let coarse = [(Axis::Y, rows / factor), (Axis::X, columns / factor)];
        let range = match space.field {
            Field::Real => Space::real(&coarse),
            Field::Complex => Space::complex(&coarse),
        };
        Ok(SuperResolution {
            factor,
            domain: space,
            range,
        })
    }

    /// Where the real number `i` of a batch of fine images lies among those of the coarse ones,
    /// and whether it is of the first pixel of its block.
    fn coarse(&self, i: usize) -> (usize, bool) {
        let (per, f) = (self.domain.field.reals(), self.factor);
        let columns = self.domain.axes[1].1;
        let (part, x, row) = (i % per, i / per % columns, i / per / columns);
        // Rows of one item after the other: f divides their number.
        let at = (row / f * (columns / f) + x / f) * per + part;
        (at, row % f == 0 && x % f == 0)
    }

    fn block_sums(&self, fine: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; fine.len() / self.factor.pow(2)];
        let both = fine.iter().enumerate();
        both.for_each(|(i, x)| sums[self.coarse(i).0] += x);
        sums
    }

    fn sizes(space: &Space, batch: usize) -> Vec<usize> {
        [vec![batch], space.sizes()].concat()
    }

    /// `value(coarse number, whether the first pixel of the block)` on the fine pixels.
    fn fine<T: Array>(&self, like: &T, value: impl Fn(f64, bool) -> f64) -> T {
        let coarse = like.to_reals();
        let reals: Vec<f64> = (0..coarse.len() * self.factor.pow(2))
            .map(|i| {
                let (at, first) = self.coarse(i);
                value(coarse[at], first)
            })
            .collect();
        let sizes = Self::sizes(&self.domain, like.batch());
        T::from_reals(&like.device(), &sizes, like.field(), &reals)
    }

    /// The reflection of each block that swaps its first pixel with the constant: orthonormal,
    /// symmetric, its own inverse (Householder).
    fn reflected<T: Array>(&self, x: &T) -> Result<T> {
        expect_space("super-resolution, spectrum", &self.domain, x)?;
        if self.factor == 1 {
            return Ok(x.clone());
        }
        let f = self.factor as f64;
        let mut reals = x.to_reals();
        let sums = self.block_sums(&reals);
        let mut firsts = vec![0.0; sums.len()];
        for (i, x) in reals.iter().enumerate() {
            let (at, first) = self.coarse(i);
            if first {
                firsts[at] = *x;
            }
        }
        // x - 2 u <u, x> / <u, u> with u = 1/f - e₁, <u, u> = 2 - 2/f.
        for (i, x) in reals.iter_mut().enumerate() {
            let (at, first) = self.coarse(i);
            *x = match first {
                true => sums[at] / f,
                false => *x - (sums[at] / f - firsts[at]) / (f - 1.0),
            };
        }
        let sizes = x.sizes();
        Ok(T::from_reals(&x.device(), &sizes, x.field(), &reals))
    }
}

impl<T: Array> LinearOperator<T> for SuperResolution {
    fn name(&self) -> &'static str {
        "super-resolution"
    }
    fn domain(&self) -> &Space {
        &self.domain
    }
    fn range(&self) -> &Space {
        &self.range
    }
    fn forward(&self, x: &T) -> Result<T> {
        expect_space("super-resolution", &self.domain, x)?;
        let mut means = self.block_sums(&x.to_reals());
        let pixels = self.factor.pow(2) as f64;
        means.iter_mut().for_each(|sum| *sum /= pixels);
        let sizes = Self::sizes(&self.range, x.batch());
        Ok(T::from_reals(&x.device(), &sizes, x.field(), &means))
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        expect_space("super-resolution, adjoint", &self.range, y)?;
        let pixels = self.factor.pow(2) as f64;
        Ok(self.fine(y, |y, _| y / pixels))
    }
}

/// V reflects each block so that its first coefficient is `f` times the mean; U = 1. Σ is `1/f`
/// there and 0 elsewhere.
impl<T: Array> Spectral<T> for SuperResolution {
    fn analyse(&self, x: &T) -> Result<T> {
        self.reflected(x)
    }
    fn synthesise(&self, c: &T) -> Result<T> {
        self.reflected(c)
    }
    fn singular_values(&self, like: &T) -> T {
        let sizes = Self::sizes(&self.range, 1);
        let values = vec![1.0 / self.factor as f64; self.range.elements()];
        let real = SuperResolution {
            factor: self.factor,
            domain: Space::real(&self.domain.axes),
            range: Space::real(&self.range.axes),
        };
        let coarse = T::from_reals(&like.device(), &sizes, Field::Real, &values);
        real.fine(&coarse, |s, first| if first { s } else { 0.0 })
    }
    fn data(&self, y: &T) -> Result<T> {
        expect_space("super-resolution, data", &self.range, y)?;
        let f = self.factor as f64;
        Ok(self.fine(y, |y, first| if first { f * y } else { 0.0 }))
    }
    fn pseudo_inverse(&self, y: &T) -> Result<T> {
        expect_space("super-resolution, pseudo-inverse", &self.range, y)?;
        Ok(self.fine(y, |y, _| y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        Backend, assert_adjoint, assert_close, assert_spectral, for_each_backend,
    };

    fn spaces(rows: usize, columns: usize) -> [Space; 2] {
        let axes = [(Axis::Y, rows), (Axis::X, columns)];
        [Space::real(&axes), Space::complex(&axes)]
    }

    fn is_adjoint_and_spectral<T: Array>(b: Backend<T>) {
        for (rows, columns, f) in [(15, 9, 3), (8, 14, 2), (5, 7, 1), (4, 4, 4)] {
            for space in spaces(rows, columns) {
                let a = SuperResolution::new(space, f).unwrap();
                assert_adjoint::<T, _>(&b, &a);
                assert_spectral::<T>(&b, &a, f as f64);
                let y = b.random(&[2, rows / f, columns / f], a.domain.field, 4);
                let back: T = a.pseudo_inverse(&y).unwrap();
                assert_close(&a.forward(&back).unwrap(), &y, b.tolerance);
                let scaled = a.adjoint(&y).unwrap().scaled((f * f) as f64);
                assert_close(&scaled, &back, b.tolerance);
            }
        }
    }
    for_each_backend!(adjoint, is_adjoint_and_spectral);

    #[test]
    fn a_pixel_is_the_mean_of_its_block() {
        let [space, _] = spaces(4, 6);
        let ramp: Vec<f64> = (0..24).map(f64::from).collect();
        let x = crate::Host::<f64>::new(&[1, 4, 6], Field::Real, ramp);
        let y = SuperResolution::new(space, 2).unwrap().forward(&x).unwrap();
        assert_eq!(y.sizes(), [1, 2, 3]);
        assert_eq!(y.reals(), [3.5, 5.5, 7.5, 15.5, 17.5, 19.5]);
    }

    #[test]
    fn a_factor_that_does_not_divide_is_refused() {
        for factor in [0, 2, 4] {
            let [space, _] = spaces(9, 8);
            let error = SuperResolution::new(space, factor)
                .err()
                .unwrap()
                .to_string();
            assert!(error.contains("9 × 8"), "{error}");
        }
    }
}
