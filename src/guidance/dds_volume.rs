//! Decomposed diffusion sampling of a volume: slices that the network sees one by one, held together by total
//! variation from slice to slice.

use super::conditional::Guided;
use super::cosine::Cosines;
use super::dds::Dds;
use super::transition::share;
use super::{Guidance, Measurement, NormalSpectrum, Step};
use operators::likelihood::Surrogate;
use operators::solve::{CgParams, preconditioned_conjugate_gradient};
use operators::{Array, Direction, LinearOperator, Result, SliceRng, Vector};

/// `x0' = argmin Σ_i nll_i(A_i p_i) + ‖p - D‖²_{C⁻¹} / (2 γ) + ‖D_z p‖₁ / b` by rounds of the alternating direction
/// method of multipliers, then the step of [`Dds`]: the items of the batch are the slices of one volume.
///
/// `p ← argmin … + ‖D_z p - w + u‖² / (2 b²)` by conjugate gradients, `w ← soft(D_z p + u, b)`,
/// `u ← u + D_z p - w`; w and u go on from one noise level to the next. `1/b` is the weight of Laplace's law
/// of steps whose mean magnitude is b. Source: Chung et al. 2023 (DiffusionMBIR), eq. 13 to 15, with the
/// data's own noise and the prior's C for its two weights; Chung, Lee and Ye 2024, section 4.2. Of complex
/// images, whose law in the plane has the mean magnitude `2 b`, the weight is `2 / b` and the threshold `2 b`.
pub struct DdsVolume<'a, T: Clone + 'static> {
    /// γ, C, η and the conjugate gradients.
    pub dds: Dds,
    /// b: what neighbouring slices differ by, in units of the image.
    pub step: f64,
    /// Rounds at each noise level.
    pub rounds: usize,
    /// The measurement of every slice.
    pub slices: &'a [Measurement<'a, T>],
}

/// A volume as one vector: reductions run over all of its slices.
#[derive(Clone)]
struct Volume<T>(T);

impl<T: Array> Vector for Volume<T> {
    fn batch(&self) -> usize {
        1
    }
    fn reals(&self) -> usize {
        self.0.batch() * Vector::reals(&self.0)
    }
    fn zeros_like(&self) -> Self {
        Volume(self.0.zeros_like())
    }
    fn scale(&mut self, a: &[f64]) {
        self.0.scale(a);
    }
    fn axpy(&mut self, a: &[f64], x: &Self) {
        self.0.axpy(a, &x.0);
    }
    fn dot(&self, other: &Self) -> Vec<f64> {
        vec![self.0.dot(&other.0).iter().sum()]
    }
    fn normal_like(&self, rng: &mut SliceRng) -> Self {
        Volume(self.0.normal_like(rng))
    }
}

/// A slice around D: its J and the weights of its data.
struct Linear<'a, T> {
    j: Box<dyn LinearOperator<T> + 'a>,
    weigh: Surrogate<'a, T>,
}

impl<T: Array> Guidance<T> for DdsVolume<'_, T> {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let d = at.denoise()?;
        let mut noise = at.x.minus(&d);
        noise.scale(&[1.0 / at.sigma]);
        let x0 = self.solve(at, &d)?;
        Ok(share(&x0, &noise, self.dds.eta, at.next, at.rng))
    }
}

