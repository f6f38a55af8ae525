//! Writes DICOM-CT-PD: a folder with one file for each view of each slice, a slice being a table position.
//!
//! Pixels are line integrals of 16 bits with a slope and an intercept of their own file; private elements follow
//! the published dictionary, in explicit little-endian VR. The patient is anonymous, and every UID follows from the
//! seed.
//!
//! A count of 0 has no logarithm. Counts `N` above the dark are therefore written as `p = ln(I0 / (N + 1/2))`, with
//! `I0` the flat above the dark (at least 0.1 photon is taken): nearly unbiased from one count on, and 0 counts are a
//! long but finite path. PhotonStatistics is `N + 1/2`, so that `1 / PhotonStatistics` is the variance that any reader
//! of CT-PD expects; with electronic noise of variance `v` it is `(N + 1/2)² / (N + 1/2 + v)`. A third-party reader
//! sees nothing else. Our own reader gets the counts back to the bit: from PhotonStatistics, from `I0` and the dark
//! in a private block `ANNULUS CT` of group 7051, and from the counts themselves there, in views where the statistics
//! would not do (electronic noise, negative or fractional counts).

mod view;

use std::path::Path;

use ndarray::Array2;
use uuid::Uuid;

use super::IoError;
use super::atomic_folder::AtomicFolder;
use super::projections::{Beam, DetectorShape, Flats, ProjectionHeader};
use view::{Common, Numbers};

/// PhotonStatistics holds 4 bytes a column behind a length of 16 bits.
const MAX_BINS: usize = 16_383;

/// A folder of CT-PD files that is being written.
#[derive(Debug)]
pub struct CtPdWriter {
    folder: AtomicFolder,
    header: ProjectionHeader,
    common: Common,
    written: Vec<bool>,
}

impl CtPdWriter {
    /// Starts a folder beside `path`; it takes this name at [`finish`](Self::finish).
    ///
    /// The header must have a fan beam, the pitch, the centre and all angles. The same seed gives the same UIDs.
    pub fn create(
        path: &Path,
        header: &ProjectionHeader,
        seed: &str,
        force: bool,
    ) -> Result<Self, IoError> {
        let common = common(path, header, seed)?;
        Ok(Self {
            folder: AtomicFolder::create(path, "dcm", force)?,
            header: header.clone(),
            common,
            written: vec![false; header.slices],
        })
    }

    /// Writes the views of one slice of counts, (view, bin), with its flat and dark.
    pub fn counts(
        &mut self,
        slice: usize,
        counts: &Array2<f32>,
        flats: &Flats,
    ) -> Result<(), IoError> {
        self.check(slice, counts)?;
        let bins = self.header.bins;
        let lengths = [
            &flats.flat_mean,
            &flats.dark_mean,
            &flats.flat_variance,
            &flats.dark_variance,
        ];
        if lengths.iter().any(|all| all.len() != bins) {
            return Err(self.mistake(format!("flats of {bins} bins"), "another number".to_owned()));
        }
        for (v, view) in counts.outer_iter().enumerate() {
            let numbers = Numbers::of_counts(&view.to_vec(), flats);
            self.write(slice, v, &numbers, Some(flats))?;
        }
        self.written[slice] = true;
        Ok(())
    }

    /// Writes the views of one slice of line integrals, (view, bin), with noise-equivalent photons if they are known.
    pub fn line_integrals(
        &mut self,
        slice: usize,
        data: &Array2<f32>,
        photons: Option<&Array2<f32>>,
    ) -> Result<(), IoError> {
        self.check(slice, data)?;
        if let Some(photons) = photons {
            self.check(slice, photons)?;
        }
        for (v, view) in data.outer_iter().enumerate() {
            let numbers = Numbers {
                lines: view.mapv(f64::from).to_vec(),
                photons: photons.map(|all| all.row(v).mapv(|x| x.max(0.0)).to_vec()),
                counts: None,
            };
            self.write(slice, v, &numbers, None)?;
        }
        self.written[slice] = true;
        Ok(())
    }

    /// Completes the folder and gives it its name. Every slice must have been written.
    pub fn finish(self) -> Result<(), IoError> {
        if let Some(slice) = self.written.iter().position(|done| !done) {
            return Err(self.mistake(
                "every slice".to_owned(),
                format!("slice {slice} not written"),
            ));
        }
        self.folder.finish()
    }

