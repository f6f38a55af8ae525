//! NIfTI volumes: versions 1 and 2, either byte order, compressed or not, any real type, label maps.

mod head;
mod numbers;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use ndarray::Array3;

use super::IoError;
use head::Head;

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
    let scale = head.scale();
    let mut data = Vec::new();
    let mut row = vec![0; head.dims[0] * head.item];
    for _ in 0..head.dims[1] * head.dims[2] {
        stream
            .read_exact(&mut row)
            .map_err(|e| IoError::reading(path, &e))?;
        data.extend(
            row.chunks_exact(head.item)
                .map(|bytes| scale(head.value(bytes)) as f32),
        );
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
        dtype: head.kind.name(),
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
    let mut file = File::open(path).map_err(fail)?;
    let mut magic = Vec::new();
    (&mut file).take(2).read_to_end(&mut magic).map_err(fail)?;
    let file = BufReader::new(File::open(path).map_err(fail)?);
    Ok(match magic[..] {
        // bgzip and pigz write several members.
        [0x1f, 0x8b] => Box::new(BufReader::new(MultiGzDecoder::new(file))),
        _ => Box::new(file),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::testing::{message, python, shared};

    #[test]
    fn nibabels_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let script = "
import numpy as np
a = np.array([[0, -.7, 0, 5], [.9, 0, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1.]])
d = np.arange(60).reshape(5, 4, 3) - 7
for t in 'int16 int32 float32 float64 int8'.split():
    nibabel.Nifti1Image(d.astype(t), a).to_filename(sys.argv[1] + '/' + t + '.nii.gz')
nibabel.Nifti2Image(d, a, dtype='int64').to_filename(sys.argv[1] + '/v2.nii')
h = nibabel.Nifti1Header(endianness='>')
i = nibabel.Nifti1Image(d.astype('>i2'), a, h)
i.to_filename(sys.argv[1] + '/big.nii')
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
        assert_eq!(seen, 9);
    }

    #[test]
    fn damaged_files_are_refused_and_never_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.nii");
        let affine = [
            [1.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
        ];
        let mut writer =
            crate::io::NiftiWriter::create(&path, [3, 2, 1], &affine, "", false).unwrap();
        writer.slice(&ndarray::Array2::zeros([2, 3])).unwrap();
        writer.finish().unwrap();
        let good = std::fs::read(&path).unwrap();
        let try_bytes = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read_volume(&path)
        };
        for n in [0, 3, 100, 347, 351, good.len() - 1] {
            assert!(try_bytes(&good[..n]).is_err(), "{n}");
        }
        for at in 0..348 {
            for value in [0, 0x7f, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] = value;
                let _ = try_bytes(&bytes);
            }
        }
        let mut four = good.clone();
        (four[40], four[48]) = (4, 2);
        assert!(message(try_bytes(&four)).contains("3-D"));
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
    fn a_real_head_is_read() {
        let Some(path) = shared("data/image/brain-t1-colin27.nii.gz") else {
            return;
        };
        let volume = read_volume(&path).unwrap();
        assert_eq!(volume.data.dim(), (181, 217, 181));
    }
}
