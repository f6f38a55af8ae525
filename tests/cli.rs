//! The command line from outside: exit codes, the light verbs; and what other modules need to run it.

use annulus::io::read_volume;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What a run of `annulus` gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program in a folder, not started yet.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    // Cargo builds the engine beside the program, where the program looks for it.
    let program = Path::new(env!("CARGO_BIN_EXE_annulus"));
    let engine = Path::new(env!("CARGO_BIN_EXE_annulus-engine"));
    assert_eq!(program.parent(), engine.parent());
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments);
    command
}

/// Runs `annulus` in a folder.
pub(crate) fn annulus(folder: &Path, arguments: &[&str]) -> Run {
    let out = command(folder, arguments).output().unwrap();
    Run {
        code: out.status.code().expect("it ended by itself"),
        stdout: String::from_utf8(out.stdout).unwrap(),
        stderr: String::from_utf8(out.stderr).unwrap(),
    }
}

/// The standard output of a run that must succeed.
pub(crate) fn done(folder: &Path, arguments: &[&str]) -> String {
    let run = annulus(folder, arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    run.stdout
}

/// A file of the shared data, or nothing, said aloud.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ANNULUS_SHARED").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let path = root.join(name);
    if !path.exists() {
        eprintln!("skipped: no {}", path.display());
        return None;
    }
    Some(path)
}

/// Runs a Python script in a folder; nothing, said aloud, without Python or the module.
pub(crate) fn python(folder: &Path, module: &str, script: &str) -> Option<String> {
    let run = |script: &str| {
        let mut python = Command::new("python3");
        python.args(["-c", script]).current_dir(folder).output()
    };
    let import = format!("import {module}\n");
    if !run(&import).is_ok_and(|out| out.status.success()) {
        eprintln!("skipped: no python3 with {module}");
        return None;
    }
    let out = run(&(import + script)).unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
    Some(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

pub(crate) const BRAIN: &str = "mri/brain-cartesian-r4";
/// Two slices of 64 x 64, four coils, every second line.
const SMALL: [&str; 10] = [
    "--set",
    "acquisition.cartesian.matrix=[64, 64]",
    "--set",
    "acquisition.cartesian.coils=4",
    "--set",
    "acquisition.cartesian.acceleration=2",
    "--set",
    "acquisition.cartesian.calibration_lines=24",
    "--set",
    "acquisition.cartesian.slices=2",
];

/// One thread: tests run side by side, and libtorch's threads wait for each other busily.
pub(crate) const BRIDGE: [&str; 12] = [
    "recon",
    "scan.h5",
    "-p",
    BRAIN,
    "--method",
    "bridge",
    "--format",
    "nifti",
    "-o",
    "out",
    "--threads",
    "1",
];

/// A folder with `scan.h5` and `scan.truth.nii.gz`.
pub(crate) fn scanned() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = ["simulate", "brain", "-p", BRAIN, "-o", "scan.h5"];
    done(folder.path(), &[&line[..], &SMALL].concat());
    folder
}

/// How a file is made or changed that a program reads afterwards: a lock would last as long as any child of
/// another test that was started meanwhile.
pub(crate) fn unlocked() -> hdf5::FileBuilder {
    let mut builder = hdf5::File::with_options();
    builder.with_fapl(|access| access.file_locking(false));
    builder
}

/// The names in a folder; none if there is no folder.
pub(crate) fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The one line of an error, without the lines of the progress.
pub(crate) fn error_line(run: &Run) -> &str {
    let progress = |l: &&str| !(l.contains(": done in ") || l.contains(" s left"));
    let lines: Vec<&str> = run.stderr.lines().filter(progress).collect();
    assert_eq!(lines.len(), 1, "{run:?}");
    let line = lines[0]
        .strip_prefix("annulus: ")
        .expect("whose error it is");
    for word in ["panicked", "internal error", "unwrap", "RUST_BACKTRACE"] {
        assert!(!line.contains(word), "{line}");
    }
    line
}

/// Demands exit code 1, one line with `words` in it, and nothing in `out`.
pub(crate) fn assert_refused(folder: &Path, arguments: &[&str], words: &[&str]) {
    let run = annulus(folder, arguments);
    assert_eq!(run.code, 1, "{arguments:?}: {run:?}");
    let line = error_line(&run);
    for word in words {
        assert!(line.contains(word), "{arguments:?}: no `{word}` in: {line}");
    }
    assert_eq!(run.stdout, "", "{arguments:?}");
    let left = names(&folder.join("out"));
    assert!(left.is_empty(), "{arguments:?} left {left:?}");
}

#[test]
fn the_light_verbs_work() {
    let folder = scanned();
    let at = folder.path();
    let help = done(at, &["--help"]);
    for word in ["recon", "simulate", "inspect", "protocol", "Exit codes"] {
        assert!(help.contains(word), "{help}");
    }
    for verb in ["recon", "simulate", "phantom", "train", "prior", "protocol"] {
        assert!(done(at, &[verb, "--help"]).contains("Usage"), "{verb}");
    }
    assert!(done(at, &["--version"]).contains(env!("CARGO_PKG_VERSION")));

    let screen = done(at, &["inspect", "scan.h5"]);
    for word in ["MRD", "128 x 64", "64 x 64", "noise scan", "2 of 5.00 mm"] {
        assert!(screen.contains(word), "{word} in {screen}");
    }
    let json: Value = serde_json::from_str(&done(at, &["inspect", "scan.h5", "--json"])).unwrap();
    assert_eq!(json.as_array().map(Vec::len), Some(1), "{json}");

    let list = done(at, &["protocol", "list"]);
    let mri = ["mri/cartesian", BRAIN, "mri/brain-poisson-r8"];
    let ct = ["ct/parallel", "ct/head-sparse60", "ct/head-lowdose"];
    for name in mri.into_iter().chain(ct) {
        assert!(list.contains(name), "{list}");
        done(at, &["protocol", "check", name]);
        // What is shown is a protocol itself.
        std::fs::write(at.join("shown.toml"), done(at, &["protocol", "show", name])).unwrap();
        done(at, &["protocol", "check", "shown.toml"]);
    }
    let schema: Value = serde_json::from_str(&done(at, &["protocol", "schema"])).unwrap();
    assert!(schema.is_object());

    assert!(done(at, &["phantom", "--list"]).contains("shepp-logan"));
    let line = ["phantom", "brain", "--size", "48", "-o", "brain.nii.gz"];
    done(at, &[&line[..], &["--depth", "2"]].concat());
    let volume = read_volume(&at.join("brain.nii.gz")).unwrap();
    assert_eq!(volume.data.dim(), (2, 48, 48));
    let line = [
        "phantom",
        "catphan-504",
        "--size",
        "23",
        "--depth",
        "13",
        "-o",
    ];
    done(at, &[&line[..], &["catphan.nii"]].concat());
    let volume = read_volume(&at.join("catphan.nii")).unwrap();
    // 130 mm high and 230 mm wide; the air above the centre of the ninth slice.
    let [left, back, up] = volume.affine_lps_mm;
    assert_eq!((left[0], back[1], up[2], up[3]), (10.0, 10.0, 10.0, -80.0));
    assert_eq!((left[3], back[3]), (-110.0, -110.0));
    assert!(
        volume.data[(8, 5, 11)] < -700.0,
        "{}",
        volume.data[(8, 5, 11)]
    );
    let line = [
        "phantom",
        "brain-splines",
        "--contrast",
        "flair",
        "--size",
        "32",
        "-o",
    ];
    done(at, &[&line[..], &["splines.png"]].concat());
}

#[test]
fn wrong_arguments_have_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let recon = ["recon", "scan.h5", "-p", BRAIN, "-o", "out"];
    let with = |more: &[&'static str]| [&recon[..], more].concat();
    for (line, word) in [
        (vec![], "Usage"),
        (vec!["reconstruct"], "reconstruct"),
        (vec!["recon", "scan.h5"], "--output"),
        (with(&["--frobnicate"]), "--frobnicate"),
        (with(&["--samples", "many"]), "many"),
        (with(&["--slices", "3:1"]), "3:1"),
        (vec!["inspect"], "FILES"),
    ] {
        let run = annulus(folder.path(), &line);
        assert_eq!(run.code, 2, "{line:?}: {run:?}");
        assert!(run.stderr.contains(word), "{line:?}: {run:?}");
        assert!(!run.stderr.contains("panicked"), "{run:?}");
    }
    assert!(names(folder.path()).is_empty());
}

/// Every file of a folder with its bytes.
pub(crate) fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| (name.clone(), std::fs::read(folder.join(&name)).unwrap());
    names(folder).into_iter().map(read).collect()
}

