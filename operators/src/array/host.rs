//! [`Host`]: arrays in the memory of the host, in pure Rust. f32 is the production CPU path, f64
//! the reference.

use super::{host_differences, host_elementwise, host_fft};
use crate::ct::{Pass, Rays};
use crate::{Array, Direction, Error, Field, Result, SliceRng, Vector};
use num_complex::Complex;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

/// The two precisions of [`Host`].
pub trait Real:
    rustfft::FftNum
    + num_complex::ComplexFloat<Real = Self>
    + bytemuck::Pod
    + std::iter::Sum
    + PartialOrd
{
    /// Rounds an f64.
    fn of(value: f64) -> Self;
    /// Widens to f64.
    fn wide(self) -> f64;
    /// `[1 - f, f]` where f is the low 48 bits of `bits` as a fraction.
    fn shares(bits: u64) -> [Self; 2];
}

impl Real for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn shares(bits: u64) -> [Self; 2] {
        // 1 + f, from the upper 23 bits of the fraction: faster than a conversion.
        let above = f32::from_bits((bits >> 25) as u32 & 0x7f_ffff | 0x3f80_0000);
        [2.0 - above, above - 1.0]
    }
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }
    fn wide(self) -> f64 {
        self
    }
    #[inline(always)]
    fn shares(bits: u64) -> [Self; 2] {
        let above = f64::from_bits((bits & 0xffff_ffff_ffff) << 4 | 0x3ff0_0000_0000_0000);
        [2.0 - above, above - 1.0]
    }
}

/// A batch of arrays on the host: interleaved reals in C order, batch first.
#[derive(Clone, Debug, PartialEq)]
pub struct Host<F> {
    sizes: Vec<usize>,
    field: Field,
    reals: Vec<F>,
}

/// Reals a task handles: fixed, so that sums never depend on the number of threads.
pub(super) const BLOCK: usize = 1 << 14;

impl<F: Real> Host<F> {
    /// Zeros; `sizes` has the batch first.
    pub fn zeros(sizes: &[usize], field: Field) -> Self {
        let n = sizes.iter().product::<usize>() * field.reals();
        Host {
            sizes: sizes.to_vec(),
            field,
            reals: vec![F::of(0.0); n],
        }
    }

    /// Takes interleaved reals in C order.
    ///
    /// Panics if their number is not what `sizes` and `field` say.
    pub fn new(sizes: &[usize], field: Field, reals: Vec<F>) -> Self {
        assert_eq!(
            reals.len(),
            sizes.iter().product::<usize>() * field.reals(),
            "reals for {field:?}{sizes:?}"
        );
        Host {
            sizes: sizes.to_vec(),
            field,
            reals,
        }
    }

    /// Takes complex elements in C order.
    pub fn from_complex(sizes: &[usize], elements: &[Complex<F>]) -> Self
    where
        Complex<F>: bytemuck::Pod,
    {
        let reals = bytemuck::cast_slice(elements).to_vec();
        Host::new(sizes, Field::Complex, reals)
    }

    /// The interleaved reals.
    pub fn reals(&self) -> &[F] {
        &self.reals
    }

    /// The interleaved reals, to write.
    pub fn reals_mut(&mut self) -> &mut [F] {
        &mut self.reals
    }

    /// The elements of a complex array.
    ///
    /// Panics on a real one.
    pub fn complex(&self) -> &[Complex<F>]
    where
        Complex<F>: bytemuck::Pod,
    {
        assert_eq!(self.field, Field::Complex, "elements of a complex array");
        bytemuck::cast_slice(&self.reals)
    }

    fn item_reals(&self) -> usize {
        self.sizes[1..].iter().product::<usize>() * self.field.reals()
    }

    fn factor(a: &[f64], item: usize) -> F {
        F::of(if a.len() == 1 { a[0] } else { a[item] })
    }
}

