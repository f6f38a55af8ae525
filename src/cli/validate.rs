//! `annulus validate`.

use super::threads::set_threads;
use super::{Outcome, arguments::Validate};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::validate::{Extent, Options, Real, run as examine};
use std::io::Write;

pub(super) fn run(a: &Validate) -> Outcome {
    let options = Options {
        output: a.output.clone(),
        extent: if a.quick {
            Extent::Quick
        } else {
            Extent::Whole
        },
        suite: a.suite.parse()?,
        checks: a.check.clone(),
        seed: a.seed,
        threads: set_threads(a.threads),
        force: a.force,
        resume: a.resume,
    };
    let interrupt = Interrupt::install()?;
    let report = examine(&Real, &options, &Progress::for_stderr(), &|| {
        interrupt.asked()
    })?;
    let page = options.output.join("report.html");
    let words = match a.json {
        true => std::fs::read_to_string(options.output.join("report.json"))? + "\n",
        false => report.words() + &format!("written to {}\n", page.display()),
    };
    if report.passed {
        return Ok(words);
    }
    // The numbers are a result even so; the exit code says that it is not the hoped-for one.
    let _ = std::io::stdout().write_all(words.as_bytes());
    let closed = report.closed().len();
    Err(format!("{closed} gates not passed; see {}", page.display()).into())
}
