//! NXtomo: one dataset of all frames, each marked as projection, flat or dark by its image key.

use std::ops::Range;
use std::path::Path;

use hdf5::{Dataset, File, Group};

use super::frames::Frames;
use super::layout::{Layout, angles, attribute, numbers};
use crate::io::projections::ProjectionOptions;
use crate::io::{IoError, hdf5_read};

/// The group that holds an NXtomo: an entry at the root, or `tomo_entry` inside it.
pub(in crate::io) fn entry(file: &File) -> Option<Group> {
    let names = file.member_names().ok()?;
    let entries = names.iter().filter(|name| name.starts_with("entry"));
    let groups = entries.filter_map(|name| file.group(name).ok());
    let candidates = groups.flat_map(|entry| [entry.group("tomo_entry").ok(), Some(entry)]);
    candidates
        .flatten()
        .find(|group| keys(group).is_some() && data(group).is_some())
}

fn data(entry: &Group) -> Option<Dataset> {
    let places = ["instrument/detector/data", "data/data"];
    places.iter().find_map(|place| entry.dataset(place).ok())
}

fn keys(entry: &Group) -> Option<Dataset> {
    let places = ["instrument/detector/image_key", "data/image_key"];
    places.iter().find_map(|place| entry.dataset(place).ok())
}

/// Sorts the frames by their keys.
pub(super) fn layout(
    path: &Path,
    entry: &Group,
    options: &ProjectionOptions,
) -> Result<Layout, IoError> {
    let gone = || IoError::new(path, "an NXtomo entry", "none", "export the file again");
    let data = data(entry).ok_or_else(gone)?;
    let keys = numbers(path, &keys(entry).ok_or_else(gone)?)?;
    let total = data.shape().first().copied().unwrap_or(0);
    if keys.len() != total {
        return Err(IoError::new(
            path,
            format!("{total} image keys, one a frame"),
            format!("{} keys", keys.len()),
            "export the file again",
        ));
    }
    let frames = |key: f64| Frames::some(path, data.clone(), runs(&keys, key));
    let some = |key: f64| -> Result<Option<Frames>, IoError> {
        Ok(Some(frames(key)?).filter(|frames| frames.count() > 0))
    };
    let place = ["sample/rotation_angle", "data/rotation_angle"];
    let place = place.into_iter().find(|place| entry.dataset(place).is_ok());
    let angles_rad = match place {
        Some(place) => of_projections(path, entry, place, &keys, options)?,
        None => None,
    };
    let mut warnings = Vec::new();
    let other = keys
        .iter()
        .filter(|k| ![0.0, 1.0, 2.0].contains(*k))
        .count();
    if other > 0 {
        warnings.push(format!(
            "{other} frames are marked invalid (image key 3) and left aside"
        ));
    }
    let size = |name: &str| length_mm(path, entry, &format!("instrument/detector/{name}"));
    Ok(Layout {
        kind: "nx-tomo",
        data: frames(0.0)?,
        flat: some(1.0)?,
        dark: some(2.0)?,
        angles_rad,
        units: attribute(path, &data, "units")?,
        pitch_mm: size("x_pixel_size")?,
        pitch_axial_mm: size("y_pixel_size")?,
        energy_kev: None,
        warnings,
    })
}

/// The angles of the projections: the flats' and darks' say nothing, and may be anything.
fn of_projections(
    path: &Path,
    entry: &Group,
    place: &str,
    keys: &[f64],
    options: &ProjectionOptions,
) -> Result<Option<Vec<f64>>, IoError> {
    let dataset = entry
        .dataset(place)
        .map_err(|e| hdf5_read::failed(path, place, &e))?;
    if dataset.size() != keys.len() {
        // As many angles as projections are taken as theirs; the reader checks the number.
        return angles(path, entry, place, options);
    }
    if options.arc_rad.is_some() {
        return Ok(None);
    }
    let all = numbers(path, &dataset)?;
    let kept = all.iter().zip(keys).filter(|(_, key)| **key == 0.0);
    let kept = kept.map(|(angle, _)| *angle).collect();
    let unit = attribute(path, &dataset, "units")?;
    crate::io::projections::to_radians(path, kept, unit.as_deref(), options).map(Some)
}

/// Ranges of consecutive frames with this key.
fn runs(keys: &[f64], key: f64) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (frame, _) in keys.iter().enumerate().filter(|(_, k)| **k == key) {
        match runs.last_mut() {
            Some(run) if run.end == frame => run.end += 1,
            _ => runs.push(frame..frame + 1),
        }
    }
    runs
}

/// A length with its unit; nothing where it, or a unit that is known, is missing.
fn length_mm(path: &Path, entry: &Group, place: &str) -> Result<Option<f64>, IoError> {
    let Ok(dataset) = entry.dataset(place) else {
        return Ok(None);
    };
    let value = numbers(path, &dataset)?.first().copied();
    let unit = attribute(path, &dataset, "units")?;
    let factor = match unit.as_deref().map(str::trim) {
        Some("m") => 1000.0,
        Some("mm") => 1.0,
        Some("um" | "micron" | "microns" | "µm") => 1e-3,
        _ => return Ok(None),
    };
    Ok(value
        .map(|x| x * factor)
        .filter(|x| *x > 0.0 && x.is_finite()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_a_key_are_runs() {
        let keys = [2.0, 1.0, 0.0, 0.0, 1.0, 0.0];
        assert_eq!(runs(&keys, 0.0), [2..4, 5..6]);
        assert_eq!(runs(&keys, 1.0), [1..2, 4..5]);
        assert!(runs(&keys, 3.0).is_empty());
    }
}
