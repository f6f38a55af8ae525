//! Maps by name: what coils see, and how far the main field is off.

use ndarray::Array2;
use num_complex::Complex64;

use crate::coils::{BirdcageCoils, CoilRings, LoopCoils, TrigCoils};
use crate::error::PhantomError;
use crate::field::B0Map;
use crate::grid::position;

/// Names and one line about each map.
pub const MAPS: [(&str, &str); 4] = [
    (
        "coils-polynomial",
        "map: sensitivities of trigonometric polynomials, a coil a slice, at most 8",
    ),
    (
        "coils-birdcage",
        "map: sensitivities of a birdcage, a coil a slice",
    ),
    (
        "coils-loops",
        "map: sensitivities of loops by Biot and Savart's law, a coil a slice",
    ),
    (
        "b0",
        "map: off-resonance in Hz, solid harmonics up to degree 3, changed by seed",
    ),
];

/// Standard deviation of the main field at the edge of the field of view.
const SIGMA_HZ: f64 = 50.0;

/// One slice of a map by its name, `Complex64[ny, nx]`; none if there is no such map.
///
/// Of `slices` coils the one of number `slice`; of the field the plane at its height in the unit
/// cube, in Hz, real.
pub fn map(
    name: &str,
    seed: u64,
    (slice, slices): (usize, usize),
    (ny, nx): (usize, usize),
) -> Option<Result<Array2<Complex64>, PhantomError>> {
    if !MAPS.iter().any(|(known, _)| *known == name) {
        return None;
    }
    Some(drawn(name, seed, (slice, slices), (ny, nx)))
}

fn drawn(
    name: &str,
    seed: u64,
    (slice, slices): (usize, usize),
    (ny, nx): (usize, usize),
) -> Result<Array2<Complex64>, PhantomError> {
    if slice >= slices {
        return Err(PhantomError::Slice { slice, slices });
    }
    if ny == 0 || nx == 0 {
        return Err(PhantomError::Size { ny, nx });
    }
    let rings = CoilRings::one(slices);
    let plane = |sensitivity: &dyn Fn(f64, f64) -> Complex64| {
        Array2::from_shape_fn((ny, nx), |(j, i)| {
            sensitivity(position(i, nx), position(j, ny))
        })
    };
    Ok(match name {
        "coils-polynomial" => {
            let coils = TrigCoils::eight().first(slices)?;
            plane(&|x, y| coils.sensitivity(slice, x, y))
        }
        "coils-birdcage" => {
            let coils = BirdcageCoils::new(&rings)?;
            plane(&|x, y| coils.sensitivity(slice, x, y))
        }
        "coils-loops" => {
            let coils = LoopCoils::new(&rings, LoopCoils::RADIUS)?;
            plane(&|x, y| coils.sensitivity(slice, x, y))
        }
        _ => {
            let z = 2.0 * (slice as f64 + 0.5) / slices as f64 - 1.0;
            let map_hz = B0Map::random(seed, SIGMA_HZ).map_hz(z, ny, nx);
            map_hz.mapv(Complex64::from)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_map_is_drawn_and_no_other_name_is() {
        for (name, _) in MAPS {
            let drawn = map(name, 3, (1, 8), (15, 20)).unwrap().unwrap();
            assert_eq!(drawn.dim(), (15, 20));
            assert!(
                drawn.iter().all(|v| v.is_finite() && v.norm() > 0.0),
                "{name}"
            );
            assert!(map(name, 3, (8, 8), (15, 20)).unwrap().is_err());
            assert!(map(name, 3, (0, 1), (0, 20)).unwrap().is_err());
        }
        assert!(map("brain", 3, (0, 1), (8, 8)).is_none());
        assert!(map("coils-polynomial", 3, (0, 9), (8, 8)).unwrap().is_err());
    }

    #[test]
    fn a_coil_sees_best_what_is_beside_it() {
        // Of four coils number 1 stands at the end of the y axis.
        for name in ["coils-birdcage", "coils-loops"] {
            let map = map(name, 0, (1, 4), (33, 33)).unwrap().unwrap();
            let at = |row: usize| map[(row, 16)].norm();
            assert!(at(32) > 3.0 * at(0), "{name}: {} {}", at(32), at(0));
        }
    }
}
