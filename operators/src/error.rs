//! Errors that carry the physics: who, what was expected, what came.

/// What can go wrong inside an operator, a solver or a likelihood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An array does not lie in the space that an operator takes.
    #[error("{operator}: expected {expected}, got {got}")]
    Space {
        /// The operator that refused.
        operator: String,
        /// Its space.
        expected: String,
        /// The shape that came.
        got: String,
    },
    /// Two operators of a chain do not fit.
    #[error("chain: `{first}` gives {gives}, but `{second}` takes {takes}")]
    Chain {
        /// The earlier operator.
        first: &'static str,
        /// Its range.
        gives: String,
        /// The later operator.
        second: &'static str,
        /// Its domain.
        takes: String,
    },
    /// A number that must be finite is not.
    #[error("{what} is not finite (item {item})")]
    NonFinite {
        /// Which quantity.
        what: &'static str,
        /// Index in the batch.
        item: usize,
    },
    /// A parameter outside its range.
    #[error("{what}: expected {expected}, got {got}")]
    Parameter {
        /// Which parameter.
        what: &'static str,
        /// Its range in words.
        expected: &'static str,
        /// The value.
        got: String,
    },
    /// The caller of an iteration asked it to stop.
    #[error("interrupted")]
    Interrupted,
    /// libtorch refused: out of memory, no such device.
    #[error("libtorch: {0}")]
    Torch(String),
}

/// The result of everything that can fail here.
pub type Result<T> = std::result::Result<T, Error>;
