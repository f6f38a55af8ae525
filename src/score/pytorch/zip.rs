//! The table of contents of an uncompressed ZIP archive, every number checked against the file's size.

use super::{CheckpointError, format_error};
use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

/// Where a record's bytes lie in the file.
#[derive(Debug, Clone, Copy)]
struct Entry {
    header: u64,
    size: u64,
    /// Neither compressed nor encrypted: torch.save leaves records so, torch.jit.save compresses its code.
    plain: bool,
}

/// Records by name; bytes are read when asked for.
pub(super) struct Archive<R> {
    file: R,
    length: u64,
    entries: HashMap<String, Entry>,
}

const END: [u8; 4] = *b"PK\x05\x06";
const END64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR64: [u8; 4] = *b"PK\x06\x07";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// Longest table of contents that is read at once.
const MOST_TABLE: u64 = 64 << 20;

fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let part = bytes.get(at..at.checked_add(width)?)?;
    Some(part.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
}

fn damaged(what: &str) -> CheckpointError {
    CheckpointError::Format(format!("the archive is cut short or damaged: {what}"))
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the table of contents.
    pub(super) fn open(mut file: R) -> Result<Self, CheckpointError> {
        let length = file.seek(SeekFrom::End(0))?;
        let mut archive = Archive {
            file,
            length,
            entries: HashMap::new(),
        };
        let (start, size) = archive.table()?;
        let inside = start.checked_add(size).is_some_and(|end| end <= length);
        if !inside || size > MOST_TABLE {
            return Err(damaged("its table of contents lies outside the file"));
        }
        let table = archive.bytes(start, size)?;
        archive.list(&table)?;
        Ok(archive)
    }

    /// `size` bytes from `start`, which must lie inside the file: nothing is allocated otherwise.
    fn bytes(&mut self, start: u64, size: u64) -> Result<Vec<u8>, CheckpointError> {
        if start.checked_add(size).is_none_or(|end| end > self.length) {
            return Err(damaged("a record lies outside the file"));
        }
        let size =
            usize::try_from(size).map_err(|_| damaged("a record is longer than the memory"))?;
        let mut bytes = vec![0; size];
        self.file.seek(SeekFrom::Start(start))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Start and size of the table of contents.
    fn table(&mut self) -> Result<(u64, u64), CheckpointError> {
        let tail_size = self.length.min(22 + 65_535);
        let tail_start = self.length - tail_size;
        let tail = self.bytes(tail_start, tail_size)?;
        let end = tail
            .windows(4)
            .rposition(|w| w == END)
            .ok_or_else(|| damaged("it has no end record"))?;
        let of =
            |at, width| number(&tail, end + at, width).ok_or_else(|| damaged("its end record"));
        let (size, start) = (of(12, 4)?, of(16, 4)?);
        let locator = end
            .checked_sub(20)
            .filter(|at| tail[*at..].starts_with(&LOCATOR64));
        let Some(locator) = locator else {
            return Ok((start, size));
        };
        let at = number(&tail, locator + 8, 8).ok_or_else(|| damaged("its 64-bit locator"))?;
        let record = self.bytes(at, 56)?;
        let of = |at| number(&record, at, 8).ok_or_else(|| damaged("its 64-bit end record"));
        if !record.starts_with(&END64) {
            return Err(damaged("its 64-bit end record"));
        }
        Ok((of(48)?, of(40)?))
    }

    fn list(&mut self, table: &[u8]) -> Result<(), CheckpointError> {
        let mut at = 0;
        while at < table.len() {
            let row = &table[at..];
            let of =
                |at, width| number(row, at, width).ok_or_else(|| damaged("its table of contents"));
            if !row.starts_with(&CENTRAL) {
                return Err(damaged("its table of contents"));
            }
            let (name_size, extra_size) = (of(28, 2)? as usize, of(30, 2)? as usize);
            let name = row
                .get(46..46 + name_size)
                .ok_or_else(|| damaged("a name"))?;
            let name = String::from_utf8_lossy(name).into_owned();
            let extra = row
                .get(46 + name_size..46 + name_size + extra_size)
                .ok_or_else(|| damaged("a table row"))?;
            let plain = of(10, 2)? == 0 && of(8, 2)? & 1 == 0;
            let long = [of(24, 4)?, of(20, 4)?, of(42, 4)?];
            let [size, stored, header] =
                widen(long, extra).ok_or_else(|| damaged("a 64-bit size"))?;
            if (plain && size != stored) || stored > self.length || header > self.length {
                return Err(damaged(&format!("record `{name}` is longer than the file")));
            }
            let entry = Entry {
                header,
                size,
                plain,
            };
            self.entries.insert(name, entry);
            at += 46 + name_size + extra_size + of(32, 2)? as usize;
        }
        Ok(())
    }

    /// Names of all records.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Size of a record, if there is one of that name.
    pub(super) fn size(&self, name: &str) -> Option<u64> {
        self.entries.get(name).map(|entry| entry.size)
    }

    /// `size` bytes of a record from `offset` on.
    pub(super) fn read(
        &mut self,
        name: &str,
        offset: u64,
        size: u64,
    ) -> Result<Vec<u8>, CheckpointError> {
        let entry = *self
            .entries
            .get(name)
            .ok_or_else(|| damaged(&format!("it lacks record `{name}`")))?;
        if !entry.plain {
            return format_error(format!(
                "record `{name}` is compressed or encrypted, as no file of torch.save is"
            ));
        }
        if offset.checked_add(size).is_none_or(|end| end > entry.size) {
            return Err(damaged(&format!(
                "record `{name}` is shorter than its tensors"
            )));
        }
        let header = self.bytes(entry.header, 30)?;
        let of = |at| number(&header, at, 2).ok_or_else(|| damaged("a record's header"));
        if !header.starts_with(&LOCAL) {
            return Err(damaged(&format!("record `{name}` has no header")));
        }
        let start = entry.header + 30 + of(26)? + of(28)?;
        if start
            .checked_add(entry.size)
            .is_none_or(|end| end > self.length)
        {
            return Err(damaged(&format!("record `{name}` is longer than the file")));
        }
        self.bytes(start + offset, size)
    }
}

/// Sizes and position, with those that do not fit 32 bits from the extra field.
fn widen(mut long: [u64; 3], extra: &[u8]) -> Option<[u64; 3]> {
    let mut at = 0;
    while at + 4 <= extra.len() {
        let (tag, size) = (number(extra, at, 2)?, number(extra, at + 2, 2)? as usize);
        if tag == 1 {
            let mut from = at + 4;
            for value in long.iter_mut().filter(|v| **v == u64::from(u32::MAX)) {
                *value = number(extra, from, 8)?;
                from += 8;
            }
        }
        at += 4 + size;
    }
    Some(long)
}
