//! A protocol resolved against the machine: everything decided before the first slice.

use super::draw::check_levels;
use super::format::Format;
use super::priors::load_prior;
use super::{DeviceChoice, ReconError, find_device};
use crate::protocol::{Bridge, Claim, Covariance, Method, Modality, PriorSampler, Protocol};
use crate::score::Model;
use std::path::PathBuf;
use tch::Device;

/// What the command line adds to a protocol.
#[derive(Clone, Debug)]
pub struct Options {
    /// Raw file.
    pub input: PathBuf,
    /// Output folder.
    pub output: PathBuf,
    /// Device.
    pub device: DeviceChoice,
    /// Slices `A..B` of the volume; all without.
    pub slices: Option<(usize, usize)>,
    /// Samples a slice, over the protocol's.
    pub samples: Option<usize>,
    /// Samples computed together; never changes a result.
    pub batch: usize,
    /// Seed of all randomness.
    pub seed: u64,
    /// What is written.
    pub formats: Vec<Format>,
    /// Quantiles of the samples that are written as maps, from 0 to 1.
    pub quantiles: Vec<f64>,
    /// Whether files of an earlier run are replaced.
    pub force: bool,
    /// Whether slices that an interrupted run finished are used.
    pub resume: bool,
    /// A line a slice on standard error.
    pub verbose: bool,
    /// Known image, for metrics.
    pub truth: Option<PathBuf>,
    /// Threads of operators and network; recorded, since libtorch's bits depend on it.
    pub threads: usize,
    /// The command, for the report.
    pub command: String,
}

/// Everything that a run needs.
pub struct Plan {
    /// The command line.
    pub options: Options,
    /// The protocol, as it will be carried out.
    pub protocol: Protocol,
    /// Its method.
    pub method: Method,
    /// The prior, for methods that have one; its texture is found with the data.
    pub prior: Option<Model>,
    /// Where the network runs.
    pub device: Device,
}

impl Plan {
    /// Resolves `protocol`: finds the device, loads the prior.
    ///
    /// Errors: a device or a prior that is not there, a prior of another modality.
    pub fn new(protocol: Protocol, options: Options) -> Result<Self, ReconError> {
        if options.samples == Some(0) || options.batch == 0 || options.threads == 0 {
            let why = "--samples, --batch and --threads: expected at least 1";
            return Err(ReconError::Request(why.into()));
        }
        if options.formats.contains(&Format::Npy) && options.formats.contains(&Format::NpyComplex) {
            let why = "--format: npy and npy-complex both write mean.npy; choose one";
            return Err(ReconError::Request(why.into()));
        }
        let method = with_samples(protocol.selected()?, options.samples);
        if method.samples().is_some_and(|n| n > MOST_SAMPLES) {
            let why = format!("samples: at most {MOST_SAMPLES} a slice");
            return Err(ReconError::Request(why));
        }
        check_quantiles(&options.quantiles, method.samples())?;
        let device = find_device(options.device)?;
        let prior = match (&protocol.prior, method.needs_prior()) {
            (Some(choice), true) => Some(load_prior(&choice.model, device)?),
            (None, true) => {
                return Err(ReconError::Request(format!(
                    "method `{}` needs a prior: add [prior] model = \"NAME\" to the protocol \
                     or pass --set prior.model=NAME (see `annulus prior list`)",
                    method.name()
                )));
            }
            _ => None,
        };
        if let Some(prior) = &prior {
            check_kind(protocol.modality, prior)?;
            check_variance(&method, prior)?;
            check_levels(&method, prior)?;
        }
        Ok(Plan {
            options,
            protocol,
            method,
            prior,
            device,
        })
    }
}

impl Plan {
    /// Whether the slices of a volume are drawn together.
    pub(super) fn draws_volumes(&self) -> bool {
        matches!(&self.method, Method::Dds(m) if m.z_step.is_some())
    }

