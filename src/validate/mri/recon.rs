//! The brain phantom through every method.

use super::super::bench::Bench;
use super::super::bias::{Bias, gates_of, note_on_spread};
use super::super::error::Failure;
use super::super::evidence::Evidence;
use super::super::suite::Extent;
use super::super::through::{Made, every_method, scanned, show, spread_over_error, table};
use crate::protocol::{Modality, Protocol};

/// What methods that do not weigh the noise made of it before (seed 1, 8 samples; docs/validation.md).
pub(in super::super) const BIASES: [Bias; 9] = [
    Bias::new("dds", 1.10, 0.0087),
    Bias::new("projection", 0.79, 0.0179),
    Bias::new("ilvr", 0.80, 0.0159),
    Bias::new("pigdm", 0.84, 0.0104),
    Bias::new("ddnm", 0.80, 0.0102),
    Bias::new("diffpir", 1.19, 0.0136),
    Bias::new("daps", 1.01, 0.0162),
    Bias::new("pnp-dm", 1.06, 0.0059),
    Bias::new("red-diff", 0.80, 0.0213),
];

/// Brain, 8 coils, four times undersampled along one axis, by every method of this build; `--quick`:
/// by the default ones with fewer samples.
pub(in super::super) fn reconstructions(
    bench: &Bench<'_>,
    evidence: &mut Evidence,
) -> Result<(), Failure> {
    let scan = scanned(bench, "brain", protocol(bench.extent)?, "brain.h5")?;
    let all = scan.by_all(bench, evidence, "mri.recon", &names(bench.extent))?;
    let peak = scan.truth.iter().fold(0.0, |m: f32, v| m.max(*v));
    let inside = |t: f32| t > 0.05 * peak;
    table(
        evidence,
        "fastMRI conventions after one real scale; spread over error where the truth is above 5 % \
         of its maximum",
        &[
            "method",
            "PSNR dB",
            "SSIM",
            "NMSE",
            "misfit",
            "spread/error",
            "s",
        ],
        &all,
        &|made| {
            vec![
                made.number("/metrics/psnr"),
                made.number("/metrics/ssim"),
                made.number("/metrics/nmse"),
                made.misfit(),
                spread_over_error(made, &scan.truth, &inside),
                made.seconds(),
            ]
        },
    );
    show(
        evidence,
        "Brain phantom, 8 coils, 4 times undersampled",
        &scan.truth,
        &all,
        [[0.0, 0.9 * peak], [0.0, 0.1 * peak]],
    );
    for made in &all {
        gates_of(evidence, "mri.recon", made, &BIASES);
        accuracy(evidence, made);
    }
    for made in all.iter().filter(|made| made.std.is_some()) {
        let ratio = spread_over_error(made, &scan.truth, &inside);
        note_on_spread(evidence, made, ratio, "the brain phantom");
    }
    let of = |name: &str| all.iter().find(|made| made.method == name);
    if let (Some(bridge), Some(cg)) = (of("bridge"), of("cg-sense")) {
        evidence.between(
            "mri.recon.bridge.spread",
            "spread of the samples over the error of their mean",
            spread_over_error(bridge, &scan.truth, &inside),
            [0.7, 1.25],
            "1 is calibrated; brains of the family that the prior's training drew from, of other seeds, \
             have .77 to .83 (docs/state.md, and the note)",
        );
        evidence.at_least(
            "mri.recon.bridge.gain",
            "PSNR of the posterior mean over that of CG-SENSE, in dB",
            bridge.number("/metrics/psnr") - cg.number("/metrics/psnr"),
            2.0,
            "a prior of brains must help on a brain",
        );
    }
    Ok(())
}

/// How the brain is scanned and reconstructed.
pub(in super::super) fn protocol(extent: Extent) -> Result<Protocol, Failure> {
    let mut protocol = Protocol::find("mri/brain-cartesian-r4")?;
    protocol.set_all(&[
        "acquisition.cartesian.matrix=[192,192]".to_owned(),
        "acquisition.cartesian.slices=1".to_owned(),
        format!("method.bridge.samples={}", extent.pick(2, 8)),
        // The trials of a texture take four times as long as two samples.
        format!("prior.texture={}", extent.pick("0", "held-out")),
    ])?;
    Ok(protocol)
}

/// The error of the image itself, so that no method passes beside a broken baseline.
fn accuracy(evidence: &mut Evidence, made: &Made) {
    let (most, why) = match made.method.as_str() {
        "zero-filled" => (0.06, "aliasing of four times: .042; an empty image has 1"),
        "cg-sense" => (0.05, "coils unfold a part of it and raise the noise: .033"),
        method => Bias::most_error(&BIASES, method).unwrap_or((
            0.02,
            "a prior takes most of the aliasing away: .005 to .012",
        )),
    };
    evidence.at_most(
        &format!("mri.recon.{}.nmse", made.method),
        "NMSE after one real scale",
        made.number("/metrics/nmse"),
        most,
        why,
    );
}

/// The methods, classical ones first.
pub(in super::super) fn names(extent: Extent) -> Vec<&'static str> {
    match extent {
        Extent::Quick => vec!["zero-filled", "cg-sense", "bridge"],
        // Without `zeta` MRI refuses `mcg`, as published it wants many hundred levels (docs/state.md).
        Extent::Whole => every_method(Modality::Mri)
            .into_iter()
            .filter(|name| *name != "mcg")
            .collect(),
    }
}
