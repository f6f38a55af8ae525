//! Phase retrieval without a prior.

use operators::imaging::PhaseRetrieval;
use operators::{Array, Axis, Field, Host, Operator, Result, SliceRng, Space, Vector};

/// Starts, and iterations of each: [`ERRORS`] of them without feedback, at the end.
const STARTS: u32 = 6;
const ITERATIONS: usize = 300;
const ERRORS: usize = 60;
/// Sets its random numbers apart from those of samplers.
const STREAM: u64 = 0x5048_4153_4553_2121;
/// Feedback β where a constraint is broken.
const FEEDBACK: f64 = 0.9;

/// The image (rows, columns) that is never negative and whose magnitudes `|F P x|` are nearest to
/// `magnitudes` (rows, columns of the data) where `measured` is 1: the best of several starts from noise.
/// What was not measured, such as behind a beam stop, is left as the image has it.
///
/// What turns the image by half a turn or shifts it within its frame leaves the magnitudes as they
/// are: which of them comes is chance.
/// Source: Fienup 1982 (Appl. Opt. 21:2758), hybrid input-output with β = 0.9, then error reduction.
pub fn hybrid_input_output(
    [rows, columns]: [usize; 2],
    [magnitudes, measured]: [&Host<f64>; 2],
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
        let noise = support.normal_like(&mut SliceRng::samples(seed ^ STREAM, start, 1));
        let mut x = noise.elementwise(&[&support], &|n, s| n.abs() * s[0]);
        for iteration in 0..ITERATIONS {
            let (own, j) = whole.linearize(&x)?;
            let known = |y: f64, beside: &[f64]| if beside[0] > 0.0 { y } else { beside[1] };
            let seen = j.adjoint(&magnitudes.elementwise(&[measured, &own], &known))?;
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
        let apart = whole.apply(&x)?.minus(magnitudes).times(measured).norm()[0];
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

    /// Of magnitudes with or without those around frequency 0.
    fn least_error(stopped: bool) -> f64 {
        let (rows, columns) = (9, 10);
        let truth = shape();
        let space = Space::real(&[(Axis::Y, rows), (Axis::X, columns)]);
        let magnitudes = PhaseRetrieval::new(space, 2.0)
            .unwrap()
            .apply(&truth)
            .unwrap();
        let near = |i: usize| (i / 20).abs_diff(9) < 2 && (i % 20).abs_diff(10) < 2;
        let seen = (0..360).map(|i| f64::from(u8::from(!(stopped && near(i)))));
        let measured = Host::from_reals(&(), &[1, 18, 20], Field::Real, &seen.collect::<Vec<_>>());
        let given = magnitudes.times(&measured);
        let found = hybrid_input_output([rows, columns], [&given, &measured], 1).unwrap();
        let turned: Vec<f64> = found.to_reals().into_iter().rev().collect();
        let turned = Host::from_reals(&(), &[1, rows, columns], Field::Real, &turned);
        let error = |x: &Host<f64>| x.minus(&truth).norm()[0] / truth.norm()[0];
        error(&found).min(error(&turned))
    }

    fn shape() -> Host<f64> {
        let value = |i: usize| {
            let (y, x) = ((i / 10) as f64, (i % 10) as f64);
            // It touches all four borders, so that nothing can shift.
            1.0 + 0.5 * (y * 0.9).sin() + 0.3 * (x * y * 0.2).cos()
        };
        let values: Vec<f64> = (0..90).map(value).collect();
        Host::from_reals(&(), &[1, 9, 10], Field::Real, &values)
    }

    #[test]
    fn a_beam_stop_leaves_the_frequencies_behind_it_free() {
        let least = least_error(true);
        assert!(least < 0.1, "{least}");
    }

    #[test]
    fn a_bright_shape_is_found_up_to_its_companions() {
        let least = least_error(false);
        assert!(least < 0.05, "{least}");
    }
}
