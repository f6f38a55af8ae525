//! One integration binary; a module a subject. Fixtures are made, not stored.

// clippy.toml allows it in tests, but sees only functions under #[test] as such.
#![allow(clippy::unwrap_used)]

mod bart;
mod cli;
mod ct_projector;
mod golden;
mod layers;
mod oracle;
mod path;
mod preparation;
mod stopped;
mod training;
