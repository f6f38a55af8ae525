//! A data set that is being made: each value goes in with the type that the dictionary gives its attribute.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::header::Header;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

/// A data set.
pub(super) struct Dataset(pub InMemDicomObject);

impl Default for Dataset {
    fn default() -> Self {
        Self(InMemDicomObject::new_empty())
    }
}

/// The type of an attribute; that of pixel values is signed or not, as they are.
fn vr(tag: Tag, signed: bool) -> VR {
    match StandardDataDictionary.by_tag(tag).map(|e| e.vr()) {
        Some(VirtualVr::Exact(vr)) => vr,
        Some(VirtualVr::Xs) if signed => VR::SS,
        Some(VirtualVr::Xs) => VR::US,
        Some(other) => other.relaxed(),
        None => VR::UN,
    }
}

/// Whether an element read from a file has the dictionary's type (files of old have had others).
pub(super) fn keeps_its_type(element: &InMemElement) -> bool {
    element.vr() == vr(element.tag(), false)
}

/// How many characters a value may have.
fn longest(vr: VR) -> usize {
    match vr {
        VR::AE | VR::CS | VR::DS | VR::SH => 16,
        VR::IS => 12,
        VR::LO | VR::UI | VR::PN => 64,
        VR::ST => 1024,
        _ => 10_240,
    }
}

impl Dataset {
    /// Text; cut to what its type holds, without line breaks, and without backslashes where they part values.
    pub fn text(&mut self, tag: Tag, value: &str) {
        self.texts(tag, &[value]);
    }

    /// Several values.
    pub fn texts(&mut self, tag: Tag, values: &[&str]) {
        let vr = vr(tag, false);
        let (length, whole) = (longest(vr), matches!(vr, VR::ST | VR::LT | VR::UT));
        let allowed = |c: &char| !c.is_control() && (whole || *c != '\\');
        let clean = |v: &&str| v.chars().filter(allowed).take(length).collect::<String>();
        let text = values.iter().map(clean).collect::<Vec<_>>().join("\\");
        self.0
            .put(DataElement::new(tag, vr, PrimitiveValue::from(text)));
    }

    /// Numbers: decimal text, or floating.
    pub fn numbers(&mut self, tag: Tag, values: &[f64]) {
        let vr = vr(tag, false);
        let value = match vr {
            VR::FD => PrimitiveValue::F64(values.into()),
            VR::FL => PrimitiveValue::F32(values.iter().map(|&v| v as f32).collect()),
            _ => {
                let text: Vec<String> = values.iter().map(|&v| decimal(v)).collect();
                PrimitiveValue::from(text.join("\\"))
            }
        };
        self.0.put(DataElement::new(tag, vr, value));
    }

    /// A number that is not always known; empty if it is not.
    pub fn number_or_empty(&mut self, tag: Tag, value: Option<f64>) {
        match value.filter(|v| v.is_finite()) {
            Some(value) => self.numbers(tag, &[value]),
            None => self.empty(tag),
        }
    }

    /// An integer: decimal text, or of 16 bits.
    pub fn integer(&mut self, tag: Tag, value: i64) {
        let vr = vr(tag, value < 0);
        let value = match vr {
            VR::US => PrimitiveValue::from(value as u16),
            VR::SS => PrimitiveValue::from(value as i16),
            VR::UL => PrimitiveValue::from(value as u32),
            _ => PrimitiveValue::from(value.to_string()),
        };
        self.0.put(DataElement::new(tag, vr, value));
    }

    /// An integer of the type of the pixels.
    pub fn pixel_value(&mut self, tag: Tag, value: i16, signed: bool) {
        let number = match signed {
            true => PrimitiveValue::from(value),
            false => PrimitiveValue::from(value as u16),
        };
        self.0.put(DataElement::new(tag, vr(tag, signed), number));
    }

    /// Pixels of 16 bits; the sign is told elsewhere.
    pub fn words(&mut self, tag: Tag, words: Vec<i16>) {
        let words = words.into_iter().map(|w| w as u16).collect();
        self.0
            .put(DataElement::new(tag, VR::OW, PrimitiveValue::U16(words)));
    }

    /// An attribute without value.
    pub fn empty(&mut self, tag: Tag) {
        self.0
            .put(DataElement::new(tag, vr(tag, false), PrimitiveValue::Empty));
    }

    /// Data sets within this one.
    pub fn sequence(&mut self, tag: Tag, items: Vec<Dataset>) {
        let items: Vec<_> = items.into_iter().map(|item| item.0).collect();
        self.0
            .put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
    }

    /// An element of another data set.
    pub fn copy(&mut self, element: &InMemElement) {
        self.0.put(element.clone());
    }

    /// Whether there is such an attribute.
    pub fn has(&self, tag: Tag) -> bool {
        self.0.get(tag).is_some()
    }
}

/// A number in at most 16 characters, as near as they allow.
pub(super) fn decimal(value: f64) -> String {
    let shortest = format!("{value}");
    if shortest.len() <= 16 {
        return shortest;
    }
    let fixed = (0..16).map(|digits| format!("{value:.digits$}"));
    let floating = (0..16).map(|digits| format!("{value:.digits$e}"));
    let error = |text: &String| (text.parse::<f64>().unwrap_or(f64::MAX) - value).abs();
    let fitting = fixed.chain(floating).filter(|text| text.len() <= 16);
    fitting
        .min_by(|a, b| error(a).total_cmp(&error(b)))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::testing::random;

    #[test]
    fn decimals_fit_and_keep_eleven_digits() {
        for exponent in -40..40 {
            for z in random(20) {
                let value = f64::from(z.re) * 10_f64.powi(exponent);
                let text = decimal(value);
                assert!(text.len() <= 16, "{text}");
                let back: f64 = text.parse().unwrap();
                assert!((back - value).abs() <= 1e-8 * value.abs(), "{text} {value}");
            }
        }
        assert_eq!(decimal(0.7), "0.7");
        assert_eq!(decimal(-1000.0), "-1000");
        assert_eq!(decimal(1.0 / 3.0), "0.33333333333333");
    }
}
