//! Raw data as a scanner would have written it: analytic or finer-grid physics, correlated noise, a
//! noise scan. Shares no operator with the reconstruction.

mod acquire;
mod imaging;
mod labels;
mod mapped;
mod mask;
mod memory;
mod object;
mod receiver;
mod scan;
mod source;
mod tomography;

pub use acquire::{Request, acquire};
pub use labels::LabelMap;
pub use mapped::MappedBrain;
pub use mask::{MaskError, lines};
pub use object::CtSource;
pub use scan::{Scan, SimulateError, simulate};
pub use source::Source;
pub use tomography::{CtScan, simulate_ct};
