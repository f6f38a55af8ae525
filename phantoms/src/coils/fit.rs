//! Any smooth coil maps as trigonometric polynomials.

use std::f64::consts::TAU;

use ndarray::{Array1, Array2, Array3, s};
use num_complex::Complex64;

use super::cholesky::Cholesky;
use super::rings::quantity;
use super::trig::{TrigCoils, phases};
use crate::error::PhantomError;

/// The largest order: more terms than any smooth map needs.
const MOST: usize = 12;
/// Circles and points on each, at which the polynomials are fitted.
const CIRCLES: usize = 32;
const POINTS: usize = 160;
/// Weight of the coefficients in the mean square error. Over the disc the terms are nearly dependent;
/// at 1e-15 the normal equations of order 6 have no factor any more, and at 1e-12 the coefficients
/// are about 1.
const DAMPING: f64 = 1e-12;

/// A fit by trigonometric polynomials and its error over the unit disc.
#[derive(Clone, Debug, PartialEq)]
pub struct TrigFit {
    /// The polynomials.
    pub coils: TrigCoils,
    /// The largest error of any coil, relative to the largest root-sum-of-squares of the maps.
    pub largest_error: f64,
    /// The root of the mean square error over disc and coils, relative to that of the maps.
    pub rms_error: f64,
}

impl TrigCoils {
    /// The polynomials of an order that are nearest to given maps over the unit disc, in the sense of
    /// least squares.
    ///
    /// `sensitivity(c, x, y)` is asked at points of the disc alone, more of them towards its edge,
    /// where maps are steep. Beyond the disc the polynomials go where they like: the object has to
    /// lie within. Orders 0 to 12; errors also if a map is not finite.
    ///
    /// Largest errors, for eight coils at a distance of 1.5: birdcage 2e-3, 2e-4 and 3e-5 at orders
    /// 4, 6 and 8; loops of radius 0.2 1e-2, 6e-4 and 4e-5. K-space takes `(2 L + 1)²` shifts a coil.
    pub fn fit(
        order: usize,
        coils: usize,
        sensitivity: &dyn Fn(usize, f64, f64) -> Complex64,
    ) -> Result<TrigFit, PhantomError> {
        if order > MOST {
            let expected = "of 0 to 12";
            return Err(quantity("the order of coil maps", expected, order as f64));
        }
        if coils == 0 {
            return Err(quantity("the number of coils", "above 0", 0.0));
        }
        let points = polar_points(CIRCLES, POINTS, 0.0);
        let basis = Basis::new(order, &points);
        let terms = 2 * order + 1;
        let mut coefficients = Array3::zeros((coils, terms, terms));
        for (c, mut table) in coefficients.outer_iter_mut().enumerate() {
            let samples = points.iter().map(|&[x, y]| sensitivity(c, x, y)).collect();
            table.assign(&basis.nearest(&samples)?);
        }
        let fitted = Self::new(coefficients);
        let (largest_error, rms_error) = errors(&fitted, sensitivity);
        Ok(TrigFit {
            coils: fitted,
            largest_error,
            rms_error,
        })
    }
}

/// Points of the unit disc on circles of radius `sin(pi k / (2 circles))`, the last one its edge.
fn polar_points(circles: usize, points: usize, turn_rad: f64) -> Vec<[f64; 2]> {
    let mut all = Vec::with_capacity(circles * points);
    for k in 1..=circles {
        let r = (0.25 * TAU * k as f64 / circles as f64).sin();
        for p in 0..points {
            let (s, c) = (turn_rad + TAU * p as f64 / points as f64).sin_cos();
            all.push([r * c, r * s]);
        }
    }
    all
}

/// The terms `exp(-2 pi i (i x + j y) / 4)` at points, and their factored normal equations.
struct Basis {
    /// Powers of both axes, `[point, index + order]`.
    along: [Array2<Complex64>; 2],
    factor: Cholesky,
    terms: usize,
}

