//! What a file is, on one screen, and the same for machines. No identifiers of patients.

mod projections;
mod show;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::mrd::header_only;
use super::mrd_header::MrdHeader;
use super::npy_header::NpyHeader;
use super::raw::{RawHeader, ReadOptions, open_k_space};
use super::{IoError, Kind, hdf5_read, nifti_read, recognise};
pub use projections::Projections;

/// What is known of a file without reading all of it.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its format.
    pub kind: Kind,
    /// What the format says.
    pub details: Details,
}

/// What is told, by format.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Details {
    /// Raw MRI data that can be reconstructed.
    KSpace(Box<KSpace>),
    /// Raw CT data that can be reconstructed.
    Projections(Box<Projections>),
    /// Raw data that cannot be reconstructed: MRD's header, if it can be read, and why not.
    Unreadable {
        /// The XML header.
        header: Option<Box<MrdHeader>>,
        /// Why it cannot be read.
        problem: String,
    },
    /// An array of NumPy.
    Array {
        /// NumPy's name of the type.
        dtype: String,
        /// Lengths of the axes.
        shape: Vec<usize>,
    },
    /// A volume.
    Volume {
        /// Voxels along x, y, z.
        shape: [usize; 3],
        /// Type of a voxel.
        dtype: String,
        /// Voxel to LPS millimetres.
        affine_lps_mm: [[f64; 4]; 3],
        /// Orientation of x, y, z, such as `LPS`.
        orientation: String,
    },
    /// Names, types and shapes of the datasets of another HDF5 file.
    Datasets(Vec<String>),
    /// Nothing more than the kind.
    Nothing,
}

/// Raw data.
#[derive(Clone, Debug, Serialize)]
pub struct KSpace {
    /// The header.
    pub header: RawHeader,
    /// Samples of each coil in the noise scan.
    pub noise_samples: Option<usize>,
    /// Dwell time of the noise scan.
    pub noise_dwell_us: Option<f64>,
    /// Sampled fraction of the encoded grid, in the first slice.
    pub sampled_fraction: Option<f64>,
    /// Encoded over wanted field of view along the readout.
    pub readout_oversampling: f64,
    /// Orientation of x, y, slice, such as `LPS`.
    pub orientation: String,
}

/// Looks into a file.
pub fn inspect(path: &Path) -> Result<Inspection, IoError> {
    let kind = recognise(path)?;
    let bytes = bytes(path)?;
    let details = match kind {
        Kind::Mrd | Kind::FastMri | Kind::NpyKSpace => k_space(path, kind),
        Kind::CtPd | Kind::DataExchange | Kind::NxTomo | Kind::Lodopab | Kind::Tiff => {
            projections::look(path)
        }
        Kind::Npy => {
            let NpyHeader { descr, shape, .. } = NpyHeader::read(path)?;
            Details::Array {
                dtype: descr,
                shape,
            }
        }
        Kind::Nifti => {
            let nifti_read::Description {
                dims,
                dtype,
                affine_lps_mm,
            } = nifti_read::describe(path)?;
            let orientation = orientation(&affine_lps_mm);
            Details::Volume {
                shape: dims,
                dtype: dtype.to_owned(),
                affine_lps_mm,
                orientation,
            }
        }
        Kind::Hdf5Other => Details::Datasets(datasets(path)?),
        Kind::Dicom | Kind::DicomSeries | Kind::Unknown => Details::Nothing,
    };
    Ok(Inspection {
        path: path.to_owned(),
        bytes,
        kind,
        details,
    })
}

/// The size of a file, or of the files directly in a folder.
fn bytes(path: &Path) -> Result<u64, IoError> {
    let size = |path: &Path| -> std::io::Result<u64> { Ok(std::fs::metadata(path)?.len()) };
    let total = || -> std::io::Result<u64> {
        if !path.is_dir() {
            return size(path);
        }
        let files = std::fs::read_dir(path)?.map(|entry| Ok(entry?.path()));
        let files = files.filter(|file| file.as_ref().map_or(true, |path| path.is_file()));
        files
            .map(|file: std::io::Result<PathBuf>| size(&file?))
            .sum()
    };
    total().map_err(|e| IoError::reading(path, &e))
}

