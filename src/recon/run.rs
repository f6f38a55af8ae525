//! A run: open, whiten, find the scale, reconstruct slice by slice, write, report.

use super::output::{About, Kept, Outputs, Pictures, stack, summarise};
use super::report::{PriorReport, Report, SliceReport, StageTime, peak_memory_bytes};
use super::slice::{REFERENCE, Sense, SliceResult, evaluations, reconstruct};
use super::{Grid, Noise, Plan, Prepared, ReconError};
use crate::io::{KSpaceSource, ReadOptions, open_k_space, read_volume};
use crate::metrics::Metrics;
use crate::progress::Progress;
use crate::protocol::{Acquisition, Method};
use crate::score::{Channels, Denoiser};
use ndarray::{Array2, Array3, s};
use num_complex::Complex32;
use operators::array::Torch;
use operators::{Host, SliceRng, Vector};
use std::time::Instant;
use tch::{Device, Kind};

/// Slices that set the volume's scale, at most: evenly spaced, whatever `--slices` says.
const SCALE_SLICES: usize = 16;
/// Misfit outside this is warned of.
const MISFIT_BAND: [f64; 2] = [0.9, 1.1];
/// Noise deviation at which a prior is tried on the image.
const TRIAL_SIGMA: f64 = 0.1;

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

