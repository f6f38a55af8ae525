//! The samples of a whole volume at once, for a method that looks from slice to slice.

use super::draw::Draw;
use super::geometry::{Geometry, Level};
use super::parts::{Part, Parts};
use super::rule;
use super::study::{Slice, Study};
use super::{Plan, ReconError, start};
use crate::guidance::{DdsVolume, SampleError, Seen, sample};
use crate::protocol::Method;
use crate::score::{Channels, Model};
use operators::SliceRng;
use std::collections::VecDeque;
use std::ops::Range;

/// Rounds of the alternating directions at each noise level; they go on from level to level.
const ROUNDS: usize = 2;

/// A slice with the samples that it has in the volume.
pub(super) struct Section<'a, T> {
    pub(super) prepared: Box<dyn Slice<T> + 'a>,
    pub(super) samples: T,
    /// Empty where the samples are those of an earlier run.
    pub(super) geometry: Vec<Level>,
}

/// The slices of the range with their samples, drawn together where the method has a `z_step` and there are
/// neighbours; nothing elsewhere. `tick` is told of every network evaluation and may stop it.
pub(super) fn draw<'a, T: Channels>(
    plan: &'a Plan,
    (study, range): (&mut dyn Study<T>, Range<usize>),
    parts: Option<&Parts>,
    tick: &mut dyn FnMut() -> bool,
) -> Result<Option<VecDeque<Section<'a, T>>>, ReconError> {
    let (Method::Dds(m), Some(prior), Some(parts)) = (&plan.method, &plan.prior, parts) else {
        return Ok(None);
    };
    let Some(step) = m.z_step.filter(|_| range.len() > 1) else {
        return Ok(None);
    };
    let mut prepared = Vec::with_capacity(range.len());
    for index in range.clone() {
        prepared.push(study.slice(plan, index)?);
    }
    let kept: Option<Vec<T>> = prepared
        .iter()
        .zip(range.clone())
        .map(|(slice, index)| parts.load(index, Part::Image, &slice.blank()))
        .collect();
    let drawn: Vec<(T, Vec<Level>)> = match kept {
        Some(kept) => {
            let all = range.len() * m.levels * m.samples;
            (0..all).all(|_| tick());
            kept.into_iter().map(|x| (x, Vec::new())).collect()
        }
        None => {
            let slices: Vec<_> = prepared.iter().map(|s| s.measurement()).collect();
            let rule = DdsVolume {
                dds: rule::dds(m),
                step,
                rounds: ROUNDS,
                slices: &slices,
            };
            let stack = Stack {
                plan,
                prepared: &prepared,
                range: range.clone(),
            };
            let drawn = stack.samples(&rule, prior, tick)?;
            for (index, (samples, _)) in range.zip(&drawn) {
                parts.save(index, Part::Image, samples)?;
            }
            drawn
        }
    };
    let sections = prepared.into_iter().zip(drawn);
    let section = |(prepared, (samples, geometry))| Section {
        prepared,
        samples,
        geometry,
    };
    Ok(Some(sections.map(section).collect()))
}

/// Slices that are drawn together.
struct Stack<'s, 'a, T: Clone + 'static> {
    plan: &'a Plan,
    prepared: &'s [Box<dyn Slice<T> + 'a>],
    range: Range<usize>,
}

impl<T: Channels> Stack<'_, '_, T> {
    /// The samples of each slice and the states on their way. A sample is a volume, whose items are its
    /// slices, each with the stream of random numbers that it has by itself.
    fn samples(
        &self,
        rule: &DdsVolume<'_, T>,
        prior: &Model,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<(T, Vec<Level>)>, ReconError> {
        let first = self.range.start;
        let floors = self.prepared.iter().map(|s| s.noise_floor());
        let floor = floors.fold(f64::INFINITY, f64::min);
        // The slices go down together: from the level of the first.
        let at = (prior, self.range.start);
        let method = start::resolved(self.plan, self.prepared[0].as_ref(), at, &self.plan.method)?;
        let draw = Draw::<T>::of(&method, prior, floor);
        let start = self.start(draw.warm)?;
        let mut all = vec![Vec::new(); self.range.len()];
        let mut geometry: Vec<Geometry> = all.iter().map(|_| Geometry::default()).collect();
        for n in 0..draw.samples {
            let items = self.range.clone().map(|slice| (slice as u32, n as u32));
            let mut rng = SliceRng::new(self.plan.options.seed, items);
            let mut x = start.normal_like(&mut rng);
            x.scale(&[draw.schedule.max()]);
            x.axpy(&[1.0], &start);
            let mut each = |seen: &Seen<'_, T>| {
                for (geometry, distance) in geometry.iter_mut().zip(seen.distance) {
                    geometry.add_some(seen, &[*distance]);
                }
                self.range.clone().all(|_| tick())
            };
            let drawn = sample(rule, prior, None, &draw.schedule, x, &mut rng, &mut each);
            let x = drawn.map_err(|source| self.failed(n, source))?;
            for (i, samples) in all.iter_mut().enumerate() {
                samples.push(x.items(i, i + 1));
            }
        }
        let together = |(samples, geometry): (Vec<T>, &Geometry)| {
            let samples = T::concatenate(&samples).map_err(ReconError::at(first))?;
            Ok((samples, geometry.levels(prior)))
        };
        all.into_iter().zip(&geometry).map(together).collect()
    }

    /// An item of sample n is a slice.
    fn failed(&self, n: usize, source: SampleError) -> ReconError {
        let first = self.range.start;
        match source {
            SampleError::Interrupted => ReconError::Interrupted { slice: first },
            SampleError::Diverged {
                what,
                step,
                steps,
                sigma,
                item,
            } => ReconError::Sampling {
                slice: first + item,
                source: SampleError::Diverged {
                    what,
                    step,
                    steps,
                    sigma,
                    item: n,
                },
            },
            source => ReconError::Sampling {
                slice: first,
                source,
            },
        }
    }

    /// The classical image of every slice where samplers start from it, zeros elsewhere.
    fn start(&self, warm: bool) -> Result<T, ReconError> {
        let slices = self.prepared.iter();
        let all: Result<Vec<T>, _> = slices
            .map(|s| match warm {
                true => s.reference(),
                false => Ok(s.blank()),
            })
            .collect();
        T::concatenate(&all?).map_err(ReconError::at(self.range.start))
    }
}
