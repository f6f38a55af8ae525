//! The `[method.*]` tables of a protocol, and one method with its settings.

use super::Modality;
use super::error::ProtocolError;
use super::known::{self, names, refusal};
use super::method::{CgSense, Cgls, Fbp, Mltr, PwlsTv, Sirt, ZeroFilled};
use super::sampler::{Bridge, Dds, Dps, Mcg, Unconditional};
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
    /// `dps`
    Dps(Dps),
    /// `bridge`
    Bridge(Bridge),
    /// `mcg`
    Mcg(Mcg),
    /// `dds`
    Dds(Dds),
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
            "fbp" => Method::Fbp(self.fbp.clone().unwrap_or_default()),
            "sirt" => Method::Sirt(self.sirt.clone().unwrap_or_default()),
            "cgls" => Method::Cgls(self.cgls.clone().unwrap_or_default()),
            "pwls-tv" => Method::PwlsTv(self.pwls_tv.clone().unwrap_or_default()),
            "mltr" => Method::Mltr(self.mltr.clone().unwrap_or_default()),
            "dps" => Method::Dps(self.dps.clone().unwrap_or_default()),
            "bridge" => Method::Bridge(self.bridge.clone().unwrap_or_default()),
            "mcg" => Method::Mcg(self.mcg.clone().unwrap_or_default()),
            "dds" => Method::Dds(self.dds.clone().unwrap_or_default()),
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
            self.fbp.is_some(),
            self.sirt.is_some(),
            self.cgls.is_some(),
            self.pwls_tv.is_some(),
            self.mltr.is_some(),
            self.dps.is_some(),
            self.bridge.is_some(),
            self.mcg.is_some(),
            self.dds.is_some(),
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
            Method::Fbp(table) => self.fbp = Some(table),
            Method::Sirt(table) => self.sirt = Some(table),
            Method::Cgls(table) => self.cgls = Some(table),
            Method::PwlsTv(table) => self.pwls_tv = Some(table),
            Method::Mltr(table) => self.mltr = Some(table),
            Method::Dps(table) => self.dps = Some(table),
            Method::Bridge(table) => self.bridge = Some(table),
            Method::Mcg(table) => self.mcg = Some(table),
            Method::Dds(table) => self.dds = Some(table),
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
            Self::Fbp(_) => "fbp",
            Self::Sirt(_) => "sirt",
            Self::Cgls(_) => "cgls",
            Self::PwlsTv(_) => "pwls-tv",
            Self::Mltr(_) => "mltr",
            Self::Dps(_) => "dps",
            Self::Bridge(_) => "bridge",
            Self::Mcg(_) => "mcg",
            Self::Dds(_) => "dds",
            Self::Unconditional(_) => "unconditional",
        }
    }

    /// Whether the method reconstructs such data.
    pub fn fits(&self, modality: Modality) -> bool {
        known::fits(self.name(), modality)
    }

    /// The number of samples, for a method that draws them.
    pub fn samples(&self) -> Option<usize> {
        match self {
            Self::ZeroFilled(_)
            | Self::CgSense(_)
            | Self::Fbp(_)
            | Self::Sirt(_)
            | Self::Cgls(_)
            | Self::PwlsTv(_)
            | Self::Mltr(_) => None,
            Self::Dps(dps) => Some(dps.samples),
            Self::Bridge(bridge) => Some(bridge.samples),
            Self::Mcg(mcg) => Some(mcg.samples),
            Self::Dds(dds) => Some(dds.samples),
            Self::Unconditional(unconditional) => Some(unconditional.samples),
        }
    }

    /// The number of samples, to be changed, for a method that draws them.
    pub fn samples_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::ZeroFilled(_)
            | Self::CgSense(_)
            | Self::Fbp(_)
            | Self::Sirt(_)
            | Self::Cgls(_)
            | Self::PwlsTv(_)
            | Self::Mltr(_) => None,
            Self::Dps(dps) => Some(&mut dps.samples),
            Self::Bridge(bridge) => Some(&mut bridge.samples),
            Self::Mcg(mcg) => Some(&mut mcg.samples),
            Self::Dds(dds) => Some(&mut dds.samples),
            Self::Unconditional(unconditional) => Some(&mut unconditional.samples),
        }
    }

    /// Whether the method needs a score model (`[prior]`): exactly those that draw samples.
    pub fn needs_prior(&self) -> bool {
        self.samples().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_gives_its_own_method_with_its_defaults() {
        for name in names() {
            let method = Methods::default().get(name).unwrap();
            assert_eq!(method.name(), name);
            let mut methods = Methods::default();
            methods.put(method.clone());
            assert_eq!(methods.tables(), [name]);
            assert_eq!(methods.get(name).unwrap(), method);
        }
    }

    #[test]
    fn the_tables_are_named_as_the_methods() {
        let mut methods = Methods::default();
        for name in names() {
            methods.put(methods.get(name).unwrap());
        }
        let table = toml::Table::try_from(&methods).unwrap();
        let mut expected = names();
        expected.sort_unstable();
        assert_eq!(table.keys().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn samples_are_counted_and_changed_alike() {
        for name in names() {
            let mut method = Methods::default().get(name).unwrap();
            assert_eq!(method.samples().is_some(), method.samples_mut().is_some());
            if let Some(samples) = method.samples_mut() {
                *samples = 3;
                assert_eq!(method.samples(), Some(3), "{name}");
            }
        }
    }
}