impl<F: Real> Vector for Host<F>
where
    Complex<F>: bytemuck::Pod,
{
    fn batch(&self) -> usize {
        self.sizes[0]
    }

    fn reals(&self) -> usize {
        self.item_reals()
    }

    fn zeros_like(&self) -> Self {
        Host::zeros(&self.sizes, self.field)
    }

    fn scale(&mut self, a: &[f64]) {
        let n = self.item_reals();
        for (item, x) in self.reals.chunks_mut(n.max(1)).enumerate() {
            let a = Self::factor(a, item);
            x.par_chunks_mut(BLOCK)
                .for_each(|x| x.iter_mut().for_each(|x| *x = *x * a));
        }
    }

    fn axpy(&mut self, a: &[f64], x: &Self) {
        assert_eq!(self.sizes, x.sizes, "axpy: the same shape");
        let n = self.item_reals().max(1);
        for (item, (y, x)) in self.reals.chunks_mut(n).zip(x.reals.chunks(n)).enumerate() {
            let a = Self::factor(a, item);
            y.par_chunks_mut(BLOCK)
                .zip(x.par_chunks(BLOCK))
                .for_each(|(y, x)| {
                    y.iter_mut().zip(x).for_each(|(y, &x)| *y = *y + a * x);
                });
        }
    }

    fn dot(&self, other: &Self) -> Vec<f64> {
        assert_eq!(self.sizes, other.sizes, "dot: the same shape");
        let n = self.item_reals().max(1);
        let block = |(x, y): (&[F], &[F])| {
            x.iter()
                .zip(y)
                .map(|(x, y)| x.wide() * y.wide())
                .sum::<f64>()
        };
        let item = |(x, y): (&[F], &[F])| {
            let sums: Vec<f64> = x
                .par_chunks(BLOCK)
                .zip(y.par_chunks(BLOCK))
                .map(block)
                .collect();
            sums.iter().sum()
        };
        self.reals
            .chunks(n)
            .zip(other.reals.chunks(n))
            .map(item)
            .collect()
    }

    fn normal_like(&self, rng: &mut SliceRng) -> Self {
        let n = self.item_reals().max(1);
        let mut out = self.zeros_like();
        assert_eq!(
            rng.items().len(),
            self.batch(),
            "one random stream per item"
        );
        out.reals
            .par_chunks_mut(n)
            .zip(rng.items().par_iter_mut())
            .for_each(|(x, rng)| {
                x.iter_mut()
                    .for_each(|x| *x = F::of(StandardNormal.sample(rng)));
            });
        out
    }
}

