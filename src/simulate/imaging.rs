//! Degraded images: what a known operator and its noise leave of a phantom or of a user's image.

mod degrade;
mod kernel;
mod noise;
mod source;

use super::memory;
use super::{Request, SimulateError};
use crate::io::{NiftiWriter, npy};
use crate::progress::Progress;
use crate::protocol::{Degradation, Forward, Likelihood, Protocol};
use degrade::degraded;
use ndarray::{Array2, Array3, Axis};
use noise::noisy;
use source::Picture;
use std::path::PathBuf;

/// Writes the data, an npy stack (slice, row, column) in f32 whose missing pixels are not numbers,
/// and `.truth.nii.gz` beside it: the image, in its own values. Returns the path of the truth.
pub(super) fn simulate_imaging(
    protocol: &Protocol,
    request: &Request<'_>,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<PathBuf, SimulateError> {
    let (forward, one, likelihood) = parts(protocol)?;
    if request.output.extension().is_none_or(|e| e != "npy") {
        return Err(SimulateError::Request(format!(
            "{}: data of `modality` = \"imaging\" are an npy stack: name the file .npy",
            request.output.display()
        )));
    }
    if request.labels.is_some() {
        return Err(SimulateError::Request(
            "--labels: an image is degraded, not drawn: draw it first with `annulus phantom \
             --labels`, and give its file"
                .into(),
        ));
    }
    if let Some(image) = &protocol.image {
        memory::of_picture(image, one)?;
    }
    let picture = Picture::open(request.source, request.seed, protocol.image.as_ref())?;
    let there = picture.volume.data.len_of(Axis(0));
    let (from, to) = request.slices.unwrap_or((0, there));
    if from >= to || to > there {
        return Err(SimulateError::Slices { from, to, there });
    }
    let (_, rows, columns) = picture.volume.data.dim();
    let truth_path = request.output.with_extension("truth.nii.gz");
    let affine = picture.volume.affine_lps_mm;
    let affine = affine.map(|[x, y, z, origin]| [x, y, z, origin + from as f64 * z]);
    let dims = [columns, rows, to - from];
    let mut truth = NiftiWriter::create(&truth_path, dims, &affine, "truth", request.force)?;
    let mut data = Vec::new();
    let bar = progress.stage("simulating", (to - from) as u64);
    for slice in from..to {
        if interrupted() {
            return Err(SimulateError::Interrupted);
        }
        let image = picture.volume.data.index_axis(Axis(0), slice).to_owned();
        truth.slice(&image)?;
        let seen = image.mapv(|v| (f64::from(v) - forward.zero) / forward.unit);
        let clean = degraded(one, &seen)?;
        let measured = noisy(&clean, likelihood, request.seed, slice)?;
        data.push(measured.mapv(|v| v as f32));
        bar.step();
    }
    npy::write(request.output, &stacked(&data)?, request.force)?;
    truth
        .finish()
        .inspect_err(|_| drop(std::fs::remove_file(request.output)))?;
    bar.finish();
    Ok(truth_path)
}

/// What a protocol for imaging has to say.
fn parts(protocol: &Protocol) -> Result<(&Forward, Degradation<'_>, &Likelihood), SimulateError> {
    let lacks = |what: &str| SimulateError::Request(format!("`{}`: no {what}", protocol.title));
    let forward = protocol.forward.as_ref();
    let forward = forward.ok_or_else(|| lacks("[forward.*] table"))?;
    let tables = forward.tables();
    let one = tables.first().ok_or_else(|| lacks("[forward.*] table"))?;
    let likelihood = protocol.likelihood.as_ref();
    let likelihood = likelihood.ok_or_else(|| lacks("[likelihood.*] table"))?;
    Ok((forward, *one, likelihood))
}

fn stacked(slices: &[Array2<f32>]) -> Result<Array3<f32>, SimulateError> {
    let views: Vec<_> = slices.iter().map(|s| s.view()).collect();
    ndarray::stack(Axis(0), &views).map_err(|e| SimulateError::Request(e.to_string()))
}
