//! `annulus simulate`.

use super::{Outcome, arguments::Simulate};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::protocol::Protocol;
use crate::simulate::{Request, acquire};

pub(super) fn run(a: &Simulate) -> Outcome {
    let mut protocol = Protocol::find(&a.protocol)?;
    protocol.set_all(&a.set)?;
    let interrupt = Interrupt::install()?;
    let request = Request {
        source: &a.source,
        seed: a.seed,
        slices: a.slices,
        output: &a.output,
        force: a.force,
    };
    let truth = acquire(&protocol, &request, &Progress::for_stderr(), &|| {
        interrupt.asked()
    })?;
    Ok(format!(
        "raw data: {}\ntruth: {}\n",
        a.output.display(),
        truth.display()
    ))
}
