//! The attenuation of water, which Hounsfield units are measured against.

use crate::{Error, Result};

/// Energies of the table.
const KEV: [f64; 8] = [40.0, 50.0, 60.0, 70.0, 80.0, 100.0, 120.0, 140.0];
/// Linear attenuation of water at these energies, density 1 g/cm³; computed from the tables of Elam,
/// Ravel and Sieber 2002.
const PER_MM: [f64; 8] = [
    0.026827589634,
    0.022693707896,
    0.020587403334,
    0.019285302471,
    0.018365717,
    0.01707251138,
    0.01613529294,
    0.01538266469,
];

/// `μ_water(E)`, interpolated in the logarithms of both.
///
/// Errors: an energy outside 40 to 140 keV.
pub fn water_per_mm(energy_kev: f64) -> Result<f64> {
    let inside = (KEV[0]..=KEV[KEV.len() - 1]).contains(&energy_kev);
    if !inside {
        return Err(Error::Parameter {
            what: "energy",
            expected: "40 to 140 keV",
            got: format!("{energy_kev} keV"),
        });
    }
    let above = KEV.partition_point(|e| *e < energy_kev).max(1);
    let (e0, e1) = (KEV[above - 1].ln(), KEV[above].ln());
    let t = (energy_kev.ln() - e0) / (e1 - e0);
    let (m0, m1) = (PER_MM[above - 1].ln(), PER_MM[above].ln());
    Ok((m0 + t * (m1 - m0)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn water_is_what_the_field_says() {
        // LoDoPaB's 64 keV and RTK's 75 keV.
        for (kev, mu) in [(64.0, 0.0200), (70.0, 0.01929), (75.0, 0.01879)] {
            let found = water_per_mm(kev).unwrap();
            assert!((found / mu - 1.0).abs() < 2e-3, "{kev}: {found}");
        }
        for kev in [39.0, 141.0, f64::NAN] {
            assert!(water_per_mm(kev).is_err());
        }
    }
}
