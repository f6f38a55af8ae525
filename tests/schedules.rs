//! Noise levels and reverse steps against `shared/golden/schedules.json`.

use crate::cli::shared;
use annulus::score::{DiscreteDiffusion, Schedule, time_embedding};
use serde_json::Value;

/// Relative to the larger of 1 and the number itself for logarithms and cosines, to itself otherwise.
fn assert_close(name: &str, found: f64, golden: &Value) {
    let golden = golden.as_f64().unwrap();
    let allowed = 1e-12 * golden.abs().max(f64::MIN_POSITIVE);
    assert!(
        (found - golden).abs() <= allowed,
        "{name}: {found} is not {golden}"
    );
}

#[test]
fn published_schedules_are_reproduced() {
    let Some(path) = shared("golden/schedules.json") else {
        return;
    };
    let golden: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let linear = DiscreteDiffusion::linear(1000);
    let mut times = 0;
    for t in [0, 1, 10, 100, 250, 500, 750, 999] {
        let at = &golden[t.to_string()];
        let [c1, c2] = linear.posterior_weights(t);
        for (key, found) in [
            ("beta", linear.beta(t)),
            ("abar", linear.abar(t)),
            ("post_var", linear.posterior_variance(t)),
            ("post_logvar_clipped", linear.posterior_log_variance(t)),
            ("c1", c1),
            ("c2", c2),
            ("sigma_ve", linear.sigma(t)),
            ("logvar_at_v0", linear.learned_log_variance(t, 0.0)),
        ] {
            assert_close(&format!("{key} at {t}"), found, &at[key]);
            times += 1;
        }
    }
    assert_eq!(times, 64);
    let karras: Vec<f64> = Schedule::karras(18, 0.002, 80.0, 7.0)
        .steps()
        .map(|s| s.0)
        .collect();
    for (i, found) in karras.iter().enumerate() {
        assert_close(&format!("edm18 {i}"), *found, &golden["edm18"][i]);
    }
    let cosine = DiscreteDiffusion::cosine(1000);
    for t in [0, 100, 500, 900, 999] {
        let golden = &golden["cosine_abar"][t.to_string()];
        assert_close(&format!("cosine {t}"), cosine.abar(t), golden);
    }
    let ve: Vec<f64> = Schedule::geometric(2000, 0.01, 378.0)
        .steps()
        .map(|s| s.0)
        .collect();
    for t in [0, 500, 1000, 1500, 1999] {
        let golden = &golden["ve_2000"][t.to_string()];
        assert_close(&format!("ve {t}"), ve[1999 - t], golden);
    }
    let csgm: Vec<f64> = Schedule::geometric(2311, 0.0066, 232.0)
        .steps()
        .map(|s| s.0)
        .collect();
    for t in [0, 1155, 1800, 2310] {
        let golden = &golden["csgm_sigmas"][t.to_string()];
        assert_close(&format!("csgm {t}"), csgm[t], golden);
    }
    for (i, found) in time_embedding(37.0, 8).into_iter().enumerate() {
        assert_close(
            &format!("embedding {i}"),
            found,
            &golden["adm_timestep_embedding_t37_dim8"][i],
        );
    }
}
