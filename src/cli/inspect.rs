//! `annulus inspect`.

use super::{Outcome, arguments::Inspect};
use crate::io::inspect;

pub(super) fn run(a: &Inspect) -> Outcome {
    let found: Result<Vec<_>, _> = a.files.iter().map(|f| inspect(f)).collect();
    let found = found?;
    if a.json {
        return Ok(serde_json::to_string_pretty(&found)? + "\n");
    }
    let screens: Vec<String> = found
        .iter()
        .map(|i| i.to_string().trim_end().to_owned())
        .collect();
    Ok(screens.join("\n\n") + "\n")
}
