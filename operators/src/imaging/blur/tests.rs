//! Laws of blur.

use super::*;
use crate::check::relative_error;
use crate::testing::{Backend, assert_adjoint, assert_close, assert_spectral, for_each_backend};
use crate::{Axis, SliceRng, Vector};

fn space(rows: usize, columns: usize, field: Field) -> Space {
    let axes = [(Axis::Y, rows), (Axis::X, columns)];
    match field {
        Field::Real => Space::real(&axes),
        Field::Complex => Space::complex(&axes),
    }
}

const FIELDS: [Field; 2] = [Field::Real, Field::Complex];

/// A kernel of any size without symmetry, `|K| ≥ 0.2`.
fn skewed(rows: usize, columns: usize) -> Kernel {
    let mut weights: Vec<f64> = (0..rows * columns)
        .map(|i| ((i * 7919) % 13) as f64 + 1.0)
        .collect();
    let rest: f64 = weights.iter().sum();
    weights[rows / 2 * columns + columns / 2] += 1.5 * rest;
    Kernel::new(rows, columns, weights).unwrap()
}

fn is_adjoint<T: Array>(b: Backend<T>) {
    for (rows, columns) in [(13, 8), (7, 9), (16, 10), (1, 5)] {
        for field in FIELDS {
            let space = || space(rows, columns, field);
            assert_adjoint(&b, &Blur::gaussian(&b.device, space(), 1.3).unwrap());
            assert_adjoint(&b, &Blur::motion(&b.device, space(), 4.0, 0.7).unwrap());
            for kernel in [skewed(3, 5), skewed(4, 2), skewed(21, 22)] {
                assert_adjoint(&b, &Blur::new(&b.device, space(), &kernel).unwrap());
            }
        }
    }
}
for_each_backend!(adjoint, is_adjoint);

/// The sum of the definition, over a kernel of odd or even size, also one that wraps around.
fn equals_the_definition<T: Array>(b: Backend<T>) {
    for (rows, columns) in [(7, 6), (4, 9)] {
        for (height, width) in [(3, 3), (4, 2), (1, 5), (9, 8)] {
            let kernel = skewed(height, width);
            for field in FIELDS {
                let per = field.reals();
                let x = b.random(&[1, rows, columns], field, 1);
                let reals = x.to_reals();
                let mut sum = vec![0.0; reals.len()];
                let wrap = |i: usize, m: usize, n: usize, size: usize| {
                    (i as isize - (m as isize - (size / 2) as isize)).rem_euclid(n as isize)
                        as usize
                };
                for (i, out) in sum.iter_mut().enumerate() {
                    let (part, column, row) = (i % per, i / per % columns, i / per / columns);
                    for (m, w) in kernel.weights().iter().enumerate() {
                        let y = wrap(row, m / width, rows, height);
                        let x = wrap(column, m % width, columns, width);
                        *out += w * reals[(y * columns + x) * per + part];
                    }
                }
                let expected = T::from_reals(&b.device, &x.sizes(), field, &sum);
                let blur = Blur::new(&b.device, space(rows, columns, field), &kernel).unwrap();
                assert_close(&blur.forward(&x).unwrap(), &expected, 10.0 * b.tolerance);
            }
        }
    }
}
for_each_backend!(definition, equals_the_definition);

fn is_spectral<T: Array>(b: Backend<T>) {
    for (rows, columns) in [(13, 8), (7, 9)] {
        for field in FIELDS {
            for kernel in [Kernel::gaussian(0.6).unwrap(), skewed(3, 4)] {
                let space = space(rows, columns, field);
                let blur = Blur::new(&b.device, space, &kernel).unwrap();
                assert_spectral(&b, &blur, 40.0);
            }
        }
    }
}
for_each_backend!(spectral, is_spectral);

/// A cutoff changes what is inverted, not what is measured: `A†A` is the projection onto the
/// frequencies that are left.
#[test]
fn a_cutoff_loses_frequencies_and_only_those() {
    let b = Backend::host_f64();
    for field in FIELDS {
        let blur = || Blur::gaussian(&b.device, space(13, 8, field), 1.3).unwrap();
        let cut = blur().with_cutoff(0.1).unwrap();
        let x = b.random(&[2, 13, 8], field, 1);
        assert_eq!(cut.forward(&x).unwrap(), blur().forward(&x).unwrap());
        let s = cut.singular_values(&x);
        let lost = s.reals().iter().filter(|s| **s == 0.0).count();
        assert!(lost > 10 && lost < 95, "{lost}");
        assert!(s.reals().iter().all(|s| *s == 0.0 || *s > 0.1));
        let c = cut.data(&cut.forward(&x).unwrap()).unwrap();
        let measured = s.elementwise(&[], &|s, _| f64::from(s > 0.0));
        assert_close(&c, &cut.analyse(&x).unwrap().weighted(&measured), 1e-11);
        assert!(blur().with_cutoff(1.0).is_err());
    }
}

/// Blur keeps the mean, and a motion and a shaken camera too.
#[test]
fn a_constant_stays_what_it_is() {
    let b = Backend::host_f64();
    let one = b
        .random(&[1, 13, 8], Field::Real, 1)
        .elementwise(&[], &|_, _| 1.0);
    let shaken = Kernel::random_motion(9, 0.3, &mut SliceRng::samples(1, 0, 1)).unwrap();
    for kernel in [
        Kernel::gaussian(3.0).unwrap(),
        Kernel::motion(5.0, 0.3).unwrap(),
        shaken,
    ] {
        let blur = Blur::new(&(), space(13, 8, Field::Real), &kernel).unwrap();
        assert_close(&blur.forward(&one).unwrap(), &one, 1e-12);
    }
}

/// The transfer function makes the same operator as its kernel; for real images it must be that of
/// a real kernel.
#[test]
fn a_transfer_function_is_a_kernel() {
    let b = Backend::host_f64();
    let (rows, columns) = (7, 6);
    let k = skewed(3, 4);
    let transform = complexified(&embedded(&k.image::<Host<f64>>(&()), rows, columns))
        .fft2(Direction::Forward)
        .scaled(42_f64.sqrt());
    for field in FIELDS {
        let x = b.random(&[2, rows, columns], field, 1);
        let by_kernel = Blur::new(&(), space(rows, columns, field), &k).unwrap();
        let blur = Blur::from_transfer(&transform, space(rows, columns, field)).unwrap();
        let error = relative_error(&blur.forward(&x).unwrap(), &by_kernel.forward(&x).unwrap());
        assert!(error < 1e-13, "{error}");
    }
    let any = b.random(&[1, rows, columns], Field::Complex, 2);
    let blur = Blur::from_transfer(&any, space(rows, columns, Field::Complex)).unwrap();
    assert_adjoint(&b, &blur);
    let refused = Blur::from_transfer(&any, space(rows, columns, Field::Real));
    let error = refused.err().unwrap().to_string();
    assert!(error.contains("conj K(-k)"), "{error}");
}
