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
    let mut writer = crate::io::NiftiWriter::create(path, [3, 2, 1], &affine, "", false).unwrap();
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
