//! A walk over the elements of a DICOM file before it is read: every length must fit into the file.
//!
//! A damaged length of 4 GiB would be allocated and zeroed by the reader before it fails, and a deep nest of
//! sequences would overflow its stack. Both are found here, and so are truncated files, with their names.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use super::IoError;

/// Sequences within sequences; real files have fewer than ten.
const MAX_DEPTH: usize = 64;
const UNDEFINED: u32 = u32::MAX;

const IMPLICIT_LITTLE: &str = "1.2.840.10008.1.2";
const EXPLICIT_BIG: &str = "1.2.840.10008.1.2.2";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";

/// Checks every length; gives the transfer syntax.
pub(super) fn check(path: &Path) -> Result<String, IoError> {
    let fail = |e| IoError::reading(path, &e);
    let file = File::open(path).map_err(fail)?;
    let end = file.metadata().map_err(fail)?.len();
    let mut walk = Walk {
        path,
        file: BufReader::new(file),
        at: 0,
        end,
        big: false,
        stack: Vec::new(),
    };
    let syntax = walk.meta()?;
    walk.big = syntax == EXPLICIT_BIG;
    if syntax == DEFLATED {
        return Err(IoError::new(
            path,
            "DICOM that is not compressed as a whole",
            "the transfer syntax Deflated Explicit VR Little Endian",
            "convert it first: dcmconv +te IN OUT",
        ));
    }
    let outer = Level {
        end,
        implicit: syntax == IMPLICIT_LITTLE,
        fragments: false,
    };
    walk.elements(outer)?;
    Ok(syntax)
}

/// An error of the DICOM library as ours, with its causes.
pub(super) fn failed(path: &Path, cause: &dyn std::error::Error) -> IoError {
    let mut text = cause.to_string();
    let mut next = cause.source();
    while let Some(inner) = next {
        text = format!("{text}: {inner}");
        next = inner.source();
    }
    let remedy = "the file is damaged or not whole: copy it again from its source";
    IoError::new(path, "a readable DICOM file", text, remedy)
}

struct Walk<'a> {
    path: &'a Path,
    file: BufReader<File>,
    at: u64,
    end: u64,
    big: bool,
    stack: Vec<Level>,
}

/// What is being walked through: the file, a sequence or an item.
#[derive(Clone, Copy)]
struct Level {
    /// Where it ends; the end of the file where only a delimiter tells.
    end: u64,
    /// Whether elements have no VR.
    implicit: bool,
    /// Whether items hold bytes (of encapsulated pixels) and not elements.
    fragments: bool,
}

/// The head of an element.
struct Head {
    tag: Tag,
    vr: Option<VR>,
    length: u32,
}

