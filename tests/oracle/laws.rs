//! Steps of which several rules are made.

use super::setting::{Law, Setting};
use annulus::guidance::{Bridge, CovarianceModel, Guard, Guided, PriorDraw};
use annulus::score::Schedule;

pub(crate) fn ancestral(sigma: f64, next: f64) -> (f64, f64) {
    let c = (next / sigma).powi(2);
    (c, next * next * (1.0 - c))
}

/// What the step of DPS as published, `x' - ζ' ∇‖y - A D‖`, adds of the datum of a mode, and takes of `D`; `norm` is
/// that of the residual.
pub(crate) fn zeta_pull(
    s: &Setting,
    mode: usize,
    [sigma, next]: [f64; 2],
    zeta: f64,
    norm: f64,
) -> f64 {
    if !s.observed[mode] {
        return 0.0;
    }
    let zeta = zeta * ((1.0 + sigma * sigma) * (1.0 + next * next)).sqrt();
    zeta * s.gain(mode, sigma) * s.h(mode).powi(2) / norm
}

pub(crate) fn guided(covariance: CovarianceModel) -> Guided {
    Guided {
        covariance,
        cg_iterations: 400,
        rounds: 1,
        guard: Guard::NONE,
    }
}

/// `C(mode, t, σ)` of a model, for the levels of a schedule.
pub(crate) fn model<'a>(
    s: &'a Setting,
    schedule: &Schedule,
    of: CovarianceModel,
) -> Box<dyn Fn(usize, usize, f64) -> f64 + 'a> {
    match of {
        CovarianceModel::Spectrum => Box::new(|mode, _, sigma| s.c(mode, sigma)),
        CovarianceModel::White => {
            let each: Vec<f64> = schedule.steps().map(|(sigma, _)| s.white(sigma)).collect();
            Box::new(move |_, t, _| each[t])
        }
        _ => Box::new(|_, _, sigma| sigma * sigma),
    }
}

/// `x0 = z + β (y + n - z)`, then the ancestral step; `beta` is the gain of the correction.
pub(crate) fn bridge(s: &Setting, schedule: &Schedule, rule: &Bridge) -> Law {
    let model = model(s, schedule, rule.guided.covariance);
    s.law(schedule, |mode, t, sigma, next| {
        let (c, s2) = ancestral(sigma, next);
        let (w, model) = (s.gain(mode, sigma), model(mode, t, sigma));
        let (k, _) = s.conditional(mode, model);
        let beta = match rule.pullback {
            true => k * sigma * sigma * w / model,
            false => k,
        };
        let (of_z, of_n) = match rule.draw {
            PriorDraw::Mean => (0.0, 0.0),
            PriorDraw::Model => (model, 1.0),
            PriorDraw::Network => ((sigma * w).powi(2), 1.0),
        };
        let noise = match s.observed[mode] {
            true => of_n * (beta * s.sigma_y(mode)).powi(2),
            false => 0.0,
        };
        let drawn = (1.0 - beta).powi(2) * of_z + noise;
        (
            (1.0 - c) * (1.0 - beta) * w + c,
            (1.0 - c) * beta,
            (1.0 - c).powi(2) * drawn + s2,
        )
    })
}