    /// The settings of `bridge` and the deviation τ of the texture, where the mean is of conditional means: not
    /// without a texture, where nothing is won, nor of pairs, nor where the step is another.
    pub(super) fn takes_conditional_means(&self) -> Option<(&Bridge, f64)> {
        let tau = self.prior.as_ref()?.texture().tau;
        match (&self.method, &self.protocol.nuisance) {
            (Method::Bridge(table), None)
                if tau > 0.0 && table.covariance != Covariance::Jacobian =>
            {
                Some((table, tau))
            }
            _ => None,
        }
    }

    /// What the samples are: never calibrated where the operator is not linear, of which a sampler sees a
    /// linear model, and of whose several solutions it draws one; nor around a nuisance; nor where no closed
    /// form holds the draws under this likelihood; nor with a prior whose covariance nobody knows.
    pub(super) fn claim(&self) -> Option<Claim> {
        let claim = self.method.sampling()?.claim;
        let likelihood = self.protocol.likelihood.as_ref();
        let held = match &self.method {
            Method::Bridge(table) => table.is_held(likelihood),
            _ => true,
        };
        let known = self
            .prior
            .as_ref()
            .is_some_and(|p| p.card.covariance().is_some());
        let forward = self.protocol.forward.as_ref();
        let linear = forward.is_none_or(|f| f.is_linear());
        // Pairs are drawn around a linearisation.
        let blind = self.protocol.nuisance.is_some();
        match claim {
            Claim::Calibrated if !(linear && held && known) || blind => Some(Claim::Approximate),
            claim => Some(claim),
        }
    }
}

/// Refuses quantiles that are none, that would share a file, or of fewer than two samples.
fn check_quantiles(quantiles: &[f64], samples: Option<usize>) -> Result<(), ReconError> {
    let mut names: Vec<i64> = quantiles
        .iter()
        .map(|q| (q * 1000.0).round() as i64)
        .collect();
    names.sort_unstable();
    let twice = names.windows(2).any(|pair| pair[0] == pair[1]);
    let why = if let Some(bad) = quantiles.iter().find(|q| !(0.0..=1.0).contains(*q)) {
        format!("--quantiles {bad}: expected numbers from 0 to 1")
    } else if twice {
        "--quantiles: two are the same to a thousandth".to_owned()
    } else if !quantiles.is_empty() && samples.unwrap_or(0) < 2 {
        "--quantiles: needs a method that draws two samples or more".to_owned()
    } else {
        return Ok(());
    };
    Err(ReconError::Request(why))
}

/// Refuses a prior of complex images for real ones, and one of real images for MRI.
fn check_kind(modality: Modality, prior: &Model) -> Result<(), ReconError> {
    let wanted = if modality == Modality::Mri { 2 } else { 1 };
    if prior.card.channels == wanted {
        return Ok(());
    }
    let kind = |channels| if channels == 1 { "real" } else { "complex" };
    Err(ReconError::Request(format!(
        "prior `{}` is of {} images, {} has {} ones: choose another (`annulus prior list`)",
        prior.card.name,
        kind(prior.card.channels),
        modality.name(),
        kind(wanted)
    )))
}

/// Refuses methods that want the network's own variance of a network that learned none.
fn check_variance(method: &Method, prior: &Model) -> Result<(), ReconError> {
    let (key, instead) = match method {
        Method::Bridge(m) if m.covariance == Covariance::Learned => ("covariance", "spectrum"),
        Method::Unconditional(m) if m.sampler == PriorSampler::AncestralLearned => {
            ("sampler", "ancestral")
        }
        _ => return Ok(()),
    };
    if prior.states_variance() {
        return Ok(());
    }
    Err(ReconError::Request(format!(
        "method.{}.{key}: the network of prior `{}` learned no variance; expected one of guided diffusion with \
         learn_sigma, or {key} = \"{instead}\"",
        method.name(),
        prior.card.name
    )))
}

/// Samples are numbered with three digits, and all of a slice are held in memory.
const MOST_SAMPLES: usize = 999;

/// The method with `--samples` in place of its own number.
fn with_samples(mut method: Method, samples: Option<usize>) -> Method {
    if let (Some(n), Some(drawn)) = (samples, method.samples_mut()) {
        *drawn = n;
    }
    method
}
