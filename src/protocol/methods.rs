//! The methods by name: those of this build, and those that a name may mean elsewhere.

use super::error::ProtocolError;
use super::method::{Bridge, CgSense, Dps, Unconditional, ZeroFilled};
use super::nearest::nearest;
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
    /// Diffusion posterior sampling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dps: Option<Dps>,
    /// Posterior sampling by drawing `x0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<Bridge>,
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
    /// `dps`
    Dps(Dps),
    /// `bridge`
    Bridge(Bridge),
    /// `unconditional`
    Unconditional(Unconditional),
}

/// The methods of this build: name and what it is.
const METHODS: &[(&str, &str)] = &[
    ("zero-filled", "the adjoint, coils combined"),
    ("cg-sense", "least squares by conjugate gradients"),
    (
        "dps",
        "posterior samples, each step along the misfit's gradient",
    ),
    ("bridge", "posterior samples, x0 drawn at each noise level"),
    ("unconditional", "samples of the prior alone"),
];

/// Names that the command line's contract knows and this build lacks.
const ELSEWHERE: &[&str] = &[
    "gridding",
    "grappa",
    "l1-wavelet",
    "tv",
    "fbp",
    "sirt",
    "cgls",
    "pwls-tv",
    "mltr",
    "mcg",
    "projection",
    "ilvr",
    "pigdm",
    "ddrm",
    "ddnm",
    "dds",
    "diffpir",
    "daps",
    "pnp-dm",
    "red-diff",
    "csgm",
];

/// The methods of this build: `(name, what it is)`.
pub fn methods() -> &'static [(&'static str, &'static str)] {
    METHODS
}

/// The names of [`methods`].
pub(super) fn names() -> Vec<&'static str> {
    METHODS.iter().map(|(name, _)| *name).collect()
}

/// Why `name` is refused: `method `tv` is not in this build; it has: …`.
pub(super) fn refusal(name: &str) -> String {
    let names = names();
    let list = names.join(", ");
    if ELSEWHERE.contains(&name) {
        return format!("method `{name}` is not in this build (it has: {list})");
    }
    let hint = nearest(name, &names)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    format!("no method is named `{name}`{hint} (methods: {list})")
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
            "dps" => Method::Dps(self.dps.clone().unwrap_or_default()),
            "bridge" => Method::Bridge(self.bridge.clone().unwrap_or_default()),
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
            self.dps.is_some(),
            self.bridge.is_some(),
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
            Method::Dps(table) => self.dps = Some(table),
            Method::Bridge(table) => self.bridge = Some(table),
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
            Self::Dps(_) => "dps",
            Self::Bridge(_) => "bridge",
            Self::Unconditional(_) => "unconditional",
        }
    }

    /// The number of samples, for a method that draws them.
    pub fn samples(&self) -> Option<usize> {
        match self {
            Self::ZeroFilled(_) | Self::CgSense(_) => None,
            Self::Dps(dps) => Some(dps.samples),
            Self::Bridge(bridge) => Some(bridge.samples),
            Self::Unconditional(unconditional) => Some(unconditional.samples),
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
    fn refusals_say_what_there_is() {
        let say = |name| Methods::default().get(name).unwrap_err().to_string();
        assert!(say("tv").starts_with("method `tv` is not in this build (it has: zero-filled,"));
        assert!(say("brigde").contains("did you mean `bridge`? (methods: zero-filled, cg-sense"));
        assert!(say("cgsense").contains("did you mean `cg-sense`?"));
        assert!(!say("qqqqqq").contains("did you mean"));
    }
}
