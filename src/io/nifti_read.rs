//! NIfTI-1 volumes, read by the `nifti` crate: either byte order, compressed or not, any real type, label maps.
//!
//! No field reaches the crate unchecked, and three things are not left to it: opening (it stops after the first
//! gzip member), the way to the first voxel (it stays behind the header unless there are extensions) and the
//! affine (it panics on bad voxel sizes). The volume is read by rows, whose length follows from the checked
//! shape and type: the crate's reader of whole volumes goes by `bitpix` and panics where that disagrees.
//! The crate has no NIfTI-2; such files are refused with the way to convert them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use ndarray::Array3;
use nifti::header::MAGIC_CODE_NI1;
use nifti::{IntoNdArray, NiftiError, NiftiHeader, NiftiType, StreamedNiftiVolume};

use super::IoError;

const HEADER_BYTES: usize = 348;

/// A volume with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// (slice, row, column), scaled as the file says.
    pub data: Array3<f32>,
    /// Voxel (column, row, slice) to LPS millimetres.
    pub affine_lps_mm: [[f64; 4]; 3],
}

/// Reads a whole volume. The sform is preferred, then the qform, then the voxel sizes around the centre (as nibabel).
pub fn read_volume(path: &Path) -> Result<Volume, IoError> {
    let mut stream = open(path)?;
    let head = Head::read(path, &mut stream)?;
    let fail = |e| failed(path, e);
    let rows = StreamedNiftiVolume::from_reader_rank(stream, &head.fields, 1).map_err(fail)?;
    // Grows with what the file really holds, whatever its header claims.
    let mut data: Vec<f32> = Vec::new();
    for row in rows {
        // Scaled in double precision, as large labels and intercepts need it.
        let row = row.and_then(|r| r.into_ndarray::<f64>()).map_err(fail)?;
        data.try_reserve(row.len())
            .map_err(|e| IoError::new(path, "memory for the volume", e, "use a larger machine"))?;
        data.extend(row.iter().map(|&v| v as f32));
    }
    let [nx, ny, nz] = head.dims;
    let data = Array3::from_shape_vec([nz, ny, nx], data)
        .map_err(|e| IoError::new(path, "a volume", e, "this is a mistake in the program"))?;
    Ok(Volume {
        data,
        affine_lps_mm: head.affine_lps(),
    })
}

/// The head alone, without the voxels.
pub(super) fn describe(path: &Path) -> Result<Description, IoError> {
    let head = Head::read(path, &mut open(path)?)?;
    Ok(Description {
        dims: head.dims,
        dtype: head.dtype,
        affine_lps_mm: head.affine_lps(),
    })
}

/// Shape [nx, ny, nz], type and affine.
pub(super) struct Description {
    pub dims: [usize; 3],
    pub dtype: &'static str,
    pub affine_lps_mm: [[f64; 4]; 3],
}

fn open(path: &Path) -> Result<Box<dyn Read>, IoError> {
    let fail = |e| IoError::reading(path, &e);
    let mut file = BufReader::new(File::open(path).map_err(fail)?);
    if !file.fill_buf().map_err(fail)?.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(file));
    }
    // bgzip and pigz write several members.
    Ok(Box::new(BufReader::new(MultiGzDecoder::new(file))))
}

/// A header that was checked: three axes, a real type, a usable scaling.
struct Head {
    fields: NiftiHeader,
    dims: [usize; 3],
    dtype: &'static str,
}

