//! Protocol files: what was acquired, what is assumed and what is done, in one TOML document.
//!
//! A protocol is inert. Reading one opens a single file at most, allocates no arrays and knows
//! nothing of operators, priors or samplers; the rest of the program reads these types.
//!
//! Enumerations are tables named by their kind (`[method.dps]`), keys carry their units and an
//! unknown key is an error with its line and column. A second pass collects everything that is
//! well-formed but impossible. `docs/protocols.md` describes every key for users.

mod acquisition;
mod blur;
mod by_rule;
mod check;
mod error;
mod explain;
mod forward;
mod held;
mod image;
mod known;
mod library;
mod likelihood;
mod method;
mod methods;
mod nearest;
mod nuisance;
mod pair;
mod position;
mod preparation;
mod probe;
mod projections;
mod published;
mod sampler;
mod sampling;
mod schema;
mod set;
mod text;
mod tomography;
mod unconditional;

pub use acquisition::{Acquisition, Cartesian, CoilMaps, Contrast, Pattern};
pub use blur::{Blur, GaussianKernel, Kernel, Motion, NonlinearBlur, NonuniformBlur, RandomMotion};
pub use by_rule::{ByRule, Rule};
pub use error::{Problem, ProtocolError};
pub use forward::{Degradation, Forward, Inpainting, PhaseRetrieval, SuperResolution};
pub use image::Image;
pub use known::{KnownMethod, methods};
pub use library::{builtins, source};
pub use likelihood::{CountsForm, Emission, Gaussian, Likelihood, Poisson, Pwls, Rician};
pub use method::{CgSense, Cgls, Fbp, Lines, Mltr, PwlsTv, Sirt, Tikhonov, Tv, Window, ZeroFilled};
pub use methods::{Method, Methods};
pub use nuisance::{Nuisance, UnknownCentre, UnknownKernel, UnknownSensitivities};
pub use preparation::{AngleUnit, Angles, Averages, Content, Espirit, Preparation, Sensitivities};
pub use probe::{Beam, column, probe};
pub use projections::Projections;
pub use published::{
    Csgm, Daps, Ddnm, Ddrm, DiffPir, Ilvr, PiGdm, PnpDm, Projection, RedDiff, Smc,
};
pub use sampler::{Bridge, Covariance, Dds, Dps, Draw, Mcg, McgForm, Solver, Weight};
pub use sampling::{Claim, Data, Sampler, Sampling};
pub use schema::schema;
pub use text::{check_text, list_text, show_text};
pub use tomography::{Detector, Fan, Parallel, Rotation};
pub use unconditional::{PriorSampler, Sde, Unconditional};

use explain::Origin;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A protocol: what was acquired, what is assumed and what is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// One line that says what the protocol is for.
    pub title: String,
    /// The kind of scanner.
    pub modality: Modality,
    /// Which of the `[method.*]` tables is used unless the user asks for another.
    pub run: String,
    /// What `simulate` makes; `recon` warns where a raw file differs from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquisition: Option<Acquisition>,
    /// The operator that degraded an image, for `modality = "imaging"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<Forward>,
    /// The grid of a CT image, or of a phantom that `simulate` degrades; absent: of CT a square of
    /// as many pixels as bins, each the size of a bin at the rotation axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// How raw data are prepared before any method sees them.
    #[serde(default)]
    pub preparation: Preparation,
    /// How coil sensitivities are found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivities: Option<Sensitivities>,
    /// The noise of the data; absent: of CT Poisson where there are counts or photon statistics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<Likelihood>,
    /// What is unknown beside the image: a blind reconstruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nuisance: Option<Nuisance>,
    /// The score model of the methods that need one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<PriorChoice>,
    /// The methods that are set up here, one table each.
    #[serde(default)]
    pub method: Methods,
}

/// The kind of scanner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Modality {
    /// Magnetic resonance imaging.
    Mri,
    /// Computed tomography.
    Ct,
    /// Images that were degraded by a known operator (blur, mask).
    Imaging,
}

impl Modality {
    /// The name in protocols.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mri => "mri",
            Self::Ct => "ct",
            Self::Imaging => "imaging",
        }
    }
}

/// The score model, by name or by file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriorChoice {
    /// A name under `protocols/priors/`, or the path of a file.
    pub model: String,
    /// Deviation, per real component and pixel and in units of the prior, of a white texture that
    /// images have beside what the model knows; or `"held-out"` (MRI): that with which samples spread as far
    /// as they err on measurements that they were not given.
    #[serde(default)]
    pub texture: TextureChoice,
}

/// The deviation of a texture, or how it is found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number or \"held-out\"")]
pub enum TextureChoice {
    /// In units of the prior.
    Given(f64),
    /// From the data.
    Rule(TextureRule),
}

impl Default for TextureChoice {
    fn default() -> Self {
        Self::Given(0.0)
    }
}

/// How the deviation of a texture is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TextureRule {
    /// Samples of the middle slice, drawn without a fifth of its measurements, spread as far as they err there.
    HeldOut,
}

