//! The nonlinear operators for arrays of libtorch.

use super::{NonlinearBlur, PhaseRetrieval};
use crate::array::Torch;
use crate::{LinearOperator, Operator, Result};

impl Operator<Torch> for PhaseRetrieval {
    fn apply(&self, x: &Torch) -> Result<Torch> {
        Ok(self.linearized(x)?.0)
    }
    fn linearize<'a>(&'a self, x: &Torch) -> Result<(Torch, Box<dyn LinearOperator<Torch> + 'a>)> {
        self.linearized(x)
    }
}

impl Operator<Torch> for NonlinearBlur<Torch> {
    fn apply(&self, x: &Torch) -> Result<Torch> {
        Ok(self.linearized(x)?.0)
    }
    fn linearize<'a>(&'a self, x: &Torch) -> Result<(Torch, Box<dyn LinearOperator<Torch> + 'a>)> {
        self.linearized(x)
    }
}
