//! Every sampler from the command line, on a small scan: its claim, its geometry, the same bits in any
//! batch, quantile maps.

use crate::cli::{BRAIN, assert_refused, done, scanned};
use annulus::io::read_volume;
use serde_json::Value;
use std::path::Path;

/// A short run of a method, and what its samples are said to be.
const METHODS: [(&str, &[&str], &str); 20] = [
    ("bridge", &["levels=3"], "calibrated"),
    ("bridge", &["levels=3", "draw=network"], "approximate"),
    (
        "bridge",
        &["levels=2", "covariance=jacobian", "cg_iterations=2"],
        "approximate",
    ),
    ("dps", &["steps=4"], "approximate"),
    ("dps", &["steps=3", "solver=heun"], "approximate"),
    ("dps", &["steps=4", "zeta=0.5"], "approximate"),
    (
        "mcg",
        &["steps=4", "zeta=0.5", "form=projection"],
        "approximate",
    ),
    ("dds", &["levels=4"], "approximate"),
    ("projection", &["levels=4"], "approximate"),
    ("projection", &["levels=4", "noisy=false"], "approximate"),
    ("ilvr", &["levels=4"], "approximate"),
    ("pigdm", &["levels=4"], "approximate"),
    ("ddnm", &["levels=4"], "approximate"),
    ("diffpir", &["levels=4"], "approximate"),
    ("daps", &["levels=3", "flow_steps=2"], "approximate"),
    ("pnp-dm", &["levels=3", "diffusion_steps=2"], "approximate"),
    ("csgm", &["levels=4", "repeats=1"], "approximate"),
    ("red-diff", &["levels=4"], "mode-seeking"),
    ("smc", &["levels=3", "particles=3"], "approximate"),
    ("unconditional", &["levels=3", "sampler=heun"], "prior"),
];

/// Runs a method into `out` and returns its report.
fn run(at: &Path, method: &str, settings: &[&str], more: &[&str]) -> Value {
    let settings: Vec<String> = settings
        .iter()
        .map(|s| format!("method.{method}.{s}"))
        .collect();
    let mut line = vec![
        "recon", "scan.h5", "-p", BRAIN, "--method", method, "-o", "out",
    ];
    line.extend([
        "--force",
        "--format",
        "nifti",
        "--threads",
        "1",
        "--samples",
        "8",
    ]);
    settings.iter().for_each(|s| line.extend(["--set", s]));
    line.extend(more);
    done(at, &line);
    serde_json::from_slice(&std::fs::read(at.join("out/report.json")).unwrap()).unwrap()
}

/// Pixels of the last slice of a volume, in bits.
fn last_slice(at: &Path, name: &str) -> Vec<u32> {
    let volume = read_volume(&at.join("out").join(name)).unwrap().data;
    let last = volume.outer_iter().next_back().unwrap();
    last.iter().map(|v| v.to_bits()).collect()
}

fn values(at: &Path, name: &str) -> Vec<f32> {
    let volume = read_volume(&at.join("out").join(name)).unwrap().data;
    volume.into_iter().collect()
}

#[test]
fn every_sampler_runs_says_what_it_is_and_keeps_its_bits() {
    let folder = scanned();
    let at = folder.path();
    for (method, settings, claim) in METHODS {
        let told = format!("{method} {settings:?}");
        let report = run(at, method, settings, &["--slices", "1:2", "--batch", "8"]);
        assert_eq!(report["claim"], claim, "{told}");
        let slice = &report["slices"][0];
        assert_misfit_is_told(&report, method);
        let pixels = values(at, "sample-008.nii.gz");
        assert!(
            pixels.iter().all(|v| v.is_finite()) && pixels.iter().any(|v| *v > 0.0),
            "{told}"
        );
        let levels = slice["geometry"].as_array().unwrap();
        assert!(!levels.is_empty(), "{told}");
        for level in levels {
            let distance = level["distance"].as_f64().unwrap();
            assert!(distance > 0.05 && distance < 20.0, "{told}: {level}");
            assert!(
                level["expected"].as_f64().unwrap() <= 1.0,
                "{told}: {level}"
            );
            // Between one of them and all.
            let particles = level
                .get("effective_particles")
                .map(|p| p.as_f64().unwrap());
            assert_eq!(particles.is_some(), method == "smc", "{told}: {level}");
            assert!(
                particles.is_none_or(|p| (1.0 / 3.0 - 1e-9..=1.0 + 1e-9).contains(&p)),
                "{level}"
            );
        }
        let bits = last_slice(at, "sample-008.nii.gz");
        run(at, method, settings, &["--slices", "0:2", "--batch", "1"]);
        let alone = last_slice(at, "sample-008.nii.gz");
        assert!(
            bits == alone,
            "{told}: another batch, or slices before it, and other bits"
        );
    }
}

