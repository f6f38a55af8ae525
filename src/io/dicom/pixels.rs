//! Stored pixels: of any transfer syntax, any number of bits, signed or not, made values of the modality.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use dicom_core::PrimitiveValue;
use dicom_core::value::Value;
use dicom_dictionary_std::{tags, uids};
use dicom_encoding::transfer_syntax::{Codec, TransferSyntax, TransferSyntaxIndex};
use dicom_object::DefaultDicomObject;
use dicom_pixeldata::PixelDecoder;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use ndarray::Array2;

use super::attributes::{View, open_image, unreadable};
use super::frame::{Frame, Values};
use super::guard::unsupported;
use super::rle;
use crate::io::IoError;

/// What Hounsfield scales call air, and what pixels outside a scan become.
const AIR_HU: f32 = -1000.0;
/// Nothing is thinner than air: lower values mark pixels outside the scan (-2000 and the like).
const EMPTY_HU: f64 = -1500.0;

/// A file whose frames are read.
pub(super) struct Pixels {
    path: PathBuf,
    object: DefaultDicomObject,
    frames: usize,
    side: [usize; 2],
    bits: Bits,
}

/// How a number is kept.
#[derive(Clone, Copy, Debug)]
struct Bits {
    bytes: usize,
    stored: u32,
    high: u32,
    signed: bool,
}

impl Bits {
    fn read(view: View) -> Option<Self> {
        let allocated = view.count(tags::BITS_ALLOCATED)?;
        let stored = view.count(tags::BITS_STORED).unwrap_or(allocated) as u32;
        let high = view
            .count(tags::HIGH_BIT)
            .map_or(stored.wrapping_sub(1), |h| h as u32);
        let bits = Self {
            bytes: allocated / 8,
            stored,
            high,
            signed: view.count(tags::PIXEL_REPRESENTATION) == Some(1),
        };
        let is_usable = matches!(allocated, 8 | 16 | 32)
            && stored >= 1
            && high + 1 >= stored
            && high < allocated as u32;
        is_usable.then_some(bits)
    }

    /// The number in the lowest `stored` bits, with its sign; what lies above is none of it (overlays).
    fn number(&self, raw: i64) -> i64 {
        let value = raw & ((1 << self.stored) - 1);
        match self.signed && value >> (self.stored - 1) == 1 {
            true => value - (1 << self.stored),
            false => value,
        }
    }
}

