//! MRD (ISMRMRD v1): Cartesian 2-D raw data, one slice at a time.
//!
//! Opening reads the XML header and the heads of all acquisitions; [`slice`](KSpaceSource::slice) then reads only
//! the acquisitions of that slice, a few at a time, so that memory does not grow with the length of the scan.
//!
//! - **y** is `kspace_encode_step_1 + ⌊Ny/2⌋ − center` with the `center` of `encodingLimits`. Where that is missing
//!   or 0 (writers that do not fill it) the counter is taken as the row itself, i.e. `center = ⌊Ny/2⌋`.
//! - **x** puts `center_sample` at ⌊Nx/2⌋, so that partial echoes come to lie where they belong; `center_sample = 0`
//!   means that it was not filled and is read as half the samples. `discard_pre` and `discard_post` samples are
//!   part of `number_of_samples`, as mrpro and MRIReco read the format; they are left out.
//! - **Averages** are averaged, and counted at every sample.
//! - **Flags**: 19 noise, 20 calibration only, 21 both, 22 reversed readout (samples and centre mirrored); navigators,
//!   phase correction, feedback, dummies and stabilisation are left aside.
//! - Readout oversampling stays in the data.

mod assemble;
mod groups;
mod locate;
mod noise;
mod open;
mod select;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use hdf5::Dataset;

use super::IoError;
use super::mrd_header::MrdHeader;
use super::mrd_index::Index;
use super::raw::{KSpaceSource, NoiseScan, RawHeader, RawSlice, ReadOptions, check_slice};
use groups::Groups;
use select::Placed;

/// The XML header of the group that is read by default.
pub(super) fn header_text(path: &Path) -> Result<String, IoError> {
    Groups::find(path, None)?.header_text()
}

/// An open MRD file.
#[derive(Debug)]
pub struct MrdSource {
    path: PathBuf,
    data: Dataset,
    header: RawHeader,
    noise: Option<NoiseScan>,
    /// The lines of the chosen repetition, contrast, phase and set.
    lines: Vec<Placed>,
    /// `idx.slice` of each slice served.
    order: Vec<u16>,
}

impl MrdSource {
    /// Opens a file, reads its header, index and noise scan, and checks every line of the index.
    pub fn open(path: &Path, options: &ReadOptions) -> Result<Self, IoError> {
        let groups = Groups::find(path, options.group.as_deref())?;
        let mrd = groups.header()?;
        open::check_header(path, &mrd)?;
        let data = groups.data()?;
        let index = Index::read(path, &data)?;
        let mut header = open::describe(path, &mrd, &index, options)?;
        header.warnings.extend(groups.warnings());
        let order = locate::locate(&mut header, &mrd, &index, options);
        let lines = select::select(path, &mrd, &mut header, &index, options)?;
        let noise = noise::read(path, &groups, &data, &index.noise, &mut header)?;
        Ok(Self {
            path: path.to_owned(),
            data,
            header,
            noise,
            lines,
            order,
        })
    }
}

impl KSpaceSource for MrdSource {
    fn header(&self) -> &RawHeader {
        &self.header
    }

    fn noise(&self) -> Option<&NoiseScan> {
        self.noise.as_ref()
    }

    fn slice(&mut self, index: usize) -> Result<RawSlice, IoError> {
        check_slice(&self.path, index, self.order.len())?;
        let slice = self.order[index];
        let lines: Vec<&Placed> = self.lines.iter().filter(|l| l.slice == slice).collect();
        if !lines.iter().any(|l| l.purpose.images()) {
            return Err(IoError::new(
                &self.path,
                format!("imaging lines for slice {index} (idx.slice {slice})"),
                "none",
                "leave the slice out with --slices, or export the scan again",
            ));
        }
        let [y, x] = self.header.encoded;
        assemble::read(&self.path, &self.data, &lines, [self.header.coils, y, x])
    }
}

/// The XML header alone, of files that cannot be read further.
pub(super) fn header_only(path: &Path) -> Result<MrdHeader, IoError> {
    Groups::find(path, None)?.header()
}
