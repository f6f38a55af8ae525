//! The ramp filter of filtered back-projection, with its windows.

use super::require;
use crate::Result;
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::f64::consts::{FRAC_PI_2, PI};
use std::sync::Arc;

/// How the ramp falls off towards the cutoff: resolution against noise, sharpest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// No window (Ramachandran and Lakshminarayanan).
    RamLak,
    /// `sin(πf/2) / (πf/2)`.
    SheppLogan,
    /// `cos(πf/2)`.
    Cosine,
    /// `0.54 + 0.46 cos(πf)`.
    Hamming,
    /// `0.5 + 0.5 cos(πf)`.
    Hann,
}

impl Window {
    /// The factor at a frequency relative to the cutoff; 0 beyond it.
    fn at(self, f: f64) -> f64 {
        if f > 1.0 {
            return 0.0;
        }
        match self {
            Window::RamLak => 1.0,
            Window::SheppLogan if f == 0.0 => 1.0,
            Window::SheppLogan => (FRAC_PI_2 * f).sin() / (FRAC_PI_2 * f),
            Window::Cosine => (FRAC_PI_2 * f).cos(),
            Window::Hamming => 0.54 + 0.46 * (PI * f).cos(),
            Window::Hann => 0.5 + 0.5 * (PI * f).cos(),
        }
    }
}

/// Convolution of detector rows with the ramp, a symmetric matrix: its own transpose.
///
/// The ramp is sampled in space (Kak and Slaney 1988, eq. 3.61) and not in frequency, where its
/// value at zero would be lost and every image come out too dark.
pub(super) struct Ramp {
    bins: usize,
    /// Real, for every frequency of the padded transform; holds the transform's normalisation.
    response: Vec<f64>,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
}

impl Ramp {
    /// For bins of a given pitch. `bend(n)` multiplies the kernel at a distance of n bins: 1 on a
    /// straight detector. `cutoff` is a fraction of the Nyquist frequency.
    pub fn new(
        bins: usize,
        pitch: f64,
        window: Window,
        cutoff: f64,
        bend: impl Fn(usize) -> f64,
    ) -> Result<Self> {
        require(
            cutoff > 0.0 && cutoff <= 1.0,
            "cutoff",
            "a fraction of the Nyquist frequency, above 0 and at most 1",
            || cutoff.to_string(),
        )?;
        let n = padded(bins);
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
        let mut kernel = vec![Complex::default(); n];
        for i in 0..=n / 2 {
            let h = match i {
                0 => 0.25,
                i if i % 2 == 1 => -1.0 / (PI * i as f64).powi(2),
                _ => 0.0,
            } / pitch
                * bend(i);
            kernel[i].re = h;
            kernel[(n - i) % n].re = h;
        }
        forward.process(&mut kernel);
        let relative = |k: usize| 2.0 * k.min(n - k) as f64 / n as f64 / cutoff;
        let response = kernel.iter().enumerate();
        Ok(Ramp {
            bins,
            response: response
                .map(|(k, h)| h.re * window.at(relative(k)) / n as f64)
                .collect(),
            forward,
            inverse,
        })
    }

    /// Filters rows that lie one after the other; two real rows go through one complex transform.
    pub fn apply(&self, rows: &mut [f64]) {
        let n = self.response.len();
        rows.par_chunks_mut(2 * self.bins).for_each_init(
            || (vec![Complex::default(); n], vec![Complex::default(); n]),
            |(row, scratch), pair| {
                let (one, two) = pair.split_at_mut(self.bins);
                row.fill(Complex::default());
                row.iter_mut().zip(one.iter()).for_each(|(z, &x)| z.re = x);
                row.iter_mut().zip(two.iter()).for_each(|(z, &x)| z.im = x);
                self.forward.process_with_scratch(row, scratch);
                row.iter_mut()
                    .zip(&self.response)
                    .for_each(|(z, h)| *z *= h);
                self.inverse.process_with_scratch(row, scratch);
                one.iter_mut().zip(row.iter()).for_each(|(x, z)| *x = z.re);
                two.iter_mut().zip(row.iter()).for_each(|(x, z)| *x = z.im);
            },
        );
    }
}

/// The shortest length of a fast transform, `2^a` or `3 · 2^a`, that keeps the ends of a row apart.
fn padded(bins: usize) -> usize {
    let power = (2 * bins).next_power_of_two();
    let shorter = power / 4 * 3;
    if shorter >= 2 * bins { shorter } else { power }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(bins: usize, window: Window, cutoff: f64, rows: &[f64]) -> Vec<f64> {
        let mut rows = rows.to_vec();
        Ramp::new(bins, 1.0, window, cutoff, |_| 1.0)
            .unwrap()
            .apply(&mut rows);
        rows
    }

    #[test]
    fn the_ramp_is_the_convolution_with_its_kernel() {
        // Padded to 2, 4, 6, 24, 32, 48: two lengths are 3 · 2^a, with ends that just fit.
        [1, 2, 3, 12, 13, 24]
            .into_iter()
            .for_each(is_the_convolution);
    }

    fn is_the_convolution(bins: usize) {
        let rows: Vec<f64> = (0..3 * bins).map(|i| (i as f64 * 0.7).sin()).collect();
        let found = filtered(bins, Window::RamLak, 1.0, &rows);
        for (row, found) in rows.chunks(bins).zip(found.chunks(bins)) {
            for (k, found) in found.iter().enumerate() {
                let kernel = |n: usize| match n {
                    0 => 0.25,
                    n if n % 2 == 1 => -1.0 / (PI * n as f64).powi(2),
                    _ => 0.0,
                };
                let by_hand: f64 = (0..bins).map(|i| kernel(k.abs_diff(i)) * row[i]).sum();
                assert!((found - by_hand).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn every_window_is_symmetric_and_falls() {
        use Window::*;
        let bins = 24;
        for window in [RamLak, SheppLogan, Cosine, Hamming, Hann] {
            assert_eq!(window.at(0.0), 1.0);
            assert!(window.at(0.9) <= window.at(0.5) && window.at(1.01) == 0.0);
            let mut units = vec![0.0; bins * bins];
            (0..bins).for_each(|i| units[i * bins + i] = 1.0);
            let a = filtered(bins, window, 0.7, &units);
            for (i, k) in (0..bins).flat_map(|i| (0..bins).map(move |k| (i, k))) {
                assert!((a[i * bins + k] - a[k * bins + i]).abs() < 1e-15);
            }
        }
        assert!(Ramp::new(4, 1.0, Hann, 0.0, |_| 1.0).is_err());
        assert!(Ramp::new(4, 1.0, Hann, 1.5, |_| 1.0).is_err());
    }
}
