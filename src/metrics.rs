//! Image metrics, with their conventions named.
//!
//! All are of magnitudes over a volume (slice, row, column), after one printed real scale.

mod hu;

pub use hu::{BrainMetrics, HuMetrics, brain};

use ndarray::{Array3, ArrayView2, Axis, Zip};
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
        let mut error = 0.0;
        Zip::from(&fitted)
            .and(t)
            .for_each(|a, b| error += f64::from(a - b).powi(2));
        let peak = t.iter().fold(0f32, |m, v| m.max(*v));
        let mse = error / t.len() as f64;
        let ssim = fitted
            .axis_iter(Axis(0))
            .zip(t.axis_iter(Axis(0)))
            .map(|(a, b)| ssim(a, b, f64::from(peak)))
            .sum::<f64>()
            / t.len_of(Axis(0)) as f64;
        Metrics {
            scale,
            nmse: error / dot(t, t).max(f64::MIN_POSITIVE),
            psnr: 10.0 * (f64::from(peak).powi(2) / mse.max(f64::MIN_POSITIVE)).log10(),
            ssim,
        }
    }
}

/// Side of the window.
const WINDOW: usize = 7;

/// Mean SSIM of one slice: uniform windows, sample covariance, `K = (0.01, 0.03)`, borders that
/// no window covers left out. Source: Wang et al. 2004, eq. 13; scikit-image's defaults.
pub fn ssim(x: ArrayView2<f32>, t: ArrayView2<f32>, range: f64) -> f64 {
    let (rows, columns) = x.dim();
    if rows < WINDOW || columns < WINDOW {
        return f64::NAN;
    }
    let n = (WINDOW * WINDOW) as f64;
    let (c1, c2) = ((0.01 * range).powi(2), (0.03 * range).powi(2));
    let mut sum = 0.0;
    let mut count = 0usize;
    for (a, b) in x
        .windows((WINDOW, WINDOW))
        .into_iter()
        .zip(t.windows((WINDOW, WINDOW)))
    {
        let (mut sa, mut sb, mut saa, mut sbb, mut sab) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (a, b) in a.iter().zip(&b) {
            let (a, b) = (f64::from(*a), f64::from(*b));
            sa += a;
            sb += b;
            saa += a * a;
            sbb += b * b;
            sab += a * b;
        }
        let (ma, mb) = (sa / n, sb / n);
        let unbiased = n / (n - 1.0);
        let (va, vb) = (
            unbiased * (saa / n - ma * ma),
            unbiased * (sbb / n - mb * mb),
        );
        let vab = unbiased * (sab / n - ma * mb);
        sum +=
            (2.0 * ma * mb + c1) * (2.0 * vab + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
        count += 1;
    }
    sum / count as f64
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

    /// Numbers of scikit-image 0.25 `structural_similarity(data_range=...)` on the same arrays.
    #[test]
    fn noise_lowers_them_all() {
        let t = Array3::from_shape_fn((1, 16, 16), |(_, y, x)| ((y * 7 + x * 3) % 11) as f32);
        let noisy = Array3::from_shape_fn((1, 16, 16), |(_, y, x)| {
            t[(0, y, x)] + if (y + x) % 2 == 0 { 1.0 } else { -1.0 }
        });
        let m = Metrics::measure(&noisy, &t);
        assert!(m.ssim < 0.99 && m.psnr < 25.0 && m.nmse > 0.01, "{m:?}");
    }
}