impl<T: Array> DdsVolume<'_, T> {
    fn solve(&self, at: &mut Step<'_, T>, d: &T) -> Result<T> {
        let guided = Guided::plain(self.dds.covariance, self.dds.cg_iterations);
        let c = guided.model(at).scaled(self.dds.gamma);
        let (linear, pull) = self.linearized(d)?;
        let rho = self.step.powi(-2);
        let h = |v: &Volume<T>| -> Result<Volume<T>> {
            let mut out = self.seen(&linear, &v.0)?;
            out.axpy(&[1.0], &c.apply(&v.0, |c| 1.0 / c));
            if v.0.batch() > 1 {
                out.axpy(&[rho], &back(&steps(&v.0)?)?);
            }
            Ok(Volume(out))
        };
        // The inverse of h where the data of all slices are alike and stationary.
        let normals: Vec<_> = self.slices.iter().filter_map(|s| s.normal).collect();
        let normal = NormalSpectrum::mean(&normals);
        let waves = Cosines::new(d.batch());
        let weights = |steep: f64| {
            c.weights_at(|c, mode| {
                let held = normal.as_ref().map_or(0.0, |n| n.at_mode(mode));
                1.0 / (1.0 / c + held + rho * steep)
            })
        };
        let inverse: Vec<T> = waves.steepness().into_iter().map(weights).collect();
        let inverse = T::concatenate(&inverse)?;
        let m = |r: &Volume<T>| {
            let k = waves.forward(&r.0.fft2(Direction::Forward));
            let k = waves.inverse(&k.weighted(&inverse));
            Volume(k.fft2(Direction::Inverse))
        };
        let params = CgParams {
            iterations: self.dds.cg_iterations,
            tolerance: 1e-6,
        };
        if d.batch() == 1 {
            let (v, _) = preconditioned_conjugate_gradient(h, m, &Volume(pull), params)?;
            return Ok(plus(d, &v.0));
        }
        let (mut w, mut u) = match (at.memory.pop(), at.memory.pop()) {
            (Some(u), Some(w)) => (w, u),
            _ => (steps(d)?, steps(d)?.zeros_like()),
        };
        let mut v = Volume(d.zeros_like());
        for _ in 0..self.rounds {
            // ρ D_zᵀ (w - u - D_z D), and what the last round left to do.
            let mut b = pull.clone();
            b.axpy(&[rho], &back(&w.minus(&u).minus(&steps(d)?))?);
            let b = Volume(b).minus(&h(&v)?);
            let (more, _) = preconditioned_conjugate_gradient(h, m, &b, params)?;
            v.axpy(&[1.0], &more);
            let now = plus(&steps(&plus(d, &v.0))?, &u);
            w = soft(&now, self.step * d.field().reals() as f64);
            u = now.minus(&w);
        }
        at.memory.extend([w, u]);
        Ok(plus(d, &v.0))
    }

    /// Every slice around D, and the pull of all data on it.
    fn linearized(&self, d: &T) -> Result<(Vec<Linear<'_, T>>, T)> {
        let (mut linear, mut pulls) = (Vec::new(), Vec::new());
        for (i, slice) in self.slices.iter().enumerate() {
            let (z, j) = slice.operator.linearize(&d.items(i, i + 1))?;
            let pull = slice.likelihood.gradient(&z)?.scaled(-1.0);
            pulls.push(j.adjoint(&pull)?);
            let weigh = slice.likelihood.surrogate(&z)?;
            linear.push(Linear { j, weigh });
        }
        Ok((linear, T::concatenate(&pulls)?))
    }

    /// `Jᴴ Λ J v` of every slice.
    fn seen(&self, linear: &[Linear<'_, T>], v: &T) -> Result<T> {
        let one = |(i, l): (usize, &Linear<'_, T>)| {
            let seen = (l.weigh)(&l.j.forward(&v.items(i, i + 1))?)?;
            l.j.adjoint(&seen)
        };
        let all: Result<Vec<T>> = linear.iter().enumerate().map(one).collect();
        T::concatenate(&all?)
    }
}

fn plus<T: Vector>(a: &T, b: &T) -> T {
    let mut sum = a.clone();
    sum.axpy(&[1.0], b);
    sum
}

/// `D_z x`: each slice from the one before.
pub(super) fn steps<T: Array>(x: &T) -> Result<T> {
    let n = x.batch();
    Ok(x.items(1, n).minus(&x.items(0, n - 1)))
}

/// `D_zᵀ w`.
pub(super) fn back<T: Array>(w: &T) -> Result<T> {
    let none = w.items(0, 1).zeros_like();
    let before = T::concatenate(&[none.clone(), w.clone()])?;
    let after = T::concatenate(&[w.clone(), none])?;
    Ok(before.minus(&after))
}

