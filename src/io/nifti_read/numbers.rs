//! Numbers of NIfTI files in either byte order.

/// Types of voxels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Type {
    U8,
    I16,
    I32,
    F32,
    F64,
    I8,
    U16,
    U32,
    I64,
    U64,
}

impl Type {
    /// From NIfTI's code, with the bytes of one voxel.
    pub fn of(code: i16) -> Option<(Self, usize)> {
        Some(match code {
            2 => (Self::U8, 1),
            4 => (Self::I16, 2),
            8 => (Self::I32, 4),
            16 => (Self::F32, 4),
            64 => (Self::F64, 8),
            256 => (Self::I8, 1),
            512 => (Self::U16, 2),
            768 => (Self::U32, 4),
            1024 => (Self::I64, 8),
            1280 => (Self::U64, 8),
            _ => return None,
        })
    }

    /// NumPy's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "uint8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::I8 => "int8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::I64 => "int64",
            Self::U64 => "uint64",
        }
    }
}

/// Bytes of a number in little-endian order, padded with zeros.
pub(super) fn eight(bytes: &[u8], big_endian: bool) -> [u8; 8] {
    let mut out = [0; 8];
    for (i, o) in out.iter_mut().enumerate().take(bytes.len()) {
        *o = if big_endian {
            bytes[bytes.len() - 1 - i]
        } else {
            bytes[i]
        };
    }
    out
}

/// A header as bytes with its byte order; reading outside gives zeros.
pub(super) struct Bytes<'a> {
    pub bytes: &'a [u8],
    pub big_endian: bool,
}

impl Bytes<'_> {
    /// The bytes of a number, little-endian.
    pub fn raw(&self, at: usize, n: usize) -> [u8; 8] {
        eight(
            self.bytes.get(at..at + n).unwrap_or_default(),
            self.big_endian,
        )
    }

    /// A signed integer of n bytes.
    pub fn int(&self, at: usize, n: usize) -> i64 {
        let value = i64::from_le_bytes(self.raw(at, n));
        let unused = 64 - 8 * n as u32;
        (value << unused) >> unused
    }

    /// A float of 4 or 8 bytes.
    pub fn float(&self, at: usize, n: usize) -> f64 {
        let [a, b, c, d, ..] = self.raw(at, n);
        match n {
            4 => f32::from_le_bytes([a, b, c, d]).into(),
            _ => f64::from_le_bytes(self.raw(at, n)),
        }
    }
}