impl Basis {
    fn new(order: usize, points: &[[f64; 2]]) -> Self {
        let terms = 2 * order + 1;
        // The product of two terms is a term of twice the order: one sum for each difference.
        let [ex, ey] = [0, 1].map(|axis| powers(2 * order, points, axis));
        let sums = products(&ex, &ey);
        let index = |p: usize| (p / terms, p % terms);
        let mut gram = Array2::from_shape_fn((terms * terms, terms * terms), |(p, q)| {
            let ((i, j), (k, l)) = (index(p), index(q));
            sums[(2 * order + k - i, 2 * order + l - j)]
        });
        let damping = DAMPING * points.len() as f64;
        gram.diag_mut().mapv_inplace(|v| v + damping);
        let factor = Cholesky::new(gram.view()).expect("damped squares are positive definite");
        let middle = s![.., order..order + terms];
        Self {
            along: [ex, ey].map(|e| e.slice(middle).to_owned()),
            factor,
            terms,
        }
    }

    /// The coefficients `[i + order, j + order]` that come nearest to samples at the points.
    fn nearest(&self, samples: &Array1<Complex64>) -> Result<Array2<Complex64>, PhantomError> {
        if let Some(bad) = samples.iter().find(|v| !v.is_finite()) {
            return Err(quantity(
                "a coil map",
                "finite over the unit disc",
                bad.norm(),
            ));
        }
        let [ex, ey] = &self.along;
        let weighted = Array2::from_shape_fn(ex.dim(), |(p, i)| ex[(p, i)].conj() * samples[p]);
        let right = products(&weighted, &ey.mapv(|v| v.conj()));
        let right = Array1::from_iter(right.iter().copied());
        let solution = self.factor.solve(right.view());
        Ok(Array2::from_shape_vec((self.terms, self.terms), solution)
            .expect("one coefficient a term"))
    }
}

/// `exp(-2 pi i n x / 4)` at points along an axis: `[point, n + order]`.
fn powers(order: usize, points: &[[f64; 2]], axis: usize) -> Array2<Complex64> {
    let rows: Vec<_> = points.iter().map(|p| phases(p[axis], order)).collect();
    Array2::from_shape_fn((points.len(), 2 * order + 1), |(p, n)| rows[p][n])
}

/// `sum_p u[p, i] v[p, j]`, point by point: the order of a blocked product depends on the machine.
fn products(u: &Array2<Complex64>, v: &Array2<Complex64>) -> Array2<Complex64> {
    let mut sums = Array2::zeros((u.ncols(), v.ncols()));
    for (u, v) in u.outer_iter().zip(v.outer_iter()) {
        for (mut row, &factor) in sums.outer_iter_mut().zip(&u) {
            row.scaled_add(factor, &v);
        }
    }
    sums
}

