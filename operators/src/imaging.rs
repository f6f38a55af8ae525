//! Forward models of imaging at large: missing pixels, coarse pixels, blur, lost phases.
//!
//! Images are `Real[Y, X]` or `Complex[Y, X]` as the space says. What the vocabulary of arrays does
//! not have (blocks, padding, magnitudes) goes by way of the host: right on every device, fast on
//! none but the CPU; each operator says so.
//!
//! Every linear operator is an [`crate::Operator`] by a blanket rule, next to which the compiler lets
//! a type be one only for kinds of arrays that it can name: somebody might make it linear for
//! another. So the nonlinear operators here are written once for any array, and are operators for
//! each kind of array by name.

mod blind;
mod blur;
mod kernel;
mod mask;
mod nonlinear;
mod nonuniform;
#[cfg(feature = "torch")]
mod on_torch;
mod phase;
mod planes;
#[cfg(feature = "torch")]
mod script;
mod spectral;
mod super_resolution;
mod unknown_kernel;

pub use blind::BlindBlur;
pub use blur::Blur;
pub use kernel::Kernel;
pub use mask::Mask;
pub use nonlinear::NonlinearBlur;
pub use nonuniform::NonUniformBlur;
pub use phase::PhaseRetrieval;
#[cfg(feature = "torch")]
pub use script::Script;
pub use spectral::Spectral;
pub use super_resolution::SuperResolution;
pub use unknown_kernel::UnknownKernel;

use crate::{Axis, Error, Result, Space};

/// Rows and columns of a space of images.
///
/// Errors: anything else than `[Y rows, X columns]`, or an empty one.
fn plane(operator: &'static str, space: &Space) -> Result<(usize, usize)> {
    match space.axes[..] {
        [(Axis::Y, rows), (Axis::X, columns)] if rows * columns > 0 => Ok((rows, columns)),
        _ => Err(Error::Space {
            operator: operator.to_owned(),
            expected: "images [Y, X]".into(),
            got: space.to_string(),
        }),
    }
}
