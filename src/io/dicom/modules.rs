//! The modules of a CT or MR image (PS3.3, A.3 and A.4): what is the same for all slices, and what is a slice's own.

mod values;
mod visit;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

use super::Modality;
use super::dataset::Dataset;
use super::plane::Planes;
use super::series_info::{Content, Quantity, Scale, SeriesInfo};
use super::uid::uid;

/// The most images that each slice refers to when they are not slice for slice its own.
const MOST_REFERENCES: usize = 64;

/// What the images of a series are made from.
pub(super) struct Series {
    pub info: SeriesInfo,
    pub planes: Planes,
    pub scale: Scale,
    key: String,
}

impl Series {
    pub fn new(info: SeriesInfo, planes: Planes, scale: Scale) -> Self {
        let p = &info.provenance;
        let what = format!("{:?} {:?} {:?}", info.content, info.quantity, info.shape);
        let seed = p.seed.to_string();
        let parts = [
            &p.version,
            &p.protocol,
            &p.method,
            &seed,
            &p.input_sha256,
            &p.fingerprint,
            &what,
        ];
        let key = uid(&parts.map(String::as_str));
        Self {
            info,
            planes,
            scale,
            key,
        }
    }

    pub fn sop_class(&self) -> &'static str {
        match self.info.content.modality() {
            Modality::Ct => uids::CT_IMAGE_STORAGE,
            Modality::Mr => uids::MR_IMAGE_STORAGE,
        }
    }

    pub fn instance_uid(&self, slice: usize) -> String {
        uid(&[&self.key, "image", &slice.to_string()])
    }

    /// The data set of a slice.
    pub fn image(&self, slice: usize, pixels: Vec<i16>) -> Dataset {
        let mut set = Dataset::default();
        set.text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192");
        set.text(tags::SOP_CLASS_UID, self.sop_class());
        set.text(tags::SOP_INSTANCE_UID, &self.instance_uid(slice));
        self.patient_and_study(&mut set);
        self.series(&mut set);
        self.derivation(&mut set, slice);
        self.plane(&mut set, slice);
        match self.info.content.modality() {
            Modality::Ct => self.ct(&mut set),
            Modality::Mr => self.mr(&mut set),
        }
        self.values(&mut set);
        self.pixels(&mut set, pixels);
        set
    }

    /// Copies what the source has; the rest is empty, where it must be there.
    fn copy(&self, set: &mut Dataset, all: &[Tag], required: &[Tag]) {
        if let Some(source) = &self.info.source {
            all.iter()
                .filter_map(|&t| source.attributes.get(t))
                .for_each(|e| set.copy(e));
        }
        for &tag in required {
            if !set.has(tag) {
                set.empty(tag);
            }
        }
    }

    /// How it was made, in one sentence.
    fn story(&self) -> String {
        let p = &self.info.provenance;
        format!(
            "annulus {}: {} by {}, protocol {}, seed {}, input SHA-256 {}",
            p.version,
            self.info.quantity.long(),
            p.method,
            p.protocol,
            p.seed,
            p.input_sha256
        )
    }

    fn derivation(&self, set: &mut Dataset, slice: usize) {
        let kind = match self.info.content.modality() {
            Modality::Ct => "AXIAL",
            Modality::Mr => "OTHER",
        };
        set.texts(tags::IMAGE_TYPE, &["DERIVED", "SECONDARY", kind]);
        set.integer(tags::INSTANCE_NUMBER, slice as i64 + 1);
        set.empty(tags::ACQUISITION_NUMBER);
        set.text(tags::DERIVATION_DESCRIPTION, &self.story());
        set.text(tags::IMAGE_COMMENTS, &self.comment());
        set.text(tags::BURNED_IN_ANNOTATION, "NO");
        let lossy = [
            tags::LOSSY_IMAGE_COMPRESSION,
            tags::LOSSY_IMAGE_COMPRESSION_RATIO,
            tags::LOSSY_IMAGE_COMPRESSION_METHOD,
        ];
        self.copy(set, &lossy, &[]);
        if !set.has(tags::LOSSY_IMAGE_COMPRESSION) {
            set.text(tags::LOSSY_IMAGE_COMPRESSION, "00");
        }
        let references = self.references(slice);
        if !references.is_empty() {
            set.sequence(tags::SOURCE_IMAGE_SEQUENCE, references);
        }
    }

    fn comment(&self) -> String {
        let unit = match self.info.content {
            Content::Hounsfield => "HU",
            Content::Attenuation { .. } => "1/mm",
            Content::Magnitude { .. } => "arbitrary units",
        };
        let meaning = match self.info.quantity {
            Quantity::Mean => "Mean of samples of the posterior",
            Quantity::StandardDeviation => "Standard deviation of samples of the posterior",
            Quantity::Sample(_) => "One of several images that agree with the data",
            Quantity::Reconstruction => "Reconstruction",
        };
        format!("{meaning}, in {unit}")
    }

    /// The images that a slice was made of.
    fn references(&self, slice: usize) -> Vec<Dataset> {
        let Some(source) = &self.info.source else {
            return Vec::new();
        };
        let all = &source.instances;
        let own = match source.has_slices(self.info.shape[0]) {
            true => &all[slice..=slice],
            false if all.len() <= MOST_REFERENCES => all,
            false => &[],
        };
        let known = own
            .iter()
            .filter(|names| names.iter().all(|n| !n.is_empty()));
        let reference = |[class, instance]: &[String; 2]| {
            let mut item = Dataset::default();
            item.text(tags::REFERENCED_SOP_CLASS_UID, class);
            item.text(tags::REFERENCED_SOP_INSTANCE_UID, instance);
            let purpose = code(
                "121322",
                "DCM",
                "Source image for image processing operation",
            );
            item.sequence(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, vec![purpose]);
            item
        };
        known.map(reference).collect()
    }

    fn plane(&self, set: &mut Dataset, slice: usize) {
        let (info, planes) = (&self.info, &self.planes);
        set.numbers(tags::IMAGE_POSITION_PATIENT, &planes.position_mm(slice));
        set.numbers(tags::IMAGE_ORIENTATION_PATIENT, &planes.directions.concat());
        set.numbers(tags::PIXEL_SPACING, &planes.pixel_mm);
        set.numbers(tags::SLICE_LOCATION, &[planes.location_mm(slice)]);
        let of_source = info.source.as_ref();
        let of_source = of_source.filter(|s| s.has_slices(info.shape[0]));
        let of_source = || of_source?.text(tags::SLICE_THICKNESS)?.parse().ok();
        let thickness = info.slice_thickness_mm.or_else(of_source);
        let thickness = thickness.filter(|t: &f64| t.is_finite() && *t > 0.0);
        set.numbers(
            tags::SLICE_THICKNESS,
            &[thickness.unwrap_or(planes.spacing_mm)],
        );
        set.numbers(tags::SPACING_BETWEEN_SLICES, &[planes.spacing_mm]);
    }

    fn ct(&self, set: &mut Dataset) {
        self.copy(set, &super::source::CT_SCAN, &[]);
        if !set.has(tags::KVP) {
            set.number_or_empty(tags::KVP, self.info.tube_kvp);
        }
    }

    fn mr(&self, set: &mut Dataset) {
        self.copy(set, &super::source::MR_SCAN, &[]);
        let mr = &self.info.mr;
        let mut known = |tag, value: Option<f64>, required| {
            if !set.has(tag) && (required || value.is_some()) {
                set.number_or_empty(tag, value);
            }
        };
        known(tags::REPETITION_TIME, mr.repetition_time_ms, true);
        known(tags::ECHO_TIME, mr.echo_time_ms, true);
        known(tags::INVERSION_TIME, mr.inversion_time_ms, false);
        known(tags::FLIP_ANGLE, mr.flip_angle_deg, false);
        known(tags::MAGNETIC_FIELD_STRENGTH, mr.field_t, false);
        let acquisition = if mr.volumetric { "3D" } else { "2D" };
        for (tag, text) in [
            (tags::SCANNING_SEQUENCE, "RM"),
            (tags::SEQUENCE_VARIANT, "NONE"),
            (tags::SCAN_OPTIONS, ""),
            (tags::MR_ACQUISITION_TYPE, acquisition),
            (tags::ECHO_TRAIN_LENGTH, ""),
        ] {
            if !set.has(tag) {
                set.text(tag, text);
            }
        }
    }
}

/// A code with its meaning.
fn code(value: &str, scheme: &str, meaning: &str) -> Dataset {
    let mut item = Dataset::default();
    item.text(tags::CODE_VALUE, value);
    item.text(tags::CODING_SCHEME_DESIGNATOR, scheme);
    item.text(tags::CODE_MEANING, meaning);
    item
}
