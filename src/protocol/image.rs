//! `[image]`: the grid of a reconstructed CT slice.

use super::pair;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The pixels of a CT slice. MRI has the grid of its k-space instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Columns (along x) and rows (along y).
    #[serde(deserialize_with = "pair::columns_rows")]
    pub matrix: [usize; 2],
    /// Side of a pixel, in mm.
    pub pixel_mm: f64,
    /// Centre of the image, from the rotation axis, in mm.
    #[serde(default, deserialize_with = "pair::x_y")]
    pub centre_mm: [f64; 2],
}

impl Image {
    /// The distance of the farthest corner from the rotation axis.
    pub fn radius_mm(&self) -> f64 {
        let reach = |axis: usize| {
            self.centre_mm[axis].abs() + self.matrix[axis] as f64 * self.pixel_mm / 2.0
        };
        reach(0).hypot(reach(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_centre_is_the_axis_unless_it_is_said() {
        let image: Image = toml::from_str("matrix = [60, 80]\npixel_mm = 1").unwrap();
        assert_eq!(image.centre_mm, [0.0, 0.0]);
        assert_eq!(image.radius_mm(), 50.0);
        let moved = Image {
            centre_mm: [-30.0, 40.0],
            ..image
        };
        assert_eq!(moved.radius_mm(), 100.0);
    }

    #[test]
    fn a_grid_is_never_half_given() {
        for text in ["matrix = [60, 80]", "pixel_mm = 1"] {
            assert!(toml::from_str::<Image>(text).is_err(), "{text}");
        }
    }
}
