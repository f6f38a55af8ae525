//! Checks of computed tomography.

mod counts;
mod disc;
mod forbild;
mod hounsfield;
mod laws;
mod projector;
mod promise;
mod quality;
pub(super) mod recon;

pub(super) use counts::counts;
pub(super) use forbild::forbild;
pub(super) use hounsfield::hounsfield;
pub(super) use laws::laws;
pub(super) use projector::projector;
pub(super) use quality::quality;
pub(super) use recon::reconstructions;

use super::error::Failure;
use operators::ct::{Beam, Detector, Geometry, Grid, Rotation, Shape, equal_angles_rad};
use std::f64::consts::{PI, TAU};

/// A scan of the square from -1 to 1 about the axis, a bin at the axis a pixel.
fn scan(size: usize, views: usize, bins: usize, beam: Beam) -> Result<Geometry, Failure> {
    let pixel = 2.0 / size as f64;
    let grid = Grid::new(size, size, [pixel; 2]);
    let (arc, pitch) = match beam {
        Beam::Parallel => (PI, pixel),
        Beam::Fan {
            source_mm,
            detector_mm,
            ..
        } => (TAU, pixel * detector_mm / source_mm),
    };
    let angles = equal_angles_rad(views, 0.0, arc, Rotation::CounterClockwise);
    Ok(Geometry::new(
        grid,
        beam,
        Detector::new(bins, pitch),
        angles,
    )?)
}

/// Every beam, with its name.
fn beams() -> [(&'static str, Beam); 3] {
    let fan = |shape| Beam::Fan {
        source_mm: 4.0,
        detector_mm: 6.0,
        shape,
    };
    [
        ("parallel", Beam::Parallel),
        ("fan-flat", fan(Shape::Flat)),
        ("fan-curved", fan(Shape::Curved)),
    ]
}
