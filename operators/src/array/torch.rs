//! [`Torch`]: arrays of libtorch, on the CPU or a CUDA device. The only file below `score/` that
//! names `tch`.

use super::{Array, Direction, Host, Vector};
use crate::ct::{Pass, Rays};
use crate::{Error, Field, Result, SliceRng};
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Kind, Tensor};

/// A batch of arrays in a libtorch tensor, batch first; complex elements are native.
#[derive(Debug)]
pub struct Torch(pub Tensor);

impl Clone for Torch {
    fn clone(&self) -> Self {
        Torch(self.0.copy())
    }
}

impl Torch {
    /// One factor an item, shaped for broadcasting, in this array's real kind.
    fn factors(&self, a: &[f64]) -> Tensor {
        let mut shape = vec![1; self.0.dim()];
        shape[0] = a.len() as i64;
        let kind = self.0.kind().to_real();
        Tensor::from_slice(a)
            .to_kind(kind)
            .to_device(self.0.device())
            .view(&shape[..])
    }

    /// Whether arrays on a device travel to the host and back for [`Array::project`] and
    /// [`Array::back_project`]: right, but slow.
    pub fn projects_on_host(device: Device) -> bool {
        device != Device::Cpu
    }

    fn pass(&self, rays: &Rays, pass: Pass) -> Result<Self> {
        let torch = |e: tch::TchError| Error::Torch(e.to_string());
        let on_host = self
            .0
            .f_to_device(Device::Cpu)
            .and_then(|t| t.f_contiguous());
        let on_host = on_host.map_err(torch)?;
        let out = match on_host.kind() {
            Kind::Float => Tensor::f_from_slice(&pass.run::<f32>(rays, elements(&on_host))),
            Kind::Double => Tensor::f_from_slice(&pass.run::<f64>(rays, elements(&on_host))),
            other => return Err(Error::Torch(format!("no rays through {other:?}"))),
        };
        let sizes = pass.sizes(rays, self.batch()).map(|n| n as i64);
        out.and_then(|t| t.f_view(sizes))
            .and_then(|t| t.f_to_device(self.0.device()))
            .map(Torch)
            .map_err(torch)
    }

    fn realised(&self) -> Tensor {
        if self.field() == Field::Complex {
            self.0.view_as_real()
        } else {
            self.0.shallow_clone()
        }
    }
}

/// The memory of a contiguous tensor on the host.
#[allow(unsafe_code)]
fn elements<F: tch::kind::Element>(t: &Tensor) -> &[F] {
    assert!(t.device() == Device::Cpu && t.is_contiguous() && t.kind() == F::KIND);
    let pointer = t.data_ptr().cast::<F>();
    if pointer.is_null() {
        return &[];
    }
    // SAFETY: the assertion: `numel` elements of kind `F` lie there one after the other, aligned by
    // libtorch's allocator, for as long as the tensor lives; the borrow keeps it, and nothing in
    // this file writes into the memory of a tensor that it has lent.
    unsafe { std::slice::from_raw_parts(pointer, t.numel()) }
}

/// The real kind of a complex one.
trait RealKind {
    fn to_real(self) -> Kind;
}

impl RealKind for Kind {
    fn to_real(self) -> Kind {
        match self {
            Kind::ComplexFloat => Kind::Float,
            Kind::ComplexDouble => Kind::Double,
            other => other,
        }
    }
}

impl Vector for Torch {
    fn batch(&self) -> usize {
        self.0.size()[0] as usize
    }

    fn reals(&self) -> usize {
        self.0.size()[1..].iter().product::<i64>() as usize * self.field().reals()
    }

    fn zeros_like(&self) -> Self {
        Torch(self.0.zeros_like())
    }

    fn scale(&mut self, a: &[f64]) {
        let a = self.factors(a);
        self.0 = &self.0 * a;
    }

    fn axpy(&mut self, a: &[f64], x: &Self) {
        let a = self.factors(a);
        self.0 = &self.0 + a * &x.0;
    }

    fn dot(&self, other: &Self) -> Vec<f64> {
        let flat = |t: Tensor| t.reshape([self.0.size()[0], -1]).to_kind(Kind::Double);
        let products = flat(self.realised()) * flat(other.realised());
        let sums = products.sum_dim_intlist(&[1i64][..], false, Kind::Double);
        (0..self.batch())
            .map(|i| sums.double_value(&[i as i64]))
            .collect()
    }

    fn normal_like(&self, rng: &mut SliceRng) -> Self {
        let n = Vector::reals(self);
        let mut reals = Vec::with_capacity(n * self.batch());
        for rng in rng.items() {
            reals.extend((0..n).map(|_| -> f64 { StandardNormal.sample(rng) }));
        }
        Self::from_reals(&self.device(), &self.sizes(), self.field(), &reals)
    }
}

impl Array for Torch {
    /// Device and real kind (`Float` or `Double`).
    type Device = (Device, Kind);

    fn device(&self) -> (Device, Kind) {
        (self.0.device(), self.0.kind().to_real())
    }

    fn sizes(&self) -> Vec<usize> {
        self.0.size().iter().map(|&n| n as usize).collect()
    }

    fn field(&self) -> Field {
        match self.0.kind() {
            Kind::ComplexFloat | Kind::ComplexDouble => Field::Complex,
            _ => Field::Real,
        }
    }

