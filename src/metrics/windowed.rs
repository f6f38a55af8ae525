//! Metrics of low-dose CT as RED-CNN and its successors compute them: in the window of soft tissue.

use super::{Border, DataRange, MetricsError, Pair, Ssim, Window};
use super::{Value, psnr};
use ndarray::Array3;
use serde::Serialize;

/// The window in HU: both images are clipped to it.
const FROM_HU: f64 = -160.0;
const TO_HU: f64 = 240.0;

/// Means over slices, each slice clipped to [-160, 240] HU, data range 400 HU.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Windowed {
    /// `10 log10(400² / mean((x - t)²))`, mean over slices; infinite where a slice is equal in the window.
    pub psnr: f64,
    /// 11 x 11 Gaussian window, zeros outside of the slice, covariance of the population.
    pub ssim: f64,
    /// `√mean((x - t)²)`, mean over slices.
    pub rmse_hu: f64,
}

/// Of the whole of every slice: the convention knows no mask, and one in the pair is not used.
///
/// Errors for slices smaller than 11 x 11. Source: `measure.py` of SSinyu/RED-CNN, after Chen et al. 2017.
pub fn windowed<T: Value + Into<f64>>(pair: &Pair<T>) -> Result<Windowed, MetricsError> {
    let range = DataRange::Fixed(TO_HU - FROM_HU);
    let similarity = Ssim {
        window: Window::Gaussian,
        border: Border::Zeros,
        range,
    };
    let clip = |v: T| v.into().clamp(FROM_HU, TO_HU);
    let mut sum = Windowed {
        psnr: 0.0,
        ssim: 0.0,
        rmse_hu: 0.0,
    };
    for index in 0..pair.slices() {
        let slice = pair.slice(index);
        let (rows, columns) = slice.image.dim();
        let [x, t] = [slice.image, slice.reference]
            .map(|v| Array3::from_shape_fn((1, rows, columns), |(_, y, x)| clip(v[(y, x)])));
        let one = Pair::trusted(x.view(), t.view());
        let (error, _) = one.energies();
        sum.psnr += psnr(&one, range)?;
        sum.ssim += similarity.measure(&one)?;
        sum.rmse_hu += (error / one.pixels() as f64).sqrt();
    }
    let n = pair.slices() as f64;
    Ok(Windowed {
        psnr: sum.psnr / n,
        ssim: sum.ssim / n,
        rmse_hu: sum.rmse_hu / n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outside_of_the_window_counts_at_its_edge() {
        let t = Array3::from_shape_fn((2, 13, 17), |(_, y, _)| [-1000.0, 40.0][y % 2]);
        // Air is off by 500 HU, of which none is in the window; tissue by 4 HU and 8 HU.
        let x = Array3::from_shape_fn((2, 13, 17), |(s, y, _)| {
            [-500.0, 44.0 + 4.0 * s as f64][y % 2]
        });
        let w = windowed(&Pair::new(x.view(), t.view()).unwrap()).unwrap();
        let part: f64 = 6.0 / 13.0;
        let rmse = part.sqrt() * 6.0;
        assert!((w.rmse_hu - rmse).abs() < 1e-12, "{w:?}");
        let db = |hu: f64| 10.0 * (160_000.0 / (part * hu * hu)).log10();
        assert!((w.psnr - (db(4.0) + db(8.0)) / 2.0).abs() < 1e-12);
        assert!(w.ssim < 1.0 && w.ssim > 0.9, "{w:?}");
    }
}