/// Every element shortened by b, to 0 at least; a complex one keeps its phase.
fn soft<T: Array>(x: &T, b: f64) -> T {
    let shortened: Vec<f64> = x
        .to_reals()
        .chunks(x.field().reals())
        .flat_map(|element| {
            let length = element.iter().map(|r| r * r).sum::<f64>().sqrt();
            let factor = if length > b { 1.0 - b / length } else { 0.0 };
            element.iter().map(move |r| r * factor).collect::<Vec<_>>()
        })
        .collect();
    T::from_reals(&x.device(), &x.sizes(), x.field(), &shortened)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guidance::CovarianceModel;
    use crate::score::StationaryGaussian;
    use operators::imaging::Mask;
    use operators::likelihood::Gaussian;
    use operators::{Axis, Field, Host, Space};

    type Image = Host<f64>;

    const SIGMA_Y: f64 = 0.2;

    /// Iterations of conjugate gradients that are more than enough.
    const MANY: usize = 40;

    /// `x0'` of states of deviation 0.3, under white noise of variance 1 as the prior, every pixel measured as
    /// `y` of its slice.
    fn x0(x: &Image, y: &[f64], step: f64, rounds: usize) -> Image {
        x0_after(MANY, x, y, step, rounds)
    }

    fn x0_after(cg_iterations: usize, x: &Image, y: &[f64], step: f64, rounds: usize) -> Image {
        let sizes = x.sizes();
        let n = sizes[1] * sizes[2];
        let space = || Space::real(&[(Axis::Y, sizes[1]), (Axis::X, sizes[2])]);
        let full = |v: f64| Host::new(&[1, sizes[1], sizes[2]], Field::Real, vec![v; n]);
        let masks: Vec<_> = y
            .iter()
            .map(|_| Mask::new(full(1.0), space()).unwrap())
            .collect();
        let noises: Vec<_> = y
            .iter()
            .map(|y| Gaussian::new(full(*y), SIGMA_Y, full(1.0)).unwrap())
            .collect();
        let one = |(a, noise): (&'_ Mask<Image>, &'_ Gaussian<Image>)| {
            NormalSpectrum::measure(&Measurement::new(a, noise), &full(0.0), 3).unwrap()
        };
        let spectra: Vec<_> = masks.iter().zip(&noises).map(one).collect();
        let measured = masks.iter().zip(&noises).zip(&spectra);
        let slices: Vec<Measurement<'_, Image>> = measured
            .map(|((a, noise), normal)| Measurement {
                normal: Some(normal),
                ..Measurement::new(a, noise)
            })
            .collect();
        let rule = DdsVolume {
            dds: Dds {
                gamma: 1.0,
                covariance: CovarianceModel::Sigma,
                eta: 0.85,
                cg_iterations,
            },
            step,
            rounds,
            slices: &slices,
        };
        let prior = StationaryGaussian::new(1.0, 1.0, 0.0);
        let mut rng = SliceRng::samples(5, 0, sizes[0] as u32);
        let mut memory = Vec::new();
        let mut at = Step::new(x, [0.3, 0.0], &prior, None, &mut rng, &mut memory);
        rule.step(&mut at).unwrap()
    }

    fn states(slices: usize) -> Image {
        let blank = Image::zeros(&[slices, 3, 4], Field::Real);
        blank.normal_like(&mut SliceRng::samples(4, 0, slices as u32))
    }

    /// What every slice would be by itself: `(w_y y + w_d D) / (w_y + w_d)`.
    fn alone(x: &Image, y: &[f64]) -> (Vec<f64>, f64) {
        let (data, prior) = (SIGMA_Y.powi(-2), 0.3f64.powi(-2));
        let weight = data + prior;
        let each = x.reals().iter().enumerate().map(|(i, x)| {
            let d = x / (1.0 + 0.09);
            (data * y[i / 12] + prior * d) / weight
        });
        (each.collect(), weight)
    }

    /// Two slices in closed form: the sum of a pixel is kept, its difference shortened by `2 / (b w)`.
    #[test]
    fn two_slices_come_together_as_total_variation_says() {
        let (x, y) = (states(2), [0.4, 1.0]);
        let (means, weight) = alone(&x, &y);
        let b = 0.25;
        let found = x0(&x, &y, b, 400);
        for i in 0..12 {
            let (one, two) = (means[i], means[12 + i]);
            let apart = two - one;
            let kept = apart.signum() * (apart.abs() - 2.0 / (b * weight)).max(0.0);
            let expected = [0.5 * (one + two - kept), 0.5 * (one + two + kept)];
            for (n, expected) in expected.iter().enumerate() {
                let got = found.reals()[12 * n + i];
                assert!(
                    (got - expected).abs() < 1e-3,
                    "{i}: {got}, expected {expected}"
                );
            }
        }
    }

    /// The ends: nothing in common, and all in common.
    #[test]
    fn large_steps_leave_slices_alone_and_small_ones_make_them_one() {
        let (x, y) = (states(4), [0.1, 0.5, 0.2, 0.9]);
        let (means, _) = alone(&x, &y);
        let free = x0(&x, &y, 1e4, 2);
        let off = free.reals().iter().zip(&means).map(|(a, b)| (a - b).abs());
        assert!(off.fold(0.0, f64::max) < 1e-3);
        let one = x0(&x, &y, 0.02, 600);
        for i in 0..12 {
            let mean = (0..4).map(|n| means[12 * n + i]).sum::<f64>() / 4.0;
            for n in 0..4 {
                let got = one.reals()[12 * n + i];
                assert!(
                    (got - mean).abs() < 5e-3,
                    "{i}, {n}: {got}, expected {mean}"
                );
            }
        }
    }

    /// Small steps tie the slices together far more strongly than the data hold them.
    #[test]
    fn of_stationary_data_one_iteration_is_enough_at_any_step() {
        let (x, y) = (states(6), [0.1, 0.5, 0.2, 0.9, 0.3, 0.4]);
        for step in [1.0, 0.1, 0.003] {
            let (one, many) = (x0_after(1, &x, &y, step, 3), x0(&x, &y, step, 3));
            let off = one.reals().iter().zip(many.reals());
            let off = off.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(off < 1e-6, "{step}: {off}");
        }
    }

    #[test]
    fn the_steps_have_their_transpose() {
        let (x, w) = (states(5), states(4));
        let left: f64 = steps(&x).unwrap().dot(&w).iter().sum();
        let right: f64 = x.dot(&back(&w).unwrap()).iter().sum();
        assert!((left - right).abs() < 1e-12);
    }
}
