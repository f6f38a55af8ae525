//! Roots of cubic polynomials between 0 and 1.

/// `c_0 + c_1 t + c_2 t² + c_3 t³`.
pub(super) fn cubic(c: [f64; 4], t: f64) -> f64 {
    c[0] + t * (c[1] + t * (c[2] + t * c[3]))
}

/// Where a cubic changes its sign from t = 0 to 1, and whether it rises there. Its value at 1 is
/// given, so that the end of one piece and the beginning of the next have the same sign; 0 counts
/// as negative.
pub(super) fn roots_of_cubic(c: [f64; 4], end: f64) -> impl Iterator<Item = (f64, bool)> {
    let mut knots = [0.0, 1.0, 1.0, 1.0];
    let mut count = 1;
    for t in turning_points(c).into_iter().flatten() {
        if t > knots[count - 1] && t < 1.0 {
            knots[count] = t;
            count += 1;
        }
    }
    (0..count).filter_map(move |n| {
        let (a, b) = (knots[n], knots[n + 1]);
        let value = |t: f64| if t == 1.0 { end } else { cubic(c, t) };
        let (from, to) = (value(a) > 0.0, value(b) > 0.0);
        (from != to).then(|| (between(c, a, b, to), to))
    })
}

/// Where the derivative is 0, in order.
fn turning_points(c: [f64; 4]) -> [Option<f64>; 2] {
    let (a, b, d) = (3.0 * c[3], c[2], c[1]);
    let square = b * b - a * d;
    if square <= 0.0 {
        return [None; 2];
    }
    // The larger root in magnitude first, the other by their product: no cancellation.
    let q = -(b + square.sqrt().copysign(b));
    let (first, second) = (q / a, d / q);
    let kept = |t: f64| t.is_finite().then_some(t);
    if first <= second {
        [kept(first), kept(second)]
    } else {
        [kept(second), kept(first)]
    }
}

/// The root in a monotone stretch: Newton's method kept within a shrinking bracket.
fn between(c: [f64; 4], mut a: f64, mut b: f64, rises: bool) -> f64 {
    let mut t = 0.5 * (a + b);
    for _ in 0..100 {
        let value = cubic(c, t);
        if value == 0.0 {
            return t;
        }
        if (value > 0.0) == rises {
            b = t;
        } else {
            a = t;
        }
        let slope = c[1] + t * (2.0 * c[2] + 3.0 * t * c[3]);
        let newton = t - value / slope;
        let next = if newton >= a && newton <= b {
            newton
        } else {
            0.5 * (a + b)
        };
        if (next - t).abs() <= 1e-16 {
            return next;
        }
        t = next;
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_roots_are_found_in_order_with_their_directions() {
        // (t - 0.1) (t - 0.45) (t - 0.8)
        let c = [-0.036, 0.485, -1.35, 1.0];
        let found: Vec<_> = roots_of_cubic(c, cubic(c, 1.0)).collect();
        assert_eq!(found.len(), 3);
        for ((t, rises), (exact, up)) in found.iter().zip([(0.1, true), (0.45, false), (0.8, true)])
        {
            assert!((t - exact).abs() < 1e-14 && *rises == up, "{t}");
        }
    }

    #[test]
    fn lower_degrees_are_cubics_too() {
        let one = |c: [f64; 4]| roots_of_cubic(c, cubic(c, 1.0)).collect::<Vec<_>>();
        assert_eq!(one([-0.25, 1.0, 0.0, 0.0]), [(0.25, true)]);
        let quadratic = one([0.08, -0.6, 1.0, 0.0]);
        assert!((quadratic[0].0 - 0.2).abs() < 1e-15 && (quadratic[1].0 - 0.4).abs() < 1e-15);
        assert!(one([1.0, 0.0, 0.0, 0.0]).is_empty());
        assert!(one([0.1, -1.0, 3.0, -1.0]).is_empty());
    }

    #[test]
    fn the_given_end_decides_on_its_sign() {
        let c = [-1.0, 1.0, 0.0, 0.0];
        assert!(roots_of_cubic(c, -1e-17).next().is_none());
        assert!(roots_of_cubic(c, 1e-17).next().is_some());
    }
}