#[test]
fn nothing_is_replaced_without_force() {
    let folder = scanned();
    let at = folder.path();
    let recon = |more: &[&str]| {
        let line = ["recon", "scan.h5", "-p", BRAIN, "-o", "out"];
        let line = [&line[..], &["--method", "zero-filled"], more].concat();
        annulus(at, &line)
    };
    assert_eq!(recon(&["--format", "nifti"]).code, 0);
    let before = contents(&at.join("out"));
    // The same files, or others beside them: a folder holds one result.
    for format in ["nifti", "npy", "png", "hdf5"] {
        let run = recon(&["--format", format]);
        assert_eq!(run.code, 1, "{format}");
        let line = error_line(&run);
        assert!(line.contains("out/") && line.contains("--force"), "{line}");
        // Known before the first slice, not after hours.
        assert!(!run.stderr.contains("done in"), "{format}: {}", run.stderr);
        assert!(contents(&at.join("out")) == before, "{format}");
    }
    let run = recon(&["--format", "nifti", "--force"]);
    assert_eq!(run.code, 0, "{}", run.stderr);

    let line = ["simulate", "brain", "-p", BRAIN, "-o", "scan.h5"];
    let line = [&line[..], &SMALL].concat();
    let before = std::fs::read(at.join("scan.h5")).unwrap();
    assert!(error_line(&annulus(at, &line)).contains("scan.h5"));
    assert!(std::fs::read(at.join("scan.h5")).unwrap() == before);
    // The same seed, the same bytes.
    done(at, &[&line[..], &["--force"]].concat());
    let truth = read_volume(&at.join("scan.truth.nii.gz")).unwrap();
    assert_eq!(truth.data.dim(), (2, 64, 64));
}
