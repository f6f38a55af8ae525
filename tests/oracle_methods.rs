//! The published methods against their own exact laws: each is an affine recursion mode by mode.

use crate::oracle::{Given, RecordingPrior, Setting, ancestral};
use annulus::guidance::{
    AnnealedLangevin, Daps, Ddnm, Ddrm, DiffPir, Ilvr, PiGdm, PnpDm, ProjectedPc, Projecting,
};
use annulus::score::Schedule;

/// CG iterations at most: of a mask two suffice.
const ITERATIONS: usize = 200;

#[test]
fn ddrm_follows_its_law() {
    let (eta, eta_b) = (0.85, 0.9);
    for s in Setting::all() {
        let schedule = s.schedule(20);
        let laws = s.laws(&schedule, |mode, _, sigma, next| {
            let (w, noise) = (s.gain(mode, sigma), s.sigma_y(mode));
            let kept = |of: f64| f64::sqrt(1.0 - eta * eta) * next / of;
            let fresh = (eta * next).powi(2);
            match (s.observed[mode], next < noise) {
                (false, _) => ((1.0 - kept(sigma)) * w + kept(sigma), 0.0, fresh),
                (true, true) => ((1.0 - kept(noise)) * w, kept(noise), fresh),
                (true, false) => (
                    (1.0 - eta_b) * w,
                    eta_b,
                    next * next - (eta_b * noise).powi(2),
                ),
            }
        });
        let rule = Ddrm { eta, eta_b };
        let likelihood = s.likelihood();
        let ends = s.ends(&rule, &s.given(Some(&likelihood)), &schedule, s.batch());
        s.assert_laws(&ends, &laws, "ddrm");
    }
}

#[test]
fn diffpir_follows_its_law() {
    for s in Setting::all() {
        let schedule = s.schedule(15);
        for (lambda, zeta) in [(1.0, 0.1), (7.0, 0.3), (1.0, 1.0)] {
            let law = s.law(&schedule, |mode, _, sigma, next| {
                let (k, _) = s.conditional(mode, sigma * sigma / lambda);
                let w = s.gain(mode, sigma);
                let kept = next / sigma * f64::sqrt(1.0 - zeta);
                (
                    (1.0 - kept) * (1.0 - k) * w + kept,
                    (1.0 - kept) * k,
                    zeta * next * next,
                )
            });
            let rule = DiffPir {
                lambda,
                zeta,
                cg_iterations: ITERATIONS,
            };
            let samples = s.run(&rule, Some(&s.likelihood()), &schedule, s.batch());
            s.assert_law(&samples, &law, &format!("diffpir {lambda} {zeta}"));
        }
    }
}

#[test]
fn pigdm_follows_its_law() {
    for s in Setting::all() {
        let schedule = s.schedule(40);
        for (prior_std, eta) in [(1.0, 1.0), (0.5, 0.2)] {
            let law = s.law(&schedule, |mode, _, sigma, next| {
                let w = s.gain(mode, sigma);
                let c = (prior_std * sigma).powi(2) / (prior_std * prior_std + sigma * sigma);
                let pull = s.conditional(mode, c).0 * w;
                let fresh = eta * next * (1.0 - (next / sigma).powi(2)).sqrt();
                let kept = (next * next - fresh * fresh).sqrt() / sigma;
                ((1.0 - kept) * w + kept - pull * w, pull, fresh * fresh)
            });
            let rule = PiGdm {
                prior_std,
                eta,
                cg_iterations: ITERATIONS,
            };
            let samples = s.run(&rule, Some(&s.likelihood()), &schedule, s.batch());
            s.assert_law(&samples, &law, &format!("pigdm {prior_std} {eta}"));
        }
    }
}

/// Where a mode is measured the last sample is the datum, so the level before is held to its law too.
#[test]
fn ddnm_follows_its_law() {
    for s in Setting::all() {
        let schedule = s.schedule(60);
        let eta = 0.85;
        let laws = s.laws(&schedule, |mode, _, sigma, next| {
            let (w, o) = (s.gain(mode, sigma), f64::from(u8::from(s.observed[mode])));
            let kept = next / sigma * f64::sqrt(1.0 - eta * eta);
            ((1.0 - o) * w + kept * (1.0 - w), o, (eta * next).powi(2))
        });
        let rule = Ddnm {
            eta,
            cg_iterations: ITERATIONS,
        };
        let likelihood = s.likelihood();
        let ends = s.ends(&rule, &s.given(Some(&likelihood)), &schedule, s.batch());
        s.assert_laws(&ends, &laws, "ddnm");
    }
}

#[test]
fn daps_follows_its_law() {
    for s in Setting::all() {
        let schedule = s.schedule(30);
        let (ode_steps, ode_sigma) = (5, 0.01);
        let law = s.law(&schedule, |mode, _, sigma, next| {
            let end = f64::min(ode_sigma, sigma);
            let flow: f64 = Schedule::karras(ode_steps, end, sigma, 7.0)
                .steps()
                .map(|(from, to)| to / from + (1.0 - to / from) * s.gain(mode, from))
                .product();
            let (k, v) = s.conditional(mode, sigma * sigma);
            ((1.0 - k) * flow, k, v + next * next)
        });
        let rule = Daps {
            ode_steps,
            ode_sigma,
            cg_iterations: ITERATIONS,
        };
        let samples = s.run(&rule, Some(&s.likelihood()), &schedule, s.batch());
        s.assert_law(&samples, &law, "daps");
    }
}

