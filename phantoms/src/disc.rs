//! The area that a polygon shares with the unit disc, in closed form.

/// Signed area of the intersection of a polygon with the unit disc (positive where the polygon
/// turns from x to y).
///
/// The polygon is cut into triangles with the centre of the disc; each edge adds `cross / 2` where
/// it runs inside the disc and the sector `angle / 2` where it runs outside. Exact but for
/// rounding.
pub(crate) fn polygon_disc_area(polygon: &[[f64; 2]]) -> f64 {
    (0..polygon.len())
        .map(|i| edge(polygon[i], polygon[(i + 1) % polygon.len()]))
        .sum()
}

/// The part of one edge: the triangle (0, p, q) within the disc.
fn edge(p: [f64; 2], q: [f64; 2]) -> f64 {
    let d = [q[0] - p[0], q[1] - p[1]];
    let a = dot(d, d);
    if a == 0.0 {
        return 0.0;
    }
    let b = dot(p, d) / a;
    // |p + t d| = 1 at t = -b +- h, where 1 - distance² / ... is formed from the cross product: no
    // cancellation.
    let cross = cross(p, d);
    let h2 = (a - cross * cross) / (a * a);
    if h2 <= 0.0 {
        return sector(p, q);
    }
    let h = h2.sqrt();
    let (enter, leave) = ((-b - h).clamp(0.0, 1.0), (-b + h).clamp(0.0, 1.0));
    if enter >= leave {
        return sector(p, q);
    }
    let at = |t: f64| [p[0] + t * d[0], p[1] + t * d[1]];
    let (e, l) = (at(enter), at(leave));
    let before = if enter > 0.0 { sector(p, e) } else { 0.0 };
    let after = if leave < 1.0 { sector(l, q) } else { 0.0 };
    before + 0.5 * cross * (leave - enter) + after
}

/// Half of the angle from p to q as seen from the centre.
fn sector(p: [f64; 2], q: [f64; 2]) -> f64 {
    0.5 * cross(p, q).atan2(dot(p, q))
}

fn dot(p: [f64; 2], q: [f64; 2]) -> f64 {
    p[0] * q[0] + p[1] * q[1]
}

fn cross(p: [f64; 2], q: [f64; 2]) -> f64 {
    p[0] * q[1] - p[1] * q[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn known_intersections() {
        let square = |x: f64, y: f64, h: f64| {
            [
                [x - h, y - h],
                [x + h, y - h],
                [x + h, y + h],
                [x - h, y + h],
            ]
        };
        assert!((polygon_disc_area(&square(0.0, 0.0, 3.0)) - PI).abs() < 1e-14);
        assert!((polygon_disc_area(&square(0.1, 0.2, 0.1)) - 0.04).abs() < 1e-15);
        assert!(polygon_disc_area(&square(2.5, 0.0, 1.0)).abs() < 1e-15);
        assert!((polygon_disc_area(&square(2.0, 0.0, 2.0)) - PI / 2.0).abs() < 1e-14);
        assert!((polygon_disc_area(&square(2.0, 2.0, 2.0)) - PI / 4.0).abs() < 1e-14);
    }

    #[test]
    fn the_area_is_additive_over_a_tiling() {
        let n = 37;
        let step = 2.4 / n as f64;
        let mut sum = 0.0;
        for i in 0..n {
            for j in 0..n {
                let (x, y) = (-1.2 + i as f64 * step, -1.2 + j as f64 * step);
                sum += polygon_disc_area(&[
                    [x, y],
                    [x + step, y],
                    [x + step, y + step],
                    [x, y + step],
                ]);
            }
        }
        assert!((sum - PI).abs() < 1e-12);
    }
}
