//! Shipped priors against their model cards.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Plot};
use super::super::gate::largest;
use crate::recon::builtin_priors;
use crate::train::{Family, HeldOut, evaluate};

/// The denoising error on held-out images, over that on the card.
pub(in super::super) fn priors(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    // The card is the mean of 24: all of them, or the first two.
    let (images, limit) = bench.extent.pick((2, 1.6), (24, 1.05));
    for (name, _) in builtin_priors() {
        let (card, prior) = bench.toolkit.prior(name)?;
        let family = match card.unit_hu {
            Some(_) => Family::HeadCt,
            None => Family::BrainMr,
        };
        let [least, most] = card.sigma_range;
        let range = bench
            .extent
            .pick([least.max(0.02), most.min(0.6)], [least, most]);
        let held_out = HeldOut::new(family, images, 192);
        let found = evaluate(prior.as_ref(), range, &held_out, &bench.progress)?;
        let (mut says, mut now, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for level in &found {
            let card = card.relative_error(level.sigma).unwrap_or(f64::NAN);
            ratios.push(level.relative_error / card);
            let x = level.sigma.log10();
            says.push([x, card]);
            now.push([x, level.relative_error]);
        }
        evidence.plots.push(Plot {
            title: format!("{name}: denoising error on {images} held-out images"),
            axes: ["log10 sigma".into(), "error / sigma²".into()],
            curves: vec![("model card".into(), says), ("measured".into(), now)],
            ..Plot::default()
        });
        evidence.at_least(
            &format!("guidance.prior.{name}.levels"),
            "levels of noise that were measured",
            ratios.len() as f64,
            1.0,
            "nothing measured proves nothing",
        );
        evidence.at_most(
            &format!("guidance.prior.{name}"),
            "largest denoising error over that of the model card, or of the card over it",
            largest(ratios.iter().map(|r| r.max(1.0 / r))),
            limit,
            "1 for the 24 images of the card; two of them are easier or harder by half; channels or \
             scales that are mixed up give many times as much",
        );
    }
    Ok(())
}
