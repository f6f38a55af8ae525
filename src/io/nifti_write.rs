//! NIfTI-1, written slice by slice: `.nii`, or `.nii.gz` by the name.
//!
//! The affine is given in LPS and stored in RAS, as sform and as qform, both with code 1 (scanner). A sheared
//! affine (gantry tilt) cannot be a qform: it is stored as sform alone.

use std::io::{BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray::Array2;

use super::IoError;
use super::atomic::AtomicFile;

/// A NIfTI file that is being written.
pub struct NiftiWriter {
    sink: Sink,
    dims: [usize; 3],
    written: usize,
}

enum Sink {
    Plain(BufWriter<AtomicFile>),
    Gzip(Box<GzEncoder<BufWriter<AtomicFile>>>),
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(bytes),
            Self::Gzip(out) => out.write_all(bytes),
        }
    }

    fn target(&self) -> &Path {
        match self {
            Self::Plain(out) => out.get_ref().target(),
            Self::Gzip(out) => out.get_ref().get_ref().target(),
        }
    }

    fn into_file(self) -> std::io::Result<AtomicFile> {
        let buffer = match self {
            Self::Plain(out) => out,
            Self::Gzip(out) => out.finish()?,
        };
        buffer
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)
    }
}

impl NiftiWriter {
    /// Starts a file of `[nx, ny, nz]` voxels; `affine_lps_mm` maps (column, row, slice) to LPS.
    pub fn create(
        path: &Path,
        dims: [usize; 3],
        affine_lps_mm: &[[f64; 4]; 3],
        description: &str,
        force: bool,
    ) -> Result<Self, IoError> {
        let limit = i16::MAX as usize;
        if dims.iter().any(|n| !(1..=limit).contains(n)) {
            return Err(IoError::new(
                path,
                "1 to 32767 voxels along each axis (NIfTI-1)",
                format!("{dims:?}"),
                "choose another format, e.g. hdf5 or npy",
            ));
        }
        if affine_lps_mm.iter().flatten().any(|x| !x.is_finite()) {
            return Err(IoError::new(
                path,
                "a finite affine",
                "NaN or infinity",
                "check the geometry of the input",
            ));
        }
        let out = BufWriter::with_capacity(1 << 16, AtomicFile::create(path, force)?);
        let is_gzip = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("gz"));
        let mut sink = match is_gzip {
            true => Sink::Gzip(Box::new(GzEncoder::new(out, Compression::new(4)))),
            false => Sink::Plain(out),
        };
        let header = header(dims, affine_lps_mm, description);
        sink.write(&header)
            .map_err(|e| IoError::writing(path, &e))?;
        Ok(Self {
            sink,
            dims,
            written: 0,
        })
    }

    /// Adds the next slice, (row, column).
    pub fn slice(&mut self, slice: &Array2<f32>) -> Result<(), IoError> {
        let [nx, ny, nz] = self.dims;
        if slice.dim() != (ny, nx) || self.written == nz {
            return Err(self.mistake(format!("slice {} of shape {:?}", self.written, slice.dim())));
        }
        let bytes: Vec<u8> = slice.iter().flat_map(|v| v.to_le_bytes()).collect();
        let result = self.sink.write(&bytes);
        result.map_err(|e| IoError::writing(self.sink.target(), &e))?;
        self.written += 1;
        Ok(())
    }

    /// Completes the file and gives it its name. Errors if slices are missing.
    pub fn finish(self) -> Result<(), IoError> {
        if self.written != self.dims[2] {
            return Err(self.mistake(format!("{} slices", self.written)));
        }
        let path = self.sink.target().to_owned();
        let file = self
            .sink
            .into_file()
            .map_err(|e| IoError::writing(&path, &e))?;
        file.finish()
    }

    fn mistake(&self, found: String) -> IoError {
        let [nx, ny, nz] = self.dims;
        let expected = format!("{nz} slices of shape ({ny}, {nx})");
        IoError::new(
            self.sink.target(),
            expected,
            found,
            "this is a mistake in the caller",
        )
    }
}

