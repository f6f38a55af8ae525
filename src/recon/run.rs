//! A run: open, whiten, find the scale, reconstruct slice by slice, write, report.

use super::draw::evaluations;
use super::output::{About, Outputs, Pictures, stack, summarise};
use super::parts::Parts;
use super::report::{Report, SliceReport, StageTime, peak_memory_bytes};
use super::sense::{REFERENCE, Sense};
use super::slice::{SliceResult, Task};
use super::verdict::{fit_warnings, measure, prior_report, warnings, words};
use super::{Grid, Noise, Plan, Prepared, ReconError};
use crate::io::{KSpaceSource, ReadOptions, open_k_space, read_volume};
use crate::progress::Progress;
use crate::protocol::{Acquisition, Method};
use crate::score::Channels;
use ndarray::{Array2, Array3, s};
use num_complex::Complex32;
use operators::Host;
use operators::array::Torch;
use std::time::Instant;
use tch::{Device, Kind};

/// Slices that set the volume's scale, at most: evenly spaced, whatever `--slices` says.
const SCALE_SLICES: usize = 16;
/// Carries out a plan and returns the words for the user.
pub fn run(
    plan: &Plan,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<String, ReconError> {
    match plan.device {
        Device::Cpu => run_on::<Host<f32>>(plan, &(), progress, interrupted),
        device => run_on::<Torch>(plan, &(device, Kind::Float), progress, interrupted),
    }
}

/// A raw file that is ready to be reconstructed.
struct Session {
    source: Box<dyn KSpaceSource>,
    grid: Grid,
    noise: Noise,
    range: std::ops::Range<usize>,
    /// One unit of the prior, in units of the whitened data.
    unit: f64,
    report: Report,
}

fn run_on<T: Channels>(
    plan: &Plan,
    device: &T::Device,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<String, ReconError> {
    let mut session = Session::open::<T>(plan, device, progress, interrupted)?;
    let truth = truth(plan, &session.range, &session.grid)?;
    let mut outputs = Outputs::create(plan, &session.about(plan))?;
    let parts = match plan.prior {
        Some(_) => Some(Parts::open(plan, &session.report.inputs[0].sha256)?),
        None => None,
    };
    let began = Instant::now();
    session.reconstruct::<T>(
        plan,
        device,
        &mut outputs,
        parts.as_ref(),
        progress,
        interrupted,
    )?;
    let mut report = session.report;
    report.stages.push(stage("reconstruction", began));
    if let Some(truth) = truth {
        measure(&mut report, &outputs.kept, &truth);
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

impl Session {
    /// Opens the raw file, finds its noise and the volume's scale.
    fn open<T: Channels>(
        plan: &Plan,
        device: &T::Device,
        progress: &Progress,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Self, ReconError> {
        let began = Instant::now();
        let mut source = open(plan)?;
        let grid = Grid::new(source.header())?;
        let noise = Noise::find(source.as_mut(), &plan.protocol.preparation, &grid)?;
        let mut report = Report::new(plan, &noise)?;
        report.warnings = warnings(plan, source.as_ref(), &noise);
        report.geometry_known = source.header().geometry_known;
        let range = slices(plan, source.header().slices)?;
        report.affine_lps_mm = grid.affine_from(range.start);
        report.stages.push(stage("reading", began));
        let began = Instant::now();
        let mut session = Session {
            source,
            grid,
            noise,
            range,
            unit: 1.0,
            report,
        };
        if let Some(prior) = &plan.prior {
            let q = prior.card.quantile;
            let value = session.scale::<T>(plan, device, q, progress, interrupted)?;
            session.unit = value / prior.card.quantile_value;
        }
        session.report.stages.push(stage("scale", began));
        Ok(session)
    }

    /// What the files say about themselves.
    fn about(&self, plan: &Plan) -> About<'_> {
        let coils = self.source.header().coils;
        About {
            grid: &self.grid,
            slices: self.range.len(),
            samples: plan.method.samples().unwrap_or(0),
            coils: if matches!(plan.method, Method::ZeroFilled(_)) {
                0
            } else {
                coils
            },
            affine_lps_mm: self.report.affine_lps_mm,
            scale: self.noise.scale,
            provenance: serde_json::to_string(&self.report).unwrap_or_default(),
        }
    }

    /// The magnitude at quantile `q` of the CG-SENSE images of the volume, in whitened units.
    fn scale<T: Channels>(
        &mut self,
        plan: &Plan,
        device: &T::Device,
        q: f64,
        progress: &Progress,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<f64, ReconError> {
        let slices = self.source.header().slices;
        let count = slices.min(SCALE_SLICES);
        let bar = progress.stage("scale of the volume", count as u64);
        let mut magnitudes = Vec::new();
        for index in (0..count).map(|i| i * slices / count) {
            if interrupted() {
                return Err(ReconError::Interrupted { slice: index });
            }
            let prepared = Prepared::new(&self.source.slice(index)?, &self.noise, &self.grid)?;
            let sense = Sense::<T>::new(plan, device, &prepared, index)?;
            let x = sense
                .cg_sense(REFERENCE.0, REFERENCE.1)
                .map_err(ReconError::at(index))?;
            magnitudes.extend(
                sense
                    .images(&x)
                    .iter()
                    .flat_map(|i| i.iter().map(|z| z.norm())),
            );
            bar.step();
        }
        bar.finish();
        let rank = ((magnitudes.len() - 1) as f64 * q) as usize;
        let (_, value, _) = magnitudes.select_nth_unstable_by(rank, f32::total_cmp);
        if *value > 0.0 {
            return Ok(f64::from(*value));
        }
        let why = "the data are zero almost everywhere: there is nothing to reconstruct";
        Err(ReconError::Request(why.into()))
    }

    /// Slice by slice.
    fn reconstruct<T: Channels>(
        &mut self,
        plan: &Plan,
        device: &T::Device,
        outputs: &mut Outputs,
        parts: Option<&Parts>,
        progress: &Progress,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<(), ReconError> {
        let total = evaluations(plan) * self.range.len();
        let bar = progress.stage(plan.method.name(), total as u64);
        for (place, index) in self.range.clone().enumerate() {
            let began = Instant::now();
            if interrupted() {
                return Err(ReconError::Interrupted { slice: index });
            }
            let raw = self.source.slice(index)?;
            let prepared = Prepared::new(&raw, &self.noise, &self.grid)?;
            let mut tick = || {
                bar.step();
                !interrupted()
            };
            let task = Task::<T> {
                plan,
                device,
                prepared: &prepared,
                slice: index,
                unit: self.unit,
                sigma: self.noise.sigma,
                parts,
            };
            let result = task.run(&mut tick)?;
            self.report.adjoint_gap = self.report.adjoint_gap.or(result.adjoint_gap);
            // The middle slice shows most.
            if place == self.range.len() / 2 {
                self.report.prior = prior_report(plan, &result, index, self.unit)?;
            }
            if plan.options.verbose {
                let misfit = result.misfit.map_or("none".into(), |m| format!("{m:.3}"));
                eprintln!("slice {index}: misfit {misfit}, {} steps", result.steps);
            }
            self.report.slices.push(SliceReport {
                index,
                misfit: result.misfit,
                steps: result.steps,
                network_evaluations: result.network_evaluations,
                seconds: began.elapsed().as_secs_f64(),
                metrics: None,
            });
            let scale = self.noise.scale as f32;
            outputs.write(place, pictures(&plan.method, result, &self.grid, scale))?;
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

fn open(plan: &Plan) -> Result<Box<dyn KSpaceSource>, ReconError> {
    let p = &plan.protocol.preparation;
    let fov_mm = plan
        .protocol
        .acquisition
        .as_ref()
        .and_then(Acquisition::cartesian)
        .map(|c| c.fov_mm);
    let options = ReadOptions {
        group: None,
        repetition: p.repetition,
        contrast: p.contrast,
        phase: p.phase,
        set: p.set,
        fov_mm,
    };
    Ok(open_k_space(&plan.options.input, &options)?)
}

/// The slices to reconstruct.
fn slices(plan: &Plan, there: usize) -> Result<std::ops::Range<usize>, ReconError> {
    match plan.options.slices {
        None => Ok(0..there),
        Some((a, b)) if a < b && b <= there => Ok(a..b),
        Some((a, b)) => Err(ReconError::Request(format!(
            "--slices {a}:{b}: the file has slices 0:{there} (half open)"
        ))),
    }
}

/// The truth for the chosen slices, of the right shape.
fn truth(
    plan: &Plan,
    range: &std::ops::Range<usize>,
    grid: &Grid,
) -> Result<Option<Array3<f32>>, ReconError> {
    let Some(path) = &plan.options.truth else {
        return Ok(None);
    };
    let volume = read_volume(path)?.data;
    let (n, rows, columns) = volume.dim();
    if n < range.end || [rows, columns] != grid.image {
        return Err(ReconError::Request(format!(
            "--truth {}: it is {n} x {rows} x {columns}, the image is {} x {} x {}; \
             give a volume on the same grid",
            path.display(),
            range.end,
            grid.image[0],
            grid.image[1]
        )));
    }
    Ok(Some(volume.slice(s![range.clone(), .., ..]).to_owned()))
}

/// What is written of a slice, in the units of the output.
fn pictures(method: &Method, result: SliceResult, grid: &Grid, scale: f32) -> Pictures {
    let scaled = |i: &Array2<Complex32>| grid.crop(&i.mapv(|z| z * scale));
    let zero_filled = grid.crop(&result.zero_filled.mapv(|v| v * scale));
    let cg = result.cg_sense.as_ref().map(scaled);
    let samples: Vec<_> = result.samples.iter().map(scaled).collect();
    let (mean, std) = match (method, &cg) {
        (Method::ZeroFilled(_), _) | (_, None) => {
            (zero_filled.mapv(|v| Complex32::new(v, 0.0)), None)
        }
        (Method::CgSense(_), Some(cg)) => (cg.clone(), None),
        _ => summarise(&samples),
    };
    let sensitivities = result.sensitivities.map(|maps| {
        let cropped: Vec<_> = maps
            .outer_iter()
            .map(|m| grid.crop(&m.to_owned()))
            .collect();
        stack(&cropped).unwrap_or(maps)
    });
    Pictures {
        magnitude: mean.mapv(|z| z.norm()),
        mean,
        std,
        samples,
        zero_filled,
        cg_sense: cg.map(|c| c.mapv(|z| z.norm())),
        sensitivities,
    }
}
