//! What is written, judged and read by other programs.

use super::*;
use crate::io::testing::{message, python, random, shared};

/// Series of every kind, with and without a source.
fn all_kinds(parent: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut add = |name: &str, info: SeriesInfo, volume: &Array3<f32>| {
        let folder = parent.join(name);
        save(&folder, info, volume);
        folders.push(folder);
    };
    let magnitude = Content::Magnitude { largest: 1000.0 };
    let attenuation = Content::Attenuation {
        largest_per_mm: 0.1,
    };
    let positive = marked().mapv(|v| v.max(0.0));
    add("mean", info(Content::Hounsfield, Quantity::Mean), &marked());
    add(
        "std",
        info(Content::Hounsfield, Quantity::StandardDeviation),
        &positive,
    );
    add(
        "mu",
        info(attenuation, Quantity::Reconstruction),
        &(positive.clone() * 1e-4),
    );
    let mut mr = info(magnitude, Quantity::Sample(2));
    mr.mr.echo_time_ms = Some(4.2);
    mr.mr.repetition_time_ms = Some(1000.0 / 3.0);
    mr.mr.field_t = Some(2.893_620_014_190_674);
    add("mr", mr, &positive);
    let mut assumed = info(magnitude, Quantity::Mean);
    assumed.geometry_known = false;
    assumed.window = Some([0.25, 0.5]);
    add("assumed", assumed, &positive);
    for (name, content) in [
        ("data/ct/head-ge", Content::Hounsfield),
        ("data/image/brain-pd-dicom", magnitude),
    ] {
        let Some(real) = shared(name) else { continue };
        let mut derived = info(content, Quantity::Mean);
        derived.source = Some(super::read(&real, Stacking::Slices).unwrap().source);
        add(
            real.file_name().unwrap().to_str().unwrap(),
            derived,
            &marked(),
        );
    }
    folders
}

#[test]
fn validators_find_no_error() {
    let parent = tempfile::tempdir().unwrap();
    for folder in all_kinds(parent.path()) {
        let files = files(&folder);
        for file in &files {
            let Some(said) = tool("dciodvfy", &["-new"], std::slice::from_ref(file)) else {
                return;
            };
            // Those of the source that no one may change: it would be another study.
            let inherited = |l: &&str| l.contains("Illegal root for UID = <0.0.0.0.");
            let errors = said.lines().filter(|l| l.starts_with("Error"));
            let errors: Vec<&str> = errors.filter(|l| !inherited(l)).collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", folder.display());
            assert!(said.contains("Image"), "{said}");
        }
        if let Some(said) = tool("dcentvfy", &[], &files) {
            assert_eq!(said, "", "{}", folder.display());
        }
        if let Some(said) = tool("dcmdump", &["+P", "SOPClassUID"], &files) {
            assert_eq!(said.matches("ImageStorage").count(), 3, "{said}");
            assert!(!said.contains("E:") && !said.contains("W:"), "{said}");
        }
    }
}

#[test]
fn damaged_compressed_pixels_are_an_error() {
    let parent = tempfile::tempdir().unwrap();
    let original = sample(parent.path()).join("0003.dcm");
    for option in ["--j2k", "--jpeg", "--rle"] {
        let path = parent.path().join("a.dcm");
        if tool("gdcmconv", &[option], &[original.clone(), path.clone()]).is_none() {
            return;
        }
        let good = std::fs::read(&path).unwrap();
        let whole = super::read(&path, Stacking::Regular).unwrap().volume;
        let pixels = good
            .windows(4)
            .position(|w| w == [0xe0, 0x7f, 0x10, 0])
            .unwrap()
            + 12;
        let mut unlike = 0;
        for place in random(60) {
            let mut bytes = good.clone();
            let at = (place.re + 1.0) * 0.5 * (good.len() - pixels) as f32;
            bytes[pixels + at as usize] ^= 1 << ((place.im + 1.0) * 4.0) as u8;
            std::fs::write(&path, &bytes).unwrap();
            let found = super::read(&path, Stacking::Regular);
            unlike += usize::from(!found.is_ok_and(|f| f.volume == whole));
        }
        assert!(unlike > 0, "{option}");
        std::fs::write(&path, &good[..good.len() - 60]).unwrap();
        assert!(message(super::read(&path, Stacking::Regular)).contains("truncated"));
    }
}

/// The ruler: a file that breaks a rule is found by the validator.
#[test]
fn the_validator_sees_a_missing_attribute() {
    let parent = tempfile::tempdir().unwrap();
    let folder = sample(parent.path());
    let file = folder.join("0001.dcm");
    edit(&file, |o| {
        o.remove_element(dicom_dictionary_std::tags::RESCALE_SLOPE);
    });
    let Some(said) = tool("dciodvfy", &["-new"], &[file]) else {
        return;
    };
    assert!(said.lines().any(|l| l.starts_with("Error")), "{said}");
}