impl Head {
    /// Reads the header and moves the stream to the first voxel.
    fn read(path: &Path, stream: &mut dyn Read) -> Result<Self, IoError> {
        let fail = |e| IoError::reading(path, &e);
        let mut bytes = [0; HEADER_BYTES];
        stream.read_exact(&mut bytes).map_err(fail)?;
        check_start(path, &bytes)?;
        let fields = NiftiHeader::from_reader(&bytes[..]).map_err(|e| failed(path, e))?;
        let head = Self::check(path, fields)?;
        let skip = f64::from(head.fields.vox_offset) - HEADER_BYTES as f64;
        if !(0.0..1e9).contains(&skip) {
            let found = format!("vox_offset {}", head.fields.vox_offset);
            return Err(bad(path, "the voxels behind the header", found));
        }
        std::io::copy(&mut stream.take(skip as u64), &mut std::io::sink()).map_err(fail)?;
        Ok(head)
    }

    fn check(path: &Path, mut fields: NiftiHeader) -> Result<Self, IoError> {
        // The crate takes the byte order from dim[0]; this field tells whether that was right.
        if fields.sizeof_hdr != HEADER_BYTES as i32 {
            let found = format!("sizeof_hdr = {}", fields.sizeof_hdr);
            return Err(bad(path, "a header in one byte order", found));
        }
        if &fields.magic == MAGIC_CODE_NI1 {
            return Err(bad(path, "one file (.nii)", "a header alone (.hdr)"));
        }
        let Some(dtype) = type_name(&fields) else {
            let found = format!("datatype {}", fields.datatype);
            return Err(bad(path, "real voxels (integers or floats)", found));
        };
        let dims = shape(path, &fields)?;
        let [nx, ny, nz] = dims.map(|n| n as u16);
        fields.dim = [3, nx, ny, nz, 1, 1, 1, 1];
        if !(fields.scl_slope.is_finite() && fields.scl_inter.is_finite()) {
            // To the crate and to the standard, a slope of zero means no scaling.
            fields.scl_slope = 0.0;
        }
        Ok(Self {
            fields,
            dims,
            dtype,
        })
    }

    /// Voxel to LPS millimetres.
    fn affine_lps(&self) -> [[f64; 4]; 3] {
        let [x, y, z] = self.affine_ras();
        let mm = self.unit_mm();
        [x.map(|v| -v * mm), y.map(|v| -v * mm), z.map(|v| v * mm)]
    }

    /// Millimetres of the unit of lengths; what names none has millimetres.
    fn unit_mm(&self) -> f64 {
        match self.fields.xyzt_units & 7 {
            1 => 1e3,
            3 => 1e-3,
            _ => 1.0,
        }
    }

    fn affine_ras(&self) -> [[f64; 4]; 3] {
        let is_good = |m: &[[f64; 4]; 3]| m.iter().flatten().all(|x| x.is_finite());
        let h = &self.fields;
        let sform = [h.srow_x, h.srow_y, h.srow_z].map(|row| row.map(f64::from));
        if h.sform_code > 0 && is_good(&sform) {
            return sform;
        }
        // Zero, negative and NaN sizes are common enough; 1 mm is what nibabel takes.
        let size = [1, 2, 3].map(|k| {
            let d = f64::from(h.pixdim[k]).abs();
            if d.is_finite() && d > 0.0 { d } else { 1.0 }
        });
        let qform = qform(h, size);
        if h.qform_code > 0 && is_good(&qform) {
            return qform;
        }
        // Without forms the first axis is taken to run to the left.
        let [x, y, z] = [-size[0], size[1], size[2]];
        let middle = |d: f64, k: usize| -d * (self.dims[k] - 1) as f64 / 2.0;
        [
            [x, 0.0, 0.0, middle(x, 0)],
            [0.0, y, 0.0, middle(y, 1)],
            [0.0, 0.0, z, middle(z, 2)],
        ]
    }
}

