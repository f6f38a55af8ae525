//! A scan whose axis of rotation is seen somewhere near where it should be.

use crate::linear::expect_space;
use crate::{Array, Axis, Error, LinearOperator, Operator, Product, Result, Space};

/// `A(x, n) = S(δ) (P x + b) - b` with `δ = std n` and `n ~ N(0, 1)`: line integrals that are seen `δ` bins
/// further along the detector, of an image that is measured from something else than zero (`b`, which the
/// likelihood adds again).
///
/// `[Y, X] × Real[1] → [View, Detector]`. `S(δ) p` takes the cubic spline through the bins of `p`, 0 beyond
/// them, at the bin less δ: twice differentiable in δ, and its transpose is exact. By way of the host.
/// Source: Unser, Aldroubi and Eden 1993 (IEEE Trans. Signal Process. 41:821), the filter solved directly.
pub struct UnknownCentre<'a, T> {
    projector: &'a dyn LinearOperator<T>,
    offset: &'a T,
    std_bins: f64,
    coefficients: Space,
}

impl<'a, T: Array> UnknownCentre<'a, T> {
    /// From the projector P, the offset `b` (batch 1) and the deviation of the axis in bins.
    ///
    /// Errors: a deviation that is not a positive number, an offset of another size.
    pub fn new(projector: &'a dyn LinearOperator<T>, offset: &'a T, std_bins: f64) -> Result<Self> {
        expect_space("unknown centre, offset", projector.range(), offset)?;
        if !(std_bins.is_finite() && std_bins > 0.0) {
            return Err(Error::Parameter {
                what: "deviation of an unknown centre in bins",
                expected: "a number above 0",
                got: std_bins.to_string(),
            });
        }
        Ok(UnknownCentre {
            projector,
            offset,
            std_bins,
            coefficients: Space::real(&[(Axis::Detector, 1)]),
        })
    }

    /// The space of `n`.
    pub fn coefficients(&self) -> &Space {
        &self.coefficients
    }

    /// δ of each item, in bins.
    pub fn bins(&self, n: &T) -> Vec<f64> {
        n.to_reals().iter().map(|n| self.std_bins * n).collect()
    }

    /// Image and coefficient of a pair.
    fn parts<'p>(&self, pair: &'p Product<T>) -> Result<(&'p T, &'p T)> {
        let n = pair.nuisance.as_ref().ok_or_else(|| Error::Space {
            operator: "unknown centre".into(),
            expected: format!("an image and {}", self.coefficients),
            got: "an image alone".into(),
        })?;
        expect_space("unknown centre", &self.coefficients, n)?;
        Ok((&pair.image, n))
    }

    /// The splines through `P x + b`, and where they are taken.
    fn splines(&self, pair: &Product<T>) -> Result<(T, Vec<Taps>)> {
        let (x, n) = self.parts(pair)?;
        let mut p = self.projector.forward(x)?;
        p.axpy(&[1.0], &self.offset.repeat(x.batch()));
        let taps = self.bins(n).into_iter().map(Taps::at).collect();
        Ok((rows(&p, |_, row| spline(row)), taps))
    }

    /// `S c - b`, from splines.
    fn seen(&self, c: &T, taps: &[Taps]) -> T {
        let mut y = rows(c, |item, row| {
            convolve(row, taps[item].base, &taps[item].values)
        });
        y.axpy(&[-1.0], &self.offset.repeat(y.batch()));
        y
    }
}

impl<T: Array> Operator<Product<T>> for UnknownCentre<'_, T> {
    fn apply(&self, pair: &Product<T>) -> Result<Product<T>> {
        let (c, taps) = self.splines(pair)?;
        Ok(Product::alone(self.seen(&c, &taps)))
    }

    fn linearize<'a>(
        &'a self,
        pair: &Product<T>,
    ) -> Result<(Product<T>, Box<dyn LinearOperator<Product<T>> + 'a>)> {
        let (c, taps) = self.splines(pair)?;
        let y = self.seen(&c, &taps);
        let by_bin = rows(&c, |item, row| {
            convolve(row, taps[item].base, &taps[item].slopes)
        });
        let slope = Slope {
            of: self,
            along: by_bin.scaled(self.std_bins),
            taps,
        };
        Ok((Product::alone(y), Box::new(slope)))
    }
}

/// `J (v, h) = S P v + h dS/dn (P x + b)`.
struct Slope<'a, T> {
    of: &'a UnknownCentre<'a, T>,
    /// `dS/dn (P x + b)`.
    along: T,
    taps: Vec<Taps>,
}

