//! Ellipses in millimetres, some cut by straight lines: value, line integral, exact raster.

use std::f64::consts::PI;

use crate::disc::polygon_disc_area;

/// A line of infinite length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// A point of the line, such as the focal spot.
    pub origin_mm: [f64; 2],
    /// Its direction, of any length but 0.
    pub direction: [f64; 2],
}

impl Ray {
    /// The line through two different points.
    pub fn through(from_mm: [f64; 2], to_mm: [f64; 2]) -> Self {
        Self {
            origin_mm: from_mm,
            direction: [to_mm[0] - from_mm[0], to_mm[1] - from_mm[1]],
        }
    }

    /// The line `x cos(theta) + y sin(theta) = s`.
    pub fn parallel(s_mm: f64, theta_rad: f64) -> Self {
        let (sin, cos) = theta_rad.sin_cos();
        Self {
            origin_mm: [s_mm * cos, s_mm * sin],
            direction: [-sin, cos],
        }
    }

    /// The same line with a direction of length 1.
    pub(super) fn unit(&self) -> Self {
        let [x, y] = self.direction;
        let length = (x * x + y * y).sqrt();
        Self {
            origin_mm: self.origin_mm,
            direction: self.direction.map(|d| d / length),
        }
    }
}

/// Keeps what lies on one side of a line: `n . (x - centre) < distance`, with `n` at an angle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clip {
    /// Distance of the line from the centre of the ellipse, along `n`.
    pub distance_mm: f64,
    /// Angle of `n` from the x axis towards y.
    pub angle_rad: f64,
}

impl Clip {
    /// How far within the kept side a point lies, relative to the centre.
    fn inside(&self, p: [f64; 2]) -> f64 {
        let (s, c) = self.angle_rad.sin_cos();
        self.distance_mm - c * p[0] - s * p[1]
    }
}

/// An ellipse of constant value, without what its clips cut off; several of them add.
#[derive(Clone, Debug, PartialEq)]
pub struct CtEllipse {
    /// The value inside, such as attenuation per millimetre.
    pub value: f64,
    /// Centre, x and y.
    pub centre_mm: [f64; 2],
    /// Half axes along the ellipse's own x and y.
    pub semi_mm: [f64; 2],
    /// Angle from the x axis to the ellipse's own x axis, towards y.
    pub angle_rad: f64,
    /// What is kept of it.
    pub clips: Vec<Clip>,
}

impl CtEllipse {
    /// A whole disc.
    pub fn disc(value: f64, centre_mm: [f64; 2], radius_mm: f64) -> Self {
        Self {
            value,
            centre_mm,
            semi_mm: [radius_mm; 2],
            angle_rad: 0.0,
            clips: Vec::new(),
        }
    }

    /// The value at a point, 0 outside.
    pub fn at(&self, p_mm: [f64; 2]) -> f64 {
        let p = self.relative(p_mm);
        let [u, v] = self.to_disc(p);
        let kept = self.clips.iter().all(|clip| clip.inside(p) > 0.0);
        if u * u + v * v <= 1.0 && kept {
            self.value
        } else {
            0.0
        }
    }

    /// The integral along a line, in closed form.
    pub fn line_integral(&self, ray: &Ray) -> f64 {
        self.along(&ray.unit())
    }

    /// The integral along a line with a direction of length 1.
    pub(super) fn along(&self, ray: &Ray) -> f64 {
        let o = self.relative(ray.origin_mm);
        let distance = o[0] * ray.direction[1] - o[1] * ray.direction[0];
        if distance.abs() > self.semi_mm[0].max(self.semi_mm[1]) {
            return 0.0;
        }
        let (p, d) = (self.to_disc(o), self.to_disc(ray.direction));
        let a = d[0] * d[0] + d[1] * d[1];
        let cross = p[0] * d[1] - p[1] * d[0];
        if cross * cross >= a {
            return 0.0;
        }
        // |p + t d| = 1; the cross product gives the half chord without cancellation.
        let middle = -(p[0] * d[0] + p[1] * d[1]) / a;
        let half = (a - cross * cross).sqrt() / a;
        let (mut enter, mut leave) = (middle - half, middle + half);
        for clip in &self.clips {
            let (start, slope) = (
                clip.inside(o),
                clip.inside(ray.direction) - clip.distance_mm,
            );
            if slope.abs() < 1e-15 {
                if start <= 0.0 {
                    return 0.0;
                }
                continue;
            }
            let crossing = -start / slope;
            if slope > 0.0 {
                enter = enter.max(crossing);
            } else {
                leave = leave.min(crossing);
            }
        }
        self.value * (leave - enter).max(0.0)
    }

    /// The mean value over a rectangle of the given centre and full widths, in closed form.
    pub fn area_average(&self, centre_mm: [f64; 2], width_mm: [f64; 2]) -> f64 {
        let [x, y] = self.relative(centre_mm);
        let reach = 0.5 * width_mm[0].hypot(width_mm[1]);
        if x.hypot(y) > self.semi_mm[0].max(self.semi_mm[1]) + reach {
            return 0.0;
        }
        let [hx, hy] = width_mm.map(|w| 0.5 * w);
        let mut polygon = vec![
            [x - hx, y - hy],
            [x + hx, y - hy],
            [x + hx, y + hy],
            [x - hx, y + hy],
        ];
        for clip in &self.clips {
            polygon = cut(&polygon, clip);
        }
        let corners: Vec<_> = polygon.iter().map(|&p| self.to_disc(p)).collect();
        let area = self.semi_mm[0] * self.semi_mm[1] * polygon_disc_area(&corners);
        self.value * area / (width_mm[0] * width_mm[1])
    }

