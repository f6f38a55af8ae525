//! MLTR: maximum likelihood of the counts of a transmission scan.

use super::Trace;
use super::line_integrals::{expect_finite, ones};
use operators::likelihood::{Likelihood, TransmissionPoisson};
use operators::{Array, Error, LinearOperator, Result};

/// `argmin_{x ≥ 0} -log p(counts | A x)` by separable parabolas:
/// `x ← [x - Aᵀh' / Aᵀ(c A 1)]₊` with the slope `h'` and the optimal curvature `c` of each ray.
///
/// The likelihood falls in no iteration, from whatever `start` (an image per item; zero, or a
/// filtered back-projection that saves most of the way); where it is stopped decides what noise
/// comes in. The objective is the negative log-likelihood, 0 for a perfect fit. An iteration
/// applies `A` once and `Aᵀ` twice. `A` has no negative coefficient.
/// Sources: Nuyts et al. 1998 (PMB 43:729), Erdoğan and Fessler 1999 (PMB 44:2835).
///
/// Errors: a start or a likelihood that is not finite.
pub fn mltr<T: Array>(
    a: &dyn LinearOperator<T>,
    counts: &TransmissionPoisson<T>,
    start: &T,
    iterations: usize,
    tick: &mut dyn FnMut() -> bool,
) -> Result<(T, Trace)> {
    expect_finite("the start image", start)?;
    let lengths = a.forward(&ones(a, start))?;
    let mut x = start.at_least(0.0);
    let mut z = a.forward(&x)?;
    let mut trace = Trace::new(x.batch());
    let what = "the likelihood of MLTR";
    trace.note(what, &counts.nll(&z), |_| true)?;
    for _ in 0..iterations {
        let slope = a.adjoint(&counts.gradient(&z)?)?;
        let curvature = a.adjoint(&counts.curvature(&z).weighted(&lengths))?;
        x = x.elementwise(&[&slope, &curvature], &|x, of| match of {
            [slope, curvature] if *curvature > 0.0 => (x - slope / curvature).max(0.0),
            _ => x,
        });
        z = a.forward(&x)?;
        trace.note(what, &counts.nll(&z), |_| true)?;
        if !tick() {
            return Err(Error::Interrupted);
        }
    }
    Ok((x, trace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classical::testing::Rays;
    use operators::array::Real;
    use operators::likelihood::Scan;
    use operators::{Field, Host, SliceRng, Vector};

    type Rule = TransmissionPoisson<Host<f64>>;

    /// Counts of `truth`, drawn; every ninth bin is dead, and `spoilt` stands in its counts.
    fn counts(rays: &Rays<f64>, photons: f64, spoilt: f64) -> Rule {
        let z = rays.forward(&rays.image(1, 4).scaled(0.3)).unwrap();
        let alive = z.zeros_like();
        let scan = |counts: Host<f64>| {
            let n = counts.reals().len();
            let photons = (0..n).map(|i| if i % 9 == 4 { 0.0 } else { photons });
            let photons = Host::new(&alive.sizes(), Field::Real, photons.collect());
            Scan {
                background: photons.scaled(0.02),
                electronic_variance: 3.0,
                photons,
                counts,
            }
        };
        let blank = Rule::new(scan(alive.clone())).unwrap();
        let mut drawn = blank.simulate(&z, &mut SliceRng::samples(3, 0, 1)).unwrap();
        let n = drawn.reals().len();
        (0..n)
            .filter(|i| i % 9 == 4)
            .for_each(|i| drawn.reals_mut()[i] = spoilt);
        Rule::new(scan(drawn)).unwrap()
    }

    fn falls(values: &[f64], rounding: f64) -> bool {
        values
            .windows(2)
            .all(|v| v[1] <= v[0] + rounding * v[0].abs())
    }

    /// At the end the slope is 0 where the image is positive, and not negative where it is 0.
    #[test]
    fn its_fixed_point_has_no_projected_gradient() {
        let rays = Rays::<f64>::new(5, 7, 90, 1);
        let counts = counts(&rays, 200.0, 0.0);
        let start = rays.image(1, 4).zeros_like();
        let (x, trace) = mltr(&rays, &counts, &start, 5000, &mut || true).unwrap();
        assert!(falls(&trace.objective[0], 1e-12));
        let slope = |x: &Host<f64>| {
            let z = rays.forward(x).unwrap();
            rays.adjoint(&counts.gradient(&z).unwrap()).unwrap()
        };
        let (first, last) = (slope(&start).norm()[0], slope(&x));
        let on_bound = x.reals().iter().filter(|x| **x < 1e-9).count();
        assert!(on_bound > 0 && on_bound < 30, "{on_bound} pixels at 0");
        for (x, slope) in x.reals().iter().zip(last.reals()) {
            let projected = if *x < 1e-9 { slope.min(0.0) } else { *slope };
            assert!(
                projected.abs() < 1e-6 * first,
                "{x}: {projected:e} of {first:e}"
            );
        }
    }

    /// From zero, from far above, and where the background is half of what arrives.
    #[test]
    fn the_likelihood_never_falls() {
        let rays = Rays::<f64>::new(5, 7, 90, 1);
        for photons in [3.0, 200.0, 1e6] {
            let counts = counts(&rays, photons, 0.0);
            for far in [0.0, 0.3, 30.0] {
                let start = rays.image(2, 9).scaled(far);
                let (x, trace) = mltr(&rays, &counts, &start, 60, &mut || true).unwrap();
                assert!(falls(&trace.objective[0], 1e-12) && falls(&trace.objective[1], 1e-12));
                assert!(x.reals().iter().all(|x| *x >= 0.0));
            }
        }
    }

    #[test]
    fn dead_bins_say_nothing() {
        let rays = Rays::<f64>::new(5, 7, 90, 1);
        let start = rays.image(1, 4).zeros_like();
        let run = |spoilt| {
            let counts = counts(&rays, 200.0, spoilt);
            mltr(&rays, &counts, &start, 30, &mut || true).unwrap()
        };
        assert_eq!(run(0.0), run(1e7));
    }

    fn items_alone<F: Real>()
    where
        num_complex::Complex<F>: bytemuck::Pod,
    {
        let rays = Rays::<F>::new(5, 7, 90, 1);
        let z = rays.forward(&rays.image(1, 4)).unwrap();
        let counts = TransmissionPoisson::new(Scan {
            counts: z.elementwise(&[], &|z, _| (50.0 * (-0.3 * z).exp()).round()),
            photons: z.elementwise(&[], &|_, _| 50.0),
            background: z.zeros_like(),
            electronic_variance: 0.0,
        })
        .unwrap();
        let starts = rays.image(3, 6);
        let (together, trace) = mltr(&rays, &counts, &starts, 20, &mut || true).unwrap();
        for i in 0..3 {
            let start = starts.items(i, i + 1);
            let (alone, one) = mltr(&rays, &counts, &start, 20, &mut || true).unwrap();
            assert_eq!(alone.reals(), together.items(i, i + 1).reals());
            assert_eq!(one.objective[0], trace.objective[i]);
        }
    }

    #[test]
    fn an_item_gives_the_same_bits_alone() {
        items_alone::<f32>();
        items_alone::<f64>();
    }

    #[test]
    fn it_refuses_and_stops() {
        let rays = Rays::<f64>::new(5, 7, 90, 1);
        let counts = counts(&rays, 200.0, 0.0);
        let start = rays.image(1, 4);
        let stopped = mltr(&rays, &counts, &start, 60, &mut || false);
        assert!(matches!(stopped, Err(Error::Interrupted)));
        let told = mltr(&rays, &counts, &start.scaled(f64::NAN), 60, &mut || true);
        let told = told.expect_err("not a number").to_string();
        assert_eq!(told, "the start image is not finite (item 0)");
    }
}
