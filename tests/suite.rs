//! One integration binary; a module a subject. Fixtures are made, not stored.

// clippy.toml allows it in tests, but sees only functions under #[test] as such.
#![allow(clippy::unwrap_used)]

mod apply;
mod bart;
mod blind;
mod cli;
mod cli_bad_input;
mod compare;
mod ct_bad_input;
mod ct_path;
mod ct_projector;
mod dicom_series;
mod foreign_commands;
mod foreign_priors;
mod golden;
mod held_out;
mod imaging;
mod imaging_script;
mod imaging_simulator;
mod invariance;
mod labels;
mod layers;
mod metrics;
mod oracle;
mod oracle_blind;
mod oracle_coils;
mod oracle_counts;
mod oracle_ct;
mod oracle_flow;
mod oracle_guard;
mod oracle_mcg;
mod oracle_methods;
mod oracle_prior;
mod oracle_small;
mod oracle_start;
mod oracle_variants;
mod path;
mod preparation;
mod samplers;
mod schedules;
mod simulate;
mod stopped;
mod training;
mod training_command;
mod training_volumes;
mod validate;
mod volume;
