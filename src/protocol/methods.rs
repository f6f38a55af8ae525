//! The `[method.*]` tables of a protocol, and one method with its settings.

use super::Modality;
use super::by_rule::ByRule;
use super::error::ProtocolError;
use super::known::{self, names, refusal};
use super::method::{CgSense, Cgls, Fbp, Mltr, PwlsTv, Sirt, Tikhonov, Tv, ZeroFilled};
use super::published::{
    Csgm, Daps, Ddnm, Ddrm, DiffPir, Ilvr, PiGdm, PnpDm, Projection, RedDiff, Smc,
};
use super::sampler::{Bridge, Dds, Dps, Mcg};
use super::sampling::{Sampler, Sampling};
use super::unconditional::Unconditional;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `[method.*]` tables of a protocol.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Methods {
    /// The adjoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_filled: Option<ZeroFilled>,
    /// Least squares by conjugate gradients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cg_sense: Option<CgSense>,
    /// Least squares with total variation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tv: Option<Tv>,
    /// Filtered back-projection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fbp: Option<Fbp>,
    /// Simultaneous iterative reconstruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sirt: Option<Sirt>,
    /// Least squares of line integrals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgls: Option<Cgls>,
    /// Weighted least squares with total variation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pwls_tv: Option<PwlsTv>,
    /// Maximum likelihood of photon counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mltr: Option<Mltr>,
    /// Least squares with a smooth image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tikhonov: Option<Tikhonov>,
    /// Diffusion posterior sampling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dps: Option<Dps>,
    /// Posterior sampling by drawing `x0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<Bridge>,
    /// Manifold-constrained gradient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcg: Option<Mcg>,
    /// Decomposed diffusion sampling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dds: Option<Dds>,
    /// Projection onto noised data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<Projection>,
    /// Iterative latent variable refinement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ilvr: Option<Ilvr>,
    /// Pseudo-inverse guidance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pigdm: Option<PiGdm>,
    /// Null-space sampling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ddnm: Option<Ddnm>,
    /// A diffusion in singular vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ddrm: Option<Ddrm>,
    /// A proximal step on the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diffpir: Option<DiffPir>,
    /// Decoupled annealing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daps: Option<Daps>,
    /// Split Gibbs sampling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pnp_dm: Option<PnpDm>,
    /// Annealed Langevin dynamics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csgm: Option<Csgm>,
    /// Descent with a diffusion as regulariser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red_diff: Option<RedDiff>,
    /// Sequential Monte Carlo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smc: Option<Smc>,
    /// The prior alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconditional: Option<Unconditional>,
}

/// One method with its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// `zero-filled`
    ZeroFilled(ZeroFilled),
    /// `cg-sense`
    CgSense(CgSense),
    /// `tv`
    Tv(Tv),
    /// `fbp`
    Fbp(Fbp),
    /// `sirt`
    Sirt(Sirt),
    /// `cgls`
    Cgls(Cgls),
    /// `pwls-tv`
    PwlsTv(PwlsTv),
    /// `mltr`
    Mltr(Mltr),
    /// `tikhonov`
    Tikhonov(Tikhonov),
    /// `dps`
    Dps(Dps),
    /// `bridge`
    Bridge(Bridge),
    /// `mcg`
    Mcg(Mcg),
    /// `dds`
    Dds(Dds),
    /// `projection`
    Projection(Projection),
    /// `ilvr`
    Ilvr(Ilvr),
    /// `pigdm`
    PiGdm(PiGdm),
    /// `ddnm`
    Ddnm(Ddnm),
    /// `ddrm`
    Ddrm(Ddrm),
    /// `diffpir`
    DiffPir(DiffPir),
    /// `daps`
    Daps(Daps),
    /// `pnp-dm`
    PnpDm(PnpDm),
    /// `csgm`
    Csgm(Csgm),
    /// `red-diff`
    RedDiff(RedDiff),
    /// `smc`
    Smc(Smc),
    /// `unconditional`
    Unconditional(Unconditional),
}

