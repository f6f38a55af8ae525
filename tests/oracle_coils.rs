//! Several coils: the bridge against perturb-and-MAP, whose draws are those of the posterior.

use annulus::guidance::{
    Bridge, CovarianceModel, Guard, Guided, Measurement, NormalSpectrum, PriorDraw, sample,
};
use annulus::score::{Schedule, Spectrum, StationaryGaussian};
use operators::likelihood::{Gaussian, Likelihood};
use operators::mri::sense;
use operators::solve::{CgParams, conjugate_gradient};
use operators::{Array, Chain, Direction, Field, Host, LinearOperator, SliceRng, Vector};

type Image = Host<f64>;

const N: usize = 24;
const COILS: usize = 4;
const SIGMA_Y: f64 = 0.05;
const DRAWS: usize = 100;
const FUNCTIONALS: usize = 16;

struct Setting {
    prior: StationaryGaussian,
    a: Chain<Image>,
    likelihood: Gaussian<Image>,
    y: Image,
    mask: Image,
}

/// Coils at the corners, each with a phase of its own, `Σ |s|² = 1`.
fn maps() -> Image {
    let centre = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let raw = |c: usize, y: f64, x: f64| {
        let r2 = (y - centre[c][0]).powi(2) + (x - centre[c][1]).powi(2);
        ((-r2).exp(), 2.0 * (c as f64 + 1.0) * (x - 0.3 * y))
    };
    let mut reals = Vec::with_capacity(2 * COILS * N * N);
    for c in 0..COILS {
        for (j, i) in (0..N).flat_map(|j| (0..N).map(move |i| (j, i))) {
            let (y, x) = (j as f64 / N as f64, i as f64 / N as f64);
            let sum: f64 = (0..COILS).map(|c| raw(c, y, x).0.powi(2)).sum();
            let (magnitude, phase) = raw(c, y, x);
            let magnitude = magnitude / sum.sqrt();
            reals.extend([magnitude * phase.cos(), magnitude * phase.sin()]);
        }
    }
    Host::new(&[1, COILS, N, N], Field::Complex, reals)
}

impl Setting {
    /// Every fourth line and the middle ones.
    fn new() -> Self {
        let prior = StationaryGaussian::new(100.0, 0.02, 1.4);
        let taken = |x: usize| x.is_multiple_of(4) || x.abs_diff(N / 2) < 3;
        let mask: Vec<f64> = (0..N * N)
            .map(|i| f64::from(u8::from(taken(i % N))))
            .collect();
        let mask = Host::new(&[1, N, N], Field::Real, mask);
        let a = sense(maps(), mask.clone()).unwrap();
        let blank = Image::zeros(&[1, N, N], Field::Complex);
        let truth = prior.draw(&blank, &mut SliceRng::samples(21, 0, 1));
        let z = a.forward(&truth).unwrap();
        let noise = Gaussian::new(z.zeros_like(), SIGMA_Y, mask.clone()).unwrap();
        let y = noise
            .simulate(&z, &mut SliceRng::samples(22, 0, 1))
            .unwrap();
        Setting {
            prior,
            likelihood: Gaussian::new(y.clone(), SIGMA_Y, mask.clone()).unwrap(),
            a,
            y,
            mask,
        }
    }

    /// `√S Fᴴ x`, from white coordinates to images.
    fn coloured(&self, u: &Image) -> Image {
        let s = Spectrum::radial(u, |r| self.prior.spectrum(r));
        s.synthesise(u, f64::sqrt)
    }

    /// Its adjoint.
    fn white(&self, x: &Image) -> Image {
        let s = Spectrum::radial(x, |r| self.prior.spectrum(r));
        let roots = s.weights(f64::sqrt);
        x.fft2(Direction::Forward).weighted(&roots)
    }

    /// `(1 + √S F Aᴴ A Fᴴ √S / σ²)⁻¹ b`, to 1e-10.
    fn solve(&self, b: &Image) -> Image {
        let h = |u: &Image| {
            let mut out = self.white(&self.a.normal(&self.coloured(u))?);
            out.scale(&[SIGMA_Y.powi(-2)]);
            out.axpy(&[1.0], u);
            Ok(out)
        };
        let params = CgParams {
            iterations: 4000,
            tolerance: 1e-10,
        };
        conjugate_gradient(h, b, params).unwrap().0
    }

