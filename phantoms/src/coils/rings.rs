//! Where the elements of an array stand: on rings around the z axis.

use std::f64::consts::{SQRT_2, TAU};

use crate::error::PhantomError;

/// More coils than any scanner has.
const MOST: usize = 1024;

/// Rings of coils around the z axis, filled one after the other.
///
/// Coil c of ring `floor(c / per_ring)` stands at the angle `2 pi c / per_ring`, from x towards y.
/// The rings are centred on z = 0. A last ring that is not full has a gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoilRings {
    /// Coils of all rings together, 1 to 1024.
    pub coils: usize,
    /// Coils of a full ring.
    pub per_ring: usize,
    /// Distance of the coils from the axis; the edge of the unit disc is at 1. Above `sqrt(2)`, so
    /// that no coil lies in the unit square.
    pub distance: f64,
    /// Distance of neighbouring rings along z.
    pub spacing: f64,
}

impl CoilRings {
    /// One ring at a distance of 1.5.
    pub const fn one(coils: usize) -> Self {
        Self {
            coils,
            per_ring: coils,
            distance: 1.5,
            spacing: 1.0,
        }
    }

    /// Rings of eight at a distance of 1.5, 1 apart.
    pub const fn of_eight(coils: usize) -> Self {
        Self {
            per_ring: 8,
            ..Self::one(coils)
        }
    }

    /// The angle of each coil, and its place.
    pub(super) fn places(&self) -> Result<Vec<(f64, [f64; 3])>, PhantomError> {
        if self.coils == 0 || self.coils > MOST {
            return Err(PhantomError::Coils {
                coils: self.coils,
                available: MOST,
            });
        }
        if self.per_ring == 0 {
            return Err(quantity("the coils of a ring", "above 0", 0.0));
        }
        if !(self.distance > SQRT_2 && self.distance.is_finite()) {
            let expected = "above sqrt(2), outside of the field of view";
            return Err(quantity(
                "the distance of the coils",
                expected,
                self.distance,
            ));
        }
        if !self.spacing.is_finite() {
            return Err(quantity(
                "the distance of the rings",
                "finite",
                self.spacing,
            ));
        }
        let middle = 0.5 * (self.coils.div_ceil(self.per_ring) - 1) as f64;
        let place = |c: usize| {
            let angle_rad = TAU * (c % self.per_ring) as f64 / self.per_ring as f64;
            let (s, k) = angle_rad.sin_cos();
            let z = self.spacing * ((c / self.per_ring) as f64 - middle);
            (angle_rad, [self.distance * k, self.distance * s, z])
        };
        Ok((0..self.coils).map(place).collect())
    }
}

pub(super) fn quantity(name: &'static str, expected: &'static str, got: f64) -> PhantomError {
    PhantomError::Quantity {
        name,
        expected,
        got,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_centred_and_evenly_filled() {
        let places = CoilRings::of_eight(24).places().unwrap();
        for axis in 0..3 {
            assert!(places.iter().map(|(_, p)| p[axis]).sum::<f64>().abs() < 1e-12);
        }
        assert_eq!(
            [0, 8, 16].map(|c: usize| places[c].1),
            [-1.0, 0.0, 1.0].map(|z| [1.5, 0.0, z])
        );
        assert!((places[18].1[1] - 1.5).abs() < 1e-15 && places[18].0 == TAU / 4.0);
        // Ten coils of rings of eight are two rings.
        assert_eq!(CoilRings::of_eight(10).places().unwrap()[9].1[2], 0.5);
    }

    #[test]
    fn what_no_ring_has_is_an_error() {
        let one = CoilRings::one(8);
        for bad in [
            CoilRings::one(0),
            CoilRings::one(1025),
            CoilRings { per_ring: 0, ..one },
            CoilRings {
                distance: 1.4,
                ..one
            },
            CoilRings {
                distance: f64::NAN,
                ..one
            },
            CoilRings {
                spacing: f64::INFINITY,
                ..one
            },
        ] {
            assert!(bad.places().is_err(), "{bad:?}");
        }
        let error = CoilRings {
            distance: 1.2,
            ..one
        }
        .places()
        .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("distance of the coils above sqrt(2)"),
            "{error}"
        );
    }
}
