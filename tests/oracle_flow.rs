//! The probability flow of every rule that pulls its image against its exact law: Heun's step of both ends.

use crate::oracle::{Filter, Given, Setting, guided};
use annulus::guidance::{CovarianceModel, Dps, Flow, Guidance, Mcg};
use operators::Host;

/// Samples drawn together.
const BATCH: usize = 2;

/// What becomes of a mode: the pull of `x0' = D + pull (y - D)`, for the mode and σ.
type Pull<'a> = &'a dyn Fn(usize, f64) -> f64;

fn assert_flow(
    s: &Setting,
    given: &Given<'_>,
    rule: &dyn Guidance<Host<f64>>,
    pull: Pull<'_>,
    name: &str,
) {
    let schedule = s.schedule(12);
    // D = w x.
    let image = |mode, sigma| {
        let pull = pull(mode, sigma);
        ((1.0 - pull) * s.gain(mode, sigma), pull)
    };
    let law = s.law(&schedule, |mode, _, sigma, next| {
        let (a, b) = image(mode, sigma);
        if next == 0.0 {
            return (a, b, 0.0);
        }
        let (down, slope) = (next - sigma, [(1.0 - a) / sigma, -b / sigma]);
        let euler = [1.0 + down * slope[0], down * slope[1]];
        let (a, b) = image(mode, next);
        let end = [
            euler[0] * (1.0 - a) / next,
            (euler[1] * (1.0 - a) - b) / next,
        ];
        (
            1.0 + 0.5 * down * (slope[0] + end[0]),
            0.5 * down * (slope[1] + end[1]),
            0.0,
        )
    });
    let [_, samples] = s.ends(rule, given, &schedule, BATCH);
    s.assert_law(&samples, &law, name);
}

/// With the prior's own covariance it is the flow of the posterior.
#[test]
fn the_guided_flow_follows_its_law() {
    for s in Setting::all() {
        let likelihood = s.likelihood();
        let rule = Flow(Dps(guided(CovarianceModel::Spectrum)));
        // The pullback's gain for the model's: σ² w / C.
        let pull = |mode, sigma: f64| {
            let c = s.c(mode, sigma);
            s.conditional(mode, c).0 * sigma * sigma * s.gain(mode, sigma) / c
        };
        assert_flow(&s, &s.given(Some(&likelihood)), &rule, &pull, "flow of dps");
    }
}

#[test]
fn the_flow_of_mcg_follows_its_law() {
    for s in Setting::all() {
        let likelihood = s.likelihood();
        let columns = s.sizes()[1];
        let u = |mode: usize| f64::from(u8::from((mode / columns).is_multiple_of(2)));
        let part = Filter::new(s.sizes(), (0..s.reals() / 2).map(u).collect());
        let given = Given {
            unmeasured: Some(&part),
            ..s.given(Some(&likelihood))
        };
        let pull = |mode, sigma: f64| {
            let k = s.conditional(mode, sigma * sigma).0;
            k * (1.0 - u(mode)) + k * s.gain(mode, sigma) * u(mode)
        };
        let rule = Flow(Mcg(guided(CovarianceModel::Sigma)));
        assert_flow(&s, &given, &rule, &pull, "flow of mcg");
    }
}
