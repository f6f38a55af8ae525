//! One evaluation of a network, of one item.

use super::Want;
use operators::{Error, Result};
use tch::{Kind, Tensor};

/// What a network says of an item.
pub(super) struct Answer {
    /// `D`, `[1, channels, Y, X]`.
    pub(super) output: Tensor,
    /// `Var(x0 | x)`, `[1, 1, Y, X]`, of a network that states it.
    pub(super) variance: Option<Tensor>,
    /// Where the derivative is wanted.
    pub(super) graph: Option<Graph>,
}

/// One item whose graph is kept: its input, a leaf, and its output.
pub(super) struct Graph {
    input: Tensor,
    output: Tensor,
}

impl Answer {
    /// Of `D` and the variance by `denoise`.
    pub(super) fn of(
        input: &Tensor,
        want: Want,
        denoise: impl Fn(&Tensor) -> Result<(Tensor, Option<Tensor>)>,
    ) -> Result<Self> {
        if want == Want::Mean {
            // A guard ends in a panic too: the thread goes on to other work.
            let _guard = tch::no_grad_guard();
            let (output, variance) = denoise(input)?;
            return Ok(Answer {
                output,
                variance,
                graph: None,
            });
        }
        let input = input.detach().set_requires_grad(true);
        let (output, variance) = denoise(&input)?;
        Ok(Answer {
            output: output.detach(),
            variance,
            graph: Some(Graph { input, output }),
        })
    }
}

impl Graph {
    /// `Jᴴ v = d <D, v> / dx`.
    pub(super) fn pull(&self, v: &Tensor) -> Result<Tensor> {
        let product = (&self.output * v).sum(Kind::Float);
        let gradient = Tensor::f_run_backward(&[product], &[&self.input], true, false);
        let mut gradient = gradient.map_err(|e| Error::Torch(e.to_string()))?;
        gradient
            .pop()
            .ok_or_else(|| Error::Torch("no gradient came back".into()))
    }
}
