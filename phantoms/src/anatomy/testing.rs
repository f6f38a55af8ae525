//! What the tests of this module share.

use std::path::{Path, PathBuf};

use ndarray::{Array3, s};
use nifti::{IntoNdArray, NiftiObject, ReaderOptions};

/// A ball of brain in a skull of 7 mm with fat and skin around: white matter in cortex, left and
/// right.
pub(super) fn ball() -> Array3<u16> {
    Array3::from_shape_fn((60, 64, 70), |(z, y, x)| {
        let r = (z as f64 - 29.5).hypot((y as f64 - 31.5).hypot(x as f64 - 34.5));
        let right = u16::from(x > 34);
        match r {
            r if r < 14.0 => 2 + 39 * right,
            r if r < 17.0 => 3 + 39 * right,
            r if r < 19.0 => 24,
            r if r < 24.0 => 515,
            r if r < 27.0 => 507,
            r if r < 28.0 => 511,
            _ => 0,
        }
    })
}

/// The label map of a subject, or nothing, said aloud.
pub(super) fn subject(number: usize) -> Option<Array3<u16>> {
    let volume = ReaderOptions::new()
        .read_file(shared(&format!("training_seg_{number:02}.nii.gz"))?)
        .unwrap()
        .into_volume();
    let labels = volume.into_ndarray::<f32>().unwrap();
    let labels = labels.into_dimensionality::<ndarray::Ix3>().unwrap();
    // The files run from right to left, from top to bottom, and from back to front.
    let turned = labels.permuted_axes([1, 2, 0]);
    Some(turned.slice(s![.., ..;-1, ..]).mapv(|label| label as u16))
}

/// A label map of the shared data, beside the repository or one folder higher.
fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ANNULUS_SHARED").map(PathBuf::from);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = ["../../shared", "../../../shared"].map(|up| here.join(up));
    let mut roots = root.into_iter().chain(beside);
    let found = roots.find_map(|root| {
        let path = root.join("data/labels").join(name);
        path.exists().then_some(path)
    });
    if found.is_none() {
        eprintln!("skipped: no shared/data/labels/{name} beside the repository");
    }
    found
}
