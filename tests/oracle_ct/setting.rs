//! A stationary Gaussian prior seen through a projector, and what its samplers are held against: laws
//! found backwards, without any code of `guidance`.

use annulus::guidance::{
    CovarianceModel, Guard, Guidance, Guided, Measurement, NormalSpectrum, Seen, sample,
};
use annulus::score::{Covariance, Denoiser, Schedule, Spectrum, StationaryGaussian};
use operators::ct::{Beam, Detector, Geometry, Grid, Projector};
use operators::likelihood::{Gaussian, Likelihood};
use operators::solve::{CgParams, conjugate_gradient};
use operators::{Array, Field, Host, LinearOperator, SliceRng, Vector};
use std::f64::consts::PI;

pub type Image = Host<f64>;

pub const N: usize = 32;
pub const SIGMA_MAX: f64 = 8.0;
/// Samples drawn, and functionals that they are held against.
pub const SAMPLES: u32 = 64;
pub const FUNCTIONALS: u32 = 32;

pub struct Setting {
    pub prior: StationaryGaussian,
    pub a: Projector,
    pub likelihood: Gaussian<Image>,
    pub y: Image,
    pub sigma_y: f64,
}

/// Views of the laws: fewer measurements than pixels.
pub const VIEWS: usize = 15;

/// Views over half a turn, the first `first` of a step beyond 0.
pub fn scan(views: usize, first: f64) -> Geometry {
    let pixel_mm = 1.0 / ((VIEWS * N) as f64).sqrt();
    let angles = (0..views).map(|v| PI * (v as f64 + first) / views as f64);
    let detector = Detector::new(47, pixel_mm);
    let grid = Grid::new(N, N, [pixel_mm, pixel_mm]);
    Geometry::new(grid, Beam::Parallel, detector, angles.collect()).unwrap()
}

impl Setting {
    /// Pixels such that `‖A‖` is about 1 with [`VIEWS`], and noise of 5 % of that.
    pub fn new(views: usize) -> Self {
        let a = Projector::new(scan(views, 0.0));
        let prior = StationaryGaussian::new(60.0, 0.06, 1.4);
        let blank = Image::zeros(&[1, N, N], Field::Real);
        let truth = prior.draw(&blank, &mut SliceRng::samples(11, 0, 1));
        let z = a.forward(&truth).unwrap();
        let ones = z.elementwise(&[], &|_, _| 1.0);
        let sigma_y = 0.05;
        let noise = Gaussian::new(z.zeros_like(), sigma_y, ones.clone()).unwrap();
        let y = noise
            .simulate(&z, &mut SliceRng::samples(12, 0, 1))
            .unwrap();
        let likelihood = Gaussian::new(y.clone(), sigma_y, ones).unwrap();
        Setting {
            prior,
            a,
            likelihood,
            y,
            sigma_y,
        }
    }

    pub fn schedule(&self, levels: usize) -> Schedule {
        Schedule::karras(levels, self.sigma_y / 5.0, SIGMA_MAX, 7.0)
    }

    pub fn run(&self, rule: &dyn Guidance<Image>, schedule: &Schedule, samples: u32) -> Image {
        self.run_with(None, rule, schedule, samples)
    }

    pub fn run_with(
        &self,
        unmeasured: Option<&dyn LinearOperator<Image>>,
        rule: &dyn Guidance<Image>,
        schedule: &Schedule,
        samples: u32,
    ) -> Image {
        let blank = Image::zeros(&[1, N, N], Field::Real);
        let bare = Measurement::new(&self.a, &self.likelihood);
        let normal = NormalSpectrum::measure(&bare, &blank, 5).unwrap();
        let data = Measurement {
            normal: Some(&normal),
            unmeasured,
            ..bare
        };
        let mut rng = SliceRng::samples(13, 0, samples);
        let mut x = blank.repeat(samples as usize).normal_like(&mut rng);
        x.scale(&[schedule.max()]);
        let go_on = &mut |_: &Seen<'_, Image>| true;
        sample(rule, &self.prior, Some(&data), schedule, x, &mut rng, go_on).unwrap()
    }

