//! A function of the place, known on a lattice.

/// Distance of the points of the lattice.
const STEP_MM: f64 = 9.0;
/// Lowest and highest place.
const HEIGHTS_MM: [f64; 2] = [-155.0, 125.0];

/// A function of the place, linear between the points of a lattice.
#[derive(Clone, Debug)]
pub(super) struct RoomTable {
    first: [f64; 3],
    size: [usize; 3],
    values: Vec<f32>,
}

impl RoomTable {
    /// The function within the smallest and the largest x and y.
    pub fn new([low, high]: [[f64; 2]; 2], of: &dyn Fn([f64; 3]) -> f64) -> Self {
        let [low, high] =
            [(low, HEIGHTS_MM[0]), (high, HEIGHTS_MM[1])].map(|(p, z)| [p[0], p[1], z]);
        let size = std::array::from_fn(|n| ((high[n] - low[n]) / STEP_MM).ceil() as usize + 2);
        let [nx, ny, nz] = size;
        let mut values = Vec::with_capacity(nx * ny * nz);
        for n in 0..nx * ny * nz {
            let at = [n % nx, n / nx % ny, n / (nx * ny)];
            values.push(of(std::array::from_fn(|k| low[k] + STEP_MM * at[k] as f64)) as f32);
        }
        Self {
            first: low,
            size,
            values,
        }
    }

    /// The value at a place; -1 where none is known.
    pub fn at(&self, p: [f64; 3]) -> f64 {
        let [nx, ny, _] = self.size;
        let (mut corner, mut share) = ([0usize; 3], [0f32; 3]);
        for n in 0..3 {
            let at = (p[n] - self.first[n]) / STEP_MM;
            corner[n] = at as usize;
            if at < 0.0 || corner[n] + 1 >= self.size[n] {
                return -1.0;
            }
            share[n] = (at - corner[n] as f64) as f32;
        }
        let start = corner[0] + nx * (corner[1] + ny * corner[2]);
        let line = |from: usize| {
            let pair = &self.values[from..from + 2];
            pair[0] + share[0] * (pair[1] - pair[0])
        };
        let plane = |from: usize| {
            let (a, b) = (line(from), line(from + nx));
            a + share[1] * (b - a)
        };
        let (a, b) = (plane(start), plane(start + nx * ny));
        f64::from(a + share[2] * (b - a))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_a_linear_function_is_exact() {
        let of = |[x, y, z]: [f64; 3]| 0.3 * x - 0.7 * y + 0.2 * z + 5.0;
        let table = RoomTable::new([[-130.0, -75.0], [130.0, 71.0]], &of);
        for n in 0..500 {
            let p = [n * 7 % 250 - 125, n * 11 % 140 - 70, n * 13 % 270 - 150].map(f64::from);
            assert!((table.at(p) - of(p)).abs() < 1e-4, "{p:?}");
        }
        for far in [[1e9, 0.0, 0.0], [0.0, -90.0, 0.0], [0.0, 0.0, 200.0]] {
            assert_eq!(table.at(far), -1.0);
        }
    }
}
