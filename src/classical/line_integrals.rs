//! Post-log data and what each is worth.

use operators::{Array, Error, Field, LinearOperator, Result};

/// Line integrals `y` with their precisions `w`, both `Real[batch, View, Detector]` or whatever
/// the range of the projector is; `w` is 0 where nothing was measured.
///
/// From counts N of I0 photons: `y = ln(I0 / N)`, `w = N` (`operators::likelihood` says it with
/// background and electronic noise). Ones make every ray count alike.
pub struct LineIntegrals<T> {
    y: T,
    w: T,
}

impl<T: Array> LineIntegrals<T> {
    /// From the data and their precisions; a `w` of batch 1 is that of every item.
    ///
    /// Errors: shapes that do not fit, data or precisions that are not finite, a negative
    /// precision, an item that has none above 0.
    pub fn new(y: T, w: T) -> Result<Self> {
        let w = match w.batch() {
            1 => w.repeat(y.batch()),
            _ => w,
        };
        if y.sizes() != w.sizes() || y.field() != Field::Real || w.field() != Field::Real {
            let described = |x: &T| format!("{:?}{:?}", x.field(), x.sizes());
            return Err(Error::Space {
                operator: "line integrals".into(),
                expected: format!("real data and as many precisions as {}", described(&y)),
                got: described(&w),
            });
        }
        expect_finite("the measurement", &y)?;
        expect_finite("a precision of the measurement", &w)?;
        let precisions = w.to_reals();
        let refuse = |what, expected, got: String| {
            Err(Error::Parameter {
                what,
                expected,
                got,
            })
        };
        if let Some(bad) = precisions.iter().find(|w| **w < 0.0) {
            let expected = "a number that is not negative";
            return refuse("precision of a measurement", expected, bad.to_string());
        }
        for (item, w) in precisions.chunks(w.reals().max(1)).enumerate() {
            if w.iter().all(|w| *w == 0.0) {
                return refuse("precisions", "one above 0", format!("none in item {item}"));
            }
        }
        let y = y.elementwise(&[&w], &|y, w| if w[0] > 0.0 { y } else { 0.0 });
        Ok(LineIntegrals { y, w })
    }

    /// The data, 0 where nothing was measured.
    pub fn y(&self) -> &T {
        &self.y
    }

    /// Their precisions.
    pub fn w(&self) -> &T {
        &self.w
    }

    /// `½ Σ w (z - y)²` per item, and `w (z - y)`.
    pub(super) fn misfit(&self, z: &T) -> (Vec<f64>, T) {
        let r = z.minus(&self.y);
        let weighted = r.times(&self.w);
        let halves = r.dot(&weighted).iter().map(|d| 0.5 * d).collect();
        (halves, weighted)
    }
}

/// Refuses what is not finite, by name.
pub(super) fn expect_finite<T: Array>(what: &'static str, x: &T) -> Result<()> {
    match x.finite().iter().position(|finite| !finite) {
        Some(item) => Err(Error::NonFinite { what, item }),
        None => Ok(()),
    }
}

/// An image of ones in the domain of `a`, batch 1: `A 1` are the lengths of the rays.
pub(super) fn ones<T: Array>(a: &dyn LinearOperator<T>, like: &T) -> T {
    let sizes = [vec![1], a.domain().sizes()].concat();
    let reals = vec![1.0; a.domain().elements()];
    T::from_reals(&like.device(), &sizes, Field::Real, &reals)
}

/// The start of an iteration and its projection: the image given (batch 1 or one an item), or
/// zero, not below `bound`.
pub(super) fn start<T: Array>(
    a: &dyn LinearOperator<T>,
    given: Option<&T>,
    bound: Option<f64>,
    data: &T,
) -> Result<(T, T)> {
    let x = match given {
        Some(x) if x.batch() == data.batch() => x.clone(),
        Some(x) => x.repeat(data.batch()),
        None => ones(a, data).zeros_like().repeat(data.batch()),
    };
    expect_finite("the start image", &x)?;
    let x = bounded(x, bound);
    if given.is_none() && bound.is_none_or(|bound| bound <= 0.0) {
        return Ok((x, data.zeros_like()));
    }
    let z = a.forward(&x)?;
    Ok((x, z))
}

/// `x`, not below `bound`.
pub(super) fn bounded<T: Array>(x: T, bound: Option<f64>) -> T {
    match bound {
        Some(bound) => x.at_least(bound),
        None => x,
    }
}

/// `1 / x`, and 0 where `x` is 0 or less.
pub(super) fn reciprocal<T: Array>(x: &T) -> T {
    x.elementwise(&[], &|x, _| if x > 0.0 { 1.0 / x } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use operators::Host;

    fn row(reals: &[f64]) -> Host<f64> {
        Host::new(&[1, 1, reals.len()], Field::Real, reals.to_vec())
    }

    #[test]
    fn bad_data_are_refused_by_name() {
        let refused = |y: &[f64], w: &[f64]| {
            let data = LineIntegrals::new(row(y), row(w));
            data.err().expect("an error").to_string()
        };
        let told = refused(&[1.0, f64::NAN], &[1.0, 1.0]);
        assert_eq!(told, "the measurement is not finite (item 0)");
        assert!(refused(&[1.0, 2.0], &[1.0, f64::INFINITY]).contains("precision"));
        assert!(refused(&[1.0, 2.0], &[1.0, -1.0]).contains("not negative, got -1"));
        assert!(refused(&[1.0, 2.0], &[0.0, 0.0]).contains("none in item 0"));
        assert!(refused(&[1.0, 2.0], &[1.0]).contains("Real[1, 1, 2]"));
    }

    #[test]
    fn what_was_not_measured_is_zero() {
        let data = LineIntegrals::new(row(&[5.0, 2.0]), row(&[0.0, 3.0])).unwrap();
        assert_eq!(data.y().reals(), [0.0, 2.0]);
        let (misfit, slope) = data.misfit(&row(&[9.0, 4.0]));
        assert_eq!((misfit[0], slope.reals()), (6.0, &[0.0, 6.0][..]));
    }
}
