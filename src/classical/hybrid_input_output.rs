//! Phase retrieval without a prior.

use operators::imaging::PhaseRetrieval;
use operators::{Array, Axis, Field, Host, Operator, Result, SliceRng, Space, Vector};

/// Starts, and iterations of each: [`ERRORS`] of them without feedback, at the end.
const STARTS: u32 = 6;
const ITERATIONS: usize = 300;
const ERRORS: usize = 60;
/// Feedback β where a constraint is broken.
const FEEDBACK: f64 = 0.9;

/// The image (rows, columns) that is never negative and whose magnitudes `|F P x|` are nearest to
/// `magnitudes` (rows, columns of the data): the best of several starts from noise.
///
/// What turns the image by half a turn or shifts it within its frame leaves the magnitudes as they
/// are: which of them comes is chance.
/// Source: Fienup 1982 (Appl. Opt. 21:2758), hybrid input-output with β = 0.9, then error reduction.
pub fn hybrid_input_output(
    [rows, columns]: [usize; 2],
    magnitudes: &Host<f64>,
    seed: u64,
) -> Result<Host<f64>> {
    let sizes = magnitudes.sizes();
    let (high, wide) = (sizes[1], sizes[2]);
    let whole = PhaseRetrieval::new(Space::real(&[(Axis::Y, high), (Axis::X, wide)]), 1.0)?;
    let (top, left) = (high / 2 - rows / 2, wide / 2 - columns / 2);
    let inside = |i: usize| {
        let (y, x) = (i / wide, i % wide);
        (top..top + rows).contains(&y) && (left..left + columns).contains(&x)
    };
    let support: Vec<f64> = (0..high * wide).map(|i| f64::from(inside(i))).collect();
    let support = Host::from_reals(&(), &[1, high, wide], Field::Real, &support);
    let mut best: Option<(f64, Host<f64>)> = None;
    for start in 0..STARTS {
        let noise = support.normal_like(&mut SliceRng::samples(seed, start, 1));
        let mut x = noise.elementwise(&[&support], &|n, s| n.abs() * s[0]);
        for iteration in 0..ITERATIONS {
            let (_, j) = whole.linearize(&x)?;
            let seen = j.adjoint(magnitudes)?;
            let feedback = if iteration + ERRORS < ITERATIONS {
                FEEDBACK
            } else {
                0.0
            };
            x = seen.elementwise(&[&support, &x], &|seen, beside| {
                let [inside, before] = [beside[0], beside[1]];
                match (inside > 0.0 && seen >= 0.0, feedback > 0.0) {
                    (true, _) => seen,
                    (false, true) => before - feedback * seen,
                    (false, false) => 0.0,
                }
            });
        }
        let apart = whole.apply(&x)?.minus(magnitudes).norm()[0];
        if best.as_ref().is_none_or(|(least, _)| apart < *least) {
            best = Some((apart, x));
        }
    }
    let (_, x) = best.expect("there is at least one start");
    let reals = x.to_reals();
    let pixels = (0..reals.len()).filter(|i| inside(*i)).map(|i| reals[i]);
    let pixels: Vec<f64> = pixels.collect();
    Ok(Host::from_reals(
        &(),
        &[1, rows, columns],
        Field::Real,
        &pixels,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bright_shape_is_found_up_to_its_companions() {
        let value = |i: usize| {
            let (y, x) = ((i / 10) as f64, (i % 10) as f64);
            // It touches all four borders, so that nothing can shift.
            1.0 + 0.5 * (y * 0.9).sin() + 0.3 * (x * y * 0.2).cos()
        };
        let values: Vec<f64> = (0..90).map(value).collect();
        let truth = Host::<f64>::from_reals(&(), &[1, 9, 10], Field::Real, &values);
        let space = Space::real(&[(Axis::Y, 9), (Axis::X, 10)]);
        let a = PhaseRetrieval::new(space, 2.0).unwrap();
        let found = hybrid_input_output([9, 10], &a.apply(&truth).unwrap(), 1).unwrap();
        let turned: Vec<f64> = found.to_reals().into_iter().rev().collect();
        let turned = Host::from_reals(&(), &[1, 9, 10], Field::Real, &turned);
        let error = |x: &Host<f64>| x.minus(&truth).norm()[0] / truth.norm()[0];
        let least = error(&found).min(error(&turned));
        assert!(least < 0.05, "{least}");
    }
}