impl<F: Real> Array for Host<F>
where
    Complex<F>: bytemuck::Pod,
{
    type Device = ();

    fn device(&self) {}

    fn sizes(&self) -> Vec<usize> {
        self.sizes.clone()
    }

    fn field(&self) -> Field {
        self.field
    }

    fn from_reals(_: &(), sizes: &[usize], field: Field, reals: &[f64]) -> Self {
        Host::new(sizes, field, reals.iter().map(|&x| F::of(x)).collect())
    }

    fn to_reals(&self) -> Vec<f64> {
        self.reals.iter().map(|x| x.wide()).collect()
    }

    fn items(&self, from: usize, to: usize) -> Self {
        let n = self.item_reals();
        let mut sizes = self.sizes.clone();
        sizes[0] = to - from;
        Host::new(&sizes, self.field, self.reals[from * n..to * n].to_vec())
    }

    fn concatenate(parts: &[Self]) -> Result<Self> {
        let first = parts.first().ok_or(Error::Parameter {
            what: "concatenate",
            expected: "at least one array",
            got: "none".into(),
        })?;
        let mut sizes = first.sizes.clone();
        sizes[0] = parts.iter().map(Vector::batch).sum();
        let reals = parts.iter().flat_map(|p| p.reals.iter().copied()).collect();
        Ok(Host::new(&sizes, first.field, reals))
    }

    fn repeat(&self, count: usize) -> Self {
        let mut sizes = self.sizes.clone();
        sizes[0] *= count;
        Host::new(&sizes, self.field, self.reals.repeat(count))
    }

    fn mixed(&self, rows: &[Vec<f64>]) -> Self {
        let mut sizes = self.sizes.clone();
        sizes[0] = rows.len();
        let reals = host_elementwise::mix(&self.reals, self.item_reals(), rows);
        Host::new(&sizes, self.field, reals)
    }

    fn fft2(&self, direction: Direction) -> Self {
        let rank = self.sizes.len();
        let (rows, columns) = (self.sizes[rank - 2], self.sizes[rank - 1]);
        let mut out = self.clone();
        if self.field == Field::Real {
            let complex = |x: &F| Complex::new(*x, F::of(0.0));
            let mut planes: Vec<Complex<F>> = self.reals.iter().map(complex).collect();
            host_fft::fft2(&mut planes, rows, columns, Direction::Forward);
            out.reals
                .iter_mut()
                .zip(&planes)
                .for_each(|(x, z)| *x = z.re - z.im);
            return out;
        }
        let planes: &mut [Complex<F>] = bytemuck::cast_slice_mut(&mut out.reals);
        host_fft::fft2(planes, rows, columns, direction);
        out
    }

    fn spread(&self, w: &Self) -> Self {
        let (x, w_all) = (self.complex(), w.complex());
        let n = x.len() / self.batch();
        let coils = w_all.len() / n;
        let mut sizes = self.sizes.clone();
        sizes.insert(1, coils);
        let mut out = Host::zeros(&sizes, Field::Complex);
        bytemuck::cast_slice_mut::<F, Complex<F>>(&mut out.reals)
            .par_chunks_mut(n)
            .enumerate()
            .for_each(|(i, y)| {
                let (item, coil) = (i / coils, i % coils);
                let (x, w) = (&x[item * n..][..n], &w_all[coil * n..][..n]);
                y.iter_mut()
                    .zip(x)
                    .zip(w)
                    .for_each(|((y, x), w)| *y = w * x);
            });
        out
    }

    fn gather(&self, w: &Self) -> Self {
        let (y_all, w_all) = (self.complex(), w.complex());
        let coils = self.sizes[1];
        let n = w_all.len() / coils;
        let mut sizes = self.sizes.clone();
        sizes.remove(1);
        let block = BLOCK.min(n.max(1));
        let mut out = Host::zeros(&sizes, Field::Complex);
        bytemuck::cast_slice_mut::<F, Complex<F>>(&mut out.reals)
            .chunks_mut(n)
            .enumerate()
            .for_each(|(item, x)| {
                x.par_chunks_mut(block).enumerate().for_each(|(b, x)| {
                    for coil in 0..coils {
                        let y = &y_all[(item * coils + coil) * n + b * block..][..x.len()];
                        let w = &w_all[coil * n + b * block..][..x.len()];
                        x.iter_mut()
                            .zip(y)
                            .zip(w)
                            .for_each(|((x, y), w)| *x = *x + w.conj() * y);
                    }
                });
            });
        out
    }

    fn weighted(&self, w: &Self) -> Self {
        assert_eq!(w.field, Field::Real, "weights are real");
        let per = self.field.reals();
        let mut out = self.clone();
        host_elementwise::weigh(&mut out.reals, &w.reals, per);
        out
    }

    fn elementwise(&self, others: &[&Self], f: &(dyn Fn(f64, &[f64]) -> f64 + Sync)) -> Self {
        let mut out = self.clone();
        let others: Vec<&[F]> = others.iter().map(|o| &o.reals[..]).collect();
        host_elementwise::apply(&mut out.reals, &others, f);
        out
    }

    fn times(&self, other: &Self) -> Self {
        assert_eq!(self.sizes, other.sizes, "times: the same shape");
        let mut out = self.clone();
        host_elementwise::multiply(&mut out.reals, &other.reals);
        out
    }

    fn project(&self, rays: &Rays) -> Result<Self> {
        let sizes = Pass::Project.sizes(rays, self.batch());
        let reals = Pass::Project.run(rays, &self.reals);
        Ok(Host::new(&sizes, Field::Real, reals))
    }

    fn back_project(&self, rays: &Rays) -> Result<Self> {
        let sizes = Pass::BackProject.sizes(rays, self.batch());
        let reals = Pass::BackProject.run(rays, &self.reals);
        Ok(Host::new(&sizes, Field::Real, reals))
    }

    fn differences(&self) -> Self {
        let plane = host_differences::Plane::last(&self.sizes, self.field);
        let mut sizes = self.sizes.clone();
        sizes.insert(self.sizes.len() - 2, 2);
        Host::new(&sizes, self.field, plane.differences(&self.reals))
    }

    fn differences_adjoint(&self) -> Self {
        let plane = host_differences::Plane::last(&self.sizes, self.field);
        let mut sizes = self.sizes.clone();
        sizes.remove(self.sizes.len() - 3);
        Host::new(&sizes, self.field, plane.adjoint(&self.reals))
    }

    fn shortened(&self, radius: f64) -> Self {
        let plane = host_differences::Plane::last(&self.sizes, self.field);
        let mut out = self.clone();
        plane.shorten(&mut out.reals, radius);
        out
    }

    fn at_least(&self, bound: f64) -> Self {
        let bound = F::of(bound);
        let mut out = self.clone();
        out.reals.par_chunks_mut(BLOCK).for_each(|x| {
            x.iter_mut()
                .for_each(|x| *x = if *x < bound { bound } else { *x });
        });
        out
    }
}
