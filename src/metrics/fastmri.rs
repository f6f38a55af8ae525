//! What a report shows of a reconstruction: the metrics of the fastMRI challenge after one real scale.

use super::{Border, DataRange, Pair, Ssim, Window, nmse};
use ndarray::{Array3, ArrayView2, Axis};
use serde::Serialize;

/// NMSE, PSNR and SSIM with the conventions of the fastMRI challenge.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Metrics {
    /// `a = <x, t> / <x, x>`: the image was multiplied by it before anything was measured.
    pub scale: f64,
    /// `‖a x - t‖² / ‖t‖²`.
    pub nmse: f64,
    /// `10 log10(max(t)² / mean((a x - t)²))`, the maximum over the volume.
    pub psnr: f64,
    /// Mean structural similarity, uniform 7 x 7 windows, data range the volume's maximum.
    pub ssim: f64,
}

impl Metrics {
    /// Of `x` against the truth `t`; shapes must agree.
    pub fn measure(x: &Array3<f32>, t: &Array3<f32>) -> Self {
        let dot = |a: &Array3<f32>, b: &Array3<f32>| -> f64 {
            a.iter()
                .zip(b)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum()
        };
        let scale = dot(x, t) / dot(x, x).max(f64::MIN_POSITIVE);
        let fitted = x.mapv(|v| (f64::from(v) * scale) as f32);
        let pair = Pair::trusted(fitted.view(), t.view());
        let (error, energy) = pair.energies();
        let peak = t.iter().fold(0f32, |m, v| m.max(*v));
        let mse = error / t.len() as f64;
        Metrics {
            scale,
            // A slice of zeros must not stop the report of the others.
            nmse: nmse(&pair).unwrap_or(error / energy.max(f64::MIN_POSITIVE)),
            psnr: 10.0 * (f64::from(peak).powi(2) / mse.max(f64::MIN_POSITIVE)).log10(),
            ssim: similarity(&pair, f64::from(peak)),
        }
    }
}

/// Mean SSIM of one slice: uniform windows, sample covariance, `K = (0.01, 0.03)`, borders that
/// no window covers left out. Source: Wang et al. 2004, eq. 13; scikit-image's defaults.
pub fn ssim(x: ArrayView2<f32>, t: ArrayView2<f32>, range: f64) -> f64 {
    let pair = Pair::trusted(x.insert_axis(Axis(0)), t.insert_axis(Axis(0)));
    similarity(&pair, range)
}

/// NaN where it has no value.
fn similarity(pair: &Pair<f32>, range: f64) -> f64 {
    let ssim = Ssim {
        window: Window::Uniform,
        border: Border::Cropped,
        range: DataRange::Fixed(range),
    };
    ssim.measure(pair).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_copy_is_perfect() {
        let t = Array3::from_shape_fn((2, 12, 9), |(s, y, x)| (s + y * x) as f32);
        let m = Metrics::measure(&t.mapv(|v| v * 0.25), &t);
        assert!((m.scale - 4.0).abs() < 1e-6 && m.nmse < 1e-12 && (m.ssim - 1.0).abs() < 1e-6);
    }

    #[test]
    fn noise_lowers_them_all() {
        let t = Array3::from_shape_fn((1, 16, 16), |(_, y, x)| ((y * 7 + x * 3) % 11) as f32);
        let noisy = Array3::from_shape_fn((1, 16, 16), |(_, y, x)| {
            t[(0, y, x)] + if (y + x) % 2 == 0 { 1.0 } else { -1.0 }
        });
        let m = Metrics::measure(&noisy, &t);
        assert!(m.ssim < 0.99 && m.psnr < 25.0 && m.nmse > 0.01, "{m:?}");
    }

    #[test]
    fn a_slice_of_zeros_stops_nothing() {
        let t = Array3::<f32>::zeros((1, 8, 9));
        let m = Metrics::measure(&t, &t);
        assert_eq!(m.nmse, 0.0);
        assert_eq!(Metrics::measure(&t.mapv(|_| 1.0), &t).nmse, 0.0);
        let narrow = Array3::<f32>::ones((1, 6, 9));
        assert!(Metrics::measure(&narrow, &narrow).ssim.is_nan());
    }
}
