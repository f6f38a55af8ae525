//! Maps of the main field: how far off resonance the spins are at each place.

use std::f64::consts::TAU;

use ndarray::Array2;
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::grid::position;

/// Solid harmonics up to degree 3.
const TERMS: usize = 16;

/// Off-resonance in Hz as solid harmonics, `f(x, y, z) = sum_l sum_m c_lm R_lm(x, y, z)` with l of 0
/// to 3, as outside of its sources a field must be.
///
/// `R_lm` is the real polynomial of degree l and order m, -l to l, with Schmidt's scale
/// `sum_m R_lm² = r^(2 l)`: 1; y, z, x; `sqrt(3) x y`, `sqrt(3) y z`, `z² - (x² + y²) / 2`,
/// `sqrt(3) x z`, `sqrt(3) / 2 (x² - y²)`; and so on. Coordinates are those of the unit cube.
#[derive(Clone, Debug, PartialEq)]
pub struct B0Map {
    /// Ordered by l, then m.
    coefficients_hz: [f64; TERMS],
}

impl B0Map {
    /// A field by its coefficients in Hz, ordered by l, then by m from -l to l.
    pub fn new(coefficients_hz: [f64; TERMS]) -> Self {
        Self { coefficients_hz }
    }

    /// A random field of mean frequency 0: normal coefficients, whose deviation falls as 1 / l.
    ///
    /// `sigma_hz` is the standard deviation over seeds at distance 1 from the centre, the same in
    /// all directions; `random(seed, 2 s)` is twice `random(seed, s)`. Source: the random B0 map of
    /// MRpro (`phantoms/b0map.py`).
    pub fn random(seed: u64, sigma_hz: f64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // 1 + 1/4 + 1/9 is the square of 7/6.
        let of_degree = |l: usize| 6.0 / 7.0 * sigma_hz / l as f64;
        let coefficients_hz = std::array::from_fn(|n| match n.isqrt() {
            0 => 0.0,
            l => of_degree(l) * rng.sample::<f64, _>(StandardNormal),
        });
        Self { coefficients_hz }
    }

    /// The off-resonance at a point (x, y, z), in Hz.
    pub fn off_resonance_hz(&self, at: [f64; 3]) -> f64 {
        let terms = self.coefficients_hz.iter().zip(solid_harmonics(at));
        terms.map(|(c, r)| c * r).sum()
    }

    /// The off-resonance at the raster samples of a plane of constant z, in Hz: `f64[ny, nx]`.
    pub fn map_hz(&self, z: f64, ny: usize, nx: usize) -> Array2<f64> {
        Array2::from_shape_fn((ny, nx), |(j, i)| {
            self.off_resonance_hz([position(i, nx), position(j, ny), z])
        })
    }
}

/// The phase that spins have gathered a time after their excitation: `2 pi f t`, in radians.
pub fn dephasing_rad(off_resonance_hz: f64, time_s: f64) -> f64 {
    TAU * off_resonance_hz * time_s
}

/// The factor `exp(2 pi i f t)` of every sample of a map: `f64[ny, nx] -> Complex64[ny, nx]`.
pub fn dephasing(map_hz: &Array2<f64>, time_s: f64) -> Array2<Complex64> {
    map_hz.mapv(|f| Complex64::cis(dephasing_rad(f, time_s)))
}

