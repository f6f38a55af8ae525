//! Bad files and requests are refused by name, with one line and nothing written.

use crate::cli::{BRAIN, assert_refused, done, scanned};
use ndarray::Array3;
use num_complex::Complex32;
use std::path::Path;

#[test]
fn bad_raw_files_are_refused_by_name() {
    let folder = scanned();
    let at = |name: &str| folder.path().join(name);
    let whole = std::fs::read(at("scan.h5")).unwrap();
    std::fs::write(at("cut.h5"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(at("stub.h5"), &whole[..600]).unwrap();
    std::fs::write(at("empty.h5"), b"").unwrap();
    std::fs::write(at("text.h5"), "Dear reader,\nthis is no scan.\n").unwrap();
    ndarray_npy::write_npy(at("real.npy"), &Array3::<f32>::ones((4, 32, 32))).unwrap();
    let mut k = Array3::<Complex32>::ones((4, 32, 32));
    k[(1, 2, 3)].im = f32::NAN;
    ndarray_npy::write_npy(at("nan.npy"), &k).unwrap();

    for (file, words) in [
        ("missing.h5", &["no such file"][..]),
        ("empty.h5", &["empty"]),
        ("text.h5", &["neither HDF5 nor npy"]),
        ("cut.h5", &["truncated"]),
        ("stub.h5", &["truncated"]),
        ("real.npy", &["complex64", "<f4", "[4, 32, 32]"]),
        ("nan.npy", &["NaN", "(1, 2, 3)"]),
        (".", &["folder"]),
        // An image is no raw data, though it is a good file.
        ("scan.truth.nii.gz", &["raw"]),
    ] {
        let words = [&[file], words].concat();
        let line = ["recon", file, "-p", BRAIN, "-o", "out"];
        let line = [&line[..], &["--method", "zero-filled"]].concat();
        assert_refused(folder.path(), &line, &words);
    }
    let line = ["recon", "cut.h5", "-p", BRAIN, "-o", "out"];
    assert_refused(folder.path(), &line, &["cut.h5", "truncated"]);
    for file in ["missing.h5", "empty.h5", "cut.h5"] {
        assert_refused(folder.path(), &["inspect", file], &[file]);
    }
}

#[test]
fn bad_requests_are_refused_by_name() {
    let folder = scanned();
    let at = |name: &str| folder.path().join(name);
    let brain = done(folder.path(), &["protocol", "show", BRAIN]);
    let typo = brain.replacen("\nacceleration =", "\naccelration =", 1);
    let line = 1 + typo
        .lines()
        .position(|l| l.starts_with("accelration"))
        .unwrap();
    std::fs::write(at("typo.toml"), &typo).unwrap();
    std::fs::write(at("broken.toml"), "title = \"A\"\nmodality = mri\n").unwrap();
    std::fs::write(at("text.safetensors"), "Dear reader,\nthis is no prior.\n").unwrap();
    let priors = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocols/priors");
    let mut prior = std::fs::read(priors.join("brain-local.safetensors")).unwrap();
    std::fs::write(at("cut.safetensors"), &prior[..prior.len() / 2]).unwrap();
    let changed = prior.len() - 1000;
    prior[changed] ^= 1;
    std::fs::write(at("changed.safetensors"), &prior).unwrap();
    let place = format!("typo.toml:{line}:1:");

    let start = ["recon", "scan.h5", "-o", "out", "-p"];
    for (more, words) in [
        (&["typo.toml"][..], &[place.as_str(), "`acceleration`"][..]),
        (&["broken.toml"], &["broken.toml:2:12"]),
        (&["missing.toml"], &["missing.toml", "No such file"]),
        (
            &["mri/brain-cartesain-r4"],
            &["did you mean `mri/brain-cartesian-r4`"],
        ),
        (
            &[BRAIN, "--method", "brigde"],
            &["`brigde`", "`bridge`", "cg-sense"],
        ),
        (
            &[BRAIN, "--method", "grappa"],
            &["`grappa`", "zero-filled, cg-sense"],
        ),
        (&[BRAIN, "--device", "cuda:7"], &["cuda:7", "auto or cpu"]),
        (&[BRAIN, "--slices", "1:3"], &["--slices 1:3", "0:2"]),
        (
            &[BRAIN, "--set", "method.bridge.levls=3"],
            &["levls", "`levels`"],
        ),
        (
            &[BRAIN, "--set", "method.bridge.levels=1"],
            &["method.bridge.levels", "at least 2"],
        ),
        (
            &[BRAIN, "--set", "prior.model=missing"],
            &["missing", "brain-local"],
        ),
        (
            &[BRAIN, "--set", "prior.model=text.safetensors"],
            &["text.safetensors", "not a safetensors file"],
        ),
        (
            &[BRAIN, "--set", "prior.model=cut.safetensors"],
            &["cut.safetensors", "not a safetensors file"],
        ),
        (
            &[BRAIN, "--set", "prior.model=changed.safetensors"],
            &["changed.safetensors", "SHA-256", "changed or damaged"],
        ),
        (
            &["mri/cartesian", "--method", "bridge"],
            &["bridge", "needs a score model", "[prior]"],
        ),
        (
            &[BRAIN, "--truth", "missing.nii.gz"],
            &["missing.nii.gz", "no such file"],
        ),
        (&[BRAIN, "--truth", "scan.h5"], &["scan.h5"]),
    ] {
        assert_refused(folder.path(), &[&start[..], more].concat(), words);
    }
    assert_refused(
        folder.path(),
        &["protocol", "check", "typo.toml"],
        &[&place],
    );
    for (line, word) in [
        (
            ["simulate", "nobody", "-p", BRAIN, "-o", "out.h5"],
            "`nobody`",
        ),
        (
            ["simulate", "brain", "-p", "mri/cartesian", "-o", "out.h5"],
            "acquisition",
        ),
        (
            ["simulate", "brain", "-p", BRAIN, "-o", "no/out.h5"],
            "no such folder",
        ),
    ] {
        assert_refused(folder.path(), &line, &[word]);
    }
    assert!(!at("out.h5").exists() && !at("no").exists());
}
