//! How well the result fits: metrics, warnings, the prior tried on the image, words for the user.

use super::averaging::Averaging;
use super::held_out::batch_mean;
use super::kept::{Kept, stack};
use super::report::{PriorReport, Report};
use super::{Plan, ReconError};
use crate::metrics::{HuMetrics, Metrics, Samples};
use crate::protocol::{Claim, Data, Method};
use crate::score::{Channels, Denoiser};
use ndarray::{Array2, Array3, s};
use operators::{SliceRng, Vector};

/// Misfit outside this is warned of.
const MISFIT_BAND: [f64; 2] = [0.9, 1.1];
/// Noise deviation at which a prior is tried on the image.
const TRIAL_SIGMA: f64 = 0.1;

/// The prior on the report, tried on the image that came out: noise of a known level is added and
/// removed, and the error compared with the card's.
pub(super) fn prior_report<T: Channels>(
    plan: &Plan,
    drawn: Option<&T>,
    slice: usize,
    unit: f64,
) -> Result<Option<PriorReport>, ReconError> {
    let Some(prior) = &plan.prior else {
        return Ok(None);
    };
    let error_over_card = match drawn {
        None => None,
        Some(samples) => {
            let x = batch_mean(samples);
            let mut noisy = x.clone();
            let mut rng = SliceRng::samples(plan.options.seed ^ 0x5452_4941_4c21, 0, 1);
            noisy.axpy(&[TRIAL_SIGMA], &x.normal_like(&mut rng));
            let error = prior
                .denoise(&noisy, TRIAL_SIGMA)
                .map_err(ReconError::at(slice))?
                .minus(&x);
            let relative =
                error.dot(&error)[0] / (Vector::reals(&error) as f64 * TRIAL_SIGMA.powi(2));
            // The prior that is tried has a texture, its card has none.
            let (texture, square) = (prior.texture(), TRIAL_SIGMA.powi(2));
            let noisier = (square + texture.tau.powi(2)).sqrt();
            let card = prior.card.relative_error(noisier);
            card.map(|e| relative * square / texture.variance(TRIAL_SIGMA, e * noisier.powi(2)))
        }
    };
    Ok(Some(PriorReport {
        name: prior.card.name.clone(),
        weights_sha256: prior.card.weights_sha256.clone(),
        training_set: prior.card.training_set.clone(),
        unit,
        texture: None,
        error_over_card,
    }))
}

/// Metrics of the volume and of its slices, and those of what stands beside.
pub(super) fn measure(
    report: &mut Report,
    kept: &Kept,
    truth: &Array3<f32>,
    samples: Option<usize>,
) {
    let against = |slices: &[Array2<f32>]| stack(slices).map(|v| Metrics::measure(&v, truth));
    report.metrics = against(&kept.mean);
    report.beside = kept
        .beside
        .iter()
        .map(|(name, slices)| (*name, slices))
        .filter(|(name, _)| *name != report.method)
        .filter_map(|(name, slices)| against(slices).map(|m| (name, m)))
        .collect();
    if let (Some(level), Some(std), Some(n)) = (stack(&kept.level), stack(&kept.std), samples) {
        // MR images have no unit: as for the metrics, one scale is fitted.
        let mri = report.coil_images;
        report.averaging = Averaging::of([&level, &std, truth], n, mri);
    }
    if report.units.starts_with("HU") {
        measure_hu(report, kept, truth, samples);
    }
    for (i, slice) in report.slices.iter_mut().enumerate() {
        let one = |v: &Array3<f32>| v.slice(s![i..i + 1, .., ..]).to_owned();
        slice.metrics =
            stack(&kept.mean[i..i + 1]).map(|mean| Metrics::measure(&mean, &one(truth)));
    }
}

/// Errors in HU, of the method first.
fn measure_hu(report: &mut Report, kept: &Kept, truth: &Array3<f32>, samples: Option<usize>) {
    let (level, std) = (stack(&kept.level), stack(&kept.std));
    let drawn = level.as_ref().zip(std.as_ref()).zip(samples);
    let drawn = drawn.map(|((mean, std), count)| Samples { mean, std, count });
    if let Some(mean) = stack(&kept.mean) {
        let own = HuMetrics::measure(&mean, truth, drawn);
        report.hu.push((report.method, own));
    }
    for (name, slices) in kept.beside.iter().filter(|(n, _)| *n != report.method) {
        if let Some(volume) = stack(slices) {
            report
                .hu
                .push((name, HuMetrics::measure(&volume, truth, None)));
        }
    }
}

