//! Quadratic forms of the plane.

/// `p.M p + 2 b.p + c`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Form {
    /// M_xx, M_xy, M_yy.
    pub quadratic: [f64; 3],
    /// b.
    pub linear: [f64; 2],
    /// c.
    pub constant: f64,
}

impl Form {
    /// `M_xx M_yy - M_xy²`.
    pub fn determinant(&self) -> f64 {
        let [xx, xy, yy] = self.quadratic;
        xx * yy - xy * xy
    }

    /// Where a positive form is least, and its value there.
    pub fn least(&self) -> ([f64; 2], f64) {
        let ([xx, xy, yy], [bx, by]) = (self.quadratic, self.linear);
        let determinant = self.determinant();
        let p = [
            (xy * by - yy * bx) / determinant,
            (xy * bx - xx * by) / determinant,
        ];
        (p, self.constant + bx * p[0] + by * p[1])
    }

    /// Half axes of `p.M p = 1` for a positive M of a known determinant, the longer first, and the
    /// angle of that one from x towards y.
    pub fn axes(&self, determinant: f64) -> ([f64; 2], f64) {
        let [xx, xy, yy] = self.quadratic;
        let large = 0.5 * (xx + yy) + (0.5 * (xx - yy)).hypot(xy);
        let small = determinant / large;
        let angle_rad = 0.5 * (-xy).atan2(0.5 * (yy - xx));
        ([1.0 / small.sqrt(), 1.0 / large.sqrt()], angle_rad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centre_and_axes_are_those_of_the_ellipse_it_was_made_of() {
        let (centre, semi, angle) = ([0.3, -0.2], [0.7, 0.4], 0.6f64);
        let (s, c) = angle.sin_cos();
        let [a, b] = semi.map(|v| 1.0 / (v * v));
        let quadratic = [
            a * c * c + b * s * s,
            (a - b) * s * c,
            a * s * s + b * c * c,
        ];
        let [xx, xy, yy] = quadratic;
        let linear = [
            -(xx * centre[0] + xy * centre[1]),
            -(xy * centre[0] + yy * centre[1]),
        ];
        let constant = -(linear[0] * centre[0] + linear[1] * centre[1]) - 1.0;
        let form = Form {
            quadratic,
            linear,
            constant,
        };
        let (at, value) = form.least();
        assert!((at[0] - 0.3).abs() < 1e-14 && (at[1] + 0.2).abs() < 1e-14);
        assert!((value + 1.0).abs() < 1e-14);
        let (axes, turned) = form.axes(form.determinant());
        assert!((axes[0] - 0.7).abs() < 1e-14 && (axes[1] - 0.4).abs() < 1e-14);
        assert!((turned - 0.6).abs() < 1e-14);
    }
}
