//! What every reader of projections refuses.

use std::path::Path;

use ndarray::ArrayView2;

use super::{Beam, IoError, ProjectionOptions};

/// The most bytes of one sinogram that a header may ask for: 4 GiB.
const MAX_SINOGRAM_BYTES: usize = 4 << 30;

/// Refuses shapes that no memory holds, and empty ones, before anything is allocated.
pub(in crate::io) fn check_sinogram_size(
    path: &Path,
    [slices, views, bins]: [usize; 3],
) -> Result<(), IoError> {
    let bytes = views.checked_mul(bins).and_then(|n| n.checked_mul(4));
    if slices > 0 && bytes.is_some_and(|n| (1..=MAX_SINOGRAM_BYTES).contains(&n)) {
        return Ok(());
    }
    Err(IoError::new(
        path,
        "at least one sinogram, of 1 value to 4 GiB",
        format!("{slices} slices of {views} views x {bins} bins"),
        "the header is damaged or the scan is empty: export the file again",
    ))
}

/// Refuses a slice that the data do not have.
pub(in crate::io) fn check_slice(path: &Path, index: usize, slices: usize) -> Result<(), IoError> {
    super::super::raw::check_slice(path, index, slices)
}

/// Refuses NaN and infinity, with the place of the first.
pub(in crate::io) fn check_finite(
    path: &Path,
    what: &str,
    slice: usize,
    data: ArrayView2<f32>,
) -> Result<(), IoError> {
    match data.indexed_iter().find(|(_, x)| !x.is_finite()) {
        None => Ok(()),
        Some(((row, bin), x)) => Err(IoError::new(
            path,
            format!("finite numbers in {what}"),
            format!("{x} in slice {slice}, view (or frame) {row}, bin {bin}"),
            "replace it by a measured value, or leave the view out, and save the file again",
        )),
    }
}

/// Refuses options that no scan has.
pub(super) fn check_options(path: &Path, options: &ProjectionOptions) -> Result<(), IoError> {
    let positive = [
        ("pitch_mm", options.pitch_mm),
        ("pitch_axial_mm", options.pitch_axial_mm),
        ("photons", options.photons),
        ("water_per_mm", options.water_per_mm),
        ("energy_kev", options.energy_kev),
        ("kvp", options.kvp),
    ];
    let finite = [
        ("first_angle", options.first_angle_rad),
        ("centre_column", options.centre_column),
    ];
    let turn = [("arc", options.arc_rad)];
    let wrong = |name: &str, value: f64, expected: &str| {
        let found = format!("{name} = {value}");
        let remedy = "correct the value in the protocol";
        Err(IoError::new(path, expected, found, remedy))
    };
    for (name, value) in positive {
        if let Some(value) = value.filter(|&x| !(x > 0.0 && x.is_finite())) {
            return wrong(name, value, "a positive number");
        }
    }
    for (name, value) in finite {
        if let Some(value) = value.filter(|x| !x.is_finite()) {
            return wrong(name, value, "a finite number");
        }
    }
    for (name, value) in turn {
        if let Some(value) = value.filter(|&x| !x.is_finite() || x == 0.0) {
            return wrong(name, value, "an arc other than 0");
        }
    }
    if let Some(Beam::Fan {
        source_mm,
        detector_mm,
        ..
    }) = options.beam
        && !(source_mm > 0.0 && detector_mm >= source_mm && detector_mm.is_finite())
    {
        return wrong(
            "source_mm",
            source_mm,
            "a source in front of the axis, and a detector behind it",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::testing::message;

    #[test]
    fn shapes_and_options_that_cannot_be_are_refused() {
        let path = Path::new("a");
        assert!(check_sinogram_size(path, [1, 720, 736]).is_ok());
        for shape in [
            [0, 2, 2],
            [1, 0, 2],
            [1, usize::MAX, 3],
            [1, 1 << 20, 1 << 20],
        ] {
            assert!(message(check_sinogram_size(path, shape)).contains("slices of"));
        }
        let options = ProjectionOptions {
            pitch_mm: Some(0.0),
            ..Default::default()
        };
        assert!(message(check_options(path, &options)).contains("pitch_mm = 0"));
        let options = ProjectionOptions {
            arc_rad: Some(f64::NAN),
            ..Default::default()
        };
        assert!(message(check_options(path, &options)).contains("arc = NaN"));
    }
}
