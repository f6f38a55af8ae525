//! Any TorchScript network as a forward model.

use crate::array::Torch;
use crate::{Array, Axis, Error, Field, Host, LinearOperator, Operator, Result, Space};
use std::path::Path;
use tch::{CModule, Device, Kind, Tensor};

/// `A(x) = f(x)` of a scripted network f: `Real[Y, X] → Real[…]`, its derivative by automatic
/// differentiation.
///
/// The network sees one item at a time, `[1, 1, Y, X]` in f32, and gives `[1, …]`; a leading 1 of its
/// output is dropped, the rest are axes Y and X. `J v` takes two passes backwards.
pub struct Script {
    module: CModule,
    device: Device,
    domain: Space,
    range: Space,
}

/// The first line of what libtorch says; a stack of its own code follows.
fn said(e: &tch::TchError) -> String {
    e.to_string().lines().next().unwrap_or_default().to_owned()
}

fn torch(e: tch::TchError) -> Error {
    Error::Torch(said(&e))
}

impl Script {
    /// From a file of `torch.jit.save`, for images of `rows` by `columns`; the network is run once to see
    /// what it gives.
    ///
    /// Errors: a file that is none, a network that refuses such an image, an output that is not one
    /// image of real numbers.
    pub fn load(path: &Path, device: Device, rows: usize, columns: usize) -> Result<Self> {
        let module = CModule::load_on_device(path, device).map_err(|e| {
            Error::Torch(format!(
                "{}: not a TorchScript network: {}",
                path.display(),
                said(&e)
            ))
        })?;
        Self::new(module, device, rows, columns)
    }

    /// From a network.
    ///
    /// Errors: as [`load`](Self::load).
    pub fn new(mut module: CModule, device: Device, rows: usize, columns: usize) -> Result<Self> {
        module.set_eval();
        let probe = Tensor::zeros([1, 1, rows as i64, columns as i64], (Kind::Float, device));
        let seen = tch::no_grad(|| module.forward_ts(&[probe])).map_err(torch)?;
        let axes = match seen.size()[..] {
            [1, 1, y, x] | [1, y, x] => [(Axis::Y, y as usize), (Axis::X, x as usize)],
            ref other => {
                return Err(Error::Space {
                    operator: "network".into(),
                    expected: "one image [1, 1, Y, X]".into(),
                    got: format!("{other:?}"),
                });
            }
        };
        if seen.kind() != Kind::Float {
            return Err(Error::Torch(format!(
                "the network gives {:?}: expected 32-bit real numbers",
                seen.kind()
            )));
        }
        Ok(Script {
            module,
            device,
            domain: Space::real(&[(Axis::Y, rows), (Axis::X, columns)]),
            range: Space::real(&axes),
        })
    }

    /// The space of the image.
    pub fn domain(&self) -> &Space {
        &self.domain
    }

    /// The space of what it gives.
    pub fn range(&self) -> &Space {
        &self.range
    }

    /// The item of a batch as the network sees it.
    fn item<T: Array>(&self, x: &T, item: usize, space: &Space) -> Result<Tensor> {
        let sizes: Vec<i64> = space.sizes().iter().map(|n| *n as i64).collect();
        let reals = x.items(item, item + 1).to_reals();
        Tensor::f_from_slice(&reals)
            .and_then(|t| t.f_to_kind(Kind::Float))
            .and_then(|t| t.f_view([1, 1, sizes[0], sizes[1]]))
            .and_then(|t| t.f_to_device(self.device))
            .map_err(torch)
    }

    /// Items as an array like `like`.
    fn gathered<T: Array>(&self, items: &[Tensor], space: &Space, like: &T) -> Result<T> {
        let mut reals = Vec::new();
        for t in items {
            let flat = t
                .f_to_device(Device::Cpu)
                .and_then(|t| t.f_to_kind(Kind::Double))
                .and_then(|t| t.f_contiguous())
                .and_then(|t| t.f_view([-1]))
                .map_err(torch)?;
            reals.extend(Vec::<f64>::try_from(flat).map_err(torch)?);
        }
        let mut sizes = vec![items.len()];
        sizes.extend(space.sizes());
        Ok(T::from_reals(&like.device(), &sizes, Field::Real, &reals))
    }

    fn linearized<T: Array>(&self, x: &T) -> Result<(T, Box<dyn LinearOperator<T> + '_>)> {
        crate::linear::expect_space("network", &self.domain, x)?;
        let mut graphs = Vec::new();
        for item in 0..x.batch() {
            let input = self.item(x, item, &self.domain)?.set_requires_grad(true);
            let output = self
                .module
                .forward_ts(&[input.shallow_clone()])
                .map_err(torch)?;
            graphs.push(Graph { input, output });
        }
        let seen: Vec<Tensor> = graphs.iter().map(|g| g.output.detach()).collect();
        let y = self.gathered(&seen, &self.range, x)?;
        Ok((
            y,
            Box::new(Derivative {
                script: self,
                graphs,
            }),
        ))
    }
}

/// One item whose graph is kept.
struct Graph {
    input: Tensor,
    output: Tensor,
}

/// J at a batch of images.
struct Derivative<'a> {
    script: &'a Script,
    graphs: Vec<Graph>,
}

/// The gradient of a number.
fn gradient(of: &Tensor, by: &Tensor, differentiable: bool) -> Result<Tensor> {
    let mut found = Tensor::f_run_backward(&[of], &[by], true, differentiable).map_err(torch)?;
    found
        .pop()
        .ok_or_else(|| Error::Torch("no gradient came back".into()))
}