/// The 348 bytes of the header and the 4 of the empty extension.
fn header(dims: [usize; 3], affine_lps_mm: &[[f64; 4]; 3], description: &str) -> Vec<u8> {
    let ras: [[f64; 4]; 3] = std::array::from_fn(|r| {
        let sign = if r < 2 { -1.0 } else { 1.0 };
        affine_lps_mm[r].map(|x| sign * x)
    });
    let form = Qform::new(&ras);
    let mut bytes = vec![0; 352];
    let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
    put(0, &348_i32.to_le_bytes());
    let dim = [3, dims[0], dims[1], dims[2], 1, 1, 1, 1];
    for (i, n) in dim.into_iter().enumerate() {
        put(40 + 2 * i, &(n as i16).to_le_bytes());
    }
    put(70, &16_i16.to_le_bytes()); // datatype: float32
    put(72, &32_i16.to_le_bytes()); // bits
    for (i, v) in form.pixdim.into_iter().chain([1.0; 4]).enumerate() {
        put(76 + 4 * i, &(v as f32).to_le_bytes());
    }
    put(108, &352_f32.to_le_bytes()); // vox_offset
    put(112, &1_f32.to_le_bytes()); // scl_slope
    put(123, &[2 | 8]); // xyzt_units: mm, s
    let text: Vec<u8> = description.bytes().filter(u8::is_ascii).take(79).collect();
    put(148, &text);
    put(252, &i16::from(form.orthogonal).to_le_bytes()); // qform_code
    put(254, &1_i16.to_le_bytes()); // sform_code
    for (i, v) in form.quaternion.into_iter().chain(form.offset).enumerate() {
        put(256 + 4 * i, &(v as f32).to_le_bytes());
    }
    for (i, v) in ras.iter().flatten().enumerate() {
        put(280 + 4 * i, &(*v as f32).to_le_bytes());
    }
    put(344, b"n+1\0");
    bytes
}

/// The affine as a rotation with a handedness, as the qform stores it.
struct Qform {
    /// qfac, then the voxel sizes.
    pixdim: [f64; 4],
    quaternion: [f64; 3],
    offset: [f64; 3],
    orthogonal: bool,
}

impl Qform {
    fn new(ras: &[[f64; 4]; 3]) -> Self {
        let column = |c: usize| [ras[0][c], ras[1][c], ras[2][c]];
        let zoom = [0, 1, 2].map(|c| column(c).iter().map(|x| x * x).sum::<f64>().sqrt());
        let unit = |c: usize| column(c).map(|x| if zoom[c] > 0.0 { x / zoom[c] } else { 0.0 });
        let [a, b, c] = [unit(0), unit(1), unit(2)];
        let dot = |u: [f64; 3], v: [f64; 3]| u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
        let cross = [
            a[1] * b[2] - a[2] * b[1],
            a[2] * b[0] - a[0] * b[2],
            a[0] * b[1] - a[1] * b[0],
        ];
        let qfac = if dot(cross, c) < 0.0 { -1.0 } else { 1.0 };
        let orthogonal = zoom.iter().all(|&z| z > 0.0)
            && [dot(a, b), dot(a, c), dot(b, c)]
                .iter()
                .all(|d| d.abs() < 1e-4);
        let quaternion = quaternion([a, b, c.map(|x| qfac * x)]);
        let [dx, dy, dz] = zoom;
        Self {
            pixdim: [qfac, dx, dy, dz],
            quaternion,
            offset: column(3),
            orthogonal,
        }
    }
}

