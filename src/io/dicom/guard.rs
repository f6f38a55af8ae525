//! A walk over the elements of a file before anything of it is read: every length is held against what is left.
//!
//! The reader of data sets makes room for a value before it reads it, and goes one call deeper for each nested
//! sequence: a damaged length costs gigabytes, a malicious nesting the stack. Both are found here first. The
//! headers are decoded by the same decoder, so that both see the same elements.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use dicom_core::Tag;
use dicom_core::header::{DataElementHeader, Header};
use dicom_dictionary_std::tags;
use dicom_encoding::decode::{Decode, DecodeFrom};
use dicom_encoding::decode::{Error as DecodeError, file_header_decoder};
use dicom_encoding::transfer_syntax::{Codec, TransferSyntaxIndex};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use crate::io::IoError;

/// Sequences within sequences; real files have less than ten.
const DEEPEST: usize = 64;
/// What a deflated data set may inflate to.
const MOST_INFLATED: u64 = 1 << 30;
/// Preamble and mark.
const PREAMBLE: u64 = 132;

const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);

/// Whether a file has DICOM's mark behind the preamble.
pub(super) fn is_dicom(path: &Path) -> Result<bool, IoError> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(|e| IoError::reading(path, &e))?;
    let read = file.take(PREAMBLE).read_to_end(&mut start);
    read.map_err(|e| IoError::reading(path, &e))?;
    Ok(start.ends_with(b"DICM") && start.len() as u64 == PREAMBLE)
}

/// Checks a file up to the end of its pixel data and says where they start and end.
///
/// What lies behind them is nobody's business: some files have megabytes of zeros there. A deflated file has no
/// such places, its ends are those of the file.
pub(super) fn check(path: &Path) -> Result<Range<u64>, IoError> {
    let fail = |e| IoError::reading(path, &e);
    if !is_dicom(path)? {
        let remedy = "name a DICOM file (part 10), or convert an older one: dcmconv old new";
        let expected = "DICOM's mark after 128 bytes";
        return Err(IoError::new(path, expected, "other bytes", remedy));
    }
    let file = File::open(path).map_err(fail)?;
    let end = file.metadata().map_err(fail)?.len();
    let mut walk = Walk::new(path, BufReader::new(file), end);
    walk.seek(PREAMBLE)?;
    let uid = walk.meta()?;
    let syntax = TransferSyntaxRegistry.get(&uid);
    let name = syntax.map_or(uid.as_str(), |s| s.name());
    let unknown = || unsupported(path, name, &uid);
    let syntax = syntax.ok_or_else(unknown)?;
    let Codec::Dataset(Some(adapter)) = syntax.codec() else {
        return walk.data_set(&*syntax.decoder_for().ok_or_else(unknown)?);
    };
    let mut inflated = Vec::new();
    let source = adapter.adapt_reader(Box::new(walk.source));
    let read = source.take(MOST_INFLATED).read_to_end(&mut inflated);
    read.map_err(fail)?;
    let length = inflated.len() as u64;
    let decoder = syntax.decoder_for().ok_or_else(unknown)?;
    Walk::new(path, Cursor::new(inflated), length).data_set(&*decoder)?;
    Ok(end..end)
}

/// A transfer syntax that is not read, with a way to convert it.
pub(super) fn unsupported(path: &Path, name: &str, uid: &str) -> IoError {
    let remedy = "decompress it first: gdcmconv --raw old.dcm new.dcm \
                  (or dcmdjpls for JPEG-LS, dcmdjpeg for JPEG, of dcmtk)";
    let found = if name == uid {
        format!("transfer syntax {uid}")
    } else {
        format!("transfer syntax {name} ({uid})")
    };
    IoError::new(path, "a transfer syntax that is read here", found, remedy)
}

/// A sequence, an item, or a list of fragments that is open.
struct Open {
    end: u64,
    /// Whether an end must be marked.
    undefined: bool,
    /// Items hold bytes, not elements.
    fragments: bool,
}

struct Walk<'p, S> {
    path: &'p Path,
    source: S,
    at: u64,
    end: u64,
    open: Vec<Open>,
}

impl<'p, S: Read + Seek> Walk<'p, S> {
    fn new(path: &'p Path, source: S, end: u64) -> Self {
        Self {
            path,
            source,
            at: 0,
            end,
            open: Vec::new(),
        }
    }

    fn seek(&mut self, to: u64) -> Result<(), IoError> {
        // Relative, so that a buffer is not thrown away for a few bytes.
        let step = to as i64 - self.at as i64;
        let moved = self.source.seek(SeekFrom::Current(step));
        moved.map_err(|e| IoError::reading(self.path, &e))?;
        self.at = to;
        Ok(())
    }