impl<T: Array> LinearOperator<T> for Derivative<'_> {
    fn name(&self) -> &'static str {
        "derivative of the network"
    }
    fn domain(&self) -> &Space {
        &self.script.domain
    }
    fn range(&self) -> &Space {
        &self.script.range
    }
    /// `J v = d <v, Jᵀ w> / dw`: linear in w, so any w does.
    fn forward(&self, v: &T) -> Result<T> {
        crate::linear::expect_space("derivative of the network", &self.script.domain, v)?;
        let mut out = Vec::new();
        for (item, graph) in self.graphs.iter().enumerate() {
            let v = self.script.item(v, item, &self.script.domain)?;
            let w = graph.output.zeros_like().set_requires_grad(true);
            let pulled = gradient(&(&graph.output * &w).sum(Kind::Float), &graph.input, true)?;
            out.push(gradient(&(&pulled * v).sum(Kind::Float), &w, false)?);
        }
        self.script.gathered(&out, &self.script.range, v)
    }
    fn adjoint(&self, w: &T) -> Result<T> {
        crate::linear::expect_space("derivative of the network", &self.script.range, w)?;
        let mut out = Vec::new();
        for (item, graph) in self.graphs.iter().enumerate() {
            let w = self.script.item(w, item, &self.script.range)?;
            let w = w.f_view_as(&graph.output).map_err(torch)?;
            let product = (&graph.output * w).sum(Kind::Float);
            out.push(gradient(&product, &graph.input, false)?);
        }
        self.script.gathered(&out, &self.script.domain, w)
    }
}

impl Operator<Torch> for Script {
    fn apply(&self, x: &Torch) -> Result<Torch> {
        Ok(self.linearized(x)?.0)
    }
    fn linearize<'a>(&'a self, x: &Torch) -> Result<(Torch, Box<dyn LinearOperator<Torch> + 'a>)> {
        self.linearized(x)
    }
}

impl Operator<Host<f32>> for Script {
    fn apply(&self, x: &Host<f32>) -> Result<Host<f32>> {
        Ok(self.linearized(x)?.0)
    }
    fn linearize<'a>(
        &'a self,
        x: &Host<f32>,
    ) -> Result<(Host<f32>, Box<dyn LinearOperator<Host<f32>> + 'a>)> {
        self.linearized(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SliceRng, Vector};

    /// `tanh(k ∗ x) + x² / 4` over a smaller image, traced.
    fn network(rows: i64, columns: i64) -> CModule {
        let kernel = Tensor::from_slice(&[0.1f32, 0.2, 0.0, 0.3, 0.4, -0.1, 0.0, 0.2, 0.1]);
        let kernel = kernel.view([1, 1, 3, 3]);
        let mut f = |inputs: &[Tensor]| {
            let x = &inputs[0];
            let seen = x.conv2d(&kernel, None::<&Tensor>, [1, 1], [0, 0], [1, 1], 1);
            let inner = x.narrow(2, 1, rows - 2).narrow(3, 1, columns - 2);
            vec![seen.tanh() + inner.square() * 0.25]
        };
        let probe = Tensor::ones([1, 1, rows, columns], (Kind::Float, Device::Cpu));
        CModule::create_by_tracing("A", "forward", &[probe], &mut f).unwrap()
    }

    fn random(sizes: &[usize], seed: u64) -> Host<f32> {
        Host::zeros(sizes, Field::Real).normal_like(&mut SliceRng::samples(
            seed,
            0,
            sizes[0] as u32,
        ))
    }

    #[test]
    fn the_derivative_is_that_of_differences_and_has_its_adjoint() {
        let a = Script::new(network(7, 9), Device::Cpu, 7, 9).unwrap();
        assert_eq!(
            Operator::<Host<f32>>::apply(&a, &random(&[2, 7, 9], 1))
                .unwrap()
                .sizes(),
            [2, 5, 7]
        );
        let (x, v, w) = (
            random(&[2, 7, 9], 1),
            random(&[2, 7, 9], 2),
            random(&[2, 5, 7], 3),
        );
        let (_, j) = Operator::<Host<f32>>::linearize(&a, &x).unwrap();
        let moved = |h: f64| {
            let mut x = x.clone();
            x.axpy(&[h], &v);
            Operator::<Host<f32>>::apply(&a, &x).unwrap()
        };
        let mut slope = moved(1e-2).minus(&moved(-1e-2));
        slope.scale(&[50.0]);
        let forward = j.forward(&v).unwrap();
        let apart = slope.minus(&forward).norm();
        assert!(
            apart.iter().zip(forward.norm()).all(|(a, f)| *a < 1e-3 * f),
            "{apart:?}"
        );
        let (left, right) = (forward.dot(&w), v.dot(&j.adjoint(&w).unwrap()));
        assert!(
            left.iter().zip(&right).all(|(l, r)| (l - r).abs() < 1e-4),
            "{left:?} {right:?}"
        );
    }

    #[test]
    fn what_is_no_network_is_refused_by_name() {
        let folder = std::env::temp_dir();
        let error = Script::load(&folder.join("no-such-network.pt"), Device::Cpu, 4, 4);
        assert!(
            error
                .err()
                .unwrap()
                .to_string()
                .contains("no-such-network.pt")
        );
        let a = Script::new(network(7, 9), Device::Cpu, 7, 9).unwrap();
        let error = Operator::<Host<f32>>::apply(&a, &random(&[1, 8, 9], 1))
            .err()
            .unwrap();
        assert!(error.to_string().contains("network"));
    }
}
