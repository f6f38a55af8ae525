//! Why a metric has no value: what was expected, what came, and the way out, on one line.

/// Why a metric has no value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// Two grids.
    #[error(
        "the image is {image:?} (slice, row, column) and its reference {reference:?}; expected one \
         shape: crop or resample the image to the grid of the reference"
    )]
    Shapes {
        /// Shape of the image.
        image: (usize, usize, usize),
        /// Shape of the reference.
        reference: (usize, usize, usize),
    },
    /// No pixels at all.
    #[error("{what}: expected at least one pixel, found none; check the file and its axes")]
    Empty {
        /// What has none.
        what: &'static str,
    },
    /// NaN or infinity.
    #[error(
        "{what} has NaN or infinity at {at:?} (slice, row, column); expected finite values: replace \
         them"
    )]
    NonFinite {
        /// The image or its reference.
        what: &'static str,
        /// The first place.
        at: (usize, usize, usize),
    },
    /// A mask of another grid.
    #[error(
        "the mask is {mask:?} (slice, row, column) and the images {images:?}; expected one shape: \
         crop or resample the mask to the grid of the images"
    )]
    MaskShape {
        /// Shape of the mask.
        mask: (usize, usize, usize),
        /// Shape of the images.
        images: (usize, usize, usize),
    },
    /// A mask without a pixel.
    #[error(
        "the mask is 0 at all of its {pixels} pixels; expected at least one that is not: check that \
         it is the right file"
    )]
    EmptyMask {
        /// Pixels of the grid.
        pixels: usize,
    },
    /// Nothing to be relative to.
    #[error(
        "the reference is zero at every pixel that is compared, and an error relative to it has no \
         value; check that it is the right file"
    )]
    ZeroReference,
    /// No range of values.
    #[error("expected a data range above 0, found {convention} = {range}; state a fixed range")]
    Range {
        /// Its value.
        range: f64,
        /// How it was found.
        convention: &'static str,
    },
    /// Too few pixels, bins or images.
    #[error("{what}: expected at least {needed}, found {found}; {remedy}")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// The least.
        needed: usize,
        /// How many there are.
        found: usize,
        /// The way out.
        remedy: &'static str,
    },
    /// Two counts that must agree.
    #[error("{what}: expected {expected}, found {found}; both must be of one scan")]
    Count {
        /// Of what.
        what: &'static str,
        /// As many as these.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A value outside of its domain.
    #[error("{what}: expected {expected}, found {found}")]
    Domain {
        /// Of what.
        what: &'static str,
        /// What a good one is, and the way out.
        expected: &'static str,
        /// The value.
        found: f64,
    },
}

impl MetricsError {
    /// An error unless the value is above 0, as sizes and deviations are.
    pub(super) fn unless_above_zero(what: &'static str, found: f64) -> Result<(), Self> {
        if found > 0.0 && found.is_finite() {
            return Ok(());
        }
        Err(MetricsError::Domain {
            what,
            expected: "a finite value above 0",
            found,
        })
    }
}
