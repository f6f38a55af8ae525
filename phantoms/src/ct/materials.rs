//! Linear attenuation of materials between 40 and 140 keV, and Hounsfield units.

use crate::PhantomError;
use crate::pure::{log, pow};

/// A material of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Material {
    /// Water, 1.000 g/cm³.
    Water,
    /// Dry air at 20 °C.
    Air,
    /// Inflated lung, 0.26 g/cm³ (ICRU 44).
    Lung,
    /// Fat, 0.95 g/cm³ (ICRU 44).
    Adipose,
    /// Cerebrospinal fluid, 1.01 g/cm³ (ICRU 46).
    Fluid,
    /// Grey and white matter, 1.04 g/cm³ (ICRU 44).
    Brain,
    /// Skeletal muscle, 1.05 g/cm³ (ICRU 44).
    Muscle,
    /// Soft tissue, 1.06 g/cm³ (ICRU 44).
    SoftTissue,
    /// Whole blood, 1.06 g/cm³ (ICRU 44).
    Blood,
    /// Spongy bone, 1.18 g/cm³ (ICRU 46).
    Spongiosa,
    /// Skull, 1.61 g/cm³ (ICRU 46).
    Cranium,
    /// Compact bone, 1.92 g/cm³ (ICRU 44).
    CorticalBone,
    /// PMMA, 1.18 g/cm³.
    Acrylic,
    /// Polystyrene, 1.05 g/cm³.
    Polystyrene,
    /// Low-density polyethylene, 0.92 g/cm³.
    Polyethylene,
    /// Polymethylpentene, 0.83 g/cm³.
    Pmp,
    /// Polyoxymethylene, 1.42 g/cm³.
    Delrin,
    /// PTFE, 2.16 g/cm³.
    Teflon,
    /// Aluminium, 2.699 g/cm³.
    Aluminium,
    /// Water with 10 mg of iodine per ml.
    Iodine10,
}

/// Energies of the table.
const KEV: [f64; 8] = [40.0, 50.0, 60.0, 70.0, 80.0, 100.0, 120.0, 140.0];

impl Material {
    /// Attenuation per centimetre at the energies of [`KEV`], computed from Elam's tables.
    fn table_per_cm(self) -> [f64; 8] {
        match self {
            Self::Water => [
                0.2682759, 0.2269371, 0.205874, 0.192853, 0.1836572, 0.1707251, 0.1613529,
                0.1538266,
            ],
            Self::Air => [
                0.0002993964,
                0.0002505886,
                0.0002259055,
                0.0002108425,
                0.0002003259,
                0.0001857072,
                0.0001752805,
                0.0001669915,
            ],
            Self::Lung => [
                0.07018405, 0.05903246, 0.05337965, 0.0499103, 0.04747688, 0.0440801, 0.04163653,
                0.03968283,
            ],
            Self::Adipose => [
                0.2275782, 0.2016949, 0.187509, 0.1781009, 0.1710342, 0.1603974, 0.1522348,
                0.1454768,
            ],
            Self::Fluid => [
                0.2750445, 0.2311923, 0.2089969, 0.1953816, 0.1858363, 0.1725245, 0.1629518,
                0.1552987,
            ],
            Self::Brain => [
                0.2809833, 0.2365664, 0.2140236, 0.2001741, 0.1904508, 0.1768619, 0.1670757,
                0.1592466,
            ],
            Self::Muscle => [
                0.281966, 0.2375699, 0.2150181, 0.2011494, 0.1914038, 0.17777, 0.1679432, 0.160078,
            ],
            Self::SoftTissue => [
                0.2849324, 0.2399662, 0.2171362, 0.2031042, 0.1932487, 0.1794686, 0.1695412,
                0.1615977,
            ],
            Self::Blood => [
                0.2877791, 0.2414584, 0.2180217, 0.2036756, 0.1936411, 0.1796819, 0.1696735,
                0.1616874,
            ],
            Self::Spongiosa => [
                0.4575737, 0.3374489, 0.281003, 0.2496385, 0.229878, 0.2059164, 0.1911304,
                0.1804431,
            ],
            Self::Cranium => [
                0.9256298, 0.6103207, 0.4664978, 0.3898488, 0.3439951, 0.2928091, 0.2646353,
                0.2461023,
            ],
            Self::CorticalBone => [
                1.277764, 0.8145009, 0.6044654, 0.493531, 0.4279488, 0.3562322, 0.3180121, 0.293626,
            ],
            Self::Acrylic => [
                0.2773275, 0.2447369, 0.227015, 0.2153495, 0.2066425, 0.1936231, 0.1836873,
                0.1754866,
            ],
            Self::Polystyrene => [
                0.2292501, 0.2085051, 0.1963386, 0.1877982, 0.1810938, 0.1705529, 0.1621937,
                0.1551607,
            ],
            Self::Polyethylene => [
                0.2092949, 0.1917433, 0.1812224, 0.1736963, 0.1677044, 0.158162, 0.1505174,
                0.1440501,
            ],
            Self::Pmp => [
                0.1888204, 0.1729858, 0.1634941, 0.1567042, 0.1512985, 0.1426896, 0.1357929,
                0.1299582,
            ],
            Self::Delrin => [
                0.3465056, 0.2996127, 0.2749852, 0.2593025, 0.2479256, 0.2314266, 0.2191505,
                0.2091537,
            ],
            Self::Teflon => [
                0.571848, 0.4604785, 0.406007, 0.3740451, 0.3525795, 0.3240748, 0.3045467,
                0.2894106,
            ],
            Self::Aluminium => [
                1.534081, 0.993637, 0.7498099, 0.6210651, 0.5445933, 0.459956, 0.4138532, 0.3837844,
            ],
            Self::Iodine10 => [
                0.4914171, 0.3513818, 0.2823811, 0.2434914, 0.2190927, 0.1903239, 0.1735723,
                0.1621371,
            ],
        }
    }
}

