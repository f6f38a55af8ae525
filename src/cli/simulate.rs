//! `annulus simulate`.

use super::{Outcome, arguments::Simulate};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::protocol::{Acquisition, Image, Protocol};
use crate::simulate::{CtScan, CtSource, Scan, Source, simulate, simulate_ct};
use std::path::PathBuf;

/// Energy of a scan whose protocol says none: values are then compared in 1/mm.
const ENERGY_KEV: f64 = 70.0;

pub(super) fn run(a: &Simulate) -> Outcome {
    let mut protocol = Protocol::find(&a.protocol)?;
    protocol.set_all(&a.set)?;
    let truth = match &protocol.acquisition {
        Some(Acquisition::Cartesian(cartesian)) => mri(a, &protocol, cartesian)?,
        Some(acquisition) => ct(a, &protocol, acquisition)?,
        None => {
            return Err(format!(
                "protocol `{}` says nothing of an acquisition: add [acquisition.cartesian] (MRI), \
                 [acquisition.parallel] or [acquisition.fan] (CT)",
                a.protocol
            )
            .into());
        }
    };
    Ok(format!(
        "raw data: {}\ntruth: {}\n",
        a.output.display(),
        truth.display()
    ))
}

type Made = Result<PathBuf, Box<dyn std::error::Error>>;

fn mri(a: &Simulate, protocol: &Protocol, cartesian: &crate::protocol::Cartesian) -> Made {
    let interrupt = Interrupt::install()?;
    let scan = Scan {
        source: Source::open(&a.source, a.seed)?,
        title: &protocol.title,
        cartesian,
        seed: a.seed,
        slices: a.slices,
        output: &a.output,
        force: a.force,
    };
    Ok(simulate(&scan, &Progress::for_stderr(), &|| {
        interrupt.asked()
    })?)
}

fn ct(a: &Simulate, protocol: &Protocol, acquisition: &Acquisition) -> Made {
    let interrupt = Interrupt::install()?;
    let Some(projections) = acquisition.projections() else {
        return Err("the acquisition has no projections".into());
    };
    // Without [image] the grid is that of the reconstruction: a bin at the axis a pixel.
    let image = protocol.image.clone().unwrap_or(Image {
        matrix: [projections.bins, projections.bins],
        pixel_mm: projections.pitch_at_axis_mm(),
        centre_mm: [0.0, 0.0],
    });
    let scan = CtScan {
        source: CtSource::open(&a.source, a.seed)?,
        energy_kev: projections.energy_kev.unwrap_or(ENERGY_KEV),
        projections,
        image: &image,
        seed: a.seed,
        slices: a.slices,
        output: &a.output,
        force: a.force,
    };
    Ok(simulate_ct(&scan, &Progress::for_stderr(), &|| {
        interrupt.asked()
    })?)
}
