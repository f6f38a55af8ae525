//! Goes through the checks and writes the report.

use super::bench::Bench;
use super::check::{CHECKS, Check, LONG};
use super::error::ValidateError;
use super::evidence::Evidence;
use super::parts::Parts;
use super::report::{FILES, Finding, Report};
use super::suite::{Extent, Suite};
use super::toolkit::Toolkit;
use crate::io::atomic;
use crate::progress::Progress;
use std::path::PathBuf;
use std::time::Instant;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of the report.
    pub output: PathBuf,
    /// How much is measured.
    pub extent: Extent,
    /// Which part of the toolkit.
    pub suite: Suite,
    /// Single checks; all of the suite if empty.
    pub checks: Vec<String>,
    /// Seed of everything.
    pub seed: u64,
    /// Threads of operators and network.
    pub threads: usize,
    /// Whether files of an earlier report are replaced.
    pub force: bool,
    /// Whether checks that an interrupted run finished are used.
    pub resume: bool,
}

/// Examines a toolkit and writes `report.html`, `report.json` and `gates.toml`.
///
/// A gate that is not passed, and a check that cannot be run, are part of the report.
pub fn run(
    toolkit: &dyn Toolkit,
    options: &Options,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<Report, ValidateError> {
    let chosen = chosen(options)?;
    let folder = |cause| ValidateError::Folder {
        folder: options.output.clone(),
        cause,
    };
    std::fs::create_dir_all(&options.output).map_err(folder)?;
    let parts = Parts::open(options)?;
    for name in FILES {
        // What an interrupted run began was allowed to replace them.
        let goes_on = options.resume && parts.begun();
        atomic::may_write(&options.output.join(name), options.force || goes_on)?;
    }
    let scratch = tempfile::tempdir_in(&options.output).map_err(folder)?;
    let bar = progress.stage("validate", chosen.len() as u64);
    let mut findings = Vec::new();
    for check in chosen {
        bar.message(check.id);
        let known = options.resume.then(|| parts.load(check.id)).flatten();
        let (evidence, seconds) = match known {
            Some(part) => part,
            None => {
                let folder = scratch.path().join(check.id);
                std::fs::create_dir_all(&folder).map_err(|cause| ValidateError::Folder {
                    folder: folder.clone(),
                    cause,
                })?;
                let bench = Bench {
                    toolkit,
                    extent: options.extent,
                    seed: options.seed,
                    threads: options.threads,
                    progress: *progress,
                    scratch: &folder,
                    interrupted,
                };
                let began = Instant::now();
                let evidence = examine(check, &bench);
                if interrupted() {
                    return Err(ValidateError::Interrupted { check: check.id });
                }
                let seconds = began.elapsed().as_secs_f64();
                parts.save(check.id, &evidence, seconds)?;
                // A volume or a scan is not needed after its check.
                let _ = std::fs::remove_dir_all(&folder);
                (evidence, seconds)
            }
        };
        findings.push(Finding::new(check, evidence, seconds));
        bar.step();
    }
    bar.finish();
    let report = Report::new(options, findings);
    report.write(&options.output)?;
    parts.discard();
    Ok(report)
}

/// What a check finds; where it cannot be run, a gate that says why.
fn examine(check: &Check, bench: &Bench<'_>) -> Evidence {
    let mut evidence = Evidence::default();
    let run = || (check.run)(bench, &mut evidence);
    // A mistake in one check must not take the report of the others with it.
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    let failure = match done {
        Ok(Ok(())) if evidence.gates.is_empty() => Some("it measured nothing".to_owned()),
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(failure.to_string()),
        Err(panic) => Some(format!("a mistake in the program, {}", words_of(&*panic))),
    };
    if let Some(failure) = failure {
        evidence.shut(
            &format!("{}.ran", check.id),
            &format!("the check could not be run: {failure}"),
            "a check that cannot be run proves nothing",
        );
    }
    evidence
}

/// What a panic said.
fn words_of(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("of unknown kind")
}

/// The checks that were asked for.
fn chosen(options: &Options) -> Result<Vec<&'static Check>, ValidateError> {
    let of_suite: Vec<&Check> = CHECKS.iter().filter(|c| options.suite.holds(c)).collect();
    if options.checks.is_empty() {
        let quick = options.extent == Extent::Quick;
        let taken = |check: &&Check| !(quick && LONG.contains(&check.id));
        return Ok(of_suite.into_iter().filter(taken).collect());
    }
    let find = |asked: &String| {
        let found = of_suite.iter().find(|check| check.id == asked).copied();
        found.ok_or_else(|| ValidateError::Unknown {
            asked: asked.clone(),
            known: of_suite.iter().map(|c| c.id).collect::<Vec<_>>().join(", "),
        })
    };
    options.checks.iter().map(find).collect()
}