    /// The posterior's mean.
    fn mean(&self) -> Image {
        let mut b = self.white(&self.a.adjoint(&self.y).unwrap());
        b.scale(&[SIGMA_Y.powi(-2)]);
        self.coloured(&self.solve(&b))
    }

    /// The posterior's variance of `<f, x>`.
    fn variance(&self, f: &Image) -> f64 {
        let b = self.white(f);
        b.dot(&self.solve(&b))[0]
    }

    /// The part of an image that the measurement does not see.
    fn unseen(&self, f: &Image) -> Image {
        let b = self.a.adjoint(&self.a.forward(f).unwrap()).unwrap();
        let h = |x: &Image| {
            let mut out = self.a.normal(x)?;
            out.axpy(&[1e-6], x);
            Ok(out)
        };
        let params = CgParams {
            iterations: 2000,
            tolerance: 1e-9,
        };
        f.minus(&conjugate_gradient(h, &b, params).unwrap().0)
    }
}

/// Draws of the bridge in 20 levels.
fn bridge(s: &Setting, pullback: bool) -> Image {
    let rule = Bridge {
        guided: Guided {
            covariance: CovarianceModel::Spectrum,
            cg_iterations: 200,
            rounds: 1,
            guard: Guard::NONE,
        },
        draw: PriorDraw::Model,
        pullback,
    };
    let normal = NormalSpectrum::of_scan(&maps(), &s.mask, SIGMA_Y).unwrap();
    let data = Measurement {
        normal: Some(&normal),
        ..Measurement::new(&s.a, &s.likelihood)
    };
    let schedule = Schedule::karras(20, SIGMA_Y / 5.0, 60.0, 7.0);
    let mut rng = SliceRng::samples(23, 0, DRAWS as u32);
    let mut x = Image::zeros(&[DRAWS, N, N], Field::Complex).normal_like(&mut rng);
    x.scale(&[schedule.max()]);
    sample(
        &rule,
        &s.prior,
        Some(&data),
        &schedule,
        x,
        &mut rng,
        &mut |_| true,
    )
    .unwrap()
}

#[test]
fn the_bridge_of_several_coils_draws_from_the_posterior() {
    let s = Setting::new();
    let mean = s.mean();
    let blank = Image::zeros(&[1, N, N], Field::Complex);
    let mut rng = SliceRng::samples(24, 0, 1);
    // What is seen: Aᴴ of random data; what is not: the rest of a random image.
    let functionals: Vec<(bool, Image)> = (0..FUNCTIONALS)
        .map(|n| match n % 2 == 0 {
            true => {
                let v = s.y.normal_like(&mut rng);
                (true, s.a.adjoint(&v).unwrap())
            }
            false => (false, s.unseen(&blank.normal_like(&mut rng))),
        })
        .collect();
    for pullback in [true, false] {
        let x = bridge(&s, pullback);
        let misfits = s.likelihood.misfit(&s.a.forward(&x).unwrap());
        let misfit = misfits.iter().sum::<f64>() / DRAWS as f64;
        assert!((misfit - 1.0).abs() < 0.05, "misfit {misfit}");
        let mut squares = [(0.0, 0.0); 2];
        for (seen, f) in &functionals {
            let deviation = s.variance(f).sqrt();
            let centre = f.dot(&mean)[0];
            let z: Vec<f64> = x
                .dot(&f.repeat(DRAWS))
                .iter()
                .map(|v| (v - centre) / deviation)
                .collect();
            let n = DRAWS as f64;
            let off = z.iter().sum::<f64>() / n;
            assert!(
                off.abs() < 4.5 / n.sqrt(),
                "pullback {pullback}, seen {seen}: mean of z {off}"
            );
            let part = &mut squares[usize::from(*seen)];
            *part = (part.0 + z.iter().map(|z| z * z).sum::<f64>(), part.1 + n);
        }
        let ratios = squares.map(|(sum, n)| f64::sqrt(sum / n));
        eprintln!(
            "several coils, pullback {pullback}: misfit {misfit:.4}, std unseen and seen {ratios:.4?}"
        );
        // Half of the functionals each: 4 standard errors are 10 in a hundred.
        for (ratio, (_, n)) in ratios.iter().zip(squares) {
            assert!((ratio - 1.0).abs() < 4.0 / (2.0 * n).sqrt(), "{ratios:?}");
        }
    }
}
