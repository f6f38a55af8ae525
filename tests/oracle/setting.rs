//! A Gaussian prior and a measurement that are diagonal together, and the laws that follow.

use annulus::guidance::{Guidance, Measurement, NormalSpectrum, SpectralData, sample};
use annulus::score::{Denoiser, Schedule, Spectrum, StationaryGaussian};
use operators::imaging::Spectral;
use operators::likelihood::{Gaussian, Likelihood};
use operators::mri::sense;
use operators::{
    Array, Direction, Field, Host, LinearOperator, Operator, Result, SliceRng, Space, Vector,
};

pub(crate) const SIGMA_MAX: f64 = 80.0;

type Image = Host<f64>;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forward {
    /// Every fifth column of k-space and the central 8 %.
    Mask,
    /// The image, blurred by `h(k)`.
    Blur,
}

/// The transfer function of the blur: 1/50 in the corner.
fn transfer(radius: f64) -> f64 {
    1.0 / (1.0 + (radius / 0.1).powi(2))
}

/// The blur, or its inverse.
struct Blur {
    space: Space,
    inverse: bool,
}

impl LinearOperator<Image> for Blur {
    fn name(&self) -> &'static str {
        "blur"
    }
    fn domain(&self) -> &Space {
        &self.space
    }
    fn range(&self) -> &Space {
        &self.space
    }
    fn forward(&self, x: &Image) -> Result<Image> {
        let h = Spectrum::radial(x, transfer);
        Ok(match self.inverse {
            true => h.apply(x, |h| 1.0 / h),
            false => h.apply(x, |h| h),
        })
    }
    fn adjoint(&self, y: &Image) -> Result<Image> {
        self.forward(y)
    }
}

impl Spectral<Image> for Blur {
    fn analyse(&self, x: &Image) -> Result<Image> {
        Ok(x.fft2(Direction::Forward))
    }
    fn synthesise(&self, c: &Image) -> Result<Image> {
        Ok(c.fft2(Direction::Inverse))
    }
    fn singular_values(&self, like: &Image) -> Image {
        Spectrum::radial(like, transfer).weights(|h| h)
    }
    fn data(&self, y: &Image) -> Result<Image> {
        let inverse = Spectrum::radial(y, transfer).weights(|h| 1.0 / h);
        Ok(y.fft2(Direction::Forward).weighted(&inverse))
    }
}

/// The setting of the design: spectrum from 243 to 0.0025, mean 0.25.
pub(crate) struct Setting {
    n: usize,
    name: String,
    forward: Forward,
    sigma: f64,
    prior: StationaryGaussian,
    radius: Vec<f64>,
    pub(crate) observed: Vec<bool>,
    a: Box<dyn Operator<Image>>,
    inverse: Option<Blur>,
    support: Image,
    y: Image,
}

impl Setting {
    /// 256 x 256, the mask, σ_y = 0.05.
    pub(crate) fn new() -> Self {
        Self::of(256, Forward::Mask, 0.05)
    }

    /// Both sizes, both measurements, both noise levels.
    pub(crate) fn all() -> impl Iterator<Item = Setting> {
        let sizes = [64, 256].into_iter();
        let kinds = |n| [Forward::Mask, Forward::Blur].map(|f| (n, f));
        let noise = |(n, f)| [0.05, 0.01].map(|sigma| Self::of(n, f, sigma));
        sizes.flat_map(kinds).flat_map(noise)
    }

    fn of(n: usize, forward: Forward, sigma: f64) -> Self {
        let prior = StationaryGaussian::new(243.0, 0.01172, 1.4);
        let centred = |i: usize| i as f64 - (n / 2) as f64;
        let modes = || (0..n).flat_map(|y| (0..n).map(move |x| (y, x)));
        let radius = modes()
            .map(|(y, x)| centred(y).hypot(centred(x)) / n as f64)
            .collect();
        let taken = |x: usize| x.is_multiple_of(5) || centred(x).abs() < 0.04 * n as f64;
        let observed: Vec<bool> = match forward {
            Forward::Mask => modes().map(|(_, x)| taken(x)).collect(),
            Forward::Blur => vec![true; n * n],
        };
        let weights: Vec<f64> = observed.iter().map(|o| f64::from(*o)).collect();
        let support = Host::new(&[1, n, n], Field::Real, weights);
        let blank = Host::zeros(&[1, n, n], Field::Complex);
        let truth = prior.draw(&blank, &mut SliceRng::samples(11, 0, 1));
        let space = Space::image(n, n);
        let blur = |inverse| Blur {
            space: space.clone(),
            inverse,
        };
        let (a, inverse): (Box<dyn Operator<Image>>, _) = match forward {
            Forward::Mask => {
                let ones = vec![[1.0, 0.0]; n * n].concat();
                let maps = Host::new(&[1, 1, n, n], Field::Complex, ones);
                (Box::new(sense(maps, support.clone()).unwrap()), None)
            }
            Forward::Blur => (Box::new(blur(false)), Some(blur(true))),
        };
        let z = a.apply(&truth).unwrap();
        let noise = Gaussian::new(z.zeros_like(), sigma, support.clone()).unwrap();
        let y = noise
            .simulate(&z, &mut SliceRng::samples(12, 0, 1))
            .unwrap();
        Setting {
            n,
            name: format!("{n} x {n}, {forward:?}, sigma_y {sigma}"),
            forward,
            sigma,
            prior,
            radius,
            observed,
            a,
            inverse,
            support,
            y,
        }
    }