    fn from_reals(device: &Self::Device, sizes: &[usize], field: Field, reals: &[f64]) -> Self {
        let mut shape: Vec<i64> = sizes.iter().map(|&n| n as i64).collect();
        if field == Field::Complex {
            shape.push(2);
        }
        let t = Tensor::from_slice(reals)
            .to_kind(device.1)
            .to_device(device.0)
            .view(&shape[..]);
        Torch(if field == Field::Complex {
            t.view_as_complex().contiguous()
        } else {
            t
        })
    }

    fn to_reals(&self) -> Vec<f64> {
        let flat = self
            .realised()
            .contiguous()
            .to_kind(Kind::Double)
            .to_device(Device::Cpu);
        let mut out = vec![0.0; flat.numel()];
        flat.copy_data(&mut out, flat.numel());
        out
    }

    fn items(&self, from: usize, to: usize) -> Self {
        Torch(self.0.narrow(0, from as i64, (to - from) as i64).copy())
    }

    fn concatenate(parts: &[Self]) -> Result<Self> {
        let tensors: Vec<&Tensor> = parts.iter().map(|p| &p.0).collect();
        Tensor::f_cat(&tensors, 0)
            .map(Torch)
            .map_err(|e| Error::Torch(e.to_string()))
    }

    fn repeat(&self, count: usize) -> Self {
        let mut times = vec![1; self.0.dim()];
        times[0] = count as i64;
        Torch(self.0.repeat(&times[..]))
    }

    fn mixed(&self, rows: &[Vec<f64>]) -> Self {
        let mut sizes = self.0.size();
        let flat = self.0.reshape([sizes[0], -1]);
        let matrix = Tensor::from_slice(&rows.concat()).view([-1, sizes[0]]);
        let matrix = matrix.to_kind(flat.kind()).to_device(flat.device());
        sizes[0] = rows.len() as i64;
        Torch(matrix.matmul(&flat).reshape(&sizes[..]))
    }

    fn fft2(&self, direction: Direction) -> Self {
        let axes = [-2i64, -1];
        let shifted = self.0.fft_ifftshift(&axes[..]);
        if self.field() == Field::Real {
            let k = shifted.fft_fft2(None::<&[i64]>, &axes[..], "ortho");
            return Torch((k.real() - k.imag()).fft_fftshift(&axes[..]));
        }
        let transformed = match direction {
            Direction::Forward => shifted.fft_fft2(None::<&[i64]>, &axes[..], "ortho"),
            Direction::Inverse => shifted.fft_ifft2(None::<&[i64]>, &axes[..], "ortho"),
        };
        Torch(transformed.fft_fftshift(&axes[..]))
    }

    fn spread(&self, w: &Self) -> Self {
        Torch(self.0.unsqueeze(1) * &w.0)
    }

    fn gather(&self, w: &Self) -> Self {
        let product = w.0.conj().resolve_conj() * &self.0;
        Torch(product.sum_dim_intlist(&[1i64][..], false, product.kind()))
    }

    fn weighted(&self, w: &Self) -> Self {
        Torch(&self.0 * &w.0.squeeze_dim(0))
    }

    fn elementwise(&self, others: &[&Self], f: &(dyn Fn(f64, &[f64]) -> f64 + Sync)) -> Self {
        let host = |t: &Self| Host::<f64>::new(&t.sizes(), Field::Real, t.to_reals());
        let others: Vec<_> = others.iter().map(|t| host(t)).collect();
        let out = host(self).elementwise(&others.iter().collect::<Vec<_>>(), f);
        Self::from_reals(&self.device(), &self.sizes(), Field::Real, out.reals())
    }

    fn times(&self, other: &Self) -> Self {
        Torch(&self.0 * &other.0)
    }

    /// On CUDA by way of the host: see [`Torch::projects_on_host`].
    fn project(&self, rays: &Rays) -> Result<Self> {
        self.pass(rays, Pass::Project)
    }

    /// On CUDA by way of the host: see [`Torch::projects_on_host`].
    fn back_project(&self, rays: &Rays) -> Result<Self> {
        self.pass(rays, Pass::BackProject)
    }

    fn differences(&self) -> Self {
        let along = |axis: i64| {
            let n = self.0.size()[(self.0.dim() as i64 + axis) as usize];
            let last = self.0.narrow(axis, n - 1, 1).zeros_like();
            let steps = self.0.narrow(axis, 1, n - 1) - self.0.narrow(axis, 0, n - 1);
            Tensor::cat(&[steps, last], axis)
        };
        Torch(Tensor::stack(&[along(-2), along(-1)], -3))
    }

    fn differences_adjoint(&self) -> Self {
        // Σ of what ends in a pixel less what begins there; the last difference is no difference.
        let along = |axis: i64, part: i64| {
            let q = self.0.select(-3, part);
            let n = q.size()[(q.dim() as i64 + axis) as usize];
            let border = q.narrow(axis, n - 1, 1).zeros_like();
            let steps = q.narrow(axis, 0, n - 1);
            Tensor::cat(&[&border, &steps], axis) - Tensor::cat(&[&steps, &border], axis)
        };
        Torch(along(-2, 0) + along(-1, 1))
    }

    fn shortened(&self, radius: f64) -> Self {
        let squares = self.0.abs().square();
        let kind = squares.kind();
        let length = squares.sum_dim_intlist(&[-3i64][..], true, kind).sqrt();
        let factor = (length.clamp_min(1e-30).reciprocal() * radius).clamp_max(1.0);
        Torch(&self.0 * factor)
    }

    fn at_least(&self, bound: f64) -> Self {
        Torch(self.0.clamp_min(bound))
    }
}