impl Walk<'_> {
    /// The preamble and group 2, always explicit and little-endian.
    fn meta(&mut self) -> Result<String, IoError> {
        let mut magic = [0; 132];
        self.take(&mut magic)?;
        if &magic[128..] != b"DICM" {
            return Err(IoError::new(
                self.path,
                "a DICOM file (DICM at byte 128)",
                "other content",
                "check what the file is with `annulus inspect`",
            ));
        }
        let mut syntax = String::new();
        while self.at + 2 <= self.end {
            let mut group = [0; 2];
            let at = self.at;
            self.take(&mut group)?;
            self.seek(at)?;
            if u16::from_le_bytes(group) != 2 {
                break;
            }
            let head = self.head(false)?;
            if head.tag == Tag(0x0002, 0x0010) && head.length <= 64 {
                let mut bytes = vec![0; head.length as usize];
                self.take(&mut bytes)?;
                syntax = String::from_utf8_lossy(&bytes)
                    .trim_end_matches(['\0', ' '])
                    .to_owned();
            } else {
                self.skip(&head)?;
            }
        }
        Ok(syntax)
    }

    fn elements(&mut self, outer: Level) -> Result<(), IoError> {
        self.stack.push(outer);
        while let Some(&level) = self.stack.last() {
            if self.at >= level.end {
                self.stack.pop();
                continue;
            }
            if self.stack.len() == 1 && self.only_zeros_follow()? {
                return Ok(());
            }
            let head = self.head(level.implicit)?;
            match (head.tag, head.length) {
                (Tag(0xfffe, 0xe00d | 0xe0dd), _) => {
                    // The outermost level has no delimiter; a stray one is the reader's business.
                    if self.stack.len() > 1 {
                        self.stack.pop();
                    }
                }
                (Tag(0xfffe, 0xe000), _) if level.fragments => self.skip(&head)?,
                (Tag(0xfffe, 0xe000), length) => self.descend(level, &head, length)?,
                (_, UNDEFINED) => {
                    let fragments = head.tag == Tag(0x7fe0, 0x0010);
                    // A sequence of unknown VR holds implicit elements (CP 246).
                    let implicit = level.implicit || head.vr == Some(VR::UN);
                    let inner = Level {
                        end: self.end,
                        implicit,
                        fragments,
                    };
                    self.push(inner, &head)?;
                }
                (_, length) if head.vr == Some(VR::SQ) => self.descend(level, &head, length)?,
                _ => self.skip(&head)?,
            }
        }
        Ok(())
    }

    /// Whether the file ends in zeros from here: some programs leave them behind the last element.
    fn only_zeros_follow(&mut self) -> Result<bool, IoError> {
        let at = self.at;
        let mut bytes = [0; 4096];
        let mut zeros = true;
        while zeros && self.at < self.end {
            let count = (self.end - self.at).min(bytes.len() as u64) as usize;
            // Elements begin with a tag that is not 0: four bytes tell almost always.
            let count = if self.at == at { count.min(4) } else { count };
            self.take(&mut bytes[..count])?;
            zeros = bytes[..count].iter().all(|b| *b == 0);
        }
        if !zeros {
            self.seek(at)?;
        }
        Ok(zeros)
    }

    /// Goes into a sequence or an item of known or unknown length.
    fn descend(&mut self, level: Level, head: &Head, length: u32) -> Result<(), IoError> {
        let mut inner = Level {
            end: self.end,
            fragments: false,
            ..level
        };
        if length != UNDEFINED {
            self.fits(head)?;
            inner.end = self.at + u64::from(length);
        }
        self.push(inner, head)
    }

    fn push(&mut self, level: Level, head: &Head) -> Result<(), IoError> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(IoError::new(
                self.path,
                format!("at most {MAX_DEPTH} sequences within each other"),
                format!("more at {}", head.tag),
                "the file is damaged: copy it again from its source",
            ));
        }
        self.stack.push(level);
        Ok(())
    }

    fn head(&mut self, implicit: bool) -> Result<Head, IoError> {
        let tag = Tag(self.u16()?, self.u16()?);
        if tag.group() == 0xfffe {
            let length = self.u32()?;
            return Ok(Head {
                tag,
                vr: None,
                length,
            });
        }
        if implicit {
            let entry = StandardDataDictionary.by_tag(tag);
            let vr = entry.map(|entry| entry.vr().relaxed());
            let length = self.u32()?;
            return Ok(Head { tag, vr, length });
        }
        let mut letters = [0; 2];
        self.take(&mut letters)?;
        let vr = VR::from_binary(letters).ok_or_else(|| {
            IoError::new(
                self.path,
                format!("the VR of the element {tag}"),
                format!("the bytes {letters:?}"),
                "the file is damaged: copy it again from its source",
            )
        })?;
        use VR::{OB, OD, OF, OL, OV, OW, SQ, SV, UC, UN, UR, UT, UV};
        let long = matches!(
            vr,
            OB | OD | OF | OL | OV | OW | SQ | SV | UC | UN | UR | UT | UV
        );
        let length = match long {
            true => {
                self.u16()?;
                self.u32()?
            }
            false => u32::from(self.u16()?),
        };
        Ok(Head {
            tag,
            vr: Some(vr),
            length,
        })
    }

    fn skip(&mut self, head: &Head) -> Result<(), IoError> {
        self.fits(head)?;
        self.seek(self.at + u64::from(head.length))
    }

    fn fits(&self, head: &Head) -> Result<(), IoError> {
        let left = self.end - self.at;
        if u64::from(head.length) <= left {
            return Ok(());
        }
        Err(IoError::new(
            self.path,
            format!("{} bytes of the element {}", head.length, head.tag),
            format!("{left} bytes before the end of the file"),
            "the file is truncated or damaged: copy it again from its source",
        ))
    }

    fn u16(&mut self) -> Result<u16, IoError> {
        let mut bytes = [0; 2];
        self.take(&mut bytes)?;
        Ok(if self.big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    fn u32(&mut self) -> Result<u32, IoError> {
        let mut bytes = [0; 4];
        self.take(&mut bytes)?;
        Ok(if self.big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    fn take(&mut self, bytes: &mut [u8]) -> Result<(), IoError> {
        let read = self.file.read_exact(bytes);
        read.map_err(|e| IoError::reading(self.path, &e))?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn seek(&mut self, to: u64) -> Result<(), IoError> {
        let by = to as i64 - self.at as i64;
        self.file
            .seek_relative(by)
            .map_err(|e| IoError::reading(self.path, &e))?;
        self.at = to;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::testing::message;

    /// The preamble and a transfer syntax, then the given bytes.
    fn file(syntax: &str, rest: &[u8]) -> tempfile::NamedTempFile {
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM\x02\x00\x10\x00UI");
        let padded = format!("{syntax}{}", if syntax.len() % 2 == 1 { "\0" } else { "" });
        bytes.extend((padded.len() as u16).to_le_bytes());
        bytes.extend(padded.as_bytes());
        bytes.extend(rest);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    const EXPLICIT: &str = "1.2.840.10008.1.2.1";

    #[test]
    fn a_length_beyond_the_end_is_an_error_and_no_allocation() {
        let huge = file(EXPLICIT, b"\xe0\x7f\x10\x00OW\0\0\xf0\xff\xff\xff\x01\x02");
        let text = message(check(huge.path()));
        assert!(
            text.contains("4294967280 bytes of the element (7FE0,0010)"),
            "{text}"
        );
        let implicit = file(IMPLICIT_LITTLE, b"\x31\x70\x01\x10\xff\0\0\0\x01\x02");
        assert!(message(check(implicit.path())).contains("255 bytes"));
        let big = file(EXPLICIT_BIG, b"\x00\x28\x00\x10US\x00\x02\x01\x02");
        assert_eq!(check(big.path()).unwrap(), EXPLICIT_BIG);
        assert!(message(check(file(DEFLATED, b"abc").path())).contains("dcmconv"));
    }

    #[test]
    fn sequences_are_walked_into_but_not_without_end() {
        let inner = b"\x08\x00\x60\x00CS\x02\x00CT";
        let item = [b"\xfe\xff\x00\xe0\x0a\0\0\0".as_slice(), inner].concat();
        let known = [b"\x08\x00\x40\x11SQ\0\0\x12\0\0\0".as_slice(), &item].concat();
        assert!(check(file(EXPLICIT, &known).path()).is_ok());
        let mut damaged = known.clone();
        damaged[26] = 0xf0;
        assert!(message(check(file(EXPLICIT, &damaged).path())).contains("240 bytes"));
        let open = [
            b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff".as_slice(),
            b"\xfe\xff\x00\xe0\xff\xff\xff\xff",
        ]
        .concat();
        let deep = open.repeat(40_000);
        assert!(message(check(file(EXPLICIT, &deep).path())).contains("within each other"));
    }

    #[test]
    fn zeros_behind_the_last_element_are_no_element() {
        let element = b"\x28\x00\x10\x00US\x02\x00\x01\x02".as_slice();
        let padded = [element, &[0; 9001]].concat();
        assert!(check(file(EXPLICIT, &padded).path()).is_ok());
        let damaged = [&padded, element].concat();
        assert!(message(check(file(EXPLICIT, &damaged).path())).contains("(0000,0000)"));
    }

    #[test]
    fn encapsulated_pixels_are_bytes_and_no_elements() {
        let pixels = [
            b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff".as_slice(),
            b"\xfe\xff\x00\xe0\0\0\0\0",
            b"\xfe\xff\x00\xe0\x04\0\0\0\xff\xff\xff\xff",
            b"\xfe\xff\xdd\xe0\0\0\0\0",
        ]
        .concat();
        assert!(check(file("1.2.840.10008.1.2.4.70", &pixels).path()).is_ok());
    }
}
