//! The output folder, slice by slice; nothing has its final name before it is whole.

use super::staging::Staging;
use super::{Grid, Plan, ReconError};
use crate::io::{NiftiWriter, ResultH5, ResultInfo, png_sheet, write_npy_complex, write_npy_f32};
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex32;
use std::path::PathBuf;
use std::str::FromStr;

/// A kind of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `mean.nii.gz`, `std.nii.gz`, samples.
    Nifti,
    /// `result.h5`.
    Hdf5,
    /// Contact sheets.
    Png,
    /// `mean.npy`, `std.npy`, f32.
    Npy,
    /// `mean.npy`, complex64.
    NpyComplex,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "nifti" => Ok(Format::Nifti),
            "hdf5" => Ok(Format::Hdf5),
            "png" => Ok(Format::Png),
            "npy" => Ok(Format::Npy),
            "npy-complex" => Ok(Format::NpyComplex),
            other => Err(format!(
                "format `{other}`: this build writes nifti, hdf5, png, npy, npy-complex"
            )),
        }
    }
}

/// The images of one slice, as they are written.
pub(super) struct Pictures {
    pub(super) mean: Array2<Complex32>,
    pub(super) magnitude: Array2<f32>,
    pub(super) std: Option<Array2<f32>>,
    pub(super) samples: Vec<Array2<Complex32>>,
    pub(super) zero_filled: Array2<f32>,
    pub(super) cg_sense: Option<Array2<f32>>,
    pub(super) sensitivities: Option<Array3<Complex32>>,
}

/// Posterior mean and spread of complex samples: `|E x|`, and the deviation of `|x|` with the
/// unbiased `n / (n - 1)`.
pub(super) fn summarise(samples: &[Array2<Complex32>]) -> (Array2<Complex32>, Option<Array2<f32>>) {
    let n = samples.len() as f32;
    let mut mean = Array2::zeros(samples[0].dim());
    let mut level = Array2::<f32>::zeros(samples[0].dim());
    for s in samples {
        mean.zip_mut_with(s, |m, z| *m += z / n);
        level.zip_mut_with(s, |l, z| *l += z.norm() / n);
    }
    if samples.len() < 2 {
        return (mean, None);
    }
    let mut spread = Array2::<f32>::zeros(samples[0].dim());
    for s in samples {
        ndarray::Zip::from(&mut spread)
            .and(s)
            .and(&level)
            .for_each(|v, z, l| {
                *v += (z.norm() - l).powi(2) / (n - 1.0);
            });
    }
    (mean, Some(spread.mapv(f32::sqrt)))
}

/// Everything that is being written.
pub(super) struct Outputs {
    staging: Staging,
    /// Whether whole volumes are needed at the end.
    keep: bool,
    formats: Vec<Format>,
    nifti: Vec<(Stream, NiftiWriter)>,
    hdf5: Option<ResultH5>,
    /// Volumes kept for the contact sheets, npy files and metrics: magnitudes only.
    pub(super) kept: Kept,
    complex: Vec<Array2<Complex32>>,
}

/// Magnitude volumes, slice by slice.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) mean: Vec<Array2<f32>>,
    pub(super) std: Vec<Array2<f32>>,
    pub(super) zero_filled: Vec<Array2<f32>>,
    pub(super) cg_sense: Vec<Array2<f32>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    Mean,
    Std,
    Sample(usize),
}

impl Stream {
    fn file(self) -> String {
        match self {
            Stream::Mean => "mean.nii.gz".into(),
            Stream::Std => "std.nii.gz".into(),
            Stream::Sample(s) => format!("sample-{:03}.nii.gz", s + 1),
        }
    }
}

/// What the files say about themselves.
pub(super) struct About<'a> {
    pub(super) grid: &'a Grid,
    /// Of the slices that are written.
    pub(super) affine_lps_mm: [[f64; 4]; 3],
    pub(super) slices: usize,
    pub(super) samples: usize,
    pub(super) coils: usize,
    pub(super) scale: f64,
    pub(super) provenance: String,
}

