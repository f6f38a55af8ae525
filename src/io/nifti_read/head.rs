//! The header of NIfTI-1 and NIfTI-2: shape, type, scaling, affine. Nothing in it is trusted.

use std::io::Read;
use std::path::Path;

use super::numbers::{Bytes, Type, eight};
use crate::io::IoError;

/// The most bytes of the voxels that a header may ask for: 32 GiB.
const MAX_BYTES: u64 = 32 << 30;

/// The fields of the header that matter.
#[derive(Debug)]
pub(super) struct Head {
    big_endian: bool,
    pub dims: [usize; 3],
    pub kind: Type,
    pub item: usize,
    slope: f64,
    intercept: f64,
    pixdim: [f64; 4],
    qform_code: i64,
    sform_code: i64,
    quaternion: [f64; 3],
    offset: [f64; 3],
    sform: [[f64; 4]; 3],
}

impl Head {
    /// Reads the header and moves the stream to the first voxel.
    pub fn read(path: &Path, stream: &mut dyn Read) -> Result<Self, IoError> {
        let fail = |e| IoError::reading(path, &e);
        let mut bytes = vec![0; 348];
        stream.read_exact(&mut bytes).map_err(fail)?;
        let size = eight(&bytes[..4], false);
        let (version, big_endian) = match (size[0], size[1], size[2], size[3]) {
            (0x5c, 1, 0, 0) => (1, false),
            (0, 0, 1, 0x5c) => (1, true),
            (0x1c, 2, 0, 0) => (2, false),
            (0, 0, 2, 0x1c) => (2, true),
            _ => return Err(bad(path, "a NIfTI header", "other bytes")),
        };
        if version == 2 {
            bytes.resize(540, 0);
            stream.read_exact(&mut bytes[348..]).map_err(fail)?;
        }
        let at = Bytes {
            bytes: &bytes,
            big_endian,
        };
        let head = match version {
            1 => Self::fields(path, &at, &V1)?,
            _ => Self::fields(path, &at, &V2)?,
        };
        let offset = if version == 1 {
            at.float(108, 4)
        } else {
            at.int(168, 8) as f64
        };
        let skip = offset - bytes.len() as f64;
        if !(0.0..1e9).contains(&skip) {
            return Err(bad(
                path,
                "the voxels behind the header (vox_offset)",
                format!("vox_offset {offset}"),
            ));
        }
        std::io::copy(&mut stream.take(skip as u64), &mut std::io::sink()).map_err(fail)?;
        Ok(head)
    }

    fn fields(path: &Path, at: &Bytes, map: &Map) -> Result<Self, IoError> {
        let (i, f) = (map.int, map.float);
        let dim: Vec<i64> = (0..8).map(|k| at.int(map.dim + k * i, i)).collect();
        let rank = dim[0];
        let sizes: Vec<i64> = (1..8)
            .map(|k| if k as i64 <= rank { dim[k] } else { 1 })
            .collect();
        if !(1..=7).contains(&rank)
            || sizes.iter().any(|&n| n < 1)
            || sizes[3..].iter().any(|&n| n != 1)
        {
            return Err(bad(path, "one 3-D volume", format!("dim = {dim:?}")));
        }
        let code = at.int(map.datatype, 2) as i16;
        let Some((kind, item)) = Type::of(code) else {
            return Err(bad(
                path,
                "real voxels (integers or floats)",
                format!("datatype {code}"),
            ));
        };
        let dims = [sizes[0] as usize, sizes[1] as usize, sizes[2] as usize];
        let bytes = dims
            .iter()
            .try_fold(item as u64, |n, &m| n.checked_mul(m as u64));
        if bytes.is_none_or(|n| n > MAX_BYTES) {
            return Err(bad(path, "a volume of at most 32 GiB", format!("{dims:?}")));
        }
        let floats = |start: usize, k: usize| at.float(start + k * f, f);
        Ok(Self {
            big_endian: at.big_endian,
            dims,
            kind,
            item,
            slope: at.float(map.slope, f),
            intercept: at.float(map.slope + f, f),
            pixdim: std::array::from_fn(|k| floats(map.pixdim, k)),
            qform_code: at.int(map.qform_code, map.code),
            sform_code: at.int(map.qform_code + map.code, map.code),
            quaternion: std::array::from_fn(|k| floats(map.quaternion, k)),
            offset: std::array::from_fn(|k| floats(map.quaternion, 3 + k)),
            sform: std::array::from_fn(|r| {
                std::array::from_fn(|c| floats(map.quaternion, 6 + 4 * r + c))
            }),
        })
    }

