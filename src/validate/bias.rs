//! Gates of every method through a phantom: a law where the data are weighed by their noise, what was measured
//! before where the method has a bias of its own.

use super::evidence::Evidence;
use super::through::Made;
use crate::protocol::Data;

/// What a method that does not weigh the data by their noise made of a check's scan: its bias is the method's,
/// a change of it is the code's.
#[derive(Clone, Copy)]
pub(super) struct Bias {
    pub method: &'static str,
    /// Squared whitened residual per measurement, mean over the samples.
    pub misfit: f64,
    /// The check's error of the mean: NMSE or HU.
    pub error: f64,
}

impl Bias {
    /// A row of a check's list.
    pub const fn new(method: &'static str, misfit: f64, error: f64) -> Self {
        Bias {
            method,
            misfit,
            error,
        }
    }

    /// Of a method, from a check's list.
    fn of(biases: &[Bias], method: &str) -> Option<Bias> {
        biases.iter().copied().find(|b| b.method == method)
    }

    /// The largest error of a method and why, if it has a bias of its own.
    pub fn most_error(biases: &[Bias], method: &str) -> Option<(f64, &'static str)> {
        let bias = Bias::of(biases, method)?;
        Some((
            1.25 * bias.error,
            "a bias of the method's own: as measured before",
        ))
    }
}

/// Gates of a method that draws: that what it promised is there, its misfit, its deviation.
pub(super) fn gates_of(evidence: &mut Evidence, check: &str, made: &Made, biases: &[Bias]) {
    let Some(promised) = made.promised else {
        return;
    };
    let deviates = promised == 1 || made.std.is_some();
    evidence.between(
        &format!("{check}.{}.samples", made.method),
        "samples that were written, over those that were asked for; 0 of several without a std.nii.gz",
        match deviates {
            true => made.samples.len() as f64 / promised as f64,
            false => 0.0,
        },
        [1.0, 1.0],
        "a method that draws samples writes them and their deviation",
    );
    misfit_gate(evidence, check, made, biases);
    deviation_gate(evidence, check, made);
}

/// The misfit, by how the method takes the data.
fn misfit_gate(evidence: &mut Evidence, check: &str, made: &Made, biases: &[Bias]) {
    let id = format!("{check}.{}.misfit", made.method);
    let (range, why) = match made.data {
        Some(Data::Weighed) => (
            [0.9, 1.1],
            "samples of the posterior fit the data as well as the truth does: 1",
        ),
        taken => {
            let Some(bias) = Bias::of(biases, &made.method) else {
                return evidence.shut(
                    &id,
                    "an earlier misfit of this method, which does not weigh the noise",
                    "without one nothing says what is a change",
                );
            };
            let why = match taken {
                Some(Data::Exact) => "takes the data as if they had no noise: as measured before",
                Some(Data::Assumed) => "a bias of the method's own: as measured before",
                _ => "a setting of the method weighs the data: as measured before",
            };
            ([0.9 * bias.misfit, 1.1 * bias.misfit], why)
        }
    };
    evidence.between(
        &id,
        "squared whitened residual per measurement, mean over the samples",
        made.misfit(),
        range,
        why,
    );
}

/// `std.nii.gz` against the samples.
fn deviation_gate(evidence: &mut Evidence, check: &str, made: &Made) {
    let Some(std) = &made.std else { return };
    let n = made.samples.len() as f64;
    let (mut written, mut found) = (0.0, 0.0);
    for (at, s) in std.indexed_iter() {
        let mean = made.samples.iter().map(|x| f64::from(x[at])).sum::<f64>() / n;
        let sum: f64 = made
            .samples
            .iter()
            .map(|x| (f64::from(x[at]) - mean).powi(2))
            .sum();
        written += f64::from(*s).powi(2);
        found += sum / (n - 1.0);
    }
    evidence.between(
        &format!("{check}.{}.std", made.method),
        "std.nii.gz over the deviation of the samples that were written",
        (written / found).sqrt(),
        [0.999, 1.001],
        "single precision",
    );
}