impl Pixels {
    /// Reads a file with its pixels, which stay compressed until they are asked for.
    pub fn open(path: &Path) -> Result<Self, IoError> {
        let object = open_image(path)?;
        let view = View::new(&object, 0);
        let bad = |expected: &str, found: String| {
            let remedy = "copy or export the file again";
            Err(IoError::new(path, expected, found, remedy))
        };
        let Some(bits) = Bits::read(view) else {
            let told = |tag| view.count(tag).map_or("none".to_owned(), |n| n.to_string());
            let [allocated, stored] = [tags::BITS_ALLOCATED, tags::BITS_STORED].map(told);
            return bad(
                "8, 16 or 32 bits a pixel",
                format!("{stored} bits in {allocated}"),
            );
        };
        let samples = view.count(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        if samples != 1 {
            return bad("one number a pixel", format!("{samples} (a colour image)"));
        }
        let side = [tags::ROWS, tags::COLUMNS].map(|tag| view.count(tag).unwrap_or(0));
        Ok(Self {
            path: path.to_owned(),
            frames: view.count(tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1),
            side,
            bits,
            object,
        })
    }

    /// The values of a frame, and how many of its pixels lie outside the scan.
    pub fn values(&self, frame: &Frame) -> Result<(Array2<f32>, usize), IoError> {
        let (bytes, shift) = self.bytes(frame.index)?;
        let mut empty = 0;
        let padding = frame.values.padding.map(|p| {
            let [a, b] = p.map(|v| self.bits.number(v));
            a.min(b)..=a.max(b)
        });
        let value = |raw: i64| {
            let stored = self.bits.number(raw >> shift);
            let is_padding = padding.as_ref().is_some_and(|p| p.contains(&stored));
            let (value, is_empty) = frame.values.of(stored, is_padding);
            empty += usize::from(is_empty);
            value
        };
        let raw = bytes.chunks_exact(self.bits.bytes).map(|b| {
            let byte = |k: usize| b.get(k).map_or(0, |v| i64::from(*v) << (8 * k));
            byte(0) | byte(1) | byte(2) | byte(3)
        });
        let data: Vec<f32> = raw.map(value).collect();
        let image = Array2::from_shape_vec(self.side, data);
        let image = image.map_err(|e| self.short(&e.to_string()))?;
        Ok((image, empty))
    }

    /// The bytes of a frame, little-endian, and how far its numbers are shifted up.
    fn bytes(&self, index: usize) -> Result<(Vec<u8>, u32), IoError> {
        let length = self.side[0] * self.side[1] * self.bits.bytes;
        let Some(element) = self.object.get(tags::PIXEL_DATA) else {
            return Err(self.short("no pixels (PixelData)"));
        };
        let range = index * length..(index + 1) * length;
        let primitive = match element.value() {
            Value::Primitive(value) => value,
            Value::PixelSequence(fragments) if self.is_rle() => {
                let fragment = fragments.fragments().get(index);
                let pixels = self.side[0] * self.side[1];
                let decoded = fragment.and_then(|f| rle::decode(f, pixels, self.bits.bytes));
                return Ok((decoded.ok_or_else(|| self.short("a damaged RLE image"))?, 0));
            }
            _ => return Ok((self.decoded(index, length)?, 0)),
        };
        let bytes = match primitive {
            PrimitiveValue::U8(bytes) => bytes.get(range).map(<[u8]>::to_vec),
            PrimitiveValue::U16(words) => {
                let words = words.get(range.start / 2..range.end.div_ceil(2));
                let bytes = words.map(|w| w.iter().flat_map(|w| w.to_le_bytes()).collect());
                bytes.map(|bytes: Vec<u8>| bytes[range.start % 2..][..length].to_vec())
            }
            _ => None,
        };
        let Some(bytes) = bytes else {
            let found = format!(
                "{} bytes for {} frames",
                primitive.calculate_byte_len(),
                self.frames
            );
            return Err(self.short(&found));
        };
        Ok((bytes, self.bits.high + 1 - self.bits.stored))
    }

    fn is_rle(&self) -> bool {
        self.object.meta().transfer_syntax() == uids::RLE_LOSSLESS
    }

    /// Decompresses one frame.
    fn decoded(&self, index: usize, length: usize) -> Result<Vec<u8>, IoError> {
        let uid = self.object.meta().transfer_syntax();
        let syntax: Option<&TransferSyntax> = TransferSyntaxRegistry.get(uid);
        if !syntax.is_some_and(|s| matches!(s.codec(), Codec::EncapsulatedPixelData(Some(_), _))) {
            return Err(unsupported(
                &self.path,
                syntax.map_or(uid, |s| s.name()),
                uid,
            ));
        }
        // Decoders have been known to panic on damaged streams.
        let decode = || self.object.decode_pixel_data_frame(index as u32);
        let decoded = match catch_unwind(AssertUnwindSafe(decode)) {
            Ok(Ok(decoded)) => decoded.into_data(),
            Ok(Err(e)) => {
                let mut error = unreadable(&self.path, &e);
                let name = syntax.map_or(uid, |s| s.name());
                error.expected = format!("pixels compressed by {name}");
                error.remedy = "decompress it first (gdcmconv --raw old.dcm new.dcm), \
                                or copy it again"
                    .to_owned();
                return Err(error);
            }
            Err(_) => return Err(self.short("a damaged compressed image")),
        };
        match decoded.len() == length {
            true => Ok(decoded),
            false => Err(self.short(&format!("{} bytes decompressed", decoded.len()))),
        }
    }

    fn short(&self, found: &str) -> IoError {
        let ([rows, columns], bytes) = (self.side, self.bits.bytes);
        let expected = format!("{rows} x {columns} pixels of {bytes} bytes");
        IoError::new(&self.path, expected, found, "copy or export the file again")
    }
}

impl Values {
    /// A value of the modality, and whether its pixel lies outside the scan.
    fn of(&self, stored: i64, is_padding: bool) -> (f32, bool) {
        let value = self.slope * stored as f64 + self.intercept;
        match self.hounsfield {
            true if is_padding || value <= EMPTY_HU => (AIR_HU, true),
            false if is_padding && stored != 0 => (0.0, true),
            _ => (value as f32, false),
        }
    }

    /// The value of a place that no slice shows.
    pub fn outside(&self) -> f32 {
        if self.hounsfield { AIR_HU } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_extended_from_the_highest_stored_bit() {
        let bits = |stored, signed| Bits {
            bytes: 2,
            stored,
            high: stored - 1,
            signed,
        };
        assert_eq!(bits(12, true).number(0x0fff), -1);
        assert_eq!(bits(12, true).number(0xf800), -2048);
        assert_eq!(bits(12, false).number(0xf800), 2048);
        assert_eq!(bits(16, true).number(0x8000), -32768);
        assert_eq!(bits(16, true).number(-2000), -2000);
        assert_eq!(bits(16, false).number(-2000), 63536);
        assert_eq!(bits(32, true).number(0xffff_ffff), -1);
    }
}
