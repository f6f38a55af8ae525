//! `[preparation]` and `[sensitivities.*]`: what happens to raw data before a method sees them.

use super::{Modality, pair};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From raw data to one whitened k-space, or one sinogram with its noise, per slice.
///
/// Each key is of one modality alone and has to be left at its default for the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Preparation {
    /// Decorrelate the coils and scale to unit noise variance per real component.
    pub whiten: bool,
    /// Correct the noise scan for its receiver bandwidth.
    pub bandwidth_factor: bool,
    /// What to do with repeated lines.
    pub averages: Averages,
    /// Which repetition to take, from 0.
    pub repetition: usize,
    /// Which contrast (echo) to take, from 0.
    pub contrast: usize,
    /// Which phase (cardiac) to take, from 0.
    pub phase: usize,
    /// Which set to take, from 0.
    pub set: usize,
    /// Noise deviation per real component of the raw data, in their unit; absent: from the noise
    /// scan, or estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise_std: Option<f64>,
    /// Find the rotation axis in the data; absent: for parallel rays where neither file nor
    /// protocol says where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub find_centre: Option<bool>,
    /// First and last view that are used, from 0; absent: all.
    #[serde(
        deserialize_with = "pair::maybe_first_last",
        skip_serializing_if = "Option::is_none"
    )]
    pub views: Option<[usize; 2]>,
    /// Of those views every n-th one is used.
    pub every_nth_view: usize,
    /// Whose angles are used.
    pub angles: Angles,
    /// Unit of the angles in the raw file; absent: what the file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub angle_unit: Option<AngleUnit>,
    /// What the numbers of the raw file are; absent: what the file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Photons of one count of the raw file; absent: from the variance of the flats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain: Option<f64>,
    /// Photons of a ray without an object; absent: what the raw file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photons: Option<f64>,
}

const OF_MRI: &[&str] = &[
    "whiten",
    "bandwidth_factor",
    "averages",
    "repetition",
    "contrast",
    "phase",
    "set",
    "noise_std",
];

const OF_CT: &[&str] = &[
    "find_centre",
    "views",
    "every_nth_view",
    "angles",
    "angle_unit",
    "content",
    "gain",
    "photons",
];

/// The keys of `[preparation]` that mean nothing to a modality, each with the one that it is for.
pub(super) fn foreign(modality: Modality) -> impl Iterator<Item = (&'static str, Modality)> {
    let of = |keys: &'static [&'static str], owner| keys.iter().map(move |key| (*key, owner));
    of(OF_MRI, Modality::Mri)
        .chain(of(OF_CT, Modality::Ct))
        .filter(move |(_, owner)| *owner != modality)
}

impl Default for Preparation {
    fn default() -> Self {
        Self {
            whiten: true,
            bandwidth_factor: true,
            averages: Averages::Mean,
            repetition: 0,
            contrast: 0,
            phase: 0,
            set: 0,
            noise_std: None,
            find_centre: None,
            views: None,
            every_nth_view: 1,
            angles: Angles::File,
            angle_unit: None,
            content: None,
            gain: None,
            photons: None,
        }
    }
}

/// Whose angles are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Angles {
    /// Those of the raw file; the protocol's where it has none.
    File,
    /// The arc of the protocol's acquisition, whatever the file says.
    Protocol,
}

/// Unit of the angles in a raw file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AngleUnit {
    /// 360 to a turn.
    Degrees,
    /// 2π to a turn.
    Radians,
}

/// What the numbers of a raw CT file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// Detected signal, with flats.
    Counts,
    /// Line integrals of the attenuation.
    LineIntegrals,
    /// Detected over incident signal.
    Transmission,
}

/// What to do with lines that were acquired more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Averages {
    /// Their mean, with its smaller noise accounted for.
    Mean,
}

/// How coil sensitivities are found: one table, named by its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivities {
    /// ESPIRiT, from the fully sampled centre.
    Espirit(Espirit),
}

/// ESPIRiT (Uecker 2014).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Espirit {
    /// Side of the calibration region, in samples.
    pub calibration: usize,
    /// Side of the kernel, in samples.
    pub kernel: usize,
    /// Singular values below this fraction of the largest are noise.
    pub threshold: f64,
    /// Sensitivities are zero where the eigenvalue is below this.
    pub crop: f64,
}

impl Default for Espirit {
    fn default() -> Self {
        Self {
            calibration: 24,
            kernel: 6,
            threshold: 0.001,
            crop: 0.8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_the_default() {
        assert_eq!(
            toml::from_str::<Preparation>("").unwrap(),
            Preparation::default()
        );
        let ct: Preparation = toml::from_str("views = [10, 179]\nfind_centre = false").unwrap();
        assert_eq!(ct.views, Some([10, 179]));
        assert_eq!(ct.find_centre, Some(false));
        let espirit: Sensitivities = toml::from_str("[espirit]").unwrap();
        assert_eq!(espirit, Sensitivities::Espirit(Espirit::default()));
    }

    #[test]
    fn every_key_is_of_one_modality() {
        let schema = schemars::schema_for!(Preparation).to_value();
        let keys = schema["properties"].as_object().unwrap();
        assert_eq!(keys.len(), OF_MRI.len() + OF_CT.len());
        for key in keys.keys().map(String::as_str) {
            assert_ne!(OF_MRI.contains(&key), OF_CT.contains(&key), "{key}");
        }
        assert!(foreign(Modality::Ct).all(|(_, owner)| owner == Modality::Mri));
        assert_eq!(foreign(Modality::Imaging).count(), keys.len());
    }
}
