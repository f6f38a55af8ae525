//! One slice through the method of the plan.

use super::blind::NuisanceReport;
use super::draw::Draw;
use super::geometry::Level;
use super::output::Pictures;
use super::parts::{Part, Parts};
use super::rule::bridge;
use super::study::Slice;
use super::summary::{Shown, quantile, summarise};
use super::{Plan, ReconError, start};
use crate::guidance::conditional_mean;
use crate::score::{Channels, Model};
use ndarray::{Array2, Array3};
use num_complex::Complex32;
use operators::{SliceRng, Vector};

/// What a slice gives: images in the units of the output and on its grid.
pub(super) struct SliceResult<T> {
    /// The image of a method without a prior; empty for the others.
    pub(super) image: Array2<Complex32>,
    pub(super) samples: Vec<Array2<Complex32>>,
    /// What the mean is of, where it is not of the samples themselves.
    pub(super) means: Vec<Array2<Complex32>>,
    /// Name and image of the reconstructions that stand beside.
    pub(super) beside: Vec<(&'static str, Array2<Complex32>)>,
    pub(super) sensitivities: Option<Array3<Complex32>>,
    pub(super) misfit: Option<f64>,
    pub(super) adjoint_gap: Option<f64>,
    pub(super) steps: usize,
    pub(super) network_evaluations: usize,
    /// The first noise level, in units of the prior.
    pub(super) first_level: Option<f64>,
    /// The last noise level over the noise of the data in the image.
    pub(super) last_level_over_noise: Option<f64>,
    /// The states of the sampler; empty where the samples are those of an earlier run.
    pub(super) geometry: Vec<Level>,
    /// The samples in units of the prior.
    pub(super) drawn: Option<T>,
    /// What was unknown beside the image.
    pub(super) nuisance: Option<NuisanceReport>,
}

impl<T> SliceResult<T> {
    /// Nothing yet but what stands beside.
    fn beside(beside: Vec<(&'static str, Array2<Complex32>)>) -> Self {
        SliceResult {
            image: Array2::default((0, 0)),
            samples: Vec::new(),
            means: Vec::new(),
            beside,
            sensitivities: None,
            misfit: None,
            adjoint_gap: None,
            steps: 0,
            network_evaluations: 0,
            first_level: None,
            last_level_over_noise: None,
            geometry: Vec::new(),
            drawn: None,
            nuisance: None,
        }
    }

    /// Levels and evaluations of the sampler that draws it, or drew it in an earlier run; `noise`: of the data in the image.
    pub(super) fn drawn_by<S: Vector>(&mut self, draw: &Draw<S>, noise: f64) {
        self.steps = draw.schedule.levels();
        self.network_evaluations = draw.evaluations();
        self.first_level = Some(draw.schedule.max());
        self.last_level_over_noise = draw.guided.then(|| draw.schedule.min() / noise);
    }

    /// What is written of it.
    pub(super) fn pictures(self, shown: Shown, quantiles: &[f64]) -> Pictures {
        let (mean, std) = match self.samples.is_empty() {
            true => (self.image, None),
            false => summarise(&self.samples, shown),
        };
        let mean = match self.means.is_empty() {
            true => mean,
            false => summarise(&self.means, shown).0,
        };
        Pictures {
            mean,
            std,
            quantiles: quantiles
                .iter()
                .map(|q| quantile(&self.samples, shown, *q))
                .collect(),
            samples: self.samples,
            beside: self.beside,
            sensitivities: self.sensitivities,
        }
    }
}

/// Everything that one slice is made from.
pub(super) struct Task<'a, T> {
    pub(super) plan: &'a Plan,
    pub(super) prepared: &'a dyn Slice<T>,
    /// Index in the volume.
    pub(super) slice: usize,
    pub(super) parts: Option<&'a Parts>,
    /// Samples that were drawn with the whole volume, and the states of the sampler.
    pub(super) drawn: Option<(T, Vec<Level>)>,
}

impl<T: Channels> Task<'_, T> {
    /// Reconstructs the slice; `tick` is told of every network evaluation and may stop the run.
    pub(super) fn run(&self, tick: &mut dyn FnMut() -> bool) -> Result<SliceResult<T>, ReconError> {
        let mut result = SliceResult::beside(self.prepared.beside()?);
        let made = match (&self.plan.prior, self.parts, self.prepared.nuisance()?) {
            (Some(_), Some(parts), None) => Some(self.draw(parts, &mut result, tick)?),
            (Some(_), Some(parts), Some(unknown)) => {
                Some(self.draw_pairs(parts, unknown.as_ref(), &mut result, tick)?)
            }
            _ => {
                let made = self.prepared.classical(&self.plan.method, tick)?;
                result.image = made.image;
                result.steps = made.steps;
                made.x.map(|x| self.with_misfits(x)).transpose()?
            }
        };
        let Some((x, misfits)) = made else {
            return Ok(result);
        };
        result.adjoint_gap = Some(self.prepared.adjoint_gap(self.plan.options.seed)?);
        result.misfit = Some(misfits.iter().sum::<f64>() / misfits.len() as f64);
        if let Some(prior) = &self.plan.prior {
            result.samples = self.prepared.images(&x);
            if let Some(means) = self.conditional_means(prior, &x, tick)? {
                result.network_evaluations += means.batch();
                result.means = self.prepared.images(&means);
            }
            result.drawn = Some(x);
        }
        result.sensitivities = self.prepared.sensitivities();
        Ok(result)
    }

