//! A volume through each of the formats that results are written in.

use super::error::Failure;
use crate::io::dicom::{Content, SeriesInfo};
use crate::io::npy_array::read_array;
use crate::io::{
    DicomOptions, DicomSeriesWriter, NiftiWriter, ResultH5, ResultInfo, Volume, read_dicom_series,
    read_volume, write_npy_f32,
};
use crate::recon::Format;
use ndarray::{Array2, Axis, Ix3};
use std::path::Path;

/// Writes a volume; of CT, where the format has a modality.
pub(super) fn write(format: Format, path: &Path, volume: &Volume) -> Result<(), Failure> {
    let (slices, rows, columns) = volume.data.dim();
    let all = || volume.data.axis_iter(Axis(0)).map(|s| s.to_owned());
    match format {
        Format::Nifti => {
            let dims = [columns, rows, slices];
            let affine = &volume.affine_lps_mm;
            let mut writer = NiftiWriter::create(path, dims, affine, "validation", true)?;
            all().try_for_each(|slice| writer.slice(&slice))?;
            writer.finish()?;
        }
        Format::Dicom => {
            let mut writer = DicomSeriesWriter::create(path, series(volume), true)?;
            let mut numbered = all().enumerate();
            numbered.try_for_each(|(k, slice)| writer.slice(k, &slice))?;
            writer.finish()?;
        }
        Format::Hdf5 => {
            let info = ResultInfo {
                shape: [slices, rows, columns],
                affine_lps_mm: volume.affine_lps_mm,
                units: "HU".into(),
                scale: 1.0,
                ..ResultInfo::default()
            };
            let mut writer = ResultH5::create(path, &info, true)?;
            let mut numbered = all().enumerate();
            numbered.try_for_each(|(k, slice)| writer.mean(k, &slice))?;
            writer.finish()?;
        }
        Format::Npy => write_npy_f32(path, &volume.data, true)?,
        Format::NpyComplex | Format::Png => {
            return Err("neither a picture nor a complex array is a volume here".into());
        }
    }
    Ok(())
}

/// Reads it back; an npy file has no place, and gets the identity.
pub(super) fn read(format: Format, path: &Path) -> Result<Volume, Failure> {
    match format {
        Format::Nifti => Ok(read_volume(path)?),
        Format::Dicom => Ok(read_dicom_series(path, &DicomOptions::default())?.volume),
        Format::Hdf5 => {
            let file = hdf5::File::open(path)?;
            let affine: Array2<f64> = file.attr("affine_lps_mm")?.read_2d()?;
            Ok(Volume {
                data: file.dataset("mean")?.read::<f32, Ix3>()?,
                affine_lps_mm: std::array::from_fn(|r| std::array::from_fn(|c| affine[(r, c)])),
            })
        }
        Format::Npy => {
            let data = read_array(path)?.into_dimensionality::<Ix3>()?;
            let identity = |r, c| if r == c { 1.0 } else { 0.0 };
            Ok(Volume {
                data: data.mapv(|z| z.re as f32),
                affine_lps_mm: std::array::from_fn(|r| std::array::from_fn(|c| identity(r, c))),
            })
        }
        Format::NpyComplex | Format::Png => {
            Err("neither a picture nor a complex array is a volume here".into())
        }
    }
}

/// A series of CT in a study of its own.
fn series(volume: &Volume) -> SeriesInfo {
    let (slices, rows, columns) = volume.data.dim();
    SeriesInfo::of(
        Content::Hounsfield,
        [slices, rows, columns],
        volume.affine_lps_mm,
    )
}
