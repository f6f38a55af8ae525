//! Coils whose sensitivities are known but for a smooth deviation.

use super::{Fourier, Sampling};
use crate::linear::expect_space;
use crate::{Array, Axis, Chain, Error, Field, LinearOperator, Operator, Product, Result, Space};
use num_complex::Complex;
use std::f64::consts::{PI, SQRT_2};

type Elements = Vec<Complex<f64>>;

/// `A(x, n) = M F (s(n) x)` with `s_c(n) = s_c + δ P Σ_p b_p n_{c,p}`: [`super::sense`] of sensitivities that
/// are a draw around `s`.
///
/// `Complex[Y, X] × Complex[Coil, p] → Complex[Coil, Y, X]`, `n ~ N(0, 1)` per real component. `b_p` are
/// products of cosines of j half waves along Y and k along X, `j + k` at most the order, of mean square 1, and 0
/// where no coil sees anything. `P = 1 - s sᴴ / ‖s‖²`, pixel by pixel: what all coils would change by alike is
/// the image's, as in the estimate. By way of the host.
pub struct UnknownSensitivities<T> {
    /// `M F`.
    sampled: Chain<T>,
    maps: Elements,
    /// `1 / Σ|s_c|²`, 0 where no coil sees anything.
    inverse_power: Vec<f64>,
    /// `δ b_p`, one image after the other.
    basis: Vec<f64>,
    image: Space,
    coefficients: Space,
}

impl<T: Array> UnknownSensitivities<T> {
    /// Around `maps`, `Complex[1, Coil, Y, X]`, with `mask` as of [`super::sense`]; the deviation of a coil is
    /// `relative_std` times the root of the mean square of the maps, where any coil sees something.
    ///
    /// Errors: maps or a mask of other sizes, maps of zeros or of one coil, a deviation that is not a positive
    /// number.
    pub fn new(maps: &T, mask: T, order: usize, relative_std: f64) -> Result<Self> {
        let coils = super::Coils::new(maps.clone())?;
        let (count, rows, columns) = coils.shape();
        let maps = elements(maps);
        let pixels = rows * columns;
        let of_pixel = |i: usize| maps.iter().skip(i).step_by(pixels).map(Complex::norm_sqr);
        let powers: Vec<f64> = (0..pixels).map(|i| of_pixel(i).sum()).collect();
        let seen: Vec<bool> = powers.iter().map(|p| *p > 0.0).collect();
        let area = seen.iter().filter(|s| **s).count();
        if area == 0 || count < 2 || !(relative_std.is_finite() && relative_std > 0.0) {
            return Err(Error::Parameter {
                what: "unknown sensitivities",
                expected: "maps of two coils or more that are not zero, and a deviation above 0",
                got: format!("{count} coils that see {area} pixels, {relative_std}"),
            });
        }
        let waves = waves(order);
        let rms = (powers.iter().sum::<f64>() / (area * count) as f64).sqrt();
        // A complex coefficient has mean square 2.
        let delta = relative_std * rms / (2.0 * waves.len() as f64).sqrt();
        let along = |j: usize, i: usize, n: usize| {
            let one = if j == 0 { 1.0 } else { SQRT_2 };
            one * (PI * j as f64 * (i as f64 + 0.5) / n as f64).cos()
        };
        let basis = waves.iter().flat_map(|&(j, k)| {
            let at = move |i: usize| along(j, i / columns, rows) * along(k, i % columns, columns);
            let seen = &seen;
            (0..pixels).map(move |i| if seen[i] { delta * at(i) } else { 0.0 })
        });
        Ok(UnknownSensitivities {
            sampled: crate::chain([
                Box::new(Fourier::new(count, rows, columns)) as Box<dyn LinearOperator<T>>,
                Box::new(Sampling::new(mask, count)?),
            ])?,
            basis: basis.collect(),
            inverse_power: powers.iter().map(|p| inverse(*p)).collect(),
            maps,
            image: Space::image(rows, columns),
            coefficients: Space::complex(&[(Axis::Coil, count), (Axis::X, waves.len())]),
        })
    }

    /// The space of `n`.
    pub fn coefficients(&self) -> &Space {
        &self.coefficients
    }

