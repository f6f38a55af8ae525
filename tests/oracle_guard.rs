//! A guarded correction: its law with the lengths that were met, which couple the modes.

use crate::oracle::{Given, RecordingPrior, Setting, ancestral, guided};
use annulus::guidance::{Bridge, CovarianceModel, Guard, Guided, PriorDraw};
use annulus::score::Schedule;
use operators::{Array, Direction, Host};

type Image = Host<f64>;

/// The share of the correction through the network that a guard of so many `times` leaves at a state: of
/// `shift = k (y - w x)` and `pulled = σ² w / C shift`, mode by mode.
fn left(s: &Setting, x: &Image, (sigma, c): (f64, f64), times: f64) -> f64 {
    let x = x.fft2(Direction::Forward).to_reals();
    let mut squares = (0.0, 0.0);
    for (i, (x, y)) in x.iter().zip(s.data()).enumerate() {
        let (k, _) = s.conditional(i / 2, c);
        let w = s.gain(i / 2, sigma);
        let shift = k * (y - w * x);
        squares.0 += shift * shift;
        squares.1 += (sigma * sigma * w / c * shift).powi(2);
    }
    (times * f64::sqrt(squares.0 / squares.1)).min(1.0)
}

/// One number for C sends ten times the model's correction through the network where images vary most: a guard that
/// never shortened would not follow this law, nor does the law without one.
#[test]
fn a_guarded_correction_follows_its_law() {
    for (guard, times) in [
        (Guard::Times(1.5), None),
        (Guard::Rule, Some(|share: f64| f64::max(1.0 / share, 1.5))),
    ] {
        let rule = Bridge {
            guided: Guided {
                guard,
                ..guided(CovarianceModel::White)
            },
            draw: PriorDraw::Mean,
            pullback: true,
        };
        for s in Setting::all() {
            let schedule = Schedule::karras(5, s.noise() / 5.0, 1.0, 7.0);
            let likelihood = s.likelihood();
            let given = s.given(Some(&likelihood));
            let prior = RecordingPrior::new(given.prior);
            let given = Given {
                prior: &prior,
                ..given
            };
            let [_, samples] = s.ends(&rule, &given, &schedule, 1);
            let calls = prior.calls.borrow();
            let white: Vec<f64> = schedule.steps().map(|(sigma, _)| s.white(sigma)).collect();
            let levels = schedule.steps().zip(calls.iter()).zip(&white);
            let shares: Vec<f64> = levels
                .map(|(((sigma, next), [x, _]), c)| {
                    let share = 1.0 - (next / sigma).powi(2);
                    let times = times.map_or(1.5, |times| times(share));
                    left(&s, x, (sigma, *c), times)
                })
                .collect();
            assert!(shares[0] < 0.7, "the guard has nothing to do: {shares:?}");
            let law = s.law(&schedule, |mode, t, sigma, next| {
                let (c, s2) = ancestral(sigma, next);
                let (w, model) = (s.gain(mode, sigma), white[t]);
                let (k, _) = s.conditional(mode, model);
                let pull = shares[t] * k * sigma * sigma * w / model;
                ((1.0 - c) * (1.0 - pull) * w + c, (1.0 - c) * pull, s2)
            });
            s.assert_law(&samples, &law, &format!("{guard:?}"));
        }
    }
}
