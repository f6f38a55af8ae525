//! `annulus phantom`.

mod map;
mod picture;

use super::{Outcome, arguments::Phantom, note};
use crate::io::{NiftiWriter, atomic, png_sheet, write_npy_f32};
use crate::simulate::LabelMap;
use ndarray::{Array3, Axis};
use picture::Picture;
use std::error::Error;
use std::path::{Path, PathBuf};

/// Memory that a phantom may take: 8 GiB.
const MOST_BYTES: u128 = 8 << 30;
/// Bytes of a pixel of the slice that is drawn, on a grid twice as fine or more.
const DRAWN_BYTES: u128 = 96;

pub(super) fn run(a: &Phantom) -> Outcome {
    if a.list {
        let line = |(name, what): &(&str, &str)| format!("{name:<19} {what}\n");
        return Ok(phantoms::list()
            .iter()
            .chain(&phantoms::MAPS)
            .map(line)
            .collect());
    }
    let (Some(name), Some(output)) = (&a.name, &a.output) else {
        return Err("a phantom needs a name and -o FILE".into());
    };
    let (n, depth) = (a.size, a.depth);
    let volumes = if a.lesions.is_some() { 16 } else { 12 };
    let of_pixel = (depth as u128)
        .saturating_mul(volumes)
        .saturating_add(DRAWN_BYTES);
    let bytes = (n as u128).pow(2).saturating_mul(of_pixel);
    if n == 0 || depth == 0 || bytes > MOST_BYTES {
        return Err(format!(
            "--size {n} --depth {depth}: needs {bytes} bytes of memory; expected at least 1 of each \
             and at most {MOST_BYTES} bytes in all"
        )
        .into());
    }
    may_write(output, a.force)?;
    if let Some(lesions) = &a.lesions {
        may_write(lesions, a.force)?;
        if lesions == output {
            let file = lesions.display();
            return Err(format!("--lesions {file}: expected another file than --output").into());
        }
    }
    if let Some(map) = map::drawn(name, a) {
        let affine = map::affine_lps_mm(name, n, depth);
        let about = format!("annulus map {name}");
        save(output, &map?.0, &affine, &about, None, a.force)?;
        return Ok(format!("written to {}\n", output.display()));
    }
    let choose = |folder: &PathBuf| LabelMap::choose(folder, a.seed);
    let labels = a.labels.as_ref().map(choose).transpose()?;
    let picture = Picture::new(name, a, labels.as_ref())?;
    if let Some(map) = &labels {
        note(&map.about());
    }
    let (image, lesions) = drawn(&picture, n, depth, a.lesions.is_some())?;
    let affine = picture.affine_lps_mm();
    let mut said = String::new();
    if let (Some(path), Some(shares)) = (&a.lesions, &lesions) {
        let about = "share of lesion";
        save(path, shares, &affine, about, Some([0.0, 1.0]), a.force)?;
        said = format!("lesions written to {}\n", path.display());
    }
    save(output, &image, &affine, picture.about(), None, a.force)?;
    Ok(format!("written to {}\n{said}", output.display()))
}

/// An image, and its lesions where they are asked for.
type Volumes = (Array3<f32>, Option<Array3<f32>>);

fn drawn(
    picture: &Picture<'_>,
    n: usize,
    depth: usize,
    with_lesions: bool,
) -> Result<Volumes, Box<dyn Error>> {
    let mut image = Array3::zeros((depth, n, n));
    let mut lesions = with_lesions.then(|| Array3::zeros((depth, n, n)));
    for slice in 0..depth {
        let drawn = picture.slice(slice)?;
        image.index_axis_mut(Axis(0), slice).assign(&drawn.image);
        if let Some(lesions) = &mut lesions {
            let share = drawn.lesion_share.ok_or_else(|| picture.no_lesions())?;
            lesions.index_axis_mut(Axis(0), slice).assign(&share);
        }
    }
    Ok((image, lesions))
}

/// Formats by the ends of their names.
const ENDS: [&str; 4] = [".nii", ".nii.gz", ".npy", ".png"];

/// Known before anything is drawn.
fn may_write(path: &Path, force: bool) -> Result<(), Box<dyn Error>> {
    let file = path.to_string_lossy();
    if !ENDS.iter().any(|end| file.ends_with(end)) {
        return Err(
            format!("{file}: expected a name ending in .nii, .nii.gz, .npy or .png").into(),
        );
    }
    Ok(atomic::may_write(path, force)?)
}

fn save(
    path: &Path,
    volume: &Array3<f32>,
    affine_lps_mm: &[[f64; 4]; 3],
    about: &str,
    window: Option<[f32; 2]>,
    force: bool,
) -> Result<(), Box<dyn Error>> {
    let file = path.to_string_lossy();
    if file.ends_with(".png") {
        png_sheet(path, volume, window)?;
    } else if file.ends_with(".npy") {
        write_npy_f32(path, volume, force)?;
    } else {
        let (depth, ny, nx) = volume.dim();
        let sizes = [nx, ny, depth];
        let mut writer = NiftiWriter::create(path, sizes, affine_lps_mm, about, force)?;
        for slice in volume.axis_iter(Axis(0)) {
            writer.slice(&slice.to_owned())?;
        }
        writer.finish()?;
    }
    Ok(())
}