    /// `‖s_c(n) - s_c‖ / ‖s_c‖`, coil by coil, of each item.
    ///
    /// Errors: coefficients of another size.
    pub fn changes(&self, n: &T) -> Result<Vec<Vec<f64>>> {
        expect_space("unknown sensitivities", &self.coefficients, n)?;
        let pixels = self.image.elements();
        let power = |s: &[Complex<f64>]| s.iter().map(Complex::norm_sqr).sum::<f64>();
        let before: Vec<f64> = self.maps.chunks(pixels).map(power).collect();
        let one = |item: &[Complex<f64>]| {
            let both = item.chunks(pixels).map(power).zip(&before);
            both.map(|(d, s)| (d / s.max(f64::MIN_POSITIVE)).sqrt())
                .collect()
        };
        Ok(self
            .deviations(n)
            .chunks(self.maps.len())
            .map(one)
            .collect())
    }

    /// Image and coefficients of a pair.
    fn parts<'p>(&self, pair: &'p Product<T>) -> Result<(&'p T, &'p T)> {
        expect_space("unknown sensitivities", &self.image, &pair.image)?;
        let n = pair.nuisance.as_ref().ok_or_else(|| Error::Space {
            operator: "unknown sensitivities".into(),
            expected: format!("an image and {}", self.coefficients),
            got: "an image alone".into(),
        })?;
        expect_space("unknown sensitivities", &self.coefficients, n)?;
        Ok((&pair.image, n))
    }

    /// `δ P Σ_p b_p n_{c,p}`, coil after coil.
    fn deviations(&self, n: &T) -> Elements {
        let pixels = self.image.elements();
        let waves = self.basis.len() / pixels;
        let mut all = Vec::with_capacity(n.batch() * self.maps.len());
        for coil in elements(n).chunks(waves) {
            let mut map = vec![Complex::new(0.0, 0.0); pixels];
            for (n, b) in coil.iter().zip(self.basis.chunks(pixels)) {
                map.iter_mut().zip(b).for_each(|(m, b)| *m += n * *b);
            }
            all.append(&mut map);
        }
        self.take_common(&mut all);
        all
    }

    /// P, item by item.
    fn take_common(&self, maps: &mut [Complex<f64>]) {
        let pixels = self.image.elements();
        for item in maps.chunks_mut(self.maps.len()) {
            let mut common = vec![Complex::new(0.0, 0.0); pixels];
            for (k, (m, s)) in item.iter().zip(&self.maps).enumerate() {
                common[k % pixels] += s.conj() * m * self.inverse_power[k % pixels];
            }
            for (k, (m, s)) in item.iter_mut().zip(&self.maps).enumerate() {
                *m -= s * common[k % pixels];
            }
        }
    }

    /// The adjoint of [`Self::deviations`].
    fn coefficients_of(&self, mut maps: Elements, like: &T) -> T {
        let pixels = self.image.elements();
        self.take_common(&mut maps);
        let mut reals = Vec::new();
        for map in maps.chunks(pixels) {
            for b in self.basis.chunks(pixels) {
                let sum: Complex<f64> = map.iter().zip(b).map(|(m, b)| m * *b).sum();
                reals.extend([sum.re, sum.im]);
            }
        }
        let sizes = [vec![like.batch()], self.coefficients.sizes()].concat();
        T::from_reals(&like.device(), &sizes, Field::Complex, &reals)
    }

    /// The sensitivities of each item.
    fn maps(&self, n: &T) -> Elements {
        let mut maps = self.deviations(n);
        let all = maps.iter_mut().zip(self.maps.iter().cycle());
        all.for_each(|(m, s)| *m += s);
        maps
    }

    /// Coil images `Complex[B, Coil, Y, X]` of host elements.
    fn coil_images(&self, like: &T, elements: &[Complex<f64>]) -> T {
        let reals: Vec<f64> = elements.iter().flat_map(|z| [z.re, z.im]).collect();
        let sizes = [vec![like.batch()], self.sampled.domain().sizes()].concat();
        T::from_reals(&like.device(), &sizes, Field::Complex, &reals)
    }

    /// `s_c x`: one image of `x` for all coils of an item.
    fn seen(&self, maps: &[Complex<f64>], x: &[Complex<f64>]) -> Elements {
        let pixels = self.image.elements();
        let items = maps.chunks(self.maps.len()).zip(x.chunks(pixels));
        items
            .flat_map(|(maps, x)| maps.iter().zip(x.iter().cycle()).map(|(s, x)| s * x))
            .collect()
    }
}

