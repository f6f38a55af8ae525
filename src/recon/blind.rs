//! Blind reconstruction: the image of a slice and what is unknown beside it, drawn together.

use super::ReconError;
use super::draw::{Draw, Source};
use super::parts::{Part, Parts};
use super::rule::pair_rule;
use super::slice::{SliceResult, Task};
use super::start;
use crate::guidance::{Measurement, NormalSpectrum};
use crate::score::{Channels, Pair};
use operators::product::OfImage;
use operators::{Operator, Product, Result};
use serde::Serialize;
use std::fmt::Write as _;

/// What is unknown beside the image of a slice: the operator of pairs, in units of the prior, and what its
/// white coefficients mean.
pub(super) trait Nuisance<T> {
    /// The operator of pairs.
    fn operator(&self) -> &dyn Operator<Product<T>>;
    /// Coefficients of zero, batch 1.
    fn blank(&self) -> T;
    /// Name and unit of its values, and their shape.
    fn about(&self) -> (&'static str, &'static str, Vec<usize>);
    /// The values of each item, in that unit and shape.
    fn values(&self, n: &T) -> Result<Vec<Vec<f64>>>;
}

/// What the report says of it.
#[derive(Debug, Serialize)]
pub(super) struct NuisanceReport {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) shape: Vec<usize>,
    /// Posterior mean of the values in C order.
    pub(super) mean: Vec<f64>,
    /// Posterior deviation, by `n / (n - 1)`; absent of one sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) std: Option<Vec<f64>>,
    /// The root of the mean square of the deviations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rms_std: Option<f64>,
}

impl NuisanceReport {
    fn new<T>(nuisance: &dyn Nuisance<T>, coefficients: &T) -> Result<Self> {
        let samples = nuisance.values(coefficients)?;
        let (name, unit, shape) = nuisance.about();
        let count = samples.len() as f64;
        let moment = |f: &dyn Fn(usize, f64) -> f64, over: f64| -> Vec<f64> {
            let at = |i: usize| samples.iter().map(|s| f(i, s[i])).sum::<f64>() / over;
            (0..samples.first().map_or(0, Vec::len)).map(at).collect()
        };
        let mean = moment(&|_, v| v, count);
        let variance =
            (samples.len() > 1).then(|| moment(&|i, v| (v - mean[i]).powi(2), count - 1.0));
        let rms = |v: &Vec<f64>| (v.iter().sum::<f64>() / v.len() as f64).sqrt();
        Ok(NuisanceReport {
            name,
            unit,
            shape,
            rms_std: variance.as_ref().map(rms),
            std: variance.map(|v| v.into_iter().map(f64::sqrt).collect()),
            mean,
        })
    }

    /// Mean and deviation for the page: a picture of what has two axes, numbers of the rest.
    pub(super) fn cells(&self) -> [String; 2] {
        let numbers = |values: &[f64]| {
            let words: Vec<String> = values.iter().map(|v| format!("{v:.4}")).collect();
            words.join(" ")
        };
        match self.shape[..] {
            [_, columns] => [
                picture(&self.mean, columns),
                self.rms_std.map_or("-".into(), |rms| {
                    format!("{rms:.4}, the root of their mean square")
                }),
            ],
            _ => [
                numbers(&self.mean),
                self.std.as_deref().map_or("-".into(), numbers),
            ],
        }
    }
}

/// Values as squares, from white (0 and below) to black (the largest).
fn picture(values: &[f64], columns: usize) -> String {
    let most = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let rows = values.len() / columns.max(1);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {columns} {rows}\" style=\"width:10em;border:1px solid #ccc\" \
         shape-rendering=\"crispEdges\">"
    );
    for (i, v) in values.iter().enumerate() {
        let grey = (255.0 * (1.0 - (v / most).clamp(0.0, 1.0))).round();
        let (x, y) = (i % columns, i / columns);
        let _ = write!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"1\" height=\"1\" fill=\"rgb({grey},{grey},{grey})\"/>"
        );
    }
    svg + "</svg>"
}