impl<T: Array> LinearOperator<Product<T>> for Slope<'_, T> {
    fn name(&self) -> &'static str {
        "slope of the unknown centre"
    }
    fn domain(&self) -> &Space {
        self.of.projector.domain()
    }
    fn range(&self) -> &Space {
        self.of.projector.range()
    }
    fn forward(&self, v: &Product<T>) -> Result<Product<T>> {
        let (v, h) = self.of.parts(v)?;
        let p = self.of.projector.forward(v)?;
        let mut y = rows(&p, |item, row| {
            convolve(&spline(row), self.taps[item].base, &self.taps[item].values)
        });
        y.axpy(&h.to_reals(), &self.along);
        Ok(Product::alone(y))
    }
    fn adjoint(&self, w: &Product<T>) -> Result<Product<T>> {
        expect_space("slope of the unknown centre", self.range(), &w.image)?;
        let back = rows(&w.image, |item, row| {
            spline(&correlate(
                row,
                self.taps[item].base,
                &self.taps[item].values,
            ))
        });
        let image = self.of.projector.adjoint(&back)?;
        let h = self.along.dot(&w.image);
        let sizes = [h.len(), 1];
        let h = T::from_reals(&image.device(), &sizes, self.of.coefficients.field, &h);
        Ok(Product::new(image, h))
    }
}

/// The four splines that reach a point δ bins before a bin: `β(f - k)` for bins `base + k` further on,
/// k from -1 to 2, and their derivatives by δ.
#[derive(Clone, Copy)]
struct Taps {
    base: isize,
    values: [f64; 4],
    slopes: [f64; 4],
}

impl Taps {
    fn at(delta: f64) -> Self {
        let base = (-delta).floor();
        let f = -delta - base;
        let g = 1.0 - f;
        Taps {
            base: base as isize,
            values: [
                g.powi(3) / 6.0,
                2.0 / 3.0 - f * f + 0.5 * f.powi(3),
                2.0 / 3.0 - g * g + 0.5 * g.powi(3),
                f.powi(3) / 6.0,
            ],
            slopes: [
                0.5 * g * g,
                2.0 * f - 1.5 * f * f,
                1.5 * g * g - 2.0 * g,
                -0.5 * f * f,
            ],
        }
    }
}

/// `f(item, row)` of every row of a sinogram.
fn rows<T: Array>(p: &T, f: impl Fn(usize, &[f64]) -> Vec<f64>) -> T {
    let sizes = p.sizes();
    let (views, bins) = (sizes[1], sizes[2]);
    let all = p.to_reals();
    let rows = all.chunks(bins).enumerate();
    let reals: Vec<f64> = rows.flat_map(|(i, row)| f(i / views, row)).collect();
    T::from_reals(&p.device(), &sizes, p.field(), &reals)
}

/// Coefficients of the spline through a row: `(c[j-1] + 4 c[j] + c[j+1]) / 6 = p[j]`, 0 beyond the ends.
/// Symmetric, so its own transpose.
fn spline(p: &[f64]) -> Vec<f64> {
    let mut c = p.to_vec();
    let mut upper = Vec::with_capacity(p.len());
    let (mut above, mut before) = (0.0, 0.0);
    for c in &mut c {
        let pivot = 4.0 - above;
        *c = (6.0 * *c - before) / pivot;
        (above, before) = (1.0 / pivot, *c);
        upper.push(above);
    }
    for j in (1..c.len()).rev() {
        c[j - 1] -= upper[j - 1] * c[j];
    }
    c
}

/// `y[j] = Σ_k w[k] c[j + base + k - 1]`.
fn convolve(c: &[f64], base: isize, w: &[f64; 4]) -> Vec<f64> {
    let at = |i: isize| usize::try_from(i).ok().and_then(|i| c.get(i)).copied();
    let one = |j: usize| {
        let first = j as isize + base - 1;
        let terms = w.iter().zip(first..);
        terms.map(|(w, i)| w * at(i).unwrap_or(0.0)).sum()
    };
    (0..c.len()).map(one).collect()
}

