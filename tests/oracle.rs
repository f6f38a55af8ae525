//! Samplers against their own exact law, and against the closed-form posterior.
//!
//! A stationary Gaussian prior with a mask of k-space or a blur is diagonal in the Fourier basis: every
//! sampler is an affine recursion `x' = a x + b y + s n` mode by mode, whose mean and variance are
//! propagated here without any code of `guidance`. The output of the real code must agree within 4
//! standard errors, pooled in radial bands, observed and unobserved modes apart.

mod forward;
mod laws;
mod recording;
mod setting;
mod stating;

pub(crate) use forward::{Filter, Forward};
pub(crate) use laws::{ancestral, bridge, guided, model, zeta_pull};
pub(crate) use recording::{Recording, RecordingPrior};
pub(crate) use setting::{Given, Setting};
pub(crate) use stating::Stating;

use annulus::guidance::{Ancestral, Bridge, CovarianceModel, Dps, DpsZeta, PriorDraw, Variance};

#[test]
fn unconditional_sampling_follows_its_law() {
    for s in Setting::all() {
        let schedule = s.schedule(40);
        let law = s.law(&schedule, |mode, _, sigma, next| {
            let (c, s2) = ancestral(sigma, next);
            ((1.0 - c) * s.gain(mode, sigma) + c, 0.0, s2)
        });
        let samples = s.run(&Ancestral(Variance::Small), None, &schedule, s.batch());
        s.assert_law(&samples, &law, "unconditional");
    }
}

#[test]
fn dps_with_the_noise_weight_follows_its_law() {
    for s in Setting::all() {
        let schedule = s.schedule(20);
        // r² = σ²: no model of the covariance.
        let law = s.law(&schedule, |mode, _, sigma, next| {
            let (c, s2) = ancestral(sigma, next);
            let w = s.gain(mode, sigma);
            let pull = if s.observed[mode] {
                sigma * sigma * w / (sigma * sigma + s.sigma_y(mode).powi(2))
            } else {
                0.0
            };
            ((1.0 - c) * (1.0 - pull) * w + c, (1.0 - c) * pull, s2)
        });
        let likelihood = s.likelihood();
        let rule = Dps(guided(CovarianceModel::Sigma));
        let samples = s.run(&rule, Some(&likelihood), &schedule, s.batch());
        s.assert_law(&samples, &law, "dps, weight sigma");
    }
}

/// The norm couples the modes: the law is that of the recorded sequence of norms.
#[test]
fn dps_as_published_follows_its_law() {
    for s in Setting::all() {
        let schedule = s.schedule(200);
        let recording = Recording::new(s.likelihood());
        let rule = DpsZeta { zeta: 1.0 };
        let samples = s.run(&rule, Some(&recording), &schedule, 1);
        let norms = recording.norms.into_inner();
        assert_eq!(norms.len(), 200);
        let law = s.law(&schedule, |mode, t, sigma, next| {
            let (c, s2) = ancestral(sigma, next);
            let w = s.gain(mode, sigma);
            let pull = zeta_pull(&s, mode, [sigma, next], 1.0, norms[t]);
            ((1.0 - c) * w + c - pull * w, pull, s2)
        });
        s.assert_law(&samples, &law, "dps, zeta");
    }
}

#[test]
fn the_bridge_follows_its_law_and_the_posterior() {
    for s in Setting::all() {
        let schedule = s.schedule(20);
        let likelihood = s.likelihood();
        let y = s.data();
        for pullback in [true, false] {
            let rule = Bridge {
                guided: guided(CovarianceModel::Spectrum),
                draw: PriorDraw::Model,
                pullback,
            };
            let samples = s.run(&rule, Some(&likelihood), &schedule, s.batch());
            s.assert_law(&samples, &bridge(&s, &schedule, &rule), "bridge");

            let mut squares = [(0.0, 0.0); 2];
            let (mut misfit, mut measured) = (0.0, 0.0);
            for (i, x) in samples.iter().flat_map(|x| x.iter().enumerate()) {
                let (m, v) = s.posterior(i, y[i]);
                let part = &mut squares[usize::from(s.observed[i / 2])];
                *part = (part.0 + (x - m).powi(2) / v, part.1 + 1.0);
                if s.observed[i / 2] {
                    misfit += ((x - y[i]) / s.sigma_y(i / 2)).powi(2);
                    measured += 1.0;
                }
            }
            // A blur leaves nothing unobserved.
            let parts = squares.iter().filter(|(_, n)| *n > 0.0);
            let ratio: Vec<f64> = parts.map(|(sum, n)| f64::sqrt(sum / n)).collect();
            let misfit = misfit / measured;
            eprintln!("bridge, pullback {pullback}: misfit {misfit:.4}, std ratios {ratio:.4?}");
            // Of a small image four standard errors; all samples share its data.
            let limit = match s.is_large() {
                true => 0.02,
                false => 4.0 * (2.0 * s.batch() as f64 / measured).sqrt(),
            };
            assert!((misfit - 1.0).abs() < limit, "misfit {misfit}");
            assert!(
                ratio.iter().all(|r| (r - 1.0).abs() < limit),
                "std ratios {ratio:?}"
            );
        }
    }
}

/// The ruler: a law with a gain that is 2 % off must be refused.
#[test]
#[should_panic(expected = "var")]
fn a_wrong_law_is_refused() {
    let s = Setting::new();
    let schedule = s.schedule(40);
    let law = s.law(&schedule, |mode, _, sigma, next| {
        let (c, s2) = ancestral(sigma, next);
        (0.98 * ((1.0 - c) * s.gain(mode, sigma) + c), 0.0, s2)
    });
    s.assert_law(
        &s.run(&Ancestral(Variance::Small), None, &schedule, 1),
        &law,
        "wrong",
    );
}