/// The vector part (b, c, d) of the unit quaternion, with a >= 0, of a rotation given by its columns.
fn quaternion([x, y, z]: [[f64; 3]; 3]) -> [f64; 3] {
    let r = |i: usize, j: usize| [x, y, z][j][i];
    let half = |v: f64| 0.5 * v.max(0.0).sqrt();
    let a = half(1.0 + r(0, 0) + r(1, 1) + r(2, 2));
    let b = half(1.0 + r(0, 0) - r(1, 1) - r(2, 2));
    let c = half(1.0 - r(0, 0) + r(1, 1) - r(2, 2));
    let d = half(1.0 - r(0, 0) - r(1, 1) + r(2, 2));
    // The largest of the four is the safest to divide by.
    let (s, t) = (|i, j| r(i, j) + r(j, i), |i, j| r(i, j) - r(j, i));
    let [q0, q1, q2, q3] = if a >= b && a >= c && a >= d {
        [
            a,
            t(2, 1) / (4.0 * a),
            t(0, 2) / (4.0 * a),
            t(1, 0) / (4.0 * a),
        ]
    } else if b >= c && b >= d {
        [
            t(2, 1) / (4.0 * b),
            b,
            s(0, 1) / (4.0 * b),
            s(0, 2) / (4.0 * b),
        ]
    } else if c >= d {
        [
            t(0, 2) / (4.0 * c),
            s(0, 1) / (4.0 * c),
            c,
            s(1, 2) / (4.0 * c),
        ]
    } else {
        [
            t(1, 0) / (4.0 * d),
            s(0, 2) / (4.0 * d),
            s(1, 2) / (4.0 * d),
            d,
        ]
    };
    let sign = if q0 < 0.0 { -1.0 } else { 1.0 };
    [q1, q2, q3].map(|q| sign * q)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, Axis};

    use super::*;
    use crate::io::testing::{message, python};
    use crate::io::{Kind, read_volume, recognise};

    fn rotation(angles: [f64; 3]) -> [[f64; 3]; 3] {
        let mut m = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        for (axis, angle) in angles.into_iter().enumerate() {
            let (i, j) = ((axis + 1) % 3, (axis + 2) % 3);
            for row in &mut m {
                let (p, q) = (row[i], row[j]);
                row[i] = p * angle.cos() + q * angle.sin();
                row[j] = -p * angle.sin() + q * angle.cos();
            }
        }
        m
    }

    pub(crate) fn oblique(angles: [f64; 3], handed: f64) -> [[f64; 4]; 3] {
        let m = rotation(angles);
        std::array::from_fn(|r| {
            [
                0.7 * m[r][0],
                0.9 * m[r][1],
                handed * 3.0 * m[r][2],
                10.0 * (r as f64) - 5.0,
            ]
        })
    }

    fn volume() -> Array3<f32> {
        Array3::from_shape_fn([3, 4, 5], |(k, j, i)| (100 * k + 10 * j + i) as f32)
    }

    fn save(path: &Path, affine: &[[f64; 4]; 3]) {
        let mut writer = NiftiWriter::create(path, [5, 4, 3], affine, "a test", false).unwrap();
        for slice in volume().axis_iter(Axis(0)) {
            writer.slice(&slice.to_owned()).unwrap();
        }
        assert!(!path.exists());
        writer.finish().unwrap();
    }

    #[test]
    fn the_quaternion_of_every_rotation_is_that_rotation() {
        for a in -3..=3 {
            for b in -3..=3 {
                let m = rotation([f64::from(a), f64::from(b), 1.5]);
                let [b, c, d] = quaternion([0, 1, 2].map(|j| [m[0][j], m[1][j], m[2][j]]));
                let a = (1.0 - b * b - c * c - d * d).max(0.0).sqrt();
                assert!((a * a + b * b - c * c - d * d - m[0][0]).abs() < 1e-7);
                assert!((2.0 * (b * c - a * d) - m[0][1]).abs() < 1e-7);
                assert!((2.0 * (b * d - a * c) - m[2][0]).abs() < 1e-7);
            }
        }
    }

    #[test]
    fn our_reader_gets_it_back() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["sub-01.v2_rec.nii", "a.nii.gz"] {
            let path = folder.path().join(name);
            let affine = oblique([0.3, -2.0, 1.0], -1.0);
            save(&path, &affine);
            assert_eq!(recognise(&path).unwrap(), Kind::Nifti);
            let back = read_volume(&path).unwrap();
            assert_eq!(back.data, volume());
            for (a, b) in back
                .affine_lps_mm
                .iter()
                .flatten()
                .zip(affine.iter().flatten())
            {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
    }

    #[test]
    fn nibabel_gets_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let script = "
import numpy as np
i = nibabel.load(sys.argv[1]); h = i.header
d = np.asarray(i.dataobj)
k, j, x = np.meshgrid(np.arange(3), np.arange(4), np.arange(5), indexing='ij')
assert np.array_equal(d, (100 * k + 10 * j + x).T), d
assert int(h['qform_code']) == int(h['sform_code']) == 1
assert h.get_xyzt_units() == ('mm', 'sec'), h.get_xyzt_units()
assert np.abs(i.get_qform() - i.get_sform()).max() < 1e-5, (i.get_qform(), i.get_sform())
print(' '.join('%.3f' % v for v in i.affine[:3].ravel()))
";
        for handed in [1.0, -1.0] {
            let path = folder.path().join(format!("{handed}.nii.gz"));
            let affine = oblique([0.3, -2.0, 1.0], handed);
            save(&path, &affine);
            let Some(out) = python(&["nibabel"], script, &[&path]) else {
                return;
            };
            let found: Vec<f64> = out.split(' ').map(|v| v.parse().unwrap()).collect();
            for (i, (f, a)) in found.iter().zip(affine.iter().flatten()).enumerate() {
                let expected = if i < 8 { -a } else { *a };
                assert!((f - expected).abs() < 1e-3, "{f} {expected}");
            }
        }
    }

    #[test]
    fn wrong_slices_are_refused_and_leave_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.nii");
        let affine = oblique([0.0; 3], 1.0);
        let mut writer = NiftiWriter::create(&path, [5, 4, 3], &affine, "", false).unwrap();
        assert!(message(writer.slice(&Array2::zeros([5, 4]))).contains("(4, 5)"));
        assert!(message(writer.finish()).contains("0 slices"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(
            message(NiftiWriter::create(&path, [0, 4, 3], &affine, "", false)).contains("32767")
        );
    }
}