fn k_space(path: &Path, kind: Kind) -> Details {
    let mut source = match open_k_space(path, &ReadOptions::default()) {
        Ok(source) => source,
        Err(error) => {
            let header = if kind == Kind::Mrd {
                header_only(path).ok().map(Box::new)
            } else {
                None
            };
            return Details::Unreadable {
                header,
                problem: error.to_string(),
            };
        }
    };
    let sampled_fraction = source.slice(0).ok().map(|slice| {
        let sampled = slice.averages.iter().filter(|&&n| n > 0.0).count();
        sampled as f64 / slice.averages.len() as f64
    });
    let header = source.header().clone();
    let noise = source.noise();
    Details::KSpace(Box::new(KSpace {
        noise_samples: noise.map(|n| n.samples.ncols()),
        noise_dwell_us: noise.and_then(|n| n.dwell_us),
        sampled_fraction,
        readout_oversampling: header.encoded_fov_mm[1] / header.recon_fov_mm[1],
        orientation: orientation(&header.affine_lps_mm),
        header,
    }))
}

/// The letter of the direction that each axis is nearest to: left, right, posterior, anterior, superior, inferior.
fn orientation(affine_lps_mm: &[[f64; 4]; 3]) -> String {
    let letters = [['L', 'R'], ['P', 'A'], ['S', 'I']];
    let nearest = |c: usize| {
        let size = |r: &usize| affine_lps_mm[*r][c].abs();
        let r = (0..3)
            .max_by(|a, b| size(a).total_cmp(&size(b)))
            .unwrap_or(0);
        letters[r][usize::from(affine_lps_mm[r][c] < 0.0)]
    };
    [0, 1, 2].map(nearest).iter().collect()
}

/// Datasets of the root and of its groups.
fn datasets(path: &Path) -> Result<Vec<String>, IoError> {
    let file = hdf5_read::open(path)?;
    let fail = |e: hdf5::Error| hdf5_read::failed(path, "the names in it", &e);
    let mut found = Vec::new();
    let mut groups = vec![file.as_group().map_err(fail)?];
    groups.extend(file.groups().map_err(fail)?);
    for group in groups {
        for dataset in group.datasets().map_err(fail)? {
            let kind = dataset.dtype().and_then(|t| t.to_descriptor());
            let kind = kind.map_or("unknown type".to_owned(), |t| short(&t.to_string()));
            found.push(format!("{} {:?} {kind}", dataset.name(), dataset.shape()));
        }
    }
    Ok(found)
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::hdf5_create::unlocked;
    use crate::io::testing::shared;

    #[test]
    fn directions_have_their_letters() {
        let affine = [
            [0.0, 0.1, 2.0, 0.0],
            [-1.0, 0.0, 0.0, 0.0],
            [0.0, -1.0, 0.0, 0.0],
        ];
        assert_eq!(orientation(&affine), "AIL");
    }

    #[test]
    fn files_that_are_no_raw_data_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"hello").unwrap();
        assert!(
            inspect(&path)
                .unwrap()
                .to_string()
                .contains("unknown format")
        );
        let dicom = [vec![0; 128], b"DICM".to_vec()].concat();
        std::fs::write(&path, dicom).unwrap();
        assert_eq!(inspect(&path).unwrap().kind, Kind::Dicom);
        crate::io::npy::write(&path, &ndarray::Array2::<f32>::zeros([2, 3]), true).unwrap();
        assert!(inspect(&path).unwrap().to_string().contains("[2, 3] <f4"));
        unlocked()
            .create(&path)
            .unwrap()
            .new_dataset::<f32>()
            .shape([3])
            .create("x")
            .unwrap();
        assert!(inspect(&path).unwrap().to_string().contains("/x [3]"));
    }

    #[test]
    fn a_real_scan_fits_one_screen() {
        let Some(path) = shared("data/mri/mrd-bottles-r3-14ch.h5") else {
            return;
        };
        let text = inspect(&path).unwrap();
        let json = serde_json::to_string(&text).unwrap();
        let text = text.to_string();
        assert!(text.lines().count() <= 24, "{text}");
        for part in [
            "SIEMENS",
            "2.894 T",
            "384 x 144",
            "oversampled 2.00x",
            "36 for imaging",
            "48 lines",
            "dwell 20.000 us",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(json.contains("\"noise_dwell_us\":20.0"), "{json}");
    }
}
