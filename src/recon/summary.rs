//! What is told of the samples: mean, spread, quantiles.

use ndarray::Array2;
use num_complex::Complex32;

/// What is shown of a value: the magnitude of a complex one, a real one itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) complex: bool,
}

impl Shown {
    pub(super) fn value(self, z: &Complex32) -> f32 {
        if self.complex { z.norm() } else { z.re }
    }

    pub(super) fn image(self, image: &Array2<Complex32>) -> Array2<f32> {
        image.mapv(|z| self.value(&z))
    }
}

/// Posterior mean and spread of samples: `E x`, and the deviation of what is shown of `x` with the
/// unbiased `n / (n - 1)`.
pub(super) fn summarise(
    samples: &[Array2<Complex32>],
    shown: Shown,
) -> (Array2<Complex32>, Option<Array2<f32>>) {
    let n = samples.len() as f32;
    let mut mean = Array2::zeros(samples[0].dim());
    let mut level = Array2::<f32>::zeros(samples[0].dim());
    for s in samples {
        mean.zip_mut_with(s, |m, z| *m += z / n);
        level.zip_mut_with(s, |l, z| *l += shown.value(z) / n);
    }
    if samples.len() < 2 {
        return (mean, None);
    }
    let mut spread = Array2::<f32>::zeros(samples[0].dim());
    for s in samples {
        ndarray::Zip::from(&mut spread)
            .and(s)
            .and(&level)
            .for_each(|v, z, l| {
                *v += (shown.value(z) - l).powi(2) / (n - 1.0);
            });
    }
    (mean, Some(spread.mapv(f32::sqrt)))
}

/// The quantile of what is shown of the samples, pixel by pixel: between the ordered samples by
/// `(n - 1) q` (Hyndman and Fan's type 7, NumPy's default).
pub(super) fn quantile(samples: &[Array2<Complex32>], shown: Shown, q: f64) -> Array2<f32> {
    let place = (samples.len() - 1) as f64 * q;
    let below = (place as usize).min(samples.len() - 1);
    let above = (below + 1).min(samples.len() - 1);
    let share = (place - below as f64) as f32;
    Array2::from_shape_fn(samples[0].dim(), |at| {
        let mut values: Vec<f32> = samples.iter().map(|s| shown.value(&s[at])).collect();
        values.sort_by(f32::total_cmp);
        values[below] + share * (values[above] - values[below])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_the_ordered_samples() {
        let samples: Vec<_> = [3.0, -1.0, 2.0, 5.0, 4.0]
            .map(|v: f32| Array2::from_elem((1, 2), Complex32::new(v, 0.0)))
            .into();
        let real = Shown { complex: false };
        for (q, expected) in [(0.0, -1.0), (0.5, 3.0), (0.9, 4.6), (1.0, 5.0)] {
            let found = quantile(&samples, real, q);
            assert!(
                found.iter().all(|v| (v - expected).abs() < 1e-6),
                "{q}: {found}"
            );
        }
        // Of a complex value the magnitude.
        assert_eq!(
            quantile(&samples, Shown { complex: true }, 0.0)[(0, 0)],
            1.0
        );
    }

    #[test]
    fn the_spread_is_unbiased() {
        let samples: Vec<_> = [1.0, 2.0, 4.0]
            .map(|v: f32| Array2::from_elem((1, 1), Complex32::new(v, 0.0)))
            .into();
        let (mean, std) = summarise(&samples, Shown { complex: false });
        assert!((mean[(0, 0)].re - 7.0 / 3.0).abs() < 1e-6);
        assert!((std.unwrap()[(0, 0)].powi(2) - 7.0 / 3.0).abs() < 1e-5);
    }
}
