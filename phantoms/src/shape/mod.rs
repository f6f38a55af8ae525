//! Shapes of the plane and of space, each with four evaluators: at a point, averaged over a pixel,
//! along a line, and its Fourier transform.
//!
//! Lengths are in the unit of the phantom that is made of them. The plane's [`Region`]s stand for
//! themselves or for the sections of a [`Solid`] at a height.

mod bell;
mod boundary;
mod conic;
mod crossing;
mod cut;
mod ellipse;
mod error;
mod form;
mod frame;
mod path;
mod plane;
mod polygon;
mod quadrature;
mod region;
mod roots;
mod section;
mod solid;
mod spectrum;
mod turns;
mod vector;

pub use bell::Bell;
pub use conic::Conic;
pub use ellipse::Ellipse;
pub use error::ShapeError;
pub use frame::Frame;
pub use path::Path;
pub use plane::{HalfPlane, HalfSpace};
pub use polygon::Polygon;
pub use region::Region;
pub use solid::{Body, Line, Solid};

pub(crate) use conic::wave;
pub(crate) use quadrature::{adaptive_between, adaptive_points, panels};
