//! Linearity and adjoint of the multi-coil operator.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Table};
use super::super::gate::{in_single_precision, largest};
use super::maps;
use crate::recon::{DeviceChoice, find_device};
use operators::array::Torch;
use operators::check::{adjoint_gap, linearity_gap, normal_gap};
use operators::{Array, Field, Host, SliceRng, Vector};
use phantoms::TrigCoils;
use tch::Kind;

/// Coils, rows, columns: odd, unequal and even.
const SIZES: [[usize; 3]; 3] = [[3, 7, 9], [8, 64, 63], [2, 96, 128]];

/// `<A x, y> = <x, Aᴴ y>`, `A(x + a y) = A x + a A y`, and the normal operator is `Aᴴ A`.
pub(in super::super) fn laws(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let mut table = Table::new(
        "In double precision, relative to the norms",
        &[
            "coils x rows x columns",
            "adjoint",
            "scale",
            "linear",
            "normal",
        ],
    );
    let mut found: [Vec<f64>; 4] = Default::default();
    for [coils, rows, columns] in SIZES {
        let sensitivities = TrigCoils::eight().first(coils)?.maps(rows, columns);
        let mut rng = SliceRng::samples(bench.seed, 0, 1);
        let noise = Host::<f64>::zeros(&[1, rows, columns], Field::Real).normal_like(&mut rng);
        let weights = noise.reals().iter().map(|v| f64::from(*v > -0.3)).collect();
        let mask = Host::new(&[1, rows, columns], Field::Real, weights);
        let a = bench.toolkit.sense(maps(&sensitivities), mask)?;
        let random = |sizes: &[usize], item: u32| {
            let mut rng = SliceRng::samples(bench.seed, 1 + item, 2);
            Host::<f64>::zeros(sizes, Field::Complex).normal_like(&mut rng)
        };
        let x = random(&[2, rows, columns], 0);
        let other = random(&[2, rows, columns], 1);
        let y = random(&[2, coils, rows, columns], 2);
        let gap = adjoint_gap(a.as_ref(), &x, &y)?;
        let linear = linearity_gap(a.as_ref(), &x, &other)?;
        let normal = normal_gap(a.as_ref(), &x)?;
        table.row(
            &format!("{coils} x {rows} x {columns}"),
            &[gap.gap, gap.scale, linear, normal],
        );
        let scale = (gap.scale - 1.0).abs();
        for (all, one) in found.iter_mut().zip([gap.gap, scale, linear, normal]) {
            all.push(one);
        }
    }
    evidence.tables.push(table);
    let why = "rounding of double precision";
    let scaled = "rounding, over the cosine of A x and y, which random vectors make small";
    for ((name, what, most, why), found) in [
        (
            "adjoint",
            "|<A x, y> - <x, A* y>| / (|A x| |y|)",
            1e-12,
            why,
        ),
        ("scale", "|<x, A* y> / <A x, y> - 1|", 1e-9, scaled),
        ("linear", "|A(x + a y) - A x - a A y| / |A x|", 1e-12, why),
        ("normal", "|N x - A* A x| / |A* A x|", 1e-12, why),
    ]
    .into_iter()
    .zip(found)
    {
        evidence.at_most(&format!("mri.laws.{name}"), what, largest(found), most, why);
    }
    let device = find_device(DeviceChoice::Auto)?;
    let libtorch = single::<Torch>(bench, &(device, Kind::Float))?;
    for (backend, [adjoint, linear]) in [
        ("host", single::<Host<f32>>(bench, &())?),
        ("libtorch", libtorch),
    ] {
        in_single_precision(evidence, "mri.laws", backend, [adjoint, linear]);
    }
    Ok(())
}

/// Gaps of adjoint and linearity in the arithmetic of a reconstruction.
fn single<T: Array + 'static>(bench: &Bench<'_>, device: &T::Device) -> Result<[f64; 2], Failure> {
    let [coils, rows, columns] = SIZES[1];
    let sensitivities = TrigCoils::eight().first(coils)?.maps(rows, columns);
    let reals: Vec<f64> = sensitivities.iter().flat_map(|z| [z.re, z.im]).collect();
    let maps = T::from_reals(device, &[1, coils, rows, columns], Field::Complex, &reals);
    let taken: Vec<f64> = (0..rows * columns)
        .map(|i| f64::from(u8::from(i % columns % 3 != 1)))
        .collect();
    let mask = T::from_reals(device, &[1, rows, columns], Field::Real, &taken);
    let a = operators::mri::sense(maps, mask)?;
    let random = |sizes: &[usize], item: u32| {
        let mut rng = SliceRng::samples(bench.seed, 1 + item, 2);
        let reals = Host::<f64>::zeros(sizes, Field::Complex).normal_like(&mut rng);
        T::from_reals(device, sizes, Field::Complex, reals.reals())
    };
    let (x, other) = (
        random(&[2, rows, columns], 0),
        random(&[2, rows, columns], 1),
    );
    let y = random(&[2, coils, rows, columns], 2);
    Ok([adjoint_gap(&a, &x, &y)?.gap, linearity_gap(&a, &x, &other)?])
}
