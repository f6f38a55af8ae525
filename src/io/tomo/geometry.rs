//! The group `/annulus` of our own files: the geometry that Data Exchange has no place for, as attributes.
//!
//! `beam` is `parallel` or `fan`, the latter with `source_mm`, `detector_mm` and `detector` (`flat`, `curved`);
//! `pitch_mm`, `pitch_axial_mm`, `centre_column`, `water_per_mm`, `energy_kev`, `kvp`, `photons_per_count` are numbers, `z_mm` is a list.

use std::path::Path;

use hdf5::types::VarLenUnicode;
use hdf5::{File, Group};
use ndarray::Array1;

use super::layout::attribute;
use crate::io::IoError;
use crate::io::projections::{Beam, DetectorShape, ProjectionHeader};

/// The name of the group.
const GROUP: &str = "annulus";

/// Takes from the group what the options have not said.
pub(super) fn read(path: &Path, file: &File, header: &mut ProjectionHeader) -> Result<(), IoError> {
    let Ok(group) = file.group(GROUP) else {
        return Ok(());
    };
    let number = |name: &str| positive(&group, name);
    header.pitch_mm = header.pitch_mm.or_else(|| number("pitch_mm"));
    header.pitch_axial_mm = header.pitch_axial_mm.or_else(|| number("pitch_axial_mm"));
    header.water_per_mm = header.water_per_mm.or_else(|| number("water_per_mm"));
    header.energy_kev = header.energy_kev.or_else(|| number("energy_kev"));
    header.kvp = header.kvp.or_else(|| number("kvp"));
    header.photons_per_count = number("photons_per_count");
    let centre = || scalar(&group, "centre_column").filter(|x| x.is_finite());
    header.centre_column = header.centre_column.or_else(centre);
    if header.beam.is_none() {
        header.beam = beam(path, &group)?;
    }
    if header.z_mm.is_none() {
        let z = group.attr("z_mm").and_then(|a| a.read_1d::<f64>()).ok();
        let fits = |z: &Array1<f64>| z.len() == header.slices && z.iter().all(|x| x.is_finite());
        header.z_mm = z.filter(fits).map(|z| z.to_vec());
    }
    Ok(())
}

fn beam(path: &Path, group: &Group) -> Result<Option<Beam>, IoError> {
    let Some(name) = attribute(path, group, "beam")? else {
        return Ok(None);
    };
    let distances = (positive(group, "source_mm"), scalar(group, "detector_mm"));
    let shape = attribute(path, group, "detector")?;
    let found = match (name.as_str(), distances, shape.as_deref()) {
        ("parallel", ..) => Some(Beam::Parallel),
        ("fan", (Some(source_mm), Some(detector_mm)), Some(shape @ ("flat" | "curved"))) => {
            Some(Beam::Fan {
                source_mm,
                detector_mm,
                shape: match shape {
                    "flat" => DetectorShape::Flat,
                    _ => DetectorShape::Curved,
                },
            })
        }
        _ => None,
    };
    match found {
        Some(beam) => Ok(Some(beam)),
        None => Err(IoError::new(
            path,
            "/annulus with the beam parallel, or fan with source_mm, detector_mm and detector",
            format!("the beam {name:?}, the distances {distances:?}, the detector {shape:?}"),
            "correct the attributes, or remove them: the beam of the protocol is used then",
        )),
    }
}

fn scalar(group: &Group, name: &str) -> Option<f64> {
    group.attr(name).and_then(|a| a.read_scalar::<f64>()).ok()
}

fn positive(group: &Group, name: &str) -> Option<f64> {
    scalar(group, name).filter(|x| *x > 0.0 && x.is_finite())
}

/// Writes the group.
pub(in crate::io) fn write(file: &File, header: &ProjectionHeader) -> hdf5::Result<()> {
    let group = file.create_group(GROUP)?;
    let number = |name: &str, value: Option<f64>| -> hdf5::Result<()> {
        let Some(value) = value else { return Ok(()) };
        group.new_attr::<f64>().create(name)?.write_scalar(&value)
    };
    number("pitch_mm", header.pitch_mm)?;
    number("pitch_axial_mm", header.pitch_axial_mm)?;
    number("centre_column", header.centre_column)?;
    number("water_per_mm", header.water_per_mm)?;
    number("energy_kev", header.energy_kev)?;
    number("kvp", header.kvp)?;
    number("photons_per_count", header.photons_per_count)?;
    match header.beam {
        None => {}
        Some(Beam::Parallel) => write_text(&group, "beam", "parallel")?,
        Some(Beam::Fan {
            source_mm,
            detector_mm,
            shape,
        }) => {
            write_text(&group, "beam", "fan")?;
            number("source_mm", Some(source_mm))?;
            number("detector_mm", Some(detector_mm))?;
            let shape = match shape {
                DetectorShape::Flat => "flat",
                DetectorShape::Curved => "curved",
            };
            write_text(&group, "detector", shape)?;
        }
    }
    if let Some(z) = &header.z_mm {
        group.new_attr_builder().with_data(z).create("z_mm")?;
    }
    Ok(())
}

/// Writes one attribute of text.
pub(in crate::io) fn write_text(of: &hdf5::Location, name: &str, text: &str) -> hdf5::Result<()> {
    let text: VarLenUnicode = text
        .replace('\0', "")
        .parse()
        .map_err(|_| hdf5::Error::from("bad text"))?;
    of.new_attr::<VarLenUnicode>()
        .create(name)?
        .write_scalar(&text)
}
