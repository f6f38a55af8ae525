//! What is impossible in the settings of a method.

use super::Problems;
use super::published::published;
use crate::protocol::by_rule::ByRule;
use crate::protocol::method::{CgSense, Cgls, Fbp, Mltr, PwlsTv, Sirt, Tikhonov, Tv};
use crate::protocol::methods::Methods;
use crate::protocol::sampler::{Bridge, Covariance, Dds, Dps, Draw, Mcg, Solver};
use crate::protocol::unconditional::Unconditional;

/// Every table that is there.
pub(super) fn methods(tables: &Methods, problems: &mut Problems) {
    fn each<T>(table: &Option<T>, check: fn(&T, &mut Problems), problems: &mut Problems) {
        table.iter().for_each(|table| check(table, problems));
    }
    each(&tables.cg_sense, cg_sense, problems);
    each(&tables.tv, tv, problems);
    each(&tables.fbp, fbp, problems);
    each(&tables.sirt, sirt, problems);
    each(&tables.cgls, cgls, problems);
    each(&tables.pwls_tv, pwls_tv, problems);
    each(&tables.mltr, mltr, problems);
    each(&tables.tikhonov, tikhonov, problems);
    each(&tables.dps, dps, problems);
    each(&tables.bridge, bridge, problems);
    each(&tables.mcg, mcg, problems);
    each(&tables.dds, dds, problems);
    each(&tables.unconditional, unconditional, problems);
    published(tables, problems);
}

fn cg_sense(table: &CgSense, problems: &mut Problems) {
    problems.not_negative("method.cg-sense.lambda", table.lambda);
    problems.at_least("method.cg-sense.iterations", table.iterations, 1);
}

fn tv(table: &Tv, problems: &mut Problems) {
    problems.not_negative("method.tv.weight", table.weight);
    problems.at_least("method.tv.iterations", table.iterations, 1);
}

fn fbp(table: &Fbp, problems: &mut Problems) {
    let holds = table.cutoff > 0.0 && table.cutoff <= 1.0;
    let must = "above 0 and at most 1";
    problems.need(holds, "method.fbp.cutoff", table.cutoff, must);
}

fn sirt(table: &Sirt, problems: &mut Problems) {
    problems.at_least("method.sirt.iterations", table.iterations, 1);
    let holds = table.relaxation > 0.0 && table.relaxation < 2.0;
    let must = "above 0 and below 2, or it diverges";
    problems.need(holds, "method.sirt.relaxation", table.relaxation, must);
}

fn cgls(table: &Cgls, problems: &mut Problems) {
    problems.at_least("method.cgls.iterations", table.iterations, 1);
}

fn pwls_tv(table: &PwlsTv, problems: &mut Problems) {
    problems.not_negative("method.pwls-tv.lambda", table.lambda);
    problems.at_least("method.pwls-tv.iterations", table.iterations, 1);
}

fn mltr(table: &Mltr, problems: &mut Problems) {
    problems.at_least("method.mltr.iterations", table.iterations, 1);
}

fn tikhonov(table: &Tikhonov, problems: &mut Problems) {
    problems.positive("method.tikhonov.lambda", table.lambda);
    problems.at_least("method.tikhonov.iterations", table.iterations, 1);
}

fn dps(table: &Dps, problems: &mut Problems) {
    let both = table.weight.and(table.zeta);
    zeta("method.dps.zeta", table.zeta, both.is_some(), problems);
    if let Some(clip) = table.clip {
        problems.positive("method.dps.clip", clip);
        if clip > 0.0 && table.zeta.is_none() {
            let message =
                "`method.dps.clip`: only with `zeta`; `weight` bounds its steps by itself";
            problems.add("method.dps.clip", message.into());
        }
    }
    solver("method.dps.solver", table.solver, table.zeta, problems);
    problems.at_least("method.dps.steps", table.steps, 2);
    problems.at_least("method.dps.samples", table.samples, 1);
    guard("method.dps.guard", table.guard, problems);
    problems.at_least("method.dps.cg_iterations", table.cg_iterations, 1);
    noise_levels("method.dps", table.start_sigma, table.sigma_max, problems);
}

fn bridge(table: &Bridge, problems: &mut Problems) {
    problems.at_least("method.bridge.levels", table.levels, 2);
    problems.at_least("method.bridge.samples", table.samples, 1);
    if !table.pullback && table.draw != Draw::Model {
        let message = "`method.bridge.draw`: without `pullback` the network is not \
                       differentiated, so it must be \"model\"";
        problems.add("method.bridge.draw", message.into());
    }
    if table.covariance == Covariance::Jacobian {
        jacobian(table, problems);
    }
    guard("method.bridge.guard", table.guard, problems);
    problems.at_least("method.bridge.cg_iterations", table.cg_iterations, 1);
    problems.at_least("method.bridge.rounds", table.rounds, 1);
    noise_levels(
        "method.bridge",
        table.start_sigma,
        table.sigma_max,
        problems,
    );
}

