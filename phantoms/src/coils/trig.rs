//! Receive coils whose sensitivities are trigonometric polynomials, so that multi-coil k-space
//! stays analytic.

use std::f64::consts::TAU;

use ndarray::{Array2, Array3, Axis};
use num_complex::Complex64;

use super::largest_rss;
use crate::error::PhantomError;
use crate::grid::position;

/// Terms along an axis in the table of eight coils.
const TABLE_TERMS: usize = 5;
/// The ring of coils in an order in which the first few lie around the object.
const AROUND: [usize; 8] = [0, 4, 2, 6, 1, 5, 3, 7];

/// Coil sensitivities `s_c(x, y) = sum_{i,j=-L..L} C_c[i, j] exp(-2 pi i (i x + j y) / 4)` on the
/// unit square, of order L.
///
/// Source: Guerquin-Kern 2012 for the idea, BART for the numbers of [`eight`](Self::eight), of order
/// 2 (data/NOTICE). Other coils come from a [fit](Self::fit).
#[derive(Clone, Debug, PartialEq)]
pub struct TrigCoils {
    /// Coefficients, `[coil, i + L, j + L]`.
    coefficients: Array3<Complex64>,
}

impl TrigCoils {
    /// Polynomials from their coefficients, `[coil, i + L, j + L]`.
    pub(super) fn new(coefficients: Array3<Complex64>) -> Self {
        Self { coefficients }
    }

    /// Eight coils around the object, opposite ones first, scaled so that the largest
    /// root-sum-of-squares over the unit disc is 1.
    pub fn eight() -> Self {
        let numbers: Vec<f64> = include_str!("../../data/coils-trig.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(str::split_whitespace)
            .map(|word| word.parse().expect("the table is of this crate"))
            .collect();
        let coefficients = numbers
            .chunks_exact(2)
            .map(|z| Complex64::new(z[0], z[1]))
            .collect();
        let ring = Array3::from_shape_vec((8, TABLE_TERMS, TABLE_TERMS), coefficients)
            .expect("eight tables of 5 x 5");
        Self {
            coefficients: ring.select(Axis(0), &AROUND),
        }
        .normalised()
    }

    /// The first `coils` of them, scaled anew to a largest root-sum-of-squares of 1.
    pub fn first(&self, coils: usize) -> Result<Self, PhantomError> {
        if coils == 0 || coils > self.coils() {
            return Err(PhantomError::Coils {
                coils,
                available: self.coils(),
            });
        }
        let coefficients = self
            .coefficients
            .slice_axis(Axis(0), (..coils).into())
            .to_owned();
        Ok(Self { coefficients }.normalised())
    }

    /// Where the coils of [`eight`](Self::eight) stand: eighths of the ring.
    pub fn places_of_eight() -> [usize; 8] {
        AROUND
    }

    /// The number of coils.
    pub fn coils(&self) -> usize {
        self.coefficients.dim().0
    }

    /// The largest frequency index L of the polynomials, in steps of 1/4 cycle per unit.
    pub fn order(&self) -> usize {
        (self.coefficients.dim().1 - 1) / 2
    }

    /// The same coils with all sensitivities times a factor.
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            coefficients: self.coefficients.mapv(|c| c * factor),
        }
    }

    /// The same coils turned about the centre by quarter turns from x towards y (other angles leave
    /// the family).
    pub fn rotated(&self, quarter_turns: usize) -> Self {
        (0..quarter_turns % 4).fold(self.clone(), |coils, _| {
            // s'(x, y) = s(y, -x), so i x + j y becomes i y - j x.
            let old = &coils.coefficients;
            Self {
                coefficients: Array3::from_shape_fn(old.dim(), |(c, i, j)| {
                    old[(c, j, 2 * coils.order() - i)]
                }),
            }
        })
    }

    /// The sensitivity of coil `c` at a point.
    pub fn sensitivity(&self, c: usize, x: f64, y: f64) -> Complex64 {
        let (ex, ey) = (phases(x, self.order()), phases(y, self.order()));
        let table = self.coefficients.index_axis(Axis(0), c);
        table
            .indexed_iter()
            .map(|((i, j), v)| v * ex[i] * ey[j])
            .sum()
    }

    /// The sensitivities at the raster samples: `Complex64[coil, ny, nx]`.
    pub fn maps(&self, ny: usize, nx: usize) -> Array3<Complex64> {
        let mut maps = Array3::zeros((self.coils(), ny, nx));
        for (c, mut map) in maps.outer_iter_mut().enumerate() {
            map.assign(&self.map(c, ny, nx));
        }
        maps
    }

    /// The sensitivity of one coil at the raster samples, x terms first: the sum is separable.
    pub(crate) fn map(&self, c: usize, ny: usize, nx: usize) -> Array2<Complex64> {
        let (table, order) = (self.table(c), self.order());
        let terms = 2 * order + 1;
        let ex: Vec<_> = (0..nx).map(|n| phases(position(n, nx), order)).collect();
        let over_x = Array2::from_shape_fn((terms, nx), |(j, n)| {
            (0..terms)
                .map(|i| table[(i, j)] * ex[n][i])
                .sum::<Complex64>()
        });
        let ey: Vec<_> = (0..ny).map(|n| phases(position(n, ny), order)).collect();
        Array2::from_shape_fn((ny, nx), |(m, n)| {
            (0..terms).map(|j| over_x[(j, n)] * ey[m][j]).sum()
        })
    }

    /// The coefficients of one coil, `[i + L, j + L]`.
    pub(crate) fn table(&self, c: usize) -> ndarray::ArrayView2<'_, Complex64> {
        self.coefficients.index_axis(Axis(0), c)
    }

    fn normalised(self) -> Self {
        let largest = largest_rss(self.coils(), &|c, x, y| self.sensitivity(c, x, y));
        self.scaled(1.0 / largest)
    }
}

