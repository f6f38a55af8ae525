//! A report that catches sabotage: each deliberate fault closes the gate that names it, and without
//! one every gate of the same check is passed.

mod faults;

use annulus::progress::Progress;
use annulus::validate::{Extent, Options, Real, Report, Suite, Toolkit, run};
use faults::*;
use std::path::Path;

fn examine(toolkit: &dyn Toolkit, check: &str, folder: &Path) -> Report {
    let options = Options {
        output: folder.join("evidence"),
        extent: Extent::Quick,
        suite: Suite::All,
        checks: vec![check.to_owned()],
        seed: 1,
        threads: 2,
        force: true,
        resume: false,
    };
    run(toolkit, &options, &Progress::Silent, &|| false).unwrap()
}

/// Runs a check on the toolkit as it is, and with a fault; the fault must close every one of `gates`.
fn assert_caught(fault: &dyn Toolkit, check: &str, gates: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    assert_sound(check, folder.path());
    let broken = examine(fault, check, folder.path());
    assert!(!broken.passed, "{check} passed a fault");
    let closed: Vec<&str> = broken.closed().iter().map(|g| g.id.as_str()).collect();
    assert!(gates.iter().all(|gate| closed.contains(gate)), "{closed:?}");
    // Not because it could not be run.
    assert!(!closed.iter().any(|id| id.ends_with(".ran")), "{closed:?}");
}

fn assert_sound(check: &str, folder: &Path) {
    let sound = examine(&Real, check, folder);
    let closed: Vec<String> = sound.closed().iter().map(|g| format!("{g:?}")).collect();
    assert!(sound.passed, "{}", closed.join("\n"));
}

#[test]
fn a_wrong_adjoint_is_caught() {
    let gates = ["mri.laws.adjoint", "mri.laws.scale"];
    assert_caught(&WrongAdjoint, "mri.laws", &gates);
    assert_caught(&WrongAdjoint, "ct.laws", &["ct.laws.adjoint.parallel"]);
}

#[test]
fn half_the_variance_is_caught_where_the_data_speak_and_where_the_prior_does() {
    let gates = [
        "guidance.posteriors.coils.range.std",
        "guidance.posteriors.coils.null.std",
        "guidance.posteriors.radon.range.std",
        "guidance.posteriors.radon.null.std",
        "guidance.posteriors.counts.range.std",
        "guidance.posteriors.counts.null.std",
        "guidance.posteriors.coils-table.null.std",
        "guidance.posteriors.radon-table.null.std",
        "guidance.posteriors.counts-table.range.std",
    ];
    assert_caught(&HalfTheVariance, "guidance.posteriors", &gates);
}

#[test]
fn what_is_no_number_is_caught() {
    let gates = ["mri.laws.adjoint", "mri.laws.linear"];
    assert_caught(&NotANumber, "mri.laws", &gates);
    let gates = [
        "io.volumes.volume.nii.values",
        "io.volumes.volume.npy.values",
    ];
    assert_caught(&NotANumber, "io.volumes", &gates);
}

#[test]
fn half_a_pixel_of_shift_is_caught() {
    assert_caught(
        &HalfPixel,
        "mri.grid",
        &["mri.grid.128", "mri.grid.128.computed"],
    );
    let gates = ["ct.projector.parallel.128", "ct.projector.fan-flat.128"];
    assert_caught(&HalfPixel, "ct.projector", &gates);
}

#[test]
fn swapped_spacings_are_caught() {
    let gates = ["nii", "nii.gz", "dcm", "h5"].map(|n| format!("io.volumes.volume.{n}.spacing"));
    assert_caught(
        &SwappedSpacing,
        "io.volumes",
        &gates.each_ref().map(|g| g.as_str()),
    );
    let gates = ["mri.readout.spacing", "mri.readout.place"];
    assert_caught(&SwappedSpacing, "mri.readout", &gates);
}

#[test]
fn noise_that_is_a_tenth_too_small_is_caught() {
    assert_caught(&QuietScanner, "mri.noise", &["mri.noise.level"]);
    assert_caught(&QuietScanner, "ct.counts", &["ct.counts.variance"]);
    assert_caught(&QuietScanner, "ct.quality", &["ct.quality.noise"]);
}

