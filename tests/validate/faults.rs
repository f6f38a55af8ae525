//! Ten deliberate faults, each a toolkit that is sound but for one thing.

use annulus::guidance::{Guidance, Measurement};
use annulus::io::Volume;
use annulus::protocol::Protocol;
use annulus::recon::Format;
use annulus::score::{Card, Denoiser, Estimate, Schedule, Want};
use annulus::validate::{Job, Prior, Real, Toolkit};
use ndarray::{Array2, Array3, s};
use num_complex::{Complex32, Complex64};
use operators::ct::{Geometry, Projector};
use operators::{Array, Direction, Field, Host, LinearOperator, Result, SliceRng, Space, Vector};
use std::path::{Path, PathBuf};

type Made<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
type Image = Host<f64>;

/// An operator whose forward and adjoint are changed.
struct Changed {
    inner: Box<dyn LinearOperator<Image>>,
    forward: fn(Image) -> Image,
    adjoint: fn(Image) -> Image,
}

impl LinearOperator<Image> for Changed {
    fn name(&self) -> &'static str {
        "changed"
    }
    fn domain(&self) -> &Space {
        self.inner.domain()
    }
    fn range(&self) -> &Space {
        self.inner.range()
    }
    fn forward(&self, x: &Image) -> Result<Image> {
        Ok((self.forward)(self.inner.forward(x)?))
    }
    fn adjoint(&self, y: &Image) -> Result<Image> {
        Ok((self.adjoint)(self.inner.adjoint(y)?))
    }
}

/// The adjoint is 1 % too large.
pub struct WrongAdjoint;

impl Toolkit for WrongAdjoint {
    fn sense(&self, maps: Image, mask: Image) -> Made<Box<dyn LinearOperator<Image>>> {
        Ok(Box::new(Changed {
            inner: Real.sense(maps, mask)?,
            forward: |y| y,
            adjoint: |x| x.scaled(1.01),
        }))
    }
    fn projector(&self, scan: Geometry) -> Box<dyn LinearOperator<Image>> {
        Box::new(Changed {
            inner: Real.projector(scan),
            forward: |y| y,
            adjoint: |x| x.scaled(1.01),
        })
    }
}

/// The same of MRI alone.
pub struct WrongMriAdjoint;

impl Toolkit for WrongMriAdjoint {
    fn sense(&self, maps: Image, mask: Image) -> Made<Box<dyn LinearOperator<Image>>> {
        WrongAdjoint.sense(maps, mask)
    }
}

/// Images lie half a pixel aside.
pub struct HalfPixel;

impl Toolkit for HalfPixel {
    fn sense(&self, maps: Image, mask: Image) -> Made<Box<dyn LinearOperator<Image>>> {
        Ok(Box::new(Changed {
            inner: Real.sense(maps, mask)?,
            forward: |y| y,
            adjoint: half_a_pixel,
        }))
    }
    fn projector(&self, scan: Geometry) -> Box<dyn LinearOperator<Image>> {
        let half = scan.grid().pixel_mm[0] / 2.0;
        let moved = scan.grid().centred_at([half, half]);
        Box::new(Projector::new(scan.with_grid(moved).unwrap()))
    }
}

/// Moved by half a pixel along the rows: `exp(-i pi k / n)` in k-space.
fn half_a_pixel(x: Image) -> Image {
    let sizes = x.sizes();
    let n = sizes[2];
    let k = x.fft2(Direction::Forward);
    let turned: Vec<_> = k
        .complex()
        .iter()
        .enumerate()
        .map(|(i, z)| {
            let k = (i % n) as f64 - (n / 2) as f64;
            z * Complex64::cis(-std::f64::consts::PI * k / n as f64)
        })
        .collect();
    Host::from_complex(&sizes, &turned).fft2(Direction::Inverse)
}

/// Every result of the operator is not a number.
pub struct NotANumber;

impl Toolkit for NotANumber {
    fn sense(&self, maps: Image, mask: Image) -> Made<Box<dyn LinearOperator<Image>>> {
        Ok(Box::new(Changed {
            inner: Real.sense(maps, mask)?,
            forward: |y| y.scaled(f64::NAN),
            adjoint: |x| x,
        }))
    }
    fn import(&self, format: Format, path: &Path) -> Made<Volume> {
        let mut volume = Real.import(format, path)?;
        volume.data.fill(f32::NAN);
        Ok(volume)
    }
}

/// Rows and columns of the affine are exchanged, wherever a volume is written.
pub struct SwappedSpacing;

impl Toolkit for SwappedSpacing {
    fn recon(&self, job: &Job, stop: &dyn Fn() -> bool) -> Made<()> {
        Real.recon(job, stop)?;
        let path = job.output.join("mean.nii.gz");
        self.write_volume(&path, &Real.read_volume(&path)?)
    }
    fn export(&self, format: Format, path: &Path, volume: &Volume) -> Made<()> {
        let swapped = Volume {
            data: volume.data.clone(),
            affine_lps_mm: volume.affine_lps_mm.map(|[x, y, z, o]| [y, x, z, o]),
        };
        Real.export(format, path, &swapped)
    }
}

/// The noise of scans is 10 % smaller than they say.
pub struct QuietScanner;

