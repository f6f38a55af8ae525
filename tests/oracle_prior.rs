//! Samplers of the prior against their own exact laws, mode by mode.

use crate::oracle::{Forward, Given, RecordingPrior, Setting, Stating, ancestral};
use annulus::guidance::{
    Ancestral, AnnealedLangevin, Churn, Ddim, Discrete, Guidance, Heun, PredictorCorrector, Sde,
    Variance,
};
use annulus::score::Schedule;
use operators::Host;

/// Samples drawn together.
const BATCH: usize = 2;

/// Runs the rule without data and holds it to the recursion `(a, s²)` of `x' = a x + s n`.
fn assert_follows(
    name: &str,
    rule: &dyn Guidance<Host<f64>>,
    levels: usize,
    step: impl Fn(&Setting, usize, f64, f64) -> (f64, f64),
) {
    // The noise of the data sets the last level, the rest of them means nothing here.
    for s in Setting::each(Forward::Mask) {
        let schedule = s.schedule(levels);
        let law = s.law(&schedule, |mode, _, sigma, next| {
            let (a, s2) = step(&s, mode, sigma, next);
            (a, 0.0, s2)
        });
        s.assert_law(&s.run(rule, None, &schedule, BATCH), &law, name);
    }
}

#[test]
fn ddpm_with_the_forward_variance_follows_its_law() {
    assert_follows(
        "ancestral-large",
        &Ancestral(Variance::Large),
        60,
        |s, mode, sigma, next| {
            let (v, w) = (sigma * sigma, next * next);
            let c = w / v;
            // β of the step in √ᾱ x, over ᾱ' for x itself.
            let (abar, before) = (1.0 / (1.0 + v), 1.0 / (1.0 + w));
            let large = if next > 0.0 {
                (1.0 - abar / before) / before
            } else {
                0.0
            };
            ((1.0 - c) * s.gain(mode, sigma) + c, large)
        },
    );
}

/// What the network says of `Var(x0 | x)` is one number a level here, and comes beside the smaller variance.
#[test]
fn ddpm_with_a_learned_variance_follows_its_law() {
    for s in Setting::each(Forward::Mask) {
        let schedule = s.schedule(60);
        // A mean over the spectrum: once a level, not once a mode.
        let white: Vec<f64> = schedule.steps().map(|(sigma, _)| s.white(sigma)).collect();
        let law = s.law(&schedule, |mode, t, sigma, next| {
            let (c, s2) = ancestral(sigma, next);
            let stated = if next > 0.0 { white[t] } else { 0.0 };
            let a = (1.0 - c) * s.gain(mode, sigma) + c;
            (a, 0.0, s2 + (1.0 - c).powi(2) * stated)
        });
        let given = s.given(None);
        let stating = Stating(&s, given.prior);
        let given = Given {
            prior: &stating,
            ..given
        };
        let rule = Ancestral(Variance::Learned);
        let [_, samples] = s.ends(&rule, &given, &schedule, BATCH);
        s.assert_law(&samples, &law, "ancestral-learned");
    }
}

#[test]
fn ddim_follows_its_law() {
    for eta in [0.0, 0.5] {
        assert_follows(
            &format!("ddim {eta}"),
            &Ddim { eta },
            60,
            |s, mode, sigma, next| {
                let fresh = eta * next * (1.0 - (next / sigma).powi(2)).sqrt();
                let kept = (next * next - fresh * fresh).sqrt() / sigma;
                ((1.0 - kept) * s.gain(mode, sigma) + kept, fresh * fresh)
            },
        );
    }
}

/// `(a, s²)` of a reverse step above 0, for the gain `w` of the prior.
fn reverse(sde: Sde, discrete: Discrete, w: f64, [sigma, next]: [f64; 2]) -> (f64, f64) {
    match sde {
        Sde::VarianceExploding => {
            let g2 = match discrete {
                Discrete::EulerMaruyama => 2.0 * sigma * (sigma - next),
                Discrete::ReverseDiffusion => sigma * sigma - next * next,
            };
            // s = (w - 1) x / σ².
            (1.0 + g2 * (w - 1.0) / (sigma * sigma), g2)
        }
        Sde::VariancePreserving => {
            // u = √ᾱ x: score (√ᾱ w x - u) / (1 - ᾱ), the published steps, then back.
            let [abar, before] = [sigma, next].map(|s| 1.0 / (1.0 + s * s));
            let beta = 1.0 - abar / before;
            let score = (w - 1.0) / (1.0 - abar);
            let drift = match discrete {
                Discrete::EulerMaruyama => 0.5 * beta,
                Discrete::ReverseDiffusion => 1.0 - (1.0 - beta).sqrt(),
            };
            let u = 1.0 + drift + beta * score;
            (u * (abar / before).sqrt(), beta / before)
        }
    }
}

