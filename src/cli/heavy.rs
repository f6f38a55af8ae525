//! `annulus-engine`: the verbs that need libtorch.

use super::arguments::Verb;
use super::{apply, finish, guarded, light, prior, recon, train, validate};
use std::process::ExitCode;

/// The heavy verbs, and the light ones too.
pub fn engine() -> ExitCode {
    guarded(|cli| match &cli.verb {
        Verb::Recon(a) => finish(recon::run(a)),
        Verb::Apply(a) => finish(apply::run(a)),
        Verb::Train(a) => finish(train::run(a)),
        Verb::Prior(a) => finish(prior::run(a)),
        Verb::Validate(a) => finish(validate::run(a)),
        _ => light(cli),
    })
}
