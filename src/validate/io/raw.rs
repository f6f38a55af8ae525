//! Raw data to files and back: every format that scans are written in.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::Evidence;
use super::super::gate::largest;
use super::super::through::{Made, scanned};
use crate::protocol::Protocol;

/// One noiseless scan of the orientation phantom as Data Exchange and as CT-PD files, and one of an MR
/// scanner: the image of each is the truth, and those of CT are one image.
pub(in super::super) fn raw(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let mut made = Vec::new();
    for (name, file) in [("data-exchange", "scan.h5"), ("ct-pd", "scan")] {
        let mut protocol = Protocol::find("ct/head-sparse60")?;
        protocol.set_all(&[
            "acquisition.fan.views=360",
            "acquisition.fan.photons=1e12",
            "acquisition.fan.slices=2",
            "acquisition.fan.first_angle_deg=20",
            "image.matrix=[128,128]",
            "image.pixel_mm=1.9",
            "method.fbp.window=hann",
        ])?;
        let scan = scanned(bench, "orientation", protocol, file)?;
        let image = scan.by(bench, "fbp")?;
        let likeness = correlation(&image, &scan.truth);
        evidence.at_least(
            &format!("io.raw.{name}"),
            "correlation of filtered back-projection of the file with the truth",
            likeness,
            0.98,
            "angles, centre, spacing, rows and columns: any of them wrong turns, mirrors or blurs the \
             asymmetric phantom",
        );
        made.push(image);
    }
    let apart = made[0].mean.iter().zip(&made[1].mean);
    evidence.at_most(
        "io.raw.agree",
        "largest difference of the two CT images, in HU",
        largest(apart.map(|(a, b)| f64::from((a - b).abs()))),
        0.05,
        "one scan in two formats: counts, or line integrals",
    );
    let mut protocol = Protocol::find("mri/brain-cartesian-r4")?;
    protocol.set_all(&[
        "acquisition.cartesian.matrix=[112,96]",
        "acquisition.cartesian.fov_mm=[280,264]",
        "acquisition.cartesian.slices=2",
        "acquisition.cartesian.coils=4",
        "acquisition.cartesian.pattern=full",
        "acquisition.cartesian.acceleration=1",
        "acquisition.cartesian.snr=1e5",
    ])?;
    let scan = scanned(bench, "orientation", protocol, "mri.h5")?;
    evidence.at_least(
        "io.raw.mrd",
        "correlation of the zero-filled image of the file with the truth",
        correlation(&scan.by(bench, "zero-filled")?, &scan.truth),
        0.999,
        "a full scan nearly without noise, in single precision",
    );
    Ok(())
}

/// Pearson's, of all pixels; not a number for volumes of two shapes.
fn correlation(made: &Made, truth: &ndarray::Array3<f32>) -> f64 {
    if made.mean.dim() != truth.dim() {
        return f64::NAN;
    }
    let n = truth.len() as f64;
    let mean = |v: &ndarray::Array3<f32>| v.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let (a, b) = (mean(&made.mean), mean(truth));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, t) in made.mean.iter().zip(truth) {
        let (x, t) = (f64::from(*x) - a, f64::from(*t) - b);
        (ab, aa, bb) = (ab + x * t, aa + x * x, bb + t * t);
    }
    ab / (aa * bb).sqrt()
}
