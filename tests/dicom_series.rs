//! Results as DICOM series, read by programs that are not ours.

use crate::cli::{BRAIN, done, names, python, scanned};
use crate::ct_path::{HEAD, SMALL, scanned_head};
use annulus::io::read_volume;
use ndarray::Axis;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Every file of a series by pydicom: what tells where its pixels lie and what they are.
const READ: &str = "
import json, pathlib, struct
def told(path):
    d = pydicom.dcmread(path)
    code = 'h' if d.PixelRepresentation else 'H'
    raw = struct.unpack('<%d%s' % (d.Rows * d.Columns, code), d.PixelData)
    slope, intercept = float(d.RescaleSlope), float(d.RescaleIntercept)
    numbers = lambda values: [float(v) for v in values]
    return {
        'modality': d.Modality, 'type': str(d.get('RescaleType', '')), 'slope': slope,
        'pixels': [slope * v + intercept for v in raw], 'shape': [d.Rows, d.Columns],
        'position': numbers(d.ImagePositionPatient), 'axes': numbers(d.ImageOrientationPatient),
        'spacing': numbers(d.PixelSpacing), 'instance': int(d.InstanceNumber),
    }
files = sorted(pathlib.Path('out/mean.dcm').iterdir())
print(json.dumps([told(path) for path in files]))
";

fn numbers(value: &Value) -> Vec<f64> {
    let all = value.as_array().unwrap().iter();
    all.map(|v| v.as_f64().unwrap()).collect()
}

/// The series `mean.dcm` has the values of `mean.nii.gz`, to half a step, where they lie. Nothing
/// without pydicom.
fn assert_same_volume(at: &Path, modality: &str, unit: &str) {
    let volume = read_volume(&at.join("out/mean.nii.gz")).unwrap();
    let Some(said) = python(at, "pydicom", READ) else {
        return;
    };
    let series: Vec<Value> = serde_json::from_str(&said).unwrap();
    let (slices, rows, columns) = volume.data.dim();
    assert_eq!(series.len(), slices);
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-3, "{a} {b}");
    for (k, told) in series.iter().enumerate() {
        assert_eq!(told["modality"], modality);
        assert_eq!(told["type"], unit);
        assert_eq!(numbers(&told["shape"]), [rows as f64, columns as f64]);
        assert_eq!(told["instance"], k + 1);
        let slope = told["slope"].as_f64().unwrap();
        assert!(unit != "HU" || slope == 1.0, "{slope} HU a step");
        let pixels = numbers(&told["pixels"]);
        for (a, b) in pixels.iter().zip(volume.data.index_axis(Axis(0), k)) {
            let apart = (a - f64::from(*b)).abs();
            assert!(apart <= 0.501 * slope, "slice {k}: {a} {b}");
        }
        let [position, axes, spacing] = ["position", "axes", "spacing"].map(|n| numbers(&told[n]));
        for (i, row) in volume.affine_lps_mm.iter().enumerate() {
            near(position[i], row[3] + row[2] * k as f64);
            // The first axis runs along a row: over columns.
            near(axes[i] * spacing[1], row[0]);
            near(axes[3 + i] * spacing[0], row[1]);
        }
    }
}

/// No error by David Clunie's dciodvfy. Nothing, said aloud, without it.
fn assert_conforms(series: &Path) {
    let files = names(series);
    assert!(!files.is_empty());
    for file in files {
        let mut check = Command::new("dciodvfy");
        let Ok(out) = check.arg("-new").arg(series.join(&file)).output() else {
            eprintln!("skipped: no dciodvfy");
            return;
        };
        let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        assert!(said.contains("Image"), "{file}: {said}");
        let mut lines = said.lines();
        assert!(!lines.any(|l| l.starts_with("Error")), "{file}: {said}");
    }
}

#[test]
fn hounsfield_units_reach_a_viewer() {
    let folder = scanned_head(&["--set", "acquisition.fan.slices=3"]);
    let at = folder.path();
    let line = ["recon", "scan", "-p", HEAD, "--format", "dicom,nifti"];
    let more = [
        "-o",
        "out",
        "--method",
        "fbp",
        "--set",
        "image.centre_mm=[7, -3]",
    ];
    done(at, &[&line[..], &SMALL, &more].concat());
    assert_same_volume(at, "CT", "HU");
    assert_conforms(&at.join("out/mean.dcm"));
}

#[test]
fn a_mean_and_its_deviation_are_series() {
    let folder = scanned_head(&[]);
    let at = folder.path();
    let line = ["recon", "scan", "-p", HEAD, "--format", "dicom,nifti"];
    let more = [
        "-o",
        "out",
        "--samples",
        "2",
        "--set",
        "method.bridge.levels=2",
    ];
    done(
        at,
        &[&line[..], &SMALL, &more, &["--threads", "1"]].concat(),
    );
    assert_same_volume(at, "CT", "HU");
    for series in ["mean.dcm", "std.dcm"] {
        assert_conforms(&at.join("out").join(series));
    }
}

#[test]
fn a_magnitude_image_reaches_a_viewer() {
    let folder = scanned();
    let at = folder.path();
    let line = ["recon", "scan.h5", "-p", BRAIN, "--format", "dicom,nifti"];
    done(
        at,
        &[&line[..], &["-o", "out", "--method", "zero-filled"]].concat(),
    );
    assert_same_volume(at, "MR", "US");
    assert_conforms(&at.join("out/mean.dcm"));
}
