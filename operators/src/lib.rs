//! The physics of annulus: measurement operators with exact adjoints, likelihoods and solvers.
//!
//! Everything here is a statement about *real* inner-product spaces: `<x, y> = Re Σ conj(x) y`, so
//! a complex image is a vector of twice as many reals and conjugate gradients are Hermitian by
//! construction. A batch of items is implicit, always the first axis, and every reduction is per
//! item: the batch size can never change a result.
//!
//! The crate knows nothing of diffusion, files or command lines, and builds without libtorch.

pub mod array;
pub mod chain;
pub mod check;
pub mod ct;
pub mod differences;
pub mod error;
pub mod imaging;
mod lanczos;
pub mod likelihood;
pub mod linear;
pub mod mri;
pub mod product;
pub mod rng;
pub mod solve;
pub mod space;
pub mod state;
#[cfg(test)]
mod testing;

pub use array::{Array, Direction, Host, Vector};
pub use chain::{Chain, chain};
pub use differences::FiniteDifferences;
pub use error::{Error, Result};
pub use lanczos::lanczos;
pub use linear::{LinearOperator, Operator};
pub use product::Product;
pub use rng::SliceRng;
pub use space::{Axis, Field, Space};
pub use state::{Mode, State};