impl Methods {
    /// The method of that name, with the protocol's own table or else the defaults.
    ///
    /// # Errors
    /// A name that this build does not have.
    pub fn get(&self, name: &str) -> Result<Method, ProtocolError> {
        Ok(match name {
            "zero-filled" => Method::ZeroFilled(self.zero_filled.clone().unwrap_or_default()),
            "cg-sense" => Method::CgSense(self.cg_sense.clone().unwrap_or_default()),
            "tv" => Method::Tv(self.tv.clone().unwrap_or_default()),
            "fbp" => Method::Fbp(self.fbp.clone().unwrap_or_default()),
            "sirt" => Method::Sirt(self.sirt.clone().unwrap_or_default()),
            "cgls" => Method::Cgls(self.cgls.clone().unwrap_or_default()),
            "pwls-tv" => Method::PwlsTv(self.pwls_tv.clone().unwrap_or_default()),
            "mltr" => Method::Mltr(self.mltr.clone().unwrap_or_default()),
            "tikhonov" => Method::Tikhonov(self.tikhonov.clone().unwrap_or_default()),
            "dps" => Method::Dps(self.dps.clone().unwrap_or_default()),
            "bridge" => Method::Bridge(self.bridge.clone().unwrap_or_default()),
            "mcg" => Method::Mcg(self.mcg.clone().unwrap_or_default()),
            "dds" => Method::Dds(self.dds.clone().unwrap_or_default()),
            "projection" => Method::Projection(self.projection.clone().unwrap_or_default()),
            "ilvr" => Method::Ilvr(self.ilvr.clone().unwrap_or_default()),
            "pigdm" => Method::PiGdm(self.pigdm.clone().unwrap_or_default()),
            "ddnm" => Method::Ddnm(self.ddnm.clone().unwrap_or_default()),
            "ddrm" => Method::Ddrm(self.ddrm.clone().unwrap_or_default()),
            "diffpir" => Method::DiffPir(self.diffpir.clone().unwrap_or_default()),
            "daps" => Method::Daps(self.daps.clone().unwrap_or_default()),
            "pnp-dm" => Method::PnpDm(self.pnp_dm.clone().unwrap_or_default()),
            "csgm" => Method::Csgm(self.csgm.clone().unwrap_or_default()),
            "red-diff" => Method::RedDiff(self.red_diff.clone().unwrap_or_default()),
            "smc" => Method::Smc(self.smc.clone().unwrap_or_default()),
            "unconditional" => {
                Method::Unconditional(self.unconditional.clone().unwrap_or_default())
            }
            _ => return Err(ProtocolError::Method(refusal(name))),
        })
    }

    /// The names of the tables that are there.
    pub fn tables(&self) -> Vec<&'static str> {
        let there = [
            self.zero_filled.is_some(),
            self.cg_sense.is_some(),
            self.tv.is_some(),
            self.fbp.is_some(),
            self.sirt.is_some(),
            self.cgls.is_some(),
            self.pwls_tv.is_some(),
            self.mltr.is_some(),
            self.tikhonov.is_some(),
            self.dps.is_some(),
            self.bridge.is_some(),
            self.mcg.is_some(),
            self.dds.is_some(),
            self.projection.is_some(),
            self.ilvr.is_some(),
            self.pigdm.is_some(),
            self.ddnm.is_some(),
            self.ddrm.is_some(),
            self.diffpir.is_some(),
            self.daps.is_some(),
            self.pnp_dm.is_some(),
            self.csgm.is_some(),
            self.red_diff.is_some(),
            self.smc.is_some(),
            self.unconditional.is_some(),
        ];
        let all = names().into_iter().zip(there);
        all.filter(|(_, there)| *there)
            .map(|(name, _)| name)
            .collect()
    }

    /// Writes the table of a method.
    pub(super) fn put(&mut self, method: Method) {
        match method {
            Method::ZeroFilled(table) => self.zero_filled = Some(table),
            Method::CgSense(table) => self.cg_sense = Some(table),
            Method::Tv(table) => self.tv = Some(table),
            Method::Fbp(table) => self.fbp = Some(table),
            Method::Sirt(table) => self.sirt = Some(table),
            Method::Cgls(table) => self.cgls = Some(table),
            Method::PwlsTv(table) => self.pwls_tv = Some(table),
            Method::Mltr(table) => self.mltr = Some(table),
            Method::Tikhonov(table) => self.tikhonov = Some(table),
            Method::Dps(table) => self.dps = Some(table),
            Method::Bridge(table) => self.bridge = Some(table),
            Method::Mcg(table) => self.mcg = Some(table),
            Method::Dds(table) => self.dds = Some(table),
            Method::Projection(table) => self.projection = Some(table),
            Method::Ilvr(table) => self.ilvr = Some(table),
            Method::PiGdm(table) => self.pigdm = Some(table),
            Method::Ddnm(table) => self.ddnm = Some(table),
            Method::Ddrm(table) => self.ddrm = Some(table),
            Method::DiffPir(table) => self.diffpir = Some(table),
            Method::Daps(table) => self.daps = Some(table),
            Method::PnpDm(table) => self.pnp_dm = Some(table),
            Method::Csgm(table) => self.csgm = Some(table),
            Method::RedDiff(table) => self.red_diff = Some(table),
            Method::Smc(table) => self.smc = Some(table),
            Method::Unconditional(table) => self.unconditional = Some(table),
        }
    }
}