/// The largest and the root-mean-square error, at points between those of the fit.
fn errors(fitted: &TrigCoils, sensitivity: &dyn Fn(usize, f64, f64) -> Complex64) -> (f64, f64) {
    let points = polar_points(CIRCLES + 5, POINTS + 7, 0.01);
    let (mut largest, mut error, mut power, mut peak) = (0.0f64, 0.0, 0.0, 0.0f64);
    for [x, y] in points {
        let mut sum = 0.0;
        for c in 0..fitted.coils() {
            let truth = sensitivity(c, x, y);
            let off = (fitted.sensitivity(c, x, y) - truth).norm_sqr();
            largest = largest.max(off);
            // A circle stands for a ring of area r dr, with dr = cos of the circle's angle.
            let r = x.hypot(y);
            let area = r * (1.0 - r * r).max(0.0).sqrt();
            error += area * off;
            power += area * truth.norm_sqr();
            sum += truth.norm_sqr();
        }
        peak = peak.max(sum);
    }
    // Maps that are 0 everywhere are met exactly.
    let relative = |off: f64, full: f64| (off / full.max(f64::MIN_POSITIVE)).sqrt();
    (relative(largest, peak), relative(error, power))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coils::{BirdcageCoils, CoilRings, LoopCoils};

    #[test]
    fn the_error_falls_with_the_order() {
        let birdcage = BirdcageCoils::new(&CoilRings::one(8)).unwrap();
        let loops = LoopCoils::new(&CoilRings::one(8), LoopCoils::RADIUS).unwrap();
        for (order, of_birdcage, of_loops) in
            [(4, 2.5e-3, 1.2e-2), (6, 2e-4, 6e-4), (8, 3e-5, 4.5e-5)]
        {
            for (fit, bound) in [
                (birdcage.fit(order).unwrap(), of_birdcage),
                (loops.fit(order).unwrap(), of_loops),
            ] {
                let (largest, rms) = (fit.largest_error, fit.rms_error);
                assert!(
                    (0.5 * bound..bound).contains(&largest),
                    "{order}: {largest}"
                );
                assert!(rms < largest);
            }
        }
        let flat = birdcage.without_shading().fit(6).unwrap();
        assert!(flat.largest_error < 1e-4);
    }

    #[test]
    fn the_normal_equations_of_every_order_have_a_factor() {
        let points = polar_points(CIRCLES, POINTS, 0.0);
        for order in 0..=MOST {
            assert_eq!(Basis::new(order, &points).terms, 2 * order + 1);
        }
    }

    #[test]
    fn polynomials_of_the_order_come_back() {
        let eight = TrigCoils::eight();
        for order in [2, 3, 6] {
            let fit = TrigCoils::fit(order, 8, &|c, x, y| eight.sensitivity(c, x, y)).unwrap();
            assert_eq!((fit.coils.order(), fit.coils.coils()), (order, 8));
            assert!(fit.largest_error < 1e-6, "{order}: {}", fit.largest_error);
            let off = fit.coils.sensitivity(5, 0.3, -0.6) - eight.sensitivity(5, 0.3, -0.6);
            assert!(off.norm() < 1e-6);
        }
        // One order less does not reach.
        let fit = TrigCoils::fit(1, 8, &|c, x, y| eight.sensitivity(c, x, y)).unwrap();
        assert!(fit.largest_error > 1e-2 && fit.rms_error > 1e-2);
    }

    #[test]
    fn what_cannot_be_fitted_is_an_error() {
        let flat = |_, _, _| Complex64::from(1.0);
        assert!(TrigCoils::fit(13, 1, &flat).is_err() && TrigCoils::fit(2, 0, &flat).is_err());
        let pole = |_, x: f64, y: f64| Complex64::from(1.0 / (x - 1.0).hypot(y));
        let error = TrigCoils::fit(2, 1, &pole).unwrap_err();
        assert!(
            error.to_string().contains("finite over the unit disc"),
            "{error}"
        );
        let constant = TrigCoils::fit(0, 1, &flat).unwrap();
        assert!(constant.largest_error < 1e-11 && constant.coils.order() == 0);
        let nothing = TrigCoils::fit(2, 1, &|_, _, _| Complex64::ZERO).unwrap();
        assert_eq!((nothing.largest_error, nothing.rms_error), (0.0, 0.0));
    }

    #[test]
    fn the_k_space_of_a_fitted_array_is_that_of_its_maps() {
        let loops = LoopCoils::new(&CoilRings::one(3), LoopCoils::RADIUS).unwrap();
        let fit = loops.fit(8).unwrap();
        let head = crate::named("shepp-logan").unwrap();
        let head = head.scene_mr(&|_| 0.0).unwrap().section(0.0);
        let (ny, nx, times) = (33, 40, 12);
        let exact = crate::section_k_space(&head, &fit.coils, ny, nx);
        // The maps themselves, on a grid twelve times as fine.
        let fine = loops.maps(times * ny, times * nx);
        let raster = crate::scene::Raster::unit_square(times * ny, times * nx);
        let object = head.raster(&raster);
        let (mut error, mut power) = (0.0, 0.0);
        for (c, map) in fine.outer_iter().enumerate() {
            let shaded = ndarray::Zip::from(&map)
                .and(&object)
                .map_collect(|s, v| s * v);
            let k = crate::fft::fft2_cropped(shaded, (ny, nx)) / Complex64::from(times as f64);
            for ((m, n), v) in k.indexed_iter() {
                error += (v - exact[(c, m, n)]).norm_sqr();
                power += v.norm_sqr();
            }
        }
        let relative = f64::sqrt(error / power);
        assert!(relative < 2e-3, "{relative}");
    }
}
