//! `annulus simulate`.

use super::{Outcome, arguments::Simulate};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::protocol::{Acquisition, Protocol};
use crate::simulate::{Scan, Source, simulate};

pub(super) fn run(a: &Simulate) -> Outcome {
    let mut protocol = Protocol::find(&a.protocol)?;
    protocol.set_all(&a.set)?;
    let cartesian = match &protocol.acquisition {
        Some(Acquisition::Cartesian(cartesian)) => cartesian,
        Some(other) => {
            return Err(format!(
                "protocol `{}`: this build simulates [acquisition.cartesian], not [acquisition.{}]",
                a.protocol,
                other.name()
            )
            .into());
        }
        None => {
            return Err(format!(
                "protocol `{}` says nothing of an acquisition: add [acquisition.cartesian]",
                a.protocol
            )
            .into());
        }
    };
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
    let truth = simulate(&scan, &Progress::for_stderr(), &|| interrupt.asked())?;
    Ok(format!(
        "raw data: {}\ntruth: {}\n",
        a.output.display(),
        truth.display()
    ))
}
