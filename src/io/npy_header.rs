//! The head of a NumPy file: type, order, shape, and where the numbers start.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::IoError;

/// What `numpy.save` wrote before the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NpyHeader {
    /// NumPy's name of the type, such as `<c8`.
    pub descr: String,
    /// Whether the first axis varies fastest.
    pub fortran_order: bool,
    /// The lengths of the axes.
    pub shape: Vec<usize>,
    /// Where the numbers start, in bytes.
    pub offset: u64,
}

impl NpyHeader {
    /// Reads and checks the head: also that the file is as long as its shape says.
    pub fn read(path: &Path) -> Result<Self, IoError> {
        let fail = |e| IoError::reading(path, &e);
        let mut file = File::open(path).map_err(fail)?;
        let mut magic = [0; 8];
        file.read_exact(&mut magic).map_err(fail)?;
        let wide = magic[6] >= 2;
        let mut length = [0; 4];
        file.read_exact(&mut length[..if wide { 4 } else { 2 }])
            .map_err(fail)?;
        let length = u32::from_le_bytes(length);
        if !magic.starts_with(b"\x93NUMPY") || length > 1 << 20 {
            return Err(bad(path, "other bytes"));
        }
        let mut text = vec![0; length as usize];
        file.read_exact(&mut text).map_err(fail)?;
        let text = String::from_utf8_lossy(&text);
        let mut header = Self::parse(&text).ok_or_else(|| bad(path, &text))?;
        header.offset = u64::from(length) + if wide { 12 } else { 10 };
        let bytes = file.metadata().map_err(fail)?.len();
        header.check_length(path, bytes)?;
        Ok(header)
    }

    /// Parses the Python dictionary `{'descr': '<c8', 'fortran_order': False, 'shape': (8, 230, 180), }`.
    fn parse(text: &str) -> Option<Self> {
        let after = |key: &str| {
            let start = text.find(&format!("'{key}'"))? + key.len() + 2;
            Some(
                text.get(start..)?
                    .trim_start()
                    .strip_prefix(':')?
                    .trim_start(),
            )
        };
        let descr = after("descr")?.strip_prefix('\'')?.split('\'').next()?;
        let fortran_order = after("fortran_order")?.starts_with("True");
        let inside = after("shape")?.strip_prefix('(')?.split(')').next()?;
        let numbers = inside.split(',').map(str::trim).filter(|s| !s.is_empty());
        let shape = numbers
            .map(|s| s.trim_end_matches('L').parse().ok())
            .collect::<Option<_>>()?;
        Some(Self {
            descr: descr.to_owned(),
            fortran_order,
            shape,
            offset: 0,
        })
    }

    fn check_length(&self, path: &Path, bytes: u64) -> Result<(), IoError> {
        let Some(size) = self.item_bytes() else {
            return Ok(());
        };
        let count = self
            .shape
            .iter()
            .try_fold(size, |n, &m| n.checked_mul(m as u64));
        let needed = count.and_then(|n| n.checked_add(self.offset));
        if needed.is_some_and(|n| bytes >= n) {
            return Ok(());
        }
        let needed = needed.map_or("more than any file's".to_owned(), |n| n.to_string());
        Err(IoError::new(
            path,
            format!(
                "{needed} bytes for the shape {:?} of {}",
                self.shape, self.descr
            ),
            format!("{bytes} bytes"),
            "the file is truncated: copy or save it again",
        ))
    }

    /// Bytes of one number, from the digits at the end of its name.
    fn item_bytes(&self) -> Option<u64> {
        self.descr.get(2..)?.parse().ok()
    }

    /// Whether the numbers are complex, of either width.
    pub fn is_complex(&self) -> bool {
        matches!(self.descr.get(1..), Some("c8" | "c16"))
    }
}

fn bad(path: &Path, found: &str) -> IoError {
    let found: String = found.chars().filter(|c| !c.is_control()).take(80).collect();
    IoError::new(
        path,
        "the header that numpy.save writes",
        found,
        "save the array again with numpy.save",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_numpy_writes() {
        let text = "{'descr': '<c8', 'fortran_order': False, 'shape': (8, 230, 180), }   \n";
        let header = NpyHeader::parse(text).unwrap();
        assert_eq!(
            (header.descr.as_str(), header.fortran_order),
            ("<c8", false)
        );
        assert_eq!(header.shape, [8, 230, 180]);
        let scalar =
            NpyHeader::parse("{'descr': '|u1', 'fortran_order': True, 'shape': ()}").unwrap();
        assert!(scalar.shape.is_empty() && scalar.fortran_order);
        assert!(NpyHeader::parse("{'descr': '<c8', 'shape': (-1,)}").is_none());
    }

    #[test]
    fn a_lying_shape_is_no_allocation() {
        let text =
            "{'descr': '<c8', 'fortran_order': False, 'shape': (99999999999, 99999999999, 9), }";
        let header = NpyHeader::parse(text).unwrap();
        assert!(header.check_length(Path::new("a.npy"), 100).is_err());
    }
}
