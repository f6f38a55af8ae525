//! Photon counts: the bridge against the posterior of one number by quadrature.

use annulus::guidance::{Bridge, CovarianceModel, Guard, Guided, Measurement, PriorDraw, sample};
use annulus::score::{Schedule, StationaryGaussian};
use operators::imaging::Mask;
use operators::likelihood::{Scan, Shifted, TransmissionPoisson};
use operators::{Axis, Field, Host, SliceRng, Space, Vector};

type Image = Host<f64>;

/// Line integrals `1 + x` with `x ~ N(0, 0.3²)`.
const MEAN: f64 = 1.0;
const DEVIATION: f64 = 0.3;
const DRAWS: usize = 1500;

/// Mean and deviation of `x` given a count, by quadrature.
fn quadrature(photons: f64, count: f64) -> (f64, f64) {
    let log = |x: f64| {
        let mean = photons * (-(MEAN + x)).exp();
        count * mean.ln() - mean - x * x / (2.0 * DEVIATION * DEVIATION)
    };
    let grid: Vec<f64> = (-12_000..=12_000).map(|i| f64::from(i) * 5e-4).collect();
    let most = grid.iter().map(|x| log(*x)).fold(f64::MIN, f64::max);
    let moment = |f: &dyn Fn(f64) -> f64| -> f64 {
        grid.iter().map(|x| f(*x) * (log(*x) - most).exp()).sum()
    };
    let sum = moment(&|_| 1.0);
    let mean = moment(&|x| x) / sum;
    (mean, (moment(&|x| (x - mean).powi(2)) / sum).sqrt())
}

/// Mean and deviation of the bridge's draws.
fn drawn(photons: f64, count: f64, rounds: usize) -> (f64, f64) {
    let space = Space::real(&[(Axis::Y, 1), (Axis::X, 1)]);
    let one = |v: f64| Host::new(&[1, 1, 1], Field::Real, vec![v]);
    let a = Mask::new(one(1.0), space).unwrap();
    let scan = Scan {
        counts: one(count),
        photons: one(photons),
        background: one(0.0),
        electronic_variance: 0.0,
    };
    let likelihood = Shifted::new(TransmissionPoisson::new(scan).unwrap(), one(MEAN));
    let data = Measurement::new(&a, &likelihood);
    let prior = StationaryGaussian::new(DEVIATION * DEVIATION, 1.0, 0.0);
    let rule = Bridge {
        guided: Guided {
            covariance: CovarianceModel::Spectrum,
            cg_iterations: 4,
            rounds,
            guard: Guard::NONE,
        },
        draw: PriorDraw::Model,
        pullback: false,
    };
    let schedule = Schedule::karras(20, 0.004, 8.0, 7.0);
    let mut rng = SliceRng::samples(31, 0, DRAWS as u32);
    let mut x = Image::zeros(&[DRAWS, 1, 1], Field::Real).normal_like(&mut rng);
    x.scale(&[schedule.max()]);
    let x = sample(
        &rule,
        &prior,
        Some(&data),
        &schedule,
        x,
        &mut rng,
        &mut |_| true,
    )
    .unwrap();
    let n = DRAWS as f64;
    let mean = x.reals().iter().sum::<f64>() / n;
    let variance = x.reals().iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// From few photons to many, counts from none to three deviations above their mean; none where 700 are
/// expected lies 27 deviations off, and takes five rounds.
#[test]
fn three_rounds_meet_the_posterior_of_few_counts() {
    for photons in [2.0, 20.0, 200.0, 2000.0] {
        let expected: f64 = photons * (-MEAN).exp();
        for count in [
            0.0,
            expected.round(),
            (expected + 3.0 * expected.sqrt()).round(),
        ] {
            let (mean, deviation) = quadrature(photons, count);
            let rounds = if count == 0.0 && photons > 1000.0 {
                5
            } else {
                3
            };
            let (m, d) = drawn(photons, count, rounds);
            let (off, ratio) = ((m - mean) / deviation, d / deviation);
            eprintln!(
                "{photons} photons, {count} counted: mean off {off:.3}, deviation {ratio:.3}"
            );
            // Laplace's approximation is .11 off at most; four standard errors of the draws beside.
            let error = 4.0 / f64::sqrt(DRAWS as f64);
            assert!(off.abs() < 0.11 + error, "{photons}, {count}: mean {off}");
            assert!(
                (ratio - 1.0).abs() < 0.03 + error / f64::sqrt(2.0),
                "{photons}, {count}: {ratio}"
            );
        }
    }
}

/// The ruler: one round from the prior's side is far off where nothing was counted.
#[test]
fn one_round_is_not_enough_where_nothing_was_counted() {
    let (mean, deviation) = quadrature(200.0, 0.0);
    let (m, _) = drawn(200.0, 0.0, 1);
    assert!(
        ((m - mean) / deviation).abs() > 0.2,
        "{m} {mean} {deviation}"
    );
}
