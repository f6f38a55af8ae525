//! The receiver: what its coils see, and the noise that they share.

use super::SimulateError;
use crate::protocol::{Cartesian, CoilMaps};
use ndarray::Array2;
use num_complex::{Complex32, Complex64};
use phantoms::{BirdcageCoils, CoilRings, LoopCoils, NoiseCovariance, TrigCoils};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Time between two samples of a line, and of the noise scan, in microseconds.
pub(super) const DWELL_US: f64 = 5.0;
pub(super) const NOISE_DWELL_US: f64 = 10.0;
/// The receiver's relative noise bandwidth.
pub(super) const BANDWIDTH: f64 = 0.793;
/// Samples of the noise scan.
const NOISE_SAMPLES: usize = 4096;
/// Order of the polynomials that stand for birdcage and loops: 6e-4 of the largest sensitivity.
const ORDER: usize = 6;

/// Coils around the object.
pub(super) struct Receiver {
    /// Their sensitivities, as polynomials that leave k-space analytic.
    pub coils: TrigCoils,
    noise: NoiseCovariance,
    seed: u64,
}

impl Receiver {
    /// Of a scan; errors for more coils than there are.
    pub fn of(c: &Cartesian, seed: u64) -> Result<Self, SimulateError> {
        let rings = CoilRings::one(c.coils);
        let ring = || NoiseCovariance::neighbours(c.coils, c.noise_correlation);
        let (coils, noise) = match c.coil_maps {
            CoilMaps::Polynomial => {
                let coils = TrigCoils::eight().first(c.coils)?;
                let places = &TrigCoils::places_of_eight()[..c.coils];
                let noise = NoiseCovariance::neighbours_at(places, 8, c.noise_correlation)?;
                (coils, noise)
            }
            CoilMaps::Birdcage => (BirdcageCoils::new(&rings)?.fit(ORDER)?.coils, ring()?),
            CoilMaps::Loops => {
                let loops = LoopCoils::new(&rings, LoopCoils::RADIUS)?;
                (loops.fit(ORDER)?.coils, ring()?)
            }
        };
        Ok(Self { coils, noise, seed })
    }

    /// The random numbers of a slice; a sampler with the same seed must not know the noise.
    pub fn stream(&self, slice: usize) -> ChaCha8Rng {
        stream(self.seed, 1 + slice as u64)
    }

    /// Noise of a line, (coil, sample), of deviation `sigma` per real component.
    pub fn line(&self, rng: &mut ChaCha8Rng, sigma: f64, samples: usize) -> Array2<Complex64> {
        let line = self.noise.noise(rng, sigma, (1, samples));
        line.remove_axis(ndarray::Axis(1))
    }

    /// The noise scan: another dwell time, so another bandwidth and another level.
    pub fn noise_scan(&self, sigma: f64) -> Array2<Complex32> {
        let level = sigma * (DWELL_US / NOISE_DWELL_US * BANDWIDTH).sqrt();
        let noise = self.line(&mut stream(self.seed, 0), level, NOISE_SAMPLES);
        noise.mapv(|z| Complex32::new(z.re as f32, z.im as f32))
    }
}

fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5343_414e_4e45_5221);
    rng.set_stream(stream);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_has_its_level_and_its_correlation() {
        let table = "matrix = [8, 8]\nfov_mm = [220, 220]\ncoils = 5\nacceleration = 1\n\
            calibration_lines = 0\npattern = \"full\"\nsnr = 30\nnoise_correlation = 0.4\n";
        let c: Cartesian = toml::from_str(table).unwrap();
        let receiver = Receiver::of(&c, 1).unwrap();
        let n = receiver.line(&mut receiver.stream(0), 0.7, 200_000);
        let psi = |i: usize, j: usize| {
            let pairs = n.row(i).into_iter().zip(n.row(j));
            let sum: f64 = pairs.map(|(a, b)| (a * b.conj()).re).sum();
            sum / (2.0 * 200_000.0 * 0.49)
        };
        // Coils 0, 4 and 2 stand beside each other; 0 and 1 opposite.
        for (i, j, expected) in [
            (0, 0, 1.0),
            (3, 3, 1.0),
            (0, 4, 0.4),
            (0, 2, 0.16),
            (0, 1, 0.0256),
        ] {
            assert!(
                (psi(i, j) - expected).abs() < 0.01,
                "{i} {j}: {}",
                psi(i, j)
            );
        }
    }

    #[test]
    fn every_kind_of_coils_can_be_had() {
        for (maps, coils) in [("polynomial", 8), ("birdcage", 12), ("loops", 16)] {
            let table = format!(
                "matrix = [8, 8]\nfov_mm = [220, 220]\ncoils = {coils}\nacceleration = 1\n\
                 calibration_lines = 0\npattern = \"full\"\nsnr = 30\ncoil_maps = \"{maps}\"\n"
            );
            let c: Cartesian = toml::from_str(&table).unwrap();
            assert_eq!(Receiver::of(&c, 1).unwrap().coils.coils(), coils);
        }
    }
}
