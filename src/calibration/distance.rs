//! Distances to a posterior that is known.

use ndarray::{Array1, ArrayView1, ArrayView2, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::Result;
use super::error::{CalibrationError, at_least, finite};

/// Mean and deviation of every mode: of a Gaussian whose covariance is diagonal (in Fourier space,
/// in the singular vectors of A).
#[derive(Clone, Debug, PartialEq)]
pub struct Marginals {
    /// Means: `f64[D]`.
    pub mean: Array1<f64>,
    /// Deviations: `f64[D]`.
    pub std: Array1<f64>,
}

impl Marginals {
    /// Of samples, `f64[n, D]`, one a row: means, and deviations with n - 1.
    pub fn of(samples: ArrayView2<f64>) -> Result<Self> {
        at_least("marginals", "samples", 2, samples.nrows())?;
        finite("marginals", samples)?;
        Ok(Marginals {
            mean: samples.sum_axis(Axis(0)) / samples.nrows() as f64,
            std: samples.std_axis(Axis(0), 1.0),
        })
    }
}

/// 2-Wasserstein distance of each mode between two Gaussians, `√((m₁ - m₂)² + (s₁ - s₂)²)`: `f64[D]`.
///
/// Errors: other lengths.
pub fn w2_per_mode(a: &Marginals, b: &Marginals) -> Result<Array1<f64>> {
    let lengths = [a.mean.len(), a.std.len(), b.mean.len(), b.std.len()];
    if lengths.iter().any(|l| *l != lengths[0]) {
        let remedy = "give both in the same modes";
        let found = format!("{lengths:?}");
        return Err(CalibrationError::new(
            "W2",
            "equally many modes",
            found,
            remedy,
        ));
    }
    let square = |x: Array1<f64>| x.mapv(|v| v * v);
    Ok((square(&a.mean - &b.mean) + square(&a.std - &b.std)).sqrt())
}

/// Sliced 1-Wasserstein distance between two sets of samples, `f64[n, D]` and `f64[m, D]`: the mean
/// over random directions u of `∫ |F_u - G_u|`, with F_u, G_u the distribution functions of `<u, x>`.
///
/// Two sets of the same law are not at distance 0: compare with two exact sets of the same sizes.
/// Errors: an empty set or no direction; other D; values that are not finite.
pub fn sliced_w1(
    a: ArrayView2<f64>,
    b: ArrayView2<f64>,
    directions: usize,
    seed: u64,
) -> Result<f64> {
    at_least("sliced W1", "samples", 1, a.nrows().min(b.nrows()))?;
    at_least("sliced W1", "directions", 1, directions)?;
    finite("sliced W1", a.iter().chain(&b))?;
    if a.ncols() != b.ncols() {
        let found = format!("{} and {}", a.ncols(), b.ncols());
        let remedy = "give both sets of the same kind of image";
        return Err(CalibrationError::new(
            "sliced W1",
            "equally long samples",
            found,
            remedy,
        ));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let slice = |_| {
        let u = direction(a.ncols(), &mut rng);
        w1(along(a, u.view()), along(b, u.view()))
    };
    let distances: Vec<f64> = (0..directions).map(slice).collect();
    Ok(distances.iter().sum::<f64>() / directions as f64)
}

/// Uniform on the unit sphere.
fn direction(size: usize, rng: &mut ChaCha8Rng) -> Array1<f64> {
    let u = Array1::from_shape_simple_fn(size, || rng.sample::<f64, _>(StandardNormal));
    let norm = u.dot(&u).sqrt();
    u / norm
}

/// `<u, x>` of every sample, sorted.
fn along(samples: ArrayView2<f64>, u: ArrayView1<f64>) -> Vec<f64> {
    let mut values = samples.dot(&u).to_vec();
    values.sort_by(f64::total_cmp);
    values
}

/// `∫ |F - G|` of two sorted sets, `Σ |F(x) - G(x)| Δx` over all their points.
fn w1(a: Vec<f64>, b: Vec<f64>) -> f64 {
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    let mut before = a[0].min(b[0]);
    while i < a.len() || j < b.len() {
        let next_a = i < a.len() && (j == b.len() || a[i] <= b[j]);
        let here = if next_a { a[i] } else { b[j] };
        sum += (i as f64 / n - j as f64 / m).abs() * (here - before);
        before = here;
        if next_a {
            i += 1;
        } else {
            j += 1;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::special::normal_quantile;
    use ndarray::{Array2, array};
    use std::f64::consts::FRAC_2_PI;

    fn normal(seed: u64, rows: usize, columns: usize) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Array2::from_shape_simple_fn((rows, columns), || rng.sample(StandardNormal))
    }

    /// W₂² = ∫ (F⁻¹(u) - G⁻¹(u))² du.
    #[test]
    fn w2_is_the_distance_of_quantile_functions() {
        let a = Marginals {
            mean: array![0.0, 1.0],
            std: array![1.0, 0.5],
        };
        let b = Marginals {
            mean: array![2.0, 1.0],
            std: array![3.0, 0.1],
        };
        let n = 20_000;
        for (mode, w2) in w2_per_mode(&a, &b).unwrap().iter().enumerate() {
            let at = |i: i32| {
                let z = normal_quantile((f64::from(i) + 0.5) / f64::from(n));
                let quantile = |g: &Marginals| g.mean[mode] + g.std[mode] * z;
                (quantile(&a) - quantile(&b)).powi(2) / f64::from(n)
            };
            let square: f64 = (0..n).map(at).sum();
            assert!(
                (w2 / square.sqrt() - 1.0).abs() < 1e-3,
                "{w2} {}",
                square.sqrt()
            );
        }
        let short = Marginals {
            mean: array![0.0],
            std: array![1.0],
        };
        assert!(w2_per_mode(&a, &short).is_err());
    }

    #[test]
    fn marginals_of_samples() {
        let found = Marginals::of(array![[1.0, 2.0], [3.0, 2.0]].view()).unwrap();
        assert_eq!(found.mean, array![2.0, 2.0]);
        assert!((found.std[0] - 2f64.sqrt()).abs() < 1e-15 && found.std[1] == 0.0);
    }

    /// In one dimension: sorted pairs where the sizes agree; every sample twice changes nothing.
    #[test]
    fn one_dimension_by_sorted_pairs() {
        let (a, b) = (
            along(normal(1, 7, 1).view(), array![1.0].view()),
            vec![-1.0, 0.0, 0.5, 0.5, 2.0, 3.0, 9.0],
        );
        let pairs: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum::<f64>() / 7.0;
        assert!((w1(a.clone(), b.clone()) - pairs).abs() < 1e-14);
        let twice: Vec<f64> = b.iter().flat_map(|v| [*v, *v]).collect();
        assert!((w1(a.clone(), twice) - pairs).abs() < 1e-14);
        assert!((w1(b.clone(), a) - pairs).abs() < 1e-14);
        assert_eq!(w1(b.clone(), b), 0.0);
        // Unequal sizes: {0, 1} against {0, 0, 3}: |1/2 - 2/3| + (1 - 2/3) 2.
        assert!((w1(vec![0.0, 1.0], vec![0.0, 0.0, 3.0]) - 5.0 / 6.0).abs() < 1e-15);
    }

    /// Moved by t in the plane: the mean of |<u, t>| is 2 ‖t‖ / π.
    #[test]
    fn a_shift_is_its_mean_projection() {
        let a = normal(2, 50, 2);
        let b = &a + &array![3.0, -4.0];
        let w = sliced_w1(a.view(), b.view(), 4000, 1).unwrap();
        assert!((w / (5.0 * FRAC_2_PI) - 1.0).abs() < 0.03, "{w}");
        let again = sliced_w1(a.view(), b.view(), 4000, 1).unwrap();
        assert_eq!(w, again);
        assert_ne!(w, sliced_w1(a.view(), b.view(), 4000, 2).unwrap());
    }

    /// N(0, I) and N(0, c² I): every slice is at distance |c - 1| √(2/π).
    #[test]
    fn a_scaled_gaussian_in_eight_dimensions() {
        let w = sliced_w1(
            normal(3, 4000, 8).view(),
            (1.5 * normal(4, 3000, 8)).view(),
            60,
            7,
        );
        let exact = 0.5 * FRAC_2_PI.sqrt();
        assert!((w.unwrap() / exact - 1.0).abs() < 0.05);
        let floor = sliced_w1(normal(3, 4000, 8).view(), normal(4, 3000, 8).view(), 60, 7).unwrap();
        assert!(floor < 0.1 * exact, "{floor}");
    }

    #[test]
    fn bad_sets_are_refused() {
        let a = normal(1, 3, 2);
        assert!(sliced_w1(a.view(), normal(1, 3, 3).view(), 5, 1).is_err());
        assert!(sliced_w1(a.view(), normal(1, 0, 2).view(), 5, 1).is_err());
        assert!(sliced_w1(a.view(), a.view(), 0, 1).is_err());
        assert!(sliced_w1(a.view(), (f64::NAN * &a).view(), 5, 1).is_err());
    }
}
