//! Photon counts behind an absorber, one number a ray: the posterior by quadrature.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::toolkit::Image;
use super::posteriors::{Case, Problem};
use crate::calibration::normal_quantile;
use crate::guidance::{Guidance, Measurement};
use crate::protocol;
use crate::score::{Schedule, StationaryGaussian};
use ndarray::Array1;
use operators::imaging::Mask;
use operators::likelihood::{Likelihood, Scan, Shifted, TransmissionPoisson};
use operators::{Array, Axis, Field, Host, SliceRng, Space, Vector};

/// Rays, one pixel each.
const RAYS: usize = 256;
/// Line integrals are `MEAN + x` with `x ~ N(0, DEVIATION²)`.
const MEAN: f64 = 1.0;
const DEVIATION: f64 = 0.3;
/// Mean counts of what is no signal.
const BACKGROUND: f64 = 2.0;
/// Photons of the rays in turn: the first say less than the prior, the last more.
const PHOTONS: [f64; 8] = [4.0, 8.0, 15.0, 30.0, 100.0, 300.0, 1000.0, 3000.0];

/// `y ~ Poisson(I0 exp(-(MEAN + x)) + BACKGROUND)`, I0 different from ray to ray.
pub(super) struct Counts;

fn row(values: Vec<f64>, items: usize) -> Image {
    Host::new(&[items, 1, RAYS], Field::Real, values)
}

fn photons(ray: usize) -> f64 {
    PHOTONS[ray % PHOTONS.len()]
}

/// The likelihood of counts, one set an item.
fn likelihood(counts: Image) -> Result<Shifted<Image, TransmissionPoisson<Image>>, Failure> {
    let scan = Scan {
        counts,
        photons: row((0..RAYS).map(photons).collect(), 1),
        background: row(vec![BACKGROUND; RAYS], 1),
        electronic_variance: 0.0,
    };
    let offset = row(vec![MEAN; RAYS], 1);
    Ok(Shifted::new(TransmissionPoisson::new(scan)?, offset))
}

/// `p(x | y)` of one ray: its distribution function on a grid.
struct Quadrature {
    first: f64,
    step: f64,
    below: Vec<f64>,
    /// Whether it is narrower than the prior by more than a root of 2: the data say more.
    held: bool,
}

impl Quadrature {
    fn new(photons: f64, count: f64) -> Self {
        let (first, step, n) = (-7.0 * DEVIATION, 14.0 * DEVIATION / 8000.0, 8001);
        let log = |i: usize| {
            let x = first + step * i as f64;
            let mean = photons * (-(MEAN + x)).exp() + BACKGROUND;
            count * mean.ln() - mean - 0.5 * (x / DEVIATION).powi(2)
        };
        let logs: Vec<f64> = (0..n).map(log).collect();
        let most = logs.iter().copied().fold(f64::MIN, f64::max);
        let mut below = Vec::with_capacity(n);
        let (mut sum, mut moments) = (0.0, [0.0; 2]);
        for (i, l) in logs.iter().enumerate() {
            let p = (l - most).exp();
            // The density of a node lies half on each side of it.
            below.push(sum + 0.5 * p);
            sum += p;
            let x = first + step * i as f64;
            moments = [moments[0] + p * x, moments[1] + p * x * x];
        }
        below.iter_mut().for_each(|b| *b /= sum);
        let variance = moments[1] / sum - (moments[0] / sum).powi(2);
        Quadrature {
            first,
            step,
            below,
            held: variance < 0.5 * DEVIATION * DEVIATION,
        }
    }

    /// `Φ⁻¹(P(X < x))`: standard normal if x is a draw.
    fn standardised(&self, x: f64) -> f64 {
        let at = ((x - self.first) / self.step).clamp(0.0, self.below.len() as f64 - 1.001);
        let (i, t) = (at as usize, at.fract());
        let p = self.below[i] * (1.0 - t) + self.below[i + 1] * t;
        normal_quantile(p.clamp(1e-12, 1.0 - 1e-12))
    }
}

