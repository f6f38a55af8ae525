//! Tissues of the MR Shepp-Logan phantom, whose relaxation follows the field.

use super::GAMMA_RAD_PER_S_T;
use super::relaxation::Relaxation;

/// A tissue of the MR Shepp-Logan phantom.
///
/// Source: Gach, Tanase and Boada 2008 ("2D & 3D Shepp-Logan phantom standards for MRI"), numbers
/// as in phantominator. The density belongs to the ellipsoid, not to the tissue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GachTissue {
    /// Scalp.
    Scalp,
    /// Bone marrow.
    Marrow,
    /// Cerebrospinal fluid.
    Csf,
    /// Blood clot.
    Clot,
    /// Grey matter.
    Grey,
    /// White matter.
    White,
    /// Tumour.
    Tumour,
}

/// How T1 depends on the field.
enum T1 {
    /// `T1 = A B0^C`, in seconds and tesla.
    Power { a: f64, c: f64 },
    /// The same at every field, in seconds.
    Constant(f64),
}

impl GachTissue {
    /// T1 of the cerebrospinal fluid in every field, in seconds.
    pub const CSF_T1_S: f64 = 4.2;

    /// All tissues.
    pub const ALL: [Self; 7] = [
        Self::Scalp,
        Self::Marrow,
        Self::Csf,
        Self::Clot,
        Self::Grey,
        Self::White,
        Self::Tumour,
    ];

    /// Relaxation in a field of `b0_t` tesla: `T1 = A B0^C`, `1 / T2* = 1 / T2 + gamma B0 |d chi|`.
    ///
    /// `d chi` is the difference of susceptibility from brain, -9.0e-6, so that it is 0 but in
    /// scalp and marrow. The absolute susceptibility in its place would leave a T2* of 0.14 ms at
    /// 3 T everywhere.
    pub fn relaxation(self, density: f64, b0_t: f64) -> Relaxation {
        let (t1, t2_s, chi) = self.table();
        let t1_s = match t1 {
            T1::Power { a, c } => a * b0_t.powf(c),
            T1::Constant(t1_s) => t1_s,
        };
        let shift = (chi - Self::Grey.susceptibility()).abs();
        Relaxation::new(density, t1_s, t2_s).with_dephasing(GAMMA_RAD_PER_S_T * b0_t * shift)
    }

    /// Magnetic susceptibility of a volume (SI), relative to vacuum.
    pub fn susceptibility(self) -> f64 {
        self.table().2
    }

    /// T1, T2 in seconds, susceptibility.
    fn table(self) -> (T1, f64, f64) {
        let power = |a, c| T1::Power { a, c };
        match self {
            Self::Scalp => (power(0.324, 0.137), 0.07, -7.5e-6),
            Self::Marrow => (power(0.533, 0.088), 0.05, -8.85e-6),
            Self::Csf => (T1::Constant(Self::CSF_T1_S), 1.99, -9e-6),
            Self::Clot => (power(1.35, 0.34), 0.2, -9e-6),
            Self::Grey => (power(0.857, 0.376), 0.1, -9e-6),
            Self::White => (power(0.583, 0.382), 0.08, -9e-6),
            Self::Tumour => (power(0.926, 0.217), 0.1, -9e-6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t1_is_the_power_law_of_the_field() {
        for tissue in GachTissue::ALL {
            let t1 = |b0_t| tissue.relaxation(1.0, b0_t).t1_s;
            // A power law: equal steps in log B0 are equal steps in log T1.
            let (low, middle, high) = (t1(0.5), t1(1.5), t1(4.5));
            assert!(
                (middle * middle / (low * high) - 1.0).abs() < 1e-14,
                "{tissue:?}"
            );
            assert_eq!(low == high, tissue == GachTissue::Csf);
        }
        assert!((GachTissue::White.relaxation(1.0, 1.0).t1_s - 0.583).abs() < 1e-15);
        // 0.857 * 3^0.376, worked out by hand with ln 3 = 1.098612.
        assert!((GachTissue::Grey.relaxation(0.7, 3.0).t1_s - 1.29534).abs() < 1e-4);
    }

    #[test]
    fn only_what_differs_from_brain_dephases_and_in_step_with_the_field() {
        let rate = |tissue: GachTissue, b0_t| {
            let r = tissue.relaxation(0.9, b0_t);
            1.0 / r.t2_star_s - 1.0 / r.t2_s
        };
        for tissue in GachTissue::ALL {
            let differs = matches!(tissue, GachTissue::Scalp | GachTissue::Marrow);
            assert_eq!(rate(tissue, 3.0) > 1.0, differs, "{tissue:?}");
        }
        let (one, three) = (rate(GachTissue::Marrow, 1.0), rate(GachTissue::Marrow, 3.0));
        assert!((three / one - 3.0).abs() < 1e-9);
        assert!((one - 267.522_187 * 0.15).abs() < 1e-3);
    }
}
