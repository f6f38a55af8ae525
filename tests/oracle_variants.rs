//! Each model of C, each draw and each form of a method against its own exact law.

use crate::oracle::{Forward, Given, Setting, Stating, ancestral, bridge, guided, model};
use annulus::guidance::{
    Bridge, BridgeLocal, CovarianceModel, Dds, Dps, Guidance, Guided, MomentProjection, PriorDraw,
};
use annulus::score::Schedule;
use operators::Host;

/// Samples drawn together.
const BATCH: usize = 1;

/// Few levels: a law holds for any number.
fn from_the_top(s: &Setting) -> Schedule {
    s.schedule(8)
}

/// From a level where one number for C does not diverge.
fn from_below(s: &Setting) -> Schedule {
    Schedule::karras(5, s.noise() / 5.0, 0.3, 7.0)
}

/// Holds the bridge, and other rules of the same law, to it.
fn assert_bridge(
    schedule: fn(&Setting) -> Schedule,
    rule: &Bridge,
    same: &[&dyn Guidance<Host<f64>>],
) {
    let Guided { covariance, .. } = rule.guided;
    let name = format!(
        "{covariance:?}, {:?}, pullback {}",
        rule.draw, rule.pullback
    );
    for s in Setting::all() {
        let schedule = schedule(&s);
        let law = bridge(&s, &schedule, rule);
        let likelihood = s.likelihood();
        for (i, rule) in [rule as &dyn Guidance<_>].iter().chain(same).enumerate() {
            let [_, samples] = s.ends(*rule, &s.given(Some(&likelihood)), &schedule, BATCH);
            s.assert_law(&samples, &law, &format!("bridge, {name}, rule {i}"));
        }
    }
}

/// Without a draw the bridge with the pullback is DPS.
#[test]
fn the_gradient_form_follows_its_law() {
    let bridge = |covariance| Bridge {
        guided: guided(covariance),
        draw: PriorDraw::Mean,
        pullback: true,
    };
    for (covariance, schedule) in [
        (CovarianceModel::Spectrum, from_the_top as fn(&Setting) -> _),
        (CovarianceModel::White, from_below),
    ] {
        let dps = Dps(guided(covariance));
        assert_bridge(schedule, &bridge(covariance), &[&dps]);
    }
}

#[test]
fn the_bridge_without_a_pullback_follows_its_law_whatever_c() {
    for covariance in [CovarianceModel::White, CovarianceModel::Sigma] {
        let rule = Bridge {
            guided: guided(covariance),
            draw: PriorDraw::Model,
            pullback: false,
        };
        assert_bridge(from_the_top, &rule, &[]);
    }
}

#[test]
fn the_bridge_with_a_pullback_follows_its_law_whatever_c() {
    let rule = |covariance| Bridge {
        guided: guided(covariance),
        draw: PriorDraw::Model,
        pullback: true,
    };
    assert_bridge(from_the_top, &rule(CovarianceModel::Sigma), &[]);
    assert_bridge(from_below, &rule(CovarianceModel::White), &[]);
}

/// Stated by the network or found by the card, one number for C has one law; nothing preconditions in pixels.
#[test]
fn the_bridge_with_a_learned_variance_follows_its_law() {
    for pullback in [true, false] {
        let rule = |covariance| Bridge {
            guided: guided(covariance),
            draw: PriorDraw::Model,
            pullback,
        };
        for s in Setting::all() {
            let (schedule, likelihood) = (from_below(&s), s.likelihood());
            let law = bridge(&s, &schedule, &rule(CovarianceModel::White));
            let given = s.given(Some(&likelihood));
            let stating = Stating(&s, given.prior);
            let given = Given {
                prior: &stating,
                ..given
            };
            let rule = rule(CovarianceModel::Learned);
            let [_, samples] = s.ends(&rule, &given, &schedule, BATCH);
            s.assert_law(
                &samples,
                &law,
                &format!("bridge, learned, pullback {pullback}"),
            );
        }
    }
}

#[test]
fn the_bridge_drawn_by_the_network_follows_its_law() {
    for pullback in [true, false] {
        let rule = Bridge {
            guided: guided(CovarianceModel::Spectrum),
            draw: PriorDraw::Network,
            pullback,
        };
        assert_bridge(from_the_top, &rule, &[]);
    }
}

#[test]
fn dds_follows_its_law() {
    for s in Setting::all() {
        let (schedule, likelihood) = (from_the_top(&s), s.likelihood());
        for (gamma, covariance, eta) in [
            (1.0, CovarianceModel::Sigma, 0.85),
            (5.0, CovarianceModel::White, 0.3),
            (0.5, CovarianceModel::Spectrum, 1.0),
        ] {
            let c = model(&s, &schedule, covariance);
            let law = s.law(&schedule, |mode, t, sigma, next| {
                let (k, _) = s.conditional(mode, gamma * c(mode, t, sigma));
                let w = s.gain(mode, sigma);
                // The noise is that of D before its correction.
                let kept = next / sigma * f64::sqrt(1.0 - eta * eta);
                ((1.0 - k) * w + kept * (1.0 - w), k, (eta * next).powi(2))
            });
            let rule = Dds {
                gamma,
                covariance,
                eta,
                cg_iterations: 400,
            };
            let [_, samples] = s.ends(&rule, &s.given(Some(&likelihood)), &schedule, BATCH);
            s.assert_law(&samples, &law, &format!("dds {gamma} {covariance:?} {eta}"));
        }
    }
}

/// `C = σ² J` is the covariance of a Gaussian prior: no model of it is needed.
#[test]
fn moment_projection_follows_its_law() {
    for (forward, levels, max) in [(Forward::Mask, 3, 80.0), (Forward::Blur, 3, 0.3)] {
        for s in Setting::each(forward) {
            // Of a blur each level takes many iterations, the more the higher it is.
            let schedule = Schedule::karras(levels, s.noise() / 5.0, max, 7.0);
            let law = s.law(&schedule, |mode, _, sigma, next| {
                let (c, s2) = ancestral(sigma, next);
                let w = s.gain(mode, sigma);
                let (pull, _) = s.conditional(mode, sigma * sigma * w);
                ((1.0 - c) * (1.0 - pull) * w + c, (1.0 - c) * pull, s2)
            });
            let rule = MomentProjection { cg_iterations: 400 };
            let samples = s.run(&rule, Some(&s.likelihood()), &schedule, BATCH);
            s.assert_law(&samples, &law, "moment projection");
        }
    }
}

/// The same covariance with a draw: `J^½` by Lanczos from a level where its eigenvalues are not many decades apart.
#[test]
fn the_bridge_with_the_denoisers_own_covariance_follows_its_law() {
    for s in Setting::all() {
        let schedule = Schedule::karras(3, s.noise() / 5.0, 0.3, 7.0);
        let law = s.law(&schedule, |mode, _, sigma, next| {
            let (c, s2) = ancestral(sigma, next);
            let w = s.gain(mode, sigma);
            let (k, drawn) = s.conditional(mode, sigma * sigma * w);
            (
                (1.0 - c) * (1.0 - k) * w + c,
                (1.0 - c) * k,
                (1.0 - c).powi(2) * drawn + s2,
            )
        });
        let rule = BridgeLocal {
            krylov: 40,
            cg_iterations: 400,
        };
        let [_, samples] = s.ends(&rule, &s.given(Some(&s.likelihood())), &schedule, BATCH);
        s.assert_law(&samples, &law, "bridge, covariance = jacobian");
    }
}
