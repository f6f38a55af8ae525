//! Blind problems: the posterior of a centre of rotation, by quadrature, against the bridge's.

use annulus::guidance::{
    Bridge, CovarianceModel, Guard, Guided, Measurement, NormalSpectrum, PriorDraw, sample,
};
use annulus::score::{Pair, Schedule, Spectrum, StationaryGaussian};
use operators::ct::{
    Beam, Detector, Geometry, Grid, Projector, Rotation, UnknownCentre, equal_angles_rad,
};
use operators::likelihood::{Gaussian, Likelihood};
use operators::product::OfImage;
use operators::{Array, Field, Host, LinearOperator, Operator, Product, SliceRng, Vector};
use std::f64::consts::PI;

type Image = Host<f64>;

const SIDE: usize = 12;
const VIEWS: usize = 7;
const BINS: usize = 19;
const NOISE: f64 = 0.4;
const STD_BINS: f64 = 1.5;
const DRAWS: usize = 400;

/// Twelve pixels square around a disc that is not in the middle, seen by a few views.
struct Setting {
    projector: Projector,
    offset: Image,
    prior: StationaryGaussian,
    y: Image,
}

fn white(seed: u64, sizes: &[usize]) -> Image {
    Host::zeros(sizes, Field::Real).normal_like(&mut SliceRng::samples(seed, 0, sizes[0] as u32))
}

impl Setting {
    /// Data of a centre that lies `delta` bins off.
    fn new(delta: f64, seed: u64) -> Self {
        let angles = equal_angles_rad(VIEWS, 0.1, PI, Rotation::Clockwise);
        let grid = Grid::new(SIDE, SIDE, [1.0, 1.0]);
        let scan = Geometry::new(grid, Beam::Parallel, Detector::new(BINS, 1.0), angles);
        let projector = Projector::new(scan.unwrap());
        let disc: Vec<f64> = (0..SIDE * SIDE)
            .map(|i| ((i / SIDE) as f64 - 4.5, (i % SIDE) as f64 - 6.5))
            .map(|(y, x)| 0.5 / (1.0 + ((y * y + x * x).sqrt() - 3.0).exp()))
            .collect();
        let disc = Host::new(&[1, SIDE, SIDE], Field::Real, disc);
        let offset = projector.forward(&disc).unwrap();
        let prior = StationaryGaussian::new(0.3, 0.1, 1.5);
        let x = prior.draw(&disc, &mut SliceRng::samples(seed, 1, 1));
        let mut setting = Setting {
            projector,
            prior,
            y: offset.clone(),
            offset,
        };
        let n = Host::new(&[1, 1], Field::Real, vec![delta / STD_BINS]);
        let mut y = setting.model().apply(&Product::new(x, n)).unwrap().image;
        y.axpy(&[NOISE], &white(seed + 7, &[1, VIEWS, BINS]));
        setting.y = y;
        setting
    }

    fn model(&self) -> UnknownCentre<'_, Image> {
        UnknownCentre::new(&self.projector, &self.offset, STD_BINS).unwrap()
    }

    /// `log p(n | y)` up to a constant: y is Gaussian given n, of mean `A(0, n)` and covariance
    /// `A C Aᵀ + σ²`.
    fn log_posterior(&self, n: f64) -> f64 {
        let count = SIDE * SIDE;
        let unit: Vec<f64> = (0..count * count)
            .map(|i| f64::from(i / count == i % count))
            .collect();
        let units = Host::new(&[count, SIDE, SIDE], Field::Real, unit);
        let spectrum = Spectrum::radial(&units, |r| self.prior.spectrum(r));
        let roots = spectrum.synthesise(&units, f64::sqrt);
        let n_all = Host::new(&[count, 1], Field::Real, vec![n; count]);
        let a = self.model();
        let still = Product::new(units.zeros_like(), n_all.clone());
        let (mean, j) = a.linearize(&still).unwrap();
        let columns = j
            .forward(&Product::new(roots, n_all.zeros_like()))
            .unwrap()
            .image
            .to_reals();
        let rows = VIEWS * BINS;
        let mut g = vec![vec![0.0; rows]; rows];
        for column in columns.chunks(rows) {
            for (i, a) in column.iter().enumerate() {
                g[i].iter_mut().zip(column).for_each(|(g, b)| *g += a * b);
            }
        }
        (0..rows).for_each(|i| g[i][i] += NOISE * NOISE);
        let r = self.y.minus(&mean.image.items(0, 1)).to_reals();
        let (log_determinant, square) = cholesky(g, r);
        -0.5 * (log_determinant + square + n * n)
    }

    /// Mean and deviation of `n` by quadrature.
    fn posterior(&self) -> (f64, f64) {
        let grid: Vec<f64> = (0..=160).map(|i| f64::from(i - 80) / 40.0).collect();
        let logs: Vec<f64> = grid.iter().map(|n| self.log_posterior(*n)).collect();
        let most = logs.iter().copied().fold(f64::MIN, f64::max);
        let moment = |f: &dyn Fn(f64) -> f64| -> f64 {
            let both = grid.iter().zip(&logs);
            both.map(|(n, l)| f(*n) * (l - most).exp()).sum()
        };
        let sum = moment(&|_| 1.0);
        let mean = moment(&|n| n) / sum;
        (mean, (moment(&|n| (n - mean).powi(2)) / sum).sqrt())
    }

    /// Draws of `n` and of the image for the samples `first..first + draws`.
    fn draws(&self, first: usize, draws: usize, rounds: usize) -> Product<Image> {
        let a = self.model();
        let ones = Host::new(&[1, VIEWS, BINS], Field::Real, vec![1.0; VIEWS * BINS]);
        let alone = Gaussian::new(self.y.clone(), NOISE, ones).unwrap();
        let likelihood = OfImage(&alone);
        let plain = Measurement::new(&self.projector, &alone as &dyn Likelihood<Image>);
        let blank = Host::zeros(&[1, SIDE, SIDE], Field::Real);
        let mut data = Measurement::new(&a, &likelihood as &dyn Likelihood<_>);
        let still = Product::new(blank.clone(), Host::zeros(&[1, 1], Field::Real));
        let normal = NormalSpectrum::measure(&plain, &blank, 1).unwrap();
        let normal = normal.beside(&data, &still).unwrap();
        data.normal = Some(&normal);
        let rule = Bridge {
            guided: Guided {
                covariance: CovarianceModel::Spectrum,
                cg_iterations: 15,
                rounds,
                guard: Guard::NONE,
            },
            draw: PriorDraw::Model,
            pullback: true,
        };
        let schedule = Schedule::karras(25, 0.01, 8.0, 7.0);
        let streams = (first..first + draws).map(|s| (0, s as u32));
        let mut rng = SliceRng::new(3, streams);
        let mut x = Product::new(
            Host::zeros(&[draws, SIDE, SIDE], Field::Real),
            Host::zeros(&[draws, 1], Field::Real),
        )
        .normal_like(&mut rng);
        x.scale(&[schedule.max()]);
        let prior = Pair { image: &self.prior };
        let all = Some(&data);
        sample(&rule, &prior, all, &schedule, x, &mut rng, &mut |_| true).unwrap()
    }
}

