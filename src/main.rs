//! The `annulus` command: help, files and protocols at once; verbs that need the network go to
//! `annulus-engine` beside it, since loading libtorch costs a quarter of a second.

fn main() -> std::process::ExitCode {
    annulus::cli::front()
}
