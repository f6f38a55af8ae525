//! A phantom through simulation and several methods, by the command line's own path.

use super::bench::Bench;
use super::error::Failure;
use super::evidence::{Evidence, Panel, Table};
use super::toolkit::Job;
use crate::protocol::{Data, Modality, Protocol, methods};
use ndarray::{Array2, Array3, Axis};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The methods that a whole image is asked of, classical ones first. `smc` is for small problems, where
/// `guidance.particles` judges it.
pub(super) fn every_method(modality: Modality) -> Vec<&'static str> {
    let asked = |name: &str| !["unconditional", "smc"].contains(&name);
    methods()
        .iter()
        .filter(|m| m.modalities.contains(&modality) && asked(m.name))
        .map(|m| m.name)
        .collect()
}

/// A scan and its truth.
pub(super) struct Scanned {
    pub protocol: Protocol,
    pub raw: PathBuf,
    pub truth_path: PathBuf,
    pub truth: Array3<f32>,
}

/// What a method made of it.
pub(super) struct Made {
    pub method: String,
    pub mean: Array3<f32>,
    pub std: Option<Array3<f32>>,
    pub samples: Vec<Array3<f32>>,
    /// As many as the protocol asks for; none of a method that draws none.
    pub promised: Option<usize>,
    /// How it takes the data; nothing of a method without a prior.
    pub data: Option<Data>,
    /// `report.json`.
    pub report: Value,
    /// From the image's values to the truth's: 1 of CT.
    pub scale: f32,
}

impl Made {
    /// A number of the report; NaN where there is none.
    pub fn number(&self, pointer: &str) -> f64 {
        let value = self.report.pointer(pointer).and_then(Value::as_f64);
        value.unwrap_or(f64::NAN)
    }

    /// The mean misfit of the slices; NaN if one of them has none.
    pub fn misfit(&self) -> f64 {
        let slices = self.report.pointer("/slices").and_then(Value::as_array);
        let of = |s: &Value| s.get("misfit").and_then(Value::as_f64);
        let misfits: Vec<f64> = slices
            .into_iter()
            .flatten()
            .map(|s| of(s).unwrap_or(f64::NAN))
            .collect();
        misfits.iter().sum::<f64>() / misfits.len() as f64
    }

    /// The mean of the samples, whose error their spread is held against: with a texture beside the prior the
    /// result's own has less variance.
    pub fn samples_mean(&self) -> Array3<f32> {
        let mut mean = Array3::zeros(self.mean.dim());
        for sample in &self.samples {
            mean.scaled_add(1.0 / self.samples.len() as f32, sample);
        }
        mean
    }

    /// Seconds of the reconstruction.
    pub fn seconds(&self) -> f64 {
        let slices = self.report.pointer("/slices").and_then(Value::as_array);
        let of = |s: &Value| s.get("seconds").and_then(Value::as_f64);
        slices.into_iter().flatten().filter_map(of).sum()
    }
}

/// Scans a phantom.
pub(super) fn scanned(
    bench: &Bench<'_>,
    phantom: &str,
    protocol: Protocol,
    raw: &str,
) -> Result<Scanned, Failure> {
    let job = Job {
        protocol,
        input: phantom.into(),
        output: bench.file(raw),
        truth: None,
        seed: bench.seed,
        threads: bench.threads,
        progress: bench.progress,
    };
    let truth_path = bench.toolkit.simulate(&job, bench.interrupted)?;
    Ok(Scanned {
        truth: bench.toolkit.read_volume(&truth_path)?.data,
        protocol: job.protocol,
        raw: job.output,
        truth_path,
    })
}

impl Scanned {
    /// Reconstructs the scan by several methods; one that cannot is a shut gate of its own, and the others go on.
    pub fn by_all(
        &self,
        bench: &Bench<'_>,
        evidence: &mut Evidence,
        check: &str,
        names: &[&str],
    ) -> Result<Vec<Made>, Failure> {
        let mut all = Vec::new();
        for name in names {
            match self.by(bench, name) {
                Ok(made) => all.push(made),
                Err(e) if (bench.interrupted)() => return Err(e),
                Err(e) => evidence.shut(
                    &format!("{check}.{name}.ran"),
                    &format!("the method could not be run: {e}"),
                    "a method of this modality reconstructs its phantom",
                ),
            }
        }
        Ok(all)
    }

    /// Reconstructs the scan by a method.
    pub fn by(&self, bench: &Bench<'_>, method: &str) -> Result<Made, Failure> {
        if (bench.interrupted)() {
            return Err("interrupted".into());
        }
        let mut protocol = self.protocol.clone();
        protocol.select(method)?;
        if let Some(problem) = protocol.check().into_iter().next() {
            return Err(problem.to_string().into());
        }
        let selected = protocol.selected()?;
        let output = bench.file(&format!("by-{method}"));
        let job = Job {
            protocol,
            input: self.raw.clone(),
            output: output.clone(),
            truth: Some(self.truth_path.clone()),
            seed: bench.seed,
            threads: bench.threads,
            progress: bench.progress,
        };
        bench.toolkit.recon(&job, bench.interrupted)?;
        let read = |name: &str| -> Result<Option<Array3<f32>>, Failure> {
            let path = output.join(name);
            if !path.exists() {
                return Ok(None);
            }
            Ok(Some(bench.toolkit.read_volume(&path)?.data))
        };
        let mut samples = Vec::new();
        while let Some(sample) = read(&format!("sample-{:03}.nii.gz", samples.len() + 1))? {
            samples.push(sample);
        }
        let report = report(&output)?;
        // MRI has a scale of its own, which the metrics fit; HU are not fitted.
        let fitted = report.pointer("/metrics/scale").and_then(Value::as_f64);
        let mri = self.protocol.modality == Modality::Mri;
        Ok(Made {
            method: method.to_owned(),
            scale: fitted.filter(|_| mri).unwrap_or(1.0) as f32,
            mean: read("mean.nii.gz")?.ok_or("recon wrote no mean.nii.gz")?,
            std: read("std.nii.gz")?,
            samples,
            promised: selected.samples(),
            data: selected.sampling().map(|sampling| sampling.data),
            report,
        })
    }
}

