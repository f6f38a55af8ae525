//! `annulus recon`.

use super::threads::set_threads;
use super::{Outcome, arguments::Recon};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::protocol::Protocol;
use crate::recon::{Format, Options, Plan, run as carry_out};

pub(super) fn run(a: &Recon) -> Outcome {
    let mut protocol = Protocol::find(&a.protocol)?;
    if let Some(method) = &a.method {
        protocol.select(method)?;
    }
    protocol.set_all(&a.set)?;
    if let Some(problem) = protocol.check().into_iter().next() {
        return Err(format!("{}: {}: {}", a.protocol, problem.key, problem.message).into());
    }
    let formats: Result<Vec<Format>, String> = a.format.iter().map(|f| f.parse()).collect();
    let options = Options {
        input: a.input.clone(),
        output: a.output.clone(),
        device: a.device.parse()?,
        slices: a.slices,
        samples: a.samples,
        batch: a.batch,
        seed: a.seed,
        formats: formats?,
        quantiles: a.quantiles.clone(),
        force: a.force,
        resume: a.resume,
        verbose: a.verbose,
        truth: a.truth.clone(),
        threads: set_threads(a.threads),
        command: std::env::args().collect::<Vec<_>>().join(" "),
    };
    let output = options.output.clone();
    let interrupt = Interrupt::install()?;
    let plan = Plan::new(protocol, options)?;
    let words = carry_out(plan, &Progress::for_stderr(), &|| interrupt.asked())
        // An output folder that nothing was written to goes again; one that holds anything stays.
        .inspect_err(|_| drop(std::fs::remove_dir(&output)))?;
    if a.json {
        return Ok(std::fs::read_to_string(output.join("report.json"))? + "\n");
    }
    Ok(words)
}
