//! Means of regions of an image about the axis.

use ndarray::Array2;

/// The mean over the pixels whose centres lie within a disc, y up.
pub(super) fn mean_within(
    image: &Array2<f32>,
    pixel_mm: f64,
    centre_mm: [f64; 2],
    radius_mm: f64,
) -> f64 {
    let (rows, columns) = image.dim();
    let (mut sum, mut n) = (0.0, 0.0);
    for ((j, i), v) in image.indexed_iter() {
        let x = (i as f64 - 0.5 * (columns - 1) as f64) * pixel_mm - centre_mm[0];
        let y = (0.5 * (rows - 1) as f64 - j as f64) * pixel_mm - centre_mm[1];
        if x.hypot(y) <= radius_mm {
            (sum, n) = (sum + f64::from(*v), n + 1.0);
        }
    }
    sum / n
}
