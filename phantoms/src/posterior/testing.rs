//! Brute force: moments of a density in the plane by a sum over a grid.

use ndarray::{Array1, Array2, array};

use super::dense::outer;
use super::{Gaussian, Mixture};

/// Mass, mean and covariance of a density, on `points²` cells of a square around `centre`.
pub(super) fn moments(
    density: impl Fn(&Array1<f64>) -> f64,
    centre: [f64; 2],
    half_width: f64,
    points: usize,
) -> (f64, Array1<f64>, Array2<f64>) {
    let h = 2.0 * half_width / points as f64;
    let (mut mass, mut first, mut second) = (0.0, Array1::zeros(2), Array2::zeros((2, 2)));
    for i in 0..points {
        for j in 0..points {
            let at = |k: usize, c: f64| c - half_width + (k as f64 + 0.5) * h;
            let x = array![at(i, centre[0]), at(j, centre[1])];
            let p = density(&x) * h * h;
            mass += p;
            second = second + p * outer(&x, &x);
            first = first + p * x;
        }
    }
    let mean: Array1<f64> = first / mass;
    let covariance = second / mass - outer(&mean, &mean);
    (mass, mean, covariance)
}

/// Draws must have a mean and a covariance within 4.5 standard errors, entry by entry (those of
/// the covariance as of a Gaussian: generous for a mixture of distant modes).
pub(super) fn assert_moments(draws: &[Array1<f64>], mean: &Array1<f64>, covariance: &Array2<f64>) {
    let n = draws.len() as f64;
    let zero = Array2::<f64>::zeros(covariance.dim());
    let first = draws
        .iter()
        .fold(Array1::zeros(mean.len()), |s: Array1<f64>, x| s + x)
        / n;
    let second = draws
        .iter()
        .fold(zero, |s, x| s + outer(&(x - mean), &(x - mean)))
        / n;
    for i in 0..mean.len() {
        let off = (first[i] - mean[i]) / (covariance[(i, i)] / n).sqrt();
        assert!(off.abs() < 4.5, "mean {i}: {off} standard errors");
        for j in 0..=i {
            let product = covariance[(i, i)] * covariance[(j, j)];
            let error = ((product + covariance[(i, j)].powi(2)) / n).sqrt();
            let off = (second[(i, j)] - covariance[(i, j)]) / error;
            assert!(off.abs() < 4.5, "covariance {i} {j}: {off} standard errors");
        }
    }
}

/// Three overlapping modes in the plane.
pub(super) fn three_modes() -> Mixture {
    let parts = vec![
        Gaussian::dense(array![-2.0, 1.0], array![[0.5, 0.2], [0.2, 0.4]]).unwrap(),
        Gaussian::isotropic(array![2.0, 0.0], 0.3).unwrap(),
        Gaussian::dense(array![0.0, -2.0], array![[1.0, -0.6], [-0.6, 0.9]]).unwrap(),
    ];
    Mixture::new(vec![2.0, 1.0, 1.0], parts).unwrap()
}
