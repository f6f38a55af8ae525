//! A warm start at the level of the rule draws from the posterior; one far below it does not.

use annulus::guidance::{
    Bridge, CovarianceModel, Guard, Guided, Measurement, PriorDraw, sample, warm_start_sigma,
};
use annulus::score::{Schedule, StationaryGaussian};
use operators::likelihood::{Gaussian, Likelihood};
use operators::mri::sense;
use operators::{Array, Chain, Direction, Field, Host, LinearOperator, SliceRng, Vector};

type Image = Host<f64>;

const SIDE: usize = 32;
const NOISE: f64 = 0.05;
const SAMPLES: u32 = 256;
const LEVELS: usize = 16;

fn radius(i: usize) -> f64 {
    let centred = |i: usize| (i as f64 - (SIDE / 2) as f64) / SIDE as f64;
    centred(i / SIDE).hypot(centred(i % SIDE))
}

/// Every fourth line, the middle one with them.
fn observed(i: usize) -> bool {
    (i % SIDE).is_multiple_of(4)
}

fn mask() -> Image {
    let weights = (0..SIDE * SIDE).map(|i| f64::from(u8::from(observed(i))));
    Host::new(&[1, SIDE, SIDE], Field::Real, weights.collect())
}

fn operator() -> Chain<Image> {
    let ones = vec![[1.0, 0.0]; SIDE * SIDE].concat();
    sense(Host::new(&[1, 1, SIDE, SIDE], Field::Complex, ones), mask()).unwrap()
}

/// Root of `mean(x² / S)` over samples and those unobserved modes that have the most variance: they see no data, so that
/// their posterior is the prior.
fn deviation(x: &Image, prior: &StationaryGaussian) -> f64 {
    let open: Vec<usize> = (0..SIDE * SIDE).filter(|i| !observed(*i)).collect();
    let s = |i: usize| prior.spectrum(radius(i));
    let most = open.iter().map(|i| s(*i)).fold(0.0, f64::max);
    let modes = x.fft2(Direction::Forward).to_reals();
    let mut squares = (0.0, 0.0);
    for image in modes.chunks(2 * SIDE * SIDE) {
        for &i in open.iter().filter(|i| s(**i) > 0.5 * most) {
            squares.0 += (image[2 * i].powi(2) + image[2 * i + 1].powi(2)) / s(i);
            squares.1 += 2.0;
        }
    }
    f64::sqrt(squares.0 / squares.1)
}

#[test]
fn the_level_of_the_rule_forgets_the_classical_image() {
    let prior = StationaryGaussian::new(16.0, 0.1, 1.4);
    let a = operator();
    let blank = Image::zeros(&[1, SIDE, SIDE], Field::Complex);
    let truth = prior.draw(&blank, &mut SliceRng::samples(3, 0, 1));
    let z = a.forward(&truth).unwrap();
    let noise = Gaussian::new(z.zeros_like(), NOISE, mask()).unwrap();
    let y = noise.simulate(&z, &mut SliceRng::samples(4, 0, 1)).unwrap();
    let likelihood = Gaussian::new(y.clone(), NOISE, mask()).unwrap();
    let data = Measurement::new(&a, &likelihood);
    let sigma = warm_start_sigma(&prior, &data, &blank, 40.0, 1)
        .unwrap()
        .unwrap();
    let zero_filled = a.adjoint(&y).unwrap();
    let bridge = Bridge {
        guided: Guided {
            covariance: CovarianceModel::Spectrum,
            cg_iterations: 60,
            rounds: 1,
            guard: Guard::NONE,
        },
        draw: PriorDraw::Model,
        pullback: true,
    };
    let from = |sigma: f64| {
        let schedule = Schedule::karras(LEVELS, NOISE / 5.0, sigma, 7.0);
        let mut rng = SliceRng::samples(5, 0, SAMPLES);
        let start = zero_filled.repeat(SAMPLES as usize);
        let mut x = start.normal_like(&mut rng).scaled(sigma);
        x.axpy(&[1.0], &start);
        let x = sample(
            &bridge,
            &prior,
            Some(&data),
            &schedule,
            x,
            &mut rng,
            &mut |_| true,
        );
        deviation(&x.unwrap(), &prior)
    };
    let ratio = from(sigma);
    assert!((0.97..1.03).contains(&ratio), "from {sigma}: {ratio}");
    // The ruler.
    let ratio = from(sigma / 16.0);
    assert!(ratio < 0.8, "from {}: {ratio}", sigma / 16.0);
}
