//! Smooth one-to-one deformations of the plane.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};

use crate::pure::{Normals, cos, hypot, sin, sin_cos};

/// One plane wave of displacement, `amplitude sin(2 pi frequency.p + phase)`.
#[derive(Clone, Debug)]
pub(crate) struct Wave {
    pub frequency: [f64; 2],
    pub amplitude: [f64; 2],
    pub phase: f64,
    /// Change of the phase per unit of slice position: neighbouring slices differ little.
    pub drift: f64,
}

/// A deformation `p -> M (p + sum of waves) + shift`.
#[derive(Clone, Debug)]
pub(crate) struct Warp {
    pub waves: Vec<Wave>,
    pub matrix: [[f64; 2]; 2],
    pub shift: [f64; 2],
}

impl Warp {
    /// Random waves of up to `highest` cycles per unit; `strength` in 0..1 is the largest strain,
    /// so that nothing folds.
    pub fn random<R: Rng>(
        rng: &mut R,
        waves: usize,
        highest: f64,
        strength: f64,
        normals: Normals,
    ) -> Self {
        let wave = |_| random_wave(rng, highest, normals);
        let mut waves: Vec<Wave> = (0..waves).map(wave).collect();
        let length = |v: [f64; 2]| hypot(v[0], v[1]);
        let strain: f64 = waves
            .iter()
            .map(|w| TAU * length(w.frequency) * length(w.amplitude))
            .sum();
        for wave in &mut waves {
            wave.amplitude = wave
                .amplitude
                .map(|a| a * strength.min(0.9) / strain.max(1e-12));
        }
        Self {
            waves,
            matrix: [[1.0, 0.0], [0.0, 1.0]],
            shift: [0.0; 2],
        }
    }

    /// The same waves, then scaled, turned from x towards y and moved.
    pub fn placed(mut self, scale: [f64; 2], angle_rad: f64, shift: [f64; 2]) -> Self {
        let (s, c) = sin_cos(angle_rad);
        self.matrix = [[c * scale[0], -s * scale[1]], [s * scale[0], c * scale[1]]];
        self.shift = shift;
        self
    }

    /// The same deformation with its waves moved on to a slice position.
    pub fn at_slice(&self, z: f64) -> Self {
        let mut warp = self.clone();
        warp.waves.iter_mut().for_each(|w| w.phase += w.drift * z);
        warp
    }

    /// Where a point goes.
    pub fn apply(&self, p: [f64; 2]) -> [f64; 2] {
        let mut q = p;
        for w in &self.waves {
            let s = sin(TAU * (w.frequency[0] * p[0] + w.frequency[1] * p[1]) + w.phase);
            q[0] += w.amplitude[0] * s;
            q[1] += w.amplitude[1] * s;
        }
        let m = self.matrix;
        [
            m[0][0] * q[0] + m[0][1] * q[1] + self.shift[0],
            m[1][0] * q[0] + m[1][1] * q[1] + self.shift[1],
        ]
    }
}

fn random_wave<R: Rng>(rng: &mut R, highest: f64, normals: Normals) -> Wave {
    let length = highest * rng.random_range(0.2..1.0);
    let direction = rng.random_range(0.0..TAU);
    // Long waves carry more: the strain of all waves is alike.
    let mut normal = || normals.next(rng) / length;
    let amplitude = [normal(), normal()];
    Wave {
        frequency: [length * cos(direction), length * sin(direction)],
        amplitude,
        phase: rng.random_range(0.0..TAU),
        drift: rng.random_range(-1.2..1.2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_warp_never_folds() {
        for seed in 0..20 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let warp = Warp::random(&mut rng, 6, 1.5, 0.8, Normals::Pure);
            let h = 1e-5;
            for i in 0..400 {
                let (x, y) = ((i % 20) as f64 / 10.0 - 1.0, (i / 20) as f64 / 10.0 - 1.0);
                let (p, px, py) = (
                    warp.apply([x, y]),
                    warp.apply([x + h, y]),
                    warp.apply([x, y + h]),
                );
                let volume = (px[0] - p[0]) * (py[1] - p[1]) - (px[1] - p[1]) * (py[0] - p[0]);
                assert!(volume > 0.0);
            }
        }
    }
}
