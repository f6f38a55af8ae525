//! A Gaussian prior and a measurement that are diagonal together, and the laws that follow.

use super::forward::{Filter, Forward, Sampled, transfer};
use annulus::guidance::{Guidance, Measurement, NormalSpectrum, Seen, SpectralData, sample};
use annulus::score::{Denoiser, Schedule, StationaryGaussian};
use operators::imaging::Spectral;
use operators::likelihood::{Gaussian, Likelihood};
use operators::mri::sense;
use operators::{Array, Direction, Field, Host, LinearOperator, Operator, SliceRng, Vector};

pub(crate) const SIGMA_MAX: f64 = 80.0;

type Image = Host<f64>;

/// Mean and variance of every real component of a spectrum.
pub(crate) type Law = Vec<(f64, f64)>;
/// Spectra, item by item.
pub(crate) type Samples = Vec<Vec<f64>>;

/// What a rule is given beside the state.
pub(crate) struct Given<'a> {
    pub(crate) prior: &'a dyn Denoiser<Image>,
    pub(crate) likelihood: Option<&'a dyn Likelihood<Image>>,
    pub(crate) unmeasured: Option<&'a dyn LinearOperator<Image>>,
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
    spectral: Box<dyn Spectral<Image>>,
    inverse: Option<Filter>,
    support: Image,
    y: Image,
}

/// That sees everything alike.
fn one_coil(n: usize) -> Image {
    Host::new(&[1, 1, n, n], Field::Complex, [1.0, 0.0].repeat(n * n))
}

impl Setting {
    /// 256 x 256, the mask, σ_y = 0.05.
    pub(crate) fn new() -> Self {
        Self::of(256, Forward::Mask, 0.05)
    }

    /// Both sizes, both measurements, both noise levels.
    pub(crate) fn all() -> impl Iterator<Item = Setting> {
        [Forward::Mask, Forward::Blur]
            .into_iter()
            .flat_map(Self::each)
    }

    /// Both sizes, both noise levels.
    pub(crate) fn each(forward: Forward) -> impl Iterator<Item = Setting> {
        let noises = |n| [0.05, 0.01].map(|sigma| (n, sigma));
        let both = [64, 256].into_iter().flat_map(noises);
        both.map(move |(n, sigma)| Self::of(n, forward, sigma))
    }

