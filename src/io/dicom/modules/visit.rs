//! The patient, the study, the series, the frame of reference and the equipment.

use dicom_dictionary_std::tags;

use super::{Series, code};
use crate::io::dicom::dataset::Dataset;
use crate::io::dicom::source::PATIENT_AND_STUDY;
use crate::io::dicom::uid::uid;
use crate::io::dicom::{Modality, SourceModules};

impl Series {
    pub(super) fn patient_and_study(&self, set: &mut Dataset) {
        let required = [
            tags::PATIENT_NAME,
            tags::PATIENT_ID,
            tags::PATIENT_BIRTH_DATE,
            tags::PATIENT_SEX,
            tags::STUDY_DATE,
            tags::STUDY_TIME,
            tags::STUDY_ID,
            tags::ACCESSION_NUMBER,
            tags::REFERRING_PHYSICIAN_NAME,
        ];
        self.copy(set, &PATIENT_AND_STUDY, &required);
        let input = &self.info.provenance.input_sha256;
        if self.info.source.is_none() {
            let number = input.get(..8).unwrap_or(input);
            set.text(tags::PATIENT_NAME, "ANONYMOUS^");
            set.text(tags::PATIENT_ID, &format!("ANON-{number}"));
            set.text(tags::PATIENT_IDENTITY_REMOVED, "YES");
        }
        // Whoever removed the names must say how; some say nothing.
        let how = [
            tags::DEIDENTIFICATION_METHOD,
            tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
        ];
        if set.has(tags::PATIENT_IDENTITY_REMOVED) && !how.iter().any(|&tag| set.has(tag)) {
            let method = match self.info.source {
                Some(_) => "not stated by the source",
                None => "made from raw data without identifiers",
            };
            set.text(tags::DEIDENTIFICATION_METHOD, method);
        }
        if !set.has(tags::STUDY_INSTANCE_UID) {
            set.text(tags::STUDY_INSTANCE_UID, &uid(&[input, "study"]));
        }
    }

    pub(super) fn series(&self, set: &mut Dataset) {
        let info = &self.info;
        let number = info.source.as_ref().map_or(0, SourceModules::series_number);
        let modality = match info.content.modality() {
            Modality::Ct => "CT",
            Modality::Mr => "MR",
        };
        set.text(tags::MODALITY, modality);
        set.text(tags::SERIES_INSTANCE_UID, &uid(&[&self.key, "series"]));
        set.integer(tags::SERIES_NUMBER, 100 * number + info.quantity.number());
        let title = format!(
            "annulus {} {}",
            info.quantity.short(),
            info.provenance.protocol
        );
        set.text(tags::SERIES_DESCRIPTION, &title);
        let laid = [
            tags::LATERALITY,
            tags::BODY_PART_EXAMINED,
            tags::PATIENT_POSITION,
        ];
        self.copy(set, &laid, &[]);
        // Whether the part is one of a pair is not known either.
        if !set.has(tags::LATERALITY) && !set.has(tags::BODY_PART_EXAMINED) {
            set.empty(tags::LATERALITY);
        }
        if !set.has(tags::PATIENT_POSITION) {
            let assumed = if info.geometry_known { "HFS" } else { "" };
            let position = info.patient_position.as_deref().unwrap_or(assumed);
            set.text(tags::PATIENT_POSITION, position);
        }
        // An assumed place is in no one's frame of reference.
        let frame = [
            tags::FRAME_OF_REFERENCE_UID,
            tags::POSITION_REFERENCE_INDICATOR,
        ];
        self.copy(
            set,
            if info.geometry_known { &frame } else { &[] },
            &frame[1..],
        );
        if !set.has(tags::FRAME_OF_REFERENCE_UID) {
            let space = uid(&[&info.provenance.input_sha256, "frame of reference"]);
            set.text(tags::FRAME_OF_REFERENCE_UID, &space);
        }
        self.equipment(set);
    }

    fn equipment(&self, set: &mut Dataset) {
        let of_scanner = [
            tags::MANUFACTURER,
            tags::MANUFACTURER_MODEL_NAME,
            tags::DEVICE_SERIAL_NUMBER,
            tags::SOFTWARE_VERSIONS,
            tags::INSTITUTION_NAME,
            tags::STATION_NAME,
        ];
        self.copy(set, &of_scanner, &[]);
        let mut ours = contribution("109103", "Modifying Equipment", "annulus");
        ours.text(tags::MANUFACTURER_MODEL_NAME, "annulus");
        ours.text(tags::SOFTWARE_VERSIONS, &self.info.provenance.version);
        ours.text(tags::CONTRIBUTION_DESCRIPTION, &self.story());
        let mut all = Vec::new();
        let maker = self
            .info
            .source
            .as_ref()
            .and_then(|s| s.text(tags::MANUFACTURER));
        match maker {
            Some(maker) => {
                let mut scanner = contribution("109101", "Acquisition Equipment", &maker);
                self.copy(&mut scanner, &of_scanner[1..], &[]);
                all.push(scanner);
            }
            None => {
                set.text(tags::MANUFACTURER, "annulus");
                set.text(tags::MANUFACTURER_MODEL_NAME, "annulus");
                set.text(tags::SOFTWARE_VERSIONS, &self.info.provenance.version);
            }
        }
        all.push(ours);
        set.sequence(tags::CONTRIBUTING_EQUIPMENT_SEQUENCE, all);
    }
}

/// One that had a part in the images.
fn contribution(value: &str, meaning: &str, manufacturer: &str) -> Dataset {
    let mut item = Dataset::default();
    let purpose = vec![code(value, "DCM", meaning)];
    item.sequence(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, purpose);
    item.text(tags::MANUFACTURER, manufacturer);
    item
}
