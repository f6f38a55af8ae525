//! `annulus apply`: the physics of a protocol, held against its own adjoint through npy files.

use crate::cli::{BRAIN, assert_refused, done};
use crate::ct_path::HEAD;
use ndarray::{Array2, Array3, ArrayD};
use num_complex::Complex64;
use operators::{Field, Host, SliceRng, Vector};
use std::path::Path;

/// Standard normal numbers of a shape, complex.
fn random(shape: &[usize], stream: u32) -> ArrayD<Complex64> {
    let flat = Host::<f64>::zeros(&[1, shape.iter().product()], Field::Complex);
    let values = flat.normal_like(&mut SliceRng::new(9, [(stream, 0)]));
    ArrayD::from_shape_vec(shape, values.complex().to_vec()).unwrap()
}

/// `<a, b>`, conjugate in `a`, and `‖a‖ ‖b‖`.
fn inner(a: &ArrayD<Complex64>, b: &ArrayD<Complex64>) -> (Complex64, f64) {
    let sum = a.iter().zip(b).map(|(a, b)| a.conj() * b).sum();
    let norm = |a: &ArrayD<Complex64>| a.iter().map(|z| z.norm_sqr()).sum::<f64>().sqrt();
    (sum, norm(a) * norm(b))
}

/// `<A x, y> = <x, Aᴴ y>` of what was read from the files.
fn assert_adjoint(
    x: &ArrayD<Complex64>,
    y: &ArrayD<Complex64>,
    ax: &ArrayD<Complex64>,
    ahy: &ArrayD<Complex64>,
) {
    assert_eq!((ax.shape(), ahy.shape()), (y.shape(), x.shape()));
    let ((left, size), (right, _)) = (inner(ax, y), inner(x, ahy));
    let gap = (left - right).norm() / size;
    assert!(gap < 1e-12, "{left} and {right}: {gap}");
    // The ruler: it is no product of zeros.
    assert!(left.norm() > 1e-6 * size, "{left} of {size}");
}

#[test]
fn the_projector_of_a_protocol_is_adjoint() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let real = |a: &ArrayD<Complex64>| a.mapv(|z| z.re);
    let complex = |a: ArrayD<f64>| a.mapv(|v| Complex64::new(v, 0.0));
    let [x, y] = [random(&[192, 192], 1), random(&[60, 368], 2)].map(|a| real(&a));
    let apply = |name: &str, input: &ArrayD<f64>, way: &str| -> ArrayD<Complex64> {
        ndarray_npy::write_npy(at.join(name), input).unwrap();
        let line = ["apply", name, "-p", HEAD, way, "-o", "out.npy", "--force"];
        done(at, &line);
        complex(ndarray_npy::read_npy(at.join("out.npy")).unwrap())
    };
    let (ax, aty) = (
        apply("x.npy", &x, "--forward"),
        apply("y.npy", &y, "--adjoint"),
    );
    assert_adjoint(&complex(x), &complex(y), &ax, &aty);
}

#[test]
fn sampling_and_coils_are_adjoint() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let [x, y] = [random(&[64, 64], 3), random(&[4, 64, 64], 4)];
    ndarray_npy::write_npy(at.join("maps.npy"), &random(&[4, 64, 64], 5)).unwrap();
    let apply = |name: &str, input: &ArrayD<Complex64>, way: &str| -> ArrayD<Complex64> {
        ndarray_npy::write_npy(at.join(name), input).unwrap();
        let line = ["apply", name, "-p", BRAIN, way, "-o", "out.npy", "--force"];
        done(at, &[&line[..], &COILS].concat());
        ndarray_npy::read_npy(at.join("out.npy")).unwrap()
    };
    let (ax, ahy) = (
        apply("x.npy", &x, "--forward"),
        apply("y.npy", &y, "--adjoint"),
    );
    assert_adjoint(&x, &y, &ax, &ahy);
    let empty = ax.iter().filter(|z| **z == Complex64::ZERO).count();
    assert!(empty > ax.len() / 3, "every line is sampled");
}

/// Random maps of four coils, every second line of 64.
const COILS: [&str; 8] = [
    "--sensitivities",
    "maps.npy",
    "--set",
    "acquisition.cartesian.matrix=[64, 64]",
    "--set",
    "acquisition.cartesian.acceleration=2",
    "--set",
    "acquisition.cartesian.calibration_lines=16",
];

#[test]
fn arrays_of_another_shape_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let write = |name: &str, array: &ArrayD<Complex64>| {
        ndarray_npy::write_npy(at.join(name), array).unwrap();
    };
    write("maps.npy", &random(&[4, 64, 64], 1));
    write("row.npy", &random(&[7], 1).mapv(|z| Complex64::from(z.re)));
    write(
        "small.npy",
        &random(&[5, 6], 1).mapv(|z| Complex64::from(z.re)),
    );
    write("complex.npy", &random(&[192, 192], 1));
    let mut nan = Array2::<f64>::zeros((192, 192));
    nan[(3, 4)] = f64::NAN;
    ndarray_npy::write_npy(at.join("nan.npy"), &nan).unwrap();
    ndarray_npy::write_npy(at.join("ones.npy"), &Array3::<f32>::ones((4, 32, 64))).unwrap();
    for (file, way, words) in [
        ("row.npy", "--forward", &["[7]", "(row, column)"][..]),
        (
            "small.npy",
            "--forward",
            &["192 x 192", "5 x 6", "image.matrix"],
        ),
        ("small.npy", "--adjoint", &["60 x 368", "5 x 6", "sinogram"]),
        ("complex.npy", "--forward", &["complex.npy", "real numbers"]),
        ("nan.npy", "--forward", &["nan.npy", "NaN", "at [3, 4];"]),
        ("missing.npy", "--forward", &["missing.npy", "no such file"]),
    ] {
        let line = ["apply", file, "-p", HEAD, way, "-o", "out/a.npy"];
        assert_refused(at, &line, words);
    }
    for (file, way, words) in [
        (
            "small.npy",
            "--adjoint",
            &["(coil, row, column)", "[5, 6]"][..],
        ),
        (
            "small.npy",
            "--forward",
            &["--sensitivities", "(coil, 5, 6)", "[4, 64, 64]"],
        ),
        (
            "ones.npy",
            "--adjoint",
            &["--sensitivities", "(coil, 32, 64)"],
        ),
    ] {
        let line = ["apply", file, "-p", BRAIN, way, "-o", "out/a.npy"];
        assert_refused(at, &[&line[..], &COILS].concat(), words);
    }
    assert!(!Path::new(&at.join("out")).exists());
}
