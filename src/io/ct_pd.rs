//! DICOM-CT-PD: a folder with one file a view, as in the LDCT-and-Projection-data collection.
//!
//! Read are fan-beam scans whose table stands still during a turn, of one focal spot, on an arc or a flat detector:
//! every detector row at every table position is a slice. CT-PD puts the source at `ρ (-sin φ, cos φ)`, which is our
//! angle `t = φ + π`, and as published a higher column turns the ray counter-clockwise around the source, against
//! our `u`: columns are reversed on reading. Some makers store them the other way round; where the views cover a
//! turn, rays that are measured from both sides decide.
//!
//! Files of [`ct_pd_write`](super::ct_pd_write) hold counts as well, in a block of their own; then the counts are
//! read.

mod columns;
mod pixels;
mod scan;
pub(super) mod tags;
mod view;

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2};

use super::IoError;
use super::npy_sinogram::stated_flats;
use super::projections::{
    Beam, ColumnOrder, Content, Flats, ProjectionHeader, ProjectionOptions, ProjectionSlice,
    ProjectionSource, angles_from_arc, check_finite, check_sinogram_size, check_slice, dead_bins,
    note_dead, note_end_view,
};
use scan::{Folder, Position};
use tags::Published;
use view::Scan;

/// An open folder of CT-PD files.
#[derive(Debug)]
pub struct CtPdSource {
    path: PathBuf,
    header: ProjectionHeader,
    folder: Folder,
    slices: Vec<Slice>,
    columns: ColumnOrder,
    /// Whether the files have our own block with counts.
    own_counts: bool,
    photons: Option<f64>,
    angles_rad: Option<Vec<f64>>,
}

/// A detector row at a table position.
#[derive(Clone, Copy, Debug)]
struct Slice {
    position: usize,
    row: usize,
    z_mm: f64,
}

impl CtPdSource {
    /// Opens a folder; reads the head of every file and the pixels of the middle slice.
    pub fn open(path: &Path, options: &ProjectionOptions) -> Result<Self, IoError> {
        let folder = scan::read(path)?;
        let scan = &folder.scan;
        let slices = slices(scan, &folder.positions);
        let first = &folder.positions[0];
        let shape = [slices.len(), first.views.len(), scan.detector[1]];
        check_sinogram_size(path, shape)?;
        let mut header = ProjectionHeader::new("ct-pd", shape, options);
        header.warnings.clone_from(&folder.warnings);
        let object = view::open(&first.views[0].path, false)?;
        let own_counts = own(&object, tags::OWN_FLAT).is_some();
        header.content = content(scan, own_counts, options, &mut header.warnings);
        describe(&mut header, &folder, &slices, options);
        let angles_rad = angles_from_arc(shape[1], options);
        header.angles_rad = angles_rad
            .clone()
            .unwrap_or_else(|| folder.positions[slices[0].position].angles_rad.clone());
        note_end_view(&mut header);
        let mut source = Self {
            path: path.to_owned(),
            header,
            folder,
            slices,
            columns: options.columns.unwrap_or(ColumnOrder::Published),
            own_counts,
            photons: options.photons,
            angles_rad,
        };
        source.check_middle_slice(options)?;
        Ok(source)
    }

    /// Reads one slice to see which way the columns run, and which of them are dead.
    fn check_middle_slice(&mut self, options: &ProjectionOptions) -> Result<(), IoError> {
        let middle = self.slice(self.header.slices / 2)?;
        let post_log = self.header.content == Content::LineIntegrals;
        let fan = columns::Fan::of(&self.header);
        if let (None, true, Some(fan)) = (options.columns, post_log || self.own_counts, fan) {
            let lines = match self.flats(self.header.slices / 2)? {
                Some(flats) => logarithms(&middle.data, &flats),
                None => middle.data,
            };
            if columns::reversed(&lines, &middle.angles_rad, &fan) {
                self.columns = ColumnOrder::Reversed;
                let last = (self.header.bins - 1) as f64;
                if options.centre_column.is_none() {
                    self.header.centre_column = self.header.centre_column.map(|c| last - c);
                }
                self.header.warnings.push(
                    "opposite rays agree only with the columns against the published order: they are \
                     taken so; left and right may be exchanged if it is the angles that run backwards"
                        .to_owned(),
                );
            }
        }
        let dead = note_dead(&self.slice(self.header.slices / 2)?.dead);
        self.header.warnings.extend(dead);
        Ok(())
    }

    /// Our bin of a column of the file.
    fn bin(&self, column: usize) -> usize {
        match self.columns {
            ColumnOrder::Published => self.header.bins - 1 - column,
            ColumnOrder::Reversed => column,
        }
    }

