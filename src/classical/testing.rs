//! A small scan for tests: sparse random rays, not one projector of ours.

use super::LineIntegrals;
use super::line_integrals::bounded;
use operators::array::Real;
use operators::{Array, Axis, Field, Host, LinearOperator, Result, SliceRng, Space, Vector};

/// A dense matrix with no negative coefficient, three quarters of it zero.
pub struct Rays<F> {
    matrix: Vec<F>,
    domain: Space,
    range: Space,
}

fn space(axes: &[(Axis, usize)]) -> Space {
    Space {
        axes: axes.to_vec(),
        field: Field::Real,
    }
}

impl<F: Real> Rays<F>
where
    num_complex::Complex<F>: bytemuck::Pod,
{
    /// `rays` rays through `rows` times `columns` pixels; the last ray misses them all.
    pub fn new(rows: usize, columns: usize, rays: usize, seed: u64) -> Self {
        let domain = space(&[(Axis::Y, rows), (Axis::X, columns)]);
        let mut rng = SliceRng::samples(seed, 0, 1);
        let draws = Host::<f64>::zeros(&[1, rays, rows * columns], Field::Real);
        let draws = draws.normal_like(&mut rng).to_reals();
        let last = (rays - 1) * rows * columns;
        let length = |(i, r): (usize, &f64)| match i < last {
            true => F::of((r - 0.7).max(0.0)),
            false => F::of(0.0),
        };
        Rays {
            matrix: draws.iter().enumerate().map(length).collect(),
            domain,
            range: space(&[(Axis::Y, 1), (Axis::X, rays)]),
        }
    }

    fn pixels(&self) -> usize {
        self.domain.elements()
    }

    fn drawn(&self, items: usize, space: &Space, seed: u64) -> Host<F> {
        let sizes = [vec![items], space.sizes()].concat();
        Host::zeros(&sizes, Field::Real).normal_like(&mut SliceRng::samples(seed, 0, items as u32))
    }

    /// Standard normal data.
    pub fn noise(&self, items: usize, seed: u64) -> Host<F> {
        self.drawn(items, &self.range, seed)
    }

    /// Between 0.5 and 5, every ninth 0.
    pub fn precisions(&self, items: usize, seed: u64) -> Host<F> {
        let mut w = self.drawn(items, &self.range, seed);
        for (i, w) in w.reals_mut().iter_mut().enumerate() {
            let drawn = (w.wide().abs() + 0.5).min(5.0);
            *w = F::of(if i % 9 == 4 { 0.0 } else { drawn });
        }
        w
    }

    /// An image of numbers above 0.
    pub fn image(&self, items: usize, seed: u64) -> Host<F> {
        let x = self.drawn(items, &self.domain, seed);
        x.elementwise(&[], &|x, _| x.abs() + 0.05)
    }
}

impl<F: Real> LinearOperator<Host<F>> for Rays<F>
where
    num_complex::Complex<F>: bytemuck::Pod,
{
    fn name(&self) -> &'static str {
        "rays"
    }
    fn domain(&self) -> &Space {
        &self.domain
    }
    fn range(&self) -> &Space {
        &self.range
    }
    fn forward(&self, x: &Host<F>) -> Result<Host<F>> {
        let mut out = Vec::new();
        for x in x.reals().chunks(self.pixels()) {
            let along = |ray: &[F]| ray.iter().zip(x).map(|(a, x)| *a * *x).sum::<F>();
            out.extend(self.matrix.chunks(self.pixels()).map(along));
        }
        let sizes = [vec![x.batch()], self.range.sizes()].concat();
        Ok(Host::new(&sizes, Field::Real, out))
    }
    fn adjoint(&self, y: &Host<F>) -> Result<Host<F>> {
        let mut out = Vec::new();
        for y in y.reals().chunks(self.range.elements()) {
            let mut x = vec![F::of(0.0); self.pixels()];
            for (ray, y) in self.matrix.chunks(self.pixels()).zip(y) {
                x.iter_mut().zip(ray).for_each(|(x, a)| *x = *x + *a * *y);
            }
            out.extend(x);
        }
        let sizes = [vec![y.batch()], self.domain.sizes()].concat();
        Ok(Host::new(&sizes, Field::Real, out))
    }
}

/// `y = x`.
pub struct Identity(Space);

