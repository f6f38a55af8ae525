//! Tomography in HDF5: Data Exchange and NXtomo, one sinogram at a time.
//!
//! Both hold projections (view, row, column) with flat and dark frames; a row of the detector is a slice. Data
//! Exchange keeps them apart (`/exchange/data`, `data_white`, `data_dark`, `theta`), NXtomo marks each frame of one
//! dataset by `image_key`. Numbers may have any type and byte order. Files written by
//! [`data_exchange`](super::data_exchange) say their geometry in the group `/annulus`; others do not know it.
//!
//! Positive angles are taken as a counter-clockwise turn of the source around the object; where the object turned
//! counter-clockwise instead, the image comes out mirrored.

mod frames;
mod geometry;
mod layout;
mod nexus;

use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::projections::{
    Content, Flats, ProjectionHeader, ProjectionOptions, ProjectionSlice, ProjectionSource,
    angles_from_arc, centred, check_angles, check_finite, check_sinogram_size, check_slice,
    dead_bins, note_dead, note_end_view,
};
use super::{IoError, hdf5_read};
use frames::Frames;
pub(super) use geometry::{write as write_geometry, write_text};
use layout::Layout;
pub(super) use nexus::entry as nexus_entry;

/// An open file of projections.
#[derive(Debug)]
pub struct TomoSource {
    path: PathBuf,
    header: ProjectionHeader,
    data: Frames,
    flat: Option<Frames>,
    dark: Option<Frames>,
    /// Photons of a bin without an object, where there are no flats.
    photons: Option<f64>,
}

impl TomoSource {
    /// Opens a file and checks its shapes, angles and flats.
    pub fn open(path: &Path, options: &ProjectionOptions) -> Result<Self, IoError> {
        let file = hdf5_read::open(path)?;
        let layout = match nexus::entry(&file) {
            Some(entry) if file.dataset("exchange/data").is_err() => {
                nexus::layout(path, &entry, options)?
            }
            _ => layout::data_exchange(path, &file, options)?,
        };
        let [slices, bins] = layout.data.frame_shape();
        let shape = [slices, layout.data.count(), bins];
        check_sinogram_size(path, shape)?;
        let mut header = ProjectionHeader::new(layout.kind, shape, options);
        geometry::read(path, &file, &mut header)?;
        take_geometry(&mut header, &layout);
        take_angles(path, &mut header, &layout, options)?;
        header.content = content(path, &layout, options)?;
        if let Some(dz) = header.pitch_axial_mm.filter(|_| header.z_mm.is_none()) {
            header.z_mm = Some(centred(slices, dz));
        }
        let mut source = Self {
            path: path.to_owned(),
            header,
            data: layout.data,
            flat: layout.flat,
            dark: layout.dark,
            photons: options.photons,
        };
        source.check_frames()?;
        let middle = source.slice(slices / 2)?;
        source.header.warnings.extend(note_dead(&middle.dead));
        Ok(source)
    }

    /// Flats and darks must lie on the detector of the projections.
    fn check_frames(&self) -> Result<(), IoError> {
        let wanted = self.data.frame_shape();
        for (name, frames) in [("flat", &self.flat), ("dark", &self.dark)] {
            if let Some(found) = frames
                .as_ref()
                .map(Frames::frame_shape)
                .filter(|s| *s != wanted)
            {
                return Err(IoError::new(
                    &self.path,
                    format!(
                        "{name} frames of {} rows x {} columns, as the projections",
                        wanted[0], wanted[1]
                    ),
                    format!("{} x {}", found[0], found[1]),
                    "these flats belong to another scan: export the file again",
                ));
            }
        }
        Ok(())
    }
}

/// What the layout says of the geometry, where nothing better is known.
fn take_geometry(header: &mut ProjectionHeader, layout: &Layout) {
    header.pitch_mm = header.pitch_mm.or(layout.pitch_mm);
    header.pitch_axial_mm = header.pitch_axial_mm.or(layout.pitch_axial_mm);
    header.energy_kev = header.energy_kev.or(layout.energy_kev);
    header.warnings.extend(layout.warnings.iter().cloned());
    if header.beam.is_none() {
        let note = "the file does not say how the rays run: give the beam in the protocol";
        header.warnings.push(note.to_owned());
    }
}