#[test]
fn pnp_dm_follows_its_law() {
    for s in Setting::all() {
        let schedule = Schedule::karras(15, 0.02, 10.0, 7.0);
        let (levels, sigma_min) = (8, 0.005);
        let law = s.law(&schedule, |mode, _, rho, _| {
            let (k, v) = s.conditional(mode, rho * rho);
            let down = Schedule::karras(levels, f64::min(sigma_min, rho), rho, 7.0);
            let (a, v) = down.steps().fold((1.0, v), |(a, v), (sigma, next)| {
                let (c, fresh) = ancestral(sigma, next);
                let f = (1.0 - c) * s.gain(mode, sigma) + c;
                (a * f, v * f * f + fresh)
            });
            (a * (1.0 - k), a * k, v)
        });
        let rule = PnpDm {
            levels,
            sigma_min,
            cg_iterations: ITERATIONS,
        };
        let samples = s.run(&rule, Some(&s.likelihood()), &schedule, s.batch());
        s.assert_law(&samples, &law, "pnp-dm");
    }
}

#[test]
fn annealed_langevin_follows_its_law() {
    for s in Setting::all() {
        let schedule = s.schedule(40);
        let (step, repeats) = (0.6, 3);
        let law = s.law(&schedule, |mode, _, sigma, next| {
            let (w, alpha) = (s.gain(mode, sigma), step * sigma * sigma);
            let pull = match s.observed[mode] {
                true => alpha * s.h(mode).powi(2) / (s.noise().powi(2) + sigma * sigma),
                false => 0.0,
            };
            let f = 1.0 - step * (1.0 - w) - pull;
            let (a, b, v) = (0..repeats).fold((1.0, 0.0, 0.0), |(a, b, v), _| {
                (a * f, b * f + pull, v * f * f + 2.0 * alpha)
            });
            match next == 0.0 {
                true => (a * w, b * w, v * w * w),
                false => (a, b, v),
            }
        });
        let rule = AnnealedLangevin { step, repeats };
        let samples = s.run(&rule, Some(&s.likelihood()), &schedule, s.batch());
        s.assert_law(&samples, &law, "annealed Langevin");
    }
}

#[test]
fn ilvr_follows_its_law() {
    for s in Setting::all() {
        let schedule = s.schedule(20);
        for (lambda, noisy) in [(1.0, true), (0.6, true), (0.6, false)] {
            let laws = s.laws(&schedule, |mode, _, sigma, next| {
                let mix = if s.observed[mode] { lambda } else { 0.0 };
                let (c, fresh) = ancestral(sigma, next);
                let a = (1.0 - c) * s.gain(mode, sigma) + c;
                let noise = if noisy { (mix * next).powi(2) } else { 0.0 };
                ((1.0 - mix) * a, mix, (1.0 - mix).powi(2) * fresh + noise)
            });
            let rule = Ilvr(Projecting {
                lambda,
                noisy,
                cg_iterations: ITERATIONS,
            });
            let likelihood = s.likelihood();
            let ends = s.ends(&rule, &s.given(Some(&likelihood)), &schedule, s.batch());
            s.assert_laws(&ends, &laws, &format!("ilvr {lambda} {noisy}"));
        }
    }
}

/// The corrector's step depends on norms: that of `D - x` is recorded, that of the noise is `√n`.
#[test]
fn projection_between_reverse_steps_follows_its_law() {
    let lambda = 0.7;
    for (s, (snr, noisy)) in [(0.0, true), (0.4, true), (0.4, false)]
        .into_iter()
        .flat_map(|r| Setting::all().map(move |s| (s, r)))
    {
        let schedule = s.schedule(40);
        let (likelihood, given) = (s.likelihood(), s.given(None));
        let prior = RecordingPrior::new(given.prior);
        let given = Given {
            prior: &prior,
            likelihood: Some(&likelihood),
            ..given
        };
        let rule = ProjectedPc {
            projecting: Projecting {
                lambda,
                noisy,
                cg_iterations: ITERATIONS,
            },
            snr,
        };
        let ends = s.ends(&rule, &given, &schedule, 1);
        let norms = prior.norms();
        assert_eq!(norms.len(), 80);
        let laws = s.laws(&schedule, |mode, t, sigma, next| {
            let project = |(a, b, v): (f64, f64, f64), mix: f64, noise: f64| {
                let mix = if s.observed[mode] { mix } else { 0.0 };
                let fresh = if noisy { (mix * noise).powi(2) } else { 0.0 };
                let kept = 1.0 - mix;
                (a * kept, b * kept + mix, v * kept * kept + fresh)
            };
            let w = s.gain(mode, sigma);
            // ε / σ².
            let step = 2.0 * s.reals() as f64 * (snr * sigma / norms[2 * t]).powi(2);
            let f = 1.0 - step * (1.0 - w);
            let (a, b, v) = project((1.0, 0.0, 0.0), lambda, sigma);
            let corrected = (a * f, b * f, v * f * f + 2.0 * step * sigma * sigma);
            let (a, b, v) = project(corrected, lambda, sigma);
            if next == 0.0 {
                return project((a * w, b * w, v * w * w), 1.0, 0.0);
            }
            let down = sigma * sigma - next * next;
            let f = 1.0 - down / (sigma * sigma) * (1.0 - w);
            (a * f, b * f, v * f * f + down)
        });
        s.assert_laws(
            &ends,
            &laws,
            &format!("projection, snr {snr}, noisy {noisy}"),
        );
    }
}