/// `exp(-2 pi i n x / 4)` for n in -L..L.
pub(super) fn phases(x: f64, order: usize) -> Vec<Complex64> {
    let z = Complex64::cis(-TAU * x / 4.0);
    let mut all = vec![Complex64::new(1.0, 0.0); 2 * order + 1];
    for n in 1..=order {
        all[order + n] = all[order + n - 1] * z;
        all[order - n] = all[order + n].conj();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_the_sensitivities_at_the_samples() {
        let coils = TrigCoils::eight();
        let maps = coils.maps(7, 10);
        for ((c, j, i), v) in maps.indexed_iter() {
            assert!((v - coils.sensitivity(c, position(i, 10), position(j, 7))).norm() < 1e-14);
        }
    }

    #[test]
    fn the_largest_root_sum_of_squares_in_the_disc_is_one() {
        for n in 1..=8 {
            let coils = TrigCoils::eight().first(n).unwrap();
            let maps = coils.maps(64, 64);
            let mut largest = 0.0f64;
            for j in 0..64 {
                for i in 0..64 {
                    if position(i, 64).hypot(position(j, 64)) <= 1.0 {
                        largest = largest.max(
                            (0..n)
                                .map(|c| maps[(c, j, i)].norm_sqr())
                                .sum::<f64>()
                                .sqrt(),
                        );
                    }
                }
            }
            assert!((0.97..1.001).contains(&largest), "{n} coils: {largest}");
        }
        assert!(TrigCoils::eight().first(0).is_err() && TrigCoils::eight().first(9).is_err());
    }

    #[test]
    fn turning_moves_the_sensitivity_with_the_coil() {
        let coils = TrigCoils::eight();
        let turned = coils.rotated(1);
        // The point (x, y) goes to (-y, x) in a quarter turn from x towards y.
        assert!((turned.sensitivity(3, -0.2, 0.7) - coils.sensitivity(3, 0.7, 0.2)).norm() < 1e-14);
        assert!(
            (coils.rotated(4).sensitivity(1, 0.1, 0.2) - coils.sensitivity(1, 0.1, 0.2)).norm()
                < 1e-15
        );
    }
}
