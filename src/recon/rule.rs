//! From a protocol's table to the sampler's rule.

use crate::guidance::{
    Ancestral, AnnealedLangevin, Bridge, BridgeLocal, Churn, Clipped, CovarianceModel, Daps, Ddim,
    Ddnm, Ddrm, Dds, DiffPir, Discrete, Dps, DpsZeta, Flow, Guard, Guidance, Guided, Heun, Ilvr,
    Mcg, McgProjection, McgZeta, PiGdm, PnpDm, PredictorCorrector, PriorDraw, ProjectedPc,
    Projecting, Pulling, RedDiff, Sde, Smc, Variance,
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
        Method::Dps(m) if m.clip.is_none() => Some(dps_of(m)),
        _ => None,
    }
}

fn dps<T: Array>(m: &protocol::Dps) -> Box<dyn Guidance<T>> {
    match (m.zeta, m.clip) {
        (Some(zeta), Some(limit)) => Box::new(Clipped {
            rule: DpsZeta { zeta },
            limit,
        }),
        _ => dps_of(m),
    }
}

/// Without a bound: of any state.
fn dps_of<S: State>(m: &protocol::Dps) -> Box<dyn Guidance<S>> {
    match m.zeta {
        Some(zeta) => Box::new(DpsZeta { zeta }),
        None => solved(Dps(gradient(m.cg_iterations, m.guard)), m.solver),
    }
}

/// What the gradients with the weight of the noise share.
fn gradient(cg_iterations: usize, by: protocol::ByRule) -> Guided {
    Guided {
        covariance: CovarianceModel::Spectrum,
        cg_iterations,
        rounds: 1,
        guard: guard(by),
    }
}

/// A rule with its own steps, or its flow.
fn solved<S: State, G>(rule: G, solver: protocol::Solver) -> Box<dyn Guidance<S>>
where
    G: Guidance<S> + Pulling<S> + 'static,
{
    match solver {
        protocol::Solver::Ancestral => Box::new(rule),
        protocol::Solver::Heun => Box::new(Flow(rule)),
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
            snr: m.snr,
            steps: m.steps,
        }),
        (Some(zeta), Some(protocol::McgForm::Projection)) => Box::new(McgProjection {
            gradient: DpsZeta { zeta },
            projecting: projecting(m.lambda[0], true, m.cg_iterations),
        }),
        (None, _) => solved(Mcg(gradient(m.cg_iterations, m.guard)), m.solver),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guidance::{Measurement, SpectralData, sample};
    use crate::protocol::{McgForm, Methods, Solver, Unconditional, methods};
    use crate::score::{Denoiser, Estimate, Schedule, StationaryGaussian, Want};
    use operators::imaging::Mask;
    use operators::likelihood::Gaussian;
    use operators::{Axis, Field, Host, Result, SliceRng, Space, Vector};
    use std::cell::Cell;

    type Image = Host<f64>;

    /// Counts what it is asked.
    struct Counting(StationaryGaussian, Cell<usize>);

    impl Denoiser<Image> for Counting {
        fn estimate<'a>(&'a self, x: &Image, sigma: f64, w: Want) -> Result<Estimate<'a, Image>> {
            self.1.set(self.1.get() + 1);
            self.0.estimate(x, sigma, w)
        }
    }

    /// Evaluations of the prior that a sample of six pixels takes.
    fn evaluations(method: &Method) -> usize {
        let sampling = method.sampling().unwrap();
        let space = Space::real(&[(Axis::Y, 1), (Axis::X, 6)]);
        let mask = Image::new(&[1, 1, 6], Field::Real, [1.0, 0.0].repeat(3));
        let a = Mask::new(mask.clone(), space).unwrap();
        let y = Image::zeros(&[1, 1, 6], Field::Real);
        let likelihood = Gaussian::new(y.clone(), 0.4, mask).unwrap();
        let spectral = SpectralData {
            operator: &a,
            sigma_y: 0.4,
        };
        let data = Measurement {
            spectral: Some(spectral),
            ..Measurement::new(&a, &likelihood)
        };
        let prior = Counting(StationaryGaussian::new(1.0, 1.0, 0.0), Cell::new(0));
        let levels = Schedule::karras(sampling.levels, 0.08, 4.0, 7.0);
        let mut rng = SliceRng::samples(1, 0, 1);
        let x = y.normal_like(&mut rng).scaled(4.0);
        let rule = rule::<Image>(method, 0.01).unwrap();
        let data = (sampling.claim != protocol::Claim::Prior).then_some(&data);
        let go_on = &mut |_: &crate::guidance::Seen<'_, Image>| true;
        sample(rule.as_ref(), &prior, data, &levels, x, &mut rng, go_on).unwrap();
        prior.1.get()
    }

    /// Reports and tables of cost say what is done.
    #[test]
    fn a_sampler_evaluates_its_prior_as_often_as_it_says() {
        let known = methods().iter();
        let mut all: Vec<Method> = known
            .map(|known| Methods::default().get(known.name).unwrap())
            .filter(|method| method.sampling().is_some())
            .collect();
        assert!(all.len() > 15);
        let solver = Solver::Heun;
        all.push(Method::Dps(protocol::Dps {
            solver,
            ..protocol::Dps::default()
        }));
        all.push(Method::Mcg(protocol::Mcg {
            solver,
            ..protocol::Mcg::default()
        }));
        for form in [McgForm::BackProjection, McgForm::Projection] {
            all.push(Method::Mcg(protocol::Mcg {
                zeta: Some(0.1),
                form: Some(form),
                ..protocol::Mcg::default()
            }));
        }
        for sampler in [
            PriorSampler::AncestralLarge,
            PriorSampler::Ddim,
            PriorSampler::EulerMaruyama,
            PriorSampler::ReverseDiffusion,
            PriorSampler::Langevin,
            PriorSampler::Heun,
        ] {
            for snr in [None, Some(0.1)] {
                all.push(Method::Unconditional(Unconditional {
                    sampler,
                    snr,
                    ..Unconditional::default()
                }));
            }
        }
        for method in all {
            let said = method.sampling().unwrap().evaluations;
            assert_eq!(evaluations(&method), said, "{method:?}");
        }
    }
}