#[test]
fn reverse_equations_follow_their_laws() {
    for sde in [Sde::VarianceExploding, Sde::VariancePreserving] {
        for discrete in [Discrete::EulerMaruyama, Discrete::ReverseDiffusion] {
            let rule = PredictorCorrector {
                sde,
                discrete,
                snr: None,
            };
            let name = format!("{sde:?} {discrete:?}");
            assert_follows(&name, &rule, 60, |s, mode, sigma, next| {
                let w = s.gain(mode, sigma);
                match next == 0.0 {
                    true => (w, 0.0),
                    false => reverse(sde, discrete, w, [sigma, next]),
                }
            });
        }
    }
}

#[test]
fn heun_follows_its_law() {
    for total in [0.0, 8.0] {
        let levels = 30;
        let churn = Churn {
            total,
            range: [0.05, 50.0],
            noise: 1.003,
        };
        let rule = Heun {
            churn,
            steps: levels,
        };
        assert_follows(
            &format!("heun {total}"),
            &rule,
            levels,
            |s, mode, sigma, next| {
                let inside = (0.05..=50.0).contains(&sigma);
                let gamma = if inside {
                    (total / levels as f64).min(2f64.sqrt() - 1.0)
                } else {
                    0.0
                };
                let up = sigma * (1.0 + gamma);
                let more = (up * up - sigma * sigma) * 1.003f64.powi(2);
                let slope = (1.0 - s.gain(mode, up)) / up;
                let euler = 1.0 + (next - up) * slope;
                if next == 0.0 {
                    return (euler, euler * euler * more);
                }
                let end = (1.0 - s.gain(mode, next)) / next * euler;
                let a = 1.0 + 0.5 * (next - up) * (slope + end);
                (a, a * a * more)
            },
        );
    }
}

#[test]
fn langevin_follows_its_law() {
    let (step, repeats) = (0.3, 3);
    let rule = AnnealedLangevin { step, repeats };
    assert_follows("langevin", &rule, 60, |s, mode, sigma, next| {
        let w = s.gain(mode, sigma);
        let a = 1.0 + step * (w - 1.0);
        let fresh = 2.0 * step * sigma * sigma;
        let (mut gain, mut variance) = (1.0, 0.0);
        for _ in 0..repeats {
            (gain, variance) = (a * gain, a * a * variance + fresh);
        }
        match next == 0.0 {
            true => (w * gain, w * w * variance),
            false => (gain, variance),
        }
    });
}

/// The corrector's step depends on norms: that of `D - x` is recorded, that of the noise is `√n`.
fn assert_corrected(s: &Setting, schedule: &Schedule, sde: Sde) {
    // So large that the step itself is seen.
    let (snr, discrete) = (0.5, Discrete::ReverseDiffusion);
    let rule = PredictorCorrector {
        sde,
        discrete,
        snr: Some(snr),
    };
    let given = s.given(None);
    let prior = RecordingPrior::new(given.prior);
    let given = Given {
        prior: &prior,
        ..given
    };
    let ends = s.ends(&rule, &given, schedule, 1);
    let norms = prior.norms();
    assert_eq!(norms.len(), 2 * schedule.levels() - 1);
    let laws = s.laws(schedule, |mode, t, sigma, next| {
        let w = s.gain(mode, sigma);
        if next == 0.0 {
            return (w, 0.0, 0.0);
        }
        let (a, s2) = reverse(sde, discrete, w, [sigma, next]);
        let alpha = match sde {
            Sde::VarianceExploding => 1.0,
            Sde::VariancePreserving => (1.0 + next * next) / (1.0 + sigma * sigma),
        };
        // ε / σ'².
        let length = norms[2 * t + 1];
        let step = 2.0 * alpha * s.reals() as f64 * (snr * next / length).powi(2);
        let f = 1.0 - step * (1.0 - s.gain(mode, next));
        (a * f, 0.0, s2 * f * f + 2.0 * step * next * next)
    });
    s.assert_laws(&ends, &laws, &format!("corrector, {sde:?}"));
}

#[test]
fn predictor_and_corrector_follow_their_laws() {
    for s in Setting::each(Forward::Mask) {
        for sde in [Sde::VarianceExploding, Sde::VariancePreserving] {
            assert_corrected(&s, &s.schedule(20), sde);
            // Where √ᾱ x is far from x.
            assert_corrected(&s, &Schedule::karras(10, 1.0, 80.0, 7.0), sde);
        }
    }
}

#[test]
fn the_corrector_leaves_the_right_law_alone() {
    // At a state of the right law, Langevin steps of the published size keep it to first order.
    let rule = PredictorCorrector {
        sde: Sde::VarianceExploding,
        discrete: Discrete::ReverseDiffusion,
        snr: Some(0.16),
    };
    let s = Setting::new();
    let schedule = s.schedule(200);
    let samples = s.run(&rule, None, &schedule, BATCH);
    // The prior's own variance, mode by mode, pooled: a reverse step of 200 levels is within 8 % of it.
    let variance: Vec<f64> = (0..s.observed.len()).map(|mode| s.variance(mode)).collect();
    let (mut sum, mut count) = (0.0, 0.0);
    for k in &samples {
        for (i, v) in k.iter().enumerate() {
            sum += v * v / variance[i / 2];
            count += 1.0;
        }
    }
    let ratio = sum / count;
    assert!((ratio - 1.0).abs() < 0.08, "{ratio}");
}