/// `log det G` and `rᵀ G⁻¹ r`.
fn cholesky(mut g: Vec<Vec<f64>>, mut r: Vec<f64>) -> (f64, f64) {
    let mut log_determinant = 0.0;
    for i in 0..r.len() {
        let (done, rest) = g.split_at_mut(i);
        let row = &mut rest[0];
        for j in 0..i {
            let dot: f64 = (0..j).map(|k| row[k] * done[j][k]).sum();
            row[j] = (row[j] - dot) / done[j][j];
        }
        let below: f64 = row[..i].iter().map(|l| l * l).sum();
        row[i] = (row[i] - below).sqrt();
        log_determinant += 2.0 * row[i].ln();
        let dot: f64 = (0..i).map(|k| row[k] * r[k]).sum();
        r[i] = (r[i] - dot) / row[i];
    }
    (log_determinant, r.iter().map(|r| r * r).sum())
}

fn moments(x: &Product<Image>) -> (f64, f64) {
    let n = x.nuisance.as_ref().unwrap().to_reals();
    let mean = n.iter().sum::<f64>() / n.len() as f64;
    let variance = n.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / n.len() as f64;
    (mean, variance.sqrt())
}

/// The image is integrated out exactly; the draws do it by sampling.
#[test]
fn the_bridge_meets_the_posterior_of_a_centre() {
    let delta = 1.2;
    let setting = Setting::new(delta, 1);
    let (mean, deviation) = setting.posterior();
    let (m, d) = moments(&setting.draws(0, DRAWS, 8));
    let told = format!(
        "{delta} bins: {:.3} ± {:.3}, by quadrature {:.3} ± {:.3}",
        STD_BINS * m,
        STD_BINS * d,
        STD_BINS * mean,
        STD_BINS * deviation
    );
    eprintln!("{told}");
    // The data say far more than the prior, which says 1.
    assert!(deviation < 0.15, "{told}");
    let errors = (m - mean).abs() / deviation * (DRAWS as f64).sqrt();
    assert!(errors < 4.0, "{told}: {errors} standard errors");
    assert!((d / deviation - 1.0).abs() < 0.1, "{told}");
}

/// The ruler: one round is linear around the prior's centre, and what it gets wrong early stays.
#[test]
fn one_round_is_not_enough_for_a_centre() {
    let setting = Setting::new(1.2, 1);
    let (_, deviation) = setting.posterior();
    let (_, d) = moments(&setting.draws(0, 100, 1));
    assert!(d > 2.0 * deviation, "{d} {deviation}");
}

#[test]
fn a_pair_has_the_same_bits_alone_and_in_a_batch() {
    let setting = Setting::new(0.6, 3);
    let together = setting.draws(0, 3, 2);
    let nuisance = together.nuisance.as_ref().unwrap();
    for i in 0..3 {
        let alone = setting.draws(i, 1, 2);
        assert_eq!(alone.image, together.image.items(i, i + 1));
        assert_eq!(alone.nuisance, Some(nuisance.items(i, i + 1)));
    }
}
