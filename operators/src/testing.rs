//! One test, every backend.

use crate::check::{adjoint_gap, jacobian_gap, linearity_gap, normal_gap, relative_error};
use crate::imaging::Spectral;
use crate::likelihood::Likelihood;
use crate::{Array, Field, Host, LinearOperator, Operator, SliceRng, Vector};

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

/// The derivative at `x` is that of central differences along `v`, linear, and has its adjoint
/// against `w` of the range; `A(x)` is the same with and without it.
pub fn assert_jacobian<T: Vector>(a: &dyn Operator<T>, tolerance: f64, [x, v, w]: [&T; 3]) {
    let exact = tolerance < 1e-9;
    let (h, limit) = if exact { (1e-5, 1e-6) } else { (1e-2, 2e-2) };
    let gap = jacobian_gap(a, x, v, h).unwrap();
    assert!(gap < limit, "the derivative is off by {gap:.1e}");
    let (y, jacobian) = a.linearize(x).unwrap();
    assert_close(&a.apply(x).unwrap(), &y, tolerance);
    let found = adjoint_gap(jacobian.as_ref(), v, w).unwrap();
    assert!(found.gap < tolerance, "{}: {found:?}", jacobian.name());
    let gap = linearity_gap(jacobian.as_ref(), v, x).unwrap();
    assert!(gap < tolerance, "{} is not linear", jacobian.name());
}

/// `A = U Σ Vᴴ`: V is unitary, `Aᴴ A = V Σ² Vᴴ`, `Aᴴ = V Σ² (Σ⁺ Uᴴ)`, and `A†` is an inverse where
/// there is one. `condition` is the largest singular value over the smallest that is not 0.
pub fn assert_spectral<T: Array>(b: &Backend<T>, a: &dyn Spectral<T>, condition: f64) {
    let sized = |space: &crate::Space| [vec![2], space.sizes()].concat();
    let x = b.random(&sized(a.domain()), a.domain().field, 11);
    let y = b.random(&sized(a.range()), a.range().field, 12);
    let (exact, inverted) = (10.0 * b.tolerance, 10.0 * condition * b.tolerance);
    let c = a.analyse(&x).unwrap();
    assert_close(&a.synthesise(&c).unwrap(), &x, exact);
    assert_close(&a.analyse(&a.synthesise(&x).unwrap()).unwrap(), &x, exact);
    assert!((c.norm()[1] / x.norm()[1] - 1.0).abs() < exact);

    let s = a.singular_values(&x);
    let measured = s.elementwise(&[], &|s, _| f64::from(s > 0.0));
    let squared = |c: &T| a.synthesise(&c.weighted(&s).weighted(&s)).unwrap();
    assert_close(&a.normal(&x).unwrap(), &squared(&c), exact);
    let from_y = a.data(&y).unwrap();
    assert_close(&squared(&from_y), &a.adjoint(&y).unwrap(), inverted);
    let ax = a.forward(&x).unwrap();
    assert_close(&a.data(&ax).unwrap(), &c.weighted(&measured), inverted);
    let row_space = a.pseudo_inverse(&ax).unwrap();
    assert_close(&a.forward(&row_space).unwrap(), &ax, inverted);
    let again = a.pseudo_inverse(&a.forward(&row_space).unwrap()).unwrap();
    assert_close(&again, &row_space, inverted);
    let by_hand = a.synthesise(&from_y).unwrap();
    assert_close(&a.pseudo_inverse(&y).unwrap(), &by_hand, inverted);
}

/// What `f` gives on so many threads of the host.
pub fn on_threads<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(f)
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
        // Sums of libtorch may take another order in another batch.
        let same = |a: f64, b: f64| assert!((a - b).abs() <= 1e-12 * b.abs(), "{a} not {b}");
        same(noise.nll(&alone)[0], noise.nll(z)[i]);
        same(noise.misfit(&alone)[0], noise.misfit(z)[i]);
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
