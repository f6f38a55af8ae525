//! What can be wrong with a protocol, as one message.

use std::fmt;
use std::path::PathBuf;

/// Why a protocol was refused.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The file cannot be read.
    #[error("cannot read the protocol {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Neither a file nor a built-in protocol has this name.
    #[error("{0}")]
    Name(String),
    /// No method of this build has this name.
    #[error("{0}")]
    Method(String),
    /// Not TOML, an unknown key, a wrong type: the first one found.
    #[error("{0}")]
    Malformed(Problem),
    /// Well-formed but impossible: all of them, one a line.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
    /// An argument of `--set` that is not `key.path=value`.
    #[error("{0}")]
    Argument(Problem),
    /// The protocol cannot be written as TOML.
    #[error("the protocol cannot be written as TOML: {0}")]
    Write(#[from] toml::ser::Error),
    /// The protocol cannot be written as JSON.
    #[error("the protocol cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// One thing that is wrong: `protocols/x.toml:7:3: unknown key …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path of the key, `acquisition.cartesian.snr`; empty for the whole document.
    pub key: String,
    /// `file:line:column` or `--set key=value`, where it is known.
    pub place: Option<String>,
    /// What is wrong, with the key and the offending value in it.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(out, "{place}: ")?;
        }
        out.write_str(&self.message)
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
