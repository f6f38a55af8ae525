//! Spaces: what an operator takes and gives, as a value that can be compared and printed.

use std::fmt;

/// The role of an axis. The batch is implicit and always first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Receiver coil.
    Coil,
    /// Slice of a volume.
    Slice,
    /// The two directions of a difference: along Y, along X.
    Difference,
    /// Row of an image: the phase-encoding direction of a Cartesian scan.
    Y,
    /// Column of an image: the readout direction of a Cartesian scan.
    X,
    /// Projection of a tomographic scan: one position of the source.
    View,
    /// Row of a detector, along the rotation axis.
    Row,
    /// Bin of a detector row, in the plane of rotation.
    Detector,
}

/// Real or complex elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// One real number an element.
    Real,
    /// Two real numbers an element: real part, imaginary part.
    Complex,
}

impl Field {
    /// Real numbers per element: 1 or 2.
    pub fn reals(self) -> usize {
        match self {
            Field::Real => 1,
            Field::Complex => 2,
        }
    }
}

/// The shape and meaning of one item, for example `Complex[Coil 8, Y 320, X 320]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Axes in storage order, slowest first.
    pub axes: Vec<(Axis, usize)>,
    /// Real or complex.
    pub field: Field,
}

impl Space {
    /// A complex space with the given axes.
    pub fn complex(axes: &[(Axis, usize)]) -> Self {
        Space {
            axes: axes.to_vec(),
            field: Field::Complex,
        }
    }

    /// A real space with the given axes.
    pub fn real(axes: &[(Axis, usize)]) -> Self {
        Space {
            axes: axes.to_vec(),
            field: Field::Real,
        }
    }

    /// `Complex[Y rows, X columns]`.
    pub fn image(rows: usize, columns: usize) -> Self {
        Space::complex(&[(Axis::Y, rows), (Axis::X, columns)])
    }

    /// `Complex[Coil coils, Y rows, X columns]`.
    pub fn coil_images(coils: usize, rows: usize, columns: usize) -> Self {
        Space::complex(&[(Axis::Coil, coils), (Axis::Y, rows), (Axis::X, columns)])
    }

    /// Sizes of the axes without the batch.
    pub fn sizes(&self) -> Vec<usize> {
        self.axes.iter().map(|&(_, n)| n).collect()
    }

    /// Number of elements of one item.
    pub fn elements(&self) -> usize {
        self.axes.iter().map(|&(_, n)| n).product()
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}[", self.field)?;
        for (i, (axis, n)) in self.axes.iter().enumerate() {
            write!(f, "{}{axis:?} {n}", if i == 0 { "" } else { ", " })?;
        }
        write!(f, "]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_prints_like_the_documentation() {
        assert_eq!(
            Space::coil_images(8, 320, 256).to_string(),
            "Complex[Coil 8, Y 320, X 256]"
        );
    }
}