    /// The integral over the plane of the ellipse without its clips, `pi a b value`.
    pub fn whole_mass(&self) -> f64 {
        PI * self.semi_mm[0] * self.semi_mm[1] * self.value
    }

    fn relative(&self, p: [f64; 2]) -> [f64; 2] {
        [p[0] - self.centre_mm[0], p[1] - self.centre_mm[1]]
    }

    /// The linear map that takes the ellipse around its centre to the unit disc.
    fn to_disc(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (s, c) = self.angle_rad.sin_cos();
        [
            (c * x + s * y) / self.semi_mm[0],
            (c * y - s * x) / self.semi_mm[1],
        ]
    }
}

/// What a clip leaves of a convex polygon.
fn cut(polygon: &[[f64; 2]], clip: &Clip) -> Vec<[f64; 2]> {
    let mut kept = Vec::with_capacity(polygon.len() + 1);
    for (i, &q) in polygon.iter().enumerate() {
        let p = polygon[(i + polygon.len() - 1) % polygon.len()];
        let (from, to) = (clip.inside(p), clip.inside(q));
        if (from > 0.0) != (to > 0.0) {
            let t = from / (from - to);
            kept.push([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
        }
        if to > 0.0 {
            kept.push(q);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clipped() -> CtEllipse {
        let clip = |distance_mm, angle_rad| Clip {
            distance_mm,
            angle_rad,
        };
        CtEllipse {
            value: 0.7,
            centre_mm: [12.0, -7.0],
            semi_mm: [31.0, 14.0],
            angle_rad: 0.5,
            clips: vec![clip(9.0, 0.3), clip(20.0, 2.0), clip(6.0, -1.2)],
        }
    }

    /// Where the value changes along a line, by bisection, and the integral from these places: an
    /// independent way.
    fn by_bisection(shape: &CtEllipse, ray: &Ray) -> f64 {
        let ray = ray.unit();
        let at = |t: f64| shape.at([0, 1].map(|n| ray.origin_mm[n] + t * ray.direction[n]));
        let place = |i: usize| -80.0 + 0.01 * i as f64;
        let mut sum = 0.0;
        for i in 0..16_000 {
            let (mut low, mut high) = (place(i), place(i + 1));
            let (left, right) = (at(low), at(high));
            if left == right {
                continue;
            }
            for _ in 0..60 {
                let middle = 0.5 * (low + high);
                if at(middle) == left {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            sum += (left - right) * low;
        }
        sum
    }

    #[test]
    fn line_integrals_are_those_of_quadrature() {
        let whole = CtEllipse {
            clips: Vec::new(),
            ..clipped()
        };
        let mut hits = 0;
        for n in 0..24 {
            let angle = 0.37 * f64::from(n);
            let ray = Ray {
                origin_mm: [
                    12.0 + f64::from(n % 7) * 3.0 - 8.0,
                    -7.0 + f64::from(n % 5) * 4.0 - 6.0,
                ],
                direction: [3.0 * angle.cos(), 3.0 * angle.sin()],
            };
            for shape in [&whole, &clipped()] {
                let (exact, found) = (by_bisection(shape, &ray), shape.line_integral(&ray));
                assert!((exact - found).abs() < 1e-12, "{n}: {exact} {found}");
                hits += usize::from(found > 0.0);
            }
        }
        assert!(hits > 30, "{hits}");
    }

    #[test]
    fn a_chord_through_the_centre_is_known() {
        let disc = CtEllipse::disc(2.0, [3.0, 4.0], 5.0);
        let chord = |s: f64| disc.line_integral(&Ray::parallel(s, 0.0));
        assert!((chord(3.0) - 20.0).abs() < 1e-12);
        assert!((chord(6.0) - 16.0).abs() < 1e-12);
        assert_eq!(chord(8.1), 0.0);
        let through = Ray::through([3.0, -100.0], [3.0, 77.0]);
        assert!((disc.line_integral(&through) - 20.0).abs() < 1e-12);
    }

    #[test]
    fn the_integral_over_lines_is_that_over_areas() {
        // The mass of the clipped ellipse, once by lines of one direction and once by pixels.
        let shape = clipped();
        let mut mass = 0.0;
        for j in 0..60 {
            for i in 0..70 {
                let centre = [-30.0 + f64::from(i) * 1.3, -45.0 + f64::from(j) * 1.4];
                mass += shape.area_average(centre, [1.3, 1.4]) * 1.3 * 1.4;
            }
        }
        let n = 400_000;
        let step = 100.0 / f64::from(n);
        let lines: f64 = (0..n)
            .map(|i| -50.0 + (f64::from(i) + 0.5) * step)
            .map(|s| shape.line_integral(&Ray::parallel(s, 0.8)) * step)
            .sum();
        assert!((mass - lines).abs() < 1e-5 * mass, "{mass} {lines}");
        assert!(mass < 0.8 * shape.whole_mass());
    }
}
