//! Which checks are run.

use super::check::Check;

/// A part of the toolkit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// Magnetic resonance.
    Mri,
    /// Computed tomography.
    Ct,
    /// Priors, samplers and their error bars.
    Guidance,
    /// Files.
    Io,
    /// Everything.
    All,
}

impl Suite {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Suite::Mri => "mri",
            Suite::Ct => "ct",
            Suite::Guidance => "guidance",
            Suite::Io => "io",
            Suite::All => "all",
        }
    }

    /// Whether a check belongs to it.
    pub(super) fn holds(self, check: &Check) -> bool {
        self == Suite::All || self == check.suite
    }
}

impl std::str::FromStr for Suite {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [
            Suite::Mri,
            Suite::Ct,
            Suite::Guidance,
            Suite::Io,
            Suite::All,
        ]
        .into_iter()
        .find(|suite| suite.name() == text)
        .ok_or_else(|| format!("suite `{text}`: expected mri, ct, guidance, io or all"))
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Within three minutes on two cores: small sizes, fewer draws, the default methods.
    Quick,
    /// An hour and a half on two cores: every size, every method.
    Whole,
}

impl Extent {
    /// One of two values.
    pub(super) fn pick<T>(self, quick: T, whole: T) -> T {
        match self {
            Extent::Quick => quick,
            Extent::Whole => whole,
        }
    }
}
