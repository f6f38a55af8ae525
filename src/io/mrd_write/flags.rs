//! What a written line is for.

use crate::io::mrd_record::{CALIBRATION_AND_IMAGING, CALIBRATION_ONLY, REVERSE};

/// What a line is for, and its counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineFlags {
    /// Part of the image.
    pub imaging: bool,
    /// Part of the calibration region.
    pub calibration: bool,
    /// Sampled from the last column to the first: the samples are given in the order of time.
    pub reverse: bool,
    /// Which average.
    pub average: u16,
    /// Which repetition.
    pub repetition: u16,
    /// Which contrast.
    pub contrast: u16,
}

impl LineFlags {
    /// A line of the image.
    pub const IMAGING: Self = Self {
        imaging: true,
        calibration: false,
        reverse: false,
        average: 0,
        repetition: 0,
        contrast: 0,
    };
    /// A line of the image and of the calibration region.
    pub const BOTH: Self = Self {
        calibration: true,
        ..Self::IMAGING
    };
    /// A line for calibration only.
    pub const CALIBRATION: Self = Self {
        imaging: false,
        ..Self::BOTH
    };

    pub(super) fn bits(self) -> u64 {
        let purpose = match (self.imaging, self.calibration) {
            (true, true) => CALIBRATION_AND_IMAGING,
            (false, true) => CALIBRATION_ONLY,
            _ => 0,
        };
        purpose | if self.reverse { REVERSE } else { 0 }
    }
}

impl Default for LineFlags {
    fn default() -> Self {
        Self::IMAGING
    }
}
