//! Augmentation of a crop: changes under which the family of images is the same.

use num_complex::Complex32;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

/// One of the eight symmetries of the square.
pub(super) struct Symmetry {
    transpose: bool,
    flip_y: bool,
    flip_x: bool,
}

impl Symmetry {
    pub(super) fn draw(rng: &mut impl Rng) -> Self {
        Symmetry {
            transpose: rng.random(),
            flip_y: rng.random(),
            flip_x: rng.random(),
        }
    }

    /// Where pixel `(y, x)` of the changed crop comes from.
    pub(super) fn source(&self, y: usize, x: usize, side: usize) -> (usize, usize) {
        let (y, x) = if self.transpose { (x, y) } else { (y, x) };
        let flip = |i: usize, on: bool| if on { side - 1 - i } else { i };
        (flip(y, self.flip_y), flip(x, self.flip_x))
    }
}

/// What an MR image may be changed by: conjugation, a global phase, a mild gamma of the magnitude,
/// scale. The HU of a CT image stay what they are.
pub(super) struct Tone {
    conjugate: bool,
    gamma: f32,
    factor: Complex32,
}

impl Tone {
    pub(super) fn draw(rng: &mut impl Rng) -> Self {
        let z: f64 = StandardNormal.sample(rng);
        let turn = rng.random::<f32>() * std::f32::consts::TAU;
        Tone {
            conjugate: rng.random(),
            gamma: (rng.random::<f32>() * 0.6 - 0.3).exp(),
            factor: Complex32::from_polar((-0.05 + 0.2 * z).exp() as f32, turn),
        }
    }

    pub(super) fn value(&self, z: Complex32) -> Complex32 {
        let r = z.norm();
        let bent = if r > 1e-6 {
            z * r.powf(self.gamma - 1.0)
        } else {
            z
        };
        (if self.conjugate { bent.conj() } else { bent }) * self.factor
    }
}
