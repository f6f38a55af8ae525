//! Peak signal-to-noise ratio.

use super::{DataRange, MetricsError, Pair, Value};

/// `10 log10(range² / mean((x - t)²))` in dB, the mean over the volume or over the mask; infinite where x is t.
///
/// Errors if there is no range. Sources: fastMRI's `evaluate.py` ([`DataRange::Maximum`]), dival's PSNR
/// ([`DataRange::MaximumMinusMinimum`]), both through scikit-image's `peak_signal_noise_ratio`.
pub fn psnr<T: Value + Into<f64>>(pair: &Pair<T>, range: DataRange) -> Result<f64, MetricsError> {
    let range = range.of(pair.reference())?;
    let (error, _) = pair.energies();
    let mse = error / pair.pixels() as f64;
    Ok(20.0 * range.log10() - 10.0 * mse.log10())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn a_hundredth_of_the_range_is_40_db() {
        let t = Array3::from_shape_fn((2, 3, 7), |(s, y, x)| (s + y * x) as f64);
        let peak = 13.0;
        let x = t.mapv(|v| v + 0.01 * peak);
        let pair = Pair::new(x.view(), t.view()).unwrap();
        assert!((psnr(&pair, DataRange::Maximum).unwrap() - 40.0).abs() < 1e-9);
        let twice = psnr(&pair, DataRange::Fixed(2.0 * peak)).unwrap();
        assert!((twice - 40.0 - 20.0 * 2f64.log10()).abs() < 1e-9);
        let same = Pair::new(t.view(), t.view()).unwrap();
        assert_eq!(psnr(&same, DataRange::Maximum), Ok(f64::INFINITY));
    }

    #[test]
    fn in_a_mask_the_error_is_local_and_the_range_is_not() {
        let mut t = Array3::<f32>::ones((1, 4, 5));
        t[(0, 3, 4)] = 8.0;
        let mut x = t.clone();
        x[(0, 0, 0)] = 1.5;
        x[(0, 2, 2)] = 99.0;
        let mut mask = Array3::from_elem((1, 4, 5), false);
        (mask[(0, 0, 0)], mask[(0, 0, 1)]) = (true, true);
        let pair = Pair::new(x.view(), t.view()).unwrap();
        let inside = psnr(&pair.within(mask.view()).unwrap(), DataRange::Maximum).unwrap();
        assert!((inside - 10.0 * (64.0f64 / 0.125).log10()).abs() < 1e-9);
    }
}