impl Protocol {
    /// Reads and checks a TOML document; `origin` is the name that errors carry.
    ///
    /// # Errors
    /// The first malformed key or value with its line and column, else every impossible one.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ProtocolError> {
        explain::parse(text, &Origin::File(origin))
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// An unreadable file, and those of [`Protocol::parse`].
    pub fn load(path: &Path) -> Result<Self, ProtocolError> {
        Self::parse(&library::read(path)?, &path.display().to_string())
    }

    /// Finds a protocol by the path of a TOML file or by the name of a built-in one.
    ///
    /// # Errors
    /// An unknown name with the nearest and the list, and those of [`Protocol::load`].
    pub fn find(name_or_path: &str) -> Result<Self, ProtocolError> {
        let (text, origin) = library::locate(name_or_path)?;
        Self::parse(&text, &origin)
    }

    /// Everything that is impossible in this protocol, each with the path of its key.
    pub fn check(&self) -> Vec<Problem> {
        check::check(self)
    }

    /// The method that `run` names.
    ///
    /// # Errors
    /// A name that this build does not have.
    pub fn selected(&self) -> Result<Method, ProtocolError> {
        self.method.get(&self.run)
    }

    /// Makes `name` the method that runs, with its own table or else the defaults (`--method`).
    ///
    /// # Errors
    /// A name that this build does not have, or a method of another modality; the protocol is
    /// then as it was.
    pub fn select(&mut self, name: &str) -> Result<(), ProtocolError> {
        let method = self.method.get(name)?;
        if !method.fits(self.modality) {
            let refusal = known::unfit(name, self.modality);
            return Err(ProtocolError::Method(refusal));
        }
        self.method.put(method);
        name.clone_into(&mut self.run);
        Ok(())
    }

    /// The protocol with every choice made that a default leaves to the method.
    pub fn resolved(&self) -> Self {
        let mut resolved = self.clone();
        if let Some(dps) = &mut resolved.method.dps {
            dps.weight = dps.effective_weight();
        }
        if let Some(mcg) = &mut resolved.method.mcg {
            mcg.weight = mcg.effective_weight();
        }
        resolved
    }

    /// The resolved protocol as TOML, every default of its modality written out; parsing it gives
    /// it back.
    ///
    /// # Errors
    /// A count too large for TOML's 64-bit signed integers.
    pub fn resolved_toml(&self) -> Result<String, ProtocolError> {
        let mut document = toml::Table::try_from(self.resolved())?;
        if let Some(toml::Value::Table(table)) = document.get_mut("preparation") {
            for (key, _) in preparation::foreign(self.modality) {
                table.remove(key);
            }
        }
        Ok(toml::to_string(&document)?)
    }

    /// The resolved protocol as JSON, every default of its modality written out, for
    /// `report.json`.
    ///
    /// # Errors
    /// None that these types can cause: their keys are strings.
    pub fn to_json(&self) -> Result<serde_json::Value, ProtocolError> {
        let mut document = serde_json::to_value(self.resolved())?;
        if let Some(table) = document["preparation"].as_object_mut() {
            for (key, _) in preparation::foreign(self.modality) {
                table.remove(key);
            }
        }
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolved_toml_parses_to_itself() {
        for (name, _) in builtins() {
            let resolved = Protocol::find(name).unwrap().resolved();
            let text = resolved.resolved_toml().unwrap();
            assert_eq!(Protocol::parse(&text, name).unwrap(), resolved, "{text}");
        }
    }

    #[test]
    fn defaults_are_written_out() {
        let mut protocol = Protocol::find("mri/cartesian").unwrap();
        protocol.select("dps").unwrap();
        assert_eq!(protocol.method.dps.as_ref().unwrap().weight, None);
        let json = protocol.to_json().unwrap();
        assert_eq!(json["run"], "dps");
        assert_eq!(json["method"]["dps"]["weight"], "sigma");
        assert_eq!(json["method"]["dps"]["steps"], 200);
        assert_eq!(json["preparation"]["whiten"], true);
        let text = protocol.resolved_toml().unwrap();
        assert!(text.contains("bandwidth_factor = true"), "{text}");
    }

    #[test]
    fn what_belongs_to_another_modality_is_not_written_out() {
        let json = |name| Protocol::find(name).unwrap().to_json().unwrap();
        let (mri, ct) = (json("mri/cartesian"), json("ct/parallel"));
        assert_eq!(ct["preparation"]["every_nth_view"], 1);
        assert!(ct["preparation"].get("whiten").is_none(), "{ct}");
        assert!(mri["preparation"].get("every_nth_view").is_none(), "{mri}");
    }

    #[test]
    fn select_refuses_a_method_of_another_modality() {
        for (protocol, method, fitting) in [
            ("ct/parallel", "cg-sense", "fbp, sirt, cgls,"),
            ("mri/cartesian", "fbp", "zero-filled, cg-sense, tv, dps,"),
        ] {
            let mut protocol = Protocol::find(protocol).unwrap();
            let before = protocol.clone();
            let said = protocol.select(method).unwrap_err().to_string();
            assert!(said.contains(fitting), "{said}");
            assert_eq!(protocol, before);
        }
    }

    #[test]
    fn select_refuses_an_unknown_method_and_changes_nothing() {
        let mut protocol = Protocol::find("mri/cartesian").unwrap();
        let before = protocol.clone();
        assert!(protocol.select("brigde").is_err());
        assert_eq!(protocol, before);
    }
}
