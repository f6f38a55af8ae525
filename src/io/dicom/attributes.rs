//! The attributes of one image: those of its own frame first, then those that all frames share, then the file's.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use dicom_core::header::{HasLength, Header};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::mem::InMemElement;
use dicom_object::{DefaultDicomObject, InMemDicomObject, OpenFileOptions};

use super::guard;
use crate::io::IoError;

/// Reads everything in front of the pixels.
pub(super) fn open_head(path: &Path) -> Result<DefaultDicomObject, IoError> {
    let end = guard::check(path)?.start;
    open(
        path,
        OpenFileOptions::new().read_until(tags::PIXEL_DATA),
        end,
    )
}

/// Reads everything up to the pixels and these.
pub(super) fn open_image(path: &Path) -> Result<DefaultDicomObject, IoError> {
    let end = guard::check(path)?.end;
    open(path, OpenFileOptions::new().read_to(tags::PIXEL_DATA), end)
}

fn open(path: &Path, options: OpenFileOptions, end: u64) -> Result<DefaultDicomObject, IoError> {
    let file = File::open(path).map_err(|e| IoError::reading(path, &e))?;
    let opened = options.from_reader(file.take(end));
    opened.map_err(|e| unreadable(path, &e))
}

/// The causes of a failure on one line.
pub(super) fn unreadable(path: &Path, error: &dyn std::error::Error) -> IoError {
    let mut found = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        found = format!("{found}: {inner}");
        cause = inner.source();
    }
    IoError::new(
        path,
        "a DICOM image",
        found,
        "copy or export the file again",
    )
}

/// A look at the attributes of one frame.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    own: Option<&'a InMemDicomObject>,
    shared: Option<&'a InMemDicomObject>,
    file: &'a InMemDicomObject,
}

impl<'a> View<'a> {
    /// Of one frame (from 0) of a file.
    pub fn new(file: &'a InMemDicomObject, frame: usize) -> Self {
        let group = |tag, k: usize| file.get(tag)?.items()?.get(k);
        Self {
            own: group(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frame),
            shared: group(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, 0),
            file,
        }
    }

    /// The element that counts for this frame; none if it is empty.
    pub fn find(&self, tag: Tag) -> Option<&'a InMemElement> {
        // Vendors keep whole classic heads in private sequences: those do not count.
        let standard = |e: &&InMemElement| e.tag().group() % 2 == 0;
        let within = |group: &'a InMemDicomObject| {
            let items = group
                .iter()
                .filter(standard)
                .filter_map(|e| e.items()?.first());
            items.filter_map(|item| item.get(tag)).next()
        };
        let grouped = [self.own, self.shared]
            .into_iter()
            .flatten()
            .find_map(within);
        let found = grouped.or_else(|| self.file.get(tag))?;
        (!found.is_empty()).then_some(found)
    }

    /// Text without its padding; several values are joined by backslashes.
    pub fn text(&self, tag: Tag) -> Option<String> {
        let text = self.find(tag)?.to_str().ok()?;
        let text = text.trim_matches([' ', '\0']);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Finite numbers; none if one of them is no number.
    pub fn numbers(&self, tag: Tag) -> Option<Vec<f64>> {
        // Bytes of an unknown type would be taken for numbers, one by one.
        let element = self.find(tag).filter(|e| e.vr() != VR::UN)?;
        let numbers = element.to_multi_float64().ok()?;
        (!numbers.is_empty() && numbers.iter().all(|x| x.is_finite())).then_some(numbers)
    }

    /// The first of the numbers.
    pub fn number(&self, tag: Tag) -> Option<f64> {
        self.numbers(tag)?.first().copied()
    }

    /// An exact count of numbers.
    pub fn vector<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        self.numbers(tag)?.try_into().ok()
    }

    /// A count, e.g. of rows.
    pub fn count(&self, tag: Tag) -> Option<usize> {
        let element = self.find(tag).filter(|e| e.vr() != VR::UN)?;
        element.to_int::<u32>().ok().map(|n| n as usize)
    }
}