/// Linear attenuation at an energy of 40 to 140 keV, linear between the logarithms of the table.
pub fn mu_per_mm(material: Material, energy_kev: f64) -> Result<f64, PhantomError> {
    if !(KEV[0]..=KEV[7]).contains(&energy_kev) {
        return Err(PhantomError::Energy { energy_kev });
    }
    let table = material.table_per_cm();
    let n = KEV[1..7].iter().filter(|kev| **kev <= energy_kev).count();
    let share = log(energy_kev / KEV[n]) / log(KEV[n + 1] / KEV[n]);
    Ok(0.1 * table[n] * pow(table[n + 1] / table[n], share))
}

/// Attenuation of `hu` Hounsfield units where water attenuates by `water_per_mm`:
/// `mu = mu_water (1 + HU / 1000)`.
pub fn hu_to_mu(hu: f64, water_per_mm: f64) -> f64 {
    water_per_mm * (1.0 + 1e-3 * hu)
}

/// Hounsfield units of an attenuation where water attenuates by `water_per_mm`:
/// `HU = 1000 (mu / mu_water - 1)`.
pub fn mu_to_hu(mu_per_mm: f64, water_per_mm: f64) -> f64 {
    1e3 * (mu_per_mm / water_per_mm - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn water_and_tissues_at_70_kev() {
        let water = mu_per_mm(Material::Water, 70.0).unwrap();
        assert!((water - 0.019285).abs() < 1e-6);
        for (material, hu) in [
            (Material::Brain, 38.0),
            (Material::Adipose, -76.0),
            (Material::CorticalBone, 1559.0),
            (Material::Blood, 56.0),
            (Material::Water, 0.0),
        ] {
            let mu = mu_per_mm(material, 70.0).unwrap();
            assert!((mu_to_hu(mu, water) - hu).abs() < 0.6, "{material:?}");
            assert!((hu_to_mu(mu_to_hu(mu, water), water) - mu).abs() < 1e-15);
        }
    }

    #[test]
    fn attenuation_falls_smoothly_with_energy() {
        let mut last = f64::INFINITY;
        for step in 0..=1000 {
            let energy = 40.0 + 0.1 * f64::from(step);
            let mu = mu_per_mm(Material::Teflon, energy).unwrap();
            assert!(mu < last && (last > 1.0 || last / mu < 1.01));
            last = mu;
        }
        // The energy between two lines of the table: the measured curve is known at 60 keV.
        let between = (mu_per_mm(Material::Water, 50.0).unwrap()
            * mu_per_mm(Material::Water, 70.0).unwrap())
        .sqrt();
        assert!((between / mu_per_mm(Material::Water, 60.0).unwrap() - 1.0).abs() < 0.02);
    }

    #[test]
    fn an_energy_without_numbers_is_an_error() {
        for energy_kev in [39.9, 140.1, f64::NAN, -1.0] {
            let error = mu_per_mm(Material::Water, energy_kev).unwrap_err();
            assert!(error.to_string().contains("40 to 140 keV"), "{error}");
        }
    }
}