    /// The flats of our own block, in our order of bins.
    fn own_flats(&self, position: &Position) -> Result<Option<Flats>, IoError> {
        let path = &position.views[0].path;
        let object = view::open(path, false)?;
        let bins = self.header.bins;
        let read = |element: u8| -> Result<Option<Array1<f32>>, IoError> {
            let Some(values) = own(&object, element) else {
                return Ok(None);
            };
            if values.len() != 1 && values.len() != bins {
                return Err(IoError::new(
                    path,
                    format!("1 or {bins} values in our block"),
                    format!("{}", values.len()),
                    "the file is damaged: copy it again from its source",
                ));
            }
            let mut ordered = Array1::zeros(bins);
            for column in 0..bins {
                ordered[self.bin(column)] = values[column % values.len()] as f32;
            }
            Ok(Some(ordered))
        };
        let Some(flat_mean) = read(tags::OWN_FLAT)? else {
            return Ok(None);
        };
        let frames = tags_own_frames(&object);
        let or_zero = |values: Option<Array1<f32>>| values.unwrap_or_else(|| Array1::zeros(bins));
        Ok(Some(Flats {
            flat_mean,
            flat_variance: or_zero(read(tags::OWN_FLAT_VARIANCE)?),
            flat_frames: frames[0],
            dark_mean: or_zero(read(tags::OWN_DARK)?),
            dark_variance: or_zero(read(tags::OWN_DARK_VARIANCE)?),
            dark_frames: frames[1],
        }))
    }
}

/// Line integrals of counts, by the rule of the writer.
fn logarithms(counts: &Array2<f32>, flats: &Flats) -> Array2<f32> {
    Array2::from_shape_fn(counts.dim(), |(view, bin)| {
        let dark = flats.dark_mean[bin];
        let signal = (counts[[view, bin]] - dark + 0.5).max(0.1);
        let incident = flats.flat_mean[bin] - dark;
        if incident > 0.0 {
            (incident / signal).ln()
        } else {
            0.0
        }
    })
}

/// Numbers of our own block.
fn own(object: &dicom_object::DefaultDicomObject, element: u8) -> Option<Vec<f64>> {
    tags::own_numbers(object, element, Published::Fl)
}

fn tags_own_frames(object: &dicom_object::DefaultDicomObject) -> [usize; 2] {
    match tags::own_numbers(object, tags::OWN_FRAMES, Published::Us).as_deref() {
        Some(&[flat, dark, ..]) => [flat as usize, dark as usize],
        _ => [0, 0],
    }
}

/// Every row of every position, from low to high.
fn slices(scan: &Scan, positions: &[Position]) -> Vec<Slice> {
    let on_axis = scan.source_mm / scan.source_to_detector_mm;
    let mut slices = Vec::new();
    for (index, position) in positions.iter().enumerate() {
        for row in 0..scan.detector[0] {
            // Rows are counted from 1, and as published against z.
            let above = (row as f64 + 1.0 - scan.central[1]) * scan.spacing_mm[1] * on_axis;
            let z_mm = match scan.detector[0] {
                1 => position.z_mm,
                _ => position.z_mm - above,
            };
            slices.push(Slice {
                position: index,
                row,
                z_mm,
            });
        }
    }
    slices.sort_by(|a, b| a.z_mm.total_cmp(&b.z_mm));
    slices
}

fn content(
    scan: &Scan,
    own_counts: bool,
    options: &ProjectionOptions,
    warnings: &mut Vec<String>,
) -> Content {
    let flags = &scan.flags;
    if !flags.missing.is_empty() {
        let names = flags.missing.join(", ");
        warnings.push(format!(
            "the file says that it is not corrected for: {names}"
        ));
    }
    if flags.log.is_none() {
        let note = "there is no log flag: line integrals are assumed, as published";
        warnings.push(note.to_owned());
    }
    match (options.content, own_counts, flags.log, flags.flat) {
        (Some(content), ..) => content,
        (None, true, ..) => Content::Counts,
        (None, false, Some(false), Some(true)) => Content::Transmission,
        (None, false, Some(false), _) => Content::Counts,
        (None, false, ..) => Content::LineIntegrals,
    }
}

