//! Phantoms for computed tomography, in millimetres and Hounsfield units.

mod counts;
mod distance;
mod family;
mod field;
mod grid;
mod head;
mod head_rows;
mod head_samples;
mod holder;
mod image;
mod lesion;
mod materials;
mod palette;
pub(crate) mod phantom;
mod plain;
mod pose;
mod ray;
mod refine;
mod scan;
mod section;
mod spectrum;
mod tissue;

pub use counts::{Exposure, darks, expected_counts, flats, mean_frame, noisy_counts, transmission};
pub use family::{HeadCt, HeadSlice};
pub use grid::CtGrid;
pub use image::{Attenuation, PixelImage};
pub use lesion::LesionKind;
pub use materials::{Material, hu_to_mu, mu_per_mm, mu_to_hu};
pub use phantom::{CtImage, CtPhantom};
pub use ray::Ray;
pub use scan::ScanRays;
pub use section::{Section, pack_sections};
pub use spectrum::water_at_120kv_per_mm;
pub use tissue::Tissue;

pub(crate) use field::{Field, Fractal};
pub(crate) use grid::{at_most, block_mean, blurred};
pub(crate) use head::Head;
pub(crate) use section::{brain_planes, tissues_of_head};