impl Toolkit for QuietScanner {
    fn simulate(&self, job: &Job, stop: &dyn Fn() -> bool) -> Made<PathBuf> {
        let mut quiet = job.clone();
        let snr = job
            .protocol
            .acquisition
            .as_ref()
            .and_then(|a| a.cartesian().map(|c| c.snr));
        let photons = job
            .protocol
            .acquisition
            .as_ref()
            .and_then(|a| a.projections().map(|p| (a.name(), p.photons)));
        if let Some((name, photons)) = photons {
            let more = photons / (0.9 * 0.9);
            set(
                &mut quiet.protocol,
                &format!("acquisition.{name}.photons={more:e}"),
            )?;
        }
        if let Some(snr) = snr {
            set(
                &mut quiet.protocol,
                &format!("acquisition.cartesian.snr={}", snr / 0.9),
            )?;
        }
        Real.simulate(&quiet, stop)
    }
    fn counts(&self, expected: &Array2<f64>, seed: u64) -> Made<Array2<f64>> {
        let drawn = Real.counts(expected, seed)?;
        Ok(expected + (drawn - expected) * 0.9)
    }
}

fn set(protocol: &mut Protocol, argument: &str) -> Made<()> {
    Ok(protocol.set(argument)?)
}

/// The standard deviation that is written is twice that of the samples.
pub struct DoubledStd;

impl Toolkit for DoubledStd {
    fn recon(&self, job: &Job, stop: &dyn Fn() -> bool) -> Made<()> {
        Real.recon(job, stop)?;
        change(&job.output.join("std.nii.gz"), |v| 2.0 * v)
    }
}

/// The mean is 10 HU too high.
pub struct HuOffset;

impl Toolkit for HuOffset {
    fn recon(&self, job: &Job, stop: &dyn Fn() -> bool) -> Made<()> {
        Real.recon(job, stop)?;
        change(&job.output.join("mean.nii.gz"), |v| v + 10.0)
    }
}

/// Changes every value of a volume, where there is one.
fn change(path: &Path, f: fn(f32) -> f32) -> Made<()> {
    if !path.exists() {
        return Ok(());
    }
    let mut volume = Real.read_volume(path)?;
    volume.data.mapv_inplace(f);
    Real.write_volume(path, &volume)
}

/// One coil has the conjugate of its map.
pub struct MissingConjugate;

impl Toolkit for MissingConjugate {
    fn sense(&self, maps: Image, mask: Image) -> Made<Box<dyn LinearOperator<Image>>> {
        let sizes = maps.sizes();
        let pixels = sizes[2] * sizes[3];
        let mut changed = maps.complex().to_vec();
        let one = sizes[1].min(3) - 1;
        changed[one * pixels..(one + 1) * pixels]
            .iter_mut()
            .for_each(|z| *z = z.conj());
        Real.sense(Host::from_complex(&sizes, &changed), mask)
    }
}

/// Readout oversampling is removed from what has none any more.
pub struct DoubleCrop;

impl Toolkit for DoubleCrop {
    fn k_space(&self, path: &Path, slice: usize) -> Made<Array3<Complex32>> {
        let k = Real.k_space(path, slice)?;
        let (coils, rows, n) = k.dim();
        let k: Vec<Complex64> = k
            .iter()
            .map(|z| Complex64::new(z.re.into(), z.im.into()))
            .collect();
        let image = Host::<f64>::from_complex(&[coils, rows, n], &k).fft2(Direction::Inverse);
        let image = Array3::from_shape_vec((coils, rows, n), image.complex().to_vec())?;
        let half: Vec<Complex64> = image
            .slice(s![.., .., n / 4..n / 4 + n / 2])
            .iter()
            .copied()
            .collect();
        let k = Host::from_complex(&[coils, rows, n / 2], &half).fft2(Direction::Forward);
        let k = k
            .complex()
            .iter()
            .map(|z| Complex32::new(z.re as f32, z.im as f32));
        Ok(Array3::from_shape_vec((coils, rows, n / 2), k.collect())?)
    }
}

/// Real and imaginary parts of what a prior gives are exchanged.
pub struct SwappedChannels;

struct Swapped(Prior);

impl Denoiser<Host<f32>> for Swapped {
    fn estimate<'a>(
        &'a self,
        x: &Host<f32>,
        sigma: f64,
        want: Want,
    ) -> Result<Estimate<'a, Host<f32>>> {
        let mut d = self.0.estimate(x, sigma, want)?;
        if d.x0.field() == Field::Complex {
            d.x0.reals_mut()
                .chunks_exact_mut(2)
                .for_each(|z| z.swap(0, 1));
        }
        Ok(d)
    }
}

impl Toolkit for SwappedChannels {
    fn prior(&self, name: &str) -> Made<(Card, Prior)> {
        let (card, prior) = Real.prior(name)?;
        Ok((card, Box::new(Swapped(prior))))
    }
}

/// Samples lie closer to each other than those of the posterior: half the variance.
pub struct HalfTheVariance;

impl Toolkit for HalfTheVariance {
    fn sample(
        &self,
        rule: &dyn Guidance<Image>,
        prior: &dyn Denoiser<Image>,
        data: &Measurement<'_, Image>,
        schedule: &Schedule,
        start: Image,
        rng: &mut SliceRng,
        stop: &dyn Fn() -> bool,
    ) -> Made<Image> {
        // Two draws of one posterior have a mean of half the variance.
        let x = Real.sample(rule, prior, data, schedule, start.clone(), rng, stop)?;
        let other = start.normal_like(rng).scaled(schedule.max());
        let y = Real.sample(rule, prior, data, schedule, other, rng, stop)?;
        let mut mean = x.scaled(0.5);
        mean.axpy(&[0.5], &y);
        Ok(mean)
    }
}
