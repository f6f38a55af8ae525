//! Where the samples of a deformed image come from.

use ndarray::Array2;

/// Samples between two nodes.
const STRIDE: usize = 8;

/// A smooth map of the plane at the samples of an image, four a pixel: evaluated at every eighth
/// sample, linear between.
///
/// Pixel n of N lies at `(n - floor(N / 2)) pixel_mm`, its samples a quarter of a pixel to either
/// side.
pub(super) struct Sources {
    nodes: Array2<[f32; 2]>,
    columns: usize,
}

impl Sources {
    /// The map, from millimetres `[x, y]` around the centre, at `ny x nx` pixels.
    pub fn new(
        map: &dyn Fn([f64; 2]) -> [f64; 2],
        (ny, nx): (usize, usize),
        pixel_mm: f64,
    ) -> Self {
        let at = |sample: usize, n: usize| (0.5 * sample as f64 - 0.25 - (n / 2) as f64) * pixel_mm;
        let nodes = |n: usize| 2 * n / STRIDE + 2;
        let nodes = Array2::from_shape_fn((nodes(ny), nodes(nx)), |(j, i)| {
            map([at(STRIDE * i, nx), at(STRIDE * j, ny)]).map(|v| v as f32)
        });
        Self {
            nodes,
            columns: 2 * nx,
        }
    }

    /// Where the samples of a row of them come from.
    pub fn row(&self, sample: usize) -> Vec<[f32; 2]> {
        let (first, share) = (sample / STRIDE, (sample % STRIDE) as f32 / STRIDE as f32);
        let mix = |a: f32, b: f32, share: f32| a + share * (b - a);
        let line: Vec<[f32; 2]> = (0..self.nodes.ncols())
            .map(|i| (self.nodes[(first, i)], self.nodes[(first + 1, i)]))
            .map(|(a, b)| [mix(a[0], b[0], share), mix(a[1], b[1], share)])
            .collect();
        let mut row = Vec::with_capacity(self.columns + STRIDE);
        for ends in line.windows(2) {
            let [a, b] = [ends[0], ends[1]];
            row.extend((0..STRIDE).map(|k| {
                let share = k as f32 / STRIDE as f32;
                [mix(a[0], b[0], share), mix(a[1], b[1], share)]
            }));
        }
        row.truncate(self.columns);
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_affine_map_is_exact_and_samples_lie_around_their_pixels() {
        let map = |[x, y]: [f64; 2]| [0.9 * x - 0.2 * y + 30.0, 0.1 * x + 1.1 * y - 4.0];
        for (ny, nx) in [(17, 30), (16, 9)] {
            let sources = Sources::new(&map, (ny, nx), 1.3);
            for j in 0..ny {
                let (upper, lower) = (sources.row(2 * j), sources.row(2 * j + 1));
                assert_eq!(upper.len(), 2 * nx);
                for i in 0..nx {
                    let y = (j as f64 - (ny / 2) as f64) * 1.3;
                    let x = (i as f64 - (nx / 2) as f64) * 1.3;
                    let four = [
                        upper[2 * i],
                        upper[2 * i + 1],
                        lower[2 * i],
                        lower[2 * i + 1],
                    ];
                    for n in 0..2 {
                        let mean = four.iter().map(|p| f64::from(p[n])).sum::<f64>() / 4.0;
                        assert!((mean - map([x, y])[n]).abs() < 1e-4);
                    }
                    let quarter = map([x - 0.325, y - 0.325]);
                    assert!((f64::from(four[0][0]) - quarter[0]).abs() < 1e-4);
                }
            }
        }
    }
}
