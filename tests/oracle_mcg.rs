//! Manifold constrained gradients against their own exact laws: the weights of the noise, and both published forms.

use crate::oracle::{
    Filter, Given, Recording, RecordingPrior, Setting, ancestral, guided, zeta_pull,
};
use annulus::guidance::{CovarianceModel, DpsZeta, Mcg, McgProjection, McgZeta, Projecting};
use operators::{Array, Direction};

/// Samples drawn together.
const BATCH: usize = 1;

/// 1 in every other row of the spectrum: what a test calls unmeasured.
fn every_other_row(s: &Setting) -> impl Fn(usize) -> f64 + use<> {
    let columns = s.sizes()[1];
    move |mode| f64::from(u8::from((mode / columns).is_multiple_of(2)))
}

/// `x0 = D + (k (1 - u) + k w u) (y - D)` where `u` is 1 in every other row of the spectrum.
#[test]
fn mcg_follows_its_law() {
    for s in Setting::all() {
        let schedule = s.schedule(8);
        let u = every_other_row(&s);
        let law = s.law(&schedule, |mode, _, sigma, next| {
            let (c, s2) = ancestral(sigma, next);
            let (k, _) = s.conditional(mode, sigma * sigma);
            let w = s.gain(mode, sigma);
            let pull = k * (1.0 - u(mode)) + k * w * u(mode);
            ((1.0 - c) * (1.0 - pull) * w + c, (1.0 - c) * pull, s2)
        });
        let part = Filter::new(s.sizes(), (0..s.reals() / 2).map(&u).collect());
        let likelihood = s.likelihood();
        let given = Given {
            unmeasured: Some(&part),
            ..s.given(Some(&likelihood))
        };
        let rule = Mcg(guided(CovarianceModel::Sigma));
        let [_, samples] = s.ends(&rule, &given, &schedule, BATCH);
        s.assert_law(&samples, &law, "mcg, partial U");
    }
}

/// The step of DPS and a projection onto the data of the next level.
#[test]
fn mcg_as_published_for_inpainting_follows_its_law() {
    for s in Setting::all() {
        let schedule = s.schedule(100);
        let recording = Recording::new(s.likelihood());
        let lambda = 0.8;
        let rule = McgProjection {
            gradient: DpsZeta { zeta: 0.5 },
            projecting: Projecting {
                lambda,
                noisy: true,
                cg_iterations: 400,
            },
        };
        let samples = s.run(&rule, Some(&recording), &schedule, 1);
        let norms = recording.norms.into_inner();
        // Of the gradient and of the projection.
        assert_eq!(norms.len(), 200);
        let law = s.law(&schedule, |mode, t, sigma, next| {
            let (c, s2) = ancestral(sigma, next);
            let w = s.gain(mode, sigma);
            let pull = zeta_pull(&s, mode, [sigma, next], 0.5, norms[2 * t]);
            let mix = if s.observed[mode] { lambda } else { 0.0 };
            let kept = 1.0 - mix;
            (
                kept * ((1.0 - c) * w + c - pull * w),
                kept * pull + mix,
                kept * kept * s2 + (mix * next).powi(2),
            )
        });
        s.assert_law(&samples, &law, "mcg, zeta, projection");
    }
}

/// The norm of the gradient and that of the corrector couple the modes: the law is that of the states that were met.
#[test]
fn mcg_as_published_for_ct_follows_its_law() {
    let (levels, snr, lambda) = (40, 0.3, [1.0, 0.6]);
    for s in Setting::all() {
        let (schedule, likelihood) = (s.schedule(levels), s.likelihood());
        let u = every_other_row(&s);
        // As strong on either size: the norm grows with it.
        let zeta = 0.3 * s.sizes()[0] as f64 / 64.0;
        let part = Filter::new(s.sizes(), (0..s.reals() / 2).map(&u).collect());
        let given = s.given(Some(&likelihood));
        let prior = RecordingPrior::new(given.prior);
        let given = Given {
            prior: &prior,
            unmeasured: Some(&part),
            ..given
        };
        let rule = McgZeta {
            zeta,
            lambda,
            snr,
            steps: levels,
        };
        let ends = s.ends(&rule, &given, &schedule, BATCH);
        let calls = prior.calls.borrow();
        assert_eq!(calls.len(), 2 * levels - 1);
        // ‖y / h - D‖ where something was measured: of a blur `A†` takes the residual there, of a mask it is the residual.
        let y = s.data();
        let apart = |t: usize| {
            let d = calls[2 * t + 1][1].fft2(Direction::Forward).to_reals();
            let measured = (0..y.len()).filter(|i| s.observed[i / 2]);
            measured.map(|i| (y[i] - d[i]).powi(2)).sum::<f64>().sqrt()
        };
        let apart: Vec<f64> = (0..levels - 1).map(apart).collect();
        let lengths = prior.norms();
        let laws_of = |zeta: f64| {
            s.laws(&schedule, |mode, t, sigma, next| {
                let share = t as f64 / levels as f64;
                let mix = (lambda[0] * (1.0 - share) + lambda[1] * share) * s.h(mode).powi(2);
                let (w, kept) = (s.gain(mode, sigma), 1.0 - mix);
                if next == 0.0 {
                    return (kept * w, mix, 0.0);
                }
                let down = sigma * sigma - next * next;
                let reverse = 1.0 - down / (sigma * sigma) * (1.0 - w);
                // ε / σ'².
                let step = 2.0 * s.reals() as f64 * (snr * next / lengths[2 * t + 1]).powi(2);
                let w = s.gain(mode, next);
                let pull = match s.observed[mode] {
                    true => zeta * u(mode) * w / apart[t],
                    false => 0.0,
                };
                let a = kept * (1.0 - step * (1.0 - w)) - pull * w;
                let fresh = kept * kept * 2.0 * step * next * next;
                (a * reverse, mix + pull, a * a * down + fresh)
            })
        };
        s.assert_laws(&ends, &laws_of(zeta), "mcg, zeta, back-projection");
        // The ruler: half of the gradient is another law, where the noise of the corrector does not drown it.
        if s.is_large() && s.observed.contains(&false) && s.noise() == 0.05 {
            let less = || s.assert_laws(&ends, &laws_of(0.5 * zeta), "less");
            let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(less));
            assert!(refused.is_err(), "half of the gradient passed");
        }
    }
}
