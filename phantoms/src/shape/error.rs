//! What can be wrong with a shape.

/// A shape that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ShapeError {
    /// Half-spaces cut only bodies that end.
    #[error("shape: expected a ball, cylinder, cone or block to clip, got a {got}")]
    Clip {
        /// What was to be clipped.
        got: &'static str,
    },
    /// Two axes do not span a plane.
    #[error(
        "shape: expected an axis x that is not along z, and lengths above 0, \
         got x = {x:?}, z = {z:?}"
    )]
    Axes {
        /// The axis x asked for.
        x: [f64; 3],
        /// The axis z asked for.
        z: [f64; 3],
    },
    /// A polygon without an inside.
    #[error(
        "shape: expected a polygon of 3 finite corners or more that encloses an area and does not \
         turn back on itself, got {corners} corners, of which number {at} does not"
    )]
    Degenerate {
        /// How many corners it has.
        corners: usize,
        /// The corner that is wrong, counted from 0.
        at: usize,
    },
    /// A polygon that meets itself.
    #[error(
        "shape: expected a polygon that does not meet itself, \
         got one whose edges {first} and {second} do"
    )]
    Crossing {
        /// An edge, counted from 0: from the corner of this number to the next.
        first: usize,
        /// Another one.
        second: usize,
    },
}
