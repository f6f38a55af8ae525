//! The forward model of a slice: sensitivities, `A = M F C`, and what was measured.

use super::super::{Plan, ReconError};
use super::Prepared;
use super::grid::upload;
use crate::guidance::NormalSpectrum;
use crate::protocol;
use crate::score::Channels;
use ndarray::{Array3, Axis};
use num_complex::Complex32;
use operators::likelihood::Gaussian;
use operators::mri::espirit::Espirit;
use operators::mri::sense;
use operators::{Chain, Field};

/// What only methods with an operator need.
pub(super) struct Model<T> {
    /// `A = M F C`.
    pub(super) a: Chain<T>,
    /// `√averages`.
    pub(super) mask: T,
    /// `√averages k`, in units of the prior.
    pub(super) y: T,
    pub(super) likelihood: Gaussian<T>,
    pub(super) sigma: f64,
    /// The diagonal of `F Aᴴ Λ A Fᴴ`.
    pub(super) normal: NormalSpectrum,
    /// (coil, y, x), on the encoded grid.
    pub(super) maps: Array3<Complex32>,
}

/// The settings of ESPIRiT.
pub(super) fn espirit(plan: &Plan) -> protocol::Espirit {
    match &plan.protocol.sensitivities {
        Some(protocol::Sensitivities::Espirit(e)) => e.clone(),
        None => protocol::Espirit::default(),
    }
}

/// ESPIRiT maps from all lines.
pub(super) fn maps(
    plan: &Plan,
    prepared: &Prepared,
    slice: usize,
) -> Result<Array3<Complex32>, ReconError> {
    let settings = espirit(plan);
    let espirit = Espirit {
        calibration: settings.calibration,
        kernel: settings.kernel,
        threshold: settings.threshold,
        crop: settings.crop,
        maps: 1,
    };
    let found = espirit.maps(prepared.k_space.view(), prepared.sampled.view());
    Ok(found
        .map_err(|source| ReconError::Sensitivities { slice, source })?
        .maps)
}

impl<T: Channels> Model<T> {
    pub(super) fn new(
        device: &T::Device,
        prepared: &Prepared,
        maps: Array3<Complex32>,
        unit: f64,
        sigma: f64,
    ) -> operators::Result<Self> {
        let (coils, rows, columns) = maps.dim();
        let real = |f: &dyn Fn(f32) -> f64| {
            let values: Vec<f64> = prepared.averages.iter().map(|a| f(*a)).collect();
            T::from_reals(device, &[1, rows, columns], Field::Real, &values)
        };
        let mask = real(&|a| f64::from(a).sqrt());
        let support = real(&|a| f64::from(a > 0.0));
        let sizes = [coils, rows, columns];
        let y: T = upload(device, &sizes, prepared.measured().iter().copied());
        let y = y.weighted(&mask).scaled(1.0 / unit);
        let sensitivities: T = upload(device, &sizes, maps.iter().copied());
        let normal = NormalSpectrum::of_scan(&sensitivities, &mask, sigma)?;
        let a = sense(sensitivities, mask.clone())?;
        let likelihood = Gaussian::new(y.clone(), sigma, support)?;
        Ok(Model {
            a,
            mask,
            y,
            likelihood,
            sigma,
            normal,
            maps,
        })
    }

    /// `max M² · max Σ |s|²`, no less than `‖AᴴA‖`: F is unitary.
    pub(super) fn curvature(&self) -> f64 {
        let most = |values: Vec<f64>| values.into_iter().fold(0.0, f64::max);
        let power =
            |s: ndarray::ArrayView1<Complex32>| s.iter().map(|s| f64::from(s.norm_sqr())).sum();
        let seen: Vec<f64> = self.maps.map_axis(Axis(0), power).into_iter().collect();
        most(self.mask.to_reals()).powi(2) * most(seen)
    }
}
