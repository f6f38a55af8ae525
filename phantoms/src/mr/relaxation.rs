//! What the signal of a tissue depends on.

use rand::{Rng, RngExt};

/// Proton density and relaxation times of a tissue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relaxation {
    /// Proton density, 1 for water.
    pub density: f64,
    /// Longitudinal relaxation time T1, in seconds.
    pub t1_s: f64,
    /// Transverse relaxation time T2, in seconds.
    pub t2_s: f64,
    /// Time constant of the free decay in a voxel, `1 / T2* = 1 / T2 + R2'`, in seconds.
    pub t2_star_s: f64,
}

impl Relaxation {
    /// A tissue in a perfectly even field: `T2* = T2`.
    pub const fn new(density: f64, t1_s: f64, t2_s: f64) -> Self {
        Self {
            density,
            t1_s,
            t2_s,
            t2_star_s: t2_s,
        }
    }

    /// The same tissue where the field within a voxel is uneven: `1 / T2* = 1 / T2 + R2'`.
    pub fn with_dephasing(self, rate_per_s: f64) -> Self {
        Self {
            t2_star_s: self.t2_s / (1.0 + rate_per_s * self.t2_s),
            ..self
        }
    }

    /// The same tissue in a perfectly even field: `T2* = T2`.
    pub const fn without_dephasing(self) -> Self {
        Self::new(self.density, self.t1_s, self.t2_s)
    }
}

/// The spread of a tissue over persons and methods: lowest and highest values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RelaxationRange {
    /// Proton density, 1 for water.
    pub density: [f64; 2],
    /// T1 in seconds.
    pub t1_s: [f64; 2],
    /// T2 in seconds.
    pub t2_s: [f64; 2],
    /// Dephasing rate `R2' = 1 / T2* - 1 / T2`, in 1 / s.
    pub dephasing_per_s: f64,
}

impl RelaxationRange {
    /// The middle of every range.
    pub fn midpoint(&self) -> Relaxation {
        let middle = |[low, high]: [f64; 2]| 0.5 * (low + high);
        self.of(middle)
    }

    /// Independent uniform draws from every range: density, T1, T2.
    pub fn random<R: Rng>(&self, rng: &mut R) -> Relaxation {
        self.of(|[low, high]| low + (high - low) * rng.random::<f64>())
    }

    /// The values at a place of each range, 0 to 1: T1, T2 and density.
    pub(crate) fn at(&self, [t1, t2, density]: [f64; 3]) -> Relaxation {
        let along = |[low, high]: [f64; 2], at: f64| low + at * (high - low);
        let (t1_s, t2_s) = (along(self.t1_s, t1), along(self.t2_s, t2));
        Relaxation::new(along(self.density, density), t1_s, t2_s)
            .with_dephasing(self.dephasing_per_s)
    }

    fn of(&self, mut choose: impl FnMut([f64; 2]) -> f64) -> Relaxation {
        let (density, t1_s) = (choose(self.density), choose(self.t1_s));
        Relaxation::new(density, t1_s, choose(self.t2_s)).with_dephasing(self.dephasing_per_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn rates_of_decay_add() {
        let tissue = Relaxation::new(0.8, 0.9, 0.08).with_dephasing(4.0);
        assert!((1.0 / tissue.t2_star_s - 1.0 / 0.08 - 4.0).abs() < 1e-12);
        assert_eq!(tissue.without_dephasing(), Relaxation::new(0.8, 0.9, 0.08));
        // Nothing decays faster than at once.
        let solid = Relaxation::new(0.1, 1.0, 0.0).with_dephasing(4.0);
        assert_eq!(solid.t2_star_s, 0.0);
    }

    #[test]
    fn draws_fill_their_ranges_and_repeat() {
        let range = RelaxationRange {
            density: [0.5, 0.9],
            t1_s: [0.8, 1.5],
            t2_s: [0.06, 0.1],
            dephasing_per_s: 5.0,
        };
        let draw = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            (0..500).map(move |_| range.random(&mut rng))
        };
        assert!(draw(3).eq(draw(3)) && draw(3).ne(draw(4)));
        let (mut low, mut high) = (f64::INFINITY, 0.0f64);
        for r in draw(3) {
            assert!((0.5..=0.9).contains(&r.density) && (0.06..=0.1).contains(&r.t2_s));
            assert!(r.t2_star_s < r.t2_s);
            (low, high) = (low.min(r.t1_s), high.max(r.t1_s));
        }
        assert!((0.8..0.82).contains(&low) && (1.48..=1.5).contains(&high));
        let middle = range.midpoint();
        assert!((middle.t1_s - 1.15).abs() < 1e-15 && (middle.density - 0.7).abs() < 1e-15);
    }
}
