//! Patient, study and scan of an MRD header, for the DICOM series that derive from it.
//!
//! They go from the header into the files that are written; nothing prints them.

use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use roxmltree::{Document, Node};

use super::IoError;
use super::dicom::{Modality, SourceModules};
use super::mrd::header_text;

/// Where MRD keeps what DICOM has an attribute for.
const PLACES: [(&str, &str, Tag); 17] = [
    ("subjectInformation", "patientName", tags::PATIENT_NAME),
    ("subjectInformation", "patientID", tags::PATIENT_ID),
    (
        "subjectInformation",
        "patientBirthdate",
        tags::PATIENT_BIRTH_DATE,
    ),
    ("subjectInformation", "patientGender", tags::PATIENT_SEX),
    (
        "subjectInformation",
        "patientWeight_kg",
        tags::PATIENT_WEIGHT,
    ),
    (
        "studyInformation",
        "studyInstanceUID",
        tags::STUDY_INSTANCE_UID,
    ),
    ("studyInformation", "studyDate", tags::STUDY_DATE),
    ("studyInformation", "studyTime", tags::STUDY_TIME),
    ("studyInformation", "studyID", tags::STUDY_ID),
    (
        "studyInformation",
        "accessionNumber",
        tags::ACCESSION_NUMBER,
    ),
    (
        "studyInformation",
        "referringPhysicianName",
        tags::REFERRING_PHYSICIAN_NAME,
    ),
    (
        "studyInformation",
        "studyDescription",
        tags::STUDY_DESCRIPTION,
    ),
    (
        "studyInformation",
        "bodyPartExamined",
        tags::BODY_PART_EXAMINED,
    ),
    (
        "measurementInformation",
        "patientPosition",
        tags::PATIENT_POSITION,
    ),
    (
        "measurementInformation",
        "frameOfReferenceUID",
        tags::FRAME_OF_REFERENCE_UID,
    ),
    (
        "acquisitionSystemInformation",
        "systemVendor",
        tags::MANUFACTURER,
    ),
    (
        "acquisitionSystemInformation",
        "systemModel",
        tags::MANUFACTURER_MODEL_NAME,
    ),
];

/// What an MRD file says of patient, study and scanner; none where it names neither patient nor study.
pub fn mrd_study(path: &Path) -> Result<Option<SourceModules>, IoError> {
    let xml = header_text(path)?;
    let xml = xml.trim_matches(|c: char| c == '\0' || c == '\u{feff}' || c.is_whitespace());
    // The reader of the scan says what is wrong with a broken header.
    let Ok(document) = Document::parse(xml) else {
        return Ok(None);
    };
    let root = document.root_element();
    let found: Vec<(Tag, String)> = PLACES
        .iter()
        .filter_map(|(group, name, tag)| Some((*tag, attribute(*tag, text(root, group, name)?))))
        .collect();
    let named = [
        tags::PATIENT_NAME,
        tags::PATIENT_ID,
        tags::STUDY_INSTANCE_UID,
    ];
    let known = found.iter().any(|(tag, _)| named.contains(tag));
    Ok(known.then(|| SourceModules::of_texts(Modality::Mr, &found)))
}

fn text(root: Node<'_, '_>, group: &str, name: &str) -> Option<String> {
    let group = root.children().find(|n| n.tag_name().name() == group)?;
    let found = group.children().find(|n| n.tag_name().name() == name)?;
    let text = found.text()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// XML dates are `2024-05-01`, DICOM's `20240501`; times `12:30:00`, DICOM's `123000`.
fn attribute(tag: Tag, text: String) -> String {
    match tag {
        tags::PATIENT_BIRTH_DATE | tags::STUDY_DATE => text.replace('-', ""),
        tags::STUDY_TIME => text.replace(':', ""),
        tags::PATIENT_SEX => text.chars().take(1).collect::<String>().to_uppercase(),
        _ => text,
    }
}
