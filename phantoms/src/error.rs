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
    /// A label section shows nothing.
    #[error("phantom: expected a section with a head in it, got one of air alone")]
    EmptySection,
    /// A map has labels that the class table lacks.
    #[error(
        "phantom: unknown labels {labels}: expected those of SynthSeg, SAMSEG or FreeSurfer's aseg \
         ({known}); give others a known number, or 0 for air"
    )]
    UnknownLabels {
        /// The first ten, and how many more.
        labels: String,
        /// All that are known, in ranges.
        known: String,
    },
    /// A label map has no label.
    #[error("phantom: expected a label map with a head in it, got labels of 0 alone")]
    EmptyVolume,
    /// A label map shows no brain.
    #[error(
        "phantom: expected a label map with {expected} slices or more of brain, got {slices}; \
         are its slices axial?"
    )]
    NoBrain {
        /// The slices found.
        slices: usize,
        /// The slices needed.
        expected: usize,
    },
    /// A distance of voxels is not a length.
    #[error("phantom: expected voxels of more than 0 mm, got {spacing_mm:?} mm")]
    Voxel {
        /// Distances of slices, rows and columns.
        spacing_mm: [f64; 3],
    },
    /// The size of a pixel is not a length.
    #[error("phantom: expected a pixel of more than 0 mm and at most 1000 mm, got {pixel_mm} mm")]
    Pixel {
        /// The size asked for.
        pixel_mm: f64,
    },
    /// A label map is too large at 1 mm.
    #[error(
        "phantom: a label map of {size:?} voxels of {spacing_mm:?} mm has more than 2^28 voxels at \
         1 mm: is its spacing in mm? Correct the unit in its header"
    )]
    LargeVolume {
        /// Slices, rows and columns.
        size: [usize; 3],
        /// Their distances.
        spacing_mm: [f64; 3],
    },
    /// What X-rays meet does not fit in memory.
    #[error(
        "phantom: {side_mm} mm in pixels of {pixel_mm} mm take {gib:.1} GiB, expected at most 8 GiB: \
         choose larger pixels (image.pixel_mm) or fewer"
    )]
    Canvas {
        /// Width of what is drawn.
        side_mm: f64,
        /// Width of a pixel.
        pixel_mm: f64,
        /// What it would take.
        gib: f64,
    },
    /// There are no numbers for the energy.
    #[error("phantom: an unknown energy: expected 40 to 140 keV, got {energy_kev} keV")]
    Energy {
        /// The energy asked for.
        energy_kev: f64,
    },
    /// An image and its grid differ in size.
    #[error(
        "phantom: expected an image of {grid_ny} x {grid_nx} pixels as its grid has, \
         got {ny} x {nx} (rows x columns)"
    )]
    OtherGrid {
        /// Rows of the image.
        ny: usize,
        /// Columns of the image.
        nx: usize,
        /// Rows of the grid.
        grid_ny: usize,
        /// Columns of the grid.
        grid_nx: usize,
    },
    /// A mean count that no detector has.
    #[error("phantom counts: expected finite means of 0 or more counts, got {value}")]
    Counts {
        /// The mean, or the standard deviation of the electronic noise.
        value: f64,
    },
    /// A number that the physics does not allow.
    #[error("phantom: expected {name} {expected}, got {got}")]
    Quantity {
        /// What the number is, with its unit.
        name: &'static str,
        /// What it may be.
        expected: &'static str,
        /// The number.
        got: f64,
    },
    /// The phantom belongs to the other modality.
    #[error("phantom: {reason}")]
    Modality {
        /// What the phantom lacks, and which ones have it.
        reason: String,
    },
    /// A posterior in closed form cannot be made of these numbers.
    #[error("{what}: expected {expected}, got {got}; {remedy}")]
    Posterior {
        /// The law, the measurement or the problem.
        what: &'static str,
        /// What it needs.
        expected: String,
        /// What it was given.
        got: String,
        /// What the caller can do about it.
        remedy: &'static str,
    },
}