/// The transpose of [`convolve`].
fn correlate(y: &[f64], base: isize, w: &[f64; 4]) -> Vec<f64> {
    let mut c = vec![0.0; y.len()];
    for (j, y) in y.iter().enumerate() {
        for (w, i) in w.iter().zip(j as isize + base - 1..) {
            if let Some(c) = usize::try_from(i).ok().and_then(|i| c.get_mut(i)) {
                *c += w * y;
            }
        }
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::{Beam, Detector, Geometry, Grid, Projector, Rotation, Shape, equal_angles_rad};
    use crate::testing::{Backend, assert_close, assert_jacobian, for_each_backend};
    use crate::{Field, Host};
    use std::f64::consts::TAU;

    fn scan(beam: Beam, shifted_mm: f64) -> Projector {
        let angles = equal_angles_rad(5, 0.2, TAU, Rotation::Clockwise);
        let detector = Detector::new(29, 0.9).shifted(shifted_mm);
        let grid = Grid::new(12, 11, [1.0, 1.3]);
        Projector::new(Geometry::new(grid, beam, detector, angles).unwrap())
    }

    fn the_slope_is_the_derivative_in_both<T: Array>(b: Backend<T>) {
        let fan = Beam::Fan {
            source_mm: 40.0,
            detector_mm: 70.0,
            shape: Shape::Curved,
        };
        for beam in [Beam::Parallel, fan] {
            let p = scan(beam, 0.0);
            let offset = b.random(&[1, 5, 29], Field::Real, 9);
            let a = UnknownCentre::new(&p, &offset, 1.7).unwrap();
            let pair = |seed, x: f64, n: f64| {
                Product::new(
                    b.random(&[2, 12, 11], Field::Real, seed).scaled(x),
                    b.random(&[2, 1], Field::Real, seed + 100).scaled(n),
                )
            };
            let w = Product::alone(b.random(&[2, 5, 29], Field::Real, 3));
            for (x, n) in [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0)] {
                assert_jacobian(
                    &a,
                    20.0 * b.tolerance,
                    [&pair(1, 1.0, 1.0), &pair(2, x, n), &w],
                );
            }
        }
    }
    for_each_backend!(jacobian, the_slope_is_the_derivative_in_both);

    /// At 0 it is the projector, by whole bins another choice of bins; and a smooth image is seen where a
    /// detector that is really shifted sees it.
    fn shifts_the_detector<T: Array>(b: Backend<T>) {
        let p = scan(Beam::Parallel, 0.0);
        let smooth: Vec<f64> = (0..132)
            .map(|i| ((i / 11) as f64 - 5.5, ((i % 11) as f64 - 5.0) * 1.3))
            .map(|(y, x)| (-(y * y + x * x) / 8.0).exp())
            .collect();
        let x = T::from_reals(&b.device, &[1, 12, 11], Field::Real, &smooth);
        let still = p.forward(&x).unwrap();
        let a = UnknownCentre::new(&p, &still, 1.0).unwrap();
        let seen = |delta: f64| {
            let n = T::from_reals(&b.device, &[1, 1], Field::Real, &[delta]);
            a.apply(&Product::new(x.clone(), n)).unwrap().image
        };
        assert_close(&seen(0.0), &still, 100.0 * b.tolerance);
        let doubled = |delta| {
            let mut y = seen(delta);
            y.axpy(&[1.0], &still);
            y.to_reals()
        };
        let (moved, before) = (doubled(2.0), doubled(0.0));
        for (row, from) in moved.chunks(29).zip(before.chunks(29)) {
            for (m, f) in row[2..].iter().zip(from) {
                assert!((m - f).abs() < 100.0 * b.tolerance, "{m} {f}");
            }
        }
        // P x + b = 2 P x; a bin δ further on sees what lay δ bins before.
        let really = scan(Beam::Parallel, -0.4 * 0.9).forward(&x).unwrap();
        let mut expected = really.scaled(2.0);
        expected.axpy(&[-1.0], &still);
        assert_close(&seen(0.4), &expected, 0.02);
    }
    for_each_backend!(shifted, shifts_the_detector);

    #[test]
    fn what_is_no_pair_is_refused() {
        let b = Backend::host_f64();
        let p = scan(Beam::Parallel, 0.0);
        let offset = b.random(&[1, 5, 29], Field::Real, 9);
        let a = UnknownCentre::new(&p, &offset, 1.0).unwrap();
        let x = b.random(&[1, 12, 11], Field::Real, 1);
        assert!(a.apply(&Product::alone(x.clone())).is_err());
        assert!(a.apply(&Product::new(x.clone(), x.clone())).is_err());
        assert!(UnknownCentre::new(&p, &x, 1.0).is_err());
        let p = &p as &dyn LinearOperator<Host<f64>>;
        assert!(UnknownCentre::new(p, &offset, -1.0).is_err());
    }
}
