//! `annulus protocol`.

use super::Outcome;
use super::arguments::{Protocol, ProtocolAction};
use crate::{io::atomic, protocol};

pub(super) fn run(a: &Protocol) -> Outcome {
    Ok(match &a.action {
        ProtocolAction::List => protocol::list_text(),
        ProtocolAction::Show { protocol: name } => protocol::show_text(name)?,
        ProtocolAction::Check { protocol: name } => protocol::check_text(name)?,
        ProtocolAction::Schema => serde_json::to_string_pretty(&protocol::schema())? + "\n",
        ProtocolAction::New { from, output } => {
            atomic::write(output, protocol::source(from)?.as_bytes(), false)?;
            format!("written to {}\n", output.display())
        }
    })
}
