//! The views that a scan did not take: where the gradient of MCG is free.

use operators::ct::{Geometry, Projector, PseudoInverse, Window};
use operators::{Array, LinearOperator, Result, Space};

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
        let angles = scan.angles_rad();
        // Half a turn of as many views as the image has columns over π/2 is full.
        let wide = scan.grid().columns.max(scan.grid().rows) as f64;
        let per_half_turn = angles.len() as f64 * std::f64::consts::PI / arc_rad(angles);
        let between = ((wide / per_half_turn).round() as usize).clamp(1, MOST) - 1;
        if between == 0 || angles.len() < 2 {
            return Ok(None);
        }
        let step = arc_rad(angles) / angles.len() as f64;
        let sign = (angles[1] - angles[0]).signum();
        let parts = (between + 1) as f64;
        let new: Vec<f64> = angles
            .iter()
            .flat_map(|t| (1..=between).map(move |i| t + sign * step * i as f64 / parts))
            .collect();
        let complement = scan.with_angles(new)?;
        Ok(Some(Unmeasured {
            inverse: PseudoInverse::new(complement.clone(), Window::RamLak, 1.0)?,
            projector: Projector::new(complement),
        }))
    }
}

/// The arc of the views, with the step after the last.
fn arc_rad(angles: &[f64]) -> f64 {
    let n = angles.len() as f64;
    let (low, high) = angles
        .iter()
        .fold((f64::MAX, f64::MIN), |(l, h), t| (l.min(*t), h.max(*t)));
    (high - low) * n / (n - 1.0).max(1.0)
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