    /// The conditional means of samples at the level `2 τ`, which draw no texture, where the mean is of these.
    fn conditional_means(
        &self,
        prior: &Model,
        samples: &T,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<Option<T>, ReconError> {
        let Some((table, tau)) = self.plan.takes_conditional_means() else {
            return Ok(None);
        };
        let [least, most] = prior.card.sigma_range;
        let sigma = (2.0 * tau).clamp(least, most);
        let (options, data) = (&self.plan.options, self.prepared.measurement());
        let mut means = Vec::new();
        for first in (0..samples.batch()).step_by(options.batch) {
            let end = samples.batch().min(first + options.batch);
            if !(first..end).all(|_| tick()) {
                return Err(ReconError::Interrupted { slice: self.slice });
            }
            let items = (first..end).map(|s| (self.slice as u32, s as u32));
            let mut rng = SliceRng::new(options.seed ^ 0x4d45_414e_5321, items);
            let part = samples.items(first, end);
            let made = conditional_mean(bridge(table), prior, &data, &part, sigma, &mut rng);
            means.push(made.map_err(ReconError::at(self.slice))?);
        }
        T::concatenate(&means)
            .map(Some)
            .map_err(ReconError::at(self.slice))
    }

    /// Images, and how well each fits.
    fn with_misfits(&self, x: T) -> Result<(T, Vec<f64>), ReconError> {
        let misfits = self.prepared.measurement().misfit(&x);
        Ok((x, misfits.map_err(ReconError::at(self.slice))?))
    }

    /// The samples in units of the prior, and how well each fits: those of an earlier run, or drawn and
    /// kept.
    fn draw(
        &self,
        parts: &Parts,
        result: &mut SliceResult<T>,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<(T, Vec<f64>), ReconError> {
        let prior = self.plan.prior.as_ref().expect("asked by the caller");
        let data = self.prepared.measurement();
        let at = (prior, self.slice);
        let method = start::resolved(self.plan, self.prepared, at, &self.plan.method)?;
        let draw = Draw::<T>::of(&method, prior, self.prepared.noise_floor());
        result.drawn_by(&draw, self.prepared.noise_floor());
        if let Some((x, geometry)) = &self.drawn {
            result.geometry = geometry.clone();
            return self.with_misfits(x.clone());
        }
        if let Some(x) = parts.load(self.slice, Part::Image, &self.prepared.blank()) {
            (0..result.network_evaluations).all(|_| tick());
            return self.with_misfits(x);
        }
        let (x, geometry) = draw.samples(self, prior, &data, tick)?;
        result.geometry = geometry.levels(prior);
        parts.save(self.slice, Part::Image, &x)?;
        self.with_misfits(x)
    }
}