#[test]
fn a_doubled_std_is_caught() {
    assert_caught(&DoubledStd, "mri.recon", &["mri.recon.bridge.std"]);
}

#[test]
fn a_missing_conjugate_in_one_coil_is_caught() {
    let gates = ["mri.coils.worst", "mri.coils.k-space"];
    assert_caught(&MissingConjugate, "mri.coils", &gates);
}

#[test]
fn an_offset_of_ten_hu_is_caught() {
    let gates = ["ct.hu.acr-ct.water", "ct.hu.catphan-504.teflon"];
    assert_caught(&HuOffset, "ct.hu", &gates);
}

#[test]
fn oversampling_that_is_removed_twice_is_caught() {
    assert_caught(&DoubleCrop, "mri.readout", &["mri.readout.matrix"]);
}

#[test]
fn swapped_channels_of_a_prior_are_caught() {
    let gates = ["guidance.prior.brain-local"];
    assert_caught(&SwappedChannels, "guidance.prior", &gates);
}

#[test]
fn a_posterior_with_half_the_variance_is_caught() {
    let gates = ["guidance.oracle.bridge.std.unobserved"];
    assert_caught(&HalfTheVariance, "guidance.oracle", &gates);
    let gates = ["guidance.scalar.variance.0.1", "guidance.scalar.variance.1"];
    assert_caught(&HalfTheVariance, "guidance.scalar", &gates);
    let gates = [
        "guidance.ranks.unmeasured.spread",
        "guidance.ranks.unmeasured.coverage",
        "guidance.ranks.tarp",
    ];
    assert_caught(&HalfTheVariance, "guidance.ranks", &gates);
}

/// The checks that no fault is looked for by: sound as they are.
#[test]
fn the_other_checks_pass() {
    let folder = tempfile::tempdir().unwrap();
    for check in [
        "mri.t2",
        "ct.forbild",
        "ct.recon",
        "guidance.mixture",
        "io.raw",
    ] {
        assert_sound(check, folder.path());
    }
}

#[test]
fn the_report_is_whole_and_resumes() {
    let folder = tempfile::tempdir().unwrap();
    let report = examine(&WrongAdjoint, "mri.laws", folder.path());
    let out = folder.path().join("evidence");
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("report.json")).unwrap();
    assert_eq!(json["passed"], false);
    assert_eq!(json["findings"][0]["id"], "mri.laws");
    let gates: toml::Table = read("gates.toml").parse().unwrap();
    let listed = gates["gate"].as_array().unwrap();
    assert_eq!(listed.len(), report.gates().count());
    assert!(listed.iter().any(|g| g["passed"].as_bool() == Some(false)));
    let html = read("report.html");
    assert!(html.contains("gates not passed") && html.contains("mri.laws.adjoint"));
    assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("<script"));
    // Nothing but the report stays, and it is not replaced unasked.
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 3);
    let again = Options {
        output: out,
        extent: Extent::Quick,
        suite: Suite::Mri,
        checks: vec!["mri.laws".into()],
        seed: 1,
        threads: 2,
        force: false,
        resume: false,
    };
    let error = run(&Real, &again, &Progress::Silent, &|| false).unwrap_err();
    assert!(error.to_string().contains("--force"), "{error}");
    let unknown = Options {
        checks: vec!["mri.lawz".into()],
        force: true,
        ..again
    };
    let error = run(&Real, &unknown, &Progress::Silent, &|| false).unwrap_err();
    assert!(error.to_string().contains("mri.laws"), "{error}");
}

#[test]
fn an_interrupted_run_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options {
        output: folder.path().join("evidence"),
        extent: Extent::Quick,
        suite: Suite::All,
        checks: vec!["mri.laws".into(), "ct.laws".into()],
        seed: 1,
        threads: 2,
        force: false,
        resume: false,
    };
    let asked = std::sync::atomic::AtomicUsize::new(0);
    // Asked once a check: the first one is done, the second one is stopped.
    let stop = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0;
    assert!(run(&Real, &options, &Progress::Silent, &stop).is_err());
    assert!(!options.output.join("report.json").exists());
    options.resume = true;
    // With a fault in what was done before: it is not done again.
    let report = run(&WrongMriAdjoint, &options, &Progress::Silent, &|| false).unwrap();
    assert!(report.passed);
}
