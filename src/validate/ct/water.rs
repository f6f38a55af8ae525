//! Beam hardening by water.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Plot};
use phantoms::ct::water_at_120kv_per_mm;

/// Length of water in mm, and its effective attenuation per cm at 120 kV.
const KNOWN: [(f64, f64); 2] = [(0.0, 0.2256), (300.0, 0.2053)];

/// Effective attenuation of water under the spectrum of a tube, from none to 30 cm.
pub(in super::super) fn water(_: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let per_cm = |length_mm: f64| 10.0 * water_at_120kv_per_mm(length_mm);
    for (length_mm, known) in KNOWN {
        evidence.between(
            &format!("ct.water.{length_mm}mm"),
            "effective attenuation of water at 120 kV, per cm",
            per_cm(length_mm),
            [0.99 * known, 1.01 * known],
            "1 %: tables of attenuation differ by less",
        );
    }
    let lengths = (0..=30).map(|n| 10.0 * f64::from(n));
    evidence.plots.push(Plot {
        title: "Effective attenuation of water at 120 kV".into(),
        axes: ["water in mm".into(), "per cm".into()],
        curves: vec![("water".into(), lengths.map(|l| [l, per_cm(l)]).collect())],
        ..Plot::default()
    });
    evidence.notes.push(
        "simulated scans have one energy: what a tube's spectrum does to water is shown, not \
         simulated"
            .into(),
    );
    Ok(())
}