    pub fn misfit(&self, x: &Image) -> f64 {
        let z = self.a.forward(x).unwrap();
        let all = self.likelihood.misfit(&z);
        all.iter().sum::<f64>() / all.len() as f64
    }

    /// The Wiener filter at σ.
    pub fn wiener(&self, x: &Image, sigma: f64) -> Image {
        let spectrum = Spectrum::radial(x, |r| self.prior.spectrum(r));
        spectrum.apply(x, |s| s / (s + sigma * sigma))
    }

    /// `C x`, the prior's own model of `Cov(x0 | x)`, or `C⁻¹ x`, or `C^½ x`.
    pub fn model(&self, x: &Image, sigma: f64, g: impl Fn(f64) -> f64) -> Image {
        let c: &Covariance = Denoiser::<Image>::covariance(&self.prior).unwrap();
        Spectrum::radial(x, |r| c.variance(sigma, r)).apply(x, g)
    }

    /// `(AᵀA/σ_y² + C⁻¹)⁻¹ x` with `C⁻¹` given as a map, by CG to 1e-10.
    pub fn solve(&self, x: &Image, inverse: &dyn Fn(&Image) -> Image) -> Image {
        let h = |v: &Image| {
            let mut out = inverse(v);
            out.axpy(&[self.sigma_y.powi(-2)], &self.a.normal(v)?);
            Ok(out)
        };
        let params = CgParams {
            iterations: 2000,
            tolerance: 1e-10,
        };
        conjugate_gradient(h, x, params).unwrap().0
    }

    /// `Aᵀ y / σ_y²`.
    pub fn pulled(&self) -> Image {
        let back = self.a.adjoint(&self.y).unwrap();
        back.scaled(self.sigma_y.powi(-2))
    }
}

/// One step seen backwards: what it does to functionals, and what it adds to their mean and
/// variance.
pub struct Backward {
    pub w: Image,
    pub mean: Vec<f64>,
    pub variance: Vec<f64>,
}

pub type Step<'a> = &'a dyn Fn(&Image, f64, f64) -> Backward;

/// Mean and variance of `<w, x>` at the end of the recursion.
pub fn law(schedule: &Schedule, w: &Image, step: Step<'_>) -> Vec<(f64, f64)> {
    let levels: Vec<(f64, f64)> = schedule.steps().collect();
    let mut w = w.clone();
    let mut total = vec![(0.0, 0.0); w.batch()];
    for (sigma, next) in levels.into_iter().rev() {
        let back = step(&w, sigma, next);
        for ((m, v), (dm, dv)) in total.iter_mut().zip(back.mean.iter().zip(&back.variance)) {
            (*m, *v) = (*m + dm, *v + dv);
        }
        w = back.w;
    }
    let start = w.dot(&w);
    for ((_, v), ww) in total.iter_mut().zip(start) {
        *v += schedule.max().powi(2) * ww;
    }
    total
}

pub fn functionals() -> Image {
    let mut rng = SliceRng::samples(21, 0, FUNCTIONALS);
    let mut w = Image::zeros(&[FUNCTIONALS as usize, N, N], Field::Real).normal_like(&mut rng);
    // Half of them look at low frequencies, where the data are.
    let smooth = Spectrum::radial(&w, |r| 1.0 / (1.0 + (r / 0.06).powi(2))).apply(&w, |g| g);
    let halves = [w.items(0, 16), smooth.items(16, 32)];
    w = Image::concatenate(&halves).unwrap();
    let norms: Vec<f64> = w.norm().iter().map(|n| 1.0 / n).collect();
    w.scale(&norms);
    w
}

