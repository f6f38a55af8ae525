//! Samplers against their own exact law, and against the closed-form posterior.
//!
//! A stationary Gaussian prior and `A = M F` are diagonal in the Fourier basis: every sampler is an
//! affine recursion `x' = a x + b y + s n` mode by mode, whose mean and variance are propagated
//! here without any code of `guidance`. The output of the real code must agree within 4 standard
//! errors, pooled in radial bands, observed and unobserved modes apart.

use annulus::guidance::{
    Bridge, CovarianceModel, Dps, DpsZeta, Guidance, Guided, Measurement, MomentProjection,
    PriorDraw, Unconditional, sample,
};
use annulus::score::{Denoiser, Schedule, StationaryGaussian};
use operators::likelihood::{Gaussian, Likelihood};
use operators::mri::sense;
use operators::{Array, Chain, Direction, Field, Host, Result, SliceRng, Vector};
use std::cell::RefCell;

const N: usize = 256;
pub(crate) const SIGMA_Y: f64 = 0.05;
pub(crate) const SIGMA_MAX: f64 = 80.0;
/// Samples drawn together.
const BATCH: usize = 2;

type Image = Host<f64>;

/// The setting of the design: spectrum from 243 to 0.0025, mean 0.25, every fourth column and the
/// central 8 %, σ_y = 0.05.
pub(crate) struct Setting {
    prior: StationaryGaussian,
    radius: Vec<f64>,
    pub(crate) observed: Vec<bool>,
    a: Chain<Image>,
    y: Image,
}

impl Setting {
    pub(crate) fn new() -> Self {
        let prior = StationaryGaussian::new(243.0, 0.01172, 1.4);
        let centred = |i: usize| i as f64 - (N / 2) as f64;
        let modes = || (0..N).flat_map(|y| (0..N).map(move |x| (y, x)));
        let radius = modes()
            .map(|(y, x)| centred(y).hypot(centred(x)) / N as f64)
            .collect();
        let taken = |x: usize| x.is_multiple_of(5) || centred(x).abs() < 0.04 * N as f64;
        let observed: Vec<bool> = modes().map(|(_, x)| taken(x)).collect();
        let ones = vec![[1.0, 0.0]; N * N].concat();
        let maps = Host::new(&[1, 1, N, N], Field::Complex, ones);
        let weights: Vec<f64> = observed.iter().map(|o| f64::from(*o)).collect();
        let mask = Host::new(&[1, N, N], Field::Real, weights);
        let a = sense(maps, mask.clone()).unwrap();
        let blank = Host::zeros(&[1, N, N], Field::Complex);
        let truth = prior.draw(&blank, &mut SliceRng::samples(11, 0, 1));
        let k = annulus_forward(&a, &truth);
        let noise = Gaussian::new(k.zeros_like(), SIGMA_Y, mask).unwrap();
        let y = noise
            .simulate(&k, &mut SliceRng::samples(12, 0, 1))
            .unwrap();
        Setting {
            prior,
            radius,
            observed,
            a,
            y,
        }
    }

    pub(crate) fn likelihood(&self) -> Gaussian<Image> {
        let weights = self.observed.iter().map(|o| f64::from(*o)).collect();
        let mask = Host::new(&[1, N, N], Field::Real, weights);
        Gaussian::new(self.y.clone(), SIGMA_Y, mask).unwrap()
    }

    /// The output of the real code, as spectra, item by item.
    pub(crate) fn run(
        &self,
        rule: &dyn Guidance<Image>,
        likelihood: Option<&dyn Likelihood<Image>>,
        schedule: &Schedule,
        batch: usize,
    ) -> Vec<Vec<f64>> {
        let data = likelihood.map(|likelihood| Measurement::new(&self.a, likelihood));
        let mut rng = SliceRng::samples(13, 0, batch as u32);
        let mut x = Host::zeros(&[batch, N, N], Field::Complex).normal_like(&mut rng);
        x.scale(&[schedule.max()]);
        let x = sample(
            rule,
            &self.prior,
            data.as_ref(),
            schedule,
            x,
            &mut rng,
            &mut |_, _| true,
        );
        let k = x.unwrap().fft2(Direction::Forward);
        (0..batch).map(|i| k.items(i, i + 1).to_reals()).collect()
    }