    pub(crate) fn likelihood(&self) -> Gaussian<Image> {
        Gaussian::new(self.y.clone(), self.sigma, self.support.clone()).unwrap()
    }

    /// Karras levels down to a fifth of the noise.
    pub(crate) fn schedule(&self, levels: usize) -> Schedule {
        Schedule::karras(levels, self.sigma / 5.0, SIGMA_MAX, 7.0)
    }

    /// Whether it is the larger of the two sizes.
    pub(crate) fn is_large(&self) -> bool {
        self.n == 256
    }

    /// Whether what is measured has known singular vectors.
    pub(crate) fn is_spectral(&self) -> bool {
        self.inverse.is_some()
    }

    /// The gain of the measurement.
    pub(crate) fn h(&self, mode: usize) -> f64 {
        match self.forward {
            Forward::Mask => f64::from(u8::from(self.observed[mode])),
            Forward::Blur => transfer(self.radius[mode]),
        }
    }

    /// The noise of the measurement itself.
    pub(crate) fn noise(&self) -> f64 {
        self.sigma
    }

    /// The noise of the datum `y / h` of an observed mode.
    pub(crate) fn sigma_y(&self, mode: usize) -> f64 {
        self.sigma / self.h(mode)
    }

    /// Weight of the datum and variance of a draw, for a variance `c` of `x0`.
    pub(crate) fn conditional(&self, mode: usize, c: f64) -> (f64, f64) {
        match self.observed[mode] {
            true => {
                let noise = self.sigma_y(mode).powi(2);
                let k = c / (c + noise);
                (k, k * noise)
            }
            false => (0.0, c),
        }
    }

    /// `y / h` as a spectrum; 0 where nothing was observed.
    pub(crate) fn data(&self) -> Vec<f64> {
        match &self.inverse {
            None => self.y.to_reals(),
            Some(inverse) => {
                let x = inverse.forward(&self.y).unwrap();
                x.fft2(Direction::Forward).to_reals()
            }
        }
    }

    /// The output of the real code, as spectra, item by item.
    pub(crate) fn run(
        &self,
        rule: &dyn Guidance<Image>,
        likelihood: Option<&dyn Likelihood<Image>>,
        schedule: &Schedule,
        batch: usize,
    ) -> Vec<Vec<f64>> {
        let blank = Host::zeros(&[1, self.n, self.n], Field::Complex);
        let data = likelihood.map(|likelihood| Measurement::new(self.a.as_ref(), likelihood));
        let normal = match (&data, self.forward) {
            (Some(data), Forward::Blur) => Some(NormalSpectrum::measure(data, &blank, 5).unwrap()),
            _ => None,
        };
        let inverse = self.inverse.as_ref();
        let data = data.map(|data| Measurement {
            normal: normal.as_ref(),
            pseudo_inverse: inverse.map(|i| i as &dyn LinearOperator<Image>),
            spectral: inverse.map(|i| SpectralData {
                operator: i,
                sigma_y: self.sigma,
            }),
            ..data
        });
        let mut rng = SliceRng::samples(13, 0, batch as u32);
        let mut x = blank.repeat(batch).normal_like(&mut rng);
        x.scale(&[schedule.max()]);
        let x = sample(
            rule,
            &self.prior,
            data.as_ref(),
            schedule,
            x,
            &mut rng,
            &mut |_| true,
        );
        let k = x.unwrap().fft2(Direction::Forward);
        (0..batch).map(|i| k.items(i, i + 1).to_reals()).collect()
    }

    /// Mean and variance of every real component after the recursion `step(mode, t, σ, σ')`, which
    /// gives `(a, b, s²)` of `x' = a x + b y + s n` with the datum `y` of [`data`](Self::data).
    pub(crate) fn law(
        &self,
        schedule: &Schedule,
        step: impl Fn(usize, usize, f64, f64) -> (f64, f64, f64),
    ) -> Vec<(f64, f64)> {
        let y = self.data();
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
        (0..2 * self.n * self.n).map(propagate).collect()
    }

    /// The prior's variance of a real component.
    pub(crate) fn variance(&self, mode: usize) -> f64 {
        self.prior.spectrum(self.radius[mode])
    }

    /// The Wiener gain of the prior.
    pub(crate) fn gain(&self, mode: usize, sigma: f64) -> f64 {
        let s = self.variance(mode);
        s / (s + sigma * sigma)
    }

    /// The covariance model that the prior carries.
    pub(crate) fn c(&self, mode: usize, sigma: f64) -> f64 {
        let model = <StationaryGaussian as Denoiser<Image>>::covariance(&self.prior).unwrap();
        model.variance(sigma, self.radius[mode])
    }

    /// The closed-form posterior.
    pub(crate) fn posterior(&self, i: usize, y: f64) -> (f64, f64) {
        let s = self.prior.spectrum(self.radius[i / 2]);
        let precision = match self.observed[i / 2] {
            true => self.sigma_y(i / 2).powi(-2),
            false => 0.0,
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
        let name = &self.name;
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
            let told = format!("{what}, {name}, band {band:?}, observed {observed}, n {n}");
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
