//! What a tube's spectrum does to water: beam hardening.

use std::sync::OnceLock;

/// Energies in keV, and attenuation of water per centimetre there: Hubbell and Seltzer, NISTIR 5632.
const WATER_PER_CM: [(f64, f64); 9] = [
    (15.0, 1.673),
    (20.0, 0.8096),
    (30.0, 0.3756),
    (40.0, 0.2683),
    (50.0, 0.2269),
    (60.0, 0.2059),
    (80.0, 0.1837),
    (100.0, 0.1707),
    (150.0, 0.1505),
];

/// Effective attenuation of so much water for the photons of a tube at 120 kV,
/// `-ln(sum_E q(E) exp(-mu(E) L)) / L`, per millimetre; at L = 0 its limit, the mean of mu.
///
/// The tube has a tungsten anode of 7 degrees; q are shares of photons, in bins of 2 keV. A scan
/// of one energy is right for one length of water only: this says for which.
pub fn water_at_120kv_per_mm(length_mm: f64) -> f64 {
    let mut mean = 0.0;
    let mut passed = 0.0;
    for (share, per_mm) in bins() {
        mean += share * per_mm;
        passed += share * (-per_mm * length_mm).exp();
    }
    if length_mm > 0.0 {
        -passed.ln() / length_mm
    } else {
        mean
    }
}

/// Shares of photons that sum to 1, with the attenuation of water per millimetre.
fn bins() -> &'static [(f64, f64)] {
    static BINS: OnceLock<Vec<(f64, f64)>> = OnceLock::new();
    BINS.get_or_init(|| {
        let lines = include_str!("../../data/spectrum-120kv.txt").lines();
        let number = |word: &str| {
            word.parse::<f64>()
                .expect("the file is part of the program")
        };
        let bins: Vec<(f64, f64)> = lines
            .filter_map(|line| line.split_once(' '))
            .map(|(kev, share)| (number(share), 0.1 * water_per_cm(number(kev))))
            .collect();
        let all: f64 = bins.iter().map(|b| b.0).sum();
        bins.into_iter()
            .map(|(share, mu)| (share / all, mu))
            .collect()
    })
}

/// Between two energies of the table a power of the energy.
fn water_per_cm(kev: f64) -> f64 {
    let last = WATER_PER_CM.len() - 2;
    let above = WATER_PER_CM.iter().position(|(e, _)| *e > kev);
    let n = above.map_or(last, |n| n.saturating_sub(1).min(last));
    let ((e0, m0), (e1, m1)) = (WATER_PER_CM[n], WATER_PER_CM[n + 1]);
    m0 * (kev / e0).powf((m1 / m0).ln() / (e1 / e0).ln())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::{Material, mu_per_mm};

    #[test]
    fn water_hardens_the_beam_as_it_should() {
        // To 1 %: from 0.2256 per cm for no water to 0.2053 for 30 cm.
        for (length_mm, per_cm) in [(0.0, 0.2256), (200.0, 0.2096), (300.0, 0.2053)] {
            let found = 10.0 * water_at_120kv_per_mm(length_mm);
            assert!(
                (found / per_cm - 1.0).abs() < 0.01,
                "{length_mm} mm: {found}"
            );
        }
        let at = |length_mm: f64| water_at_120kv_per_mm(length_mm);
        assert!((1..400).all(|n| at(f64::from(n)) < at(f64::from(n - 1))));
    }

    #[test]
    fn water_is_that_of_the_materials() {
        for kev in [40.0, 50.0, 60.0, 70.0, 80.0, 100.0, 120.0, 140.0] {
            let other = mu_per_mm(Material::Water, kev).unwrap();
            assert!(
                (0.1 * water_per_cm(kev) / other - 1.0).abs() < 0.005,
                "{kev}"
            );
        }
    }
}