/// A note where error bars are too small or too large by more than a tenth.
pub(super) fn note_on_spread(evidence: &mut Evidence, made: &Made, ratio: f64, of_what: &str) {
    let (word, factor) = if ratio < 1.0 {
        ("over-confident", 1.0 / ratio)
    } else {
        ("under-confident", ratio)
    };
    if factor > 1.1 {
        evidence.notes.push(format!(
            "{of_what}, method {}: {word} by a factor of {factor:.2}",
            made.method
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;
    use serde_json::json;

    const BIASES: [Bias; 2] = [
        Bias::new("ddnm", 0.8, 0.02),
        Bias::new("red-diff", 0.8, 0.02),
    ];

    fn made(method: &str, data: Data, samples: usize, misfit: f64) -> Made {
        let volume = || Array3::from_elem((1, 2, 2), 1.0);
        Made {
            method: method.into(),
            mean: volume(),
            std: None,
            samples: (0..samples).map(|_| volume()).collect(),
            promised: Some(1),
            data: Some(data),
            report: json!({ "slices": [{ "misfit": misfit }] }),
            scale: 1.0,
        }
    }

    fn shut(made: &Made) -> Vec<String> {
        let mut evidence = Evidence::default();
        gates_of(&mut evidence, "c", made, &BIASES);
        let shut = evidence.gates.iter().filter(|g| !g.passed);
        shut.map(|g| g.id.clone()).collect()
    }

    #[test]
    fn who_weighs_the_noise_is_held_to_the_law_whatever_is_listed() {
        assert!(shut(&made("dps", Data::Weighed, 1, 1.05)).is_empty());
        assert_eq!(
            shut(&made("ddnm", Data::Weighed, 1, 0.8)),
            ["c.ddnm.misfit"]
        );
    }

    #[test]
    fn who_does_not_is_held_to_what_was_measured_and_without_it_fails() {
        assert!(shut(&made("ddnm", Data::Exact, 1, 0.85)).is_empty());
        for misfit in [0.7, 0.9, f64::NAN] {
            assert_eq!(
                shut(&made("ddnm", Data::Exact, 1, misfit)),
                ["c.ddnm.misfit"]
            );
        }
        assert_eq!(shut(&made("ilvr", Data::Exact, 1, 0.8)), ["c.ilvr.misfit"]);
    }

    /// A row is of a method that does not weigh the noise, and each such method has one.
    #[test]
    fn the_lists_are_of_the_methods_that_have_a_bias() {
        use super::super::through::every_method;
        use super::super::{ct, mri, suite::Extent};
        use crate::protocol::{Modality, Protocol};
        for (mut protocol, names, biases) in [
            (
                mri::recon::protocol(Extent::Whole).unwrap(),
                mri::recon::names(Extent::Whole),
                &mri::recon::BIASES[..],
            ),
            (
                Protocol::find("ct/head-sparse60").unwrap(),
                every_method(Modality::Ct),
                &ct::recon::BIASES[..],
            ),
        ] {
            for name in names {
                protocol.select(name).unwrap();
                assert_eq!(protocol.check(), [], "{name}");
                let sampling = protocol.selected().unwrap().sampling();
                let biased = sampling.is_some_and(|s| s.data != Data::Weighed);
                assert_eq!(Bias::of(biases, name).is_some(), biased, "{name}");
            }
        }
    }

    #[test]
    fn one_image_has_no_deviation_but_has_to_be_there() {
        assert!(shut(&made("red-diff", Data::Tuned, 1, 0.8)).is_empty());
        assert_eq!(
            shut(&made("red-diff", Data::Tuned, 0, 0.8)),
            ["c.red-diff.samples"]
        );
        let of_two = Made {
            promised: Some(2),
            ..made("red-diff", Data::Tuned, 2, 0.8)
        };
        assert_eq!(shut(&of_two), ["c.red-diff.samples"]);
    }
}
