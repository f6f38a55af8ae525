//! Linearity and adjoint of the projector.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::Evidence;
use super::{beams, scan};
use operators::check::{adjoint_gap, linearity_gap};
use operators::{Field, Host, SliceRng, Vector};

/// `<A x, y> = <x, Aᵀ y>` and `A(x + a y) = A x + a A y` for every beam.
pub(in super::super) fn laws(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let why = "rounding of double precision: forward and adjoint use one set of rays; a \
               pixel-driven adjoint is off by 1e-3 or more";
    for (name, beam) in beams() {
        let (size, views, bins) = (63, 45, 97);
        let a = bench.toolkit.projector(scan(size, views, bins, beam)?);
        let random = |sizes: &[usize], item: u32| {
            let mut rng = SliceRng::samples(bench.seed, 1 + item, 2);
            Host::<f64>::zeros(sizes, Field::Real).normal_like(&mut rng)
        };
        let x = random(&[2, size, size], 0);
        let y = random(&[2, views, bins], 1);
        let gap = adjoint_gap(a.as_ref(), &x, &y)?;
        let what = "|<A x, y> - <x, A* y>| / (|A x| |y|)";
        evidence.at_most(
            &format!("ct.laws.adjoint.{name}"),
            what,
            gap.gap,
            1e-12,
            why,
        );
        let linear = linearity_gap(a.as_ref(), &x, &random(&[2, size, size], 2))?;
        let what = "|A(x + a y) - A x - a A y| / |A x|";
        evidence.at_most(&format!("ct.laws.linear.{name}"), what, linear, 1e-12, why);
    }
    Ok(())
}
