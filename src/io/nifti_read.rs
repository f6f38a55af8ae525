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
mod tests {
    use super::*;
    use crate::io::testing::{message, python, random, shared};

    #[test]
    fn nibabels_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let script = "
import numpy as np
a = np.array([[0, -.7, 0, 5], [.9, 0, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1.]])
d = np.arange(60).reshape(5, 4, 3) - 7
for t in 'int16 int32 float32 float64 int8 int64'.split():
    nibabel.Nifti1Image(d.astype(t), a, dtype=t).to_filename(sys.argv[1] + '/' + t + '.nii.gz')
h = nibabel.Nifti1Header(endianness='>')
for t in 'i2 i4 f4 f8'.split():
    nibabel.Nifti1Image(d.astype('>' + t), a, h, dtype='>' + t).to_filename(sys.argv[1] + '/big-' + t + '.nii')
i = nibabel.Nifti1Image(d.astype('f4'), a); i.header.extensions.append(nibabel.nifti1.Nifti1Extension(6, b'a comment'))
i.to_filename(sys.argv[1] + '/extended.nii')
i = nibabel.Nifti2Image(d, a, dtype='int64'); nibabel.Nifti1Image.from_image(i).to_filename(sys.argv[1] + '/converted.nii')
i = nibabel.Nifti1Image(2. * d, a); i.set_data_dtype('int16'); i.to_filename(sys.argv[1] + '/doubled.nii')
i = nibabel.Nifti1Image(d.astype('f4'), None); i.set_qform(a, 1); i.to_filename(sys.argv[1] + '/qform.nii')
";
        if python(&["nibabel"], script, &[folder.path()]).is_none() {
            return;
        }
        let mut seen = 0;
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let volume = read_volume(&path).unwrap();
            assert_eq!(volume.data.dim(), (3, 4, 5), "{path:?}");
            let factor = if path.ends_with("doubled.nii") {
                2.0
            } else {
                1.0
            };
            let expected = factor * (4.0 * 12.0 + 2.0 * 3.0 + 1.0 - 7.0);
            assert!((volume.data[[1, 2, 4]] - expected).abs() < 2e-3, "{path:?}");
            let [x, y, z] = volume.affine_lps_mm;
            for (a, b) in [x, y, z].concat().iter().zip([
                0.0, 0.7, 0.0, -5.0, -0.9, 0.0, 0.0, -6.0, 0.0, 0.0, 3.0, 7.0,
            ]) {
                assert!((a - b).abs() < 1e-5, "{path:?} {a} {b}");
            }
            seen += 1;
        }
        assert_eq!(seen, 14);
    }

    /// A small file of our own, of the shape [3, 2, 1].
    fn small(path: &Path) -> Vec<u8> {
        let affine = [
            [1.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
        ];
        let mut writer =
            crate::io::NiftiWriter::create(path, [3, 2, 1], &affine, "", false).unwrap();
        writer.slice(&ndarray::Array2::ones([2, 3])).unwrap();
        writer.finish().unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn damaged_files_are_refused_and_never_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.nii");
        let good = small(&path);
        let try_bytes = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let _ = describe(&path);
            read_volume(&path)
        };
        assert!(try_bytes(&good).is_ok());
        for n in [0, 3, 100, 347, 351, good.len() - 1] {
            assert!(try_bytes(&good[..n]).is_err(), "{n}");
        }
        for at in 0..352 {
            for value in [0, 0x7f, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] = value;
                let _ = try_bytes(&bytes);
            }
        }
        for place in random(200) {
            let mut bytes = good.clone();
            bytes[((place.re + 1.0) * 176.0) as usize] ^= 1 << ((place.im + 1.0) * 4.0) as u8;
            let _ = try_bytes(&bytes);
        }
    }

    #[test]
    fn what_is_not_one_real_volume_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.nii");
        let good = small(&path);
        for (at, value, expected) in [
            (0, 540_u16, "nibabel"),
            (0, 7, "other bytes"),
            (40, 0x300, "one byte order"),
            (40, 0, "3-D"),
            (42, 0, "3-D"),
            (42, 0xffff, "3-D"),
            (70, 32, "real voxels"),
            (70, 128, "real voxels"),
            (70, 3, "real voxels"),
            (110, 0x7fc0, "vox_offset NaN"),
            (110, 0xc3b0, "vox_offset -352"),
            (344, u16::from_le_bytes(*b"ni"), "one file"),
            (344, 0, "(n+1)"),
        ] {
            let mut bytes = good.clone();
            bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
            std::fs::write(&path, bytes).unwrap();
            let text = message(read_volume(&path));
            assert!(text.contains(expected), "{at} {value}: {text}");
        }
        let mut four = good.clone();
        (four[40], four[48]) = (4, 2);
        std::fs::write(&path, &four).unwrap();
        assert!(message(read_volume(&path)).contains("3-D"));
        let mut large = good;
        large[42..48].copy_from_slice(&[0xff, 0x7f, 0xff, 0x7f, 0xff, 0x7f]);
        std::fs::write(&path, &large).unwrap();
        assert!(message(read_volume(&path)).contains("2^33 voxels"));
        large[46..48].copy_from_slice(&[1, 0]);
        std::fs::write(&path, &large).unwrap();
        assert!(message(read_volume(&path)).contains("truncated"));
    }

    #[test]
    fn odd_headers_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.nii");
        let good = small(&path);
        let float = |bytes: &mut Vec<u8>, at: usize, value: f32| {
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        };
        // The crate's own readers panic on this.
        let mut bytes = good.clone();
        bytes[72] = 64;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(
            read_volume(&path).unwrap().data,
            Array3::<f32>::ones([1, 2, 3])
        );
        for (slope, intercept, expected) in [
            (0.0, 5.0, 1.0),
            (f32::NAN, 5.0, 1.0),
            (2.0, f32::INFINITY, 1.0),
            (2.0, 5.0, 7.0),
        ] {
            let mut bytes = good.clone();
            float(&mut bytes, 112, slope);
            float(&mut bytes, 116, intercept);
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(read_volume(&path).unwrap().data[[0, 1, 2]], expected);
        }
        // Metres, millimetres and micrometres, and a unit of time beside them.
        for (unit, mm) in [(0, 1.0), (1, 1e3), (2, 1.0), (3, 1e-3), (3 + 8, 1e-3)] {
            let mut bytes = good.clone();
            bytes[123] = unit;
            std::fs::write(&path, &bytes).unwrap();
            let affine = read_volume(&path).unwrap().affine_lps_mm;
            assert_eq!((affine[0][0], affine[2][2]), (mm, mm), "{unit}");
        }
        // Room before the voxels, without extensions.
        let mut bytes = good.clone();
        float(&mut bytes, 108, 400.0);
        bytes.splice(352..352, [7; 48]);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(
            read_volume(&path).unwrap().data,
            Array3::<f32>::ones([1, 2, 3])
        );
        // No sform, and sizes that make the crate's affine panic.
        let mut bytes = good;
        bytes[254] = 0;
        for (k, size) in [0.5, -2.0, 0.0, f32::NAN].into_iter().enumerate() {
            float(&mut bytes, 76 + 4 * k, size);
        }
        std::fs::write(&path, &bytes).unwrap();
        let affine = read_volume(&path).unwrap().affine_lps_mm;
        let lengths = [0, 1, 2].map(|k| affine.iter().map(|r| r[k] * r[k]).sum::<f64>());
        for (found, expected) in lengths.into_iter().zip([4.0, 1.0, 1.0]) {
            assert!((found - expected).abs() < 1e-6, "{affine:?}");
        }
    }

    #[test]
    fn files_of_several_gzip_members_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.nii.gz");
        let head = [348_i32.to_le_bytes().to_vec(), vec![0; 344 + 4 + 24]].concat();
        let mut head: Vec<u8> = head;
        head[40..48].copy_from_slice(&[3, 0, 3, 0, 2, 0, 1, 0]);
        (head[70], head[72]) = (16, 32);
        head[108..112].copy_from_slice(&352_f32.to_le_bytes());
        head[344..348].copy_from_slice(b"n+1\0");
        let mut file = Vec::new();
        for part in head.chunks(100) {
            let mut gz = flate2::write::GzEncoder::new(&mut file, flate2::Compression::fast());
            std::io::Write::write_all(&mut gz, part).unwrap();
            gz.finish().unwrap();
        }
        std::fs::write(&path, file).unwrap();
        assert_eq!(read_volume(&path).unwrap().data.dim(), (1, 2, 3));
    }

    #[test]
    fn real_files_are_read_as_nibabel_does() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let script = "
