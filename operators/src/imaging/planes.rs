//! Planes by way of the host: real and complex parts, padding, products with an array of the same
//! batch.

use crate::{Array, Field};
use num_complex::Complex;

/// The sizes of `x` with other last two axes.
fn resized<T: Array>(x: &T, rows: usize, columns: usize) -> Vec<usize> {
    let mut sizes = x.sizes();
    let rank = sizes.len();
    (sizes[rank - 2], sizes[rank - 1]) = (rows, columns);
    sizes
}

/// A complex array, from a real one without imaginary part.
pub(super) fn complexified<T: Array>(x: &T) -> T {
    if x.field() == Field::Complex {
        return x.clone();
    }
    let pairs: Vec<f64> = x.to_reals().iter().flat_map(|re| [*re, 0.0]).collect();
    T::from_reals(&x.device(), &x.sizes(), Field::Complex, &pairs)
}

/// An array of the field, which is complex or the real part: the adjoint of [`complexified`].
pub(super) fn in_field<T: Array>(z: T, field: Field) -> T {
    if field == Field::Complex {
        return z;
    }
    let re: Vec<f64> = z.to_reals().chunks(2).map(|pair| pair[0]).collect();
    T::from_reals(&z.device(), &z.sizes(), Field::Real, &re)
}

/// The elements of a complex array.
pub(super) fn elements<T: Array>(z: &T) -> Vec<Complex<f64>> {
    let pairs = z.to_reals();
    pairs.chunks(2).map(|p| Complex::new(p[0], p[1])).collect()
}

/// A complex array of the sizes of `like`.
pub(super) fn from_elements<T: Array>(like: &T, elements: &[Complex<f64>]) -> T {
    let reals: Vec<f64> = elements.iter().flat_map(|z| [z.re, z.im]).collect();
    T::from_reals(&like.device(), &like.sizes(), Field::Complex, &reals)
}

/// `conj(a) b` or `a b`, complex arrays; `a` may have batch 1.
pub(super) fn product<T: Array>(a: &[Complex<f64>], b: &T, conjugated: bool) -> T {
    let both = elements(b).into_iter().zip(a.iter().cycle());
    let products: Vec<_> = both
        .map(|(b, a)| if conjugated { a.conj() * b } else { a * b })
        .collect();
    from_elements(b, &products)
}

/// Where pixel `i` of `n` lies among `size`, centre `⌊n/2⌋` on centre `⌊size/2⌋`, around a period.
fn place(i: usize, n: usize, size: usize) -> usize {
    (i as isize - (n / 2) as isize + (size / 2) as isize).rem_euclid(size as isize) as usize
}

/// Calls `f(index among rows × columns, index among the larger plane)` of every pixel.
fn each_pixel(small: [usize; 2], large: [usize; 2], mut f: impl FnMut(usize, usize)) {
    for y in 0..small[0] {
        let row = place(y, small[0], large[0]) * large[1];
        for x in 0..small[1] {
            f(y * small[1] + x, row + place(x, small[1], large[1]));
        }
    }
}

/// The planes of `x` among zeros, centre on centre; what does not fit wraps around and adds.
pub(super) fn embedded<T: Array>(x: &T, rows: usize, columns: usize) -> T {
    let (sizes, per) = (x.sizes(), x.field().reals());
    let small = [sizes[sizes.len() - 2], sizes[sizes.len() - 1]];
    let from = x.to_reals();
    let planes = from.len() / (small[0] * small[1] * per);
    let mut to = vec![0.0; planes * rows * columns * per];
    let both = from.chunks(small[0] * small[1] * per);
    for (from, to) in both.zip(to.chunks_mut(rows * columns * per)) {
        each_pixel(small, [rows, columns], |i, j| {
            (0..per).for_each(|p| to[j * per + p] += from[i * per + p]);
        });
    }
    T::from_reals(&x.device(), &resized(x, rows, columns), x.field(), &to)
}

/// The adjoint of [`embedded`]: the middle of each plane.
pub(super) fn cropped<T: Array>(x: &T, rows: usize, columns: usize) -> T {
    let (sizes, per) = (x.sizes(), x.field().reals());
    let large = [sizes[sizes.len() - 2], sizes[sizes.len() - 1]];
    let from = x.to_reals();
    let planes = from.len() / (large[0] * large[1] * per);
    let mut to = vec![0.0; planes * rows * columns * per];
    let both = from.chunks(large[0] * large[1] * per);
    for (from, to) in both.zip(to.chunks_mut(rows * columns * per)) {
        each_pixel([rows, columns], large, |i, j| {
            (0..per).for_each(|p| to[i * per + p] = from[j * per + p]);
        });
    }
    T::from_reals(&x.device(), &resized(x, rows, columns), x.field(), &to)
}