    /// Walks over the file's meta group and gives the transfer syntax.
    fn meta(&mut self) -> Result<String, IoError> {
        let decoder = file_header_decoder();
        let mut uid = String::new();
        while self.at < self.end {
            let start = self.at;
            let decoded = Decode::decode_header(&decoder, &mut self.source);
            let Some((header, length)) = self.decoded(decoded)? else {
                break;
            };
            self.at = start + length;
            if header.tag.group() != 2 {
                self.seek(start)?;
                break;
            }
            let length = self.fitting(&header, self.end)?;
            if header.tag == tags::TRANSFER_SYNTAX_UID && length <= 64 {
                let mut bytes = vec![0; length as usize];
                let read = self.source.read_exact(&mut bytes);
                read.map_err(|e| IoError::reading(self.path, &e))?;
                self.at += length;
                let text = String::from_utf8_lossy(&bytes);
                uid = text.trim_end_matches(['\0', ' ']).to_owned();
            } else {
                self.seek(self.at + length)?;
            }
        }
        match uid.is_empty() {
            false => Ok(uid),
            true => Err(self.broken("a transfer syntax in the file's head", "none")),
        }
    }

    /// Walks to the pixel data and gives their place; the end of the file where there are none.
    fn data_set(&mut self, decoder: &dyn DecodeFrom<S>) -> Result<Range<u64>, IoError> {
        let mut pixels = self.end;
        while self.at < self.end {
            while self.open.last().is_some_and(|o| self.at >= o.end) {
                self.open.pop();
            }
            let decoded = decoder.decode_header(&mut self.source);
            let Some((header, length)) = self.decoded(decoded)? else {
                return Ok(self.end..self.end);
            };
            if header.tag == tags::PIXEL_DATA && self.open.is_empty() {
                pixels = self.at;
            }
            self.at += length;
            if self.element(&header)? {
                return Ok(pixels..self.at);
            }
        }
        match self.open.iter().any(|o| o.undefined) {
            false => Ok(self.end..self.end),
            true => Err(self.truncated("a sequence that goes on")),
        }
    }

    /// Enters or skips what a header announces; true at the end of the pixel data.
    fn element(&mut self, header: &DataElementHeader) -> Result<bool, IoError> {
        let within = self.open.last().map_or(self.end, |o| o.end);
        let in_fragments = self.open.last().is_some_and(|o| o.fragments);
        match header.tag {
            ITEM_END | SEQUENCE_END => {
                self.open.pop();
                return Ok(in_fragments && self.open.is_empty());
            }
            ITEM if in_fragments => {
                let length = self.fitting(header, within)?;
                self.seek(self.at + length)?;
            }
            _ if header.len.is_undefined() || header.is_non_primitive() || header.tag == ITEM => {
                let end = match header.len.is_undefined() {
                    true => within,
                    false => self.at + self.fitting(header, within)?,
                };
                self.open.push(Open {
                    end,
                    undefined: header.len.is_undefined(),
                    fragments: header.is_encapsulated_pixeldata(),
                });
                if self.open.len() > DEEPEST {
                    return Err(self.broken("sequences at most 64 deep", "deeper ones"));
                }
            }
            _ => {
                let length = self.fitting(header, within)?;
                self.seek(self.at + length)?;
                return Ok(header.tag == tags::PIXEL_DATA && self.open.is_empty());
            }
        }
        Ok(false)
    }

    /// The length of an element, which must end within its container.
    fn fitting(&self, header: &DataElementHeader, within: u64) -> Result<u64, IoError> {
        let length = header.len.get().map(u64::from);
        match length.filter(|l| self.at.checked_add(*l).is_some_and(|end| end <= within)) {
            Some(length) => Ok(length),
            None => Err(self.truncated(&format!("{} of {} bytes", header.tag, header.len.0))),
        }
    }

    /// A header with its length in bytes; nothing at the end of the file.
    fn decoded(
        &self,
        decoded: Result<(DataElementHeader, usize), DecodeError>,
    ) -> Result<Option<(DataElementHeader, u64)>, IoError> {
        match decoded {
            Ok((header, length)) => Ok(Some((header, length as u64))),
            Err(DecodeError::ReadHeaderTag { .. }) if self.at + 4 > self.end => Ok(None),
            Err(_) if self.end - self.at < 12 => Err(self.truncated("the head of an element")),
            Err(e) => Err(self.broken("an element", e)),
        }
    }

    fn truncated(&self, what: &str) -> IoError {
        let left = self.end.saturating_sub(self.at);
        self.broken(
            "whole elements",
            format!("{what} where {left} bytes are left (truncated, or a damaged length)"),
        )
    }

    fn broken(&self, expected: &str, found: impl std::fmt::Display) -> IoError {
        let remedy = "copy or export the file again";
        IoError::new(
            self.path,
            expected,
            format!("{found}, at byte {}", self.at),
            remedy,
        )
    }
}
