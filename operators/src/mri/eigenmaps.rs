//! The leading eigenvectors of one small Hermitian matrix a pixel, by orthogonal iteration.

use ndarray::{Array2, Array3, ArrayView1, Axis, Zip};
use num_complex::Complex32;

use projection::lower;

pub(super) use projection::Projection;

mod projection;

/// After so many iterations a pixel keeps what it has: its leading eigenvalues are too close to
/// tell apart.
const ITERATIONS: usize = 200;
/// An eigenvector is taken as converged when one iteration turns it by less, in radians.
const TURN: f32 = 1e-4;

/// The `count` leading eigenvectors of `G` at every pixel of a `[y, x]` image, by falling
/// eigenvalue.
///
/// Returns per set the vectors, shape (coil, y, x), and the eigenvalues, shape (y, x). A vector has
/// norm 1 and the phase that makes `uᴴs` real and positive; it is zero where its eigenvalue is
/// below `crop`. Pixels are independent of each other, so that the number of threads changes
/// nothing.
pub(super) fn eigenvectors(
    projection: &Projection,
    [height, width]: [usize; 2],
    count: usize,
    u: &[Complex32],
    crop: f32,
) -> Vec<(Array3<Complex32>, Array2<f32>)> {
    let coils = projection.coils;
    let place = |i: usize, n: usize| (i as f64 - (n / 2) as f64) / n as f64;
    let phases: Vec<_> = (0..width)
        .map(|x| projection.phases(place(x, width)))
        .collect();
    let mut vectors = Array3::zeros((height, width, count * coils));
    let mut values = Array3::zeros((height, width, count));
    Zip::indexed(vectors.outer_iter_mut())
        .and(values.outer_iter_mut())
        .par_for_each(|y, mut vectors, mut values| {
            let line = projection.line(place(y, height));
            let mut pixel = Pixel::new(coils, count);
            for (x, phases) in phases.iter().enumerate() {
                pixel.fill(&line, phases);
                pixel.iterate();
                pixel.finish(u, crop);
                vectors.row_mut(x).assign(&ArrayView1::from(&pixel.v));
                values.row_mut(x).assign(&ArrayView1::from(&pixel.values));
            }
        });
    let sets = vectors
        .axis_chunks_iter(Axis(2), coils)
        .map(|v| v.permuted_axes([2, 0, 1]));
    sets.zip(values.axis_iter(Axis(2)))
        .map(|(v, value)| (v.as_standard_layout().into_owned(), value.to_owned()))
        .collect()
}

/// The matrix of one pixel and its leading eigenvectors, with room for one product.
struct Pixel {
    coils: usize,
    /// `G`, column by column.
    g: Vec<Complex32>,
    /// The lower triangle of `G`, row by row.
    triangle: Vec<Complex32>,
    /// Orthonormal vectors, one after the other.
    v: Vec<Complex32>,
    values: Vec<f32>,
    product: Vec<Complex32>,
}

impl Pixel {
    fn new(coils: usize, count: usize) -> Self {
        let zeros = |n: usize| vec![Complex32::ZERO; n];
        Self {
            coils,
            g: zeros(coils * coils),
            triangle: zeros(coils * (coils + 1) / 2),
            v: zeros(count * coils),
            values: vec![0.0; count],
            product: zeros(coils),
        }
    }

    /// Sums over the lags of x and starts the vectors at the columns of `G` with the largest
    /// diagonal.
    fn fill(&mut self, line: &Array2<Complex32>, phases: &[Complex32]) {
        let n = self.coils;
        self.triangle.fill(Complex32::ZERO);
        for (terms, phase) in line.outer_iter().zip(phases) {
            for (sum, term) in self.triangle.iter_mut().zip(terms) {
                *sum += term * phase;
            }
        }
        for (value, (c, d)) in self.triangle.iter().zip(lower(n)) {
            self.g[d * n + c] = *value;
            self.g[c * n + d] = value.conj();
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| self.g[b * (n + 1)].re.total_cmp(&self.g[a * (n + 1)].re));
        for (v, c) in self.v.chunks_exact_mut(n).zip(order) {
            v.copy_from_slice(&self.g[c * n..(c + 1) * n]);
        }
    }

    /// Orthogonal iteration: `v_j ← G v_j`, less its part along the earlier ones, normalised; `λ_j`
    /// the norm before.
    fn iterate(&mut self) {
        let n = self.coils;
        for _ in 0..ITERATIONS {
            let mut turned: f32 = 0.0;
            for j in 0..self.values.len() {
                let (earlier, rest) = self.v.split_at_mut(j * n);
                let v = &mut rest[..n];
                let w = &mut self.product[..];
                w.fill(Complex32::ZERO);
                for (column, &v) in self.g.chunks_exact(n).zip(v.iter()) {
                    add(w, v, column);
                }
                for e in earlier.chunks_exact(n) {
                    let part = inner(e, w);
                    add(w, -part, e);
                }
                let norm = w.iter().map(|w| w.norm_sqr()).sum::<f32>().sqrt();
                self.values[j] = norm;
                if norm > 0.0 {
                    w.iter_mut().for_each(|w| *w /= norm);
                }
                let overlap = inner(v, w);
                let turn = w
                    .iter()
                    .zip(v.iter())
                    .map(|(w, v)| (w - v * overlap).norm_sqr())
                    .sum();
                turned = turned.max(turn);
                v.copy_from_slice(w);
            }
            if turned <= TURN * TURN {
                break;
            }
        }
    }