    /// Mean and variance of every real component after the recursion `step(mode, σ, σ', y)`, which
    /// gives `(a, b, s²)` of `x' = a x + b y + s n`.
    pub(crate) fn law(
        &self,
        schedule: &Schedule,
        step: impl Fn(usize, usize, f64, f64) -> (f64, f64, f64),
    ) -> Vec<(f64, f64)> {
        let y = self.y.to_reals();
        let propagate = |i: usize| {
            let start = (0.0, schedule.max().powi(2));
            schedule
                .steps()
                .enumerate()
                .fold(start, |(m, v), (t, (sigma, next))| {
                    let (a, b, s2) = step(i / 2, t, sigma, next);
                    (a * m + b * y[i], a * a * v + s2)
                })
        };
        (0..2 * N * N).map(propagate).collect()
    }

    /// The Wiener gain of the prior.
    pub(crate) fn gain(&self, mode: usize, sigma: f64) -> f64 {
        let s = self.prior.spectrum(self.radius[mode]);
        s / (s + sigma * sigma)
    }

    /// The covariance model that the prior carries.
    fn c(&self, mode: usize, sigma: f64) -> f64 {
        let model = <StationaryGaussian as Denoiser<Image>>::covariance(&self.prior).unwrap();
        model.variance(sigma, self.radius[mode])
    }

    /// The closed-form posterior.
    fn posterior(&self, i: usize, y: f64) -> (f64, f64) {
        let s = self.prior.spectrum(self.radius[i / 2]);
        let precision = if self.observed[i / 2] {
            SIGMA_Y.powi(-2)
        } else {
            0.0
        };
        let v = 1.0 / (1.0 / s + precision);
        (v * precision * y, v)
    }

    /// Demands that `samples` follow `law` within 4 standard errors in every band.
    pub(crate) fn assert_law(&self, samples: &[Vec<f64>], law: &[(f64, f64)], what: &str) {
        self.assert_law_where(samples, law, what, true);
    }

    /// The same; of what was measured only if `measured`.
    pub(crate) fn assert_law_where(
        &self,
        samples: &[Vec<f64>],
        law: &[(f64, f64)],
        what: &str,
        measured: bool,
    ) {
        let edges = [0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.71];
        for (band, observed) in edges
            .windows(2)
            .flat_map(|e| [true, false].map(|o| ((e[0], e[1]), o)))
        {
            let (mut n, mut mean, mut square) = (0.0, 0.0, 0.0);
            for (x, (i, (m, v))) in samples
                .iter()
                .flat_map(|s| s.iter().zip(law.iter().enumerate()))
            {
                let r = self.radius[i / 2];
                if r >= band.0 && r < band.1 && self.observed[i / 2] == observed {
                    let z = (x - m) / v.sqrt();
                    // A wrong gain shows along the mean, whatever its sign.
                    (n, mean, square) = (n + 1.0, mean + z * m.signum(), square + z * z);
                }
            }
            if n < 50.0 || (observed && !measured) {
                continue;
            }
            let (mean, square) = (mean / n, square / n);
            let told = format!("{what}, band {band:?}, observed {observed}, n {n}");
            assert!(
                mean.abs() < 4.0 / f64::sqrt(n),
                "{told}: mean of z {mean:.4}"
            );
            assert!(
                (square - 1.0).abs() < 4.0 * (2.0 / n).sqrt(),
                "{told}: var {square:.4}"
            );
        }
    }
}

fn annulus_forward(a: &Chain<Image>, x: &Image) -> Image {
    operators::LinearOperator::forward(a, x).unwrap()
}

pub(crate) fn ancestral(sigma: f64, next: f64) -> (f64, f64) {
    let c = (next / sigma).powi(2);
    (c, next * next * (1.0 - c))
}

fn guided(covariance: CovarianceModel) -> Guided {
    Guided {
        covariance,
        cg_iterations: 400,
        guard: f64::INFINITY,
    }
}

