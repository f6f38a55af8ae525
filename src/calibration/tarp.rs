//! Expected coverage around random points: a test of all pixels together.
//!
//! Lemos, Coogan, Hezaveh & Perreault-Levasseur 2023 (TARP): around any point r that does not know
//! the truth, the ball that reaches to the truth holds a share of the posterior that is uniform. A
//! posterior that passes for every r is exact; marginals alone never show that.

use ndarray::{Array1, ArrayView1, ArrayView2, Axis};
use rand::{Rng, RngExt};
use serde::Serialize;

use super::error::{CalibrationError, at_least, finite};
use super::{Case, EcdfTest, Ranks, Result};

/// Where reference points come from, and the unit of distance along each axis.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceBox {
    low: Array1<f64>,
    width: Array1<f64>,
}

impl ReferenceBox {
    /// The bounding box of points of the prior, `f64[n, D]`, a point a row: not the truths that will
    /// be tested, nor their draws.
    ///
    /// Coordinates that are the same in all points (a background) are left out of every distance.
    /// Errors: fewer than 2 points; points that are all equal; values that are not finite.
    pub fn around(points: ArrayView2<f64>) -> Result<Self> {
        at_least("TARP", "points of the prior", 2, points.nrows())?;
        finite("TARP", points)?;
        let low = points.fold_axis(Axis(0), f64::INFINITY, |a, b| a.min(*b));
        let high = points.fold_axis(Axis(0), f64::NEG_INFINITY, |a, b| a.max(*b));
        let width = high - &low;
        if width.iter().all(|w| *w == 0.0) {
            return Err(CalibrationError::new(
                "TARP",
                "points of the prior that differ",
                "one point, repeated",
                "draw the points with different seeds",
            ));
        }
        Ok(ReferenceBox { low, width })
    }

    /// A point, uniform in the box: `f64[D]`.
    pub fn draw<R: Rng>(&self, rng: &mut R) -> Array1<f64> {
        let at = |low: &f64, width: &f64| low + width * rng.random::<f64>();
        let pairs = self.low.iter().zip(&self.width);
        let mut at = at;
        pairs.map(|(low, width)| at(low, width)).collect()
    }

    /// Euclidean, each axis in widths of the box.
    fn distance(&self, a: ArrayView1<f64>, b: ArrayView1<f64>) -> f64 {
        let pairs = a.iter().zip(b).zip(&self.width);
        let square = |((a, b), w): ((&f64, &f64), &f64)| ((a - b) / w).powi(2);
        let moving = pairs.filter(|(_, w)| **w > 0.0);
        moving.map(square).sum::<f64>().sqrt()
    }
}

/// The test, case by case.
#[derive(Clone, Debug)]
pub struct Tarp {
    references: ReferenceBox,
    ranks: Ranks,
}

/// Expected coverage against credibility.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TarpCurve {
    /// At the credibilities `test.band.points`: the number of truths inside, the band, the p-value.
    pub test: EcdfTest,
    /// The largest |coverage - credibility|.
    pub deviation: f64,
    /// The mean of coverage - credibility over the credibilities.
    pub area: f64,
}

impl Tarp {
    /// No case yet, of so many draws each.
    pub fn new(draws: usize, references: ReferenceBox) -> Result<Self> {
        let ranks = Ranks::new(draws)?;
        Ok(Tarp { references, ranks })
    }

    /// Adds a case, with a reference drawn from the box.
    pub fn add<R: Rng>(&mut self, case: &Case, rng: &mut R) -> Result<()> {
        let reference = self.references.draw(rng);
        self.add_at(case, reference.view(), rng)
    }

    /// Adds a case with a reference of the caller's: it may depend on the data, but neither on the
    /// truth nor on these draws (their mean would favour them).
    ///
    /// References near the posterior see more than distant ones, for which a distance is hardly more
    /// than one linear functional. Errors: another size or number of draws.
    pub fn add_at<R: Rng>(
        &mut self,
        case: &Case,
        reference: ArrayView1<f64>,
        rng: &mut R,
    ) -> Result<()> {
        let size = self.references.low.len();
        if case.truth().len() != size || reference.len() != size {
            return Err(CalibrationError::new(
                "TARP",
                format_args!("truth and reference of {size} values as the prior's points"),
                format_args!("{} and {}", case.truth().len(), reference.len()),
                "give points of the prior on the grid of the truth",
            ));
        }
        let to = |x: ArrayView1<f64>| self.references.distance(x, reference);
        let distances: Vec<f64> = case.draws().rows().into_iter().map(to).collect();
        let truth = to(case.truth());
        self.ranks.add(truth, &distances, rng).map(drop)
    }

    /// Ranks of the truth's distance among those of the draws.
    pub fn ranks(&self) -> &Ranks {
        &self.ranks
    }