fn inverse(power: f64) -> f64 {
    if power > 0.0 { 1.0 / power } else { 0.0 }
}

/// Half waves along Y and X.
fn waves(order: usize) -> Vec<(usize, usize)> {
    let along = |j: usize| (0..=order - j).map(move |k| (j, k));
    (0..=order).flat_map(along).collect()
}

/// The elements of a complex array.
fn elements<T: Array>(z: &T) -> Elements {
    let pairs = z.to_reals();
    pairs.chunks(2).map(|p| Complex::new(p[0], p[1])).collect()
}

impl<T: Array> Operator<Product<T>> for UnknownSensitivities<T> {
    fn apply(&self, pair: &Product<T>) -> Result<Product<T>> {
        let (x, n) = self.parts(pair)?;
        let seen = self.seen(&self.maps(n), &elements(x));
        let y = self.sampled.forward(&self.coil_images(x, &seen))?;
        Ok(Product::alone(y))
    }

    fn linearize<'a>(
        &'a self,
        pair: &Product<T>,
    ) -> Result<(Product<T>, Box<dyn LinearOperator<Product<T>> + 'a>)> {
        let (x, n) = self.parts(pair)?;
        let slope = Slope {
            of: self,
            maps: self.maps(n),
            image: elements(x),
        };
        let seen = self.seen(&slope.maps, &slope.image);
        let y = self.sampled.forward(&self.coil_images(x, &seen))?;
        Ok((Product::alone(y), Box::new(slope)))
    }
}

/// `J (v, h) = M F (s v + δ b h x)`.
struct Slope<'a, T> {
    of: &'a UnknownSensitivities<T>,
    maps: Elements,
    image: Elements,
}

