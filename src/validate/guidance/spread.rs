//! Error bars against errors, of the same draws as the ranks: reliability, spread over error,
//! CRPS, and coverage around random points (TARP).

use super::super::error::Failure;
use super::super::evidence::{Evidence, Marks, Plot, Table};
use super::super::toolkit::Image;
use super::setting::Setting;
use crate::calibration::{
    Case, Errors, Estimator, ReferenceBox, Reliability, SpreadSkill, Tarp, crps,
};
use ndarray::{Array1, Array2, ArrayView1};
use operators::{Array, Direction, Vector};
use rand_chacha::ChaCha8Rng;

/// Bins of a reliability diagram.
const BINS: usize = 10;

/// The largest |coverage - expected| of a central 90 %, and why.
pub(super) fn coverage_limit(whole: bool, standard_error: f64) -> f64 {
    match whole {
        true => 0.02,
        false => f64::max(0.02, 4.0 * standard_error),
    }
}
pub(super) const COVERAGE_WHY: &str =
    "two points in a hundred; with --quick, of fewer cases, four standard errors";

/// What was measured, and what was not.
pub(super) const PARTS: [&str; 2] = ["measured", "unmeasured"];

/// Cases of one sampler.
pub(super) struct Spread {
    draws: usize,
    /// Pixels of the real part, measured first.
    errors: [Errors; 2],
    /// All pixels together.
    tarp: Option<Tarp>,
    /// Of each case: sums of the CRPS of modes, and of what it is on average under the posterior.
    crps: Vec<[f64; 2]>,
}

impl Spread {
    pub fn new(draws: usize) -> Result<Self, Failure> {
        Ok(Spread {
            draws,
            errors: [Errors::new(draws)?, Errors::new(draws)?],
            tarp: None,
            crps: Vec::new(),
        })
    }

    /// Adds the measured or the unmeasured part of a problem.
    pub fn add_part(
        &mut self,
        part: usize,
        truth: &Array2<f64>,
        draws: &[Array2<f64>],
    ) -> Result<(), Failure> {
        let (truth, draws) = (flat(truth), stacked(draws)?);
        Ok(self.errors[part].add(&Case::new(truth.view(), draws.view())?)?)
    }

    /// Adds every problem of a setting as a whole: item `problem * draws + draw` of x.
    pub fn add(
        &mut self,
        setting: &Setting,
        x: &Image,
        rng: &mut ChaCha8Rng,
    ) -> Result<(), Failure> {
        let (truths, samples) = (reals(&setting.truth), reals(x));
        // Near the posterior, and without knowledge of truth and draws.
        let size = [setting.y.batch(), setting.size, setting.size];
        let y = Image::from_complex(&size, setting.y.complex());
        let references = reals(&y.fft2(Direction::Inverse));
        if self.tarp.is_none() {
            // The box only sets the unit of distance along each pixel, which are all alike.
            let points = stacked(&references)?;
            self.tarp = Some(Tarp::new(self.draws, ReferenceBox::around(points.view())?)?);
        }
        let modes = Setting::modes(x);
        let (truth_modes, y) = (Setting::modes(&setting.truth), setting.y.to_reals());
        for (problem, truth) in truths.iter().enumerate() {
            let own = problem * self.draws..(problem + 1) * self.draws;
            let (truth, draws) = (flat(truth), stacked(&samples[own.clone()])?);
            let reference = flat(&references[problem]);
            if let Some(tarp) = &mut self.tarp {
                let case = Case::new(truth.view(), draws.view())?;
                tarp.add_at(&case, reference.view(), rng)?;
            }
            let n = truth_modes[problem].len();
            let mut sums = [0.0; 2];
            for (i, truth) in truth_modes[problem].iter().enumerate() {
                let values: Vec<f64> = modes[own.clone()].iter().map(|m| m[i]).collect();
                let (_, variance) = setting.posterior(i / 2, y[problem * n + i]);
                sums[0] += crps(*truth, &values, Estimator::Fair)?;
                sums[1] += (variance / std::f64::consts::PI).sqrt();
            }
            self.crps.push(sums);
        }
        Ok(())
    }

