//! `annulus-engine`: the verbs that need libtorch.

use super::arguments::{Cli, Verb};
use super::{finish, front, prior, recon, train};
use clap::Parser;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Runs a verb; a panic below (libtorch out of memory) becomes one line and exit code 1.
pub fn engine() -> ExitCode {
    let cli = Cli::parse();
    std::panic::set_hook(Box::new(|_| {}));
    let ran = catch_unwind(AssertUnwindSafe(|| match &cli.verb {
        Verb::Recon(a) => finish(recon::run(a)),
        Verb::Train(a) => finish(train::run(a)),
        Verb::Prior(a) => finish(prior::run(a)),
        _ => front(),
    }));
    ran.unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        let first = said.lines().next().unwrap_or("no message");
        finish(Err(format!(
            "internal error: {first}; please report it with the command"
        )
        .into()))
    })
}

/// Threads of the operators and of the network.
pub(super) fn set_threads(threads: Option<usize>) -> usize {
    let there = std::thread::available_parallelism().map_or(1, |n| n.get());
    let threads = threads.unwrap_or(there).max(1);
    // Only the first call in a process can set the pool; there is only one.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
    tch::set_num_threads(threads as i32);
    threads
}
