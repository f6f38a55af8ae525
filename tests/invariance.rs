//! Steps without hunting: with the guard, the covariance and the conjugate gradients of an empty table, and
//! under a prior whose covariance is known, the fit to the data depends neither on the number of steps (10
//! to 1000 of `bridge`, 200 to 1000 of `dps` and `mcg`) nor on that of views, nor on the acceleration.

use annulus::guidance::{Measurement, NormalSpectrum, Seen, sample};
use annulus::protocol::Methods;
use annulus::recon::rule;
use annulus::score::{Schedule, StationaryGaussian};
use operators::ct::{Beam, Detector, Geometry, Grid, Projector};
use operators::likelihood::{Gaussian, Likelihood};
use operators::mri::sense;
use operators::{
    Array, Chain, Field, Host, LinearOperator, Operator, Result, SliceRng, Space, Vector,
};
use std::f64::consts::PI;

type Image = Host<f64>;

const SIGMA_Y: f64 = 0.05;
const SAMPLES: u32 = 2;

struct Problem {
    name: String,
    a: Box<dyn Operator<Image>>,
    /// What was not measured, where it is known.
    unmeasured: Option<Unmeasured>,
    likelihood: Gaussian<Image>,
    blank: Image,
}

impl Problem {
    fn new<A: LinearOperator<Image> + 'static>(
        name: String,
        a: A,
        support: Image,
        field: Field,
        side: usize,
    ) -> Self {
        let blank = Image::zeros(&[1, side, side], field);
        let truth = prior().draw(&blank, &mut SliceRng::samples(21, 0, 1));
        let z = a.forward(&truth).unwrap();
        let noise = Gaussian::new(z.zeros_like(), SIGMA_Y, support.clone()).unwrap();
        let y = noise
            .simulate(&z, &mut SliceRng::samples(22, 0, 1))
            .unwrap();
        Problem {
            name,
            a: Box::new(a),
            unmeasured: None,
            likelihood: Gaussian::new(y, SIGMA_Y, support).unwrap(),
            blank,
        }
    }

    /// One coil, every `acceleration`-th line and the middle ones.
    fn mri(acceleration: usize) -> Self {
        let n = 64;
        let taken = |x: usize| x.is_multiple_of(acceleration) || x.abs_diff(n / 2) < 3;
        let mask = (0..n * n).map(|i| f64::from(u8::from(taken(i % n))));
        let mask = Host::new(&[1, n, n], Field::Real, mask.collect());
        let one = Host::new(&[1, 1, n, n], Field::Complex, [1.0, 0.0].repeat(n * n));
        let a = || sense(one.clone(), mask.clone()).unwrap();
        let name = format!("{acceleration}-fold MRI");
        Problem {
            unmeasured: Some(Unmeasured(a())),
            ..Problem::new(name, a(), mask.clone(), Field::Complex, n)
        }
    }

    /// Parallel beams, in units in which `‖A‖` of 30 views is about 1.
    fn ct(views: usize) -> Self {
        let n = 32;
        let pixel_mm = 1.0 / (30.0 * n as f64).sqrt();
        let angles = (0..views).map(|v| PI * v as f64 / views as f64);
        let (grid, bins) = (Grid::new(n, n, [pixel_mm, pixel_mm]), 47);
        let detector = Detector::new(bins, pixel_mm);
        let scan = Geometry::new(grid, Beam::Parallel, detector, angles.collect()).unwrap();
        let everywhere = Host::new(&[1, views, bins], Field::Real, vec![1.0; views * bins]);
        let name = format!("CT, {views} views");
        Problem::new(name, Projector::new(scan), everywhere, Field::Real, n)
    }

    /// Misfit of a method's samples in so many levels, as `recon` would run it.
    fn misfit(&self, method: &str, levels: usize) -> f64 {
        let bare = Measurement::new(self.a.as_ref(), &self.likelihood);
        let normal = NormalSpectrum::measure(&bare, &self.blank, 5).unwrap();
        let data = Measurement {
            normal: Some(&normal),
            unmeasured: self.unmeasured.as_ref().map(|u| u as _),
            ..bare
        };
        let table = Methods::default().get(method).unwrap();
        let rule = rule::<Image>(&table, 1e-4).unwrap();
        let held = (0..8).map(|r| normal.at(0.1 * f64::from(r)));
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

/// `1 - Aᴴ A` of one coil: the frequencies that were not taken.
struct Unmeasured(Chain<Image>);

impl LinearOperator<Image> for Unmeasured {
    fn name(&self) -> &'static str {
        "what was not measured"
    }
    fn domain(&self) -> &Space {
        self.0.domain()
    }
    fn range(&self) -> &Space {
        self.0.domain()
    }
    fn forward(&self, x: &Image) -> Result<Image> {
        Ok(x.minus(&self.0.normal(x)?))
    }
    fn adjoint(&self, x: &Image) -> Result<Image> {
        self.forward(x)
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
