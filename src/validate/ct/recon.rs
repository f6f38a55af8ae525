//! The head phantom through every method.

use super::super::bench::Bench;
use super::super::bias::{Bias, gates_of, note_on_spread};
use super::super::error::Failure;
use super::super::evidence::Evidence;
use super::super::suite::Extent;
use super::super::through::{Made, every_method, scanned, show, spread_over_error, table};
use crate::metrics::{HuMetrics, Samples};
use crate::protocol::{Modality, Protocol};

/// What methods that do not weigh the noise made of it before (seed 1, 8 samples; docs/validation.md).
pub(in super::super) const BIASES: [Bias; 9] = [
    Bias::new("dds", 1.20, 35.6),
    Bias::new("projection", 0.66, 38.9),
    Bias::new("ilvr", 0.86, 48.8),
    Bias::new("pigdm", 0.73, 40.2),
    Bias::new("ddnm", 1.84, 55.5),
    Bias::new("diffpir", 2.41, 63.4),
    Bias::new("daps", 1.19, 212.7),
    Bias::new("pnp-dm", 1.12, 34.4),
    Bias::new("red-diff", 1.20, 58.8),
];

/// A head of a seed that no training saw, 60 views at 1e5 photons, by every method of this build;
/// `--quick`: by the default ones.
pub(in super::super) fn reconstructions(
    bench: &Bench<'_>,
    evidence: &mut Evidence,
) -> Result<(), Failure> {
    let mut protocol = Protocol::find("ct/head-sparse60")?;
    let samples = bench.extent.pick(4, 8);
    protocol.set_all(&[
        "acquisition.fan.slices=1".to_owned(),
        format!("method.bridge.samples={samples}"),
    ])?;
    let scan = scanned(bench, "head", protocol, "head")?;
    let all = scan.by_all(bench, evidence, "ct.recon", &names(bench.extent))?;
    let hu = |made: &Made| {
        let (mean, count) = (&made.samples_mean(), made.samples.len());
        let samples = made.std.as_ref().map(|std| Samples { mean, std, count });
        HuMetrics::measure(&made.mean, &scan.truth, samples)
    };
    table(
        evidence,
        "HU, without any fit; brain: 0 to 80 HU inside the skull, edges left out",
        &[
            "method",
            "RMSE",
            "bias",
            "brain RMSE",
            "brain bias",
            "misfit",
            "spread/error",
            "brain spread/error",
            "s",
        ],
        &all,
        &|made| {
            let m = hu(made);
            let brain = |f: &dyn Fn(&crate::metrics::BrainMetrics) -> f64| {
                m.brain.as_ref().map_or(f64::NAN, f)
            };
            vec![
                m.rmse_hu,
                m.bias_hu,
                brain(&|b| b.rmse_hu),
                brain(&|b| b.bias_hu),
                made.misfit(),
                m.spread_over_error.unwrap_or(f64::NAN),
                brain(&|b| b.spread_over_error.unwrap_or(f64::NAN)),
                made.seconds(),
            ]
        },
    );
    show(
        evidence,
        "Head phantom, 60 views at 1e5 photons, 0 to 80 HU",
        &scan.truth,
        &all,
        [[0.0, 80.0], [0.0, 30.0]],
    );
    for made in &all {
        gates_of(evidence, "ct.recon", made, &BIASES);
        accuracy(evidence, made, hu(made).rmse_hu);
        if made.std.is_some() {
            let ratio = spread_over_error(made, &scan.truth, &|_| true);
            note_on_spread(evidence, made, ratio, "the head phantom");
        }
    }
    let of = |name: &str| all.iter().find(|made| made.method == name);
    if let (Some(bridge), Some(fbp)) = (of("bridge"), of("fbp")) {
        evidence.between(
            "ct.recon.bridge.spread",
            "spread of the samples over the error of their mean, all of the image",
            spread_over_error(bridge, &scan.truth, &|_| true),
            [0.75, 1.25],
            "1 is calibrated; the edges of the skull, of one head, decide",
        );
        let brain = hu(bridge).brain.and_then(|b| b.spread_over_error);
        evidence.between(
            "ct.recon.bridge.brain",
            "the same of the brain, its edges left out",
            brain.unwrap_or(f64::NAN),
            [0.7, 1.35],
            "five heads and two doses have .72 to 1.32 (docs/state.md); what lies below 1 is noted",
        );
        evidence.at_most(
            "ct.recon.bridge.gain",
            "RMSE of the posterior mean over that of filtered back-projection",
            hu(bridge).rmse_hu / hu(fbp).rmse_hu,
            0.5,
            "a prior of heads must help on a head",
        );
    }
    Ok(())
}

/// The error of the image itself, so that no method passes beside a broken baseline.
fn accuracy(evidence: &mut Evidence, made: &Made, rmse_hu: f64) {
    let (most, why) = match made.method.as_str() {
        "fbp" => (180.0, "streaks of 60 views: 130; an image of air has 700"),
        "sirt" | "cgls" | "mltr" => (160.0, "fits without a prior: 81 to 117"),
        method => Bias::most_error(&BIASES, method).unwrap_or((
            75.0,
            "total variation or a prior of heads take most of the streaks away: 27 to 53",
        )),
    };
    evidence.at_most(
        &format!("ct.recon.{}.rmse", made.method),
        "root mean square error, in HU",
        rmse_hu,
        most,
        why,
    );
}

/// The methods, classical ones first.
fn names(extent: Extent) -> Vec<&'static str> {
    match extent {
        Extent::Quick => vec!["fbp", "bridge"],
        Extent::Whole => every_method(Modality::Ct),
    }
}
