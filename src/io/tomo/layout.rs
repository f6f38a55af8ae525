//! Where a Data Exchange file keeps what, and what both layouts have in common.

use std::path::Path;

use hdf5::{Dataset, File, Group, Location};

use super::frames::Frames;
use crate::io::projections::{ProjectionOptions, to_radians};
use crate::io::{IoError, hdf5_read};

/// The parts of a tomography file.
#[derive(Debug)]
pub(super) struct Layout {
    pub kind: &'static str,
    pub data: Frames,
    pub flat: Option<Frames>,
    pub dark: Option<Frames>,
    pub angles_rad: Option<Vec<f64>>,
    /// What the file calls the unit of the projections.
    pub units: Option<String>,
    pub pitch_mm: Option<f64>,
    pub pitch_axial_mm: Option<f64>,
    pub energy_kev: Option<f64>,
    pub warnings: Vec<String>,
}

/// `/exchange` with `data` (view, row, column), and perhaps `data_white`, `data_dark`, `theta`.
pub(super) fn data_exchange(
    path: &Path,
    file: &File,
    options: &ProjectionOptions,
) -> Result<Layout, IoError> {
    let exchange = file
        .group("exchange")
        .map_err(|e| hdf5_read::failed(path, "the group /exchange", &e))?;
    let data = exchange
        .dataset("data")
        .map_err(|e| hdf5_read::failed(path, "/exchange/data", &e))?;
    let units = attribute(path, &data, "units")?;
    let frames = |name: &str| -> Result<Option<Frames>, IoError> {
        let dataset = exchange.dataset(name).ok();
        let all = dataset.map(|d| Frames::all(path, d)).transpose()?;
        Ok(all.filter(|frames| frames.count() > 0))
    };
    let (flat, dark) = (frames("data_white")?, frames("data_dark")?);
    let angles_rad = angles(path, &exchange, "theta", options)?;
    let mut warnings = Vec::new();
    if flat.is_some() && dark.is_none() {
        warnings.push("there are no dark frames: no dark signal is assumed".to_owned());
    }
    Ok(Layout {
        kind: "data-exchange",
        data: Frames::all(path, data)?,
        flat,
        dark,
        angles_rad,
        units,
        pitch_mm: None,
        pitch_axial_mm: None,
        energy_kev: None,
        warnings,
    })
}

/// Angles of a dataset with their unit, or nothing where there is none (or the options give the arc anyway).
pub(super) fn angles(
    path: &Path,
    group: &Group,
    name: &str,
    options: &ProjectionOptions,
) -> Result<Option<Vec<f64>>, IoError> {
    let Ok(dataset) = group.dataset(name) else {
        return Ok(None);
    };
    if options.arc_rad.is_some() {
        return Ok(None);
    }
    let values = numbers(path, &dataset)?;
    let unit = attribute(path, &dataset, "units")?;
    to_radians(path, values, unit.as_deref(), options).map(Some)
}

/// All numbers of a small dataset; a header that asks for more than 16 million is refused.
pub(super) fn numbers(path: &Path, dataset: &Dataset) -> Result<Vec<f64>, IoError> {
    if dataset.size() > 1 << 24 {
        return Err(IoError::new(
            path,
            format!("{} of a few numbers", dataset.name()),
            format!("{} of them", dataset.size()),
            "the header is damaged: export the file again",
        ));
    }
    dataset
        .read_raw::<f64>()
        .map_err(|e| hdf5_read::failed(path, &dataset.name(), &e))
}

/// The text of an attribute, or nothing where there is none or it is no text.
pub(super) fn attribute(path: &Path, of: &Location, name: &str) -> Result<Option<String>, IoError> {
    let Ok(attribute) = of.attr(name) else {
        return Ok(None);
    };
    Ok(hdf5_read::text(path, name, &attribute)
        .ok()
        .map(|text| text.trim_end_matches('\0').to_owned()))
}