    fn of(n: usize, forward: Forward, sigma: f64) -> Self {
        let prior = StationaryGaussian::new(243.0, 0.01172, 1.4);
        let centred = |i: usize| i as f64 - (n / 2) as f64;
        let modes = || (0..n).flat_map(|y| (0..n).map(move |x| (y, x)));
        let radius: Vec<f64> = modes()
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
        let sampled = || sense(one_coil(n), support.clone()).unwrap();
        let blur = |power| {
            let h = |r: &f64| transfer(*r).powi(power);
            Filter::new([n, n], radius.iter().map(h).collect())
        };
        let (a, spectral, inverse): (Box<dyn Operator<Image>>, Box<dyn Spectral<Image>>, _) =
            match forward {
                Forward::Mask => {
                    let spectral = Sampled::new(sampled(), support.clone());
                    (Box::new(sampled()), Box::new(spectral), None)
                }
                Forward::Blur => (Box::new(blur(1)), Box::new(blur(1)), Some(blur(-1))),
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
            spectral,
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

    /// Real components of a state.
    pub(crate) fn reals(&self) -> usize {
        2 * self.n * self.n
    }

    /// Rows and columns.
    pub(crate) fn sizes(&self) -> [usize; 2] {
        [self.n; 2]
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

    /// The prior and the data.
    pub(crate) fn given<'a>(&'a self, likelihood: Option<&'a dyn Likelihood<Image>>) -> Given<'a> {
        Given {
            prior: &self.prior,
            likelihood,
            unmeasured: None,
        }
    }

    /// The output of the real code.
    pub(crate) fn run(
        &self,
        rule: &dyn Guidance<Image>,
        likelihood: Option<&dyn Likelihood<Image>>,
        schedule: &Schedule,
        batch: usize,
    ) -> Samples {
        let [_, end] = self.ends(rule, &self.given(likelihood), schedule, batch);
        end
    }

    /// Samples that are drawn together: one where it has pixels enough for the statistics, else four.
    pub(crate) fn batch(&self) -> usize {
        if self.is_large() { 1 } else { 4 }
    }

    /// The state at the last level above 0, and at 0.
    pub(crate) fn ends<'a>(
        &'a self,
        rule: &dyn Guidance<Image>,
        given: &Given<'a>,
        schedule: &Schedule,
        batch: usize,
    ) -> [Samples; 2] {
        let blank = Host::zeros(&[1, self.n, self.n], Field::Complex);
        let data = given.likelihood.map(|of| self.measurement(given, of));
        let normal = data.as_ref().map(|data| self.normal(data, &blank));
        let data = data.map(|data| Measurement {
            normal: normal.as_ref(),
            ..data
        });
        let mut rng = SliceRng::samples(13, 0, batch as u32);
        let mut x = blank.repeat(batch).normal_like(&mut rng);
        x.scale(&[schedule.max()]);
        let mut before = x.clone();
        let mut see = |seen: &Seen<'_, Image>| {
            if seen.index + 2 == schedule.levels() {
                before = seen.x.clone();
            }
            true
        };
        let (prior, data) = (given.prior, data.as_ref());
        let end = sample(rule, prior, data, schedule, x, &mut rng, &mut see).unwrap();
        [before, end].map(|x| {
            let k = x.fft2(Direction::Forward);
            (0..batch).map(|i| k.items(i, i + 1).to_reals()).collect()
        })
    }

    /// How strongly the data hold each frequency, as the real code finds it.
    fn normal(&self, data: &Measurement<'_, Image>, blank: &Image) -> NormalSpectrum {
        match self.forward {
            Forward::Mask => {
                NormalSpectrum::of_scan(&one_coil(self.n), &self.support, self.sigma).unwrap()
            }
            Forward::Blur => NormalSpectrum::measure(data, blank, 5).unwrap(),
        }
    }

    fn measurement<'a>(
        &'a self,
        given: &Given<'a>,
        likelihood: &'a dyn Likelihood<Image>,
    ) -> Measurement<'a, Image> {
        Measurement {
            pseudo_inverse: self.inverse.as_ref().map(|i| i as _),
            unmeasured: given.unmeasured,
            spectral: Some(SpectralData {
                operator: self.spectral.as_ref(),
                sigma_y: self.sigma,
            }),
            ..Measurement::new(self.a.as_ref(), likelihood)
        }
    }

    /// The law of the output of the recursion `step(mode, t, σ, σ')`, which gives `(a, b, s²)` of
    /// `x' = a x + b y + s n` with the datum `y` of [`data`](Self::data).
    pub(crate) fn law(
        &self,
        schedule: &Schedule,
        step: impl Fn(usize, usize, f64, f64) -> (f64, f64, f64),
    ) -> Law {
        let [_, end] = self.laws(schedule, step);
        end
    }

    /// The laws of the states of [`ends`](Self::ends).
    pub(crate) fn laws(
        &self,
        schedule: &Schedule,
        step: impl Fn(usize, usize, f64, f64) -> (f64, f64, f64),
    ) -> [Law; 2] {
        let y = self.data();
        let propagate = |i: usize| {
            let start = (0.0, schedule.max().powi(2));
            schedule
                .steps()
                .enumerate()
                .fold((start, start), |(_, (m, v)), (t, (sigma, next))| {
                    let (a, b, s2) = step(i / 2, t, sigma, next);
                    ((m, v), (a * m + b * y[i], a * a * v + s2))
                })
        };
        <[Law; 2]>::from((0..self.reals()).map(propagate).unzip::<_, _, Law, Law>())
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

    /// The mean of that model.
    pub(crate) fn white(&self, sigma: f64) -> f64 {
        let model = <StationaryGaussian as Denoiser<Image>>::covariance(&self.prior).unwrap();
        model.white(sigma)
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

    /// Demands that the states of [`ends`](Self::ends) follow theirs.
    pub(crate) fn assert_laws(&self, ends: &[Samples; 2], laws: &[Law; 2], what: &str) {
        for ((samples, law), end) in ends.iter().zip(laws).zip(["before the last step", "at 0"]) {
            self.assert_law(samples, law, &format!("{what}, {end}"));
        }
    }

    /// Demands that `samples` follow `law` within 4 standard errors in every band, and are its mean
    /// where it has no variance.
    pub(crate) fn assert_law(&self, samples: &[Vec<f64>], law: &[(f64, f64)], what: &str) {
        let name = &self.name;
        for (x, (m, _)) in samples
            .iter()
            .flat_map(|s| s.iter().zip(law))
            .filter(|(_, (_, v))| *v == 0.0)
        {
            let near = (x - m).abs() < 1e-6 * (1.0 + m.abs());
            assert!(near, "{what}, {name}: {x} is not {m}");
        }
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
                let inside = r >= band.0 && r < band.1 && self.observed[i / 2] == observed;
                if inside && *v > 0.0 {
                    let z = (x - m) / v.sqrt();
                    // A wrong gain shows along the mean, whatever its sign.
                    (n, mean, square) = (n + 1.0, mean + z * m.signum(), square + z * z);
                }
            }
            if n < 50.0 {
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