    fn write(
        &self,
        slice: usize,
        view: usize,
        numbers: &Numbers,
        flats: Option<&Flats>,
    ) -> Result<(), IoError> {
        let instance = slice * self.header.views + view + 1;
        let path = self.folder.path().join(format!("{instance:06}.dcm"));
        let z_mm = self.header.z_mm.as_ref().map_or(0.0, |z| z[slice]);
        let place = view::Place {
            instance,
            angle_rad: self.header.angles_rad[view],
            z_mm,
        };
        let file = std::fs::File::create(&path).map_err(|e| IoError::writing(&path, &e))?;
        self.common
            .write(std::io::BufWriter::new(file), &place, numbers, flats)
            .map_err(|found| {
                IoError::new(
                    self.folder.target(),
                    "to write it",
                    found,
                    "check the free space; nothing was left behind",
                )
            })
    }

    fn check(&self, slice: usize, data: &Array2<f32>) -> Result<(), IoError> {
        let wanted = (self.header.views, self.header.bins);
        if slice >= self.header.slices
            || data.dim() != wanted
            || data.iter().any(|x| !x.is_finite())
        {
            let expected = format!(
                "finite numbers (view, bin) = {wanted:?} in one of {} slices",
                self.header.slices
            );
            return Err(self.mistake(
                expected,
                format!("{:?} in slice {slice}, or NaN", data.dim()),
            ));
        }
        Ok(())
    }

    fn mistake(&self, expected: String, found: String) -> IoError {
        let remedy = "this is a mistake in the caller";
        IoError::new(self.folder.target(), expected, found, remedy)
    }
}

/// What all files share; refuses what CT-PD has no place for.
fn common(path: &Path, header: &ProjectionHeader, seed: &str) -> Result<Common, IoError> {
    let refuse = |expected: &str, found: String, remedy: &str| {
        Err(IoError::new(path, expected, found, remedy))
    };
    let Some(Beam::Fan {
        source_mm,
        detector_mm,
        shape,
    }) = header.beam
    else {
        let found = format!("{:?}", header.beam);
        return refuse(
            "a fan beam",
            found,
            "write parallel projections as Data Exchange HDF5",
        );
    };
    let (Some(pitch_mm), Some(centre)) = (header.pitch_mm, header.centre_column) else {
        let found = format!("{:?} and {:?}", header.pitch_mm, header.centre_column);
        return refuse(
            "the pitch and the centre of the detector",
            found,
            "state both in the protocol",
        );
    };
    if header.angles_rad.len() != header.views {
        let found = format!(
            "{} angles for {} views",
            header.angles_rad.len(),
            header.views
        );
        return refuse("one angle a view", found, "this is a mistake in the caller");
    }
    if !(1..=MAX_BINS).contains(&header.bins) {
        let expected = format!("1 to {MAX_BINS} bins");
        return refuse(
            &expected,
            header.bins.to_string(),
            "write it as Data Exchange HDF5",
        );
    }
    let places = header.z_mm.as_ref().map_or(0, Vec::len);
    let apart = header
        .z_mm
        .iter()
        .flatten()
        .zip(header.z_mm.iter().flatten().skip(1));
    if (header.slices > 1 && places != header.slices) || !apart.clone().all(|(a, b)| b - a > 0.01) {
        let found = format!(
            "{places} positions for {} slices, or not ascending",
            header.slices
        );
        return refuse(
            "a position along the axis for each slice, ascending",
            found,
            "state the pitch along the axis",
        );
    }
    let root = Uuid::new_v5(
        &Uuid::NAMESPACE_OID,
        format!("annulus ct-pd {seed}").as_bytes(),
    );
    Ok(Common {
        root,
        bins: header.bins,
        source_mm,
        source_to_detector_mm: detector_mm,
        shape: match shape {
            DetectorShape::Flat => "FLAT",
            DetectorShape::Curved => "CYLINDRICAL",
        },
        pitch_mm,
        pitch_axial_mm: header.pitch_axial_mm.unwrap_or(1.0),
        centre,
        views_per_turn: views_per_turn(&header.angles_rad),
        water_per_mm: header.water_per_mm,
        kvp: header.kvp,
    })
}

/// Views of a turn, where the angles are even and a whole number of them make a turn.
fn views_per_turn(angles_rad: &[f64]) -> Option<u16> {
    let n = angles_rad.len();
    let step = (angles_rad[n - 1] - angles_rad[0]) / (n.max(2) - 1) as f64;
    let even = |pair: &[f64]| (pair[1] - pair[0] - step).abs() < 1e-3 * step.abs();
    let turn = std::f64::consts::TAU / step.abs();
    let whole = (turn - turn.round()).abs() < 1e-3 && (2.0..65536.0).contains(&turn);
    (n > 1 && whole && angles_rad.windows(2).all(even)).then_some(turn.round() as u16)
}
