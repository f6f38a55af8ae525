//! What a written series is: its values, its place, and what it was made of.

use super::{Modality, SourceModules};

/// A series that is to be written.
#[derive(Clone, Debug)]
pub struct SeriesInfo {
    /// What the values are, and so the kind of image.
    pub content: Content,
    /// Which result of the reconstruction.
    pub quantity: Quantity,
    /// Slices, rows, columns.
    pub shape: [usize; 3],
    /// Voxel (column, row, slice) to LPS millimetres.
    pub affine_lps_mm: [[f64; 4]; 3],
    /// Whether the affine is that of the patient; false: it was assumed.
    pub geometry_known: bool,
    /// Thickness of a slice, if it is not its spacing.
    pub slice_thickness_mm: Option<f64>,
    /// How the patient lay (`HFS`, ...), if the input says so and there is no source.
    pub patient_position: Option<String>,
    /// The series that this one derives from or belongs to. Without it the patient is anonymous and the
    /// study new, the same for all results of one input.
    pub source: Option<SourceModules>,
    /// How the scanner was set, in MR without a source.
    pub mr: MrParameters,
    /// Tube voltage, in CT without a source.
    pub tube_kvp: Option<f64>,
    /// Centre and width of the window to show first, in the units of the values. Without it: 40 and 80 HU
    /// (brain), 25 and 50 HU for standard deviations, and none (the viewer's choice) for other units.
    pub window: Option<[f64; 2]>,
    /// How the series was made.
    pub provenance: Provenance,
}

impl SeriesInfo {
    /// A reconstruction in its place, of a new study, and nothing else said of it.
    pub fn of(content: Content, shape: [usize; 3], affine_lps_mm: [[f64; 4]; 3]) -> Self {
        SeriesInfo {
            content,
            quantity: Quantity::Reconstruction,
            shape,
            affine_lps_mm,
            geometry_known: true,
            slice_thickness_mm: None,
            patient_position: None,
            source: None,
            mr: MrParameters::default(),
            tube_kvp: None,
            window: None,
            provenance: Provenance::default(),
        }
    }
}

/// What the values are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Content {
    /// CT in Hounsfield units. Stored to 1 HU; standard deviations to 0.1 HU, up to 3276.7.
    Hounsfield,
    /// CT as linear attenuation per millimetre, where no energy is known. Stored in 32767 steps.
    Attenuation {
        /// The largest value of the series; larger ones are cut to it.
        largest_per_mm: f32,
    },
    /// MR magnitude in arbitrary units. Stored in 32767 steps.
    Magnitude {
        /// The largest value of the series; larger ones are cut to it.
        largest: f32,
    },
}

/// Which result of the reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// The posterior mean.
    Mean,
    /// The posterior standard deviation.
    StandardDeviation,
    /// One sample of the posterior, from 0.
    Sample(usize),
    /// The one image of a classical method.
    Reconstruction,
}

/// What is known of an MR scan.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MrParameters {
    /// Repetition time.
    pub repetition_time_ms: Option<f64>,
    /// Echo time.
    pub echo_time_ms: Option<f64>,
    /// Inversion time.
    pub inversion_time_ms: Option<f64>,
    /// Flip angle.
    pub flip_angle_deg: Option<f64>,
    /// Field strength.
    pub field_t: Option<f64>,
    /// Whether the encoding has three axes.
    pub volumetric: bool,
}

/// How a series was made. All of it goes into the identifiers: a run that is repeated gives the same files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Version of this program.
    pub version: String,
    /// Name of the protocol.
    pub protocol: String,
    /// Method of reconstruction.
    pub method: String,
    /// Seed of the random numbers.
    pub seed: u64,
    /// SHA-256 of the input. It alone names the study of a series without a source.
    pub input_sha256: String,
    /// Whatever else makes a run another one, e.g. SHA-256 of the resolved protocol and of the weights.
    pub fingerprint: String,
}

impl Content {
    /// The kind of image.
    pub fn modality(self) -> Modality {
        match self {
            Self::Hounsfield | Self::Attenuation { .. } => Modality::Ct,
            Self::Magnitude { .. } => Modality::Mr,
        }
    }

    /// The unit in the code of UCUM, with its meaning.
    pub(super) fn unit(self) -> [&'static str; 2] {
        match self {
            Self::Hounsfield => ["[hnsf'U]", "Hounsfield unit"],
            Self::Attenuation { .. } => ["/mm", "per millimeter"],
            Self::Magnitude { .. } => ["1", "no units"],
        }
    }
}

impl Quantity {
    /// In a few words, for names.
    pub(super) fn short(self) -> String {
        match self {
            Self::Mean => "mean".to_owned(),
            Self::StandardDeviation => "std".to_owned(),
            Self::Sample(k) => format!("sample {k}"),
            Self::Reconstruction => "recon".to_owned(),
        }
    }

    /// In a sentence.
    pub(super) fn long(self) -> String {
        match self {
            Self::Mean => "posterior mean".to_owned(),
            Self::StandardDeviation => "posterior standard deviation".to_owned(),
            Self::Sample(k) => format!("posterior sample {k}"),
            Self::Reconstruction => "reconstruction".to_owned(),
        }
    }

    /// What is added to the source's series number times 100.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Mean => 1,
            Self::StandardDeviation => 2,
            Self::Reconstruction => 3,
            Self::Sample(k) => 10 + i64::try_from(k).unwrap_or(0).min(1_000_000),
        }
    }
}

/// How values are stored: `value = slope · stored`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub slope: f64,
    pub signed: bool,
    /// Whether it makes Hounsfield units.
    pub hounsfield: bool,
}

impl Scale {
    /// Nothing if the largest value is no positive number.
    pub fn new(content: Content, quantity: Quantity) -> Option<Self> {
        let (largest, hounsfield) = match content {
            Content::Hounsfield => (32767.0, true),
            Content::Attenuation { largest_per_mm } => (f64::from(largest_per_mm), false),
            Content::Magnitude { largest } => (f64::from(largest), false),
        };
        let slope = match (hounsfield, quantity) {
            (true, Quantity::StandardDeviation) => 0.1,
            (true, _) => 1.0,
            // As the file will tell it, so that nothing is lost between.
            _ => super::dataset::decimal(largest / 32767.0).parse().ok()?,
        };
        (largest.is_finite() && slope > 0.0).then_some(Self {
            slope,
            signed: content.modality() == Modality::Ct,
            hounsfield,
        })
    }

    /// The least and the largest number that are stored.
    pub fn ends(&self) -> [i16; 2] {
        [if self.signed { i16::MIN } else { 0 }, i16::MAX]
    }

    /// The stored number, and whether the value had to be cut.
    pub fn store(&self, value: f32) -> (i16, bool) {
        let number = (f64::from(value) / self.slope).round();
        let [least, most] = self.ends().map(f64::from);
        let cut = number.clamp(least, most);
        (cut as i16, cut != number)
    }
}
