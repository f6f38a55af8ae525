//! Steps without hunting: with the guard, the covariance and the conjugate gradients of an empty table, and
//! under a prior whose covariance is known, the fit to the data depends neither on the number of steps (10
//! to 1000 of `bridge`, 200 to 1000 of `dps` and `mcg`) nor on that of views, nor on the acceleration.

use annulus::guidance::{Measurement, NormalSpectrum, Seen, sample};
use annulus::protocol::Methods;
use annulus::recon::rule;
use annulus::score::{Schedule, StationaryGaussian};
use operators::ct::{Beam, Detector, Geometry, Grid, Projector};
use operators::likelihood::{Gaussian, Likelihood};
use operators::mri::{Unsampled, sense};
use operators::{Array, Field, Host, LinearOperator, Operator, SliceRng, Vector};
use std::f64::consts::PI;

type Image = Host<f64>;

const SIGMA_Y: f64 = 0.05;
const SAMPLES: u32 = 2;

struct Problem {
    name: String,
    a: Box<dyn Operator<Image>>,
    /// How strongly the data hold each frequency, as `recon` tells it the samplers.
    normal: NormalSpectrum,
    /// What was not measured, where it is known.
    unmeasured: Option<Box<dyn LinearOperator<Image>>>,
    likelihood: Gaussian<Image>,
    blank: Image,
}

/// Noisy data of a draw of the prior.
fn measured(a: &dyn LinearOperator<Image>, blank: &Image, support: &Image) -> Gaussian<Image> {
    let truth = prior().draw(blank, &mut SliceRng::samples(21, 0, 1));
    let z = a.forward(&truth).unwrap();
    let noise = Gaussian::new(z.zeros_like(), SIGMA_Y, support.clone()).unwrap();
    let mut rng = SliceRng::samples(22, 0, 1);
    let y = noise.simulate(&z, &mut rng).unwrap();
    Gaussian::new(y, SIGMA_Y, support.clone()).unwrap()
}

impl Problem {
    /// One coil, every `acceleration`-th line and the middle ones.
    fn mri(acceleration: usize) -> Self {
        let n = 64;
        let taken = |x: usize| x.is_multiple_of(acceleration) || x.abs_diff(n / 2) < 3;
        let mask = (0..n * n).map(|i| f64::from(u8::from(taken(i % n))));
        let mask = Host::new(&[1, n, n], Field::Real, mask.collect());
        let one = Host::new(&[1, 1, n, n], Field::Complex, [1.0, 0.0].repeat(n * n));
        let a = || sense(one.clone(), mask.clone()).unwrap();
        let blank = Image::zeros(&[1, n, n], Field::Complex);
        Problem {
            name: format!("{acceleration}-fold MRI"),
            normal: NormalSpectrum::of_scan(&one, &mask, SIGMA_Y).unwrap(),
            unmeasured: Some(Box::new(Unsampled(a()))),
            likelihood: measured(&a(), &blank, &mask),
            a: Box::new(a()),
            blank,
        }
    }

    /// Parallel beams, in units in which `‖A‖` of 30 views is about 1.
    fn ct(views: usize) -> Self {
        let (n, bins) = (20, 30);
        let pixel_mm = 1.0 / (30.0 * n as f64).sqrt();
        let angles = (0..views).map(|v| PI * v as f64 / views as f64);
        let grid = Grid::new(n, n, [pixel_mm, pixel_mm]);
        let detector = Detector::new(bins, pixel_mm);
        let scan = Geometry::new(grid, Beam::Parallel, detector, angles.collect()).unwrap();
        let everywhere = Host::new(&[1, views, bins], Field::Real, vec![1.0; views * bins]);
        let a = Projector::new(scan);
        let blank = Image::zeros(&[1, n, n], Field::Real);
        let likelihood = measured(&a, &blank, &everywhere);
        let bare = Measurement::new(&a, &likelihood);
        Problem {
            name: format!("CT, {views} views"),
            normal: NormalSpectrum::measure(&bare, &blank, 5).unwrap(),
            unmeasured: None,
            likelihood,
            a: Box::new(a),
            blank,
        }
    }

    /// Misfit of a method's samples in so many levels, as `recon` would run it.
    fn misfit(&self, method: &str, levels: usize) -> f64 {
        let data = Measurement {
            normal: Some(&self.normal),
            unmeasured: self.unmeasured.as_deref(),
            ..Measurement::new(self.a.as_ref(), &self.likelihood)
        };
        let table = Methods::default().get(method).unwrap();
        let rule = rule::<Image>(&table, 1e-4).unwrap();
        let held = (0..8).map(|r| self.normal.at(0.1 * f64::from(r)));
        let floor = 1.0 / held.fold(0.0, f64::max).sqrt();
        let schedule = Schedule::karras(levels, floor / 5.0, 20.0, 7.0);
        let mut rng = SliceRng::samples(23, 0, SAMPLES);
        let mut x = self.blank.repeat(SAMPLES as usize).normal_like(&mut rng);
        x.scale(&[schedule.max()]);
        let go_on = &mut |_: &Seen<'_, Image>| true;
        let data = Some(&data);
        let x = sample(rule.as_ref(), &prior(), data, &schedule, x, &mut rng, go_on).unwrap();
        let misfits = self.likelihood.misfit(&self.a.apply(&x).unwrap());
        misfits.iter().sum::<f64>() / f64::from(SAMPLES)
    }
}

fn prior() -> StationaryGaussian {
    StationaryGaussian::new(60.0, 0.03, 1.4)
}

/// All misfits of a method within 10 % of each other, and none that would warn.
fn assert_invariant(method: &str, levels: &[usize], problems: &[Problem]) {
    let mut all = Vec::new();
    for problem in problems {
        for levels in levels {
            let misfit = problem.misfit(method, *levels);
            eprintln!(
                "{method}, {}, {levels} levels: misfit {misfit:.3}",
                problem.name
            );
            all.push(misfit);
        }
    }
    let most = all.iter().copied().fold(f64::MIN, f64::max);
    let least = all.iter().copied().fold(f64::MAX, f64::min);
    assert!(most / least < 1.1, "{method}: {all:?}");
    assert!(least > 0.9 && most < 1.1, "{method}: {all:?}");
}

#[test]
fn the_fit_depends_neither_on_the_steps_nor_on_the_acceleration() {
    let problems = [2, 8].map(Problem::mri);
    assert_invariant("bridge", &[10, 1000], &problems);
    assert_invariant("dps", &[200, 1000], &problems);
    assert_invariant("mcg", &[200, 1000], &problems);
}

#[test]
fn the_fit_depends_neither_on_the_steps_nor_on_the_views() {
    let problems = [30, 720].map(Problem::ct);
    assert_invariant("bridge", &[10, 1000], &problems);
    assert_invariant("dps", &[200, 1000], &problems);
}
