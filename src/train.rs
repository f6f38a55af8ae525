//! Training a score model: denoising score matching on procedural anatomy.

mod augment;
mod card;
mod checkpoint;
mod config;
mod data;
mod evaluate;
mod labels;
mod optimiser;
mod run;
mod step;

pub use config::{Family, TrainConfig};
pub use data::{Images, TrainError};
pub use evaluate::{HeldOut, evaluate};
pub use run::train;
