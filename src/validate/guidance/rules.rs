//! The samplers that are held against closed forms, with what each says of itself.

use super::super::error::Failure;
use super::super::toolkit::Image;
use crate::guidance::{Bridge, CovarianceModel, Dds, Dps, Guidance, Guided, PriorDraw};
use crate::protocol::Protocol;
use crate::recon;

/// A sampler, and whether its samples are meant to be those of the posterior.
pub(super) struct Rule {
    pub name: &'static str,
    pub claim: Claim,
    pub levels: usize,
    /// Whether a quick run draws from it.
    pub fast: bool,
    pub guidance: Box<dyn Guidance<Image>>,
}

/// What a method says of its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Of the posterior.
    Calibrated,
    /// Near it.
    Approximate,
}

impl Claim {
    pub fn name(self) -> &'static str {
        match self {
            Claim::Calibrated => "calibrated",
            Claim::Approximate => "approximate",
        }
    }
}

fn guided(covariance: CovarianceModel) -> Guided {
    Guided {
        covariance,
        cg_iterations: 400,
        guard: f64::INFINITY,
    }
}

/// The bridge, which claims to be calibrated.
pub(super) fn bridge() -> Bridge {
    Bridge {
        guided: guided(CovarianceModel::Spectrum),
        draw: PriorDraw::Model,
        pullback: true,
    }
}

/// The bridge as a built-in protocol runs it, with its guard and its budget of conjugate gradients.
fn shipped(name: &'static str, protocol: &str, claim: Claim) -> Result<Rule, Failure> {
    let protocol = Protocol::find(protocol)?;
    let table = protocol.method.bridge.unwrap_or_default();
    Ok(Rule {
        name,
        claim,
        levels: table.levels,
        fast: true,
        guidance: Box::new(recon::bridge(&table)),
    })
}

/// Every sampler for a linear operator and a Gaussian prior.
pub(super) fn rules() -> Result<Vec<Rule>, Failure> {
    let network = Bridge {
        draw: PriorDraw::Network,
        ..bridge()
    };
    let mean = Bridge {
        draw: PriorDraw::Mean,
        ..bridge()
    };
    let dds = Dds {
        gamma: 1.0,
        covariance: CovarianceModel::Sigma,
        eta: 0.85,
        cg_iterations: 400,
    };
    let rule = |name: &'static str, claim, levels, guidance| Rule {
        name,
        claim,
        levels,
        fast: name == "bridge" || name.ends_with("network"),
        guidance,
    };
    Ok(vec![
        rule("bridge", Claim::Calibrated, 20, Box::new(bridge())),
        shipped(
            "bridge of mri/brain-cartesian-r4",
            "mri/brain-cartesian-r4",
            Claim::Calibrated,
        )?,
        shipped(
            "bridge of ct/head-sparse60 (draw = network)",
            "ct/head-sparse60",
            Claim::Approximate,
        )?,
        rule(
            "bridge, draw = network",
            Claim::Approximate,
            20,
            Box::new(network),
        ),
        rule(
            "bridge, draw = mean",
            Claim::Approximate,
            60,
            Box::new(mean),
        ),
        rule(
            "dps, C of the card",
            Claim::Approximate,
            60,
            Box::new(Dps(guided(CovarianceModel::Spectrum))),
        ),
        rule(
            "dps, C = sigma²",
            Claim::Approximate,
            60,
            Box::new(Dps(guided(CovarianceModel::Sigma))),
        ),
        rule("dds", Claim::Approximate, 50, Box::new(dds)),
    ])
}
