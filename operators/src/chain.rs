//! Composition in acquisition order: `chain([coils, fourier, mask])` is `A = M F C`.

use crate::{Error, LinearOperator, Result, Space};

/// Operators applied one after the other.
pub struct Chain<T> {
    links: Vec<Box<dyn LinearOperator<T>>>,
}

/// `A = Aₙ … A₂ A₁` from `[A₁, A₂, …, Aₙ]`; refuses unequal spaces when it is built.
pub fn chain<T>(links: impl IntoIterator<Item = Box<dyn LinearOperator<T>>>) -> Result<Chain<T>> {
    let links: Vec<_> = links.into_iter().collect();
    if links.is_empty() {
        return Err(Error::Parameter {
            what: "chain",
            expected: "at least one operator",
            got: "none".into(),
        });
    }
    for pair in links.windows(2) {
        if pair[0].range() != pair[1].domain() {
            return Err(Error::Chain {
                first: pair[0].name(),
                gives: pair[0].range().to_string(),
                second: pair[1].name(),
                takes: pair[1].domain().to_string(),
            });
        }
    }
    Ok(Chain { links })
}

impl<T: Clone> LinearOperator<T> for Chain<T> {
    fn name(&self) -> &'static str {
        "chain"
    }
    fn domain(&self) -> &Space {
        self.links[0].domain()
    }
    fn range(&self) -> &Space {
        self.links[self.links.len() - 1].range()
    }
    fn forward(&self, x: &T) -> Result<T> {
        let first = self.links[0].forward(x)?;
        self.links[1..].iter().try_fold(first, |x, a| a.forward(&x))
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        let last = self.links.len() - 1;
        let first = self.links[last].adjoint(y)?;
        self.links[..last]
            .iter()
            .rev()
            .try_fold(first, |y, a| a.adjoint(&y))
    }
}
