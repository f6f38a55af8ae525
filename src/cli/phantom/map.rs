//! Maps of coils and of the main field.

use super::Volumes;
use crate::cli::arguments::Phantom;
use ndarray::{Array3, Axis};
use std::error::Error;

/// The field of view that a map is drawn in, in mm.
const FOV_MM: f64 = 220.0;
/// From slice to slice of a field: the whole field of view; coils all lie in one plane.
const COILS_MM: f64 = 1.0;

/// A map, if the name is that of one.
pub(super) fn drawn(name: &str, a: &Phantom) -> Option<Result<Volumes, Box<dyn Error>>> {
    let known = phantoms::MAPS.iter().any(|(map, _)| *map == name);
    known.then(|| volume(name, a))
}

fn volume(name: &str, a: &Phantom) -> Result<Volumes, Box<dyn Error>> {
    let of = value(name, a.contrast.as_deref())?;
    if a.labels.is_some() || a.lesions.is_some() {
        return Err(format!("`{name}` is a map: leave --labels and --lesions out").into());
    }
    let (n, depth) = (a.size, a.depth);
    let mut image = Array3::zeros((depth, n, n));
    for (slice, mut to) in image.axis_iter_mut(Axis(0)).enumerate() {
        let map = phantoms::map(name, a.seed, (slice, depth), (n, n));
        to.assign(&map.ok_or("no such map")??.mapv(|v| of(v) as f32));
    }
    Ok((image, None))
}

type Value = fn(num_complex::Complex64) -> f64;

/// What is drawn of a complex number: its magnitude or its phase; of a field, Hz.
fn value(name: &str, contrast: Option<&str>) -> Result<Value, Box<dyn Error>> {
    match (name, contrast) {
        ("b0", None | Some("hz")) => Ok(|v| v.re),
        ("b0", Some(other)) => Err(format!("contrast `{other}` of `b0`: expected hz").into()),
        (_, None | Some("magnitude")) => Ok(|v| v.norm()),
        (_, Some("phase")) => Ok(|v| v.arg()),
        (_, Some(other)) => {
            Err(format!("contrast `{other}` of `{name}`: expected magnitude or phase").into())
        }
    }
}

/// Columns to the left, rows to the back, on the grid of the Fourier transform.
pub(super) fn affine_lps_mm(name: &str, size: usize, depth: usize) -> [[f64; 4]; 3] {
    let d = FOV_MM / size as f64;
    let (step, first) = match name {
        "b0" => {
            let step = FOV_MM / depth as f64;
            (step, -0.5 * step * (depth as f64 - 1.0))
        }
        _ => (COILS_MM, 0.0),
    };
    let before = -((size / 2) as f64) * d;
    [
        [d, 0.0, 0.0, before],
        [0.0, d, 0.0, before],
        [0.0, 0.0, step, first],
    ]
}