impl<T: Array> LinearOperator<Product<T>> for Slope<'_, T> {
    fn name(&self) -> &'static str {
        "slope of the unknown sensitivities"
    }
    fn domain(&self) -> &Space {
        &self.of.image
    }
    fn range(&self) -> &Space {
        self.of.sampled.range()
    }
    fn forward(&self, v: &Product<T>) -> Result<Product<T>> {
        let (v, h) = self.of.parts(v)?;
        let mut seen = self.of.seen(&self.maps, &elements(v));
        let beside = self.of.seen(&self.of.deviations(h), &self.image);
        seen.iter_mut().zip(beside).for_each(|(s, b)| *s += b);
        let y = self.of.sampled.forward(&self.of.coil_images(v, &seen))?;
        Ok(Product::alone(y))
    }
    fn adjoint(&self, w: &Product<T>) -> Result<Product<T>> {
        let coil_images = self.of.sampled.adjoint(&w.image)?;
        let w = elements(&coil_images);
        let pixels = self.of.image.elements();
        let (mut image, mut maps) = (Vec::new(), Vec::with_capacity(w.len()));
        let items = w.chunks(self.of.maps.len());
        let at = self.maps.chunks(self.of.maps.len());
        for ((w, s), x) in items.zip(at).zip(self.image.chunks(pixels)) {
            let mut sum = vec![Complex::new(0.0, 0.0); pixels];
            for (w, s) in w.chunks(pixels).zip(s.chunks(pixels)) {
                for (sum, (w, s)) in sum.iter_mut().zip(w.iter().zip(s)) {
                    *sum += s.conj() * w;
                }
                maps.extend(w.iter().zip(x).map(|(w, x)| x.conj() * w));
            }
            image.extend(sum.iter().flat_map(|z| [z.re, z.im]));
        }
        let sizes = [vec![coil_images.batch()], self.of.image.sizes()].concat();
        Ok(Product::new(
            T::from_reals(&coil_images.device(), &sizes, Field::Complex, &image),
            self.of.coefficients_of(maps, &coil_images),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mri::sense;
    use crate::testing::{Backend, assert_close, assert_jacobian, for_each_backend};
    use crate::{SliceRng, Vector};

    fn model<T: Array>(b: &Backend<T>) -> UnknownSensitivities<T> {
        let maps = b.random(&[1, 3, 7, 9], Field::Complex, 6);
        UnknownSensitivities::new(&maps, b.mask(7, 9, 7), 2, 0.3).unwrap()
    }

    fn the_slope_is_the_derivative_in_both<T: Array>(b: Backend<T>) {
        let a = model(&b);
        let pair = |seed, x: f64, n: f64| {
            Product::new(
                b.random(&[2, 7, 9], Field::Complex, seed).scaled(x),
                b.random(&[2, 3, 6], Field::Complex, seed + 100).scaled(n),
            )
        };
        let w = Product::alone(b.random(&[2, 3, 7, 9], Field::Complex, 3));
        for (x, n) in [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0)] {
            assert_jacobian(
                &a,
                2.0 * b.tolerance,
                [&pair(1, 1.0, 1.0), &pair(2, x, n), &w],
            );
        }
    }
    for_each_backend!(jacobian, the_slope_is_the_derivative_in_both);

    /// Without a deviation it is the chain of known maps; with one the maps change as it says.
    fn is_sense_of_its_maps<T: Array>(b: Backend<T>) {
        let a = model(&b);
        let maps = b.random(&[1, 3, 7, 9], Field::Complex, 6);
        let known = sense(maps, b.mask(7, 9, 7)).unwrap();
        let x = b.random(&[2, 7, 9], Field::Complex, 1);
        let none = b.random(&[2, 3, 6], Field::Complex, 2).scaled(0.0);
        let y = a.apply(&Product::new(x.clone(), none.clone())).unwrap();
        assert_close(&y.image, &known.forward(&x).unwrap(), 10.0 * b.tolerance);
        assert_eq!(a.changes(&none).unwrap(), vec![vec![0.0; 3]; 2]);
        let many = b.random(&[600, 3, 6], Field::Complex, 2);
        let n = many.normal_like(&mut SliceRng::samples(4, 0, 600));
        let square: f64 = a.changes(&n).unwrap().concat().iter().map(|c| c * c).sum();
        // One of three directions in the space of the coils is the image's.
        let ratio = square / 1800.0 / 0.09 * 1.5;
        assert!((ratio - 1.0).abs() < 0.1, "{ratio}");
        for (k, changed) in a.maps(&n).chunks(189).enumerate() {
            let overlap = |i: usize| -> Complex<f64> {
                let coils = (0..3).map(|c| 63 * c + i);
                coils
                    .map(|k| a.maps[k].conj() * (changed[k] - a.maps[k]))
                    .sum()
            };
            assert!(
                (0..63).all(|i| overlap(i).norm() < 100.0 * b.tolerance),
                "{k}"
            );
        }
    }
    for_each_backend!(known, is_sense_of_its_maps);

    /// Where no coil sees anything none does with a deviation.
    #[test]
    fn what_is_not_seen_stays_so() {
        let b = Backend::host_f64();
        let mut maps = b.random(&[1, 3, 7, 9], Field::Complex, 6).to_reals();
        maps.chunks_mut(2 * 63)
            .for_each(|coil| coil[..18].fill(0.0));
        let maps = crate::Host::new(&[1, 3, 7, 9], Field::Complex, maps);
        let a = UnknownSensitivities::new(&maps, b.mask(7, 9, 7), 2, 0.3).unwrap();
        let n = b.random(&[1, 3, 6], Field::Complex, 2);
        for coil in a.maps(&n).chunks(63) {
            assert!(coil[..9].iter().all(|s| s.norm() == 0.0));
            assert!(coil[9..].iter().all(|s| s.norm() > 0.0));
        }
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        let b = Backend::host_f64();
        let a = model(&b);
        let x = b.random(&[1, 7, 9], Field::Complex, 1);
        assert!(a.apply(&Product::alone(x.clone())).is_err());
        assert!(a.apply(&Product::new(x.clone(), x)).is_err());
        let maps = b.random(&[1, 3, 7, 9], Field::Complex, 6);
        let new = |maps, std| UnknownSensitivities::new(maps, b.mask(7, 9, 7), 2, std);
        assert!(new(&maps, 0.0).is_err() && new(&maps.scaled(0.0), 0.1).is_err());
    }
}
