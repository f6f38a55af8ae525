//! The command line: one file a verb; no physics here.

#[cfg(feature = "torch")]
mod apply;
mod arguments;
mod compare;
#[cfg(feature = "torch")]
mod heavy;
mod inspect;
mod phantom;
#[cfg(feature = "torch")]
mod prior;
mod protocol;
#[cfg(feature = "torch")]
mod recon;
mod simulate;
#[cfg(feature = "torch")]
mod threads;
#[cfg(feature = "torch")]
mod train;
#[cfg(feature = "torch")]
mod validate;

use arguments::{Cli, Verb};
use clap::Parser;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitCode};

#[cfg(feature = "torch")]
pub use heavy::engine;

/// What a verb gives: words for standard output, or an error.
pub(crate) type Outcome = Result<String, Box<dyn std::error::Error>>;

/// `annulus`: the light verbs here, the others by `annulus-engine`.
pub fn front() -> ExitCode {
    guarded(light)
}

fn light(cli: &Cli) -> ExitCode {
    match &cli.verb {
        Verb::Inspect(a) => finish(inspect::run(a)),
        Verb::Protocol(a) => finish(protocol::run(a)),
        Verb::Simulate(a) => finish(simulate::run(a)),
        Verb::Phantom(a) => finish(phantom::run(a)),
        Verb::Compare(a) => finish(compare::run(a)),
        Verb::Recon(_) | Verb::Apply(_) | Verb::Train(_) | Verb::Prior(_) | Verb::Validate(_) => {
            hand_over()
        }
    }
}

/// Parses the arguments and runs a verb; a panic below (libtorch out of memory) becomes one line
/// and exit code 1.
fn guarded(run: impl Fn(&Cli) -> ExitCode) -> ExitCode {
    let cli = Cli::parse();
    std::panic::set_hook(Box::new(|_| {}));
    catch_unwind(AssertUnwindSafe(|| run(&cli))).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        let first = said.lines().next().unwrap_or("no message");
        let way_out = if first.contains("out of memory") {
            "use a smaller --batch"
        } else {
            "please report it with the command"
        };
        finish(Err(format!("internal error: {first}; {way_out}").into()))
    })
}

/// Replaces this process by `annulus-engine` with the same arguments.
fn hand_over() -> ExitCode {
    let engine = std::env::current_exe().map(|p| p.with_file_name("annulus-engine"));
    let error = match engine {
        Ok(path) => {
            let mut command = Command::new(&path);
            command.args(std::env::args_os().skip(1));
            command.envs(surroundings(|name| std::env::var_os(name).is_some()));
            let error = command.exec();
            format!(
                "{}: {error}; this build lacks libtorch, or was moved without it",
                path.display()
            )
        }
        Err(error) => error.to_string(),
    };
    finish(Err(error.into()))
}

/// What the engine is told of threads and memory, where the user says nothing of it.
fn surroundings(said: impl Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    let mut told = Vec::new();
    // Where cores are shared, libtorch's threads would wait for each other by spinning.
    if !["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"].into_iter().any(&said) {
        told.push(("GOMP_SPINCOUNT", "1000"));
    }
    // Every layer frees megabytes and takes them again: the system would give them back page by page (a sixth of the
    // time of a posterior of 192 x 192). Up to 32 MiB, which is all that older libraries allow, they stay with the
    // process.
    let memory = [
        ("MALLOC_MMAP_THRESHOLD_", "33554432"),
        ("MALLOC_TRIM_THRESHOLD_", "1073741824"),
    ];
    let names = memory.map(|(name, _)| name);
    if !names
        .iter()
        .chain(&["GLIBC_TUNABLES"])
        .any(|name| said(name))
    {
        told.extend(memory);
    }
    told
}

/// A line on standard error that is no error.
fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints the outcome: words on stdout, errors on stderr, exit code 0 or 1.
fn finish(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(words) => {
            // A closed pipe is the reader's choice, not an error.
            let _ = std::io::stdout().write_all(words.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "annulus: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_says_of_threads_and_memory_stays() {
        let names = |said: &str| -> Vec<&str> {
            let told = surroundings(|name| name == said);
            told.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names("").len(), 3);
        assert_eq!(names("OMP_WAIT_POLICY").len(), 2);
        assert_eq!(names("GLIBC_TUNABLES"), ["GOMP_SPINCOUNT"]);
    }
}
