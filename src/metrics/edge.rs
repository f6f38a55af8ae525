//! The edge spread function, oversampled tenfold: the profile across the edge of a disc or across a straight edge.

use super::{MetricsError, Value};
use ndarray::ArrayView3;

/// Bins of a pixel's width.
const BINS: f64 = 10.0;

/// Where an edge is, in pixels: (row, column), pixel centres at whole numbers. The same in all slices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edge {
    /// The rim of a disc, square pixels.
    Disc {
        /// Its centre.
        centre: [f64; 2],
        /// Its radius.
        radius_px: f64,
    },
    /// A straight edge; some degrees off the rows and columns, or its profile has gaps.
    Line {
        /// A point on it.
        point: [f64; 2],
        /// Direction across it: 0 is along growing columns, π/2 along growing rows.
        normal_rad: f64,
    },
}

impl Edge {
    /// Distance of a pixel from the edge, positive outside of the disc, or along the normal.
    fn distance_px(&self, row: usize, column: usize) -> f64 {
        let (row, column) = (row as f64, column as f64);
        match *self {
            Edge::Disc { centre, radius_px } => {
                (row - centre[0]).hypot(column - centre[1]) - radius_px
            }
            Edge::Line { point, normal_rad } => {
                let (sine, cosine) = normal_rad.sin_cos();
                (row - point[0]) * sine + (column - point[1]) * cosine
            }
        }
    }

    /// A disc with its centre moved to the centroid of its contrast; a line as it is.
    ///
    /// The centroid is taken over 1.3 radii around the centre, above the mean of the ring from there to 1.5 radii, which
    /// must be plain background. A centre that is off by δ blurs the profile by about δ/√2.
    pub fn centred<T: Value + Into<f64>>(self, image: ArrayView3<T>) -> Self {
        let Edge::Disc { centre, radius_px } = self else {
            return self;
        };
        let (inner, outer) = (1.3 * radius_px, 1.5 * radius_px);
        let at = |row: usize, column: usize| [row as f64 - centre[0], column as f64 - centre[1]];
        let (mut background, mut ring) = (0.0, 0.0);
        for ((_, row, column), v) in image.indexed_iter() {
            let [y, x] = at(row, column);
            if (inner..outer).contains(&y.hypot(x)) {
                let v: f64 = (*v).into();
                (background, ring) = (background + v, ring + 1.0);
            }
        }
        let background = background / f64::max(ring, 1.0);
        let (mut mass, mut moment) = (0.0, [0.0; 2]);
        for ((_, row, column), v) in image.indexed_iter() {
            let [y, x] = at(row, column);
            if y.hypot(x) < inner {
                let v: f64 = (*v).into() - background;
                mass += v;
                moment = [moment[0] + v * y, moment[1] + v * x];
            }
        }
        let shift = moment.map(|m| m / mass);
        let good = shift.iter().all(|s| s.abs() < 0.5 * radius_px);
        match good {
            true => Edge::Disc {
                centre: [centre[0] + shift[0], centre[1] + shift[1]],
                radius_px,
            },
            false => self,
        }
    }
}

/// The profile across an edge.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeProfile {
    /// Distance of each bin from the edge, a tenth of a pixel apart.
    pub offsets_px: Vec<f64>,
    /// The value there, averaged along the edge and over slices.
    pub values: Vec<f64>,
}

impl EdgeProfile {
    /// Of the pixels within `reach_px` of the edge.
    ///
    /// Each bin gives the mean value at the mean distance of its pixels; the profile is interpolated between these, which
    /// also bridges empty bins. Errors if the reach is below 3 pixels or above the radius, or if more than a third of the
    /// bins are empty.
    pub fn measure<T: Value + Into<f64>>(
        image: ArrayView3<T>,
        edge: &Edge,
        reach_px: f64,
    ) -> Result<Self, MetricsError> {
        let most = match *edge {
            Edge::Disc { radius_px, .. } => radius_px,
            Edge::Line { .. } => f64::INFINITY,
        };
        if reach_px.is_nan() || reach_px < 3.0 || reach_px > most {
            return Err(MetricsError::Domain {
                what: "pixels on either side of the edge",
                expected: "from 3 to the radius of the disc; take a larger disc or smaller pixels",
                found: reach_px,
            });
        }
        let bins = (2.0 * reach_px * BINS).round() as usize;
        let knots = knots(image, edge, reach_px, bins);
        if 3 * knots.len() < 2 * bins {
            return Err(MetricsError::TooFew {
                what: "bins of a tenth of a pixel across the edge",
                needed: (2 * bins).div_ceil(3),
                found: knots.len(),
                remedy: "tilt the edge by 2 to 10 degrees, or take a longer one",
            });
        }
        let centre = |bin: usize| (bin as f64 + 0.5) / BINS - reach_px;
        let offsets_px: Vec<f64> = (0..bins).map(centre).collect();
        let values = offsets_px.iter().map(|x| interpolate(&knots, *x)).collect();
        Ok(EdgeProfile { offsets_px, values })
    }
}

