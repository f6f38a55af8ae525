//! Linearity and adjoint of the projector.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::Evidence;
use super::super::gate::{in_single_precision, largest};
use super::{beams, scan};
use crate::recon::{DeviceChoice, find_device};
use operators::array::Torch;
use operators::check::{adjoint_gap, linearity_gap};
use operators::ct::Projector;
use operators::{Array, Field, Host, SliceRng, Vector};
use tch::Kind;

/// Pixels a side, views and bins.
const SCAN: (usize, usize, usize) = (63, 45, 97);

/// `<A x, y> = <x, Aᵀ y>` and `A(x + a y) = A x + a A y` for every beam.
pub(in super::super) fn laws(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let why = "rounding of double precision: forward and adjoint use one set of rays; a \
               pixel-driven adjoint is off by 1e-3 or more";
    for (name, beam) in beams() {
        let (size, views, bins) = SCAN;
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
    let device = find_device(DeviceChoice::Auto)?;
    for (backend, gaps) in [
        ("host", single::<Host<f32>>(bench, &())?),
        ("libtorch", single::<Torch>(bench, &(device, Kind::Float))?),
    ] {
        in_single_precision(evidence, "ct.laws", backend, gaps);
    }
    Ok(())
}

/// The largest gaps of adjoint and linearity of all beams, in the arithmetic of a reconstruction.
fn single<T: Array>(bench: &Bench<'_>, device: &T::Device) -> Result<[f64; 2], Failure> {
    let (size, views, bins) = SCAN;
    let random = |sizes: &[usize], item: u32| {
        let mut rng = SliceRng::samples(bench.seed, 1 + item, 2);
        let reals = Host::<f64>::zeros(sizes, Field::Real).normal_like(&mut rng);
        T::from_reals(device, sizes, Field::Real, reals.reals())
    };
    let (x, other) = (random(&[2, size, size], 0), random(&[2, size, size], 2));
    let y = random(&[2, views, bins], 1);
    let mut found: [Vec<f64>; 2] = Default::default();
    for (_, beam) in beams() {
        let a = Projector::new(scan(size, views, bins, beam)?);
        found[0].push(adjoint_gap(&a, &x, &y)?.gap);
        found[1].push(linearity_gap(&a, &x, &other)?);
    }
    Ok(found.map(largest))
}
