//! Training a score model: denoising score matching on procedural anatomy.

mod augment;
mod card;
mod checkpoint;
mod config;
mod curves;
mod data;
mod evaluate;
mod finish;
mod labels;
mod optimiser;
mod run;
mod schedule;
mod step;
mod validation;
mod volume;
mod volumes;

pub use config::{Family, Precision, TrainConfig};
pub use data::{Images, TrainError};
pub use evaluate::{HeldOut, evaluate};
pub use run::{Event, Flow, Observer, ship, train};
pub use schedule::Schedule;
