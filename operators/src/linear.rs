//! `LinearOperator` and `Operator`: a derivative is a linear operator.

use crate::{Array, Error, Result, Space};

/// A linear map between two spaces, with its exact adjoint under `Re<., .>`.
pub trait LinearOperator<T> {
    /// A noun of the physics, for messages.
    fn name(&self) -> &'static str;
    /// The space of `x`.
    fn domain(&self) -> &Space;
    /// The space of `y = A x`.
    fn range(&self) -> &Space;
    /// `A x`.
    fn forward(&self, x: &T) -> Result<T>;
    /// `Aᴴ y`.
    fn adjoint(&self, y: &T) -> Result<T>;
    /// `Aᴴ A x`; override where it is cheaper than the two.
    fn normal(&self, x: &T) -> Result<T> {
        self.adjoint(&self.forward(x)?)
    }
}

/// Any differentiable map; its derivative at a point is a [`LinearOperator`]. Every linear
/// operator is one.
pub trait Operator<T> {
    /// `A(x)`.
    fn apply(&self, x: &T) -> Result<T>;
    /// `(A(x), J)` with `J = dA/dx` at `x`.
    fn linearize<'a>(&'a self, x: &T) -> Result<(T, Box<dyn LinearOperator<T> + 'a>)>;
}

impl<T, L: LinearOperator<T>> Operator<T> for L {
    fn apply(&self, x: &T) -> Result<T> {
        self.forward(x)
    }

    fn linearize<'a>(&'a self, x: &T) -> Result<(T, Box<dyn LinearOperator<T> + 'a>)> {
        Ok((self.forward(x)?, Box::new(self)))
    }
}

/// By reference: also `&dyn LinearOperator`, which so is an [`Operator`] too.
impl<T, L: LinearOperator<T> + ?Sized> LinearOperator<T> for &L {
    fn name(&self) -> &'static str {
        (**self).name()
    }
    fn domain(&self) -> &Space {
        (**self).domain()
    }
    fn range(&self) -> &Space {
        (**self).range()
    }
    fn forward(&self, x: &T) -> Result<T> {
        (**self).forward(x)
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        (**self).adjoint(y)
    }
    fn normal(&self, x: &T) -> Result<T> {
        (**self).normal(x)
    }
}

/// Refuses an array that does not lie in `space`.
pub(crate) fn expect_space<T: Array>(operator: &str, space: &Space, x: &T) -> Result<()> {
    let sizes = x.sizes();
    if sizes[1..] == space.sizes()[..] && x.field() == space.field {
        return Ok(());
    }
    Err(Error::Space {
        operator: operator.to_owned(),
        expected: space.to_string(),
        got: format!("{:?}{:?} (batch {})", x.field(), &sizes[1..], sizes[0]),
    })
}
