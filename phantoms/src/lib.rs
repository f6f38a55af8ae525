//! Digital phantoms: analytic shapes, coil maps and procedural anatomy.
//!
//! Everything but [`ct`] lives in the unit square `[-1, 1]²`: x to the right, y with the row index.
//! A raster of n samples has them at `x_n = (n - floor(n / 2)) * 2 / n` ([`position`]), k-space at
//! `k_m = (m - floor(n / 2)) / 2` cycles per unit ([`frequency`]), scaled as the centred unitary
//! transform of the raster. The crate shares no code with the reconstruction, so that data and
//! operators err independently.
//!
//! - [`Ellipse`], [`shepp_logan`], [`TrigCoils`], [`ellipse_k_space`]: k-space without any grid.
//! - [`BrainSlice`], [`fine_grid_k_space`]: a brain, sampled on a finer grid than the scan's.
//! - [`phantom_k_space`], [`raster()`]: phantoms by name.
//! - [`ct`]: head CT, analytic CT phantoms, line integrals and photon counts, in millimetres and
//!   Hounsfield units.
//! - [`Procedural`], [`from_labels`]: endless complex images for training a score model.
//! - [`posterior`]: posteriors in closed form, to judge samplers by.
//!
//! The numbers under `data/` come with their own licence (`data/NOTICE`).

mod analytic;
mod brain;
mod catalogue;
mod coils;
pub mod ct;
mod disc;
mod ellipse;
mod error;
mod fft;
mod grid;
mod polygon;
pub mod posterior;
pub mod procedural;
mod scan;
pub mod scene;
pub mod shape;
mod shepp_logan;
mod template;
mod tissue;
mod vote;
mod warp;

pub use analytic::ellipse_k_space;
pub use brain::BrainSlice;
pub use catalogue::{list, phantom_k_space, raster};
pub use coils::TrigCoils;
pub use ellipse::{Ellipse, ellipse_raster};
pub use error::PhantomError;
pub use grid::{frequency, position, spacing};
pub use polygon::Coverage;
pub use procedural::{LabelClass, Procedural, from_labels, from_labels_merged, from_labels_with};
pub use scan::{SmoothPhase, complex_fine_grid_k_space, fine_grid_k_space, rss_image};
pub use shepp_logan::{shepp_logan, shepp_logan_toft};
pub use tissue::Contrast;
