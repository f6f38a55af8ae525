//! The samplers that are held against closed forms, with what each says of itself.

use super::super::error::Failure;
use super::super::toolkit::Image;
use crate::guidance::{Bridge, CovarianceModel, Dps, Guard, Guidance, Guided, PriorDraw};
use crate::protocol::{self, Claim, Method, Methods, Modality, Protocol, methods};
use crate::recon;

/// A sampler, and whether its samples are meant to be those of the posterior.
pub(super) struct Rule {
    pub name: String,
    pub claim: Claim,
    pub levels: usize,
    /// Evaluations of the network, a sample.
    pub evaluations: usize,
    /// Whether a quick run draws from it.
    pub fast: bool,
    /// Samples that time allows.
    pub most_samples: u32,
    pub guidance: Box<dyn Guidance<Image>>,
}

fn guided(covariance: CovarianceModel) -> Guided {
    Guided {
        covariance,
        cg_iterations: 400,
        rounds: 1,
        guard: Guard::NONE,
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

/// Two forms of a rule, by what they add to the name of a gate.
pub(super) type Forms = [(&'static str, Box<dyn Guidance<Image>>); 2];

/// The bridge of a protocol's table, solved to the end and without a guard, and as `recon` runs the table.
pub(super) fn bridges(table: protocol::Bridge) -> Result<Forms, Failure> {
    let exact = bridge();
    let guided = Guided {
        rounds: table.rounds,
        ..exact.guided
    };
    let exact = Bridge { guided, ..exact };
    let as_recon =
        recon::rule(&Method::Bridge(table), LEAST_SIGMA).ok_or("the bridge has no rule")?;
    Ok([("", Box::new(exact)), ("-table", as_recon)])
}

/// A sampler of the library, an evaluation a level.
fn of(name: &str, claim: Claim, levels: usize, guidance: Box<dyn Guidance<Image>>) -> Rule {
    Rule {
        name: name.to_owned(),
        claim,
        levels,
        evaluations: levels,
        fast: name == "bridge" || name.ends_with("network"),
        most_samples: u32::MAX,
        guidance,
    }
}

/// A sampler of a protocol's table, as `recon` runs it; nothing for a method without a prior.
fn tabled(name: String, method: &Method, fast: bool) -> Option<Rule> {
    // The oracle knows every noise level.
    let guidance = recon::rule(method, LEAST_SIGMA)?;
    let sampling = method.sampling()?;
    Some(Rule {
        name,
        claim: sampling.claim,
        levels: sampling.levels,
        evaluations: sampling.evaluations,
        fast,
        most_samples: if matches!(method, Method::Smc(_)) {
            8
        } else {
            u32::MAX
        },
        guidance,
    })
}

/// Where inner diffusions end.
const LEAST_SIGMA: f64 = 0.005;

/// The bridge as a built-in protocol runs it, with its guard and its budget of conjugate gradients.
fn shipped(name: &str, protocol: &str) -> Result<Option<Rule>, Failure> {
    let method = Protocol::find(protocol)?.method.get("bridge")?;
    Ok(tabled(name.to_owned(), &method, true))
}

/// Whose weights are row sums of an `A` that is not negative.
pub(super) const MCG_OF_CT: &str = "mcg, zeta = 0.1, form = back-projection";

/// The samplers of the protocols, with settings that are not those of an empty table.
pub(super) fn variants() -> Vec<Rule> {
    let zeta = protocol::Dps {
        zeta: Some(1.0),
        ..protocol::Dps::default()
    };
    let heun = protocol::Dps {
        solver: protocol::Solver::Heun,
        ..protocol::Dps::default()
    };
    let clean = protocol::Projection {
        noisy: false,
        ..protocol::Projection::default()
    };
    let jacobian = protocol::Bridge {
        covariance: protocol::Covariance::Jacobian,
        ..protocol::Bridge::default()
    };
    let white = protocol::Bridge {
        covariance: protocol::Covariance::White,
        pullback: false,
        ..protocol::Bridge::default()
    };
    let mcg_heun = protocol::Mcg {
        solver: protocol::Solver::Heun,
        ..protocol::Mcg::default()
    };
    let mcg = |zeta, form| {
        Method::Mcg(protocol::Mcg {
            zeta: Some(zeta),
            form: Some(form),
            ..protocol::Mcg::default()
        })
    };
    let all = [
        ("dps, zeta = 1", Method::Dps(zeta)),
        ("dps, solver = heun", Method::Dps(heun)),
        ("projection, noisy = false", Method::Projection(clean)),
        ("bridge, covariance = jacobian", Method::Bridge(jacobian)),
        (
            "bridge, covariance = white, pullback = false",
            Method::Bridge(white),
        ),
        ("mcg", Method::Mcg(protocol::Mcg::default())),
        ("mcg, solver = heun", Method::Mcg(mcg_heun)),
        (MCG_OF_CT, mcg(0.1, protocol::McgForm::BackProjection)),
        (
            "mcg, zeta = 1, form = projection",
            mcg(1.0, protocol::McgForm::Projection),
        ),
        ("smc", Method::Smc(protocol::Smc::default())),
    ];
    let rule = |(name, method): (&str, Method)| tabled(name.to_owned(), &method, false);
    all.into_iter().filter_map(rule).collect()
}

/// Every sampler of the protocols but the bridge, particles, `mcg` and the prior alone, with the settings of an
/// empty table; also what wants the singular values, which one coil has.
pub(super) fn published() -> Result<Vec<Rule>, Failure> {
    let mut rules = Vec::new();
    for known in methods() {
        let elsewhere = [
            "zero-filled",
            "cg-sense",
            "bridge",
            "mcg",
            "smc",
            "unconditional",
        ];
        let fits = known.modalities.contains(&Modality::Mri) || known.name == "ddrm";
        if fits && !elsewhere.contains(&known.name) {
            let method = Methods::default().get(known.name)?;
            rules.extend(tabled(known.name.to_owned(), &method, false));
        }
    }
    Ok(rules)
}

/// The bridge and DPS, in their forms.
pub(super) fn rules() -> Result<Vec<Rule>, Failure> {
    let with = |draw| Bridge { draw, ..bridge() };
    let mut rules = vec![of("bridge", Claim::Calibrated, 20, Box::new(bridge()))];
    rules.extend(shipped(
        "bridge of mri/brain-cartesian-r4",
        "mri/brain-cartesian-r4",
    )?);
    rules.extend(shipped(
        "bridge of ct/head-sparse60 (draw = network)",
        "ct/head-sparse60",
    )?);
    let approximate = |name, levels, rule| of(name, Claim::Approximate, levels, rule);
    rules.extend([
        approximate(
            "bridge, draw = network",
            20,
            Box::new(with(PriorDraw::Network)),
        ),
        approximate("bridge, draw = mean", 60, Box::new(with(PriorDraw::Mean))),
        approximate(
            "dps, C of the card",
            60,
            Box::new(Dps(guided(CovarianceModel::Spectrum))),
        ),
        approximate(
            "dps, C = sigma²",
            60,
            Box::new(Dps(guided(CovarianceModel::Sigma))),
        ),
    ]);
    Ok(rules)
}