fn report(folder: &Path) -> Result<Value, Failure> {
    let path = folder.join("report.json");
    let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// `√(mean(s²) (n + 1) / n) / √mean(e²)` where a mask says: 1 is calibrated. Of CT in HU, of MRI after
/// its scale.
pub(super) fn spread_over_error(
    made: &Made,
    truth: &Array3<f32>,
    mask: &dyn Fn(f32) -> bool,
) -> f64 {
    let (Some(std), n) = (&made.std, made.samples.len() as f64) else {
        return f64::NAN;
    };
    let mean = made.samples_mean();
    let (mut spread, mut error) = (0.0, 0.0);
    let scale = made.scale;
    for ((s, x), t) in std.iter().zip(&mean).zip(truth) {
        if mask(*t) {
            spread += f64::from(scale * s).powi(2);
            error += f64::from(scale * x - t).powi(2);
        }
    }
    (spread * (n + 1.0) / n / error).sqrt()
}

/// Pictures of the middle slice: truth and every method in the same window, then |error| and std in theirs.
pub(super) fn show(
    evidence: &mut Evidence,
    title: &str,
    truth: &Array3<f32>,
    all: &[Made],
    [window, errors]: [[f32; 2]; 2],
) {
    let middle = truth.len_of(Axis(0)) / 2;
    let slice = |v: &Array3<f32>| -> Array2<f32> { v.index_axis(Axis(0), middle).to_owned() };
    let mut panels = vec![Panel::new("truth", &slice(truth), window)];
    for made in all {
        let mean = slice(&made.mean) * made.scale;
        panels.push(Panel::new(made.method.as_str(), &mean, window));
    }
    evidence.picture(title, panels);
    let mut below = Vec::new();
    for made in all {
        let error = (slice(&made.mean) * made.scale - slice(truth)).mapv(f32::abs);
        below.push(Panel::new(
            format!("|error| {}", made.method),
            &error,
            errors,
        ));
        if let Some(std) = &made.std {
            let std = slice(std) * made.scale;
            below.push(Panel::new(format!("std {}", made.method), &std, errors));
        }
    }
    evidence.picture(
        &format!(
            "The same slice: errors and standard deviations, {} to {}",
            errors[0], errors[1]
        ),
        below,
    );
}

/// A table of the methods: rows of a name and numbers.
pub(super) fn table(
    evidence: &mut Evidence,
    title: &str,
    header: &[&str],
    all: &[Made],
    row: &dyn Fn(&Made) -> Vec<f64>,
) {
    let mut table = Table::new(title, header);
    for made in all {
        table.row(&made.method, &row(made));
    }
    evidence.tables.push(table);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Progress;
    use crate::protocol::Protocol;
    use crate::validate::suite::Extent;
    use crate::validate::toolkit::Toolkit;

    /// It reconstructs nothing.
    struct Broken;

    impl Toolkit for Broken {
        fn recon(&self, job: &Job, _: &dyn Fn() -> bool) -> Result<(), Failure> {
            Err(format!("no {}", job.protocol.selected()?.name()).into())
        }
    }

    fn asked(interrupted: &dyn Fn() -> bool) -> (Evidence, Result<Vec<Made>, Failure>) {
        let bench = Bench {
            toolkit: &Broken,
            extent: Extent::Quick,
            seed: 1,
            threads: 1,
            progress: Progress::Silent,
            scratch: Path::new("nowhere"),
            interrupted,
        };
        let scan = Scanned {
            protocol: Protocol::find("mri/brain-cartesian-r4").unwrap(),
            raw: "raw".into(),
            truth_path: "truth".into(),
            truth: Array3::zeros((1, 1, 1)),
        };
        let mut evidence = Evidence::default();
        let made = scan.by_all(&bench, &mut evidence, "c", &["dps", "dds"]);
        (evidence, made)
    }

    #[test]
    fn a_method_that_fails_shuts_its_gate_and_the_others_go_on() {
        let (evidence, made) = asked(&|| false);
        assert!(made.unwrap().is_empty());
        let gates = evidence.gates.iter().map(|g| (g.id.as_str(), g.passed));
        let gates: Vec<_> = gates.collect();
        assert_eq!(gates, [("c.dps.ran", false), ("c.dds.ran", false)]);
        assert!(evidence.gates[1].what.ends_with("no dds"));
        let (evidence, made) = asked(&|| true);
        assert!(made.is_err() && evidence.gates.is_empty());
    }
}
