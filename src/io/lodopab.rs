//! LoDoPaB-CT observations: HDF5 with one dataset `data` (sinogram, 1000 views, 513 bins).
//!
//! The data set's own recipe fixes what the files do not say. Parallel rays at `(i + 1/2) π / 1000`, bins over
//! ±0.18384776 m; values are line integrals over 81.35858 per metre, made from Poisson counts of 4096 photons where
//! a count of 0 became 0.1. They are undone here: line integrals without unit, and their noise-equivalent
//! photons `4096 exp(-p)`. The published angles are turned by -90 degrees, so that an image lies as in the files
//! of the truth, (row, column).

use std::f64::consts::{FRAC_PI_2, PI};
use std::path::{Path, PathBuf};

use hdf5::{Dataset, File};
use ndarray::{Array2, s};

use super::projections::{
    Beam, Content, Flats, ProjectionHeader, ProjectionOptions, ProjectionSlice, ProjectionSource,
    check_finite, check_sinogram_size, check_slice, dead_bins, note_dead,
};
use super::{IoError, hdf5_read};

/// Views of every sinogram.
const VIEWS: usize = 1000;
/// Bins of every view.
const BINS: usize = 513;
/// Half the length of the detector.
const HALF_DETECTOR_MM: f64 = 183.847_76;
/// Attenuation that the files hold as 1.
const MU_MAX_PER_M: f64 = 81.358_58;
/// Photons of a bin without an object.
const PHOTONS: f32 = 4096.0;

/// The dataset, if a file has the shape of LoDoPaB's observations.
pub(super) fn observations(file: &File) -> Option<Dataset> {
    let data = file.dataset("data").ok()?;
    let float = data.dtype().and_then(|t| t.to_descriptor()).ok()?;
    let float = matches!(float, hdf5::types::TypeDescriptor::Float(_));
    (float && matches!(data.shape()[..], [_, VIEWS, BINS])).then_some(data)
}

/// An open file of observations.
#[derive(Debug)]
pub struct LodopabSource {
    path: PathBuf,
    data: Dataset,
    header: ProjectionHeader,
}

impl LodopabSource {
    /// Opens a file.
    pub fn open(path: &Path, options: &ProjectionOptions) -> Result<Self, IoError> {
        let file = hdf5_read::open(path)?;
        let Some(data) = observations(&file) else {
            return Err(IoError::new(
                path,
                "a dataset data (n, 1000, 513) of floats",
                "none",
                "name one of the observation files of LoDoPaB-CT",
            ));
        };
        let shape = [data.shape()[0], VIEWS, BINS];
        check_sinogram_size(path, shape)?;
        let mut header = ProjectionHeader::new("lodopab", shape, options);
        let angle = |i: usize| (i as f64 + 0.5) * PI / VIEWS as f64 - FRAC_PI_2;
        header.angles_rad = (0..VIEWS).map(angle).collect();
        header.beam = Some(Beam::Parallel);
        header.pitch_mm = Some(2.0 * HALF_DETECTOR_MM / BINS as f64);
        header.centre_column = Some((BINS - 1) as f64 / 2.0);
        header.content = Content::LineIntegrals;
        header.water_per_mm = options.water_per_mm.or(Some(0.02));
        header.energy_kev = options.energy_kev.or(Some(64.0));
        header.warnings.push(
            "the geometry is LoDoPaB's by the shape of the data; slices are of different patients"
                .to_owned(),
        );
        let mut source = Self {
            path: path.to_owned(),
            data,
            header,
        };
        let last = source.values(shape[0] - 1)?;
        if last.iter().all(|&x| x == 0.0) {
            let note = "the last sinograms are all zero: the tail of the last file of a set";
            source.header.warnings.push(note.to_owned());
        }
        let first = source.slice(0)?;
        source.header.warnings.extend(note_dead(&first.dead));
        Ok(source)
    }

    /// The numbers of the file, (view, bin).
    fn values(&self, index: usize) -> Result<Array2<f32>, IoError> {
        let what = format!("sinogram {index}");
        self.data
            .read_slice_2d(s![index, .., ..])
            .map_err(|e| hdf5_read::failed(&self.path, &what, &e))
    }
}

impl ProjectionSource for LodopabSource {
    fn header(&self) -> &ProjectionHeader {
        &self.header
    }

    fn slice(&mut self, index: usize) -> Result<ProjectionSlice, IoError> {
        check_slice(&self.path, index, self.header.slices)?;
        let values = self.values(index)?;
        check_finite(&self.path, "the observations", index, values.view())?;
        let data = values.mapv(|x| (f64::from(x) * MU_MAX_PER_M) as f32);
        let photons = data.mapv(|p| PHOTONS * (-p).exp());
        Ok(ProjectionSlice {
            dead: dead_bins(data.view(), None, Content::LineIntegrals),
            photons: Some(photons),
            angles_rad: self.header.angles_rad.clone(),
            data,
        })
    }

    fn flats(&mut self, slice: usize) -> Result<Option<Flats>, IoError> {
        check_slice(&self.path, slice, self.header.slices)?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::hdf5_create::unlocked;
    use crate::io::testing::message;
    use crate::io::{Kind, open_projections, recognise};
    use ndarray::Array3;

    fn write(path: &Path, data: &Array3<f32>) {
        let file = unlocked().create(path).unwrap();
        let builder = file.new_dataset_builder().with_data(data);
        builder.create("data").unwrap();
    }

    #[test]
    fn the_recipe_is_undone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("observation_test_027.hdf5");
        let mut data = Array3::zeros([3, VIEWS, BINS]);
        // Counts of 0 (kept as 0.1) and of 1, as the data set writes them.
        data[[0, 5, 7]] = 0.130_538_f32;
        data[[0, 5, 8]] = 0.102_236_f32;
        write(&path, &data);
        assert_eq!(recognise(&path).unwrap(), Kind::Lodopab);
        let mut source = open_projections(&path, &Default::default()).unwrap();
        let slice = source.slice(0).unwrap();
        let photons = slice.photons.unwrap();
        assert!((photons[[5, 7]] - 0.1).abs() < 1e-4, "{}", photons[[5, 7]]);
        assert!((photons[[5, 8]] - 1.0).abs() < 1e-3, "{}", photons[[5, 8]]);
        assert_eq!(photons[[0, 0]], 4096.0);
        let header = source.header();
        assert!((header.pitch_mm.unwrap() - 0.716_756).abs() < 1e-5);
        assert_eq!(header.centre_column, Some(256.0));
        assert!((header.angles_rad[0] + 1.569_226).abs() < 1e-5);
        assert!(header.warnings.iter().any(|w| w.contains("all zero")));
        assert!(message(source.slice(3)).contains("from 0 to 2"));
    }

    #[test]
    fn nan_has_its_place_and_images_are_no_observations() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.hdf5");
        let mut data = Array3::zeros([1, VIEWS, BINS]);
        data[[0, 3, 4]] = f32::NAN;
        write(&path, &data);
        let text = message(open_projections(&path, &Default::default()));
        assert!(text.contains("view (or frame) 3, bin 4"), "{text}");
        write(&path, &Array3::zeros([2, 362, 362]));
        assert_eq!(recognise(&path).unwrap(), Kind::Hdf5Other);
    }
}
