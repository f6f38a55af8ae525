//! The output folder, slice by slice; nothing has its final name before it is whole.

use super::dicom::DicomOutputs;
use super::format::Format;
use super::kept::{Keep, Kept, level, stack};
use super::report::Report;
use super::staging::Staging;
use super::study::Facts;
use super::summary::Shown;
use super::{Plan, ReconError};
use crate::io::{NiftiWriter, ResultH5, ResultInfo, png_sheet, write_npy_complex, write_npy_f32};
use ndarray::{Array2, Array3};
use num_complex::Complex32;
use std::path::PathBuf;

/// The images of one slice, as they are written.
pub(super) struct Pictures {
    pub(super) mean: Array2<Complex32>,
    pub(super) std: Option<Array2<f32>>,
    /// One of each quantile that was asked for.
    pub(super) quantiles: Vec<Array2<f32>>,
    pub(super) samples: Vec<Array2<Complex32>>,
    pub(super) beside: Vec<(&'static str, Array2<Complex32>)>,
    pub(super) sensitivities: Option<Array3<Complex32>>,
}

/// Everything that is being written.
pub(super) struct Outputs {
    staging: Staging,
    /// Whether whole volumes are needed at the end, or only what a contact sheet shows.
    keep: Keep,
    slices: usize,
    formats: Vec<Format>,
    nifti: Vec<(Stream, NiftiWriter)>,
    hdf5: Option<ResultH5>,
    dicom: Option<DicomOutputs>,
    shown: Shown,
    /// A single sample of a tomogram, which no picture shows as if it were the answer.
    lone_sample: bool,
    /// Black and white of the pictures.
    window: Option<[f32; 2]>,
    /// Volumes kept for the contact sheets, npy files and metrics: what is shown only.
    pub(super) kept: Kept,
    complex: Vec<Array2<Complex32>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    Mean,
    Std,
    /// Its number, and thousandths.
    Quantile(usize, u32),
    Sample(usize),
}

impl Stream {
    fn file(self) -> String {
        match self {
            Stream::Mean => "mean.nii.gz".into(),
            Stream::Std => "std.nii.gz".into(),
            Stream::Quantile(_, thousandths) => format!("{}.nii.gz", quantile_name(thousandths)),
            Stream::Sample(s) => format!("sample-{:03}.nii.gz", s + 1),
        }
    }
}

/// `q05` for 0.05, `q975` for 0.975.
fn quantile_name(thousandths: u32) -> String {
    let digits = format!("{thousandths:03}");
    match digits.strip_suffix('0') {
        Some(hundredths) => format!("q{hundredths}"),
        None => format!("q{digits}"),
    }
}

/// What the files say about themselves.
pub(super) struct About<'a> {
    pub(super) facts: &'a Facts,
    /// Of the slices that are written.
    pub(super) affine_lps_mm: [[f64; 4]; 3],
    pub(super) slices: usize,
    pub(super) samples: usize,
    pub(super) provenance: String,
}

impl Outputs {
    /// Opens every stream; refuses a folder that holds an earlier result unless `--force`.
    pub(super) fn create(
        plan: &Plan,
        about: &About<'_>,
        report: &Report,
    ) -> Result<Self, ReconError> {
        let staging = Staging::create(&plan.options.output, plan.options.force)?;
        let formats = plan.options.formats.clone();
        let dicom = match formats.contains(&Format::Dicom) {
            true => Some(DicomOutputs::create(plan, about, report, &staging)?),
            false => None,
        };
        let whole = formats.contains(&Format::Npy)
            || plan.options.truth.is_some()
            || dicom.as_ref().is_some_and(|d| !d.streams());
        let keep = match (whole, formats.contains(&Format::Png)) {
            (true, _) => Keep::All,
            (false, true) => Keep::Shown,
            (false, false) => Keep::None,
        };
        let [ny, nx] = about.facts.image;
        let mut nifti = Vec::new();
        if formats.contains(&Format::Nifti) {
            let mut open = |stream: Stream, what: &str| -> Result<(), ReconError> {
                let path = staging.path(&stream.file());
                let dims = [nx, ny, about.slices];
                let writer = NiftiWriter::create(&path, dims, &about.affine_lps_mm, what, false)?;
                nifti.push((stream, writer));
                Ok(())
            };
            let unit = match about.facts.complex {
                true => "magnitude",
                false => about.facts.units.split(';').next().unwrap_or_default(),
            };
            open(Stream::Mean, &format!("annulus mean, {unit}"))?;
            if about.samples > 1 {
                open(Stream::Std, &format!("annulus std, {unit}"))?;
            }
            for (n, q) in plan.options.quantiles.iter().enumerate() {
                let stream = Stream::Quantile(n, (q * 1000.0).round() as u32);
                open(stream, &format!("annulus quantile {q}, {unit}"))?;
            }
            for s in 0..about.samples {
                open(Stream::Sample(s), &format!("annulus sample, {unit}"))?;
            }
        }
        let hdf5 = match formats.contains(&Format::Hdf5) {
            true => {
                let info = ResultInfo {
                    shape: [about.slices, ny, nx],
                    samples: about.samples,
                    quantiles: plan.options.quantiles.clone(),
                    coils: about.facts.coils,
                    affine_lps_mm: about.affine_lps_mm,
                    units: about.facts.units.clone(),
                    scale: about.facts.scale,
                    provenance: about.provenance.clone(),
                };
                Some(ResultH5::create(&staging.path("result.h5"), &info, false)?)
            }
            false => None,
        };
        let (kept, complex) = (Kept::default(), Vec::new());
        let complex_values = about.facts.complex;
        Ok(Outputs {
            shown: Shown {
                complex: complex_values,
            },
            lone_sample: !complex_values && about.samples == 1,
            window: about.facts.window,
            staging,
            keep,
            slices: about.slices,
            formats,
            nifti,
            hdf5,
            dicom,
            kept,
            complex,
        })
    }

