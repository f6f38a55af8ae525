//! `annulus phantom`.

use super::{Outcome, arguments::Phantom};
use crate::io::{NiftiWriter, atomic, png_sheet, write_npy_f32};
use ndarray::{Array3, Axis};
use phantoms::Contrast;

/// Field of view of a phantom in a NIfTI file.
const FOV_MM: f64 = 220.0;

/// Memory that a phantom may take: 8 GiB, f64 while it is drawn and f32 in the volume.
const MOST_BYTES: u128 = 8 << 30;

pub(super) fn run(a: &Phantom) -> Outcome {
    if a.list {
        let line = |(name, what): &(&str, &str)| format!("{name:<14} {what}\n");
        return Ok(phantoms::list().iter().map(line).collect());
    }
    let (Some(name), Some(output)) = (&a.name, &a.output) else {
        return Err("a phantom needs a name and -o FILE".into());
    };
    let contrast = match a.contrast.as_str() {
        "t1" => Contrast::T1,
        "t2" => Contrast::T2,
        "pd" => Contrast::Pd,
        other => return Err(format!("contrast `{other}`: expected t1, t2 or pd").into()),
    };
    let (n, depth) = (a.size, a.depth);
    let bytes = (n as u128).pow(2) * depth as u128 * 12;
    if n == 0 || depth == 0 || bytes > MOST_BYTES {
        return Err(format!(
            "--size {n} --depth {depth}: needs {bytes} bytes of memory; expected at least 1 of each \
             and at most {MOST_BYTES} bytes in all"
        )
        .into());
    }
    let mut volume = Array3::zeros((depth, n, n));
    for (slice, mut to) in volume.axis_iter_mut(Axis(0)).enumerate() {
        let drawn = phantoms::raster(name, a.seed, slice, depth, n, n, contrast)?;
        to.assign(&drawn.mapv(|v| v as f32));
    }
    let file = output.to_string_lossy();
    if file.ends_with(".nii") || file.ends_with(".nii.gz") {
        let d = FOV_MM / n as f64;
        let corner = -d * (n / 2) as f64;
        let affine = [
            [d, 0.0, 0.0, corner],
            [0.0, d, 0.0, corner],
            [0.0, 0.0, 5.0, 0.0],
        ];
        let mut writer =
            NiftiWriter::create(output, [n, n, depth], &affine, "digital phantom", a.force)?;
        for slice in volume.axis_iter(Axis(0)) {
            writer.slice(&slice.to_owned())?;
        }
        writer.finish()?;
    } else if file.ends_with(".npy") {
        write_npy_f32(output, &volume, a.force)?;
    } else if file.ends_with(".png") {
        atomic::may_write(output, a.force)?;
        png_sheet(output, &volume, None)?;
    } else {
        return Err(
            format!("{file}: expected a name ending in .nii, .nii.gz, .npy or .png").into(),
        );
    }
    Ok(format!("written to {file}\n"))
}