impl Method {
    /// The name in protocols and for `--method`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ZeroFilled(_) => "zero-filled",
            Self::CgSense(_) => "cg-sense",
            Self::Tv(_) => "tv",
            Self::Fbp(_) => "fbp",
            Self::Sirt(_) => "sirt",
            Self::Cgls(_) => "cgls",
            Self::PwlsTv(_) => "pwls-tv",
            Self::Mltr(_) => "mltr",
            Self::Tikhonov(_) => "tikhonov",
            Self::Dps(_) => "dps",
            Self::Bridge(_) => "bridge",
            Self::Mcg(_) => "mcg",
            Self::Dds(_) => "dds",
            Self::Projection(_) => "projection",
            Self::Ilvr(_) => "ilvr",
            Self::PiGdm(_) => "pigdm",
            Self::Ddnm(_) => "ddnm",
            Self::Ddrm(_) => "ddrm",
            Self::DiffPir(_) => "diffpir",
            Self::Daps(_) => "daps",
            Self::PnpDm(_) => "pnp-dm",
            Self::Csgm(_) => "csgm",
            Self::RedDiff(_) => "red-diff",
            Self::Smc(_) => "smc",
            Self::Unconditional(_) => "unconditional",
        }
    }

    /// Whether the method reconstructs such data.
    pub fn fits(&self, modality: Modality) -> bool {
        known::fits(self.name(), modality)
    }

    /// The table of a method that draws samples.
    pub fn sampler(&self) -> Option<&dyn Sampler> {
        Some(match self {
            Self::ZeroFilled(_)
            | Self::CgSense(_)
            | Self::Tv(_)
            | Self::Fbp(_)
            | Self::Sirt(_)
            | Self::Cgls(_)
            | Self::PwlsTv(_)
            | Self::Mltr(_)
            | Self::Tikhonov(_) => return None,
            Self::Dps(table) => table,
            Self::Bridge(table) => table,
            Self::Mcg(table) => table,
            Self::Dds(table) => table,
            Self::Projection(table) => table,
            Self::Ilvr(table) => table,
            Self::PiGdm(table) => table,
            Self::Ddnm(table) => table,
            Self::Ddrm(table) => table,
            Self::DiffPir(table) => table,
            Self::Daps(table) => table,
            Self::PnpDm(table) => table,
            Self::Csgm(table) => table,
            Self::RedDiff(table) => table,
            Self::Smc(table) => table,
            Self::Unconditional(table) => table,
        })
    }

    fn sampler_mut(&mut self) -> Option<&mut dyn Sampler> {
        Some(match self {
            Self::ZeroFilled(_)
            | Self::CgSense(_)
            | Self::Tv(_)
            | Self::Fbp(_)
            | Self::Sirt(_)
            | Self::Cgls(_)
            | Self::PwlsTv(_)
            | Self::Mltr(_)
            | Self::Tikhonov(_) => return None,
            Self::Dps(table) => table,
            Self::Bridge(table) => table,
            Self::Mcg(table) => table,
            Self::Dds(table) => table,
            Self::Projection(table) => table,
            Self::Ilvr(table) => table,
            Self::PiGdm(table) => table,
            Self::Ddnm(table) => table,
            Self::Ddrm(table) => table,
            Self::DiffPir(table) => table,
            Self::Daps(table) => table,
            Self::PnpDm(table) => table,
            Self::Csgm(table) => table,
            Self::RedDiff(table) => table,
            Self::Smc(table) => table,
            Self::Unconditional(table) => table,
        })
    }

    /// What the samplers have in common, for a method that draws samples.
    pub fn sampling(&self) -> Option<Sampling> {
        self.sampler().map(Sampler::sampling)
    }

    /// The number of samples, for a method that draws them.
    pub fn samples(&self) -> Option<usize> {
        self.sampling().map(|sampling| sampling.samples)
    }

    /// The number of samples, to be changed, for a method that draws them.
    pub fn samples_mut(&mut self) -> Option<&mut usize> {
        self.sampler_mut().map(Sampler::samples_mut)
    }

    /// The same with a start at the level that was found by rule: without one from noise.
    pub fn started_at(mut self, sigma: Option<f64>) -> Self {
        if let Some(start) = self.sampler_mut().and_then(Sampler::start_mut) {
            *start = sigma.map(ByRule::Given);
        }
        self
    }

    /// Iterations of a method without a prior.
    pub fn iterations(&self) -> usize {
        match self {
            Self::Tv(m) => m.iterations,
            Self::Sirt(m) => m.iterations,
            Self::Cgls(m) => m.iterations,
            Self::PwlsTv(m) => m.iterations,
            Self::Mltr(m) => m.iterations,
            _ => 1,
        }
    }

    /// Whether the method needs a score model (`[prior]`): exactly those that draw samples.
    pub fn needs_prior(&self) -> bool {
        self.samples().is_some()
    }
}

#[cfg(test)]
mod tests;