impl Outputs {
    /// Opens every stream; refuses a folder that holds an earlier result unless `--force`.
    pub(super) fn create(plan: &Plan, about: &About<'_>) -> Result<Self, ReconError> {
        let staging = Staging::create(&plan.options.output, plan.options.force)?;
        let formats = plan.options.formats.clone();
        let whole = [Format::Png, Format::Npy]
            .iter()
            .any(|f| formats.contains(f));
        let keep = whole || plan.options.truth.is_some();
        let [ny, nx] = about.grid.image;
        let mut nifti = Vec::new();
        if formats.contains(&Format::Nifti) {
            let mut open = |stream: Stream, what: &str| -> Result<(), ReconError> {
                let path = staging.path(&stream.file());
                let dims = [nx, ny, about.slices];
                let writer = NiftiWriter::create(&path, dims, &about.affine_lps_mm, what, false)?;
                nifti.push((stream, writer));
                Ok(())
            };
            open(Stream::Mean, "annulus mean, magnitude")?;
            if about.samples > 1 {
                open(Stream::Std, "annulus std of the magnitude")?;
            }
            for s in 0..about.samples {
                open(Stream::Sample(s), "annulus posterior sample, magnitude")?;
            }
        }
        let hdf5 = match formats.contains(&Format::Hdf5) {
            true => {
                let info = ResultInfo {
                    shape: [about.slices, ny, nx],
                    samples: about.samples,
                    coils: about.coils,
                    affine_lps_mm: about.affine_lps_mm,
                    units: "arbitrary; value = scale x image of the whitened data".into(),
                    scale: about.scale,
                    provenance: about.provenance.clone(),
                };
                Some(ResultH5::create(&staging.path("result.h5"), &info, false)?)
            }
            false => None,
        };
        let (kept, complex) = (Kept::default(), Vec::new());
        Ok(Outputs {
            staging,
            keep,
            formats,
            nifti,
            hdf5,
            kept,
            complex,
        })
    }

    /// Adds a slice to every stream.
    pub(super) fn write(&mut self, index: usize, p: Pictures) -> Result<(), ReconError> {
        for (stream, writer) in &mut self.nifti {
            match (*stream, &p.std) {
                (Stream::Mean, _) => writer.slice(&p.magnitude)?,
                (Stream::Std, Some(std)) => writer.slice(std)?,
                (Stream::Std, None) => writer.slice(&p.magnitude.mapv(|_| 0.0))?,
                (Stream::Sample(s), _) => writer.slice(&p.samples[s].mapv(|z| z.norm()))?,
            }
        }
        if let Some(file) = &mut self.hdf5 {
            file.mean(index, &p.magnitude)?;
            if let Some(std) = &p.std {
                file.std(index, std)?;
            }
            for (s, sample) in p.samples.iter().enumerate() {
                file.sample(s, index, sample)?;
            }
            if let Some(maps) = &p.sensitivities {
                file.sensitivities(index, maps)?;
            }
        }
        if self.formats.contains(&Format::NpyComplex) {
            self.complex.push(p.mean);
        }
        if !self.keep {
            return Ok(());
        }
        self.kept.mean.push(p.magnitude);
        self.kept.zero_filled.push(p.zero_filled);
        self.kept.std.extend(p.std);
        self.kept.cg_sense.extend(p.cg_sense);
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
            let volumes = [
                ("mean.png", &self.kept.mean),
                ("std.png", &self.kept.std),
                ("zero-filled.png", &self.kept.zero_filled),
                ("cg-sense.png", &self.kept.cg_sense),
            ];
            for (name, slices) in volumes {
                if let Some(volume) = stack(slices) {
                    png_sheet(&self.staging.path(name), &volume, None)?;
                    pictures.push(self.staging.path(name));
                }
            }
        }
        Ok((pictures, self.staging))
    }
}

/// Slices as a volume; none if there are none.
pub(super) fn stack<A: Clone>(slices: &[Array2<A>]) -> Option<Array3<A>> {
    let views: Vec<_> = slices.iter().map(|s| s.view()).collect();
    ndarray::stack(Axis(0), &views).ok()
}
