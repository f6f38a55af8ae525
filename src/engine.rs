//! The verbs that need libtorch; `annulus` starts it.

fn main() -> std::process::ExitCode {
    annulus::cli::engine()
}
