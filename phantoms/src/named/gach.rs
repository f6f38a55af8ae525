//! The MR Shepp-Logan head: tissues with relaxation times.

use super::{NamedPhantom, Signal};
use crate::mr::GachTissue::{self, Clot, Csf, Grey, Marrow, Scalp, Tumour, White};
use crate::scene::Scene;
use crate::shape::{Body, Frame, Solid};

/// Millimetres of one unit.
const HALF_MM: f64 = 120.0;
/// The field, on which T1 and T2* depend.
const FIELD_T: f64 = 3.0;

/// The MR Shepp-Logan head at 3 T (Gach, Tanase and Boada 2008): ellipsoids of tissue, of which the
/// last counts. y points to the back, where the table has it to the front.
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "mr-shepp-logan",
    about: "MR: Shepp-Logan head of tissues with T1, T2 and density at 3 T",
    half_mm: HALF_MM,
    heights_mm: Some([-0.93 * HALF_MM, 0.93 * HALF_MM]),
    principal_mm: -0.25 * HALF_MM,
    fluid_t1_s: Some(GachTissue::CSF_T1_S),
    mr: Some(scene),
    ct: None,
};

/// Centre, half axes, angle about z in degrees, density.
const ELLIPSOIDS: [[f64; 8]; 15] = [
    [0.0, 0.0, 0.0, 0.72, 0.95, 0.93, 0.0, 0.8],
    [0.0, 0.0, 0.0, 0.69, 0.92, 0.9, 0.0, 0.12],
    [0.0, -0.0184, 0.0, 0.6624, 0.874, 0.88, 0.0, 0.98],
    [0.0, -0.0184, 0.0, 0.6524, 0.864, 0.87, 0.0, 0.745],
    [-0.22, 0.0, -0.25, 0.41, 0.16, 0.21, -72.0, 0.98],
    [0.22, 0.0, -0.25, 0.31, 0.11, 0.22, 72.0, 0.98],
    [0.0, 0.35, -0.25, 0.21, 0.25, 0.35, 0.0, 0.617],
    [0.0, 0.1, -0.25, 0.046, 0.046, 0.046, 0.0, 0.95],
    [-0.08, -0.605, -0.25, 0.046, 0.023, 0.02, 0.0, 0.95],
    [0.06, -0.605, -0.25, 0.046, 0.023, 0.02, -90.0, 0.95],
    [0.0, -0.1, -0.25, 0.046, 0.046, 0.046, 0.0, 0.95],
    [0.0, -0.605, -0.25, 0.023, 0.023, 0.023, 0.0, 0.95],
    [0.06, -0.105, 0.0625, 0.056, 0.04, 0.1, -90.0, 0.93],
    [0.0, 0.1, 0.625, 0.056, 0.056, 0.1, 0.0, 0.98],
    [0.56, -0.4, -0.25, 0.2, 0.03, 0.1, 70.0, 0.85],
];

/// What they are made of.
const TISSUES: [GachTissue; 15] = [
    Scalp, Marrow, Csf, Grey, Csf, Csf, White, Tumour, Tumour, Tumour, Tumour, Tumour, Tumour, Csf,
    Clot,
];

fn scene(signal: &Signal) -> Scene {
    let layer = |(row, tissue): (&[f64; 8], GachTissue)| {
        let &[x, y, z, a, b, c, degrees, density] = row;
        let frame = Frame::turned([x, -y, z], [a, b, c], -degrees.to_radians());
        let value = signal(&tissue.relaxation(density, FIELD_T));
        (value, Solid::new(Body::Ball, frame))
    };
    Scene::replacing(ELLIPSOIDS.iter().zip(TISSUES).map(layer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mr::Sequence;

    #[test]
    fn tissues_show_what_the_sequence_makes_of_them() {
        for (sequence, brighter) in [
            (Sequence::T2, [[0.22, 0.0], [0.3, 0.5]]),
            (Sequence::T1_SPIN_ECHO, [[0.0, -0.4], [0.3, 0.5]]),
        ] {
            let head = scene(&|tissue| sequence.signal(tissue));
            let [more, less] = brighter.map(|[x, y]| head.value([x, y, -0.25]));
            assert!(more > less && less > 0.0, "{more} {less}");
        }
    }

    #[test]
    fn the_last_ellipsoid_counts() {
        let head = scene(&|tissue| tissue.density);
        for &[x, y, z, _, _, _, _, density] in &ELLIPSOIDS[4..] {
            assert_eq!(head.value([x, -y, z]), density);
        }
        assert_eq!(head.value([0.0, 0.94, 0.0]), 0.8);
        assert_eq!(head.value([0.0, 0.0, 0.895]), 0.12);
    }
}