/// The polynomials at a point, ordered by l, then m.
fn solid_harmonics([x, y, z]: [f64; 3]) -> [f64; TERMS] {
    let (xx, yy, zz) = (x * x, y * y, z * z);
    let [root_3, root_15] = [3f64, 15.0].map(f64::sqrt);
    let [root_3_8, root_5_8] = [3.0f64 / 8.0, 5.0 / 8.0].map(f64::sqrt);
    [
        1.0,
        y,
        z,
        x,
        root_3 * x * y,
        root_3 * y * z,
        zz - 0.5 * (xx + yy),
        root_3 * x * z,
        0.5 * root_3 * (xx - yy),
        root_5_8 * y * (3.0 * xx - yy),
        root_15 * x * y * z,
        root_3_8 * y * (4.0 * zz - xx - yy),
        z * (zz - 1.5 * (xx + yy)),
        root_3_8 * x * (4.0 * zz - xx - yy),
        0.5 * root_15 * z * (xx - yy),
        root_5_8 * x * (xx - 3.0 * yy),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [[f64; 3]; 4] = [
        [0.3, -0.7, 0.4],
        [-0.9, 0.1, -0.2],
        [0.0, 0.0, 1.0],
        [0.6, 0.5, 0.0],
    ];

    fn one(n: usize, hz: f64) -> B0Map {
        let mut coefficients_hz = [0.0; TERMS];
        coefficients_hz[n] = hz;
        B0Map::new(coefficients_hz)
    }

    #[test]
    fn low_degrees_are_the_shims_of_a_scanner() {
        for [x, y, z] in PLACES {
            let root = 3f64.sqrt();
            let shims = [
                1.0,
                y,
                z,
                x,
                root * x * y,
                root * y * z,
                (2.0 * z * z - x * x - y * y) / 2.0,
                root * x * z,
                root * (x * x - y * y) / 2.0,
            ];
            for (n, shim) in shims.into_iter().enumerate() {
                let field = one(n, 40.0).off_resonance_hz([x, y, z]);
                assert!((field - 40.0 * shim).abs() < 1e-13, "{n}");
            }
        }
    }

    #[test]
    fn the_squares_of_a_degree_add_up_to_a_power_of_the_distance() {
        for at in PLACES {
            let r2: f64 = at.iter().map(|x| x * x).sum();
            let squares = solid_harmonics(at).map(|r| r * r);
            for l in 0..4 {
                let sum: f64 = squares[l * l..(l + 1) * (l + 1)].iter().sum();
                assert!((sum - r2.powi(l as i32)).abs() < 1e-14, "{l}");
            }
        }
    }

    #[test]
    fn the_laplacian_is_zero_and_degrees_scale() {
        let h = 0.125;
        for at in PLACES {
            for n in 0..TERMS {
                let field = one(n, 1.0);
                // Second differences are exact for polynomials of third degree.
                let laplacian: f64 = (0..3)
                    .map(|axis| {
                        let moved = |step: f64| {
                            let mut p = at;
                            p[axis] += step;
                            field.off_resonance_hz(p)
                        };
                        (moved(h) - 2.0 * moved(0.0) + moved(-h)) / (h * h)
                    })
                    .sum();
                assert!(laplacian.abs() < 1e-12, "{n}: {laplacian}");
                let far = field.off_resonance_hz(at.map(|x| 2.0 * x));
                let grown = 2f64.powi(n.isqrt() as i32) * field.off_resonance_hz(at);
                assert!((far - grown).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn random_fields_have_their_deviation_in_every_direction() {
        let seeds = 4000;
        for at in [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.6, -0.48, 0.64]] {
            let fields = (0..seeds).map(|s| B0Map::random(s, 50.0).off_resonance_hz(at));
            let variance = fields.map(|f| f * f).sum::<f64>() / seeds as f64;
            // Four deviations of a variance over 4000 draws are 9 %.
            assert!((variance / 2500.0 - 1.0).abs() < 0.09, "{at:?}: {variance}");
        }
        let (a, b) = (B0Map::random(7, 30.0), B0Map::random(7, 60.0));
        assert_eq!(a, B0Map::random(7, 30.0));
        assert_ne!(a, B0Map::random(8, 30.0));
        assert!(
            (2.0 * a.off_resonance_hz(PLACES[0]) - b.off_resonance_hz(PLACES[0])).abs() < 1e-12
        );
        assert_eq!(a.off_resonance_hz([0.0; 3]), 0.0);
    }

    #[test]
    fn a_map_is_the_field_at_the_samples_and_turns_the_spins() {
        let field = B0Map::random(3, 80.0);
        let map = field.map_hz(0.2, 5, 8);
        let turned = dephasing(&map, 0.01);
        for ((j, i), f) in map.indexed_iter() {
            assert_eq!(
                *f,
                field.off_resonance_hz([position(i, 8), position(j, 5), 0.2])
            );
            let phase = dephasing_rad(*f, 0.01);
            assert!((turned[(j, i)] - Complex64::new(phase.cos(), phase.sin())).norm() < 1e-14);
        }
        // A quarter of a turn at 25 Hz in 10 ms.
        assert!((dephasing_rad(25.0, 0.01) - TAU / 4.0).abs() < 1e-15);
    }
}
