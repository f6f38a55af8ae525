//! Raw data as a scanner would have written it: analytic or finer-grid physics, correlated noise, a
//! noise scan. Shares no operator with the reconstruction.

mod mask;
mod scan;
mod source;

pub use mask::{MaskError, lines};
pub use scan::{Scan, SimulateError, simulate};
pub use source::Source;
