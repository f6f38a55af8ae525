//! Several coils, line integrals and degraded images, with what the bridge is told of each.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::toolkit::Image;
use super::dense::Dense;
use super::linear::{Linear, Noise};
use crate::guidance::{Measurement, NormalSpectrum};
use crate::protocol::{Bridge, ByRule, Rule};
use crate::score::StationaryGaussian;
use num_complex::Complex64;
use operators::ct::{Beam, Detector, Geometry, Grid};
use operators::imaging::{Blur, Kernel, Mask, SuperResolution};
use operators::{Axis, Field, Host, LinearOperator, Space};
use phantoms::TrigCoils;
use std::f64::consts::PI;

/// Side of the images.
const SIZE: usize = 16;

fn prior() -> StationaryGaussian {
    StationaryGaussian::new(16.0, 0.1, 1.4)
}

/// Something is measured everywhere.
fn everywhere(rows: usize, columns: usize) -> Image {
    Host::new(&[1, rows, columns], Field::Real, vec![1.0; rows * columns])
}

impl Linear {
    /// Of real images, with the spectrum that probes find.
    fn probed(
        names: [&'static str; 2],
        a: Box<dyn LinearOperator<Image>>,
        noise: Noise,
        table: Bridge,
    ) -> Result<Self, Failure> {
        let blank = Host::zeros(&[1, SIZE, SIZE], Field::Real);
        let z = a.forward(&blank)?;
        let likelihood = noise.likelihood(z.clone())?;
        let operator = a.as_ref();
        let bare = Measurement::new(&operator, likelihood.as_ref());
        let prior = prior();
        Ok(Linear {
            names,
            normal: NormalSpectrum::measure(&bare, &blank, 5)?,
            exact: Dense::new(a.as_ref(), &prior, &blank, noise.whitening(&z))?,
            a,
            prior,
            blank,
            noise,
            table,
        })
    }

    /// Four coils, every fourth line and the middle.
    pub fn coils(bench: &Bench<'_>) -> Result<Self, Failure> {
        let sigma_y = 0.05;
        let maps = TrigCoils::eight().first(4)?.maps(SIZE, SIZE);
        let elements: Vec<Complex64> = maps.iter().copied().collect();
        let maps = Host::from_complex(&[1, 4, SIZE, SIZE], &elements);
        let taken = |x: usize| x.is_multiple_of(4) || x.abs_diff(SIZE / 2) < 2;
        let mask = (0..SIZE * SIZE).map(|i| f64::from(u8::from(taken(i % SIZE))));
        let mask = Host::new(&[1, SIZE, SIZE], Field::Real, mask.collect());
        let normal = NormalSpectrum::of_scan(&maps, &mask, sigma_y)?;
        let a = bench.toolkit.sense(maps, mask.clone())?;
        let blank = Host::zeros(&[1, SIZE, SIZE], Field::Complex);
        let prior = prior();
        let noise = Noise::White(sigma_y, mask);
        let whitening = noise.whitening(&a.forward(&blank)?);
        Ok(Linear {
            names: ["coils", "MRI, four coils, a mask of k-space"],
            exact: Dense::new(a.as_ref(), &prior, &blank, whitening)?,
            a,
            prior,
            blank,
            noise,
            normal,
            table: Bridge::default(),
        })
    }

    /// Twelve parallel views of 24 bins.
    fn views(bench: &Bench<'_>) -> Result<Box<dyn LinearOperator<Image>>, Failure> {
        let grid = Grid::new(SIZE, SIZE, [1.0, 1.0]);
        let angles_rad = (0..12).map(|i| PI * f64::from(i) / 12.0).collect();
        let scan = Geometry::new(grid, Beam::Parallel, Detector::new(24, 1.0), angles_rad)?;
        Ok(bench.toolkit.projector(scan))
    }

    /// Line integrals with white noise.
    pub fn radon(bench: &Bench<'_>) -> Result<Self, Failure> {
        let a = Self::views(bench)?;
        let names = ["radon", "CT, twelve views, Gaussian noise"];
        let noise = Noise::White(0.5, everywhere(12, 24));
        Self::probed(names, a, noise, Bridge::default())
    }

    /// Line integrals of 4 to 3000 photons, as weighted least squares have them: the precision of a line integral is
    /// the number of its photons.
    pub fn weighted(bench: &Bench<'_>) -> Result<Self, Failure> {
        let photons = |i: usize| 4.0 * 750f64.powf(i as f64 * 0.618 % 1.0);
        let photons = (0..12 * 24).map(photons).collect();
        let precisions = Host::new(&[1, 12, 24], Field::Real, photons);
        let names = ["weighted", "CT, twelve views, a precision of every ray"];
        let table = Bridge {
            rounds: 1,
            ..Bridge::of_counts()
        };
        Self::probed(
            names,
            Self::views(bench)?,
            Noise::Weighted(precisions),
            table,
        )
    }

    /// A third of the pixels, a blur, a quarter of the pixels by averages: with the guard of their protocols.
    pub fn degraded() -> Result<[Self; 3], Failure> {
        let space = || Space::real(&[(Axis::Y, SIZE), (Axis::X, SIZE)]);
        let table = || Bridge {
            guard: ByRule::Rule(Rule::Rule),
            ..Bridge::default()
        };
        let seen = |i: usize| f64::from(u8::from(i as f64 * 0.618 % 1.0 < 0.35));
        let seen = Host::new(
            &[1, SIZE, SIZE],
            Field::Real,
            (0..SIZE * SIZE).map(seen).collect(),
        );
        let mask = Box::new(Mask::new(seen.clone(), space())?);
        let kernel = Kernel::gaussian(1.5)?;
        let blur = Box::new(Blur::<Image>::new(&(), space(), &kernel)?);
        let coarse = Box::new(SuperResolution::new(space(), 2)?);
        let half = SIZE / 2;
        let white = |rows, columns| Noise::White(0.05, everywhere(rows, columns));
        Ok([
            Self::probed(
                ["inpainting", "a third of the pixels"],
                mask,
                Noise::White(0.05, seen),
                table(),
            )?,
            Self::probed(
                ["blur", "a Gaussian blur"],
                blur,
                white(SIZE, SIZE),
                table(),
            )?,
            Self::probed(
                ["super-resolution", "means of 2 x 2 pixels"],
                coarse,
                white(half, half),
                table(),
            )?,
        ])
    }
}
