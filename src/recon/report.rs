//! `report.json` for scripts, `report.html` for people: what was done, and how well it fits.

use super::averaging::Averaging;
use super::blind::NuisanceReport;
use super::geometry::Level;
use super::staging::Staging;
use super::study::Facts;
use super::texture::Found;
use super::{Plan, ReconError};
use crate::io::atomic;
use crate::metrics::{HuMetrics, Metrics};
use crate::protocol::Claim;
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Seconds of one stage.
#[derive(Debug, Serialize)]
pub(super) struct StageTime {
    pub(super) name: &'static str,
    pub(super) seconds: f64,
}

/// One slice of the report.
#[derive(Debug, Serialize)]
pub(super) struct SliceReport {
    pub(super) index: usize,
    pub(super) misfit: Option<f64>,
    pub(super) steps: usize,
    pub(super) network_evaluations: usize,
    /// The first noise level, in units of the prior.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_level: Option<f64>,
    /// The last noise level over the noise that the data leave in the image (CT: in its mean): a fifth by rule,
    /// more where the prior knows no less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_level_over_noise: Option<f64>,
    pub(super) seconds: f64,
    pub(super) metrics: Option<Metrics>,
    /// What was unknown beside the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nuisance: Option<NuisanceReport>,
    /// The states of the sampler, level by level; absent where the samples are those of a run that was
    /// interrupted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) geometry: Vec<Level>,
}

/// An input and its hash.
#[derive(Debug, Serialize)]
pub(super) struct Input {
    pub(super) path: String,
    pub(super) sha256: String,
}

/// The prior, as the report names it.
#[derive(Debug, Serialize)]
pub(super) struct PriorReport {
    pub(super) name: String,
    pub(super) weights_sha256: String,
    pub(super) training_set: String,
    /// One unit of the prior, in the units that the operators see.
    pub(super) unit: f64,
    /// The texture beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) texture: Option<Found>,
    /// Its denoising error on this image over that on its card, at the stated σ.
    pub(super) error_over_card: Option<f64>,
}

/// Everything that is known about a run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) command: String,
    pub(super) inputs: Vec<Input>,
    pub(super) protocol: Value,
    pub(super) method: &'static str,
    /// What its samples are: calibrated, approximate, mode-seeking, or of the prior.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) claim: Option<&'static str>,
    /// Independent draws among the samples: all, each the end of a chain or a particle of a population of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effective_samples: Option<usize>,
    pub(super) seed: u64,
    pub(super) device: String,
    pub(super) threads: usize,
    pub(super) units: String,
    pub(super) scale: f64,
    pub(super) noise_std: Option<f64>,
    pub(super) noise_rule: String,
    pub(super) noise_estimated: bool,
    pub(super) adjoint_gap: Option<f64>,
    pub(super) prior: Option<PriorReport>,
    pub(super) affine_lps_mm: [[f64; 4]; 3],
    pub(super) geometry_known: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rotation_centre_column: Option<f64>,
    pub(super) stages: Vec<StageTime>,
    pub(super) peak_memory_bytes: u64,
    pub(super) slices: Vec<SliceReport>,
    pub(super) metrics: Option<Metrics>,
    /// CT: errors in HU, of this method and of what stands beside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hu: Vec<(&'static str, HuMetrics)>,
    /// What averaging the samples gains, beside what calibrated samples gain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) averaging: Option<Averaging>,
    /// The same metrics for the classical reconstructions of the same data.
    pub(super) beside: Vec<(&'static str, Metrics)>,
    pub(super) warnings: Vec<String>,
    /// Whether images are complex and have no unit.
    #[serde(skip)]
    pub(super) coil_images: bool,
}

impl Report {
    /// A report with what is known before the first slice.
    pub(super) fn new(plan: &Plan, facts: &Facts) -> Result<Self, ReconError> {
        let sha256 = crate::io::sha256(&plan.options.input)?;
        let path = plan.options.input.display().to_string();
        Ok(Report {
            version: env!("CARGO_PKG_VERSION"),
            command: plan.options.command.clone(),
            inputs: inputs(plan, path, sha256)?,
            protocol: plan.protocol.to_json()?,
            method: plan.method.name(),
            claim: plan.claim().map(Claim::name),
            effective_samples: plan.method.samples(),
            seed: plan.options.seed,
            device: format!("{:?}", plan.device).to_lowercase(),
            threads: plan.options.threads,
            units: facts.units.clone(),
            scale: facts.scale,
            noise_std: facts.noise_std,
            noise_rule: facts.noise_rule.clone(),
            noise_estimated: facts.noise_estimated,
            adjoint_gap: None,
            prior: None,
            affine_lps_mm: [[0.0; 4]; 3],
            geometry_known: facts.geometry_known,
            rotation_centre_column: facts.rotation_centre_column,
            stages: Vec::new(),
            peak_memory_bytes: 0,
            slices: Vec::new(),
            metrics: None,
            hu: Vec::new(),
            averaging: None,
            beside: Vec::new(),
            warnings: facts.warnings.clone(),
            coil_images: facts.complex,
        })
    }

    /// Whether values are those of a tomogram.
    pub(super) fn hu_or_per_mm(&self) -> bool {
        self.units.starts_with("HU") || self.units.starts_with("1/mm")
    }

    /// Writes both files.
    pub(super) fn write(&self, staging: &Staging, pictures: &[PathBuf]) -> Result<(), ReconError> {
        let json = serde_json::to_vec_pretty(self)
            .map_err(|e| ReconError::Request(format!("report.json: {e}")))?;
        atomic::write(&staging.path("report.json"), &json, false)?;
        atomic::write(
            &staging.path("report.html"),
            self.html(pictures).as_bytes(),
            false,
        )?;
        Ok(())
    }
}

/// The raw data first, then the network that is the operator, if one is.
fn inputs(plan: &Plan, path: String, sha256: String) -> Result<Vec<Input>, ReconError> {
    let mut all = vec![Input { path, sha256 }];
    if let Some(script) = plan
        .protocol
        .forward
        .as_ref()
        .and_then(|f| f.script.as_ref())
    {
        all.push(Input {
            path: script.file.clone(),
            sha256: crate::io::sha256(Path::new(&script.file))?,
        });
    }
    Ok(all)
}

/// The largest resident memory of this process so far, from the kernel; 0 where it does not say.
pub(super) fn peak_memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
