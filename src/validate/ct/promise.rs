//! What filtered back-projection of a fan-beam scan of 200 mm of water must give about the axis.

use super::super::error::Failure;
use crate::protocol::Protocol;
use phantoms::ct::{Material, mu_per_mm};
use std::f64::consts::PI;

/// Radius of the water.
const WATER_MM: f64 = 100.0;
/// Frequencies of an integral.
const STEPS: usize = 4000;

/// Transfer and noise in closed form, for the window of Hann and a full turn.
///
/// With the pitch a of the bins at the axis and `sinc(t) = sin(πt)/(πt)`: a bin averages over its
/// width and linear interpolation over two bins, so that `MTF(f) = W(f) |sinc(af)|³`. Noise of
/// neighbouring bins is independent: `NPS(f) = (π/N) (1000/μ)² a σ² R(f)² sinc(af)⁴ / f`, where N are
/// the views, σ² = 1/counts is the variance of a line integral and R the ramp times W, which repeats
/// with 1/a. Source: Kak and Slaney 1988, 3.3 and 5.2.
pub(super) struct Promise {
    pitch_mm: f64,
    views: f64,
    water_per_mm: f64,
    /// Variance of the line integral through the middle of the water.
    line_variance: f64,
}

impl Promise {
    /// Of a protocol's scan.
    pub fn of(protocol: &Protocol) -> Result<Self, Failure> {
        let scan = protocol.acquisition.as_ref().and_then(|a| a.projections());
        let scan = scan.ok_or("the protocol has no CT scan")?;
        let energy_kev = scan.energy_kev.ok_or("the protocol has no energy_kev")?;
        let water_per_mm = mu_per_mm(Material::Water, energy_kev)?;
        let counts = scan.photons * (-2.0 * WATER_MM * water_per_mm).exp();
        Ok(Promise {
            pitch_mm: scan.pitch_at_axis_mm(),
            views: scan.views as f64,
            water_per_mm,
            line_variance: 1.0 / counts,
        })
    }

    /// Hann's window times the ramp, in 1/mm.
    fn filter(&self, f_per_mm: f64) -> f64 {
        let a = self.pitch_mm;
        let f = (f_per_mm - (f_per_mm * a).round() / a).abs();
        f * (0.5 + 0.5 * (2.0 * PI * f * a).cos())
    }

    /// The transfer function.
    pub fn mtf(&self, f_per_mm: f64) -> f64 {
        if f_per_mm == 0.0 {
            return 1.0;
        }
        self.filter(f_per_mm) / f_per_mm * sinc(self.pitch_mm * f_per_mm).abs().powi(3)
    }

    /// The frequency at which it has fallen to a level.
    pub fn where_mtf_is(&self, level: f64) -> f64 {
        let (mut low, mut high) = (0.0, 0.5 / self.pitch_mm);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            match self.mtf(middle) > level {
                true => low = middle,
                false => high = middle,
            }
        }
        0.5 * (low + high)
    }

    /// The noise power spectrum, in HU² mm².
    pub fn nps(&self, f_per_mm: f64) -> f64 {
        if f_per_mm == 0.0 {
            return 0.0;
        }
        let hu = 1000.0 / self.water_per_mm;
        let passed = self.filter(f_per_mm) * sinc(self.pitch_mm * f_per_mm).powi(2);
        PI / self.views * self.pitch_mm * self.line_variance * (hu * passed).powi(2) / f_per_mm
    }

    /// `√(2π ∫ f NPS(f) df)`, in HU.
    pub fn deviation_hu(&self) -> f64 {
        // Interpolation leaves next to nothing beyond twice the sampling frequency.
        let step = 2.0 / self.pitch_mm / STEPS as f64;
        let at = (0..STEPS).map(|n| (n as f64 + 0.5) * step);
        (2.0 * PI * step * at.map(|f| f * self.nps(f)).sum::<f64>()).sqrt()
    }
}

fn sinc(t: f64) -> f64 {
    match t == 0.0 {
        true => 1.0,
        false => (PI * t).sin() / (PI * t),
    }
}
