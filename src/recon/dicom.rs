//! Mean and standard deviation as DICOM series.

use super::kept::Kept;
use super::output::About;
use super::report::Report;
use super::staging::Staging;
use super::study::Facts;
use super::{Plan, ReconError};
use crate::io::DicomSeriesWriter;
use crate::io::dicom::{Content, MrParameters, Provenance, Quantity, SeriesInfo};
use crate::protocol::Modality;
use ndarray::Array2;
use sha2::{Digest, Sha256};

/// The series of a result. HU are written slice by slice; values whose largest is known only at the
/// end are written then.
pub(super) struct DicomOutputs {
    template: SeriesInfo,
    /// Those that stream: of HU.
    open: Vec<(Quantity, DicomSeriesWriter)>,
    wanted: Vec<(Quantity, &'static str)>,
}

impl DicomOutputs {
    /// Opens what can stream.
    pub(super) fn create(
        plan: &Plan,
        about: &About<'_>,
        report: &Report,
        staging: &Staging,
    ) -> Result<Self, ReconError> {
        let template = template(plan, about, report)?;
        let mean = match about.samples {
            0 => Quantity::Reconstruction,
            _ => Quantity::Mean,
        };
        let mut wanted = vec![(mean, "mean.dcm")];
        if about.samples > 1 {
            wanted.push((Quantity::StandardDeviation, "std.dcm"));
        }
        let mut outputs = DicomOutputs {
            template,
            open: Vec::new(),
            wanted,
        };
        if outputs.streams() {
            for (quantity, name) in outputs.wanted.clone() {
                let info = outputs.info(quantity, Content::Hounsfield);
                let writer = DicomSeriesWriter::create(&staging.path(name), info, false)?;
                outputs.open.push((quantity, writer));
            }
        }
        Ok(outputs)
    }

    /// Whether nothing of the volume must be kept for it.
    pub(super) fn streams(&self) -> bool {
        self.template.content == Content::Hounsfield
    }

    fn info(&self, quantity: Quantity, content: Content) -> SeriesInfo {
        SeriesInfo {
            quantity,
            content,
            ..self.template.clone()
        }
    }

    /// A slice of the series that stream.
    pub(super) fn write(
        &mut self,
        index: usize,
        mean: &Array2<f32>,
        std: Option<&Array2<f32>>,
    ) -> Result<(), ReconError> {
        for (quantity, writer) in &mut self.open {
            match (*quantity, std) {
                (Quantity::StandardDeviation, Some(std)) => writer.slice(index, std)?,
                (Quantity::StandardDeviation, None) => {
                    writer.slice(index, &mean.mapv(|_| 0.0))?;
                }
                _ => writer.slice(index, mean)?,
            }
        }
        Ok(())
    }

    /// Completes every series.
    pub(super) fn finish(mut self, kept: &Kept, staging: &Staging) -> Result<(), ReconError> {
        if self.streams() {
            for (_, writer) in self.open.drain(..) {
                writer.finish()?;
            }
            return Ok(());
        }
        for (quantity, name) in self.wanted.clone() {
            let slices = match quantity {
                Quantity::StandardDeviation => &kept.std,
                _ => &kept.mean,
            };
            let values = slices.iter().flat_map(|s| s.iter().copied());
            let largest = values
                .fold(0f32, |m, v| m.max(v.abs()))
                .max(f32::MIN_POSITIVE);
            let content = match self.template.content {
                Content::Attenuation { .. } => Content::Attenuation {
                    largest_per_mm: largest,
                },
                _ => Content::Magnitude { largest },
            };
            let info = self.info(quantity, content);
            let mut writer = DicomSeriesWriter::create(&staging.path(name), info, false)?;
            for (index, slice) in slices.iter().enumerate() {
                writer.slice(index, slice)?;
            }
            writer.finish()?;
        }
        Ok(())
    }
}

fn template(plan: &Plan, about: &About<'_>, report: &Report) -> Result<SeriesInfo, ReconError> {
    let facts: &Facts = about.facts;
    let [rows, columns] = facts.image;
    let content = match (plan.protocol.modality, facts.window) {
        (Modality::Ct, Some(_)) => Content::Hounsfield,
        (Modality::Ct, None) => Content::Attenuation {
            largest_per_mm: 1.0,
        },
        _ => Content::Magnitude { largest: 1.0 },
    };
    let weights = report.prior.as_ref().map(|p| p.weights_sha256.clone());
    let weights = weights.or(plan.prior.as_ref().map(|p| p.card.weights_sha256.clone()));
    let made_by = format!(
        "{} {}",
        plan.protocol.to_json()?,
        weights.unwrap_or_default()
    );
    let digest = Sha256::digest(made_by.as_bytes());
    let fingerprint = digest.iter().map(|b| format!("{b:02x}")).collect();
    Ok(SeriesInfo {
        content,
        quantity: Quantity::Mean,
        shape: [about.slices, rows, columns],
        affine_lps_mm: about.affine_lps_mm,
        geometry_known: facts.geometry_known,
        slice_thickness_mm: facts.dicom.slice_thickness_mm,
        patient_position: facts.dicom.patient_position.clone(),
        source: facts.dicom.source.clone(),
        mr: MrParameters {
            field_t: facts.dicom.field_t,
            ..MrParameters::default()
        },
        tube_kvp: facts.dicom.kvp,
        window: None,
        provenance: Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            protocol: plan.protocol.title.clone(),
            method: plan.method.name().into(),
            seed: plan.options.seed,
            input_sha256: report.inputs[0].sha256.clone(),
            fingerprint,
        },
    })
}