/// Mean distance and mean value of the pixels of each bin that has any.
fn knots<T: Value + Into<f64>>(
    image: ArrayView3<T>,
    edge: &Edge,
    reach_px: f64,
    bins: usize,
) -> Vec<(f64, f64)> {
    let mut sums = vec![(0.0, 0.0, 0.0); bins];
    for ((_, row, column), v) in image.indexed_iter() {
        let distance = edge.distance_px(row, column);
        let bin = ((distance + reach_px) * BINS).floor();
        if bin >= 0.0 && (bin as usize) < bins {
            let (n, d, sum) = &mut sums[bin as usize];
            let v: f64 = (*v).into();
            (*n, *d, *sum) = (*n + 1.0, *d + distance, *sum + v);
        }
    }
    let filled = sums.iter().filter(|(n, _, _)| *n > 0.0);
    filled.map(|(n, d, sum)| (d / n, sum / n)).collect()
}

/// Linear between the knots, constant beyond them.
fn interpolate(knots: &[(f64, f64)], x: f64) -> f64 {
    let right = knots.partition_point(|(at, _)| *at < x);
    let (Some(left), Some(next)) = (right.checked_sub(1), knots.get(right)) else {
        return knots[right.min(knots.len() - 1)].1;
    };
    let ((x0, y0), (x1, y1)) = (knots[left], *next);
    y0 + (y1 - y0) * (x - x0) / (x1 - x0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    /// A ramp along the distance from the edge: the profile must be the distance itself.
    #[test]
    fn the_profile_is_a_function_of_distance() {
        for edge in [
            Edge::Disc {
                centre: [25.3, 30.8],
                radius_px: 16.2,
            },
            Edge::Line {
                point: [24.1, 29.9],
                normal_rad: 1.64,
            },
        ] {
            let image =
                Array3::from_shape_fn((2, 52, 61), |(_, y, x)| 3.0 * edge.distance_px(y, x));
            let profile = EdgeProfile::measure(image.view(), &edge, 8.0).unwrap();
            assert_eq!(profile.values.len(), 160);
            let inner = 2..158;
            for (x, v) in profile
                .offsets_px
                .iter()
                .zip(&profile.values)
                .take(inner.end)
            {
                assert!((v - 3.0 * x).abs() < 0.2, "{edge:?} {x}: {v}");
            }
        }
    }

    #[test]
    fn an_edge_along_the_pixels_is_refused_and_so_is_a_small_disc() {
        let image = Array3::<f32>::zeros((1, 40, 40));
        let edge = Edge::Line {
            point: [20.0, 20.0],
            normal_rad: 0.0,
        };
        let message = EdgeProfile::measure(image.view(), &edge, 8.0).unwrap_err();
        assert!(message.to_string().contains("tilt"), "{message}");
        let edge = Edge::Disc {
            centre: [20.0, 20.0],
            radius_px: 4.0,
        };
        assert!(EdgeProfile::measure(image.view(), &edge, 5.0).is_err());
        assert!(EdgeProfile::measure(image.view(), &edge, f64::NAN).is_err());
    }

    #[test]
    fn the_centre_is_found() {
        let truth = Edge::Disc {
            centre: [26.37, 31.81],
            radius_px: 12.0,
        };
        let image = Array3::from_shape_fn((1, 55, 64), |(_, y, x)| {
            20.0 - 500.0 * (1.0 / (1.0 + (2.0 * truth.distance_px(y, x)).exp()))
        });
        let guess = Edge::Disc {
            centre: [25.5, 32.5],
            radius_px: 12.0,
        };
        let found = guess.centred(image.view()).centred(image.view());
        let Edge::Disc { centre, .. } = found else {
            unreachable!()
        };
        let off = (centre[0] - 26.37).hypot(centre[1] - 31.81);
        assert!(off < 0.01, "{centre:?}");
        let flat = Array3::<f64>::zeros((1, 55, 64));
        assert_eq!(guess.centred(flat.view()), guess);
    }
}
