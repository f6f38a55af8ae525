//! What a head lies on: a thin shell of carbon, foam in it, the edge of the table.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::pure::hypot;

/// A shell behind the head: half an ellipse below, straight up at its sides.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    centre: [f64; 2],
    semi: [f64; 2],
    /// y at which the sides end.
    top: f64,
    half_thickness: f64,
    shell_hu: f32,
    foam_hu: f32,
    table: Option<Table>,
}

/// A flat arc below everything.
#[derive(Clone, Debug)]
struct Table {
    y: f64,
    curvature: f64,
    half_thickness: f64,
    hu: f32,
}

impl Holder {
    /// A holder around a head of the given centre and half widths, in millimetres.
    pub fn random(rng: &mut ChaCha8Rng, centre: [f64; 2], semi: [f64; 2]) -> Self {
        let below = rng.random_range(2.0..10.0);
        let holder_semi = [semi[0] + rng.random_range(6.0..16.0), semi[1] + below];
        Self {
            centre,
            semi: holder_semi,
            top: centre[1] + rng.random_range(-40.0..35.0),
            half_thickness: 0.5 * rng.random_range(1.2..3.5),
            shell_hu: rng.random_range(-350.0..250.0),
            foam_hu: if rng.random_bool(0.6) {
                rng.random_range(-985.0..-860.0)
            } else {
                -1000.0
            },
            table: rng.random_bool(0.4).then(|| Table {
                y: centre[1] - holder_semi[1] - rng.random_range(8.0..40.0),
                curvature: rng.random_range(0.0..0.003),
                half_thickness: 0.5 * rng.random_range(1.0..4.0),
                hu: rng.random_range(-500.0..200.0),
            }),
        }
    }

    /// Whether a height is above the ends of the shell, their border included.
    fn is_above(&self, y: f64) -> bool {
        y - self.top > 0.5
    }

    /// The HU of what would be air.
    pub fn hu(&self, [x, y]: [f64; 2]) -> f32 {
        let [u, v] = [x - self.centre[0], y - self.centre[1]];
        if self.table.is_none() && self.is_above(y) {
            return -1000.0;
        }
        // Distance to the shell, negative inside of it: the implicit function over its gradient.
        let distance = if v < 0.0 {
            let (p, q) = (u / self.semi[0], v / self.semi[1]);
            let (level, slope) = (p * p + q * q - 1.0, [p / self.semi[0], q / self.semi[1]]);
            // Far from the shell the sum of the two will do for their hypotenuse.
            let most = (2.0 * (slope[0].abs() + slope[1].abs())).max(1e-3);
            if level.abs() > (self.half_thickness + 1.0) * most {
                level / most
            } else {
                level / (2.0 * hypot(slope[0], slope[1])).max(1e-3)
            }
        } else {
            u.abs() - self.semi[0]
        };
        let soft = |d: f64| (0.5 - d / 0.5).clamp(0.0, 1.0) as f32;
        let below_top = soft(y - self.top);
        let shell = below_top * soft(distance.abs() - self.half_thickness);
        let foam = below_top * soft(distance);
        let mut hu = -1000.0 + foam * (self.foam_hu + 1000.0);
        hu += shell * (self.shell_hu - hu);
        if let Some(table) = &self.table {
            let d = (y - table.y - table.curvature * u * u).abs() - table.half_thickness;
            hu += soft(d) * (table.hu - hu);
        }
        hu
    }
}
