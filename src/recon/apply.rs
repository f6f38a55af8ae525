//! The operator of a protocol on an array: the physics, for anyone to check. Double precision, no
//! noise.

use super::ReconError;
use super::ct::ScanGeometry;
use crate::protocol::Protocol;
use ndarray::{Array2, ArrayD, Ix2, Ix3};
use num_complex::Complex64;
use operators::ct::{Geometry, Projector};
use operators::mri::sense;
use operators::{Array, Field, Host, LinearOperator};

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Image to data.
    Forward,
    /// Data to image.
    Adjoint,
}

/// `P x` or `Pᵀ y` of a CT protocol: `(row, column)` in 1/mm and `(view, bin)` in line integrals, or
/// a stack of either.
///
/// Without an `[image]` table the image has the shape of the array (forward) or as many pixels a
/// side as there are bins (adjoint), of the pitch at the axis.
///
/// Errors: a protocol without an acquisition, an array of another shape.
pub fn apply_ct(
    protocol: &Protocol,
    array: &ArrayD<f64>,
    way: Way,
) -> Result<ArrayD<f64>, ReconError> {
    let stack = as_stack(array, "an image (row, column) or sinogram (view, bin)")?;
    let [items, first, second] = stack;
    let image = (way == Way::Forward).then_some([first, second]);
    let geometry = ScanGeometry::of_protocol(protocol, image)?;
    check_shape(&geometry, [first, second], way)?;
    let projector = Projector::new(geometry);
    let values: Vec<f64> = array.iter().copied().collect();
    let x = Host::new(&[items, first, second], Field::Real, values);
    let out = carry_out(&projector, &x, way)?;
    let sizes = out.sizes();
    shaped(array.ndim(), &sizes, out.to_reals())
}

/// `M F C x` or its adjoint: `(row, column)` and `(coil, row, column)`, complex, centred unitary
/// transform.
///
/// `maps` are the sensitivities, one of ones without; `mask` is where k-space is sampled, all of it
/// without.
pub fn apply_mri(
    array: &ArrayD<Complex64>,
    maps: Option<&ArrayD<Complex64>>,
    mask: Option<&Array2<f64>>,
    way: Way,
) -> Result<ArrayD<Complex64>, ReconError> {
    let request = |why: String| ReconError::Request(why);
    let (rows, columns) = match (way, array.shape()) {
        (Way::Forward, [y, x]) | (Way::Adjoint, [_, y, x]) => (*y, *x),
        (_, shape) => {
            return Err(request(format!(
                "expected an image (row, column) with --forward or k-space (coil, row, column) \
                 with --adjoint, got the shape {shape:?}"
            )));
        }
    };
    let ones = ArrayD::from_elem(vec![1, rows, columns], Complex64::new(1.0, 0.0));
    let maps = maps.unwrap_or(&ones);
    let maps = maps
        .view()
        .into_dimensionality::<Ix3>()
        .ok()
        .filter(|m| m.dim().1 == rows && m.dim().2 == columns)
        .ok_or_else(|| {
            let found = maps.shape();
            request(format!(
                "--sensitivities: expected (coil, {rows}, {columns}), got the shape {found:?}"
            ))
        })?;
    let coils = maps.dim().0;
    let full = Array2::ones((rows, columns));
    let mask = mask.unwrap_or(&full);
    if mask.dim() != (rows, columns) {
        let (y, x) = mask.dim();
        return Err(request(format!(
            "the protocol samples {y} x {x} points, the array has {rows} x {columns}: give an \
             array of the protocol's matrix, or --set acquisition.cartesian.matrix"
        )));
    }
    let complex = |sizes: &[usize], elements: Vec<Complex64>| Host::from_complex(sizes, &elements);
    let mask = Host::new(
        &[1, rows, columns],
        Field::Real,
        mask.iter().copied().collect(),
    );
    let maps = complex(&[1, coils, rows, columns], maps.iter().copied().collect());
    let a = sense(maps, mask).map_err(ReconError::at(0))?;
    let sizes = [&[1], array.shape()].concat();
    let x = complex(&sizes, array.iter().copied().collect());
    let out = carry_out(&a, &x, way)?;
    let shape = out.sizes()[1..].to_vec();
    ArrayD::from_shape_vec(shape, out.complex().to_vec()).map_err(|e| request(e.to_string()))
}

fn carry_out<A: LinearOperator<Host<f64>>>(
    a: &A,
    x: &Host<f64>,
    way: Way,
) -> Result<Host<f64>, ReconError> {
    let out = match way {
        Way::Forward => a.forward(x),
        Way::Adjoint => a.adjoint(x),
    };
    out.map_err(|e| ReconError::Request(e.to_string()))
}

/// `[items, first, second]` of a 2-D array or a stack of them.
fn as_stack(array: &ArrayD<f64>, expected: &str) -> Result<[usize; 3], ReconError> {
    if let Ok(one) = array.view().into_dimensionality::<Ix2>() {
        let (y, x) = one.dim();
        return Ok([1, y, x]);
    }
    if let Ok(all) = array.view().into_dimensionality::<Ix3>() {
        let (n, y, x) = all.dim();
        return Ok([n, y, x]);
    }
    Err(ReconError::Request(format!(
        "expected {expected}, or a stack of them, got the shape {:?}",
        array.shape()
    )))
}

/// Refuses an array that is not of the protocol's shape.
fn check_shape(geometry: &Geometry, found: [usize; 2], way: Way) -> Result<(), ReconError> {
    let grid = geometry.grid();
    let (what, expected, remedy) = match way {
        Way::Forward => (
            "an image",
            [grid.rows, grid.columns],
            "image.matrix=[columns, rows]",
        ),
        Way::Adjoint => (
            "a sinogram",
            [geometry.views(), geometry.detector().bins],
            "the views and bins of the acquisition",
        ),
    };
    if found == expected {
        return Ok(());
    }
    let ([a, b], [c, d]) = (expected, found);
    Err(ReconError::Request(format!(
        "the protocol has {what} of {a} x {b}, the array {c} x {d}: give an array of the \
         protocol's shape, or --set {remedy}"
    )))
}

/// A batch as an array of `rank` axes.
fn shaped(rank: usize, sizes: &[usize], reals: Vec<f64>) -> Result<ArrayD<f64>, ReconError> {
    let shape = if rank == 2 { &sizes[1..] } else { sizes };
    ArrayD::from_shape_vec(shape.to_vec(), reals).map_err(|e| ReconError::Request(e.to_string()))
}
