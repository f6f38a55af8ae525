//! What the state of a sampler can do: an image, or an image and a nuisance beside it.

use crate::{Array, Direction, Field, Product, Vector};

/// One coordinate in which models of a state's covariance are diagonal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// A frequency of the image.
    Image {
        /// Its place in C order.
        index: usize,
        /// `|k|`, in cycles per pixel.
        radius: f64,
    },
    /// A coefficient of the nuisance.
    Nuisance {
        /// Its place in C order.
        index: usize,
    },
}

/// A vector with an orthonormal basis: the unitary Fourier transform of images, coefficients as they
/// are of a nuisance. Every [`Array`] is one, and every [`Product`] of an image and coefficients.
pub trait State: Vector {
    /// The modes of one item, in the order of [`State::weights`].
    fn modes(&self) -> Vec<Mode>;
    /// To the basis (forward) and back (inverse).
    fn spectrum(&self, direction: Direction) -> Self;
    /// One real weight a mode, batch 1, for [`State::damped`].
    fn weights(&self, values: &[f64]) -> Self;
    /// Each mode times its weight.
    fn damped(&self, weights: &Self) -> Self;
    /// Shortens each part, item by item, to at most `times` the length of that part of `like`.
    fn shorten(&mut self, like: &Self, times: f64);
}

/// Distance of mode `(y, x)` from the centre of k-space, in cycles per pixel.
pub fn radius(y: usize, x: usize, rows: usize, columns: usize) -> f64 {
    let centred = |i: usize, n: usize| (i as f64 - (n / 2) as f64) / n as f64;
    centred(y, rows).hypot(centred(x, columns))
}

/// `Real[1, …]` of the sizes of `like`.
fn real_like<T: Array>(like: &T, values: &[f64]) -> T {
    let mut sizes = like.sizes();
    sizes[0] = 1;
    T::from_reals(&like.device(), &sizes, Field::Real, values)
}

impl<T: Array> State for T {
    fn modes(&self) -> Vec<Mode> {
        let sizes = self.sizes();
        let (rows, columns) = (sizes[sizes.len() - 2], sizes[sizes.len() - 1]);
        (0..rows)
            .flat_map(|y| (0..columns).map(move |x| (y, x)))
            .map(|(y, x)| radius(y, x, rows, columns))
            .enumerate()
            .map(|(index, radius)| Mode::Image { index, radius })
            .collect()
    }
    fn spectrum(&self, direction: Direction) -> Self {
        self.fft2(direction)
    }
    fn weights(&self, values: &[f64]) -> Self {
        real_like(self, values)
    }
    fn damped(&self, weights: &Self) -> Self {
        self.weighted(weights)
    }
    fn shorten(&mut self, like: &Self, times: f64) {
        let lengths = self.norm().into_iter().zip(like.norm());
        let factors: Vec<f64> = lengths
            .map(|(long, allowed)| {
                let allowed = times * allowed;
                if long > allowed { allowed / long } else { 1.0 }
            })
            .collect();
        self.scale(&factors);
    }
}

/// Frequencies of the image, then the coefficients of the nuisance.
impl<T: Array> State for Product<T> {
    fn modes(&self) -> Vec<Mode> {
        let beside = self.nuisance.as_ref().map_or(0, coefficients);
        let mut modes = self.image.modes();
        modes.extend((0..beside).map(|index| Mode::Nuisance { index }));
        modes
    }
    fn spectrum(&self, direction: Direction) -> Self {
        Product {
            image: self.image.fft2(direction),
            nuisance: self.nuisance.clone(),
        }
    }
    fn weights(&self, values: &[f64]) -> Self {
        let beside = self.nuisance.as_ref().map_or(0, coefficients);
        let (image, nuisance) = values.split_at(values.len() - beside);
        Product {
            image: real_like(&self.image, image),
            nuisance: self.nuisance.as_ref().map(|n| real_like(n, nuisance)),
        }
    }
    fn damped(&self, weights: &Self) -> Self {
        let both = self.nuisance.as_ref().zip(weights.nuisance.as_ref());
        Product {
            image: self.image.weighted(&weights.image),
            nuisance: both.map(|(n, w)| n.weighted(w)),
        }
    }
    fn shorten(&mut self, like: &Self, times: f64) {
        self.image.shorten(&like.image, times);
        if let (Some(mine), Some(like)) = (&mut self.nuisance, &like.nuisance) {
            mine.shorten(like, times);
        }
    }
}

/// Elements of one item.
fn coefficients<T: Array>(n: &T) -> usize {
    n.sizes()[1..].iter().product()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Backend, assert_close, for_each_backend};

    fn pair<T: Array>(b: &Backend<T>, seed: u64) -> Product<T> {
        Product::new(
            b.random(&[2, 7, 9], Field::Real, seed),
            b.random(&[2, 3, 4], Field::Complex, seed + 100),
        )
    }

    /// The basis is orthonormal, and weights meet the mode that they were made for.
    fn a_pair_has_the_modes_of_both<T: Array>(b: Backend<T>) {
        let (x, y) = (pair(&b, 1), pair(&b, 2));
        let k = x.spectrum(Direction::Forward);
        assert_close(&k.spectrum(Direction::Inverse), &x, 10.0 * b.tolerance);
        let (left, right) = (k.dot(&y.spectrum(Direction::Forward)), x.dot(&y));
        assert!((left[1] - right[1]).abs() < 100.0 * b.tolerance * x.norm()[1]);
        let modes = x.modes();
        assert_eq!(modes.len(), 63 + 12);
        let only = |wanted: &dyn Fn(&Mode) -> bool| {
            let values: Vec<f64> = modes.iter().map(|m| f64::from(wanted(m))).collect();
            k.damped(&x.weights(&values))
        };
        let mean = only(&|m| matches!(m, Mode::Image { radius: 0.0, .. }));
        let sum = |x: &T| x.items(1, 2).to_reals().iter().sum::<f64>();
        let expected = sum(&x.image).abs() / 63f64.sqrt();
        assert!((mean.norm()[1] - expected).abs() < 100.0 * b.tolerance);
        let fifth = only(&|m| *m == Mode::Nuisance { index: 4 });
        let kept = |x: &Product<T>| x.nuisance.as_ref().map(Array::to_reals).unwrap_or_default();
        assert_eq!(fifth.image.norm(), [0.0; 2]);
        for (i, (kept, all)) in kept(&fifth).iter().zip(kept(&x)).enumerate() {
            assert_eq!(*kept, if i / 2 % 12 == 4 { all } else { 0.0 }, "{i}");
        }
    }
    for_each_backend!(modes, a_pair_has_the_modes_of_both);

    #[test]
    fn each_part_is_shortened_by_itself() {
        let b = Backend::host_f64();
        let like = pair(&b, 1);
        let mut long = Product::new(like.image.scaled(3.0), pair(&b, 1).nuisance.unwrap());
        long.shorten(&like, 1.5);
        assert_close(&long.image, &like.image.scaled(1.5), 1e-12);
        assert_eq!(long.nuisance, like.nuisance);
    }
}