impl<T: Channels> Task<'_, T> {
    /// The images of pairs in units of the prior, and how well each pair fits: those of an earlier run, or
    /// drawn and kept. What is beside them goes to the report.
    pub(super) fn draw_pairs(
        &self,
        parts: &Parts,
        nuisance: &dyn Nuisance<T>,
        result: &mut SliceResult<T>,
        tick: &mut dyn FnMut() -> bool,
    ) -> std::result::Result<(T, Vec<f64>), ReconError> {
        let failed = ReconError::at(self.slice);
        let plain = self.prepared.measurement();
        let likelihood = OfImage(plain.likelihood);
        let data = Measurement::new(nuisance.operator(), &likelihood);
        let at = Product::new(self.prepared.reference()?, nuisance.blank());
        let normal = self.normal(&plain, &data, &at)?;
        let data = Measurement {
            normal: Some(&normal),
            ..data
        };
        let sampler = self.sampler(&data, &at)?;
        result.drawn_by(&sampler, self.prepared.noise_floor());
        let pairs = match self.kept(parts, &at, tick, sampler.evaluations()) {
            Some(pairs) => pairs,
            None => {
                let pairs = self.drawn(&sampler, &data, &at, result, tick)?;
                parts.save(self.slice, Part::Image, &pairs.image)?;
                if let Some(n) = &pairs.nuisance {
                    parts.save(self.slice, Part::Nuisance, n)?;
                }
                pairs
            }
        };
        let misfits = data.misfit(&pairs).map_err(&failed)?;
        if let Some(n) = &pairs.nuisance {
            result.nuisance = Some(NuisanceReport::new(nuisance, n).map_err(&failed)?);
        }
        Ok((pairs.image, misfits))
    }

    /// The sampler of pairs, its start resolved around the classical image and coefficients of zero, batch 1.
    ///
    /// Errors: a method that has none, which the protocol's check refuses.
    fn sampler(
        &self,
        data: &Measurement<'_, Product<T>>,
        at: &Product<T>,
    ) -> std::result::Result<Draw<Product<T>>, ReconError> {
        let method = &self.plan.method;
        match (pair_rule(method), &self.plan.prior) {
            (Some(rule), Some(prior)) => {
                let method = start::resolved_beside(self.plan, data, at, (prior, self.slice))?;
                let noise = self.prepared.noise_floor();
                Ok(Draw::with(rule, &method, prior, noise))
            }
            _ => Err(ReconError::Request(format!(
                "method `{}` does not draw what is unknown beside an image: take bridge or dps",
                method.name()
            ))),
        }
    }

    /// The pairs of an earlier run, like `at` but for their number, whose evaluations are told.
    fn kept(
        &self,
        parts: &Parts,
        at: &Product<T>,
        tick: &mut dyn FnMut() -> bool,
        evaluations: usize,
    ) -> Option<Product<T>> {
        let image = parts.load(self.slice, Part::Image, &at.image)?;
        let beside = parts.load(self.slice, Part::Nuisance, at.nuisance.as_ref()?)?;
        (image.batch() == beside.batch()).then(|| {
            (0..evaluations).all(|_| tick());
            Product::new(image, beside)
        })
    }

    /// How strongly the data hold image and nuisance, around the classical image `at`.
    fn normal(
        &self,
        plain: &Measurement<'_, T>,
        data: &Measurement<'_, Product<T>>,
        at: &Product<T>,
    ) -> std::result::Result<NormalSpectrum, ReconError> {
        let of_image = match plain.normal {
            Some(normal) => Ok(normal.clone()),
            None => NormalSpectrum::measure(plain, &at.image, self.plan.options.seed),
        };
        let both = of_image.and_then(|normal| normal.beside(data, at));
        both.map_err(ReconError::at(self.slice))
    }

    /// New pairs; `at`: the classical image and coefficients of zero, batch 1.
    fn drawn(
        &self,
        sampler: &Draw<Product<T>>,
        data: &Measurement<'_, Product<T>>,
        at: &Product<T>,
        result: &mut SliceResult<T>,
        tick: &mut dyn FnMut() -> bool,
    ) -> std::result::Result<Product<T>, ReconError> {
        let prior = self.plan.prior.as_ref().expect("pairs are drawn with one");
        let start = sampler.start(self)?;
        let blank = at.nuisance.as_ref().expect("a pair").zeros_like();
        // The law of the noised coefficients, whatever the image starts from.
        let wide = (1.0 + sampler.schedule.max().powi(2)).sqrt();
        let source = Source {
            start: &|count, rng| {
                let image = sampler.first(&start, count, rng);
                Product::new(image, blank.repeat(count).normal_like(rng).scaled(wide))
            },
            prior: &Pair { image: prior },
            data,
        };
        let (batches, geometry) = sampler.batches(self.plan, self.slice, &source, tick)?;
        result.geometry = geometry.levels(prior);
        let failed = ReconError::at(self.slice);
        let (images, beside): (Vec<_>, Vec<_>) =
            batches.into_iter().map(|p| (p.image, p.nuisance)).unzip();
        let beside: Vec<T> = beside.into_iter().flatten().collect();
        Ok(Product::new(
            T::concatenate(&images).map_err(&failed)?,
            T::concatenate(&beside).map_err(&failed)?,
        ))
    }
}
