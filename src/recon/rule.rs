//! From a protocol's table to the sampler's rule.

use crate::guidance::{
    Ancestral, AnnealedLangevin, Bridge, BridgeLocal, Churn, CovarianceModel, Daps, Ddim, Ddnm,
    Ddrm, Dds, DiffPir, Discrete, Dps, DpsFlow, DpsZeta, Guard, Guidance, Guided, Heun, Ilvr, Mcg,
    McgProjection, McgZeta, PiGdm, PnpDm, PredictorCorrector, PriorDraw, ProjectedPc, Projecting,
    RedDiff, Sde, Smc, Variance,
};
use crate::protocol::{self, Method, PriorSampler};
use operators::{Array, State};

/// The rule of a method; nothing for a method without a prior. `least` is the lowest noise level
/// that the prior knows.
pub fn rule<T: Array>(method: &Method, least: f64) -> Option<Box<dyn Guidance<T>>> {
    Some(match method {
        Method::Dps(m) => dps(m),
        Method::Bridge(m) if m.covariance == protocol::Covariance::Jacobian => {
            Box::new(BridgeLocal {
                krylov: m.cg_iterations,
                cg_iterations: m.cg_iterations,
            })
        }
        Method::Bridge(m) => Box::new(bridge(m)),
        Method::Mcg(m) => mcg(m),
        Method::Dds(m) => Box::new(dds(m)),
        Method::Projection(m) => Box::new(ProjectedPc {
            projecting: projecting(m.lambda, m.noisy, m.cg_iterations),
            snr: m.snr,
        }),
        Method::Ilvr(m) => Box::new(Ilvr(projecting(m.lambda, true, m.cg_iterations))),
        Method::PiGdm(m) => Box::new(PiGdm {
            prior_std: m.prior_std,
            eta: m.eta,
            cg_iterations: m.cg_iterations,
        }),
        Method::Ddnm(m) => Box::new(Ddnm {
            eta: m.eta,
            cg_iterations: m.cg_iterations,
        }),
        Method::Ddrm(m) => Box::new(Ddrm {
            eta: m.eta,
            eta_b: m.eta_b,
        }),
        Method::DiffPir(m) => Box::new(DiffPir {
            lambda: m.lambda,
            zeta: m.zeta,
            cg_iterations: m.cg_iterations,
        }),
        Method::Daps(m) => Box::new(Daps {
            ode_steps: m.flow_steps,
            ode_sigma: least,
            cg_iterations: m.cg_iterations,
        }),
        Method::PnpDm(m) => Box::new(PnpDm {
            levels: m.diffusion_steps,
            sigma_min: least,
            cg_iterations: m.cg_iterations,
        }),
        Method::Csgm(m) => Box::new(AnnealedLangevin {
            step: m.step,
            repeats: m.repeats,
        }),
        Method::RedDiff(m) => Box::new(RedDiff {
            lambda: m.lambda,
            learning_rate: m.learning_rate,
        }),
        Method::Smc(m) => Box::new(Smc {
            particles: m.particles,
            covariance: CovarianceModel::Spectrum,
            cg_iterations: m.cg_iterations,
        }),
        Method::Unconditional(m) => unconditional(m),
        Method::ZeroFilled(_)
        | Method::CgSense(_)
        | Method::Tv(_)
        | Method::Fbp(_)
        | Method::Sirt(_)
        | Method::Cgls(_)
        | Method::PwlsTv(_)
        | Method::Mltr(_)
        | Method::Tikhonov(_) => return None,
    })
}

/// The rule of a method that also draws pairs of an image and a nuisance; nothing for the others.
pub fn pair_rule<S: State>(method: &Method) -> Option<Box<dyn Guidance<S>>> {
    match method {
        Method::Bridge(m) if m.covariance != protocol::Covariance::Jacobian => {
            Some(Box::new(bridge(m)))
        }
        Method::Dps(m) if m.zeta.is_none() => Some(dps_sigma(m)),
        _ => None,
    }
}

fn dps<T: Array>(m: &protocol::Dps) -> Box<dyn Guidance<T>> {
    match m.zeta {
        Some(zeta) => Box::new(DpsZeta { zeta, clip: m.clip }),
        None => dps_sigma(m),
    }
}