/// Rotation, sizes and offset, of a quaternion whose first component follows from the others.
fn qform(h: &NiftiHeader, size: [f64; 3]) -> [[f64; 4]; 3] {
    let [b, c, d] = [h.quatern_b, h.quatern_c, h.quatern_d].map(f64::from);
    // Rounding may leave the vector a little longer than 1.
    let length = (b * b + c * c + d * d).sqrt().max(1.0);
    let [b, c, d] = [b / length, c / length, d / length];
    let square = b * b + c * c + d * d;
    let a = (1.0 - square).max(0.0).sqrt();
    let (v, cross) = ([b, c, d], [[0.0, -d, c], [d, 0.0, -b], [-c, b, 0.0]]);
    let third = if h.pixdim[0] < 0.0 { -size[2] } else { size[2] };
    let size = [size[0], size[1], third];
    let offset = [h.quatern_x, h.quatern_y, h.quatern_z].map(f64::from);
    let entry = |r: usize, k: usize| {
        let diagonal = if r == k { a * a - square } else { 0.0 };
        size[k] * (diagonal + 2.0 * (v[r] * v[k] + a * cross[r][k]))
    };
    std::array::from_fn(|r| [entry(r, 0), entry(r, 1), entry(r, 2), offset[r]])
}

/// Tells NIfTI-1 from NIfTI-2 and from anything else by the first field, the size of the header.
fn check_start(path: &Path, bytes: &[u8; HEADER_BYTES]) -> Result<(), IoError> {
    let size = [bytes[0], bytes[1], bytes[2], bytes[3]];
    match (i32::from_le_bytes(size), i32::from_be_bytes(size)) {
        (348, _) | (_, 348) => Ok(()),
        (540, _) | (_, 540) => {
            let remedy =
                "convert it with nibabel: Nifti1Image.from_image(load(old)).to_filename(new)";
            Err(IoError::new(path, "NIfTI-1", "NIfTI-2", remedy))
        }
        _ => Err(bad(path, "a NIfTI-1 header", "other bytes")),
    }
}

/// [nx, ny, nz] of one volume; further axes may have the length 1.
fn shape(path: &Path, fields: &NiftiHeader) -> Result<[usize; 3], IoError> {
    // The crate reads these fields without their sign.
    let dim = fields.dim.map(|n| n as i16);
    let rank = dim[0];
    let sizes: [i16; 7] = std::array::from_fn(|k| if (k as i16) < rank { dim[k + 1] } else { 1 });
    let is_volume = (1..=7).contains(&rank)
        && sizes.iter().all(|&n| n >= 1)
        && sizes[3..].iter().all(|&n| n == 1);
    if !is_volume {
        return Err(bad(path, "one 3-D volume", format!("dim = {dim:?}")));
    }
    let dims = [0, 1, 2].map(|k| sizes[k] as usize);
    if dims.iter().product::<usize>() > 1 << 33 {
        let found = format!("{dims:?}");
        return Err(bad(path, "at most 2^33 voxels (32 GiB)", found));
    }
    Ok(dims)
}

/// NumPy's name of a real type.
fn type_name(fields: &NiftiHeader) -> Option<&'static str> {
    Some(match fields.data_type().ok()? {
        NiftiType::Uint8 => "uint8",
        NiftiType::Int16 => "int16",
        NiftiType::Int32 => "int32",
        NiftiType::Float32 => "float32",
        NiftiType::Float64 => "float64",
        NiftiType::Int8 => "int8",
        NiftiType::Uint16 => "uint16",
        NiftiType::Uint32 => "uint32",
        NiftiType::Int64 => "int64",
        NiftiType::Uint64 => "uint64",
        _ => return None,
    })
}

fn failed(path: &Path, cause: NiftiError) -> IoError {
    match cause {
        NiftiError::Io(e) => IoError::reading(path, &e),
        NiftiError::InvalidFormat => bad(path, "NIfTI-1's mark (n+1)", "other bytes"),
        other => bad(path, "a NIfTI-1 volume", other),
    }
}

fn bad(path: &Path, expected: &str, found: impl std::fmt::Display) -> IoError {
    let remedy = "export the volume again as a single NIfTI-1 file";
    IoError::new(path, expected, found, remedy)
}

#[cfg(test)]
mod tests;
