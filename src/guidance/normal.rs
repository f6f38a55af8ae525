//! The spectrum of `Aᴴ Λ A`: how strongly the data hold each frequency of the image.

use super::Measurement;
use operators::mri::normal_diagonal;
use operators::{Array, Direction, Mode, Product, Result, SliceRng, State, Vector};

/// Rings of |k| from the centre of the spectrum to its corner.
const RINGS: usize = 48;
/// Random images that it is measured with.
const PROBES: usize = 4;
/// They have streams of their own, not those of the samples.
const SALT: u64 = 0x5052_4f42_4553;

/// `h(k)`, the diagonal of `F Aᴴ Λ A Fᴴ`: of every frequency where it is known in closed form, else the
/// mean over each ring of |k|.
///
/// A tomograph holds low frequencies more than high ones, `h ~ 1/|k|`; with it CG needs a third
/// fewer iterations. A scan of k-space holds what it sampled and, through its coils, what lies near.
///
/// Of a nuisance beside the image the diagonal itself, coefficient by coefficient.
#[derive(Clone, Debug)]
pub struct NormalSpectrum {
    rings: Vec<f64>,
    /// Frequency by frequency in C order; empty where the rings are all that is known.
    frequencies: Vec<f64>,
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
        let (modes, per) = (x.modes(), x.field().reals());
        let pairs = u.to_reals().into_iter().zip(hu.to_reals()).enumerate();
        let rings = in_rings(
            &modes,
            pairs.map(|(i, (u, hu))| (i / per % modes.len(), u * hu, u * u)),
        );
        Ok(NormalSpectrum {
            rings,
            frequencies: Vec::new(),
            nuisance: Vec::new(),
        })
    }

    /// Of a scan of k-space, `A = M F C` ([`operators::mri::sense`]) with white noise of deviation σ on what was
    /// sampled: frequency by frequency.
    ///
    /// Errors: maps `Complex[1, Coil, Y, X]` and a mask `Real[1, Y, X]` that do not fit.
    pub fn of_scan<T: Array>(maps: &T, mask: &T, sigma: f64) -> Result<Self> {
        let held = normal_diagonal(maps, mask)?;
        let h = held.iter().map(|h| h / (sigma * sigma)).collect();
        Ok(Self::of_diagonal(&mask.modes(), h))
    }

    fn of_diagonal(modes: &[Mode], h: Vec<f64>) -> Self {
        let each = h.iter().enumerate().map(|(i, h)| (i, *h, 1.0));
        NormalSpectrum {
            rings: in_rings(modes, each),
            frequencies: h,
            nuisance: Vec::new(),
        }
    }

    /// The mean of those of several images; nothing of none.
    pub fn mean(all: &[&Self]) -> Option<Self> {
        let first = all.first()?;
        let mean =
            |of: &dyn Fn(&Self) -> f64| all.iter().map(|n| of(n)).sum::<f64>() / all.len() as f64;
        let known = all
            .iter()
            .all(|n| n.frequencies.len() == first.frequencies.len());
        let frequencies = if known { first.frequencies.len() } else { 0 };
        Some(NormalSpectrum {
            rings: (0..RINGS).map(|i| mean(&|n| n.rings[i])).collect(),
            frequencies: (0..frequencies)
                .map(|i| mean(&|n| n.frequencies[i]))
                .collect(),
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
    ///
    /// Panics of a frequency of a larger image: a bug of the caller.
    pub fn at_mode(&self, mode: Mode) -> f64 {
        match mode {
            Mode::Image { radius, .. } if self.frequencies.is_empty() => self.at(radius),
            Mode::Image { index, .. } => self.frequencies[index],
            Mode::Nuisance { index } => self.nuisance.get(index).copied().unwrap_or(0.0),
        }
    }

    /// The largest `h` of the image.
    pub fn largest(&self) -> f64 {
        let all = match self.frequencies.is_empty() {
            true => &self.rings,
            false => &self.frequencies,
        };
        all.iter().copied().fold(0.0, f64::max)
    }

    /// The mean of `h` at a radius in cycles per pixel.
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

/// The mean over each ring: sums of `(mode, value, weight)`, of values and of weights.
fn in_rings(modes: &[Mode], each: impl Iterator<Item = (usize, f64, f64)>) -> Vec<f64> {
    let mut sums = [(0.0, 0.0); RINGS];
    for (mode, value, weight) in each {
        if let Mode::Image { radius, .. } = modes[mode] {
            let ring = &mut sums[ring_of(radius) as usize];
            *ring = (ring.0 + value, ring.1 + weight);
        }
    }
    // A ring without modes, in a small image, has what its neighbour inside has.
    let mut rings: Vec<f64> = Vec::with_capacity(RINGS);
    for (sum, weight) in sums {
        let before = rings.last().copied().unwrap_or(0.0);
        rings.push(if weight > 0.0 {
            (sum / weight).max(0.0)
        } else {
            before
        });
    }
    rings
}

fn ring_of(radius: f64) -> f64 {
    (radius * std::f64::consts::SQRT_2 * RINGS as f64).min(RINGS as f64 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Spectrum;
    use operators::likelihood::{Gaussian, Likelihood};
    use operators::mri::sense;
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

    /// What recon gives to conjugate gradients: k-space sampled once, twice or not, four coils.
    #[test]
    fn a_scan_holds_each_frequency_as_its_operator_and_noise_say() {
        let (rows, columns, sigma) = (6, 7, 0.3);
        let random = |sizes: &[usize], field| {
            Host::<f64>::zeros(sizes, field).normal_like(&mut SliceRng::samples(7, 0, 1))
        };
        let maps = random(&[1, 4, rows, columns], Field::Complex);
        let averages = |i: usize| [0.0, 1.0, 2.0][i % 5 % 3];
        let of = |f: &dyn Fn(f64) -> f64| {
            let values = (0..rows * columns).map(|i| f(averages(i))).collect();
            Host::<f64>::new(&[1, rows, columns], Field::Real, values)
        };
        let (mask, support) = (of(&f64::sqrt), of(&|a| f64::from(u8::from(a > 0.0))));
        let a = sense(maps.clone(), mask.clone()).unwrap();
        let y = Host::zeros(&[1, 4, rows, columns], Field::Complex);
        let noise = Gaussian::new(y.clone(), sigma, support).unwrap();
        let found = NormalSpectrum::of_scan(&maps, &mask, sigma).unwrap();
        let x = Host::<f64>::zeros(&[1, rows, columns], Field::Complex);
        for (k, mode) in x.modes().into_iter().enumerate() {
            let mut unit = x.to_reals();
            unit[2 * k] = 1.0;
            let unit = Host::<f64>::new(&[1, rows, columns], Field::Complex, unit);
            let seen = a.forward(&unit.fft2(Direction::Inverse)).unwrap();
            let expected = seen.dot(&noise.precision(&y, &seen).unwrap())[0];
            let h = found.at_mode(mode);
            assert!((h - expected).abs() < 1e-10 * found.largest(), "{k}: {h}");
        }
    }

    #[test]
    fn a_mean_keeps_frequencies_where_all_have_them() {
        let x = Host::<f64>::zeros(&[1, 6, 7], Field::Complex);
        let of = |factor: f64| {
            let values = (0..42).map(|i| factor * f64::from(i)).collect();
            NormalSpectrum::of_diagonal(&x.modes(), values)
        };
        let mean = NormalSpectrum::mean(&[&of(1.0), &of(3.0)]).unwrap();
        for (i, mode) in x.modes().into_iter().enumerate() {
            assert_eq!(mean.at_mode(mode), 2.0 * i as f64);
        }
        assert_eq!(mean.largest(), 82.0);
        // The middle of 6 x 7 has the index 24, and alone lies in the first ring.
        assert_eq!(mean.at(0.0), 48.0);
        let rings = NormalSpectrum {
            frequencies: Vec::new(),
            ..of(1.0)
        };
        let mixed = NormalSpectrum::mean(&[&of(1.0), &rings]).unwrap();
        assert_eq!(mixed.at(0.0), 24.0);
        assert!(mixed.frequencies.is_empty());
    }
}
