//! The radial spectrum of `Aᴴ Λ A`: how strongly the data hold each frequency of the image.

use super::Measurement;
use operators::state::radius;
use operators::{Array, Direction, Mode, Product, Result, SliceRng, Vector};

/// Rings of |k| from the centre of the spectrum to its corner.
const RINGS: usize = 48;
/// Random images that it is measured with.
const PROBES: usize = 4;
/// They have streams of their own, not those of the samples.
const SALT: u64 = 0x5052_4f42_4553;

/// `h(|k|)`, the mean over each ring of the diagonal of `F Aᴴ Λ A Fᴴ`.
///
/// A tomograph holds low frequencies more than high ones, `h ~ 1/|k|`; with it CG needs a third
/// fewer iterations.
///
/// Of a nuisance beside the image the diagonal itself, coefficient by coefficient.
#[derive(Clone, Debug)]
pub struct NormalSpectrum {
    rings: Vec<f64>,
    nuisance: Vec<f64>,
}

impl NormalSpectrum {
    /// Measures it around the image `x` (batch 1) with random images: the mean of
    /// `u_k (F Aᴴ Λ A Fᴴ u)_k` over a ring, u standard normal.
    pub fn measure<T: Array>(data: &Measurement<'_, T>, x: &T, seed: u64) -> Result<Self> {
        let x = x.repeat(PROBES);
        let (prediction, j) = data.operator.linearize(&x)?;
        let weigh = data.likelihood.surrogate(&prediction)?;
        let u = x.normal_like(&mut probes(seed));
        let seen = weigh(&j.forward(&u.fft2(Direction::Inverse))?)?;
        let hu = j.adjoint(&seen)?.fft2(Direction::Forward);
        let sizes = x.sizes();
        let (rows, columns) = (sizes[sizes.len() - 2], sizes[sizes.len() - 1]);
        let per = x.field().reals();
        let mut rings = [(0.0, 0.0); RINGS];
        for (i, (u, hu)) in u.to_reals().iter().zip(hu.to_reals()).enumerate() {
            let mode = i / per % (rows * columns);
            let r = radius(mode / columns, mode % columns, rows, columns);
            let ring = &mut rings[ring_of(r) as usize];
            *ring = (ring.0 + u * hu, ring.1 + u * u);
        }
        // A ring without modes, in a small image, has what its neighbour inside has.
        let mut values = Vec::with_capacity(RINGS);
        for (sum, norm) in rings {
            let before = values.last().copied().unwrap_or(0.0);
            values.push(if norm > 0.0 {
                (sum / norm).max(0.0)
            } else {
                before
            });
        }
        Ok(NormalSpectrum {
            rings: values,
            nuisance: Vec::new(),
        })
    }

    /// The mean of those of several images; nothing of none.
    pub fn mean(all: &[&Self]) -> Option<Self> {
        let first = all.first()?;
        let ring = |i: usize| all.iter().map(|n| n.rings[i]).sum::<f64>() / all.len() as f64;
        Some(NormalSpectrum {
            rings: (0..first.rings.len()).map(ring).collect(),
            nuisance: Vec::new(),
        })
    }

    /// The same of a pair: `self` is that of the image, and the diagonal of the nuisance is
    /// `<J e_i, Λ J e_i>` of each coefficient `e_i` at `at`, batch 1; of a complex one its real part.
    pub fn beside<T: Array>(
        self,
        data: &Measurement<'_, Product<T>>,
        at: &Product<T>,
    ) -> Result<Self> {
        let Some(n) = &at.nuisance else {
            return Ok(self);
        };
        let (prediction, j) = data.operator.linearize(at)?;
        let weigh = data.likelihood.surrogate(&prediction)?;
        let (sizes, per) = (n.sizes(), n.field().reals());
        let count: usize = sizes.iter().product();
        let one = |i: usize| -> Result<f64> {
            let unit: Vec<f64> = (0..per * count).map(|k| f64::from(k == per * i)).collect();
            let unit = T::from_reals(&n.device(), &sizes, n.field(), &unit);
            let seen = j.forward(&Product::new(at.image.zeros_like(), unit))?;
            Ok(seen.dot(&weigh(&seen)?)[0].max(0.0))
        };
        Ok(NormalSpectrum {
            nuisance: (0..count).map(one).collect::<Result<_>>()?,
            ..self
        })
    }

    /// `h` of a mode.
    pub fn at_mode(&self, mode: Mode) -> f64 {
        match mode {
            Mode::Image { radius } => self.at(radius),
            Mode::Nuisance { index } => self.nuisance.get(index).copied().unwrap_or(0.0),
        }
    }

    /// `h` at a radius in cycles per pixel.
    pub fn at(&self, radius: f64) -> f64 {
        let position = (radius * std::f64::consts::SQRT_2 * RINGS as f64 - 0.5).max(0.0);
        let i = (position as usize).min(RINGS - 1);
        let j = (i + 1).min(RINGS - 1);
        let t = (position - i as f64).min(1.0);
        self.rings[i] * (1.0 - t) + self.rings[j] * t
    }
}

/// The streams of the probes.
fn probes(seed: u64) -> SliceRng {
    SliceRng::samples(seed ^ SALT, 0, PROBES as u32)
}

fn ring_of(radius: f64) -> f64 {
    (radius * std::f64::consts::SQRT_2 * RINGS as f64).min(RINGS as f64 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Spectrum;
    use operators::likelihood::{Gaussian, Likelihood};
    use operators::{Field, Host, LinearOperator, Space};

    #[test]
    fn probes_are_not_the_noise_of_samples() {
        let x = Host::<f64>::zeros(&[PROBES, 5, 5], Field::Real);
        let samples = x.normal_like(&mut SliceRng::samples(9, 0, PROBES as u32));
        assert_ne!(x.normal_like(&mut probes(9)), samples);
    }

    /// A blur: diagonal in the Fourier basis.
    struct Blur(Space);

    impl LinearOperator<Host<f64>> for Blur {
        fn name(&self) -> &'static str {
            "blur"
        }
        fn domain(&self) -> &Space {
            &self.0
        }
        fn range(&self) -> &Space {
            &self.0
        }
        fn forward(&self, x: &Host<f64>) -> Result<Host<f64>> {
            Ok(Spectrum::radial(x, gain).apply(x, |g| g))
        }
        fn adjoint(&self, y: &Host<f64>) -> Result<Host<f64>> {
            self.forward(y)
        }
    }

    fn gain(radius: f64) -> f64 {
        1.0 / (0.05 + radius)
    }

    #[test]
    fn the_spectrum_of_a_blur_is_its_square_over_the_noise() {
        let x = Host::<f64>::zeros(&[1, 60, 66], Field::Real);
        let space = Space {
            field: Field::Real,
            ..Space::image(60, 66)
        };
        let blur = Blur(space);
        let ones = x.elementwise(&[], &|_, _| 1.0);
        let noise = Gaussian::new(x.clone(), 0.5, ones).unwrap();
        let data = Measurement::new(&blur, &noise as &dyn Likelihood<_>);
        let h = NormalSpectrum::measure(&data, &x, 3).unwrap();
        for r in [0.1, 0.3, 0.5] {
            let exact = gain(r).powi(2) / 0.25;
            assert!((h.at(r) / exact - 1.0).abs() < 0.1, "{r}: {}", h.at(r));
        }
    }
}
