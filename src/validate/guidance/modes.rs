//! A problem whose prior has 25 modes, as images of one row: exact draws, and those of a sampler.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::toolkit::Image;
use crate::guidance::{Guidance, Measurement};
use crate::score::{Denoiser, Estimate, Pullback, Schedule, Want};
use ndarray::{Array1, Array2, ArrayView1};
use operators::likelihood::Gaussian;
use operators::{Axis, Error, Field, Host, LinearOperator, SliceRng, Space, Vector};
use phantoms::posterior::{Mixture, MixtureProblem};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Values and measurements of a problem.
pub(super) const VALUES: usize = 8;
pub(super) const MEASUREMENTS: usize = 2;
/// A mixture as a prior of images of one row.
struct Prior<'a>(&'a Mixture);

impl Denoiser<Image> for Prior<'_> {
    fn estimate<'a>(
        &'a self,
        x: &Image,
        sigma: f64,
        want: Want,
    ) -> operators::Result<Estimate<'a, Image>> {
        let smoothed = self.0.smoothed(sigma).map_err(|e| Error::Parameter {
            what: "sigma",
            expected: "above 0",
            got: e.to_string(),
        })?;
        let x0 = by_item(x, |_, x| smoothed.denoise(x));
        let at = x.clone();
        let pullback = (want == Want::Pullback).then(|| {
            Box::new(move |v: &Image| {
                Ok(by_item(v, |i, v| smoothed.jacobian_product(row(&at, i), v)))
            }) as Pullback<'a, Image>
        });
        Ok(Estimate {
            x0,
            pullback,
            deviation: None,
        })
    }
}

/// Item i as a vector.
fn row(x: &Image, i: usize) -> ArrayView1<'_, f64> {
    let n = Vector::reals(x);
    ArrayView1::from(&x.reals()[i * n..(i + 1) * n])
}

/// A map of every item.
fn by_item(x: &Image, f: impl Fn(usize, ArrayView1<f64>) -> Array1<f64>) -> Image {
    let all: Vec<f64> = (0..x.batch()).flat_map(|i| f(i, row(x, i))).collect();
    let n = all.len() / x.batch();
    Host::new(&[x.batch(), 1, n], Field::Real, all)
}

/// A matrix as an operator on images of one row.
struct Matrix {
    matrix: Array2<f64>,
    domain: Space,
    range: Space,
}

impl Matrix {
    fn new(matrix: Array2<f64>) -> Self {
        let space = |n: usize| Space::real(&[(Axis::Y, 1), (Axis::X, n)]);
        Matrix {
            domain: space(matrix.ncols()),
            range: space(matrix.nrows()),
            matrix,
        }
    }
}

impl LinearOperator<Image> for Matrix {
    fn name(&self) -> &'static str {
        "matrix"
    }
    fn domain(&self) -> &Space {
        &self.domain
    }
    fn range(&self) -> &Space {
        &self.range
    }
    fn forward(&self, x: &Image) -> operators::Result<Image> {
        Ok(by_item(x, |_, x| self.matrix.dot(&x)))
    }
    fn adjoint(&self, y: &Image) -> operators::Result<Image> {
        Ok(by_item(y, |_, y| self.matrix.t().dot(&y)))
    }
}

/// Exact draws of the posterior: `f64[n, VALUES]`.
pub(super) fn exact_draws(
    problem: &MixtureProblem,
    n: usize,
    seed: u64,
) -> Result<Array2<f64>, Failure> {
    let posterior = problem
        .prior
        .posterior(&problem.measurement, problem.data.view())?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut all = Array2::zeros((n, VALUES));
    for mut row in all.outer_iter_mut() {
        row.assign(&posterior.draw(&mut rng));
    }
    Ok(all)
}

/// What `run` makes of a problem: its prior, what was measured, and the noise levels.
pub(super) fn measured<R>(
    problem: &MixtureProblem,
    run: impl FnOnce(&dyn Denoiser<Image>, &Measurement<'_, Image>, &Schedule) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let operator = Matrix::new(problem.measurement.matrix().clone());
    let sizes = [1, 1, MEASUREMENTS];
    let y = Host::new(&sizes, Field::Real, problem.data.to_vec());
    let ones = Host::new(&sizes, Field::Real, vec![1.0; MEASUREMENTS]);
    let likelihood = Gaussian::new(y, problem.noise_std, ones)?;
    let unmeasured = Matrix::new(unmeasured(problem.measurement.matrix()));
    let data = Measurement {
        unmeasured: Some(&unmeasured),
        ..Measurement::new(&operator, &likelihood)
    };
    let schedule = Schedule::karras(100, problem.noise_std / 5.0, 100.0, 7.0);
    run(&Prior(&problem.prior), &data, &schedule)
}

/// `1 - Qᵀ Q` with the orthonormal rows Q of A, by Gram and Schmidt.
fn unmeasured(a: &Array2<f64>) -> Array2<f64> {
    let mut u = Array2::eye(a.ncols());
    for row in a.outer_iter() {
        let left = u.dot(&row);
        let square = left.dot(&left);
        if square > 1e-24 * row.dot(&row) {
            u = Array2::from_shape_fn(u.dim(), |(i, j)| u[(i, j)] - left[i] * left[j] / square);
        }
    }
    u
}

/// Samples of a rule: `f64[n, VALUES]`; nothing where it diverges.
pub(super) fn draws(
    bench: &Bench<'_>,
    problem: &MixtureProblem,
    rule: &dyn Guidance<Image>,
    n: usize,
) -> Result<Option<Array2<f64>>, Failure> {
    measured(problem, |prior, data, schedule| {
        let mut rng = SliceRng::samples(bench.seed, 0, n as u32);
        let mut x = Host::zeros(&[n, 1, VALUES], Field::Real).normal_like(&mut rng);
        x.scale(&[schedule.max()]);
        let toolkit = bench.toolkit;
        let drawn = toolkit.sample(rule, prior, data, schedule, x, &mut rng, bench.interrupted);
        let x = match drawn {
            Ok(x) => x,
            Err(e) if (bench.interrupted)() => return Err(e),
            Err(_) => return Ok(None),
        };
        let values = x.reals().to_vec();
        Ok(Some(Array2::from_shape_vec((n, VALUES), values)?))
    })
}