    /// The curve, with a band of probability `level`.
    pub fn curve(&self, level: f64) -> Result<TarpCurve> {
        let test = EcdfTest::of_ranks(&self.ranks, level)?;
        let differences = test.differences();
        let largest = differences.iter().fold(0.0, |m: f64, d| m.max(d.abs()));
        Ok(TarpCurve {
            area: differences.iter().sum::<f64>() / differences.len() as f64,
            deviation: largest,
            test,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::Diagnosis;
    use crate::calibration::testing::kolmogorov_smirnov;
    use ndarray::{Array2, array};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    /// Uniform in the box, or at the mean of the posterior (which the data tell).
    enum References {
        Box,
        Mean,
    }

    /// A posterior in the plane with correlation 0.9, at a place that differs by case; the sampler
    /// has its own correlation and scale.
    fn planes(seed: u64, cases: usize, correlation: f64, scale: f64) -> (Tarp, [Ranks; 2]) {
        planes_at(seed, cases, [correlation, scale], References::Box)
    }

    fn planes_at(
        seed: u64,
        cases: usize,
        [correlation, scale]: [f64; 2],
        references: References,
    ) -> (Tarp, [Ranks; 2]) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let corners = array![[-3.0, -3.0], [3.0, 3.0]];
        let mut tarp = Tarp::new(49, ReferenceBox::around(corners.view()).unwrap()).unwrap();
        let mut marginals = [Ranks::new(49).unwrap(), Ranks::new(49).unwrap()];
        for _ in 0..cases {
            let mut pair = |rho: f64, scale: f64| {
                let (a, b): (f64, f64) = (rng.sample(StandardNormal), rng.sample(StandardNormal));
                [scale * a, scale * (rho * a + (1.0 - rho * rho).sqrt() * b)]
            };
            let (mean, truth) = (pair(0.0, 1.0), pair(0.9, 1.0));
            let truth = array![mean[0] + truth[0], mean[1] + truth[1]];
            let mut draws = Array2::zeros((49, 2));
            for mut row in draws.rows_mut() {
                let x = pair(correlation, scale);
                row.assign(&array![mean[0] + x[0], mean[1] + x[1]]);
            }
            let case = Case::new(truth.view(), draws.view()).unwrap();
            match references {
                References::Box => tarp.add(&case, &mut rng).unwrap(),
                References::Mean => {
                    let at = array![mean[0], mean[1]];
                    tarp.add_at(&case, at.view(), &mut rng).unwrap();
                }
            }
            for (i, ranks) in marginals.iter_mut().enumerate() {
                ranks
                    .add(truth[i], &draws.column(i).to_vec(), &mut rng)
                    .unwrap();
            }
        }
        (tarp, marginals)
    }

    #[test]
    fn exact_draws_pass_and_their_p_values_are_uniform() {
        let curve = |seed| planes(seed, 150, 0.9, 1.0).0.curve(0.999).unwrap();
        let curves: Vec<TarpCurve> = (0..200).map(curve).collect();
        assert!(curves.iter().all(|c| c.test.holds()));
        let p: Vec<f64> = curves.iter().map(|c| c.test.p_value).collect();
        assert!(kolmogorov_smirnov(&p) > 0.01);
        assert!(
            curves
                .iter()
                .all(|c| c.deviation < 0.2 && c.area.abs() < c.deviation)
        );
    }

    /// Both marginals are exact, their correlation is missing: every pixel alone looks calibrated.
    #[test]
    fn a_wrong_correlation_is_refused_where_marginals_pass() {
        let (tarp, marginals) = planes(3, 6000, 0.0, 1.0);
        for ranks in &marginals {
            assert!(Diagnosis::of(ranks, 0.999).unwrap().calibrated());
        }
        let curve = tarp.curve(0.999).unwrap();
        assert!(!curve.test.holds() && curve.test.p_value < 1e-6 && curve.deviation > 0.03);
        assert!(
            planes(3, 6000, 0.9, 1.0)
                .0
                .curve(0.999)
                .unwrap()
                .test
                .holds()
        );
    }

    /// At the mean of the posterior a twelfth of the cases does.
    #[test]
    fn near_references_see_more() {
        let of = |correlation| planes_at(3, 500, [correlation, 1.0], References::Mean).0;
        let curve = of(0.0).curve(0.999).unwrap();
        assert!(curve.test.p_value < 1e-5, "{}", curve.test.p_value);
        assert!(of(0.9).curve(0.999).unwrap().test.holds());
        assert!(
            planes(3, 500, 0.0, 1.0)
                .0
                .curve(0.999)
                .unwrap()
                .test
                .p_value
                > 1e-3
        );
    }

    #[test]
    fn half_and_twice_the_deviation_are_refused() {
        for scale in [0.5, 2.0] {
            let (tarp, _) = planes(4, 500, 0.9, scale);
            assert!(!tarp.curve(0.999).unwrap().test.holds(), "{scale}");
        }
        let narrow = Diagnosis::of(planes(4, 500, 0.9, 0.5).0.ranks(), 0.999).unwrap();
        assert!(narrow.to_string().contains("over-confident"), "{narrow}");
    }

    #[test]
    fn a_box_holds_its_points_and_a_background_does_not_count() {
        let points = array![[0.0, 5.0, 1.0], [2.0, 5.0, -1.0], [1.0, 5.0, 3.0]];
        let references = ReferenceBox::around(points.view()).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..100 {
            let r = references.draw(&mut rng);
            assert!((0.0..=2.0).contains(&r[0]) && r[1] == 5.0 && (-1.0..=3.0).contains(&r[2]));
        }
        let distance =
            references.distance(array![0.0, 0.0, 0.0].view(), array![2.0, 9.0, 4.0].view());
        assert!((distance - 2f64.sqrt()).abs() < 1e-15);
        assert!(ReferenceBox::around(Array2::ones((3, 2)).view()).is_err());
        let mut tarp = Tarp::new(2, references).unwrap();
        let (truth, draws) = (array![0.0], array![[0.0], [1.0]]);
        let case = Case::new(truth.view(), draws.view()).unwrap();
        assert!(
            tarp.add(&case, &mut rng)
                .unwrap_err()
                .to_string()
                .contains("3 values")
        );
    }
}
