//! Runs that are stopped: by a full disk, by Ctrl-C; and those that go on after it.

use crate::cli::{
    BRAIN, BRIDGE, Run, annulus, command, contents, done, error_line, names, scanned,
};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A small disk in memory, taken away in the end.
struct Disk(PathBuf);

impl Disk {
    /// Nothing, said aloud, without the right to mount.
    fn new(folder: PathBuf, kilobytes: u64) -> Option<Self> {
        std::fs::create_dir_all(&folder).unwrap();
        let size = format!("size={kilobytes}k");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&folder);
        let mounted = mount.stderr(Stdio::null()).status();
        if !mounted.is_ok_and(|status| status.success()) {
            eprintln!("skipped: no right to mount a small disk");
            return None;
        }
        Some(Disk(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let gone = Command::new("umount").arg(&self.0).status();
        if !gone.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.0.display());
        }
    }
}

/// On disks of every size up to the one that suffices: all of the output, or none of it.
fn assert_all_or_nothing(folder: &Path, arguments: &[&str], step: u64, files: &[&str]) {
    let files: BTreeSet<String> = files.iter().map(|f| f.to_string()).collect();
    let mut refusals = 0;
    for kilobytes in (1..).map(|i| i * step) {
        let Some(disk) = Disk::new(folder.join("out"), kilobytes) else {
            return;
        };
        let run = annulus(folder, arguments);
        let left = names(&disk.0);
        if run.code == 0 {
            assert_eq!(left, files);
            break;
        }
        refusals += 1;
        assert_eq!(run.code, 1, "{kilobytes} kB: {run:?}");
        let line = error_line(&run);
        assert!(line.contains("out/") && line.contains("no space"), "{line}");
        assert!(left.is_empty(), "{kilobytes} kB: {left:?} left; {line}");
        assert!(kilobytes < 2000, "{run:?}");
    }
    assert!(refusals > 2, "only {refusals} disks were too small");
}

#[test]
fn a_full_disk_leaves_nothing_of_a_reconstruction() {
    let folder = scanned();
    let line = ["recon", "scan.h5", "-p", BRAIN, "-o", "out"];
    let line = [&line[..], &["--method", "zero-filled"]].concat();
    let files = [
        "mean.nii.gz",
        "mean.png",
        "report.html",
        "report.json",
        "result.h5",
        "zero-filled.png",
    ];
    assert_all_or_nothing(folder.path(), &line, 12, &files);
}

#[test]
fn a_full_disk_leaves_nothing_of_a_simulation() {
    let folder = tempfile::tempdir().unwrap();
    let line = ["simulate", "brain", "-p", BRAIN, "-o", "out/scan.h5"];
    // A truth of a few kilobytes: there is a disk that holds it and not the scan's last bytes.
    let tiny = [
        "acquisition.cartesian.matrix=[32, 32]",
        "acquisition.cartesian.coils=1",
        "acquisition.cartesian.calibration_lines=8",
        "acquisition.cartesian.slices=1",
    ];
    let tiny: Vec<&str> = tiny.iter().flat_map(|key| ["--set", key]).collect();
    let files = ["scan.h5", "scan.truth.nii.gz"];
    assert_all_or_nothing(folder.path(), &[&line[..], &tiny].concat(), 4, &files);
}

/// Starts a run, waits for `file` in the output folder, and interrupts it.
pub(crate) fn interrupt(folder: &Path, arguments: &[&str], file: &str) -> Run {
    let mut started = command(folder, arguments);
    started.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = started.spawn().unwrap();
    let out = folder.join("out");
    let began = std::time::Instant::now();
    while !names(&out)
        .iter()
        .chain(&names(&out.join(".parts")))
        .any(|n| n.contains(file))
    {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        assert!(began.elapsed().as_secs() < 120, "{file} never came");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // The program has become the engine: the process is the same.
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let out = child.wait_with_output().unwrap();
    Run {
        code: out.status.code().expect("it ended by itself"),
        stdout: String::from_utf8(out.stdout).unwrap(),
        stderr: String::from_utf8(out.stderr).unwrap(),
    }
}

#[test]
fn an_interrupted_run_says_so_and_leaves_no_image() {
    let folder = scanned();
    let long = ["--set", "method.bridge.levels=2000", "--batch", "1"];
    let run = interrupt(folder.path(), &[&BRIDGE[..], &long].concat(), ".partial-");
    assert_ne!(run.code, 0);
    assert!(
        error_line(&run).contains("interrupted at slice 0"),
        "{run:?}"
    );
    assert_eq!(run.stdout, "");
    let left = names(&folder.path().join("out"));
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_bits() {
    let fast = ["--set", "method.bridge.pullback=false"];
    assert_resumes(scanned().path(), &[&BRIDGE[..], &fast].concat());
}

/// Interrupted after the first of two slices, `recon` ends with the bits of a run in one go.
pub(crate) fn assert_resumes(at: &Path, recon: &[&str]) {
    let few = ["--samples", "2", "--set", "method.bridge.levels=30"];
    let line = [recon, &few].concat();
    let run = interrupt(at, &line, "slice-00000.npy");
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        error_line(&run).contains("interrupted at slice 1"),
        "{run:?}"
    );
    let resume = [&line[..], &["--resume"]].concat();
    let other = [&resume[..], &["--seed", "2"]].concat();
    assert!(error_line(&annulus(at, &other)).contains("--resume"));
    done(at, &resume);
    let resumed = contents(&at.join("out"));
    done(at, &[&line[..], &["--force"]].concat());
    let names: Vec<_> = resumed.iter().map(|(name, _)| name.as_str()).collect();
    let samples = ["sample-001.nii.gz", "sample-002.nii.gz", "std.nii.gz"];
    let expected = [&["mean.nii.gz", "report.html", "report.json"][..], &samples].concat();
    assert_eq!(names, expected);
    for ((name, a), (_, b)) in resumed.iter().zip(&contents(&at.join("out"))) {
        assert!(name.starts_with("report") || a == b, "{name} differs");
        if name == "report.json" {
            assert_eq!(drawn(a), drawn(b), "misfits and nuisances");
        }
    }
}

/// What a report says of the samples of each slice.
fn drawn(report: &[u8]) -> Vec<(Value, Value)> {
    let report: Value = serde_json::from_slice(report).unwrap();
    let slices = report["slices"].as_array().unwrap();
    let one = |s: &Value| (s["misfit"].clone(), s["nuisance"].clone());
    slices.iter().map(one).collect()
}
