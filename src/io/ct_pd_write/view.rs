//! One CT-PD file.

use std::f64::consts::PI;
use std::io::Write;

use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{tags as standard, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use ndarray::Array1;
use uuid::Uuid;

use crate::io::ct_pd::tags;
use crate::io::projections::Flats;

/// The least signal above the dark that has a logarithm.
const LEAST: f64 = 0.1;

/// What all files of a scan share.
#[derive(Debug)]
pub(super) struct Common {
    pub root: Uuid,
    pub bins: usize,
    pub source_mm: f64,
    pub source_to_detector_mm: f64,
    pub shape: &'static str,
    pub pitch_mm: f64,
    pub pitch_axial_mm: f64,
    pub centre: f64,
    pub views_per_turn: Option<u16>,
    pub water_per_mm: Option<f64>,
    pub kvp: Option<f64>,
}

/// Where a view was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub instance: usize,
    pub angle_rad: f64,
    pub z_mm: f64,
}

/// The numbers of a view in our order of bins.
#[derive(Debug)]
pub(super) struct Numbers {
    pub lines: Vec<f64>,
    pub photons: Option<Vec<f32>>,
    /// Only where the photons do not give them back.
    pub counts: Option<Vec<f32>>,
}

impl Numbers {
    /// By the rule of the module's documentation.
    pub fn of_counts(counts: &[f32], flats: &Flats) -> Self {
        let of = |flat: &Array1<f32>, bin: usize| f64::from(flat[bin]);
        let mut lines = Vec::with_capacity(counts.len());
        let mut photons = Vec::with_capacity(counts.len());
        let mut exact = true;
        for (bin, &count) in counts.iter().enumerate() {
            let dark = of(&flats.dark_mean, bin);
            let signal = (f64::from(count) - dark + 0.5).max(LEAST);
            let incident = of(&flats.flat_mean, bin) - dark;
            let variance = signal + of(&flats.dark_variance, bin);
            // A dead bin has no path: it is written as air without a photon.
            let alive = incident > 0.0;
            lines.push(if alive { (incident / signal).ln() } else { 0.0 });
            let photon = if alive {
                signal * signal / variance
            } else {
                0.0
            } as f32;
            exact &= photon - 0.5 + flats.dark_mean[bin] == count;
            photons.push(photon);
        }
        Self {
            lines,
            photons: Some(photons),
            counts: (!exact).then(|| counts.to_vec()),
        }
    }
}

impl Common {
    /// Writes the file of one view; the error is the library's message.
    pub fn write(
        &self,
        mut to: impl Write,
        place: &Place,
        numbers: &Numbers,
        flats: Option<&Flats>,
    ) -> Result<(), String> {
        let mut file = Elements(InMemDicomObject::new_empty());
        let instance_uid = self.uid(&format!("view {}", place.instance));
        self.anonymous(&mut file, place, &instance_uid);
        self.detector(&mut file, place);
        self.pixels(&mut file, &numbers.lines);
        if let Some(photons) = &numbers.photons {
            file.floats(tags::PHOTONS, self.columns(photons));
        }
        if let Some(flats) = flats {
            self.own(&mut file, flats, numbers);
        }
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
            .media_storage_sop_instance_uid(instance_uid)
            .implementation_class_uid(uid(&Uuid::new_v5(&Uuid::NAMESPACE_OID, b"annulus")))
            .implementation_version_name("ANNULUS");
        let object = file.0.with_meta(meta).map_err(|e| e.to_string())?;
        object.write_all(&mut to).map_err(|e| e.to_string())?;
        to.flush().map_err(|e| e.to_string())
    }

    fn uid(&self, what: &str) -> String {
        uid(&Uuid::new_v5(&self.root, what.as_bytes()))
    }

    /// The values of a view in the published order of columns, which is against our bins.
    fn columns<T: Copy>(&self, bins: &[T]) -> Vec<T> {
        bins.iter().rev().copied().collect()
    }

