//! What a derived series carries on from the series that it was made of.

use std::fmt;
use std::path::Path;

use dicom_core::Tag;
use dicom_core::header::{HasLength, Header};
use dicom_dictionary_std::tags;
use dicom_object::{InMemDicomObject, OpenFileOptions};

use super::super::IoError;
use super::Modality;
use super::attributes::View;
use super::dataset::{Dataset, keeps_its_type};
use super::frame::Frame;

/// The patient and the visit.
pub(super) const PATIENT_AND_STUDY: [Tag; 19] = [
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::PATIENT_AGE,
    tags::PATIENT_SIZE,
    tags::PATIENT_WEIGHT,
    tags::PATIENT_IDENTITY_REMOVED,
    tags::DEIDENTIFICATION_METHOD,
    tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
    tags::STUDY_INSTANCE_UID,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::STUDY_ID,
    tags::STUDY_DESCRIPTION,
    tags::ACCESSION_NUMBER,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::TIMEZONE_OFFSET_FROM_UTC,
];
/// How the patient lay, in what, and what was done to the images.
const SERIES_AND_EQUIPMENT: [Tag; 17] = [
    tags::FRAME_OF_REFERENCE_UID,
    tags::POSITION_REFERENCE_INDICATOR,
    tags::PATIENT_POSITION,
    tags::LATERALITY,
    tags::BODY_PART_EXAMINED,
    tags::SERIES_NUMBER,
    tags::PROTOCOL_NAME,
    tags::MANUFACTURER,
    tags::MANUFACTURER_MODEL_NAME,
    tags::DEVICE_SERIAL_NUMBER,
    tags::SOFTWARE_VERSIONS,
    tags::INSTITUTION_NAME,
    tags::STATION_NAME,
    tags::SLICE_THICKNESS,
    tags::LOSSY_IMAGE_COMPRESSION,
    tags::LOSSY_IMAGE_COMPRESSION_RATIO,
    tags::LOSSY_IMAGE_COMPRESSION_METHOD,
];
/// How the scanner was set, in CT.
pub(super) const CT_SCAN: [Tag; 6] = [
    tags::KVP,
    tags::EXPOSURE_TIME,
    tags::X_RAY_TUBE_CURRENT,
    tags::FILTER_TYPE,
    tags::DATA_COLLECTION_DIAMETER,
    tags::CONTRAST_BOLUS_AGENT,
];
/// How the scanner was set, in MR.
pub(super) const MR_SCAN: [Tag; 19] = [
    tags::SCANNING_SEQUENCE,
    tags::SEQUENCE_VARIANT,
    tags::SCAN_OPTIONS,
    tags::MR_ACQUISITION_TYPE,
    tags::SEQUENCE_NAME,
    tags::REPETITION_TIME,
    tags::ECHO_TIME,
    tags::INVERSION_TIME,
    tags::TRIGGER_TIME,
    tags::NUMBER_OF_AVERAGES,
    tags::IMAGING_FREQUENCY,
    tags::IMAGED_NUCLEUS,
    tags::ECHO_NUMBERS,
    tags::MAGNETIC_FIELD_STRENGTH,
    tags::ECHO_TRAIN_LENGTH,
    tags::PIXEL_BANDWIDTH,
    tags::RECEIVE_COIL_NAME,
    tags::IN_PLANE_PHASE_ENCODING_DIRECTION,
    tags::FLIP_ANGLE,
];

/// Patient, study, frame of reference, equipment and scan parameters of a series, and its images' identities.
///
/// They are for [`SeriesInfo::source`](super::SeriesInfo::source) alone: `Debug` shows no values.
#[derive(Clone)]
pub struct SourceModules {
    pub(super) modality: Modality,
    pub(super) attributes: InMemDicomObject,
    /// SOP class and instance of each image.
    pub(super) instances: Vec<[String; 2]>,
    /// Whether each slice of the volume is one of the images.
    pub(super) slice_by_slice: bool,
}

impl SourceModules {
    /// Of the first image; the identities are those of all, each file once.
    pub(super) fn read(view: View, frames: &[Frame], slice_by_slice: bool) -> Self {
        let modality = frames[0].series.modality;
        let scan: &[Tag] = match modality {
            Modality::Ct => &CT_SCAN,
            Modality::Mr => &MR_SCAN,
        };
        let all = PATIENT_AND_STUDY
            .iter()
            .chain(&SERIES_AND_EQUIPMENT)
            .chain(scan);
        let found = all
            .filter_map(|&tag| view.find(tag))
            .filter(|e| keeps_its_type(e));
        let attributes = InMemDicomObject::from_element_iter(found.cloned());
        let mut instances: Vec<_> = frames.iter().map(|f| f.instance.clone()).collect();
        instances.dedup();
        Self {
            modality,
            attributes,
            instances,
            slice_by_slice,
        }
    }

    /// Of one file of a raw scan, such as a view of CT-PD: its patient, visit and scanner.
    pub fn of_raw_file(path: &Path, modality: Modality) -> Result<Self, IoError> {
        super::guard::check(path)?;
        let opened = OpenFileOptions::new()
            .read_until(tags::PIXEL_DATA)
            .open_file(path);
        let object = opened.map_err(|e| {
            let remedy = "copy or export the file again";
            IoError::new(path, "a DICOM file", e, remedy)
        })?;
        let view = View::new(&object, 0);
        let all = PATIENT_AND_STUDY.iter().chain(&SERIES_AND_EQUIPMENT);
        let found = all
            .filter_map(|&tag| view.find(tag))
            .filter(|e| keeps_its_type(e));
        Ok(Self {
            modality,
            attributes: InMemDicomObject::from_element_iter(found.cloned()),
            instances: Vec::new(),
            slice_by_slice: false,
        })
    }

    /// Of texts that another format gives for DICOM's attributes; empty ones are left out.
    pub(in super::super) fn of_texts(modality: Modality, texts: &[(Tag, String)]) -> Self {
        let mut set = Dataset::default();
        for (tag, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
            set.text(*tag, text);
        }
        Self {
            modality,
            attributes: set.0,
            instances: Vec::new(),
            slice_by_slice: false,
        }
    }

    /// Whether the images are the slices of a volume of so many.
    pub(super) fn has_slices(&self, slices: usize) -> bool {
        self.slice_by_slice && self.instances.len() == slices
    }

    /// What made the images.
    pub fn modality(&self) -> Modality {
        self.modality
    }

    /// Text without its padding.
    pub(super) fn text(&self, tag: Tag) -> Option<String> {
        View::new(&self.attributes, 0).text(tag)
    }

    /// The number of the series.
    pub(super) fn series_number(&self) -> i64 {
        let number = self.text(tags::SERIES_NUMBER).and_then(|n| n.parse().ok());
        number.filter(|n| (0..=20_000_000).contains(n)).unwrap_or(0)
    }
}

impl fmt::Debug for SourceModules {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let filled = self
            .attributes
            .iter()
            .filter(|e| !e.is_empty() && e.tag().group() > 0);
        f.debug_struct("SourceModules")
            .field("modality", &self.modality)
            .field("attributes", &filled.count())
            .field("images", &self.instances.len())
            .finish_non_exhaustive()
    }
}
