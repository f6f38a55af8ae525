//! What is impossible in the operator that degraded an image, and in its noise.

use super::Problems;
use crate::protocol::blur::Kernel;
use crate::protocol::forward::{Degradation, Forward, Inpainting};
use crate::protocol::likelihood::Likelihood;
use crate::protocol::{Modality, Protocol};

/// Widest kernels: those beyond are as wide as images.
const MOST_SIGMA: f64 = 50.0;
const MOST_LENGTH: f64 = 200.0;
const MOST_SIZE: usize = 201;
/// Coarsest pixels.
const MOST_FACTOR: usize = 64;

/// The operator and the noise of a protocol for imaging; neither is optional.
pub(super) fn imaging(protocol: &Protocol, problems: &mut Problems) {
    if protocol.modality != Modality::Imaging {
        return;
    }
    let Some(forward) = &protocol.forward else {
        let kinds = Forward::KINDS.join("], [forward.");
        let message =
            format!("`modality` = \"imaging\" needs its operator: one of [forward.{kinds}]");
        problems.add("forward", message);
        return;
    };
    table(forward, problems);
    match &protocol.likelihood {
        None => problems.add(
            "likelihood",
            "`modality` = \"imaging\" needs the noise of the data: add [likelihood.gaussian] std = \
             NUMBER, in units of the data"
                .into(),
        ),
        Some(Likelihood::Gaussian(table)) if table.std.is_none() => problems.add(
            "likelihood.gaussian.std",
            "`likelihood.gaussian.std` is missing: the deviation of the noise, in units of the data; \
             --set likelihood.gaussian.std=NUMBER"
                .into(),
        ),
        Some(Likelihood::Rician(_)) if forward.inpainting.is_some() => problems.add(
            "likelihood.rician",
            "[likelihood.rician]: magnitudes have no missing pixels; [forward.inpainting] goes with \
             [likelihood.gaussian] or [likelihood.emission]"
                .into(),
        ),
        Some(_) => {}
    }
}

fn table(forward: &Forward, problems: &mut Problems) {
    problems.finite("forward.zero", forward.zero);
    problems.positive("forward.unit", forward.unit);
    match forward.tables()[..] {
        [one] => degradation(one, problems),
        ref tables => {
            let names: Vec<&str> = tables.iter().map(|t| t.name()).collect();
            let there = match names.as_slice() {
                [] => "there is none".to_owned(),
                _ => format!("there are: {}", names.join(", ")),
            };
            let kinds = Forward::KINDS.join(", ");
            let message = format!("[forward] takes exactly one table of: {kinds} ({there})");
            problems.add("forward", message);
        }
    }
}

fn degradation(one: Degradation<'_>, problems: &mut Problems) {
    match one {
        Degradation::Inpainting(table) => inpainting(table, problems),
        Degradation::SuperResolution(table) => {
            let key = "forward.super-resolution.factor";
            let must = format!("from 2 to {MOST_FACTOR}");
            problems.need(
                (2..=MOST_FACTOR).contains(&table.factor),
                key,
                table.factor,
                must,
            );
        }
        Degradation::Blur(table) => kernel("forward.blur.kernel", &table.kernel, problems),
        Degradation::NonuniformBlur(table) => {
            let key = "forward.nonuniform-blur.sigmas_pixels";
            let sigmas = &table.sigmas_pixels;
            let holds = (2..=16).contains(&sigmas.len()) && sigmas.iter().all(|s| is_sigma(*s));
            let must = format!("2 to 16 deviations, each above 0 and at most {MOST_SIGMA}");
            problems.need(holds, key, format!("{sigmas:?}"), must);
        }
        Degradation::NonlinearBlur(table) => {
            problems.positive("forward.nonlinear-blur.saturation", table.saturation);
            kernel("forward.nonlinear-blur.kernel", &table.kernel, problems);
        }
        Degradation::PhaseRetrieval(table) => {
            let holds = (1.0..=8.0).contains(&table.oversampling);
            let key = "forward.phase-retrieval.oversampling";
            problems.need(holds, key, table.oversampling, "from 1 to 8");
        }
        Degradation::Script(table) => {
            let key = "forward.script.file";
            let must = "the file of a TorchScript network";
            problems.need(
                !table.file.is_empty(),
                key,
                format!("{:?}", table.file),
                must,
            );
            if let Some([columns, rows]) = table.matrix {
                let value = format!("[{columns}, {rows}]");
                let holds = columns > 0 && rows > 0;
                let key = "forward.script.matrix";
                problems.need(holds, key, value, "at least 1 pixel an axis");
            }
        }
    }
}

fn inpainting(table: &Inpainting, problems: &mut Problems) {
    let key = "forward.inpainting.keep";
    match (table.keep, table.hole) {
        (Some(keep), None) => {
            let holds = keep > 0.0 && keep < 1.0;
            problems.need(
                holds,
                key,
                keep,
                "above 0 and below 1: the share that is seen",
            );
        }
        (None, Some([rows, columns])) => {
            let value = format!("[{rows}, {columns}]");
            let must = "at least 1 pixel an axis";
            let holds = rows > 0 && columns > 0;
            problems.need(holds, "forward.inpainting.box", value, must);
        }
        (Some(_), Some(_)) => {
            problems.add(key, format!("`{key}`: give `keep` or `box`, not both"));
        }
        (None, None) => problems.add(
            key,
            "[forward.inpainting] needs `keep` (a share) or `box` ([rows, columns])".into(),
        ),
    }
}

fn is_sigma(sigma: f64) -> bool {
    sigma > 0.0 && sigma <= MOST_SIGMA
}

fn kernel(at: &str, kernel: &Kernel, problems: &mut Problems) {
    let positive = |most: f64| format!("above 0 and at most {most}");
    match kernel {
        Kernel::Gaussian(table) => {
            let (key, sigma) = (format!("{at}.gaussian.sigma_pixels"), table.sigma_pixels);
            problems.need(is_sigma(sigma), &key, sigma, positive(MOST_SIGMA));
        }
        Kernel::Motion(table) => {
            let (key, length) = (format!("{at}.motion.length_pixels"), table.length_pixels);
            let holds = length > 0.0 && length <= MOST_LENGTH;
            problems.need(holds, &key, length, positive(MOST_LENGTH));
            problems.finite(&format!("{at}.motion.angle_deg"), table.angle_deg);
        }
        Kernel::RandomMotion(table) => {
            let (key, size) = (format!("{at}.random-motion.size_pixels"), table.size_pixels);
            let holds = (3..=MOST_SIZE).contains(&size) && size % 2 == 1;
            problems.need(holds, &key, size, format!("odd, from 3 to {MOST_SIZE}"));
            problems.not_negative(&format!("{at}.random-motion.bend_deg"), table.bend_deg);
        }
    }
}
