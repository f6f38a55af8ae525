//! What can go wrong when a phantom is asked for.

/// An error of this crate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PhantomError {
    /// There is no phantom of this name.
    #[error("phantom: no phantom is called `{name}`; did you mean `{nearest}`? Known: {known}")]
    UnknownName {
        /// The name asked for.
        name: String,
        /// The known name with the fewest edits.
        nearest: String,
        /// All names, separated by commas.
        known: String,
    },
    /// The number of coils is not offered.
    #[error("phantom coils: expected 1 to {available} coils, got {coils}")]
    Coils {
        /// The number asked for.
        coils: usize,
        /// The largest number offered.
        available: usize,
    },
    /// The slice is outside of the volume.
    #[error("phantom: expected a slice below {slices}, got {slice}")]
    Slice {
        /// The slice asked for, counted from 0.
        slice: usize,
        /// The number of slices.
        slices: usize,
    },
    /// A side of the image has no pixel.
    #[error("phantom: expected at least 1 x 1 pixels, got {ny} x {nx} (rows x columns)")]
    Size {
        /// Rows.
        ny: usize,
        /// Columns.
        nx: usize,
    },
}