fn run_on<T: Channels>(
    plan: &Plan,
    device: &T::Device,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<String, ReconError> {
    let opened = Instant::now();
    let mut source = open(plan)?;
    let grid = Grid::new(source.header())?;
    let noise = Noise::find(source.as_mut(), &plan.protocol.preparation, &grid)?;
    let mut report = Report::new(plan, &noise)?;
    report.warnings = warnings(plan, source.as_ref(), &noise);
    report.affine_lps_mm = grid.affine_lps_mm;
    report.geometry_known = source.header().geometry_known;
    let range = slices(plan, source.header().slices)?;
    let truth = truth(plan, &range, &grid)?;
    report.stages.push(stage("reading", opened));

    let began = Instant::now();
    let unit = match &plan.prior {
        Some(prior) => {
            let q = prior.card.quantile;
            let value = scale::<T>(plan, device, source.as_mut(), &noise, &grid, q)?;
            value / prior.card.quantile_value
        }
        None => 1.0,
    };
    report.stages.push(stage("scale", began));

    let began = Instant::now();
    let mut outputs = Outputs::create(
        plan,
        &About {
            grid: &grid,
            slices: range.len(),
            samples: plan.method.samples().unwrap_or(0),
            coils: if needs_maps(&plan.method) {
                source.header().coils
            } else {
                0
            },
            scale: noise.scale,
            provenance: serde_json::to_string(&report).unwrap_or_default(),
        },
    )?;
    let bar = progress.stage(
        plan.method.name(),
        (evaluations(&plan.method) * range.len()) as u64,
    );
    for (place, index) in range.clone().enumerate() {
        let at = Instant::now();
        if interrupted() {
            return Err(ReconError::Interrupted { slice: index });
        }
        let prepared = Prepared::new(&source.slice(index)?, &noise, &grid)?;
        let mut tick = || {
            bar.step();
            !interrupted()
        };
        let result = reconstruct::<T>(plan, device, &prepared, index, unit, &mut tick)?;
        if report.adjoint_gap.is_none() {
            report.adjoint_gap = result.adjoint_gap;
            report.prior = prior_report(plan, &result, unit)?;
        }
        report.slices.push(SliceReport {
            index,
            misfit: result.misfit,
            steps: result.steps,
            network_evaluations: result.network_evaluations,
            seconds: at.elapsed().as_secs_f64(),
            metrics: None,
        });
        outputs.write(
            place,
            pictures(&plan.method, result, &grid, noise.scale as f32),
        )?;
    }
    bar.finish();
    report.stages.push(stage("reconstruction", began));

    let (kept, pictures) = outputs.finish()?;
    if let Some(truth) = truth {
        measure(&mut report, &kept, &truth);
    }
    fit_warnings(&mut report, &plan.method);
    report.peak_memory_bytes = peak_memory_bytes();
    report.write(plan, &pictures)?;
    Ok(words(plan, &report))
}

fn stage(name: &'static str, began: Instant) -> StageTime {
    StageTime {
        name,
        seconds: began.elapsed().as_secs_f64(),
    }
}

fn needs_maps(method: &Method) -> bool {
    !matches!(method, Method::ZeroFilled(_))
}

fn open(plan: &Plan) -> Result<Box<dyn KSpaceSource>, ReconError> {
    let p = &plan.protocol.preparation;
    let fov_mm = plan
        .protocol
        .acquisition
        .as_ref()
        .map(|Acquisition::Cartesian(c)| c.fov_mm);
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

/// The magnitude at quantile `q` of the CG-SENSE images of the volume, in whitened units.
fn scale<T: Channels>(
    plan: &Plan,
    device: &T::Device,
    source: &mut dyn KSpaceSource,
    noise: &Noise,
    grid: &Grid,
    q: f64,
) -> Result<f64, ReconError> {
    let slices = source.header().slices;
    let count = slices.min(SCALE_SLICES);
    let mut magnitudes = Vec::new();
    for index in (0..count).map(|i| i * slices / count) {
        let prepared = Prepared::new(&source.slice(index)?, noise, grid)?;
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
    }
    let rank = ((magnitudes.len() - 1) as f64 * q) as usize;
    let (_, value, _) = magnitudes.select_nth_unstable_by(rank, f32::total_cmp);
    if *value > 0.0 {
        return Ok(f64::from(*value));
    }
    Err(ReconError::Request(
        "the data are zero almost everywhere: there is nothing to reconstruct".into(),
    ))
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

/// The prior on the report, tried on the image that came out: noise of a known level is added and
/// removed, and the error compared with the card's.
fn prior_report(
    plan: &Plan,
    result: &SliceResult,
    unit: f64,
) -> Result<Option<PriorReport>, ReconError> {
    let Some(prior) = &plan.prior else {
        return Ok(None);
    };
    let error_over_card = match (result.samples.is_empty(), &prior.card) {
        (true, _) => None,
        (false, card) => {
            let (mean, _) = summarise(&result.samples);
            let elements: Vec<Complex32> = mean.iter().map(|z| z / unit as f32).collect();
            let (rows, columns) = mean.dim();
            let x = Host::<f32>::from_complex(&[1, rows, columns], &elements);
            let mut noisy = x.clone();
            let mut rng = SliceRng::samples(plan.options.seed ^ 0x5452_4941_4c21, 0, 1);
            noisy.axpy(&[TRIAL_SIGMA], &x.normal_like(&mut rng));
            let error = prior
                .denoise(&noisy, TRIAL_SIGMA)
                .map_err(ReconError::at(0))?
                .minus(&x);
            let relative =
                error.dot(&error)[0] / (Vector::reals(&error) as f64 * TRIAL_SIGMA.powi(2));
            card.relative_error(TRIAL_SIGMA).map(|e| relative / e)
        }
    };
    Ok(Some(PriorReport {
        name: prior.card.name.clone(),
        weights_sha256: prior.card.weights_sha256.clone(),
        training_set: prior.card.training_set.clone(),
        unit,
        error_over_card,
    }))
}

/// Metrics of the volume and of its slices, and those of zero-filling and CG-SENSE beside them.
fn measure(report: &mut Report, kept: &Kept, truth: &Array3<f32>) {
    let against = |slices: &[Array2<f32>]| stack(slices).map(|v| Metrics::measure(&v, truth));
    report.metrics = against(&kept.mean);
    let beside = [
        ("zero-filled", &kept.zero_filled),
        ("cg-sense", &kept.cg_sense),
    ];
    report.beside = beside
        .into_iter()
        .filter(|(name, _)| *name != report.method)
        .filter_map(|(name, slices)| against(slices).map(|m| (name, m)))
        .collect();
    for (i, slice) in report.slices.iter_mut().enumerate() {
        let one = |v: &Array3<f32>| v.slice(s![i..i + 1, .., ..]).to_owned();
        slice.metrics =
            stack(&kept.mean[i..i + 1]).map(|mean| Metrics::measure(&mean, &one(truth)));
    }
}

/// What the user should know before looking at the image.
fn warnings(plan: &Plan, source: &dyn KSpaceSource, noise: &Noise) -> Vec<String> {
    let header = source.header();
    let mut found = header.warnings.clone();
    if noise.estimated {
        found.push(format!(
            "the noise level {:.4e} is an estimate ({}); give preparation.noise_std or a noise \
             scan to replace it",
            noise.scale, noise.rule
        ));
    }
    if let Some(Acquisition::Cartesian(c)) = &plan.protocol.acquisition {
        let says = [c.matrix[1], c.matrix[0]];
        if says != header.recon {
            found.push(format!(
                "the protocol's matrix is {} x {} (readout, phase), the file's {} x {}: the \
                 file's is used",
                says[1], says[0], header.recon[1], header.recon[0]
            ));
        }
        if c.coils != header.coils {
            found.push(format!(
                "the protocol has {} coils, the file {}: the file's are used",
                c.coils, header.coils
            ));
        }
    }
    found
}

/// Warnings of a bad fit.
fn fit_warnings(report: &mut Report, method: &Method) {
    if method.needs_prior() && !matches!(method, Method::Unconditional(_)) {
        for s in &report.slices {
            let Some(misfit) = s.misfit else { continue };
            if !(MISFIT_BAND[0]..=MISFIT_BAND[1]).contains(&misfit) {
                report.warnings.push(format!(
                    "slice {}: the misfit is {misfit:.2}, not 1: the prior or the noise level \
                     does not fit these data, and the error bars are not calibrated",
                    s.index
                ));
            }
        }
    }
    if let Some(ratio) = report.prior.as_ref().and_then(|p| p.error_over_card)
        && ratio > 2.0
    {
        report.warnings.push(format!(
            "the prior's denoising error on this image is {ratio:.1} times that of its model \
             card: it was not trained on such images"
        ));
    }
}

/// The lines for standard output.
fn words(plan: &Plan, report: &Report) -> String {
    let mut out = format!("{}: {} slice(s)", report.method, report.slices.len());
    let misfits: Vec<f64> = report.slices.iter().filter_map(|s| s.misfit).collect();
    if !misfits.is_empty() {
        let mean = misfits.iter().sum::<f64>() / misfits.len() as f64;
        out += &format!(", misfit {mean:.3} (1 is calibrated)");
    }
    out.push('\n');
    if let Some(own) = &report.metrics {
        out += "against the truth    PSNR dB    SSIM     NMSE\n";
        for (name, m) in report.beside.iter().copied().chain([(report.method, *own)]) {
            out += &format!(
                "  {name:<18} {:7.2}  {:.4}  {:.5}\n",
                m.psnr, m.ssim, m.nmse
            );
        }
    }
    for w in &report.warnings {
        out += &format!("warning: {w}\n");
    }
    out + &format!("written to {}\n", plan.options.output.display())
}