/// The Jacobian is itself what is drawn with and what the correction goes through.
fn jacobian(table: &Bridge, problems: &mut Problems) {
    for (holds, key, must) in [
        (table.draw == Draw::Model, "draw", "\"model\""),
        (table.pullback, "pullback", "true"),
        (table.rounds == 1, "rounds", "1"),
    ] {
        if !holds {
            let key = format!("method.bridge.{key}");
            let message = format!("`{key}`: with `covariance` = \"jacobian\" it must be {must}");
            problems.add(&key, message);
        }
    }
}

fn mcg(table: &Mcg, problems: &mut Problems) {
    let both = table.weight.and(table.zeta);
    zeta("method.mcg.zeta", table.zeta, both.is_some(), problems);
    if table.form.is_some() && table.zeta.is_none() {
        let message = "`method.mcg.form`: only with `zeta`; `weight` has one form";
        problems.add("method.mcg.form", message.into());
    }
    solver("method.mcg.solver", table.solver, table.zeta, problems);
    let [first, last] = table.lambda;
    let holds = [first, last]
        .iter()
        .all(|lambda| (0.0..2.0).contains(lambda));
    let must = "from 0 to below 2, at the first level and at the last";
    let value = format!("[{first}, {last}]");
    problems.need(holds, "method.mcg.lambda", value, must);
    problems.not_negative("method.mcg.snr", table.snr);
    problems.at_least("method.mcg.steps", table.steps, 2);
    problems.at_least("method.mcg.samples", table.samples, 1);
    guard("method.mcg.guard", table.guard, problems);
    problems.at_least("method.mcg.cg_iterations", table.cg_iterations, 1);
    noise_levels("method.mcg", table.start_sigma, table.sigma_max, problems);
}

fn dds(table: &Dds, problems: &mut Problems) {
    problems.at_least("method.dds.levels", table.levels, 2);
    problems.at_least("method.dds.samples", table.samples, 1);
    let holds = (0.0..=1.0).contains(&table.eta);
    problems.need(holds, "method.dds.eta", table.eta, "from 0 to 1");
    problems.positive("method.dds.gamma", table.gamma);
    if matches!(table.covariance, Covariance::Jacobian | Covariance::Learned) {
        let message = "`method.dds.covariance`: only `bridge` draws with `jacobian` and `learned`";
        problems.add("method.dds.covariance", message.into());
    }
    problems.at_least("method.dds.cg_iterations", table.cg_iterations, 1);
    if let Some(step) = table.z_step {
        problems.positive("method.dds.z_step", step);
    }
    noise_levels("method.dds", table.start_sigma, table.sigma_max, problems);
}

fn unconditional(table: &Unconditional, problems: &mut Problems) {
    problems.at_least("method.unconditional.levels", table.levels, 2);
    problems.at_least("method.unconditional.samples", table.samples, 1);
    problems.at_least("method.unconditional.repeats", table.repeats, 1);
    let holds = (0.0..=1.0).contains(&table.eta);
    problems.need(holds, "method.unconditional.eta", table.eta, "from 0 to 1");
    if let Some(snr) = table.snr {
        problems.positive("method.unconditional.snr", snr);
    }
    problems.not_negative("method.unconditional.churn", table.churn);
    problems.positive("method.unconditional.churn_noise", table.churn_noise);
    let [low, high] = table.churn_range;
    let value = format!("[{low}, {high}]");
    let holds = low >= 0.0 && low <= high;
    let must = "two levels from 0 on, the least first";
    problems.need(holds, "method.unconditional.churn_range", value, must);
    let holds = table.step > 0.0 && table.step < 2.0;
    let must = "above 0 and below 2, or it diverges";
    problems.need(holds, "method.unconditional.step", table.step, must);
}

/// The published step, which excludes the rule.
fn zeta(key: &str, zeta: Option<f64>, and_weight: bool, problems: &mut Problems) {
    let Some(zeta) = zeta else { return };
    if and_weight {
        let message = format!("`{key}` = {zeta}: give `weight` or `zeta`, not both");
        problems.add(key, message);
    }
    problems.not_negative(key, zeta);
}

/// The published step has its own way down.
fn solver(key: &str, solver: Solver, zeta: Option<f64>, problems: &mut Problems) {
    if zeta.is_some() && solver == Solver::Heun {
        let message = format!("`{key}` = \"heun\": only with `weight`, not with `zeta`");
        problems.add(key, message);
    }
}

/// How long a correction through the network may be.
fn guard(key: &str, guard: ByRule, problems: &mut Problems) {
    if let Some(times) = guard.given() {
        problems.positive(key, times);
    }
}

/// Where a sampler begins.
pub(super) fn noise_levels(table: &str, start: Option<ByRule>, max: f64, problems: &mut Problems) {
    if !(max.is_finite() && max > 0.0) {
        problems.positive(&format!("{table}.sigma_max"), max);
    } else if let Some(start) = start.and_then(ByRule::given) {
        let holds = start > 0.0 && start <= max;
        let must = format!("above 0 and at most `sigma_max` = {max}");
        problems.need(holds, &format!("{table}.start_sigma"), start, must);
    }
}
