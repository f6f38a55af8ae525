//! The toolkit as a value: what is examined, and what a test may replace by something broken.

use super::error::Failure;
use super::export;
use crate::guidance::{Guidance, Measurement, Seen, sample};
use crate::io::{ReadOptions, Volume, open_k_space};
use crate::progress::Progress;
use crate::protocol::Protocol;
use crate::recon::{self, DeviceChoice, Format, Grid, Plan, load_prior};
use crate::score::{Card, Denoiser, Schedule};
use crate::simulate::{Request, acquire};
use ndarray::{Array2, Array3};
use num_complex::Complex32;
use operators::ct::{Geometry, Projector};
use operators::{Host, LinearOperator, SliceRng};
use std::path::{Path, PathBuf};
use tch::Device;

/// Images of the checks that need no network.
pub(super) type Image = Host<f64>;

/// A prior of images in single precision, as the network sees them.
pub type Prior = Box<dyn Denoiser<Host<f32>>>;

/// A run of the command line: `simulate SOURCE` or `recon INPUT`.
#[derive(Clone, Debug)]
pub struct Job {
    /// The protocol, its method selected.
    pub protocol: Protocol,
    /// Phantom, or raw data.
    pub input: PathBuf,
    /// Raw data, or the folder of the result.
    pub output: PathBuf,
    /// The truth, for a reconstruction's metrics.
    pub truth: Option<PathBuf>,
    /// Seed.
    pub seed: u64,
    /// Threads.
    pub threads: usize,
    /// Where its own progress goes.
    pub progress: Progress,
}

/// Every part that is examined, each as it is unless a test says otherwise.
pub trait Toolkit: Sync {
    /// `A = M F C` of maps `Complex[1, Coil, Y, X]` and a mask `Real[1, Y, X]`.
    fn sense(&self, maps: Image, mask: Image) -> Result<Box<dyn LinearOperator<Image>>, Failure> {
        Ok(Box::new(operators::mri::sense(maps, mask)?))
    }

    /// Line integrals along the rays of a scan.
    fn projector(&self, scan: Geometry) -> Box<dyn LinearOperator<Image>> {
        Box::new(Projector::new(scan))
    }

    /// Counts around their means.
    fn counts(&self, expected: &Array2<f64>, seed: u64) -> Result<Array2<f64>, Failure> {
        Ok(phantoms::ct::noisy_counts(expected, 0.0, seed, 0)?)
    }

    /// k-space of a slice (coil, y, x), readout oversampling removed.
    fn k_space(&self, path: &Path, slice: usize) -> Result<Array3<Complex32>, Failure> {
        let mut source = open_k_space(path, &ReadOptions::default())?;
        let grid = Grid::new(source.header())?;
        Ok(grid.remove_oversampling(&source.slice(slice)?.imaging))
    }

    /// Raw data as a scanner would have written them; returns the path of the truth. `stop` is asked
    /// now and then.
    fn simulate(&self, job: &Job, stop: &dyn Fn() -> bool) -> Result<PathBuf, Failure> {
        let source = job.input.to_string_lossy();
        let request = Request {
            source: &source,
            labels: None,
            seed: job.seed,
            slices: None,
            output: &job.output,
            force: true,
        };
        Ok(acquire(&job.protocol, &request, &job.progress, stop)?)
    }

    /// Raw data to a volume with its report.
    fn recon(&self, job: &Job, stop: &dyn Fn() -> bool) -> Result<(), Failure> {
        let options = recon::Options {
            input: job.input.clone(),
            output: job.output.clone(),
            device: DeviceChoice::Auto,
            slices: None,
            samples: None,
            batch: 8,
            seed: job.seed,
            formats: vec![Format::Nifti],
            quantiles: Vec::new(),
            force: true,
            resume: false,
            verbose: false,
            truth: job.truth.clone(),
            threads: job.threads,
            command: "annulus validate".into(),
        };
        let plan = Plan::new(job.protocol.clone(), options)?;
        recon::run(plan, &job.progress, stop)?;
        Ok(())
    }

    /// A shipped prior and its model card.
    fn prior(&self, name: &str) -> Result<(Card, Prior), Failure> {
        let model = load_prior(name, Device::Cpu)?;
        Ok((model.card.clone(), Box::new(model)))
    }

    /// Samples: the loop over the noise levels, from pure noise. `stop` is asked at every level.
    #[expect(
        clippy::too_many_arguments,
        reason = "the arguments of the library's own, and when to stop"
    )]
    fn sample(
        &self,
        rule: &dyn Guidance<Image>,
        prior: &dyn Denoiser<Image>,
        data: &Measurement<'_, Image>,
        schedule: &Schedule,
        start: Image,
        rng: &mut SliceRng,
        stop: &dyn Fn() -> bool,
    ) -> Result<Image, Failure> {
        let go_on = &mut |_: &Seen<'_, Image>| !stop();
        Ok(sample(
            rule,
            prior,
            Some(data),
            schedule,
            start,
            rng,
            go_on,
        )?)
    }

    /// A volume to a file or a series of its format; of npy the values alone.
    fn export(&self, format: Format, path: &Path, volume: &Volume) -> Result<(), Failure> {
        export::write(format, path, volume)
    }

    /// What [`export`](Self::export) wrote.
    fn import(&self, format: Format, path: &Path) -> Result<Volume, Failure> {
        export::read(format, path)
    }

    /// A volume to a NIfTI file.
    fn write_volume(&self, path: &Path, volume: &Volume) -> Result<(), Failure> {
        self.export(Format::Nifti, path, volume)
    }

    /// A volume from a NIfTI file.
    fn read_volume(&self, path: &Path) -> Result<Volume, Failure> {
        self.import(Format::Nifti, path)
    }
}

/// The toolkit as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Real;

impl Toolkit for Real {}
