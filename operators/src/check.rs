//! Rulers for operators: public, and themselves tested.

use crate::{LinearOperator, Operator, Result, Vector};

/// How far an operator and its adjoint are from each other.
#[derive(Clone, Copy, Debug)]
pub struct AdjointGap {
    /// `|<A x, y> - <x, Aᴴ y>| / (‖A x‖ ‖y‖)`, the largest over the items.
    pub gap: f64,
    /// `<x, Aᴴ y> / <A x, y>`: 1 for an adjoint, the factor of a badly scaled one.
    pub scale: f64,
}

/// Measures the adjoint gap with the given `x` of the domain and `y` of the range.
pub fn adjoint_gap<T: Vector>(a: &dyn LinearOperator<T>, x: &T, y: &T) -> Result<AdjointGap> {
    let ax = a.forward(x)?;
    let ahy = a.adjoint(y)?;
    let (left, right) = (ax.dot(y), x.dot(&ahy));
    let norms = ax.norm().into_iter().zip(y.norm()).map(|(p, q)| p * q);
    let gap = left
        .iter()
        .zip(&right)
        .zip(norms)
        .map(|((l, r), n)| {
            if n > 0.0 {
                (l - r).abs() / n
            } else {
                (l - r).abs()
            }
        })
        .fold(0.0, largest);
    Ok(AdjointGap {
        gap,
        scale: right[0] / left[0],
    })
}

/// `‖normal(x) - Aᴴ A x‖ / ‖Aᴴ A x‖`, the largest over the items.
pub fn normal_gap<T: Vector>(a: &dyn LinearOperator<T>, x: &T) -> Result<f64> {
    let by_hand = a.adjoint(&a.forward(x)?)?;
    Ok(relative_error(&a.normal(x)?, &by_hand))
}

/// `‖A(x + a y) - A x - a A y‖ / ‖A x‖`, the largest over the items.
pub fn linearity_gap<T: Vector>(a: &dyn LinearOperator<T>, x: &T, y: &T) -> Result<f64> {
    let mut sum = x.clone();
    sum.axpy(&[-1.7], y);
    let mut expected = a.forward(x)?;
    expected.axpy(&[-1.7], &a.forward(y)?);
    Ok(relative_error(&a.forward(&sum)?, &expected))
}

/// Central differences against a gradient: `|f(x + h v) - f(x - h v) - 2 h <g, v>| / (2 h |<g, v>|)`,
/// the largest over the items.
pub fn gradient_gap<T: Vector>(
    f: impl Fn(&T) -> Vec<f64>,
    gradient: &T,
    x: &T,
    v: &T,
    h: f64,
) -> f64 {
    let at = |h: f64| {
        let mut moved = x.clone();
        moved.axpy(&[h], v);
        f(&moved)
    };
    let slopes = at(h)
        .into_iter()
        .zip(at(-h))
        .map(|(p, m)| (p - m) / (2.0 * h));
    slopes
        .zip(gradient.dot(v))
        .map(|(s, g)| ((s - g) / g).abs())
        .fold(0.0, largest)
}

/// Central differences against a derivative: `‖(A(x + h v) - A(x - h v)) / 2h - J v‖ / ‖J v‖`, the
/// largest over the items.
pub fn jacobian_gap<T: Vector>(a: &dyn Operator<T>, x: &T, v: &T, h: f64) -> Result<f64> {
    let at = |h: f64| {
        let mut moved = x.clone();
        moved.axpy(&[h], v);
        a.apply(&moved)
    };
    let slope = at(h)?.minus(&at(-h)?).scaled(0.5 / h);
    let (_, jacobian) = a.linearize(x)?;
    Ok(relative_error(&slope, &jacobian.forward(v)?))
}

/// `‖a - b‖ / ‖b‖`, the largest over the items.
pub fn relative_error<T: Vector>(a: &T, b: &T) -> f64 {
    a.minus(b)
        .norm()
        .into_iter()
        .zip(b.norm())
        .map(|(d, n)| if n > 0.0 { d / n } else { d })
        .fold(0.0, largest)
}

/// The larger of two numbers; what is no number stays one, unlike in [`f64::max`].
fn largest(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mri::Fourier;
    use crate::testing::Backend;
    use crate::{Array, Direction, Field, Host, Space};

    /// The unnormalised inverse that a careless port would take for the adjoint.
    struct Wrong(Space);
    impl LinearOperator<Host<f64>> for Wrong {
        fn name(&self) -> &'static str {
            "wrong"
        }
        fn domain(&self) -> &Space {
            &self.0
        }
        fn range(&self) -> &Space {
            &self.0
        }
        fn forward(&self, x: &Host<f64>) -> Result<Host<f64>> {
            Ok(x.fft2(Direction::Forward))
        }
        fn adjoint(&self, y: &Host<f64>) -> Result<Host<f64>> {
            Ok(y.fft2(Direction::Inverse).scaled(3.0))
        }
        fn normal(&self, x: &Host<f64>) -> Result<Host<f64>> {
            Ok(x.clone())
        }
    }

    #[test]
    fn a_wrong_adjoint_fails_and_shows_its_scale() {
        let b = Backend::host_f64();
        let x = b.random(&[2, 1, 7, 9], Field::Complex, 1);
        let y = b.random(&[2, 1, 7, 9], Field::Complex, 2);
        let wrong = Wrong(Space::coil_images(1, 7, 9));
        let found = adjoint_gap(&wrong, &x, &y).unwrap();
        assert!(
            found.gap > 1e-3 && (found.scale - 3.0).abs() < 1e-9,
            "{found:?}"
        );
        assert!(normal_gap(&wrong, &x).unwrap() > 0.5);
        let right = adjoint_gap(&Fourier::new(1, 7, 9), &x, &y).unwrap();
        assert!(
            right.gap < 1e-13 && (right.scale - 1.0).abs() < 1e-9,
            "{right:?}"
        );
    }

    /// `A(x) = x` whose derivative is claimed to be the Fourier transform.
    struct WrongSlope(Fourier);
    impl Operator<Host<f64>> for WrongSlope {
        fn apply(&self, x: &Host<f64>) -> Result<Host<f64>> {
            Ok(x.clone())
        }
        fn linearize<'a>(
            &'a self,
            x: &Host<f64>,
        ) -> Result<(Host<f64>, Box<dyn LinearOperator<Host<f64>> + 'a>)> {
            Ok((x.clone(), self.0.linearize(x)?.1))
        }
    }

    #[test]
    fn a_wrong_derivative_fails() {
        let b = Backend::host_f64();
        let x = b.random(&[1, 1, 7, 9], Field::Complex, 1);
        let v = b.random(&[1, 1, 7, 9], Field::Complex, 2);
        let right = Fourier::new(1, 7, 9);
        assert!(jacobian_gap(&right, &x, &v, 1e-2).unwrap() < 1e-12);
        assert!(jacobian_gap(&WrongSlope(right), &x, &v, 1e-2).unwrap() > 0.5);
    }

    #[test]
    fn a_wrong_gradient_fails() {
        let b = Backend::host_f64();
        let x = b.random(&[1, 1, 7, 9], Field::Complex, 1);
        let v = b.random(&[1, 1, 7, 9], Field::Complex, 2);
        let f = |x: &Host<f64>| x.dot(x).iter().map(|n| 0.5 * n).collect::<Vec<_>>();
        assert!(gradient_gap(f, &x, &x, &v, 1e-4) < 1e-8);
        assert!(gradient_gap(f, &x.scaled(1.1), &x, &v, 1e-4) > 0.05);
    }
}