/// The geometry as the files have it, where the options say nothing.
fn describe(
    header: &mut ProjectionHeader,
    folder: &Folder,
    slices: &[Slice],
    options: &ProjectionOptions,
) {
    let scan = &folder.scan;
    let last = (header.bins - 1) as f64;
    header.beam = header.beam.or(Some(Beam::Fan {
        source_mm: scan.source_mm,
        detector_mm: scan.source_to_detector_mm,
        shape: scan.shape,
    }));
    header.pitch_mm = header.pitch_mm.or(Some(scan.spacing_mm[0]));
    header.pitch_axial_mm = header.pitch_axial_mm.or(Some(scan.spacing_mm[1]));
    let column = scan.central[0] - 1.0;
    let bin = match options.columns {
        Some(ColumnOrder::Reversed) => column,
        _ => last - column,
    };
    header.centre_column = header.centre_column.or(Some(bin));
    header.z_mm = Some(slices.iter().map(|s| s.z_mm).collect());
    header.kvp = header.kvp.or(scan.kvp.filter(|v| *v > 0.0));
    header.water_per_mm = header
        .water_per_mm
        .or_else(|| water(scan, &mut header.warnings));
    header.vendor.clone_from(&scan.vendor);
    header.patient_position.clone_from(&scan.patient_position);
    header.dicom_source = Some(folder.positions[0].views[0].path.clone());
    let [rows, _] = scan.detector;
    if rows > 1 {
        let farthest = (1.0 - scan.central[1])
            .abs()
            .max((rows as f64 - scan.central[1]).abs());
        let cone = (farthest * scan.spacing_mm[1] / scan.source_to_detector_mm).atan();
        header.warnings.push(format!(
            "{rows} detector rows: each is read as a fan of its own, up to {:.3} degrees off the plane of rotation; \
             rows are taken to run against z, as published",
            cone.to_degrees()
        ));
    }
}

/// Attenuation of water, which some files give per centimetre.
fn water(scan: &Scan, warnings: &mut Vec<String>) -> Option<f64> {
    match scan.water? {
        per_mm if (0.01..0.05).contains(&per_mm) => Some(per_mm),
        per_cm if (0.1..0.5).contains(&per_cm) => Some(per_cm / 10.0),
        other => {
            let note =
                format!("the attenuation of water, {other}, is neither per mm nor per cm: ignored");
            warnings.push(note);
            None
        }
    }
}

impl ProjectionSource for CtPdSource {
    fn header(&self) -> &ProjectionHeader {
        &self.header
    }

    fn slice(&mut self, index: usize) -> Result<ProjectionSlice, IoError> {
        check_slice(&self.path, index, self.header.slices)?;
        let flats = self.flats(index)?;
        let Slice { position, row, .. } = self.slices[index];
        let position = &self.folder.positions[position];
        let shape = [position.views.len(), self.header.bins];
        let counts = self.own_counts && self.header.content == Content::Counts;
        let mut data = Array2::zeros(shape);
        let mut photons = Array2::zeros(shape);
        let mut with_photons = 0;
        for (v, view) in position.views.iter().enumerate() {
            let read = pixels::row(&view.path, &self.folder.scan, row)?;
            with_photons += usize::from(read.photons.is_some());
            for column in 0..shape[1] {
                let bin = self.bin(column);
                let neq = read.photons.as_ref().map_or(0.0, |all| all[column]);
                photons[[v, bin]] = neq;
                data[[v, bin]] = match (&flats, &read.counts) {
                    (Some(_), Some(own)) if counts => own[column],
                    (Some(flats), None) if counts => neq - 0.5 + flats.dark_mean[bin],
                    _ => read.data[column],
                };
            }
        }
        check_finite(&self.path, "the projections", index, data.view())?;
        if with_photons != 0 && with_photons != shape[0] {
            return Err(IoError::new(
                &self.path,
                "photon statistics in every view, or in none",
                format!("{with_photons} of {} views of slice {index}", shape[0]),
                "copy all files of the scan again",
            ));
        }
        Ok(ProjectionSlice {
            dead: dead_bins(data.view(), flats.as_ref(), self.header.content),
            photons: (with_photons > 0).then_some(photons),
            angles_rad: self
                .angles_rad
                .clone()
                .unwrap_or_else(|| position.angles_rad.clone()),
            data,
        })
    }

    fn flats(&mut self, slice: usize) -> Result<Option<Flats>, IoError> {
        check_slice(&self.path, slice, self.header.slices)?;
        if self.header.content != Content::Counts {
            return Ok(None);
        }
        let position = &self.folder.positions[self.slices[slice].position];
        match self.own_flats(position)? {
            Some(flats) => flats.lit(&self.path, slice).map(Some),
            None => stated_flats(&self.path, &self.header, self.photons),
        }
    }
}

#[cfg(test)]
mod tests;