#[test]
fn unconditional_sampling_follows_its_law() {
    let s = Setting::new();
    let schedule = Schedule::karras(40, SIGMA_Y / 5.0, SIGMA_MAX, 7.0);
    let law = s.law(&schedule, |mode, _, sigma, next| {
        let (c, s2) = ancestral(sigma, next);
        ((1.0 - c) * s.gain(mode, sigma) + c, 0.0, s2)
    });
    let samples = s.run(&Unconditional, None, &schedule, BATCH);
    s.assert_law(&samples, &law, "unconditional");
}

#[test]
fn dps_with_the_noise_weight_follows_its_law() {
    let s = Setting::new();
    let schedule = Schedule::karras(50, SIGMA_Y / 5.0, SIGMA_MAX, 7.0);
    // r² = σ²: no model of the covariance.
    let law = s.law(&schedule, |mode, _, sigma, next| {
        let (c, s2) = ancestral(sigma, next);
        let w = s.gain(mode, sigma);
        let pull = if s.observed[mode] {
            sigma * sigma * w / (sigma * sigma + SIGMA_Y.powi(2))
        } else {
            0.0
        };
        ((1.0 - c) * (1.0 - pull) * w + c, (1.0 - c) * pull, s2)
    });
    let likelihood = s.likelihood();
    let rule = Dps(guided(CovarianceModel::Sigma));
    let samples = s.run(&rule, Some(&likelihood), &schedule, BATCH);
    s.assert_law(&samples, &law, "dps, weight sigma");
}

/// `C = σ² J` is the covariance of a Gaussian prior: no model of it is needed.
#[test]
fn moment_projection_follows_its_law() {
    let s = Setting::new();
    // Few levels: the law holds for any number, and each takes many iterations.
    let schedule = Schedule::karras(10, SIGMA_Y / 5.0, SIGMA_MAX, 7.0);
    let law = s.law(&schedule, |mode, _, sigma, next| {
        let (c, s2) = ancestral(sigma, next);
        let w = s.gain(mode, sigma);
        let variance = sigma * sigma * w;
        let pull = if s.observed[mode] {
            variance / (variance + SIGMA_Y.powi(2))
        } else {
            0.0
        };
        ((1.0 - c) * (1.0 - pull) * w + c, (1.0 - c) * pull, s2)
    });
    let rule = MomentProjection { cg_iterations: 400 };
    let samples = s.run(&rule, Some(&s.likelihood()), &schedule, BATCH);
    s.assert_law(&samples, &law, "moment projection");
}

/// Records the norms of the residual, on which the published step depends.
struct Recording {
    inner: Gaussian<Image>,
    norms: RefCell<Vec<f64>>,
}

impl Likelihood<Image> for Recording {
    fn nll(&self, z: &Image) -> Vec<f64> {
        self.inner.nll(z)
    }
    fn gradient(&self, z: &Image) -> Result<Image> {
        self.norms
            .borrow_mut()
            .push(self.inner.residual(z)?.norm()[0]);
        self.inner.gradient(z)
    }
    fn residual(&self, z: &Image) -> Result<Image> {
        self.inner.residual(z)
    }
    fn precision(&self, z: &Image, v: &Image) -> Result<Image> {
        self.inner.precision(z, v)
    }
    fn gradient_noise(&self, z: &Image, rng: &mut SliceRng) -> Result<Image> {
        self.inner.gradient_noise(z, rng)
    }
    fn simulate(&self, z: &Image, rng: &mut SliceRng) -> Result<Image> {
        self.inner.simulate(z, rng)
    }
    fn misfit(&self, z: &Image) -> Vec<f64> {
        self.inner.misfit(z)
    }
}

