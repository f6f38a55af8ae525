//! What is impossible in the settings of the published samplers.

use super::Problems;
use super::methods::noise_levels;
use crate::protocol::methods::Methods;
use crate::protocol::sampling::Sampler;

/// Every table that is there.
pub(super) fn published(tables: &Methods, problems: &mut Problems) {
    if let Some(m) = &tables.projection {
        let key = "method.projection";
        sampler(key, m, problems);
        share(key, "lambda", m.lambda, problems);
        problems.not_negative(&format!("{key}.snr"), m.snr);
        count(key, "cg_iterations", m.cg_iterations, problems);
    }
    if let Some(m) = &tables.ilvr {
        sampler("method.ilvr", m, problems);
        share("method.ilvr", "lambda", m.lambda, problems);
        count("method.ilvr", "cg_iterations", m.cg_iterations, problems);
    }
    if let Some(m) = &tables.pigdm {
        sampler("method.pigdm", m, problems);
        problems.positive("method.pigdm.prior_std", m.prior_std);
        share("method.pigdm", "eta", m.eta, problems);
        count("method.pigdm", "cg_iterations", m.cg_iterations, problems);
    }
    if let Some(m) = &tables.ddnm {
        sampler("method.ddnm", m, problems);
        share("method.ddnm", "eta", m.eta, problems);
        count("method.ddnm", "cg_iterations", m.cg_iterations, problems);
    }
    if let Some(m) = &tables.ddrm {
        sampler("method.ddrm", m, problems);
        share("method.ddrm", "eta", m.eta, problems);
        share("method.ddrm", "eta_b", m.eta_b, problems);
    }
    if let Some(m) = &tables.diffpir {
        sampler("method.diffpir", m, problems);
        problems.positive("method.diffpir.lambda", m.lambda);
        share("method.diffpir", "zeta", m.zeta, problems);
        count("method.diffpir", "cg_iterations", m.cg_iterations, problems);
    }
    if let Some(m) = &tables.daps {
        sampler("method.daps", m, problems);
        count("method.daps", "flow_steps", m.flow_steps, problems);
        count("method.daps", "cg_iterations", m.cg_iterations, problems);
    }
    if let Some(m) = &tables.pnp_dm {
        sampler("method.pnp-dm", m, problems);
        count(
            "method.pnp-dm",
            "diffusion_steps",
            m.diffusion_steps,
            problems,
        );
        count("method.pnp-dm", "cg_iterations", m.cg_iterations, problems);
    }
    if let Some(m) = &tables.csgm {
        sampler("method.csgm", m, problems);
        let holds = m.step > 0.0 && m.step < 1.0;
        let must = "above 0 and below 1, or it diverges";
        problems.need(holds, "method.csgm.step", m.step, must);
        count("method.csgm", "repeats", m.repeats, problems);
    }
    if let Some(m) = &tables.smc {
        sampler("method.smc", m, problems);
        problems.at_least("method.smc.particles", m.particles, 2);
        count("method.smc", "cg_iterations", m.cg_iterations, problems);
    }
    if let Some(m) = &tables.red_diff {
        sampler("method.red-diff", m, problems);
        problems.not_negative("method.red-diff.lambda", m.lambda);
        problems.positive("method.red-diff.learning_rate", m.learning_rate);
    }
}

/// Levels, samples and where it begins.
fn sampler(table: &str, m: &dyn Sampler, problems: &mut Problems) {
    let sampling = m.sampling();
    problems.at_least(&format!("{table}.levels"), sampling.levels, 2);
    problems.at_least(&format!("{table}.samples"), sampling.samples, 1);
    if let Some(max) = sampling.sigma_max {
        noise_levels(table, sampling.start_sigma, max, problems);
    }
}

fn share(table: &str, key: &str, value: f64, problems: &mut Problems) {
    let holds = (0.0..=1.0).contains(&value);
    problems.need(holds, &format!("{table}.{key}"), value, "from 0 to 1");
}

fn count(table: &str, key: &str, value: usize, problems: &mut Problems) {
    problems.at_least(&format!("{table}.{key}"), value, 1);
}
