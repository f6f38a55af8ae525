//! The two-dimensional Shepp-Logan head.

use crate::ellipse::Ellipse;

/// Half axes, centre and angle in degrees (Shepp and Logan 1974).
const GEOMETRY: [[f64; 5]; 10] = [
    [0.6900, 0.9200, 0.00, 0.0000, 0.0],
    [0.6624, 0.8740, 0.00, -0.0184, 0.0],
    [0.1100, 0.3100, 0.22, 0.0000, -18.0],
    [0.1600, 0.4100, -0.22, 0.0000, 18.0],
    [0.2100, 0.2500, 0.00, 0.3500, 0.0],
    [0.0460, 0.0460, 0.00, 0.1000, 0.0],
    [0.0460, 0.0460, 0.00, -0.1000, 0.0],
    [0.0460, 0.0230, -0.08, -0.6050, 0.0],
    [0.0230, 0.0230, 0.00, -0.6060, 0.0],
    [0.0230, 0.0460, 0.06, -0.6050, 0.0],
];

const ORIGINAL: [f64; 10] = [2.0, -0.98, -0.02, -0.02, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01];
const TOFT: [f64; 10] = [1.0, -0.8, -0.2, -0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1];

/// The head of Shepp and Logan 1974: bone 2, soft tissue 1.02, details of 1 %.
pub fn shepp_logan() -> Vec<Ellipse> {
    with_densities(&ORIGINAL)
}

/// The head with the contrast of Toft 1996: rim 1, soft tissue 0.2, details of 0.1, as usual in
/// MRI.
pub fn shepp_logan_toft() -> Vec<Ellipse> {
    with_densities(&TOFT)
}

fn with_densities(densities: &[f64; 10]) -> Vec<Ellipse> {
    GEOMETRY
        .iter()
        .zip(densities)
        .map(|(&[semi_x, semi_y, x0, y0, degrees], &density)| Ellipse {
            density,
            semi_x,
            semi_y,
            x0,
            y0,
            angle_rad: degrees.to_radians(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(ellipses: &[Ellipse], x: f64, y: f64) -> f64 {
        ellipses.iter().map(|e| e.value(x, y)).sum()
    }

    #[test]
    fn the_densities_of_the_head() {
        assert!((value(&shepp_logan(), 0.0, -0.9) - 2.0).abs() < 1e-14);
        assert!((value(&shepp_logan(), 0.5, -0.5) - 1.02).abs() < 1e-14);
        assert!((value(&shepp_logan_toft(), 0.5, -0.5) - 0.2).abs() < 1e-14);
        assert!(value(&shepp_logan_toft(), 0.22, 0.0).abs() < 1e-14);
        assert_eq!(value(&shepp_logan_toft(), 0.95, 0.95), 0.0);
    }
}