import numpy as np
i = nibabel.load(sys.argv[1])
a = np.diag([-1., -1, 1, 1]) @ i.affine
d = np.asarray(i.dataobj).astype('<f4')
open(sys.argv[2], 'wb').write(a[:3].astype('<f8').tobytes() + d.tobytes('F'))
print(*d.shape)
";
        for name in [
            "image/brain-t1-colin27",
            "image/brain-t2",
            "labels/training_seg_01",
        ] {
            let Some(path) = shared(&format!("data/{name}.nii.gz")) else {
                continue;
            };
            let Some(shape) = python(&["nibabel"], script, &[&path, &out]) else {
                return;
            };
            let volume = read_volume(&path).unwrap();
            let [nz, ny, nx] = <[usize; 3]>::from(volume.data.dim());
            assert_eq!(shape, format!("{nx} {ny} {nz}"));
            let mut ours: Vec<u8> = Vec::new();
            ours.extend(
                volume
                    .affine_lps_mm
                    .iter()
                    .flatten()
                    .flat_map(|x| (x + 0.0).to_le_bytes()),
            );
            ours.extend(volume.data.iter().flat_map(|v| v.to_le_bytes()));
            let theirs = std::fs::read(&out).unwrap();
            assert!(ours == theirs, "{name}");
        }
    }
}
