//! The views that a scan did not take: where the gradient of MCG is free.

use operators::ct::{Geometry, Projector, PseudoInverse, Window};
use operators::{Array, LinearOperator, Result, Space};
use std::f64::consts::PI;

/// Views that a full scan has, over those of this one, at most.
const MOST: usize = 6;

/// `U = A†_c A_c` of the views between those of the scan: close to the projection onto what they
/// would see. Source: Chung et al. 2022, the CT form, where a full scan has six times the views.
pub(super) struct Unmeasured {
    projector: Projector,
    inverse: PseudoInverse,
}

impl Unmeasured {
    /// None where the scan has all the views that its image needs.
    pub(super) fn of(scan: &Geometry) -> Result<Option<Self>> {
        let mut angles = scan.angles_rad().to_vec();
        angles.sort_by(f64::total_cmp);
        let steps: Vec<f64> = angles.windows(2).map(|p| p[1] - p[0]).collect();
        let Some(median) = median(&steps) else {
            return Ok(None);
        };
        // A full scan of an image has about as many views a half turn as the image has columns.
        let wide = scan.grid().columns.max(scan.grid().rows) as f64;
        let between = ((wide * median / PI).round() as usize).clamp(1, MOST) - 1;
        if between == 0 {
            return Ok(None);
        }
        // Between neighbours; a gap that a limited arc leaves is not measured by intent.
        let new: Vec<f64> = angles
            .iter()
            .zip(&steps)
            .filter(|(_, step)| **step > 0.5 * median && **step < 2.0 * median)
            .flat_map(|(t, step)| {
                (1..=between).map(move |i| t + step * i as f64 / (between + 1) as f64)
            })
            .collect();
        if new.is_empty() {
            return Ok(None);
        }
        let complement = scan.with_angles(new)?;
        Ok(Some(Unmeasured {
            inverse: PseudoInverse::new(complement.clone(), Window::RamLak, 1.0)?,
            projector: Projector::new(complement),
        }))
    }
}

fn median(steps: &[f64]) -> Option<f64> {
    let mut sorted = steps.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().filter(|m| *m > 0.0)
}

impl<T: Array> LinearOperator<T> for Unmeasured {
    fn name(&self) -> &'static str {
        "unmeasured views"
    }
    fn domain(&self) -> &Space {
        LinearOperator::<T>::domain(&self.projector)
    }
    fn range(&self) -> &Space {
        LinearOperator::<T>::domain(&self.projector)
    }
    fn forward(&self, x: &T) -> Result<T> {
        self.inverse.forward(&self.projector.forward(x)?)
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        self.projector.adjoint(&self.inverse.adjoint(y)?)
    }
}
