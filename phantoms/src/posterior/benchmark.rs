//! The benchmark of 25 modes: samplers against a posterior that is known.

use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::dense::product;
use super::{Gaussian, LinearMeasurement, Mixture, Result, refused, white};

/// The distance of neighbouring modes, in their deviations.
const PITCH: f64 = 8.0;

/// One problem of the benchmark of Cardoso et al. 2023 (MCGdiff).
///
/// Prior: `Σ w_ij N(m_ij, I)` with `m_ij = 8 (i, j, i, j, ...)`, i and j of -2 to 2, weights the
/// squares of standard normal numbers, normalised. Measurement: `A = U diag(s) Vᵀ` with random
/// orthonormal U and V, s uniform on (0, 1) in increasing order, noise of deviation
/// `uniform(0, 1) max(s)`. The published sizes are 8, 80 and 800 values with 1, 2 and 4 measurements.
#[derive(Clone, Debug)]
pub struct MixtureProblem {
    /// The prior of 25 modes.
    pub prior: Mixture,
    /// `y = A x + n`.
    pub measurement: LinearMeasurement,
    /// The deviation of the noise.
    pub noise_std: f64,
    /// A draw of the prior: `f64[size]`.
    pub truth: Array1<f64>,
    /// Its measurement: `f64[measurements]`.
    pub data: Array1<f64>,
}

impl MixtureProblem {
    /// The problem of a seed. Errors: no measurement, or more than values.
    pub fn new(size: usize, measurements: usize, seed: u64) -> Result<Self> {
        if measurements == 0 || measurements > size {
            return Err(refused(
                "mixture problem",
                format!("1 to {size} measurements of {size} values"),
                measurements,
                "the published sizes are 8, 80 and 800 values, 1, 2 and 4 measurements",
            ));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let prior = prior(size, &mut rng)?;
        let mut s: Vec<f64> = (0..measurements).map(|_| rng.random()).collect();
        s.sort_by(f64::total_cmp);
        // (0, 1]: a noise of 0 has no density.
        let noise_std = s[measurements - 1] * (1.0 - rng.random::<f64>());
        let u = orthonormal(measurements, measurements, &mut rng);
        let v = orthonormal(size, measurements, &mut rng);
        let matrix = product(&(u * &Array1::from(s)), v.t());
        let measurement = LinearMeasurement::white(matrix, noise_std)?;
        let truth = prior.draw(&mut rng);
        let data = measurement.measure(truth.view(), &mut rng);
        Ok(MixtureProblem {
            prior,
            measurement,
            noise_std,
            truth,
            data,
        })
    }
}

fn prior(size: usize, rng: &mut ChaCha8Rng) -> Result<Mixture> {
    let mode = |k: usize| {
        let (i, j) = ((k / 5) as f64 - 2.0, (k % 5) as f64 - 2.0);
        let at = |axis: usize| PITCH * if axis.is_multiple_of(2) { i } else { j };
        Gaussian::isotropic(Array1::from_shape_fn(size, at), 1.0)
    };
    let weights = white(25, rng).mapv(|v| v * v).to_vec();
    Mixture::new(weights, (0..25).map(mode).collect::<Result<_>>()?)
}

/// `rows x columns` with orthonormal columns, uniformly distributed: Gram and Schmidt on a Gaussian
/// matrix, whose singular vectors have the same law.
fn orthonormal(rows: usize, columns: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let mut q = Array2::zeros((rows, columns));
    for c in 0..columns {
        let mut v = white(rows, rng);
        // Twice: once leaves rounding errors of the order of the cancellation.
        for _ in 0..2 {
            for k in 0..c {
                let along = q.column(k).dot(&v);
                v.scaled_add(-along, &q.column(k));
            }
        }
        let norm = v.dot(&v).sqrt();
        q.column_mut(c).assign(&(v / norm));
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_up_of_the_paper() {
        for (size, measurements) in [(8, 1), (80, 2), (800, 4), (9, 9)] {
            let p = MixtureProblem::new(size, measurements, 3).unwrap();
            assert_eq!(p.prior.parts().len(), 25);
            assert!((p.prior.weights().iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let mean = p.prior.parts()[5].mean();
            // k = 5: i = -1, j = -2.
            assert!(mean.indexed_iter().all(|(a, v)| *v == [-8.0, -16.0][a % 2]));
            // A Aᵀ = U diag(s²) Uᵀ: its trace is Σ s², every s in (0, 1).
            let a = p.measurement.matrix();
            let trace = a.dot(&a.t()).diag().sum();
            assert_eq!(a.dim(), (measurements, size));
            assert!(trace > 0.0 && trace < measurements as f64);
            assert!(p.noise_std > 0.0 && p.noise_std <= trace.sqrt());
            assert_eq!((p.truth.len(), p.data.len()), (size, measurements));
        }
    }

    #[test]
    fn columns_are_orthonormal_and_their_signs_even() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let q = orthonormal(40, 17, &mut rng);
        assert!(
            (q.t().dot(&q) - Array2::<f64>::eye(17))
                .iter()
                .all(|v| v.abs() < 1e-14)
        );
        let sum: f64 = (0..400).map(|_| orthonormal(3, 2, &mut rng)[(0, 1)]).sum();
        // Entries of a uniform unit vector in 3 dimensions have variance 1/3.
        assert!(sum.abs() < 4.0 * (400.0f64 / 3.0).sqrt(), "{sum}");
    }

    #[test]
    fn problems_are_their_seed_s_alone() {
        let of = |seed| MixtureProblem::new(8, 2, seed).unwrap();
        assert_eq!(of(1).data, of(1).data);
        assert_ne!(of(1).data, of(2).data);
        let error = MixtureProblem::new(8, 9, 1).unwrap_err().to_string();
        assert!(
            error.contains("1 to 8 measurements of 8 values, got 9"),
            "{error}"
        );
    }

    /// Exact draws fit the data: ‖y - A x‖² / σ² of draws and of the truth have one law, so
    /// over many problems the truth's is larger half of the time.
    #[test]
    fn the_posterior_s_draws_are_exchangeable_with_the_truth() {
        let problems = 600u64;
        let mut larger = 0;
        for seed in 0..problems {
            let p = MixtureProblem::new(8, 2, seed).unwrap();
            let posterior = p.prior.posterior(&p.measurement, p.data.view()).unwrap();
            let mut rng = ChaCha8Rng::seed_from_u64(seed + 7777);
            let draw = posterior.draw(&mut rng);
            let misfit = |x: &Array1<f64>| {
                let r = &p.data - &p.measurement.matrix().dot(x);
                r.dot(&r)
            };
            larger += usize::from(misfit(&p.truth) > misfit(&draw));
        }
        let off = (larger as f64 - 300.0) / 150f64.sqrt();
        assert!(off.abs() < 3.5, "{off}");
    }
}
