//! An inspection as text for one screen.

use std::fmt;

use super::{Details, Inspection, KSpace};
use crate::io::Kind;

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let kind = match self.kind {
            Kind::Mrd => "MRD (ISMRMRD v1) raw data",
            Kind::NpyKSpace => "npy, complex: k-space by its shape",
            Kind::FastMri => "fastMRI raw data",
            Kind::Nifti => "NIfTI volume",
            Kind::Dicom => "DICOM file",
            Kind::DicomSeries => "DICOM images in a folder",
            Kind::CtPd => "DICOM-CT-PD raw data",
            Kind::DataExchange => "Data Exchange raw data",
            Kind::NxTomo => "NXtomo raw data",
            Kind::Lodopab => "LoDoPaB-CT observations",
            Kind::Tiff => "TIFF",
            Kind::Hdf5Other => "HDF5",
            Kind::Npy => "npy array",
            Kind::Unknown => "unknown format",
        };
        writeln!(f, "{}", self.path.display())?;
        row(
            f,
            "format",
            format!("{kind}, {:.1} MB", self.bytes as f64 / 1e6),
        )?;
        match &self.details {
            Details::KSpace(k) => k.show(f),
            Details::Projections(p) => p.show(f),
            Details::Unreadable { header, problem } => {
                if let Some(h) = header {
                    let [x, y, z] = h.encoded;
                    row(f, "encoded", format!("{x} x {y} x {z}, {}", h.trajectory))?;
                }
                row(f, "cannot read", problem)
            }
            Details::Array { dtype, shape } => row(f, "array", format!("{shape:?} {dtype}")),
            Details::Volume {
                shape: [x, y, z],
                dtype,
                affine_lps_mm,
                orientation,
            } => {
                row(f, "voxels", format!("{x} x {y} x {z} {dtype}"))?;
                let size = |c: usize| {
                    affine_lps_mm
                        .iter()
                        .map(|r| r[c] * r[c])
                        .sum::<f64>()
                        .sqrt()
                };
                row(
                    f,
                    "voxel size",
                    format!("{:.4} x {:.4} x {:.4} mm", size(0), size(1), size(2)),
                )?;
                row(f, "orientation", orientation)
            }
            Details::Datasets(all) => {
                for text in all.iter().take(20) {
                    row(f, "dataset", text)?;
                }
                match all.len().saturating_sub(20) {
                    0 => Ok(()),
                    n => row(f, "", format!("and {n} more")),
                }
            }
            Details::Nothing => Ok(()),
        }
    }
}

impl KSpace {
    fn show(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let h = &self.header;
        let or = |value: Option<String>| value.unwrap_or_else(|| "not stated".to_owned());
        let field = h.field_t.map(|t| format!("{t:.3} T"));
        row(
            f,
            "scanner",
            format!("{}, {}", or(h.vendor.clone()), or(field)),
        )?;
        row(f, "protocol", or(h.protocol_name.clone()))?;
        let ([ey, ex], [ry, rx]) = (h.encoded, h.recon);
        let ([efy, efx], [rfy, rfx]) = (h.encoded_fov_mm, h.recon_fov_mm);
        row(
            f,
            "encoded",
            format!("{ex} x {ey} (readout x phase), {efx:.1} x {efy:.1} mm"),
        )?;
        row(
            f,
            "image",
            format!(
                "{rx} x {ry}, {rfx:.1} x {rfy:.1} mm, readout oversampled {:.2}x",
                self.readout_oversampling
            ),
        )?;
        row(
            f,
            "slices",
            format!("{} of {:.2} mm", h.slices, h.slice_thickness_mm),
        )?;
        let known = if h.geometry_known { "" } else { " (assumed)" };
        row(
            f,
            "orientation",
            format!("{} (x, y, slice){known}", self.orientation),
        )?;
        row(f, "coils", h.coils)?;
        let nominal = h
            .acceleration
            .map_or(String::new(), |a| format!(", nominal acceleration {a}"));
        let sampled = self.sampled_fraction.map_or(String::new(), |s| {
            format!(", {:.1} % of the grid", 100.0 * s)
        });
        row(
            f,
            "lines",
            format!("{} for imaging{sampled}{nominal}", h.imaging_lines),
        )?;
        row(f, "calibration", format!("{} lines", h.calibration_lines))?;
        let dwell = |us: Option<f64>| {
            us.map_or("dwell not stated".to_owned(), |us| {
                format!("dwell {us:.3} us")
            })
        };
        row(f, "readout", dwell(h.dwell_us))?;
        let noise = self
            .noise_samples
            .map(|n| format!("{n} samples, {}", dwell(self.noise_dwell_us)));
        row(f, "noise scan", noise.unwrap_or_else(|| "none".to_owned()))?;
        row(
            f,
            "frames",
            format!(
                "{} averages, {} repetitions, {} contrasts, {} phases, {} sets",
                h.averages, h.repetitions, h.contrasts, h.phases, h.sets
            ),
        )?;
        h.warnings.iter().try_for_each(|w| row(f, "note", w))
    }
}

pub(super) fn row(f: &mut fmt::Formatter, name: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(f, "  {name:<12} {value}")
}