/// The norm couples the modes: the law is that of the recorded sequence of norms.
#[test]
fn dps_as_published_follows_its_law() {
    let s = Setting::new();
    let schedule = Schedule::karras(200, SIGMA_Y / 5.0, SIGMA_MAX, 7.0);
    let recording = Recording {
        inner: s.likelihood(),
        norms: RefCell::default(),
    };
    let rule = DpsZeta {
        zeta: 1.0,
        clip: None,
    };
    let samples = s.run(&rule, Some(&recording), &schedule, 1);
    let norms = recording.norms.into_inner();
    assert_eq!(norms.len(), 200);
    let law = s.law(&schedule, |mode, t, sigma, next| {
        let (c, s2) = ancestral(sigma, next);
        let w = s.gain(mode, sigma);
        let zeta = ((1.0 + sigma * sigma) * (1.0 + next * next)).sqrt();
        let pull = if s.observed[mode] {
            zeta * w / norms[t]
        } else {
            0.0
        };
        ((1.0 - c) * w + c - pull * w, pull, s2)
    });
    s.assert_law(&samples, &law, "dps, zeta");
}

/// `(a, b, s²)` of the bridge; `beta` is the gain of its correction.
fn bridge_law(s: &Setting, schedule: &Schedule, pullback: bool) -> Vec<(f64, f64)> {
    s.law(schedule, |mode, _, sigma, next| {
        let (c, s2) = ancestral(sigma, next);
        let (w, model) = (s.gain(mode, sigma), s.c(mode, sigma));
        let k = if s.observed[mode] {
            model / (model + SIGMA_Y.powi(2))
        } else {
            0.0
        };
        let beta = if pullback {
            k * sigma * sigma * w / model
        } else {
            k
        };
        let drawn = (1.0 - beta).powi(2) * model + beta.powi(2) * SIGMA_Y.powi(2);
        (
            (1.0 - c) * (1.0 - beta) * w + c,
            (1.0 - c) * beta,
            (1.0 - c).powi(2) * drawn + s2,
        )
    })
}

#[test]
fn the_bridge_follows_its_law_and_the_posterior() {
    let s = Setting::new();
    let schedule = Schedule::karras(20, SIGMA_Y / 5.0, SIGMA_MAX, 7.0);
    let likelihood = s.likelihood();
    let y = s.y.to_reals();
    for pullback in [true, false] {
        let rule = Bridge {
            guided: guided(CovarianceModel::Spectrum),
            draw: PriorDraw::Model,
            pullback,
        };
        let samples = s.run(&rule, Some(&likelihood), &schedule, BATCH);
        s.assert_law(&samples, &bridge_law(&s, &schedule, pullback), "bridge");

        let mut squares = [(0.0, 0.0); 2];
        let (mut misfit, mut measured) = (0.0, 0.0);
        for (i, x) in samples.iter().flat_map(|x| x.iter().enumerate()) {
            let (m, v) = s.posterior(i, y[i]);
            let part = &mut squares[usize::from(s.observed[i / 2])];
            *part = (part.0 + (x - m).powi(2) / v, part.1 + 1.0);
            if s.observed[i / 2] {
                misfit += ((x - y[i]) / SIGMA_Y).powi(2);
                measured += 1.0;
            }
        }
        let ratio = squares.map(|(sum, n)| (sum / n).sqrt());
        let misfit = misfit / measured;
        eprintln!(
            "bridge, pullback {pullback}: misfit {misfit:.4}, std ratio unobserved {:.4}, \
             observed {:.4}",
            ratio[0], ratio[1]
        );
        assert!((misfit - 1.0).abs() < 0.02, "misfit {misfit}");
        assert!(
            ratio.iter().all(|r| (r - 1.0).abs() < 0.02),
            "std ratios {ratio:?}"
        );
    }
}

/// The ruler: a law with a gain that is 2 % off must be refused.
#[test]
#[should_panic(expected = "var")]
fn a_wrong_law_is_refused() {
    let s = Setting::new();
    let schedule = Schedule::karras(40, SIGMA_Y / 5.0, SIGMA_MAX, 7.0);
    let law = s.law(&schedule, |mode, _, sigma, next| {
        let (c, s2) = ancestral(sigma, next);
        (0.98 * ((1.0 - c) * s.gain(mode, sigma) + c), 0.0, s2)
    });
    s.assert_law(&s.run(&Unconditional, None, &schedule, 1), &law, "wrong");
}
