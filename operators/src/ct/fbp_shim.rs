//! Shim.
#![allow(missing_docs)]
use super::{Geometry, Projector};
use crate::{Array, LinearOperator, Result, Space, Vector};
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Window { RamLak, SheppLogan, Cosine, Hamming, Hann }
pub struct PseudoInverse { p: Projector, hann: bool }
fn ramp<T: Array>(y: &T, tau: f64, hann: bool) -> T {
    let s = y.sizes();
    let n = s[2];
    let r = y.to_reals();
    let h = |k: i64| -> f64 { if k == 0 { 0.25 } else if k % 2 == 0 { 0.0 } else { -1.0 / (std::f64::consts::PI * k as f64).powi(2) } };
    let hh = |k: i64| if hann { 0.5 * h(k) + 0.25 * (h(k - 1) + h(k + 1)) } else { h(k) };
    let kern: Vec<f64> = (-(n as i64)..=(n as i64)).map(hh).collect();
    let mut out = vec![0.0; r.len()];
    for (o, row) in out.chunks_mut(n).zip(r.chunks(n)) {
        for (i, o) in o.iter_mut().enumerate() {
            *o = row.iter().enumerate().map(|(j, v)| v * kern[(i + n) - j]).sum::<f64>() / tau;
        }
    }
    T::from_reals(&y.device(), &s, y.field(), &out)
}
impl PseudoInverse {
    pub fn new(g: Geometry) -> Result<Self> { Ok(PseudoInverse { p: Projector::new(g), hann: false }) }
    fn scale(&self) -> f64 {
        let g = self.p.scan();
        let px = g.grid().pixel_mm;
        let m = match g.beam() { super::Beam::Parallel => 1.0, super::Beam::Fan { source_mm, detector_mm, .. } => source_mm / detector_mm };
        std::f64::consts::PI / g.views() as f64 * g.detector().pitch_mm * m / (px[0] * px[1])
    }
    fn tau(&self) -> f64 {
        let g = self.p.scan();
        let m = match g.beam() { super::Beam::Parallel => 1.0, super::Beam::Fan { source_mm, detector_mm, .. } => source_mm / detector_mm };
        g.detector().pitch_mm * m
    }
}
impl<T: Array> LinearOperator<T> for PseudoInverse {
    fn name(&self) -> &'static str { "pinv" }
    fn domain(&self) -> &Space { LinearOperator::<T>::range(&self.p) }
    fn range(&self) -> &Space { LinearOperator::<T>::domain(&self.p) }
    fn forward(&self, x: &T) -> Result<T> { Ok(self.p.adjoint(&ramp(x, self.tau(), self.hann))?.scaled(self.scale())) }
    fn adjoint(&self, y: &T) -> Result<T> { Ok(ramp(&self.p.forward(y)?, self.tau(), self.hann).scaled(self.scale())) }
}
pub struct Fbp(PseudoInverse);
impl Fbp {
    pub fn new(g: Geometry, w: Window, _c: f64) -> Result<Self> { let mut p = PseudoInverse::new(g)?; p.hann = w == Window::Hann; Ok(Fbp(p)) }
    pub fn apply<T: Array>(&self, y: &T) -> Result<T> { self.0.forward(y) }
}
