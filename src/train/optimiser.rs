//! Adam and the moving average, with their state as named tensors: exact resume needs it.

use tch::{Kind, Tensor};

/// Named parameters with their moments and their moving average.
pub struct Adam {
    /// Trainable leaves.
    pub weights: Vec<(String, Tensor)>,
    /// Their exponential moving average: what is shipped.
    pub ema: Vec<Tensor>,
    /// First moments.
    pub m: Vec<Tensor>,
    /// Second moments.
    pub v: Vec<Tensor>,
}

impl Adam {
    /// Fresh moments for the given leaves.
    pub fn new(weights: Vec<(String, Tensor)>) -> Self {
        let zeros = |w: &[(String, Tensor)]| w.iter().map(|(_, t)| t.zeros_like()).collect();
        let (m, v) = (zeros(&weights), zeros(&weights));
        let ema = weights.iter().map(|(_, t)| t.detach().copy()).collect();
        let weights = weights
            .into_iter()
            .map(|(n, t)| (n, t.detach().set_requires_grad(true)))
            .collect();
        Adam { weights, ema, m, v }
    }

    /// One step with `β = (0.9, 0.999)`, `ε = 1e-8`, the gradient clipped to `clip` in norm.
    /// `step` counts from 0; `decay` is that of the moving average. Source: Kingma and Ba 2015, algorithm 1.
    pub fn step(&mut self, step: usize, rate: f64, clip: f64, decay: f64) {
        let t = (step + 1) as i32;
        let (c1, c2) = (1.0 - 0.9f64.powi(t), 1.0 - 0.999f64.powi(t));
        tch::no_grad(|| {
            let squares: Vec<Tensor> = self
                .weights
                .iter()
                .map(|(_, w)| w.grad().square().sum(Kind::Double))
                .collect();
            let norm = Tensor::stack(&squares, 0)
                .sum(Kind::Double)
                .double_value(&[])
                .sqrt();
            let shrink = if norm > clip { clip / norm } else { 1.0 };
            for (i, (_, w)) in self.weights.iter_mut().enumerate() {
                let g = w.grad() * shrink;
                self.m[i] = &self.m[i] * 0.9 + &g * 0.1;
                self.v[i] = &self.v[i] * 0.999 + g.square() * 0.001;
                let denominator = (&self.v[i] / c2).sqrt() + 1e-8;
                let _ = w.subtract_(&(&self.m[i] / c1 / denominator * rate));
                w.zero_grad();
                self.ema[i] = &self.ema[i] * decay + &*w * (1.0 - decay);
            }
        });
    }

    /// The averaged weights by name.
    pub fn averaged(&self) -> Vec<(String, Tensor)> {
        let names = self.weights.iter().map(|(n, _)| n.clone());
        names
            .zip(self.ema.iter().map(Tensor::shallow_clone))
            .collect()
    }
}