impl Problem for Counts {
    fn id(&self) -> &'static str {
        "counts"
    }

    fn title(&self) -> &'static str {
        "CT, photon counts (Poisson), 4 to 3000 photons a ray"
    }

    fn table(&self) -> protocol::Bridge {
        protocol::Bridge::of_counts()
    }

    fn cases(
        &self,
        bench: &Bench<'_>,
        rule: &dyn Guidance<Image>,
        problems: u32,
        draws: u32,
    ) -> Result<Vec<Case>, Failure> {
        let many = problems as usize;
        let blank = row(vec![0.0; RAYS], 1);
        let mut rng = SliceRng::samples(bench.seed ^ 0x7472_7574_6800, 0, problems);
        let mut truth = blank.repeat(many).normal_like(&mut rng);
        truth.scale(&[DEVIATION]);
        let mut rng = SliceRng::samples(bench.seed ^ 0x6e6f_6973_6500, 0, problems);
        let y = likelihood(blank)?.simulate(&truth, &mut rng)?;
        let x = drawn(bench, rule, &y, problems, draws)?;
        let draws = draws as usize;
        let misfits = likelihood(repeated(&y, draws)?)?.misfit(&x);
        let (truth, y, x) = (truth.to_reals(), y.to_reals(), x.to_reals());
        let case = |p: usize| {
            let counts = &y[p * RAYS..(p + 1) * RAYS];
            let exact = counts.iter().enumerate();
            let exact: Vec<_> = exact
                .map(|(i, y)| Quadrature::new(photons(i), *y))
                .collect();
            let standardised = |x: &[f64]| -> Array1<f64> {
                x.iter()
                    .zip(&exact)
                    .map(|(x, q)| q.standardised(*x))
                    .collect()
            };
            let own = &x[p * draws * RAYS..(p + 1) * draws * RAYS];
            Case {
                held: exact.iter().map(|q| q.held).collect(),
                truth: standardised(&truth[p * RAYS..(p + 1) * RAYS]),
                draws: own.chunks(RAYS).map(standardised).collect(),
                misfit: misfits[p * draws..(p + 1) * draws].iter().sum::<f64>() / draws as f64,
            }
        };
        Ok((0..many).map(case).collect())
    }
}

/// Each item so many times.
fn repeated(y: &Image, draws: usize) -> Result<Image, Failure> {
    let each = |p: usize| y.items(p, p + 1).repeat(draws);
    let all: Vec<Image> = (0..y.batch()).map(each).collect();
    Ok(Image::concatenate(&all)?)
}

/// Samples of a rule: item `problem * draws + draw`.
fn drawn(
    bench: &Bench<'_>,
    rule: &dyn Guidance<Image>,
    y: &Image,
    problems: u32,
    draws: u32,
) -> Result<Image, Failure> {
    let space = Space::real(&[(Axis::Y, 1), (Axis::X, RAYS)]);
    let a = Mask::new(row(vec![1.0; RAYS], 1), space)?;
    let likelihood = likelihood(repeated(y, draws as usize)?)?;
    let data = Measurement::new(&a, &likelihood);
    let prior = StationaryGaussian::new(DEVIATION * DEVIATION, 1.0, 0.0);
    let schedule = Schedule::karras(24, 0.004, 8.0, 7.0);
    let items = (0..problems).flat_map(|p| (0..draws).map(move |d| (p, d)));
    let mut rng = SliceRng::new(bench.seed, items);
    let blank = row(vec![0.0; RAYS], 1);
    let mut x = blank
        .repeat((problems * draws) as usize)
        .normal_like(&mut rng);
    x.scale(&[schedule.max()]);
    let stop = bench.interrupted;
    bench
        .toolkit
        .sample(rule, &prior, &data, &schedule, x, &mut rng, stop)
}