/// Demands that the samples follow the law within 4 standard errors, functional by functional (32
/// of them: 4.5 for the worst) and pooled.
pub fn assert_law(x: &Image, w: &Image, law: &[(f64, f64)], what: &str) {
    let n = x.batch() as f64;
    let (mut pooled, mut count) = (0.0, 0.0);
    for (f, (mean, variance)) in law.iter().enumerate() {
        let wf = w.items(f, f + 1).repeat(x.batch());
        let values = x.dot(&wf);
        let average = values.iter().sum::<f64>() / n;
        let z = (average - mean) / (variance / n).sqrt();
        assert!(
            z.abs() < 4.5,
            "{what}, functional {f}: mean off by {z:.2} s.e."
        );
        let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / variance;
        let off = (square / n - 1.0) / (2.0 / n).sqrt();
        assert!(
            off.abs() < 5.0,
            "{what}, functional {f}: variance off by {off:.2}"
        );
        (pooled, count) = (pooled + square, count + n);
    }
    let off = (pooled / count - 1.0) / (2.0 / count).sqrt();
    eprintln!(
        "{what}: pooled variance ratio {:.4} ({off:.2} s.e.)",
        pooled / count
    );
    assert!(
        off.abs() < 4.0,
        "{what}: pooled variance off by {off:.2} s.e."
    );
}

/// `c`, `σ'² (1 - c)`.
pub fn ancestral(sigma: f64, next: f64) -> (f64, f64) {
    let c = (next / sigma).powi(2);
    (c, next * next * (1.0 - c))
}

pub fn guided(covariance: CovarianceModel) -> Guided {
    Guided {
        covariance,
        cg_iterations: 600,
        rounds: 1,
        guard: Guard::NONE,
    }
}

pub fn scaled_dot(w: &Image, v: &Image, a: f64) -> Vec<f64> {
    let v = v.repeat(w.batch());
    w.dot(&v).iter().map(|d| a * d).collect()
}

/// A rule whose x0 is `W x + z + Tᵀ B (Aᵀ(y + n - A (W x + z)) / σ_y²)`, `B = (AᵀA/σ_y² + C⁻¹)⁻¹`,
/// seen backwards: `t` is T, `inverse` is C⁻¹, `drawn` is the transpose of what makes `z` of white
/// noise, where it is drawn.
pub struct Rule<'a> {
    pub inverse: Map<'a>,
    pub t: Map<'a>,
    pub drawn: Option<Map<'a>>,
}

/// A linear map of images at a noise level.
pub type Map<'a> = &'a dyn Fn(&Image, f64) -> Image;

impl Rule<'_> {
    pub fn back(&self, s: &Setting, w: &Image, sigma: f64, next: f64) -> Backward {
        let (c, s2) = ancestral(sigma, next);
        // u = B T w: what the pulled data are held against.
        let u = s.solve(&(self.t)(w, sigma), &|v| (self.inverse)(v, sigma));
        let mut back = w.clone();
        back.axpy(&[-s.sigma_y.powi(-2)], &s.a.normal(&u).unwrap());
        let mut variance: Vec<f64> = w.dot(w).iter().map(|ww| s2 * ww).collect();
        if let Some(drawn) = self.drawn {
            let prior = drawn(&back, sigma);
            let seen = s.a.forward(&u).unwrap().scaled(1.0 / s.sigma_y);
            let parts = prior.dot(&prior).into_iter().zip(seen.dot(&seen));
            for (v, (p, n)) in variance.iter_mut().zip(parts) {
                *v += (1.0 - c).powi(2) * (p + n);
            }
        }
        let mut next_w = s.wiener(&back, sigma).scaled(1.0 - c);
        next_w.axpy(&[c], w);
        Backward {
            mean: scaled_dot(&u, &s.pulled(), 1.0 - c),
            variance,
            w: next_w,
        }
    }

    pub fn law(&self, s: &Setting, schedule: &Schedule, w: &Image) -> Vec<(f64, f64)> {
        law(schedule, w, &|w, sigma, next| self.back(s, w, sigma, next))
    }
}