/// Errors in HU as a table.
fn hu_words(report: &Report) -> String {
    let mut out =
        String::from("against the truth   RMSE HU   in the brain   spread/error (brain)\n");
    for (name, m) in &report.hu {
        let brain = m.brain.map_or("-".into(), |b| format!("{:.2}", b.rmse_hu));
        let spread = |s: Option<f64>| s.map_or("-".into(), |s| format!("{s:.2}"));
        out += &format!(
            "  {name:<16} {:8.2}   {brain:>12}   {} ({})\n",
            m.rmse_hu,
            spread(m.spread_over_error),
            spread(m.brain.and_then(|b| b.spread_over_error))
        );
    }
    if let Some(constant) = report.hu.iter().find_map(|(_, m)| m.brain) {
        let score = constant.constant_rmse_hu;
        out += &format!("  {:<16} {:>8}   {score:>12.2}\n", "a constant", "");
    }
    out
}

/// Warnings of a bad fit.
pub(super) fn fit_warnings(report: &mut Report, method: &Method) {
    if method.samples() == Some(1) && report.hu_or_per_mm() {
        report.warnings.push(
            "one sample: it shows structures that are not there, and without a standard deviation \
             nothing says so; there is no picture of it, draw 8 for one"
                .into(),
        );
    }
    let sampling = method.sampling();
    let claim = sampling.map(|sampling| sampling.claim);
    if claim == Some(Claim::ModeSeeking) {
        report.warnings.push(format!(
            "`{}` seeks a likely image: the deviation of several is no error bar",
            report.method
        ));
    }
    if let Some(data) = sampling.map(|sampling| sampling.data)
        && data != Data::Unused
    {
        for s in &report.slices {
            let Some(misfit) = s.misfit else { continue };
            if !(MISFIT_BAND[0]..=MISFIT_BAND[1]).contains(&misfit) {
                let why = misfit_words(report.method, data);
                report.warnings.push(format!(
                    "slice {}: the misfit is {misfit:.2}, not 1: {why}, and the error bars are \
                     not calibrated",
                    s.index
                ));
            }
        }
        let ends = report.slices.iter().filter_map(|s| s.last_level_over_noise);
        report
            .warnings
            .extend(last_level_words(ends.fold(0.0, f64::max)));
    }
    let levels = report.slices.iter().flat_map(|s| &s.geometry);
    let least = levels
        .filter_map(|l| l.effective_particles)
        .reduce(f64::min);
    report.warnings.extend(particles_words(method, least));
    let beside = report.slices.iter().any(|s| s.nuisance.is_some());
    report.warnings.extend(rounds_words(method, beside));
    if let Some(ratio) = report.prior.as_ref().and_then(|p| p.error_over_card)
        && ratio > 2.0
    {
        report.warnings.push(format!(
            "the prior's denoising error on this image is {ratio:.1} times that of its model \
             card: it was not trained on such images"
        ));
    }
}

/// Particles that a population must be worth.
const PARTICLES: f64 = 2.0;

/// A population that one particle outweighed, by the least share of its particles that counted at a level.
fn particles_words(method: &Method, least: Option<f64>) -> Option<String> {
    let (Method::Smc(m), Some(share)) = (method, least) else {
        return None;
    };
    let worth = share * m.particles as f64;
    (worth < PARTICLES).then(|| {
        format!(
            "the {} particles of a population were worth {worth:.1} at one level: samples are those that happened to \
             be drawn, not the posterior; take more `method.smc.particles`",
            m.particles
        )
    })
}

/// Rounds of Gauss and Newton that a nuisance wants.
const ROUNDS: usize = 3;

