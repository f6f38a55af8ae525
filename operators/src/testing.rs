//! One test, every backend.

use crate::check::{adjoint_gap, linearity_gap, normal_gap, relative_error};
use crate::likelihood::Likelihood;
use crate::{Array, Field, Host, LinearOperator, SliceRng, Vector};

/// A backend under test: where its arrays live, and how exact it is.
pub struct Backend<T: Array> {
    pub device: T::Device,
    pub tolerance: f64,
}

impl Backend<Host<f64>> {
    pub fn host_f64() -> Self {
        Backend {
            device: (),
            tolerance: 1e-12,
        }
    }
}

impl Backend<Host<f32>> {
    pub fn host_f32() -> Self {
        Backend {
            device: (),
            tolerance: 1e-6,
        }
    }
}

#[cfg(feature = "torch")]
impl Backend<crate::array::Torch> {
    pub fn torch_f32() -> Self {
        Backend {
            device: (tch::Device::Cpu, tch::Kind::Float),
            tolerance: 1e-6,
        }
    }
    pub fn torch_f64() -> Self {
        Backend {
            device: (tch::Device::Cpu, tch::Kind::Double),
            tolerance: 1e-12,
        }
    }
}

impl<T: Array> Backend<T> {
    /// Standard normal, the same numbers on every backend.
    pub fn random(&self, sizes: &[usize], field: Field, seed: u64) -> T {
        let mut rng = SliceRng::samples(seed, 0, sizes[0] as u32);
        let reals = Host::<f64>::zeros(sizes, field).normal_like(&mut rng);
        T::from_reals(&self.device, sizes, field, reals.reals())
    }

    /// A mask with weights 0, 1 and √2.
    pub fn mask(&self, rows: usize, columns: usize, seed: u64) -> T {
        let draws = self
            .random(&[1, rows, columns], Field::Real, seed)
            .to_reals();
        let weight = |d: &f64| {
            if *d < 0.3 {
                0.0
            } else if *d < 1.0 {
                1.0
            } else {
                2f64.sqrt()
            }
        };
        let reals: Vec<f64> = draws.iter().map(weight).collect();
        T::from_reals(&self.device, &[1, rows, columns], Field::Real, &reals)
    }
}

/// Adjoint, linear, and `normal` is what it says, for Gaussian vectors; batch of two.
pub fn assert_adjoint<T: Array, L: LinearOperator<T>>(b: &Backend<T>, a: &L) {
    let sized = |space: &crate::Space| [vec![2], space.sizes()].concat();
    let x = b.random(&sized(a.domain()), a.domain().field, 11);
    let y = b.random(&sized(a.range()), a.range().field, 12);
    let other = b.random(&sized(a.domain()), a.domain().field, 13);
    let found = adjoint_gap(a, &x, &y).unwrap();
    assert!(found.gap < b.tolerance, "{}: {found:?}", a.name());
    assert!(
        linearity_gap(a, &x, &other).unwrap() < b.tolerance,
        "{} is not linear",
        a.name()
    );
    assert!(
        normal_gap(a, &x).unwrap() < b.tolerance,
        "{}: normal is not AᴴA",
        a.name()
    );
}

/// Equal up to `tolerance` of the norm.
pub fn assert_close<T: Vector>(a: &T, b: &T, tolerance: f64) {
    let error = relative_error(a, b);
    assert!(
        error < tolerance,
        "relative error {error:.2e} > {tolerance:.0e}"
    );
}

/// What a likelihood says of an item, and the noise it draws for it, does not depend on the others.
pub fn assert_items_alone<T: Array>(noise: &dyn Likelihood<T>, z: &T) {
    type Map<'a, T> = &'a dyn Fn(&T) -> T;
    let rng = |item: usize| SliceRng::new(7, [(0, item as u32)]);
    let mut all = SliceRng::samples(7, 0, z.batch() as u32);
    let together = [
        noise.gradient_noise(z, &mut all).unwrap(),
        noise.simulate(z, &mut all).unwrap(),
    ];
    let maps: [Map<T>; 4] = [
        &|z| noise.gradient(z).unwrap(),
        &|z| noise.residual(z).unwrap(),
        &|z| noise.precision(z, z).unwrap(),
        &|z| noise.surrogate(z).unwrap()(z).unwrap(),
    ];
    for i in 0..z.batch() {
        let (alone, mut rng) = (z.items(i, i + 1), rng(i));
        assert_eq!(noise.nll(&alone)[0], noise.nll(z)[i], "nll");
        assert_eq!(noise.misfit(&alone)[0], noise.misfit(z)[i], "misfit");
        for map in maps {
            assert_eq!(map(&alone).to_reals(), map(z).items(i, i + 1).to_reals());
        }
        for (draws, own) in together.iter().zip([
            noise.gradient_noise(&alone, &mut rng).unwrap(),
            noise.simulate(&alone, &mut rng).unwrap(),
        ]) {
            assert_eq!(own.to_reals(), draws.items(i, i + 1).to_reals());
        }
    }
}

/// Instantiates a generic check for every backend.
macro_rules! for_each_backend {
    ($name:ident, $check:ident) => {
        mod $name {
            use crate::testing::Backend;
            #[test]
            fn host_f32() {
                super::$check(Backend::host_f32());
            }
            #[test]
            fn host_f64() {
                super::$check(Backend::host_f64());
            }
            #[cfg(feature = "torch")]
            #[test]
            fn torch_f32() {
                super::$check(Backend::torch_f32());
            }
            #[cfg(feature = "torch")]
            #[test]
            fn torch_f64() {
                super::$check(Backend::torch_f64());
            }
        }
    };
}
pub(crate) use for_each_backend;
