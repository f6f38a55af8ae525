//! A scan as a protocol describes it, of any modality.

use super::imaging::simulate_imaging;
use super::memory;
use super::scan::SimulateError;
use super::{CtScan, CtSource, LabelMap, Scan, Source, simulate, simulate_ct};
use crate::progress::Progress;
use crate::protocol::{Acquisition, Image, Modality, Projections, Protocol};
use std::path::{Path, PathBuf};

/// What is asked of the scanner.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// A phantom's name, or the path of an image.
    pub source: &'a str,
    /// A label map that `brain` or `head` is drawn from.
    pub labels: Option<&'a LabelMap>,
    /// Seed of anatomy, sampling and noise.
    pub seed: u64,
    /// Slices `A..B` of the volume.
    pub slices: Option<(usize, usize)>,
    /// Raw data to write.
    pub output: &'a Path,
    /// Whether to replace an earlier file.
    pub force: bool,
}

/// Energy of a scan whose protocol says none: values are then compared in 1/mm.
const ENERGY_KEV: f64 = 70.0;

/// Writes the raw data that a protocol asks for; returns the path of the truth beside them.
pub fn acquire(
    protocol: &Protocol,
    request: &Request<'_>,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<PathBuf, SimulateError> {
    if protocol.modality == Modality::Imaging {
        return simulate_imaging(protocol, request, progress, interrupted);
    }
    let Some(acquisition) = &protocol.acquisition else {
        return Err(SimulateError::Request(format!(
            "protocol `{}` says nothing of an acquisition: add [acquisition.cartesian] (MRI), \
             [acquisition.parallel] or [acquisition.fan] (CT)",
            protocol.title
        )));
    };
    if let Acquisition::Cartesian(cartesian) = acquisition {
        memory::of_mr(cartesian)?;
        let scan = Scan {
            source: match request.labels {
                Some(map) => Source::mapped(request.source, map, request.seed, cartesian)?,
                None => Source::open(request.source, request.seed)?,
            },
            title: &protocol.title,
            cartesian,
            seed: request.seed,
            slices: request.slices,
            output: request.output,
            force: request.force,
        };
        return simulate(&scan, progress, interrupted);
    }
    let projections = acquisition
        .projections()
        .ok_or_else(|| SimulateError::Request("the acquisition has no projections".into()))?;
    tomogram(protocol, projections, request, progress, interrupted)
}

fn tomogram(
    protocol: &Protocol,
    projections: Projections,
    request: &Request<'_>,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<PathBuf, SimulateError> {
    // Without [image] the grid is that of the reconstruction: a bin at the axis a pixel.
    let image = protocol.image.clone().unwrap_or(Image {
        matrix: [projections.bins, projections.bins],
        pixel_mm: projections.pitch_at_axis_mm(),
        centre_mm: [0.0, 0.0],
    });
    memory::of_ct(&projections, &image)?;
    let scan = CtScan {
        source: match request.labels {
            Some(map) => CtSource::mapped(request.source, map, request.seed)?,
            None => CtSource::open(request.source, request.seed)?,
        },
        energy_kev: projections.energy_kev.unwrap_or(ENERGY_KEV),
        projections,
        image: &image,
        seed: request.seed,
        slices: request.slices,
        output: request.output,
        force: request.force,
    };
    simulate_ct(&scan, progress, interrupted)
}
