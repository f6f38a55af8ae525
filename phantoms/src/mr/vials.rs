//! Vials with known relaxation, for testing how well times can be measured.

use super::relaxation::Relaxation;

/// The T2 array of the ISMRM/NIST system phantom (model 130) at 3 T, spheres 1 to 14.
///
/// Source: Stupic et al. 2021 (MRM 86, 1194), numbers as in BART's `scripts/phantom.sh`.
pub const NIST_T2_ARRAY: [Relaxation; 14] = [
    Relaxation::new(1.0, 2.48, 0.581),
    Relaxation::new(1.0, 2.173, 0.404),
    Relaxation::new(1.0, 1.907, 0.278),
    Relaxation::new(1.0, 1.604, 0.191),
    Relaxation::new(1.0, 1.332, 0.133),
    Relaxation::new(1.0, 1.044, 0.097),
    Relaxation::new(1.0, 0.802, 0.064),
    Relaxation::new(1.0, 0.609, 0.046),
    Relaxation::new(1.0, 0.458, 0.032),
    Relaxation::new(1.0, 0.337, 0.023),
    Relaxation::new(1.0, 0.244, 0.016),
    Relaxation::new(1.0, 0.177, 0.011),
    Relaxation::new(1.0, 0.127, 0.008),
    Relaxation::new(1.0, 0.091, 0.006),
];

/// Gels 3, 4, 7, 10, 14 and 16 of the Eurospin II phantom (Diagnostic Sonar).
///
/// Source: T1 from Wang et al. 2018 (MRM 79, 730), T2 from Sumpf et al. 2014 (IEEE TMI 33, 2213),
/// numbers as in BART's `scripts/phantom.sh`.
pub const EUROSPIN: [Relaxation; 6] = [
    Relaxation::new(1.0, 0.311, 0.046),
    Relaxation::new(1.0, 0.458, 0.081),
    Relaxation::new(1.0, 0.633, 0.101),
    Relaxation::new(1.0, 0.805, 0.132),
    Relaxation::new(1.0, 1.1158, 0.138),
    Relaxation::new(1.0, 1.441, 0.166),
];

/// The water around the vials of both phantoms, as BART has it.
pub const VIAL_WATER: Relaxation = Relaxation::new(1.0, 3.0, 1.0);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mr::Sequence;

    #[test]
    fn the_nist_spheres_fall_and_the_gels_rise() {
        let falls = |a: &Relaxation, b: &Relaxation| a.t1_s > b.t1_s && a.t2_s > b.t2_s;
        assert!(NIST_T2_ARRAY.windows(2).all(|w| falls(&w[0], &w[1])));
        assert!(EUROSPIN.windows(2).all(|w| falls(&w[1], &w[0])));
        assert!(falls(&VIAL_WATER, &NIST_T2_ARRAY[0]));
    }

    #[test]
    fn two_echoes_give_the_t2_of_every_vial_back() {
        // With TR - TE / 2 far above T1 the recovery is complete, and two echoes suffice.
        for vial in NIST_T2_ARRAY.iter().chain(&EUROSPIN) {
            let at = |te_s: f64| Sequence::SpinEcho { tr_s: 100.0, te_s }.signal(vial);
            let (short, long) = (0.5 * vial.t2_s, 1.5 * vial.t2_s);
            let t2 = (long - short) / (at(short) / at(long)).ln();
            assert!((t2 / vial.t2_s - 1.0).abs() < 1e-12, "{t2}");
        }
    }
}