impl Identity {
    /// Of images.
    pub fn new(rows: usize, columns: usize) -> Self {
        Identity(space(&[(Axis::Y, rows), (Axis::X, columns)]))
    }
}

impl<T: Array> LinearOperator<T> for Identity {
    fn name(&self) -> &'static str {
        "identity"
    }
    fn domain(&self) -> &Space {
        &self.0
    }
    fn range(&self) -> &Space {
        &self.0
    }
    fn forward(&self, x: &T) -> Result<T> {
        Ok(x.clone())
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        Ok(y.clone())
    }
}

/// `argmin ½ Σ w (A x - y)²` of one item by elimination on the normal equations.
pub fn least_squares(rays: &Rays<f64>, data: &LineIntegrals<Host<f64>>) -> Host<f64> {
    let n = rays.pixels();
    let right = rays.adjoint(&data.y().times(data.w())).unwrap();
    let mut h = vec![vec![0.0; n + 1]; n];
    for (ray, w) in rays.matrix.chunks(n).zip(data.w().reals()) {
        for i in 0..n {
            for j in 0..n {
                h[i][j] += w * ray[i] * ray[j];
            }
        }
    }
    (0..n).for_each(|i| h[i][n] = right.reals()[i]);
    for pivot in 0..n {
        let row = h[pivot].clone();
        for other in (0..n).filter(|i| *i != pivot) {
            let factor = h[other][pivot] / row[pivot];
            h[other]
                .iter_mut()
                .zip(&row)
                .for_each(|(h, p)| *h -= factor * p);
        }
    }
    let solution = (0..n).map(|i| h[i][n] / h[i][i]).collect();
    Host::new(&right.sizes(), Field::Real, solution)
}

/// `argmin f(A x - y) + λ TV(x)`, `x ≥` the bound, by the primal-dual method of Chambolle and Pock
/// 2011, both operators dualised: another way to the same minimum.
pub struct PrimalDual<'a> {
    pub a: &'a dyn LinearOperator<Host<f64>>,
    pub y: &'a Host<f64>,
    pub first: Host<f64>,
    /// `shrink(p, s)` is the proximal map of `s f*`: `p / (1 + s)` for `f = ½ ‖·‖²`.
    pub shrink: &'a dyn Fn(&Host<f64>, f64) -> Host<f64>,
    pub lambda: f64,
    pub bound: Option<f64>,
    pub iterations: usize,
}

impl PrimalDual<'_> {
    pub fn solve(self) -> Host<f64> {
        let mut x = self.first;
        let (mut p, mut q) = (self.y.zeros_like(), x.differences().zeros_like());
        let normal = |x: &Host<f64>| {
            let mut sum = self.a.normal(x)?;
            sum.axpy(&[1.0], &x.differences().differences_adjoint());
            Ok(sum)
        };
        let mut rng = SliceRng::samples(1, 0, 1);
        let mut v = x.normal_like(&mut rng);
        let square = operators::solve::power_iteration(normal, &mut v, 200).unwrap()[0];
        let step = 0.99 / square.sqrt();
        for _ in 0..self.iterations {
            let mut slope = self.a.adjoint(&p).unwrap();
            slope.axpy(&[1.0], &q.differences_adjoint());
            let mut next = x.clone();
            next.axpy(&[-step], &slope);
            let next = bounded(next, self.bound);
            let mut ahead = next.scaled(2.0);
            ahead.axpy(&[-1.0], &x);
            p.axpy(&[step], &self.a.forward(&ahead).unwrap().minus(self.y));
            p = (self.shrink)(&p, step);
            q.axpy(&[step], &ahead.differences());
            q = q.shortened(self.lambda);
            x = next;
        }
        x
    }
}

/// Three items reconstructed together are bit by bit those reconstructed alone.
pub fn assert_items_alone<F: Real>(
    rays: &Rays<F>,
    reconstruct: impl Fn(&LineIntegrals<Host<F>>) -> Host<F>,
) where
    num_complex::Complex<F>: bytemuck::Pod,
{
    let (y, w) = (rays.noise(3, 2), rays.precisions(3, 3));
    let together = reconstruct(&LineIntegrals::new(y.clone(), w.clone()).unwrap());
    for i in 0..3 {
        let item = |x: &Host<F>| x.items(i, i + 1);
        let alone = reconstruct(&LineIntegrals::new(item(&y), item(&w)).unwrap());
        assert_eq!(alone.reals(), item(&together).reals());
    }
}
