//! What averaging samples gains: a draw of the posterior is twice as far from the truth as its mean.

use ndarray::Array3;
use serde::Serialize;

/// `10 log10(E ‖x - t‖² / ‖m - t‖²)` of samples x, their mean m and the truth t. Of N draws of the posterior
/// it is `10 log10(2 N / (N + 1))`, 3.01 dB of many, whatever the posterior: truth and draws are exchangeable.
///
/// Less: the samples agree too well for the error that they have. More: they differ too much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Averaging {
    /// N.
    pub(super) samples: usize,
    pub(super) gain_db: f64,
    /// What N calibrated samples gain.
    pub(super) calibrated_db: f64,
}

impl Averaging {
    /// From mean and deviation of N samples, after one real scale of both if `fitted`. Nothing of fewer than
    /// two samples, or without an error.
    pub(super) fn of(
        [mean, std, truth]: [&Array3<f32>; 3],
        samples: usize,
        fitted: bool,
    ) -> Option<Self> {
        let dot = |a: &Array3<f32>, b: &Array3<f32>| -> f64 {
            a.iter()
                .zip(b)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum()
        };
        let scale = match fitted {
            true => dot(mean, truth) / dot(mean, mean),
            false => 1.0,
        };
        let apart = mean.iter().zip(truth);
        let error: f64 = apart
            .map(|(m, t)| (scale * f64::from(*m) - f64::from(*t)).powi(2))
            .sum();
        let spread = scale * scale * dot(std, std);
        if samples < 2 || error.is_nan() || error <= 0.0 || !spread.is_finite() {
            return None;
        }
        let n = samples as f64;
        // ‖x - t‖² is on average ‖m - t‖² and the variance of the samples around their own mean.
        let ratio = 1.0 + spread * (n - 1.0) / n / error;
        Some(Averaging {
            samples,
            gain_db: 10.0 * ratio.log10(),
            calibrated_db: 10.0 * (2.0 * n / (n + 1.0)).log10(),
        })
    }

    /// A line for people.
    pub(super) fn words(&self) -> String {
        format!(
            "averaging {} samples gains {:.2} dB; calibrated samples gain {:.2} dB",
            self.samples, self.gain_db, self.calibrated_db
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::summary::{Shown, summarise};
    use super::*;
    use ndarray::Array2;
    use num_complex::Complex32;
    use operators::{Field, Host, SliceRng, Vector};

    /// Truth and samples of one law gain what is promised; samples of half the deviation gain less.
    #[test]
    fn exchangeable_samples_gain_what_is_promised() {
        let (samples, side) = (8, 100);
        let blank = Host::<f64>::zeros(&[samples + 1, side, side], Field::Real);
        let draws = blank.normal_like(&mut SliceRng::samples(3, 0, samples as u32 + 1));
        let image = |i: usize, by: f64| {
            let n = side * side;
            let reals = draws.reals()[i * n..(i + 1) * n].to_vec();
            Array2::from_shape_vec((side, side), reals)
                .unwrap()
                .mapv(|v| 5.0 + by * v)
        };
        let stack = |a: Array2<f32>| a.insert_axis(ndarray::Axis(0));
        let truth = stack(image(samples, 1.0).mapv(|v| v as f32));
        let gain = |by: f64, fitted| {
            let all: Vec<Array2<Complex32>> = (0..samples)
                .map(|i| image(i, by).mapv(|v| Complex32::new(v as f32, 0.0)))
                .collect();
            let (mean, std) = summarise(&all, Shown { complex: false });
            let mean = stack(mean.mapv(|z| z.re));
            Averaging::of([&mean, &stack(std.unwrap()), &truth], samples, fitted).unwrap()
        };
        let found = gain(1.0, false);
        // 10⁴ pixels: a hundredth.
        assert!(
            (found.gain_db - found.calibrated_db).abs() < 0.08,
            "{found:?}"
        );
        assert!((found.calibrated_db - 2.4988).abs() < 1e-3);
        assert!((gain(1.0, true).gain_db - found.gain_db).abs() < 0.05);
        let narrow = gain(0.5, false);
        assert!(narrow.gain_db < found.gain_db - 1.0, "{narrow:?}");
    }
}