/// World positions by the formula of PS3.3 C.7.6.2.1.1, values by pydicom's own rescaling, and nibabel's affine of
/// the NIfTI file that this program writes of the same volume.
#[test]
fn pydicom_and_nibabel_put_the_marker_at_the_same_place() {
    let parent = tempfile::tempdir().unwrap();
    let volume = marked().mapv(|v| v.max(0.0));
    let nifti = parent.path().join("a.nii");
    let mut writer =
        crate::io::NiftiWriter::create(&nifti, [64, 48, 3], &oblique(), "", false).unwrap();
    for slice in volume.axis_iter(Axis(0)) {
        writer.slice(&slice.to_owned()).unwrap();
    }
    writer.finish().unwrap();
    let script = "
import glob, numpy as np
from pydicom.pixels import apply_modality_lut
n = nibabel.load(sys.argv[2])
out = []
for k, f in enumerate(sorted(glob.glob(sys.argv[1] + '/*.dcm'))):
    d = pydicom.dcmread(f)
    v = apply_modality_lut(d.pixel_array, d)
    x, y = np.array(d.ImageOrientationPatient[:3]), np.array(d.ImageOrientationPatient[3:])
    assert abs(x @ x - 1) < 1e-11 and abs(y @ y - 1) < 1e-11 and abs(x @ y) < 1e-11, (x, y)
    p, s = np.array(d.ImagePositionPatient), d.PixelSpacing
    assert v.shape == (48, 64) and list(s) == [0.8, 0.7], (v.shape, s)
    a = np.diag([-1, -1, 1]) @ np.stack([x * s[1], y * s[0], p], 1)
    assert np.abs(a - n.affine[:3, [0, 1, 3]] - np.outer(n.affine[:3, 2], [0, 0, k])).max() < 1e-4, a
    w = float(d.RealWorldValueMappingSequence[0].RealWorldValueSlope)
    assert np.abs(d.pixel_array * w - v).max() < 1e-9
    err = np.abs(v - n.get_fdata()[:, :, k].T).max()
    assert err <= 0.501 * w, err
    j, i = np.unravel_index(v.argmax(), v.shape)
    if v.max() > 500: out.append((x * s[1] * i + y * s[0] * j + p, (i, j, k)))
(place, index), = out
print(*place, *index)
";
    for (name, content) in [
        ("ct", Content::Hounsfield),
        ("mr", Content::Magnitude { largest: 1000.0 }),
    ] {
        let folder = parent.path().join(name);
        save(&folder, info(content, Quantity::Mean), &volume);
        let Some(out) = python(&["pydicom", "nibabel"], script, &[&folder, &nifti]) else {
            return;
        };
        let found: Vec<f64> = out.split(' ').map(|v| v.parse().unwrap()).collect();
        assert_eq!(found[3..], [50.0, 5.0, 2.0]);
        for (a, b) in found.iter().zip(marker_mm(&oblique())) {
            assert!((a - b).abs() < 1e-4, "{found:?}");
        }
    }
}

/// Files that another program made of ours, in every transfer syntax.
#[test]
fn all_transfer_syntaxes_are_read_alike() {
    let parent = tempfile::tempdir().unwrap();
    let mut originals = vec![sample(parent.path()).join("0003.dcm")];
    originals.extend(shared("data/ct/CT_small.dcm"));
    originals.extend(shared("data/ct/head-ge").map(|f| f.join("09.dcm")));
    let mut seen = 0;
    for original in originals {
        let expected = super::read(&original, Stacking::Regular).unwrap().volume;
        for (program, option) in [
            ("gdcmconv", "--j2k"),
            ("gdcmconv", "--jpeg"),
            ("gdcmconv", "--rle"),
            ("gdcmconv", "--implicit"),
            ("gdcmconv", "--deflated"),
            ("dcmconv", "+te"),
            ("dcmconv", "+tb"),
            ("dcmconv", "+td"),
            ("dcmcjpeg", "+e1"),
            ("dcmcrle", "+te"),
        ] {
            let path = parent.path().join("a.dcm");
            let _ = std::fs::remove_file(&path);
            let names = [original.clone(), path.clone()];
            let option = if program == "dcmcrle" {
                vec![]
            } else {
                vec![option]
            };
            if tool(program, &option, &names).is_none() || !path.exists() {
                continue;
            }
            let found = super::read(&path, Stacking::Regular);
            let found = found
                .unwrap_or_else(|e| panic!("{program} {option:?}: {e}"))
                .volume;
            assert!(
                found == expected,
                "{program} {option:?} of {}",
                original.display()
            );
            seen += 1;
        }
        let path = parent.path().join("ls.dcm");
        let names = [original.clone(), path.clone()];
        if tool("gdcmconv", &["--jpegls"], &names).is_some() && path.exists() {
            let text = message(super::read(&path, Stacking::Regular));
            assert!(
                text.contains("JPEG-LS") && text.contains("gdcmconv"),
                "{text}"
            );
        }
    }
    eprintln!("{seen} files of other transfer syntaxes");
}
