//! Vectors of three numbers, in LPS millimetres or as directions.

/// Three numbers.
pub(super) type Vector = [f64; 3];

pub(super) fn dot(a: Vector, b: Vector) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

pub(super) fn norm(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

pub(super) fn cross(a: Vector, b: Vector) -> Vector {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub(super) fn minus(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// `a + s b`.
pub(super) fn plus(a: Vector, s: f64, b: Vector) -> Vector {
    [a[0] + s * b[0], a[1] + s * b[1], a[2] + s * b[2]]
}

pub(super) fn scaled(s: f64, a: Vector) -> Vector {
    a.map(|x| s * x)
}

pub(super) fn unit(a: Vector) -> Vector {
    scaled(1.0 / norm(a), a)
}

/// An affine of its columns.
pub(super) fn affine(columns: [Vector; 4]) -> [[f64; 4]; 3] {
    std::array::from_fn(|r| columns.map(|c| c[r]))
}

/// A column of an affine.
pub(super) fn column(affine: &[[f64; 4]; 3], c: usize) -> Vector {
    affine.map(|row| row[c])
}
