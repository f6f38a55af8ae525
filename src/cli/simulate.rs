//! `annulus simulate`.

use super::{Outcome, arguments::Simulate, note};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::protocol::Protocol;
use crate::simulate::{LabelMap, Request, acquire};
use std::path::PathBuf;

pub(super) fn run(a: &Simulate) -> Outcome {
    let mut protocol = Protocol::find(&a.protocol)?;
    protocol.set_all(&a.set)?;
    let interrupt = Interrupt::install()?;
    let choose = |folder: &PathBuf| LabelMap::choose(folder, a.seed);
    let labels = a.labels.as_ref().map(choose).transpose()?;
    let request = Request {
        source: &a.source,
        labels: labels.as_ref(),
        seed: a.seed,
        slices: a.slices,
        output: &a.output,
        force: a.force,
    };
    if let Some(map) = &labels {
        note(&map.about());
    }
    let truth = acquire(&protocol, &request, &Progress::for_stderr(), &|| {
        interrupt.asked()
    })?;
    Ok(format!(
        "raw data: {}\ntruth: {}\n",
        a.output.display(),
        truth.display()
    ))
}
