//! Computed tomography: the scan as a value, line integrals and their exact transpose, filtered
//! back-projection.
//!
//! Lengths are mm, angles rad. An image is `Real[Y, X]` in some unit, its sinogram
//! `Real[View, Detector]` in that unit times mm. The exponential of Beer and Lambert belongs to
//! the likelihood, so that one projector serves every noise model.

mod back_project;
mod beam;
mod coverage;
mod fbp;
mod geometry;
mod grid;
mod kernel;
mod pixels;
mod project;
mod projector;
mod ramp;
mod rays;
mod trajectory;
mod unknown_centre;
mod volume;
mod water;

pub use beam::{Beam, Detector, Rotation, Shape, equal_angles_rad};
pub use fbp::{Fbp, PseudoInverse};
pub use geometry::{Geometry, Ray};
pub use grid::Grid;
pub(crate) use project::Pass;
pub use projector::Projector;
pub use ramp::Window;
pub use rays::Rays;
pub use trajectory::{ConeBeam, Ray3, Trajectory};
pub use unknown_centre::UnknownCentre;
pub use volume::{Volume, VolumeProjector};
pub use water::water_per_mm;

#[cfg(test)]
use projector::tests::scans as projector_scans;

use crate::{Error, Result};

/// Refuses a parameter.
fn require(
    holds: bool,
    what: &'static str,
    expected: &'static str,
    got: impl Fn() -> String,
) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::Parameter {
        what,
        expected,
        got: got(),
    })
}
