//! The benchmark of 25 modes: samplers against a posterior that is not Gaussian.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Marks, Plot, Table};
use super::super::toolkit::Image;
use crate::calibration::sliced_w1;
use crate::guidance::{
    Bridge, CovarianceModel, Dps, DpsZeta, Guidance, Guided, Measurement, MomentProjection,
    PriorDraw, Unconditional,
};
use crate::score::{Denoiser, Estimate, Pullback, Schedule, Want};
use ndarray::{Array1, Array2, ArrayView1};
use operators::likelihood::Gaussian;
use operators::{Axis, Error, Field, Host, LinearOperator, SliceRng, Space, Vector};
use phantoms::posterior::{Mixture, MixtureProblem};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Values and measurements of a problem.
const VALUES: usize = 8;
const MEASUREMENTS: usize = 2;
/// Random directions of the distance.
const DIRECTIONS: usize = 200;

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
        Ok(Estimate { x0, pullback })
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

/// Sliced Wasserstein distance of the samples to exact ones, over that of the prior's own.
pub(in super::super) fn mixture(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let problems = bench.extent.pick(2, 8);
    let samples = 500;
    let guided = |covariance| Guided {
        covariance,
        cg_iterations: 50,
        guard: f64::INFINITY,
    };
    let rules: [(&str, Box<dyn Guidance<Image>>); 5] = [
        ("prior alone", Box::new(Unconditional)),
        (
            "dps, zeta = 1",
            Box::new(DpsZeta {
                zeta: 1.0,
                clip: None,
            }),
        ),
        (
            "dps, C = sigma²",
            Box::new(Dps(guided(CovarianceModel::Sigma))),
        ),
        (
            "bridge, C = sigma², draw = network",
            Box::new(Bridge {
                guided: guided(CovarianceModel::Sigma),
                draw: PriorDraw::Network,
                pullback: true,
            }),
        ),
        (
            "C = sigma² J (moment projection)",
            Box::new(MomentProjection { cg_iterations: 50 }),
        ),
    ];
    let mut distances = vec![Vec::new(); rules.len()];
    let mut floors = Vec::new();
    for seed in 0..problems {
        let problem = MixtureProblem::new(VALUES, MEASUREMENTS, bench.seed.wrapping_add(seed))?;
        let exact = exact_draws(&problem, 2 * samples, bench.seed)?;
        let (one, two) = exact.view().split_at(ndarray::Axis(0), samples);
        floors.push(sliced_w1(one, two, DIRECTIONS, bench.seed)?);
        for (n, (_, rule)) in rules.iter().enumerate() {
            if (bench.interrupted)() {
                return Err("interrupted".into());
            }
            let drawn = draws(bench, &problem, rule.as_ref(), samples)?;
            distances[n].push(sliced_w1(drawn.view(), one, DIRECTIONS, bench.seed)?);
            if seed == 0 && (n == 0 || n + 1 == rules.len()) {
                let points = |v: Array2<f64>| v.outer_iter().map(|r| [r[0], r[1]]).collect();
                evidence.plots.push(Plot {
                    title: format!("First two values: exact draws and {}", rules[n].0),
                    axes: ["x1".into(), "x2".into()],
                    curves: vec![
                        ("exact".into(), points(one.to_owned())),
                        (rules[n].0.into(), points(drawn)),
                    ],
                    marks: Marks::Dots,
                    ..Plot::default()
                });
            }
        }
    }
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let mut table = Table::new(
        &format!(
            "Sliced Wasserstein distance to the posterior, mean of {problems} problems; \
             {VALUES} values, {MEASUREMENTS} measurements, {samples} samples, 100 levels"
        ),
        &["sampler", "distance", "over the prior's"],
    );
    let prior = mean(&distances[0]);
    table.row(
        "exact draws (floor)",
        &[mean(&floors), mean(&floors) / prior],
    );
    for ((name, _), found) in rules.iter().zip(&distances) {
        table.row(name, &[mean(found), mean(found) / prior]);
    }
    evidence.tables.push(table);
    let shares = rules.iter().zip(&distances).skip(1);
    let shares: Vec<String> = shares
        .map(|((name, _), found)| format!("{name}: {:.2}", mean(found) / prior))
        .collect();
    evidence.notes.push(format!(
        "a prior of 25 modes, distance to the posterior over the prior's own: {}; the last is a \
         reference that no protocol can choose",
        shares.join(", ")
    ));
    let best = mean(&distances[rules.len() - 1]);
    evidence.at_most(
        "guidance.mixture.moment-projection",
        "distance of the samples to the posterior, over that of the prior's",
        best / prior,
        0.35,
        "full-covariance guidance is near the posterior, and none but particle methods reach it",
    );
    evidence.at_least(
        "guidance.mixture.floor",
        "distance of the samples to the posterior, over that of exact draws",
        best / mean(&floors),
        0.9,
        "nearer than exact draws would be a mistake of the ruler",
    );
    Ok(())
}

/// Exact draws of the posterior: `f64[n, VALUES]`.
fn exact_draws(problem: &MixtureProblem, n: usize, seed: u64) -> Result<Array2<f64>, Failure> {
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

/// Samples of a rule: `f64[n, VALUES]`.
fn draws(
    bench: &Bench<'_>,
    problem: &MixtureProblem,
    rule: &dyn Guidance<Image>,
    n: usize,
) -> Result<Array2<f64>, Failure> {
    let operator = Matrix::new(problem.measurement.matrix().clone());
    let sizes = [1, 1, MEASUREMENTS];
    let y = Host::new(&sizes, Field::Real, problem.data.to_vec());
    let ones = Host::new(&sizes, Field::Real, vec![1.0; MEASUREMENTS]);
    let likelihood = Gaussian::new(y, problem.noise_std, ones)?;
    let data = Measurement::new(&operator, &likelihood);
    let schedule = Schedule::karras(100, problem.noise_std / 5.0, 100.0, 7.0);
    let mut rng = SliceRng::samples(bench.seed, 0, n as u32);
    let mut x = Host::zeros(&[n, 1, VALUES], Field::Real).normal_like(&mut rng);
    x.scale(&[schedule.max()]);
    let prior = Prior(&problem.prior);
    let x = bench.toolkit.sample(
        rule,
        &prior,
        &data,
        &schedule,
        x,
        &mut rng,
        bench.interrupted,
    )?;
    Ok(Array2::from_shape_vec((n, VALUES), x.reals().to_vec())?)
}
