//! A run: open, find the scale, reconstruct slice by slice, write, report.

use super::draw::evaluations;
use super::imaging::{self, Affine};
use super::mri;
use super::output::{About, Outputs};
use super::parts::Parts;
use super::report::{Report, SliceReport, StageTime, peak_memory_bytes};
use super::slice::Task;
use super::study::{Facts, Study};
use super::summary::Shown;
use super::texture::{Found, texture};
use super::truth::read_truth;
use super::verdict::{fit_warnings, measure, prior_report, words};
use super::volume;
use super::{Plan, ReconError};
use crate::progress::Progress;
use crate::protocol::Modality;
use crate::score::Channels;
use operators::array::Torch;
use operators::{Host, Operator};
use std::collections::VecDeque;
use std::ops::Range;
use std::time::Instant;
use tch::{Device, Kind};

/// Carries out a plan and returns the words for the user.
pub fn run(
    plan: Plan,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<String, ReconError> {
    match plan.device {
        Device::Cpu => run_on::<Host<f32>>(plan, (), progress, interrupted),
        device => run_on::<Torch>(plan, (device, Kind::Float), progress, interrupted),
    }
}

/// A scan that is ready to be reconstructed.
struct Session<T> {
    study: Box<dyn Study<T>>,
    facts: Facts,
    range: Range<usize>,
    report: Report,
}

fn run_on<T: Channels>(
    mut plan: Plan,
    device: T::Device,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<String, ReconError>
where
    Affine<T>: Operator<T>,
{
    let mut session = Session::<T>::open(&plan, device, progress, interrupted)?;
    let truth = plan.options.truth.as_deref();
    let truth = truth.map(|path| read_truth(path, &session.facts, &session.range));
    let truth = truth.transpose()?;
    let mut outputs = Outputs::create(&plan, &session.about(&plan), &session.report)?;
    let parts = match plan.prior {
        Some(_) => Some(Parts::open(&plan, &session.report.inputs, &session.range)?),
        None => None,
    };
    // After everything that may be refused: it takes minutes.
    let texture = session.textured(&mut plan, parts.as_ref(), progress, interrupted)?;
    let plan = &plan;
    let began = Instant::now();
    session.reconstruct(plan, &mut outputs, parts.as_ref(), progress, interrupted)?;
    let mut report = session.report;
    report
        .warnings
        .extend(texture.as_ref().and_then(Found::warning));
    if let Some(prior) = &mut report.prior {
        prior.texture = texture;
    }
    report.stages.push(stage("reconstruction", began));
    if let Some(truth) = truth {
        measure(&mut report, &outputs.kept, &truth, plan.method.samples());
    }
    fit_warnings(&mut report, &plan.method);
    report.peak_memory_bytes = peak_memory_bytes();
    let (pictures, staging) = outputs.finish()?;
    report.write(&staging, &pictures)?;
    staging.publish()?;
    if let Some(parts) = parts {
        parts.discard();
    }
    Ok(words(plan, &report))
}

impl<T: Channels> Session<T>
where
    Affine<T>: Operator<T>,
{
    /// Opens the scan and finds the volume's scale.
    fn open(
        plan: &Plan,
        device: T::Device,
        progress: &Progress,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Self, ReconError> {
        let began = Instant::now();
        let mut study: Box<dyn Study<T>> = match plan.protocol.modality {
            Modality::Ct => Box::new(super::ct::Scan::<T>::open(plan, device)?),
            Modality::Imaging => Box::new(imaging::Scan::open(plan, device)?),
            Modality::Mri => Box::new(mri::Scan::open(plan, device)?),
        };
        let facts = study.facts();
        let mut report = Report::new(plan, &facts)?;
        let range = slices(plan, facts.slices)?;
        report.affine_lps_mm = facts.affine_from(range.start);
        report.stages.push(stage("reading", began));
        let began = Instant::now();
        study.find_unit(plan, progress, interrupted)?;
        report.stages.push(stage("scale", began));
        Ok(Session {
            study,
            facts,
            range,
            report,
        })
    }

    /// Gives the prior of the plan its texture.
    fn textured(
        &mut self,
        plan: &mut Plan,
        parts: Option<&Parts>,
        progress: &Progress,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<Found>, ReconError> {
        let (Some(prior), Some(parts)) = (&plan.prior, parts) else {
            return Ok(None);
        };
        let began = Instant::now();
        let slices = self.facts.slices;
        let scan = (self.study.as_mut() as _, slices);
        let found = texture(plan, prior, scan, parts, progress, interrupted)?;
        plan.prior = Some(prior.textured(found.tau));
        self.report.stages.push(stage("texture", began));
        Ok(Some(found))
    }

    /// What the files say about themselves.
    fn about(&self, plan: &Plan) -> About<'_> {
        About {
            facts: &self.facts,
            slices: self.range.len(),
            samples: plan.method.samples().unwrap_or(0),
            affine_lps_mm: self.report.affine_lps_mm,
            provenance: serde_json::to_string(&self.report).unwrap_or_default(),
        }
    }

    /// Slice by slice.
    fn reconstruct(
        &mut self,
        plan: &Plan,
        outputs: &mut Outputs,
        parts: Option<&Parts>,
        progress: &Progress,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<(), ReconError> {
        let total = evaluations(plan) * self.range.len();
        let bar = progress.stage(plan.method.name(), total as u64);
        let shown = Shown {
            complex: self.facts.complex,
        };
        let unit = self.study.unit();
        let mut count = || {
            bar.step();
            !interrupted()
        };
        let study = self.study.as_mut();
        let mut volume = volume::draw(plan, (study, self.range.clone()), parts, &mut count)?;
        for (place, index) in self.range.clone().enumerate() {
            let began = Instant::now();
            if interrupted() {
                return Err(ReconError::Interrupted { slice: index });
            }
            let mut tick = || {
                bar.step();
                !interrupted()
            };
            let (prepared, drawn) = match volume.as_mut().and_then(VecDeque::pop_front) {
                Some(section) => (section.prepared, Some((section.samples, section.geometry))),
                None => (self.study.slice(plan, index)?, None),
            };
            let task = Task::<T> {
                plan,
                prepared: prepared.as_ref(),
                slice: index,
                parts,
                drawn,
            };
            let mut result = task.run(&mut tick)?;
            drop(prepared);
            let report = &mut self.report;
            report.adjoint_gap = report.adjoint_gap.or(result.adjoint_gap);
            // The middle slice shows most.
            if place == self.range.len() / 2 {
                report.prior = prior_report(plan, result.drawn.as_ref(), index, unit)?;
            }
            if plan.options.verbose {
                let misfit = result.misfit.map_or("none".into(), |m| format!("{m:.3}"));
                eprintln!("slice {index}: misfit {misfit}, {} steps", result.steps);
            }
            report.slices.push(SliceReport {
                index,
                misfit: result.misfit,
                steps: result.steps,
                network_evaluations: result.network_evaluations,
                first_level: result.first_level,
                last_level_over_noise: result.last_level_over_noise,
                seconds: began.elapsed().as_secs_f64(),
                metrics: None,
                nuisance: result.nuisance.take(),
                geometry: std::mem::take(&mut result.geometry),
            });
            outputs.write(place, result.pictures(shown, &plan.options.quantiles))?;
        }
        bar.finish();
        Ok(())
    }
}

fn stage(name: &'static str, began: Instant) -> StageTime {
    StageTime {
        name,
        seconds: began.elapsed().as_secs_f64(),
    }
}

/// The slices to reconstruct.
fn slices(plan: &Plan, there: usize) -> Result<Range<usize>, ReconError> {
    match plan.options.slices {
        None => Ok(0..there),
        Some((a, b)) if a < b && b <= there => Ok(a..b),
        Some((a, b)) => Err(ReconError::Request(format!(
            "--slices {a}:{b}: the file has slices 0:{there} (half open)"
        ))),
    }
}