    /// Patient, study and series: who, when and where are empty.
    fn anonymous(&self, file: &mut Elements, place: &Place, instance_uid: &str) {
        file.text(standard::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        file.text(standard::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL");
        file.text(standard::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE);
        file.text(standard::SOP_INSTANCE_UID, VR::UI, instance_uid);
        for (tag, vr) in [
            (standard::STUDY_DATE, VR::DA),
            (standard::STUDY_TIME, VR::TM),
            (standard::ACCESSION_NUMBER, VR::SH),
            (standard::REFERRING_PHYSICIAN_NAME, VR::PN),
            (standard::PATIENT_BIRTH_DATE, VR::DA),
            (standard::PATIENT_SEX, VR::CS),
            (standard::STUDY_ID, VR::SH),
            (standard::POSITION_REFERENCE_INDICATOR, VR::LO),
        ] {
            file.0.put(DataElement::empty(tag, vr));
        }
        file.text(standard::MODALITY, VR::CS, "CT");
        file.text(standard::MANUFACTURER, VR::LO, "annulus");
        file.text(standard::PATIENT_NAME, VR::PN, "ANONYMOUS");
        file.text(standard::PATIENT_ID, VR::LO, "ANONYMOUS");
        file.text(standard::PATIENT_IDENTITY_REMOVED, VR::CS, "YES");
        file.text(standard::PATIENT_POSITION, VR::CS, "HFS");
        file.text(standard::STUDY_INSTANCE_UID, VR::UI, &self.uid("study"));
        file.text(standard::SERIES_INSTANCE_UID, VR::UI, &self.uid("series"));
        file.text(
            standard::FRAME_OF_REFERENCE_UID,
            VR::UI,
            &self.uid("frame of reference"),
        );
        file.text(standard::SERIES_NUMBER, VR::IS, "1");
        file.text(standard::ACQUISITION_NUMBER, VR::IS, "1");
        file.text(
            standard::INSTANCE_NUMBER,
            VR::IS,
            &place.instance.to_string(),
        );
        file.text(
            standard::KVP,
            VR::DS,
            &self.kvp.map_or(String::new(), decimal),
        );
    }

    fn detector(&self, file: &mut Elements, place: &Place) {
        for group in [0x7029, 0x7031, 0x7033, 0x7037, 0x7039, 0x7041] {
            file.text(Tag(group, 0x0010), VR::LO, "DICOM-CT-PD");
        }
        let column = (self.bins - 1) as f64 - self.centre + 1.0;
        file.floats(tags::SPACING, vec![self.pitch_mm as f32]);
        file.floats(tags::SPACING_AXIAL, vec![self.pitch_axial_mm as f32]);
        file.text(tags::SHAPE, VR::CS, self.shape);
        file.short(tags::ROWS, 1);
        file.short(tags::COLUMNS, self.bins as u16);
        file.floats(tags::ANGLE, vec![(place.angle_rad - PI) as f32]);
        file.floats(tags::AXIAL_POSITION, vec![place.z_mm as f32]);
        file.floats(tags::SOURCE_RADIUS, vec![self.source_mm as f32]);
        file.floats(
            tags::SOURCE_TO_DETECTOR,
            vec![self.source_to_detector_mm as f32],
        );
        file.floats(tags::CENTRAL_ELEMENT, vec![column as f32, 1.0]);
        for shift in [tags::SHIFT_B, tags::SHIFT_C, tags::SHIFT_RADIAL] {
            file.floats(shift, vec![0.0]);
        }
        file.text(tags::FOCAL_SPOT_MODE, VR::CS, "FFSNONE");
        if let Some(n) = self.views_per_turn {
            file.short(tags::VIEWS_PER_TURN, n);
        }
        file.text(tags::DATA_TYPE, VR::CS, "AXIAL");
        file.text(tags::GEOMETRY, VR::CS, "FANBEAM");
        for flag in [
            tags::GAIN_FLAG,
            tags::DARK_FLAG,
            tags::FLAT_FLAG,
            tags::BAD_PIXEL_FLAG,
            tags::LOG_FLAG,
        ] {
            file.text(flag, VR::CS, "YES");
        }
        if let Some(water) = self.water_per_mm {
            file.text(tags::WATER, VR::DS, &decimal(water));
        }
    }

    /// Line integrals as 16 bits between the least and the greatest of the view.
    fn pixels(&self, file: &mut Elements, lines: &[f64]) {
        let low = lines.iter().copied().fold(f64::INFINITY, f64::min);
        let high = lines.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (intercept, slope) = (decimal(low), decimal((high - low) / 65535.0));
        // What a reader computes with is the text, rounded to 16 characters.
        let (offset, step) = match (intercept.parse::<f64>(), slope.parse::<f64>()) {
            (Ok(offset), Ok(step)) if step > 0.0 => (offset, step),
            _ => (low, 1.0),
        };
        let level = |p: f64| ((p - offset) / step).round().clamp(0.0, 65535.0) as u16;
        let pixels: Vec<u16> = self.columns(lines).into_iter().map(level).collect();
        file.short(standard::SAMPLES_PER_PIXEL, 1);
        file.text(standard::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
        // As published: the channels are the rows of the image, the detector's rows its columns.
        file.short(standard::ROWS, self.bins as u16);
        file.short(standard::COLUMNS, 1);
        file.short(standard::BITS_ALLOCATED, 16);
        file.short(standard::BITS_STORED, 16);
        file.short(standard::HIGH_BIT, 15);
        file.short(standard::PIXEL_REPRESENTATION, 0);
        file.text(standard::RESCALE_INTERCEPT, VR::DS, &intercept);
        file.text(
            standard::RESCALE_SLOPE,
            VR::DS,
            if step == 1.0 { "1" } else { &slope },
        );
        file.text(standard::RESCALE_TYPE, VR::LO, "US");
        let value = PrimitiveValue::U16(pixels.into());
        file.0
            .put(DataElement::new(standard::PIXEL_DATA, VR::OW, value));
    }

    /// Our own block: what gives the counts back.
    fn own(&self, file: &mut Elements, flats: &Flats, numbers: &Numbers) {
        let at = |element: u8| Tag(tags::OWN_GROUP, 0x1000 | u16::from(element));
        file.text(Tag(tags::OWN_GROUP, 0x0010), VR::LO, tags::OWN_CREATOR);
        for (element, values) in [
            (tags::OWN_FLAT, &flats.flat_mean),
            (tags::OWN_FLAT_VARIANCE, &flats.flat_variance),
            (tags::OWN_DARK, &flats.dark_mean),
            (tags::OWN_DARK_VARIANCE, &flats.dark_variance),
        ] {
            let mut values = self.columns(&values.to_vec());
            if values.iter().all(|x| *x == values[0]) {
                values.truncate(1);
            }
            file.floats(at(element), values);
        }
        let frames = [flats.flat_frames, flats.dark_frames].map(|n| n.min(65535) as u16);
        let frames = PrimitiveValue::U16(frames.as_slice().into());
        file.0
            .put(DataElement::new(at(tags::OWN_FRAMES), VR::US, frames));
        if let Some(counts) = &numbers.counts {
            file.floats(at(tags::OWN_COUNTS), self.columns(counts));
        }
    }
}

/// A set of elements, each put with its VR.
struct Elements(InMemDicomObject);

impl Elements {
    fn text(&mut self, tag: Tag, vr: VR, text: &str) {
        let value = PrimitiveValue::from(text);
        self.0.put(DataElement::new(tag, vr, value));
    }

    fn short(&mut self, tag: Tag, number: u16) {
        let value = PrimitiveValue::from(number);
        self.0.put(DataElement::new(tag, VR::US, value));
    }

    fn floats(&mut self, tag: Tag, numbers: Vec<f32>) {
        let value = PrimitiveValue::F32(numbers.into());
        self.0.put(DataElement::new(tag, VR::FL, value));
    }
}

/// A UID under the root for UUIDs.
fn uid(uuid: &Uuid) -> String {
    format!("2.25.{}", uuid.as_u128())
}

/// A number in at most 16 characters, with as many digits as fit.
fn decimal(x: f64) -> String {
    let plain = x.to_string();
    if plain.len() <= 16 {
        return plain;
    }
    let short = (0..=14).rev().map(|digits| format!("{x:.digits$e}"));
    short
        .into_iter()
        .find(|text| text.len() <= 16)
        .unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_fit_and_come_back() {
        for x in [
            0.0,
            1.0,
            -0.1,
            1.0 / 3.0,
            -1.0 / 3e9,
            123_456_789.123_456,
            1e-300,
        ] {
            let text = decimal(x);
            assert!(text.len() <= 16, "{text}");
            assert!(
                (text.parse::<f64>().unwrap() - x).abs() <= 1e-8 * x.abs(),
                "{text}"
            );
        }
    }

    #[test]
    fn the_rule_for_counts() {
        let flats = Flats::stated(4, 1000.0);
        let numbers = Numbers::of_counts(&[0.0, 1.0, 999.5, 12.0], &flats);
        assert_eq!(numbers.photons.unwrap()[..2], [0.5, 1.5]);
        assert!((numbers.lines[0] - 2000_f64.ln()).abs() < 1e-12 && numbers.lines[2].abs() < 1e-12);
        assert!(numbers.counts.is_none());
        // Electronic noise, or counts below the dark, are kept as they are.
        assert!(
            Numbers::of_counts(&[-3.0, 1.0, 2.0, 3.0], &flats)
                .counts
                .is_some()
        );
        let mut noisy = Flats::stated(4, 1000.0);
        noisy.dark_variance.fill(4.0);
        let numbers = Numbers::of_counts(&[7.5, 1.0, 2.0, 3.0], &noisy);
        assert!(numbers.counts.is_some());
        assert!((numbers.photons.unwrap()[0] - 64.0 / 12.0).abs() < 1e-6);
    }
}