    /// Adds a slice to every stream.
    pub(super) fn write(&mut self, index: usize, p: Pictures) -> Result<(), ReconError> {
        let mean = self.shown.image(&p.mean);
        for (stream, writer) in &mut self.nifti {
            match (*stream, &p.std) {
                (Stream::Mean, _) => writer.slice(&mean)?,
                (Stream::Std, Some(std)) => writer.slice(std)?,
                (Stream::Std, None) => writer.slice(&mean.mapv(|_| 0.0))?,
                (Stream::Quantile(n, _), _) => writer.slice(&p.quantiles[n])?,
                (Stream::Sample(s), _) => writer.slice(&self.shown.image(&p.samples[s]))?,
            }
        }
        if let Some(file) = &mut self.hdf5 {
            file.mean(index, &mean)?;
            if let Some(std) = &p.std {
                file.std(index, std)?;
            }
            for (n, image) in p.quantiles.iter().enumerate() {
                file.quantile(n, index, image)?;
            }
            for (s, sample) in p.samples.iter().enumerate() {
                if self.shown.complex {
                    file.sample(s, index, sample)?;
                } else {
                    file.real_sample(s, index, &self.shown.image(sample))?;
                }
            }
            if let Some(maps) = &p.sensitivities {
                file.sensitivities(index, maps)?;
            }
        }
        if let Some(series) = &mut self.dicom {
            series.write(index, &mean, p.std.as_ref())?;
        }
        if self.formats.contains(&Format::NpyComplex) {
            self.complex.push(p.mean);
        }
        if self.keep.slice(index, self.slices) {
            self.kept.mean.push(mean);
            if p.std.is_some() {
                self.kept.level.push(level(&p.samples, self.shown));
            }
            self.kept.std.extend(p.std);
            for (name, image) in p.beside {
                self.kept.beside(name).push(self.shown.image(&image));
            }
        }
        Ok(())
    }

    /// Finishes every file under its partial name; returns the pictures and where they all lie.
    pub(super) fn finish(mut self) -> Result<(Vec<PathBuf>, Staging), ReconError> {
        for (_, writer) in self.nifti.drain(..) {
            writer.finish()?;
        }
        if let Some(file) = self.hdf5.take() {
            file.finish()?;
        }
        if let Some(series) = self.dicom.take() {
            series.finish(&self.kept, &self.staging)?;
        }
        let mut pictures = Vec::new();
        if self.formats.contains(&Format::Npy) {
            for (name, slices) in [("mean.npy", &self.kept.mean), ("std.npy", &self.kept.std)] {
                if let Some(volume) = stack(slices) {
                    write_npy_f32(&self.staging.path(name), &volume, false)?;
                }
            }
        }
        if let Some(volume) = stack(&self.complex) {
            write_npy_complex(&self.staging.path("mean.npy"), &volume, false)?;
        }
        if self.formats.contains(&Format::Png) {
            if !self.lone_sample {
                self.sheet("mean", &self.kept.mean, self.window, &mut pictures)?;
            }
            self.sheet("std", &self.kept.std, None, &mut pictures)?;
            for (name, slices) in &self.kept.beside {
                self.sheet(name, slices, self.window, &mut pictures)?;
            }
        }
        Ok((pictures, self.staging))
    }
}

impl Outputs {
    /// A contact sheet of a volume, if there is one.
    fn sheet(
        &self,
        name: &str,
        slices: &[Array2<f32>],
        window: Option<[f32; 2]>,
        pictures: &mut Vec<PathBuf>,
    ) -> Result<(), ReconError> {
        if let Some(volume) = stack(slices) {
            let path = self.staging.path(&format!("{name}.png"));
            png_sheet(&path, &volume, window)?;
            pictures.push(path);
        }
        Ok(())
    }
}