fn dps_sigma<S: State>(m: &protocol::Dps) -> Box<dyn Guidance<S>> {
    let guided = Guided {
        covariance: CovarianceModel::Spectrum,
        cg_iterations: m.cg_iterations,
        rounds: 1,
        guard: guard(m.guard),
    };
    match m.solver {
        protocol::Solver::Ancestral => Box::new(Dps(guided)),
        protocol::Solver::Heun => Box::new(DpsFlow(guided)),
    }
}

fn guard(guard: protocol::ByRule) -> Guard {
    guard.given().map_or(Guard::Rule, Guard::Times)
}

/// The rule of a protocol's `[method.bridge]`.
pub fn bridge(m: &protocol::Bridge) -> Bridge {
    let guided = Guided {
        covariance: covariance(m.covariance),
        cg_iterations: m.cg_iterations,
        rounds: m.rounds,
        guard: guard(m.guard),
    };
    Bridge {
        guided,
        draw: match m.draw {
            protocol::Draw::Mean => PriorDraw::Mean,
            protocol::Draw::Model => PriorDraw::Model,
            protocol::Draw::Network => PriorDraw::Network,
        },
        pullback: m.pullback,
    }
}

/// The rule of a protocol's `[method.dds]`, slice by slice.
pub(super) fn dds(m: &protocol::Dds) -> Dds {
    Dds {
        gamma: m.gamma,
        covariance: covariance(m.covariance),
        eta: m.eta,
        cg_iterations: m.cg_iterations,
    }
}

fn covariance(choice: protocol::Covariance) -> CovarianceModel {
    match choice {
        protocol::Covariance::Spectrum => CovarianceModel::Spectrum,
        protocol::Covariance::White => CovarianceModel::White,
        protocol::Covariance::Learned => CovarianceModel::Learned,
        // Of the Jacobian the rule is another; the noise level bounds it.
        protocol::Covariance::Sigma | protocol::Covariance::Jacobian => CovarianceModel::Sigma,
    }
}

fn mcg<T: Array>(m: &protocol::Mcg) -> Box<dyn Guidance<T>> {
    match (m.zeta, m.form) {
        (Some(zeta), None | Some(protocol::McgForm::BackProjection)) => Box::new(McgZeta {
            zeta,
            lambda: m.lambda,
            steps: m.steps,
        }),
        (Some(zeta), Some(protocol::McgForm::Projection)) => Box::new(McgProjection {
            gradient: DpsZeta { zeta, clip: None },
            projecting: projecting(m.lambda[0], true, m.cg_iterations),
        }),
        (None, _) => Box::new(Mcg(Guided {
            covariance: CovarianceModel::Spectrum,
            cg_iterations: m.cg_iterations,
            rounds: 1,
            guard: guard(m.guard),
        })),
    }
}

fn projecting(lambda: f64, noisy: bool, cg_iterations: usize) -> Projecting {
    Projecting {
        lambda,
        noisy,
        cg_iterations,
    }
}

fn unconditional<T: Array>(m: &protocol::Unconditional) -> Box<dyn Guidance<T>> {
    let reverse = |discrete| {
        Box::new(PredictorCorrector {
            sde: match m.sde {
                protocol::Sde::Ve => Sde::VarianceExploding,
                protocol::Sde::Vp => Sde::VariancePreserving,
            },
            discrete,
            snr: m.snr,
        })
    };
    match m.sampler {
        PriorSampler::Ancestral => Box::new(Ancestral(Variance::Small)),
        PriorSampler::AncestralLarge => Box::new(Ancestral(Variance::Large)),
        PriorSampler::AncestralLearned => Box::new(Ancestral(Variance::Learned)),
        PriorSampler::Ddim => Box::new(Ddim { eta: m.eta }),
        PriorSampler::EulerMaruyama => reverse(Discrete::EulerMaruyama),
        PriorSampler::ReverseDiffusion => reverse(Discrete::ReverseDiffusion),
        PriorSampler::Langevin => Box::new(AnnealedLangevin {
            step: m.step,
            repeats: m.repeats,
        }),
        PriorSampler::Heun => Box::new(Heun {
            churn: Churn {
                total: m.churn,
                range: m.churn_range,
                noise: m.churn_noise,
            },
            steps: m.levels,
        }),
    }
}
