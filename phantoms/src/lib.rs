//! Digital phantoms: analytic shapes, coil maps and procedural anatomy.
//!
//! Everything but [`ct`] lives in the unit square `[-1, 1]²`: x to the right, y with the row index.
//! A raster of n samples has them at `x_n = (n - floor(n / 2)) * 2 / n` ([`position`]), k-space at
//! `k_m = (m - floor(n / 2)) / 2` cycles per unit ([`frequency`]), scaled as the centred unitary
//! transform of the raster. The crate shares no code with the reconstruction, so that data and
//! operators err independently.
//!
//! - [`shape`], [`scene`]: shapes with values at points, over pixels, along lines, and their Fourier
//!   transforms; [`named()`]: phantoms of them by name, in the plane and in space.
//! - [`TrigCoils`], [`section_k_space`]: k-space of several coils without any grid.
//! - [`BrainSlice`], [`fine_grid_k_space`]: a brain, sampled on a finer grid than the scan's.
//! - [`phantom_k_space`], [`raster()`]: phantoms by name.
//! - [`mr`]: relaxation times and the signal equations of sequences; [`B0Map`]: off-resonance.
//! - [`BirdcageCoils`], [`LoopCoils`], [`NoiseCovariance`]: other receive coils, and their noise;
//!   [`map()`]: coils and the main field by name.
//! - [`ct`]: head CT, analytic CT phantoms, line integrals and photon counts, in millimetres and
//!   Hounsfield units.
//! - [`anatomy`]: heads from label maps in MR and CT, and a chest in CT, with everything known.
//! - [`Procedural`], [`from_labels`]: endless complex images for training a score model.
//! - [`posterior`]: posteriors in closed form, to judge samplers by.
//!
//! The numbers under `data/` come with their own licence (`data/NOTICE`).

mod analytic;
pub mod anatomy;
mod brain;
mod catalogue;
mod coils;
pub mod ct;
mod disc;
mod error;
mod fft;
mod field;
mod grid;
mod lattice;
mod maps;
pub mod mr;
mod named;
mod polygon;
pub mod posterior;
pub mod procedural;
mod pure;
mod scan;
pub mod scene;
pub mod shape;
mod spline;
mod template;
mod tissue;
mod vote;
mod warp;

pub use analytic::{section_k_space, section_k_space_over};
pub use brain::BrainSlice;
pub use catalogue::{list, named, phantom_k_space, raster};
pub use coils::{BirdcageCoils, CoilRings, LoopCoils, NoiseCovariance, TrigCoils, TrigFit};
pub use error::PhantomError;
pub use field::{B0Map, dephasing, dephasing_rad};
pub use grid::{MrGrid, frequency, position, spacing};
pub use maps::{MAPS, map};
pub use named::{NamedPhantom, Signal, Vial, nist_t2_vials};
pub use polygon::Coverage;
pub use procedural::{
    LabelClass, Procedural, Texture, deformed, drawn_phase, from_labels, from_labels_merged,
    from_labels_with,
};
pub use scan::{SmoothPhase, complex_fine_grid_k_space, fine_grid_k_space, rss_image};
pub use tissue::Contrast;
