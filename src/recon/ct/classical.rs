//! The reconstructions of a slice without a prior, in 1/mm.

use super::super::{Plan, ReconError};
use super::counts::Rays;
use super::likelihood::{Noise, upload};
use super::weights::estimated_std;
use crate::classical::{LineIntegrals, PwlsTvParams, SirtParams, cgls, mltr, pwls_tv, sirt};
use crate::protocol::{self, Likelihood, Method};
use ndarray::Array2;
use operators::ct::{Fbp, Projector, Window};
use operators::{Array, Error, LinearOperator, Result};

/// A slice as the classical methods see it.
pub(super) struct Problem<'a, T: Array> {
    pub(super) plan: &'a Plan,
    pub(super) device: &'a T::Device,
    pub(super) projector: &'a Projector,
    pub(super) rays: &'a Rays,
    /// Post-log data.
    pub(super) lines: &'a T,
    pub(super) slice: usize,
}

/// An image and the iterations that made it.
type Made<T> = Result<(T, usize)>;

impl<T: Array> Problem<'_, T> {
    /// The image of a method; `tick` is told of every iteration and may stop it.
    pub(super) fn solve(
        &self,
        method: &Method,
        tick: &mut dyn FnMut() -> bool,
    ) -> std::result::Result<(T, usize), ReconError> {
        let made = match method {
            Method::Fbp(m) => {
                tick();
                fbp(self.projector, self.lines, window(m.window), m.cutoff).map(|x| (x, 0))
            }
            Method::Sirt(m) => self.sirt(m, tick),
            Method::Cgls(m) => self.cgls(m, tick),
            Method::PwlsTv(m) => self.pwls_tv(m, tick),
            Method::Mltr(m) => return self.mltr(m, tick),
            other => {
                return Err(ReconError::Request(format!(
                    "method `{}` does not reconstruct CT; `annulus protocol list` shows those \
                     that do",
                    other.name()
                )));
            }
        };
        made.map_err(|e| self.failed(e))
    }

    fn failed(&self, error: Error) -> ReconError {
        let slice = self.slice;
        match error {
            Error::Interrupted => ReconError::Interrupted { slice },
            source => ReconError::Operator { slice, source },
        }
    }

    /// The post-log data with the given precisions.
    fn data(&self, precisions: &Array2<f32>) -> Result<LineIntegrals<T>> {
        LineIntegrals::new(self.lines.clone(), upload(self.device, precisions))
    }

    /// Every measured ray alike.
    fn alike(&self) -> Array2<f32> {
        self.rays.measured.mapv(|m| f32::from(u8::from(m)))
    }

    /// The precisions of the protocol's likelihood, or of photons and model together.
    fn precisions(&self) -> Array2<f32> {
        let std = estimated_std(&self.rays.lines);
        let default = protocol::Pwls::default();
        let (edge, floor) = match &self.plan.protocol.likelihood {
            Some(Likelihood::Pwls(p)) => (p.edge_error, p.floor),
            Some(Likelihood::Poisson(p)) => (p.edge_error, p.floor),
            Some(Likelihood::Gaussian(g)) => {
                let std = g.std.unwrap_or(std).max(1e-6) as f32;
                return self.alike().mapv(|one| one / (std * std));
            }
            Some(Likelihood::Emission(_) | Likelihood::Rician(_)) | None => {
                (default.edge_error, default.floor)
            }
        };
        self.rays.precisions(edge, floor, std)
    }

    fn a(&self) -> &dyn LinearOperator<T> {
        self.projector
    }

    fn sirt(&self, m: &protocol::Sirt, tick: &mut dyn FnMut() -> bool) -> Made<T> {
        let params = SirtParams {
            iterations: m.iterations,
            relaxation: m.relaxation,
            lower_bound: m.non_negative.then_some(0.0),
            start: None,
        };
        let (x, trace) = sirt(self.a(), &self.data(&self.alike())?, &params, tick)?;
        Ok((x, trace.iterations()[0]))
    }

    fn cgls(&self, m: &protocol::Cgls, tick: &mut dyn FnMut() -> bool) -> Made<T> {
        let (x, info) = cgls(self.a(), &self.data(&self.alike())?, m.iterations, tick)?;
        Ok((x, info.iterations[0]))
    }

    fn pwls_tv(&self, m: &protocol::PwlsTv, tick: &mut dyn FnMut() -> bool) -> Made<T> {
        let params = PwlsTvParams {
            lambda: m.lambda,
            iterations: m.iterations,
            lower_bound: m.non_negative.then_some(0.0),
            start: Some(fbp(self.projector, self.lines, Window::Hann, 1.0)?),
            ..PwlsTvParams::default()
        };
        let (x, trace) = pwls_tv(self.a(), &self.data(&self.precisions())?, &params, tick)?;
        Ok((x, trace.iterations()[0]))
    }

    fn mltr(
        &self,
        m: &protocol::Mltr,
        tick: &mut dyn FnMut() -> bool,
    ) -> std::result::Result<(T, usize), ReconError> {
        let counts = Likelihood::Poisson(protocol::Poisson {
            edge_error: 0.0,
            floor: 0.0,
        });
        let choice = match &self.plan.protocol.likelihood {
            Some(Likelihood::Poisson(p)) => Likelihood::Poisson(p.clone()),
            _ => counts,
        };
        let noise = Noise::new(Some(&choice), self.device, self.rays);
        let Noise::Counts(counts) = noise.map_err(|e| self.failed(e))? else {
            return Err(ReconError::Request(
                "method `mltr` needs counts: the raw data are line integrals without photon \
                 statistics; give preparation.photons, or choose pwls-tv"
                    .into(),
            ));
        };
        let start = fbp(self.projector, self.lines, Window::Hann, 1.0);
        let start = start.map_err(|e| self.failed(e))?;
        let made = mltr(self.a(), &counts, &start, m.iterations, tick);
        let (x, trace) = made.map_err(|e| self.failed(e))?;
        Ok((x, trace.iterations()[0]))
    }
}

/// Filtered back-projection of post-log data, in 1/mm.
pub(super) fn fbp<T: Array>(
    projector: &Projector,
    lines: &T,
    window: Window,
    cutoff: f64,
) -> Result<T> {
    Fbp::new(projector.scan().clone(), window, cutoff)?.reconstruct(lines)
}

fn window(window: protocol::Window) -> Window {
    match window {
        protocol::Window::RamLak => Window::RamLak,
        protocol::Window::SheppLogan => Window::SheppLogan,
        protocol::Window::Cosine => Window::Cosine,
        protocol::Window::Hamming => Window::Hamming,
        protocol::Window::Hann => Window::Hann,
    }
}