    /// Turns each vector so that `uᴴ v` is real and positive; zero where its eigenvalue is too
    /// small.
    fn finish(&mut self, u: &[Complex32], crop: f32) {
        for (v, &value) in self.v.chunks_exact_mut(self.coils).zip(&self.values) {
            let overlap = inner(u, v);
            let factor = match overlap.norm() {
                _ if value < crop => Complex32::ZERO,
                0.0 => Complex32::ONE,
                size => overlap.conj() / size,
            };
            v.iter_mut().for_each(|v| *v *= factor);
        }
    }
}

/// `w += a v`.
fn add(w: &mut [Complex32], a: Complex32, v: &[Complex32]) {
    for (w, v) in w.iter_mut().zip(v) {
        *w += a * v;
    }
}

/// `aᴴ b`.
fn inner(a: &[Complex32], b: &[Complex32]) -> Complex32 {
    a.iter().zip(b).map(|(a, b)| a.conj() * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::{Mat, Side};
    use num_complex::Complex64;
    use std::f64::consts::TAU;

    const COILS: usize = 3;
    const K: usize = 4;

    /// Two orthonormal kernels, of noise.
    fn kernels() -> Mat<Complex64> {
        let noise = Mat::from_fn(COILS * K * K, 2, |row, j| {
            let i = (row * 2 + j) as f64 + 1.0;
            let part = |v: f64| (i * i * v).fract() - 0.5;
            Complex64::new(part(0.618_033_988), part(0.414_213_562))
        });
        noise.qr().compute_thin_Q()
    }

    /// `G` by its definition, at pixel (y, x) of a 7 x 10 image.
    fn direct(y: usize, x: usize) -> Mat<Complex64> {
        let (ry, rx) = ((y as f64 - 3.0) / 7.0, (x as f64 - 5.0) / 10.0);
        let kernels = kernels();
        let v = Mat::from_fn(COILS, 2, |c, j| {
            let terms = (0..K * K).map(|p| {
                let turns = (p / K) as f64 * ry + (p % K) as f64 * rx;
                kernels[(c * K * K + p, j)] * Complex64::cis(TAU * turns)
            });
            terms.sum::<Complex64>() / K as f64
        });
        &v * v.adjoint()
    }

    #[test]
    fn vectors_and_values_are_those_of_the_definition_at_odd_and_unequal_sizes() {
        let projection = Projection::of_kernels(&kernels(), COILS, K);
        let u = [Complex32::ONE, Complex32::ZERO, Complex32::ZERO];
        let sets = eigenvectors(&projection, [7, 10], 2, &u, 0.0);
        for (y, x) in (0..7).flat_map(|y| (0..10).map(move |x| (y, x))) {
            let eigen = direct(y, x).self_adjoint_eigen(Side::Lower).unwrap();
            let value = |j: usize| eigen.S().column_vector()[COILS - 1 - j].re as f32;
            for (j, (vectors, values)) in sets.iter().enumerate() {
                assert!((values[[y, x]] - value(j)).abs() < 1e-5, "{y} {x} {j}");
                let s: Vec<Complex32> = (0..COILS).map(|c| vectors[[c, y, x]]).collect();
                assert!(s[0].re >= 0.0 && s[0].im.abs() < 1e-6);
                if (0..COILS - 1).all(|i| value(i) - value(i + 1) > 0.02) {
                    let e = eigen.U().col(COILS - 1 - j);
                    let overlap = s
                        .iter()
                        .zip(e.iter())
                        .map(|(s, e)| Complex64::new(s.re.into(), s.im.into()) * e.conj());
                    let overlap = overlap.sum::<Complex64>().norm();
                    assert!((overlap - 1.0).abs() < 1e-4, "{y} {x} {j}: {overlap}");
                }
            }
        }
    }

    #[test]
    fn below_the_crop_is_zero_and_above_it_is_unit() {
        let projection = Projection::of_kernels(&kernels(), COILS, K);
        let u = [Complex32::ONE; COILS];
        let all = eigenvectors(&projection, [7, 10], 1, &u, 0.0);
        let crop = all[0].1.iter().sum::<f32>() / 70.0;
        let (vectors, values) = &eigenvectors(&projection, [7, 10], 1, &u, crop)[0];
        for ((y, x), &value) in values.indexed_iter() {
            let norm = (0..COILS)
                .map(|c| vectors[[c, y, x]].norm_sqr())
                .sum::<f32>();
            let expected = if value < crop { 0.0 } else { 1.0 };
            assert!((norm - expected).abs() < 1e-5);
        }
    }
}