    /// slope · v + intercept, where the slope is given.
    pub fn scale(&self) -> impl Fn(f64) -> f64 + use<> {
        let usable = self.slope.is_finite() && self.slope != 0.0 && self.intercept.is_finite();
        let (slope, intercept) = if usable {
            (self.slope, self.intercept)
        } else {
            (1.0, 0.0)
        };
        move |v| slope * v + intercept
    }

    /// One voxel from its bytes.
    pub fn value(&self, bytes: &[u8]) -> f64 {
        let at = Bytes {
            bytes,
            big_endian: self.big_endian,
        };
        let n = bytes.len();
        match self.kind {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => u64::from_le_bytes(at.raw(0, n)) as f64,
            Type::I8 | Type::I16 | Type::I32 | Type::I64 => at.int(0, n) as f64,
            Type::F32 | Type::F64 => at.float(0, n),
        }
    }

    /// Voxel to LPS millimetres.
    pub fn affine_lps(&self) -> [[f64; 4]; 3] {
        let ras = self.affine_ras();
        std::array::from_fn(|r| ras[r].map(|x| if r < 2 { -x } else { x }))
    }

    fn affine_ras(&self) -> [[f64; 4]; 3] {
        let is_good = |m: &[[f64; 4]; 3]| m.iter().flatten().all(|x| x.is_finite());
        if self.sform_code > 0 && is_good(&self.sform) {
            return self.sform;
        }
        // Zero, negative and NaN sizes are common enough; 1 mm is what nibabel takes.
        let size = |k: usize| {
            let d = self.pixdim[k].abs();
            if d.is_finite() && d > 0.0 { d } else { 1.0 }
        };
        let qform = self.qform(size);
        if self.qform_code > 0 && is_good(&qform) {
            return qform;
        }
        let mut affine = [[0.0; 4]; 3];
        for (k, row) in affine.iter_mut().enumerate() {
            // Without forms the first axis is taken to run to the left.
            let sign = if k == 0 { -1.0 } else { 1.0 };
            row[k] = sign * size(k + 1);
            row[3] = -row[k] * (self.dims[k] - 1) as f64 / 2.0;
        }
        affine
    }

    fn qform(&self, size: impl Fn(usize) -> f64) -> [[f64; 4]; 3] {
        let [b, c, d] = self.quaternion;
        let a = (1.0 - b * b - c * c - d * d).max(0.0).sqrt();
        let qfac = if self.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
        let rotation = [
            [
                a * a + b * b - c * c - d * d,
                2.0 * (b * c - a * d),
                2.0 * (b * d + a * c),
            ],
            [
                2.0 * (b * c + a * d),
                a * a + c * c - b * b - d * d,
                2.0 * (c * d - a * b),
            ],
            [
                2.0 * (b * d - a * c),
                2.0 * (c * d + a * b),
                a * a + d * d - b * b - c * c,
            ],
        ];
        let size = [size(1), size(2), qfac * size(3)];
        std::array::from_fn(|r| {
            let [x, y, z] = rotation[r];
            [x * size[0], y * size[1], z * size[2], self.offset[r]]
        })
    }
}

/// Where the fields lie, and the widths of integers, codes and floats.
struct Map {
    int: usize,
    float: usize,
    code: usize,
    dim: usize,
    datatype: usize,
    pixdim: usize,
    slope: usize,
    qform_code: usize,
    quaternion: usize,
}

const V1: Map = Map {
    int: 2,
    float: 4,
    code: 2,
    dim: 40,
    datatype: 70,
    pixdim: 76,
    slope: 112,
    qform_code: 252,
    quaternion: 256,
};
const V2: Map = Map {
    int: 8,
    float: 8,
    code: 4,
    dim: 16,
    datatype: 12,
    pixdim: 104,
    slope: 176,
    qform_code: 344,
    quaternion: 352,
};

fn bad(path: &Path, expected: &str, found: impl std::fmt::Display) -> IoError {
    IoError::new(
        path,
        expected,
        found,
        "export the volume again as a single NIfTI file",
    )
}