/// A misfit that is not near 1 is warned of, and no other.
fn assert_misfit_is_told(report: &Value, method: &str) {
    let misfit = report["slices"][0]["misfit"].as_f64().unwrap();
    assert!(misfit.is_finite(), "{method}");
    let warnings = report["warnings"].as_array().unwrap();
    let told = |w: &Value| w.as_str().unwrap().contains("the misfit is");
    let off = method != "unconditional" && !(0.9..=1.1).contains(&misfit);
    assert_eq!(warnings.iter().any(told), off, "{method}: {misfit}");
}

/// States of the prior's own noise lie where its card says.
#[test]
fn the_prior_alone_keeps_its_distance() {
    let folder = scanned();
    let report = run(folder.path(), "unconditional", &["levels=12"], &[]);
    for level in report["slices"][0]["geometry"].as_array().unwrap() {
        let [distance, expected] = ["distance", "expected"].map(|k| level[k].as_f64().unwrap());
        assert!((distance - expected).abs() < 0.15, "{level}");
    }
}

#[test]
fn quantiles_are_maps_in_order() {
    let folder = scanned();
    let at = folder.path();
    let line = [
        "recon",
        "scan.h5",
        "-p",
        BRAIN,
        "-o",
        "out",
        "--samples",
        "4",
    ];
    let more = [
        "--quantiles",
        "0.25,0.5,0.975",
        "--set",
        "method.bridge.levels=2",
    ];
    done(
        at,
        &[&line[..], &more, &["--format", "nifti,hdf5"]].concat(),
    );
    let maps = ["q25.nii.gz", "q50.nii.gz", "q975.nii.gz"].map(|name| values(at, name));
    for (low, high) in [(0, 1), (1, 2)] {
        assert!(maps[low].iter().zip(&maps[high]).all(|(a, b)| a <= b));
        assert!(maps[low] != maps[high]);
    }
}

#[test]
fn what_a_sampler_cannot_do_is_refused() {
    let folder = scanned();
    let line = ["recon", "scan.h5", "-p", BRAIN, "-o", "out"];
    let cases: [(&[&str], &[&str]); 7] = [
        (&["--quantiles", "1.5"], &["--quantiles 1.5", "from 0 to 1"]),
        (&["--quantiles", "0.5,0.5"], &["the same"]),
        (
            &["--quantiles", "0.5", "--method", "cg-sense"],
            &["two samples"],
        ),
        (
            &["--method", "smc", "--set", "method.smc.particles=1"],
            &["method.smc.particles"],
        ),
        (
            &["--method", "csgm", "--set", "method.csgm.step=2.5"],
            &["method.csgm.step", "diverges"],
        ),
        (
            &["--method", "dps", "--set", "method.dps.zeta=1e38"],
            &["slice 0", "diverged at step", "sigma", "sample 1", "zeta"],
        ),
        (
            &["--set", "method.dds.covariance=jacobian"],
            &["method.dds.covariance", "bridge"],
        ),
    ];
    for (more, words) in cases {
        assert_refused(folder.path(), &[&line[..], more].concat(), words);
    }
}