/// What one round makes of an unknown that the image is not linear in.
fn rounds_words(method: &Method, beside_a_nuisance: bool) -> Option<String> {
    match method {
        Method::Bridge(m) if beside_a_nuisance && m.rounds < ROUNDS => Some(format!(
            "method.bridge.rounds = {} beside an unknown of [nuisance]: draws are of a linearisation around another image \
             (of a centre of rotation the deviation was five times too large); take {ROUNDS} or more",
            m.rounds
        )),
        _ => None,
    }
}

/// The last level by rule, over the noise of the data.
const LAST_LEVEL: f64 = 0.2;

/// What the prior does not know, where the noise of the data is less than five of its least levels.
fn last_level_words(over_noise: f64) -> Option<String> {
    (over_noise > LAST_LEVEL * 1.001).then(|| {
        format!(
            "the prior's least noise level is {over_noise:.2} of the noise that the data leave in the image; at most \
             {LAST_LEVEL} is wanted, and the finest of what the data say is not drawn from its posterior"
        )
    })
}

/// Why the misfit of a method is not 1.
fn misfit_words(method: &str, data: Data) -> String {
    let does_not_fit = "the prior or the noise level does not fit these data";
    match data {
        Data::Unused => does_not_fit.into(),
        // Right in any number of levels.
        Data::Weighed if method == "bridge" => does_not_fit.into(),
        Data::Weighed => format!("`{method}` has too few levels or particles, or {does_not_fit}"),
        Data::Exact => format!("`{method}` takes the data as if they had no noise"),
        Data::Tuned => format!("a setting of `{method}` weighs the data, or {does_not_fit}"),
        Data::Assumed => format!("`{method}` has a bias of its own, or {does_not_fit}"),
    }
}

/// The lines for standard output.
pub(super) fn words(plan: &Plan, report: &Report) -> String {
    let mut out = format!("{}: {} slice(s)", report.method, report.slices.len());
    let misfits: Vec<f64> = report.slices.iter().filter_map(|s| s.misfit).collect();
    if !misfits.is_empty() {
        let mean = misfits.iter().sum::<f64>() / misfits.len() as f64;
        out += &format!(", misfit {mean:.3} (1 is calibrated)");
    }
    out.push('\n');
    if !report.hu.is_empty() {
        out += &hu_words(report);
    } else if let Some(own) = &report.metrics {
        out += "against the truth    PSNR dB    SSIM     NMSE\n";
        for (name, m) in report.beside.iter().copied().chain([(report.method, *own)]) {
            out += &format!(
                "  {name:<18} {:7.2}  {:.4}  {:.5}\n",
                m.psnr, m.ssim, m.nmse
            );
        }
    }
    if let Some(averaging) = &report.averaging {
        out += &format!("{}\n", averaging.words());
    }
    for w in &report.warnings {
        out += &format!("warning: {w}\n");
    }
    out + &format!("written to {}\n", plan.options.output.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Bridge, Smc};

    #[test]
    fn a_population_that_one_particle_outweighs_is_told() {
        let particles = 100;
        let smc = Method::Smc(Smc {
            particles,
            ..Smc::default()
        });
        let said = |share| particles_words(&smc, Some(share));
        assert!(said(0.011).unwrap().contains("worth 1.1 at one level"));
        assert_eq!(said(0.5), None);
        assert_eq!(particles_words(&smc, None), None);
    }

    #[test]
    fn one_round_beside_a_nuisance_is_told() {
        let said = |rounds, beside| {
            let method = Method::Bridge(Bridge {
                rounds,
                ..Bridge::default()
            });
            rounds_words(&method, beside)
        };
        assert!(said(1, true).unwrap().contains("method.bridge.rounds = 1"));
        assert_eq!(said(3, true), None);
        assert_eq!(said(1, false), None);
    }

    #[test]
    fn only_the_bridge_blames_the_prior_alone() {
        let prior = "the prior or the noise level does not fit";
        assert!(misfit_words("bridge", Data::Weighed).starts_with(prior));
        assert!(!misfit_words("ddnm", Data::Exact).contains(prior));
        let few = misfit_words("dps", Data::Weighed);
        assert!(
            few.contains("`dps` has too few levels") && few.contains(prior),
            "{few}"
        );
        for data in [Data::Tuned, Data::Assumed] {
            let words = misfit_words("daps", data);
            assert!(words.contains("`daps`") && words.contains(prior), "{words}");
        }
    }
}