fn take_angles(
    path: &Path,
    header: &mut ProjectionHeader,
    layout: &Layout,
    options: &ProjectionOptions,
) -> Result<(), IoError> {
    let views = header.views;
    if let Some(angles) = angles_from_arc(views, options) {
        header.angles_rad = angles;
    } else if let Some(angles) = &layout.angles_rad {
        if angles.len() != views {
            return Err(IoError::new(
                path,
                format!("{views} angles, one a view"),
                format!("{} angles", angles.len()),
                "export the file again, or remove the angles: the arc of the protocol is used then",
            ));
        }
        header.angles_rad.clone_from(angles);
    } else {
        assume_half_turn(header);
    }
    check_angles(path, &header.angles_rad, &mut header.warnings)?;
    note_end_view(header);
    Ok(())
}

/// Angles of files that have none.
pub(super) fn assume_half_turn(header: &mut ProjectionHeader) {
    let n = header.views;
    header.angles_rad = (0..n)
        .map(|i| std::f64::consts::PI * i as f64 / n as f64)
        .collect();
    header.angles_known = false;
    let note = "there are no angles: half a turn is assumed; give the arc in the protocol";
    header.warnings.push(note.to_owned());
}

/// What the numbers are: by the options, by the units in the file, or by the flats beside them.
fn content(path: &Path, layout: &Layout, options: &ProjectionOptions) -> Result<Content, IoError> {
    let has_flats = layout.flat.is_some();
    let named = layout.units.as_deref().and_then(content_named);
    let content = match (options.content.or(named), has_flats) {
        (Some(content), _) => content,
        (None, true) => Content::Counts,
        (None, false) if options.photons.is_some() => Content::Counts,
        (None, false) => {
            return Err(IoError::new(
                path,
                "flat frames, or units that say what the numbers are",
                match &layout.units {
                    Some(units) => format!("no flats and the units {units:?}"),
                    None => "neither".to_owned(),
                },
                "set the units of the data in the file (counts, line integrals, transmission), or preparation.photons for counts",
            ));
        }
    };
    if content == Content::Counts && !has_flats && options.photons.is_none() {
        return Err(IoError::new(
            path,
            "flat frames (data_white, or image_key 1) beside counts",
            "counts without flats",
            "add the flats, or give preparation.photons, the photons of a bin without an object",
        ));
    }
    Ok(content)
}

fn content_named(units: &str) -> Option<Content> {
    match units
        .trim()
        .to_lowercase()
        .replace(['_', '-'], " ")
        .as_str()
    {
        "counts" | "count" | "photons" => Some(Content::Counts),
        "line integrals" | "line integral" | "attenuation" => Some(Content::LineIntegrals),
        "transmission" => Some(Content::Transmission),
        _ => None,
    }
}

impl ProjectionSource for TomoSource {
    fn header(&self) -> &ProjectionHeader {
        &self.header
    }

    fn slice(&mut self, index: usize) -> Result<ProjectionSlice, IoError> {
        check_slice(&self.path, index, self.header.slices)?;
        let data = self.data.row(&self.path, index)?;
        check_finite(&self.path, "the projections", index, data.view())?;
        let flats = self.flats(index)?;
        let dead = dead_bins(data.view(), flats.as_ref(), self.header.content);
        Ok(ProjectionSlice {
            data,
            photons: None,
            angles_rad: self.header.angles_rad.clone(),
            dead,
        })
    }

    fn flats(&mut self, slice: usize) -> Result<Option<Flats>, IoError> {
        check_slice(&self.path, slice, self.header.slices)?;
        if self.header.content != Content::Counts {
            return Ok(None);
        }
        let bins = self.header.bins;
        let Some(flat) = &mut self.flat else {
            return Ok(self.photons.map(|n| Flats::stated(bins, n)));
        };
        let flat = flat.row(&self.path, slice)?;
        let dark = match &mut self.dark {
            Some(dark) => dark.row(&self.path, slice)?,
            None => Array2::zeros([0, bins]),
        };
        check_finite(&self.path, "the flat frames", slice, flat.view())?;
        check_finite(&self.path, "the dark frames", slice, dark.view())?;
        Flats::from_frames(&flat, &dark)
            .lit(&self.path, slice)
            .map(Some)
    }
}

#[cfg(test)]
mod tests;
