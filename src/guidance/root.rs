//! A root of the model of `Cov(x0 | x)`: in the modes of a state, or in its pixels.

use super::NormalSpectrum;
use crate::score::{Deviation, Spectrum};
use operators::{Direction, State};

/// R of `C = R Rᴴ`.
pub(super) enum Root<T> {
    /// `Fᴴ √c`.
    Modes {
        /// c.
        c: Spectrum<T>,
        /// `√c` at every mode.
        root: T,
    },
    /// The deviation of every pixel.
    Pixels(Deviation<T>),
}

impl<T: State> From<Spectrum<T>> for Root<T> {
    fn from(c: Spectrum<T>) -> Self {
        let root = c.weights(f64::sqrt);
        Root::Modes { c, root }
    }
}

impl<T: State> Root<T> {
    /// `R u`.
    pub(super) fn apply(&self, u: &T) -> T {
        match self {
            Root::Modes { root, .. } => u.damped(root).spectrum(Direction::Inverse),
            Root::Pixels(d) => u.damped(&d.root),
        }
    }

    /// `Rᴴ x`.
    pub(super) fn adjoint(&self, x: &T) -> T {
        match self {
            Root::Modes { root, .. } => x.spectrum(Direction::Forward).damped(root),
            Root::Pixels(d) => x.damped(&d.root),
        }
    }

    /// `R⁻ᴴ u`.
    pub(super) fn inverse(&self, u: &T) -> T {
        match self {
            Root::Modes { c, .. } => c.synthesise(u, |c| 1.0 / c.sqrt()),
            Root::Pixels(d) => u.damped(&d.inverse),
        }
    }

    /// `1 / (1 + c h)` where `Jᴴ Λ J` is near `Fᴴ h F`; nothing in pixels.
    pub(super) fn preconditioner(&self, normal: Option<&NormalSpectrum>) -> Option<T> {
        match (self, normal) {
            (Root::Modes { c, .. }, Some(normal)) => {
                Some(c.weights_at(|c, mode| 1.0 / (1.0 + c * normal.at_mode(mode))))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use operators::{Array, Field, Host, SliceRng, Vector};

    type Image = Host<f64>;

    fn random(field: Field, seed: u64) -> Image {
        Image::zeros(&[2, 5, 6], field).normal_like(&mut SliceRng::samples(seed, 0, 2))
    }

    fn pixels(seed: u64) -> Root<Image> {
        let root = random(Field::Real, seed).elementwise(&[], &|z, _| 0.2 + z.abs());
        let inverse = root.elementwise(&[], &|d, _| 1.0 / d);
        Root::Pixels(Deviation { root, inverse })
    }

    fn modes(like: &Image) -> Root<Image> {
        Spectrum::radial(like, |r| 0.1 + r).into()
    }

    #[test]
    fn roots_have_their_adjoints_and_inverses() {
        let (x, u) = (random(Field::Complex, 1), random(Field::Complex, 2));
        for root in [pixels(3), modes(&x)] {
            let (left, right) = (root.apply(&u).dot(&x), u.dot(&root.adjoint(&x)));
            let back = root.adjoint(&root.inverse(&u)).minus(&u).norm();
            for item in 0..2 {
                assert!((left[item] - right[item]).abs() < 1e-12);
                assert!(back[item] < 1e-12);
            }
        }
    }

    /// A constant is the same in either basis, but for the basis of u.
    #[test]
    fn a_white_model_is_the_same_in_pixels_and_in_modes() {
        let x = random(Field::Complex, 1);
        let flat = |v: f64| random(Field::Real, 3).elementwise(&[], &|_, _| v);
        let white: Root<Image> = Spectrum::radial(&x, |_| 0.49).into();
        let deviation = Deviation {
            root: flat(0.7),
            inverse: flat(1.0 / 0.7),
        };
        let seen = [white, Root::Pixels(deviation)].map(|r| r.apply(&r.adjoint(&x)));
        let off = seen[0].minus(&seen[1]).norm();
        assert!(off.iter().all(|o| *o < 1e-12), "{off:?}");
        let off = seen[0].minus(&x.scaled(0.49)).norm();
        assert!(off.iter().all(|o| *o < 1e-12), "{off:?}");
    }
}
