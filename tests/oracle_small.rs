//! Samplers that follow no affine law, on problems of a few numbers.

use annulus::guidance::{
    Bridge, BridgeLocal, CovarianceModel, Guard, Guidance, Guided, Measurement, PriorDraw, RedDiff,
    Smc, sample,
};
use annulus::score::{Schedule, StationaryGaussian};
use operators::imaging::Mask;
use operators::likelihood::Gaussian;
use operators::{Axis, Field, Host, SliceRng, Space, Vector};

type Image = Host<f64>;

/// Pixels of each image, of which every other is measured.
const PIXELS: usize = 6;
const SIGMA_Y: f64 = 0.4;
/// The datum of every measured pixel.
const DATUM: f64 = 1.2;

/// Draws of `samples` images under white noise of variance 1 as the prior: pixels are independent.
fn draws(rule: &dyn Guidance<Image>, samples: usize) -> Image {
    let space = Space::real(&[(Axis::Y, 1), (Axis::X, PIXELS)]);
    let measured: Vec<f64> = (0..PIXELS)
        .map(|i| f64::from(u8::from(i % 2 == 0)))
        .collect();
    let mask = Host::new(&[1, 1, PIXELS], Field::Real, measured.clone());
    let a = Mask::new(mask.clone(), space).unwrap();
    let y = Host::new(
        &[1, 1, PIXELS],
        Field::Real,
        measured.iter().map(|m| DATUM * m).collect(),
    );
    let likelihood = Gaussian::new(y, SIGMA_Y, mask).unwrap();
    let data = Measurement::new(&a, &likelihood);
    let prior = StationaryGaussian::new(1.0, 1.0, 0.0);
    let schedule = Schedule::karras(60, SIGMA_Y / 20.0, 40.0, 7.0);
    let mut rng = SliceRng::samples(5, 0, samples as u32);
    let mut x = Image::zeros(&[samples, 1, PIXELS], Field::Real).normal_like(&mut rng);
    x.scale(&[schedule.max()]);
    sample(
        rule,
        &prior,
        Some(&data),
        &schedule,
        x,
        &mut rng,
        &mut |_| true,
    )
    .unwrap()
}

/// Mean and variance of the pixels that were measured, or of the others.
fn moments(x: &Image, measured: bool) -> (f64, f64) {
    let of = |(i, v): (usize, &f64)| (i.is_multiple_of(2) == measured).then_some(*v);
    let values: Vec<f64> = x
        .reals()
        .chunks(PIXELS)
        .flat_map(|image| image.iter().enumerate().filter_map(of).collect::<Vec<_>>())
        .collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    (mean, variance)
}

fn assert_posterior(x: &Image, what: &str) {
    let n = (x.batch() * PIXELS / 2) as f64;
    let gain = 1.0 / (1.0 + SIGMA_Y.powi(2));
    for (measured, mean, variance) in [
        (true, gain * DATUM, gain * SIGMA_Y.powi(2)),
        (false, 0.0, 1.0),
    ] {
        let (m, v) = moments(x, measured);
        let told = format!("{what}, measured {measured}: mean {m}, variance {v}");
        assert!((m - mean).abs() < 4.5 * (variance / n).sqrt(), "{told}");
        // Of 60 levels the reverse diffusion itself is a hundredth off.
        assert!(
            (v / variance - 1.0).abs() < 4.5 * (2.0 / n).sqrt() + 0.015,
            "{told}"
        );
    }
}

/// Without their weights the proposals are those of DPS, which are not the posterior with `C = σ²`.
#[test]
fn particles_are_draws_from_the_posterior() {
    let smc = |particles| Smc {
        particles,
        covariance: CovarianceModel::Sigma,
        cg_iterations: 4,
    };
    assert_posterior(&draws(&smc(48), 600), "smc");
    let (mean, _) = moments(&draws(&smc(2), 600), true);
    let exact = DATUM / (1.0 + SIGMA_Y.powi(2));
    assert!(
        (mean - exact).abs() > 0.02,
        "two particles are too few: {mean}"
    );
}

#[test]
fn the_bridge_with_the_denoisers_own_covariance_draws_from_the_posterior() {
    let local = BridgeLocal {
        krylov: 4,
        cg_iterations: 8,
    };
    assert_posterior(&draws(&local, 1500), "bridge, covariance = jacobian");
    // The ruler: the noise level for C is too wide.
    let wide = Bridge {
        guided: Guided {
            covariance: CovarianceModel::Sigma,
            cg_iterations: 8,
            rounds: 1,
            guard: Guard::NONE,
        },
        draw: PriorDraw::Model,
        pullback: false,
    };
    let refused = std::panic::catch_unwind(|| assert_posterior(&draws(&wide, 1500), "wide"));
    assert!(refused.is_err(), "a covariance that is too wide passed");
}

#[test]
fn red_diff_finds_one_image_near_the_data() {
    let rule = RedDiff {
        lambda: 0.25,
        learning_rate: 0.05,
    };
    let x = draws(&rule, 200);
    let (mean, variance) = moments(&x, true);
    assert!((mean - DATUM).abs() < 0.15 * DATUM, "{mean}");
    assert!(
        variance < 0.5 * SIGMA_Y.powi(2),
        "mode-seeking, yet spread {variance}"
    );
    let (mean, variance) = moments(&x, false);
    assert!(mean.abs() < 0.05 && variance < 0.2, "{mean} {variance}");
}