    /// Gates, table and curves.
    pub fn judge(&self, evidence: &mut Evidence) -> Result<(), Failure> {
        let mut table = Table::new(
            "Error bars of the pixels' real part against the errors of the mean",
            &[
                "part",
                "spread over error",
                "standard error",
                "ENCE",
                "deviation of z",
                "expected",
            ],
        );
        let mut curves = Vec::new();
        for (errors, part) in self.errors.iter().zip(PARTS) {
            let found = SpreadSkill::of(errors)?.ratio;
            let reliability = Reliability::of(errors, BINS)?;
            let expected = reliability.z_sd_expected.unwrap_or(f64::NAN);
            let (ence, z) = (reliability.ence, reliability.z_sd);
            table.row(
                part,
                &[found.value, found.standard_error, ence, z, expected],
            );
            let four = 4.0 * found.standard_error;
            evidence.between(
                &format!("guidance.ranks.{part}.spread"),
                "spread of the draws over the error of their mean",
                found.value,
                [0.97 - four, 1.03 + four],
                "three in a hundred, and four standard errors of so many cases",
            );
            let bins = reliability.bins.iter();
            let points = bins.map(|b| [b.predicted, b.observed]).collect();
            curves.push((part.to_owned(), points));
        }
        evidence.tables.push(table);
        evidence.plots.push(Plot {
            title: "Reliability: error against predicted deviation, a tenth of the pixels each"
                .into(),
            axes: ["predicted".into(), "error".into()],
            curves,
            marks: Marks::Dots,
            ..Plot::default()
        });
        self.judge_crps(evidence);
        self.judge_tarp(evidence)
    }

    fn judge_crps(&self, evidence: &mut Evidence) {
        let n = self.crps.len() as f64;
        let sum = |of: &dyn Fn(&[f64; 2]) -> f64| self.crps.iter().map(of).sum::<f64>();
        let ratio = sum(&|c| c[0]) / sum(&|c| c[1]);
        // Of a ratio of means: from the residuals of the cases.
        let squares = sum(&|c| (c[0] - ratio * c[1]).powi(2));
        let error = (squares / (n * (n - 1.0))).sqrt() / (sum(&|c| c[1]) / n);
        evidence.between(
            "guidance.ranks.crps",
            "CRPS of the modes over that of the posterior in closed form",
            ratio,
            [1.0 - 4.0 * error, 1.005 + 4.0 * error],
            "no distribution scores lower on average than the posterior; half of its variance scores \
             1.025; four standard errors",
        );
    }

    fn judge_tarp(&self, evidence: &mut Evidence) -> Result<(), Failure> {
        let Some(tarp) = &self.tarp else {
            return Ok(());
        };
        let curve = tarp.curve(0.99)?;
        evidence.at_least(
            "guidance.ranks.tarp",
            "p-value of the expected coverage around the zero-filled image (TARP)",
            curve.test.p_value,
            1e-3,
            "a posterior that is exact in all pixels together is refused once in 1000 seeds",
        );
        let points = curve.test.band.points.iter();
        let curve = points.zip(curve.test.differences());
        evidence.plots.push(Plot {
            title: "TARP: expected coverage less credibility".into(),
            axes: ["credibility".into(), "difference".into()],
            curves: vec![("all pixels".into(), curve.map(|(x, d)| [*x, d]).collect())],
            ..Plot::default()
        });
        Ok(())
    }
}

fn flat(image: &Array2<f64>) -> Array1<f64> {
    image.iter().copied().collect()
}

/// An image a row.
fn stacked(images: &[Array2<f64>]) -> Result<Array2<f64>, Failure> {
    let rows: Vec<Array1<f64>> = images.iter().map(flat).collect();
    let views: Vec<ArrayView1<'_, f64>> = rows.iter().map(|r| r.view()).collect();
    Ok(ndarray::stack(ndarray::Axis(0), &views)?)
}

/// Real parts, item by item.
pub(super) fn reals(x: &Image) -> Vec<Array2<f64>> {
    let sizes = x.sizes();
    let (n, pixels) = (sizes[1] * sizes[2], x.complex());
    let image = |i: usize| {
        Array2::from_shape_fn((sizes[1], sizes[2]), |(j, l)| {
            pixels[i * n + j * sizes[2] + l].re
        })
    };
    (0..sizes[0]).map(image).collect()
}
