//! Arguments of `annulus prior`.

use super::{above_zero, device, interval, positive, prediction, size};
use crate::score::Prediction;
use clap::{ArgGroup, Args, Subcommand};
use std::path::PathBuf;

#[derive(Args)]
pub(in crate::cli) struct Prior {
    #[command(subcommand)]
    pub(in crate::cli) action: PriorAction,
}

#[derive(Subcommand)]
pub(in crate::cli) enum PriorAction {
    /// The built-in priors, a line each
    List,
    /// A prior's model card
    Show {
        /// Name or file
        prior: String,
    },
    /// The weights of others as a prior: one file with its model card
    Convert(ConvertPrior),
    /// One call of a prior's network on an npy array
    Run(RunPrior),
    /// Images drawn from a prior alone, on one sheet
    Sample(SamplePrior),
    /// Whether a prior denoises, and which mistake explains it if not; exit code 1 if it does not
    Check(CheckPrior),
}

#[derive(Args)]
#[command(after_help = "Examples:
  annulus prior convert ffhq_10m.pt --config ffhq.json -o ffhq.safetensors
  annulus prior convert checkpoint_95.pth --config ncsnpp.json --parts -o score-mri.safetensors
  annulus prior convert ddpm-folder -o ddpm.safetensors
CONFIG holds the network's own options under its authors' names, and `family`: `guided-diffusion UNetModel`,
`score_sde NCSNpp`, `EDMPrecond(DhariwalUNet)` (SongUNet; VP, VE, iDDPM), `UNet2DModel`, or `torchscript`.
Pickles are read without running what they hold; any tensor that does not fit is an error.")]
pub(in crate::cli) struct ConvertPrior {
    /// safetensors, .pt, .pth, a TorchScript module, or a diffusers folder
    pub(in crate::cli) weights: PathBuf,
    /// The network's options, JSON; a diffusers folder brings its own
    #[arg(long)]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Prior to write
    #[arg(short, long)]
    pub(in crate::cli) output: PathBuf,
    /// Name on the card; the weights' file name by default
    #[arg(long)]
    pub(in crate::cli) name: Option<String>,
    /// What it was trained on, for the card
    #[arg(long)]
    pub(in crate::cli) training_set: Option<String>,
    /// What the network sees where an image is 0 and where it is 1, for example -1,1
    #[arg(long, value_parser = interval, allow_hyphen_values = true)]
    pub(in crate::cli) range: Option<[f64; 2]>,
    /// What the output is: noise, score, velocity or image
    #[arg(long, value_parser = prediction)]
    pub(in crate::cli) predicts: Option<Prediction>,
    /// Real and imaginary part of complex images go through this network of magnitudes one by one
    #[arg(long)]
    pub(in crate::cli) parts: bool,
    /// The class that reconstructions ask for
    #[arg(long)]
    pub(in crate::cli) class: Option<i64>,
    /// CT: HU of one unit of an image, water being 0
    #[arg(long, value_parser = above_zero)]
    pub(in crate::cli) unit_hu: Option<f64>,
    /// MRI: quantile of the magnitude that is scaled to 1
    #[arg(long, value_parser = above_zero)]
    pub(in crate::cli) quantile: Option<f64>,
    /// Replace an earlier prior
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Args)]
#[command(group = ArgGroup::new("level").required(true), after_help = "Examples:
  annulus prior run ffhq.safetensors --input noisy.npy --time-step 500 -o denoised.npy
  annulus prior run brain-local --input x.npy --sigma 0.1,0.2 -o y.npy
X is real of shape (rows, columns), (channels, rows, columns) or (items, channels, rows, columns), or complex of shape
(rows, columns) or (items, rows, columns); Y has its shape. Both are in the network's own values. With --sigma, X is
x0 + sigma n; with --time-step, it is the state of the network's own diffusion at that step.")]
pub(in crate::cli) struct RunPrior {
    /// Name or file
    pub(in crate::cli) prior: String,
    /// Noisy image, npy
    #[arg(long)]
    pub(in crate::cli) input: PathBuf,
    /// Noise deviation per real component; a comma list gives one an item
    #[arg(long, group = "level", value_delimiter = ',', value_parser = above_zero)]
    pub(in crate::cli) sigma: Vec<f64>,
    /// Time step; a comma list gives one an item
    #[arg(long, group = "level", value_delimiter = ',')]
    pub(in crate::cli) time_step: Vec<usize>,
    /// The network's own output, in the arithmetic of its weights, instead of the denoised image
    #[arg(long)]
    pub(in crate::cli) raw: bool,
    /// Class, of a network that knows classes; a comma list gives one an item
    #[arg(long, value_delimiter = ',')]
    pub(in crate::cli) class: Vec<i64>,
    /// Array to write, npy
    #[arg(short, long)]
    pub(in crate::cli) output: PathBuf,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "cpu", value_parser = device)]
    pub(in crate::cli) device: String,
    /// Threads; all by default
    #[arg(long, value_parser = positive)]
    pub(in crate::cli) threads: Option<usize>,
    /// Replace an earlier array
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Args)]
#[command(after_help = "Example:
  annulus prior sample brain-local --count 16 -o sheet.png")]
pub(in crate::cli) struct SamplePrior {
    /// Name or file
    pub(in crate::cli) prior: String,
    /// Sheet to write (.png), or the images themselves (.npy)
    #[arg(short, long)]
    pub(in crate::cli) output: PathBuf,
    /// Images
    #[arg(long, default_value_t = 9, value_parser = positive)]
    pub(in crate::cli) count: usize,
    /// Rows and columns
    #[arg(long, default_value = "128,128", value_parser = size)]
    pub(in crate::cli) size: [usize; 2],
    /// Noise levels
    #[arg(long, default_value_t = 40, value_parser = positive)]
    pub(in crate::cli) levels: usize,
    /// Seed
    #[arg(long, default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", value_parser = device)]
    pub(in crate::cli) device: String,
    /// Threads; all by default
    #[arg(long, value_parser = positive)]
    pub(in crate::cli) threads: Option<usize>,
    /// Replace an earlier file
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Args)]
#[command(after_help = "Examples:
  annulus prior check brain-local
  annulus prior check ffhq.safetensors --images faces.npy
  annulus prior check score-mri.safetensors --images knees.nii.gz -o measured.safetensors
Images: NIfTI, a DICOM series, grey PNG, npy of (items, rows, columns) or (items, channels, rows, columns). CT is in HU; other
images are divided by their own quantile as the card says, but for npy of channels, which are taken as they are.")]
pub(in crate::cli) struct CheckPrior {
    /// Name or file
    pub(in crate::cli) prior: String,
    /// Clean images that it should know; phantoms by default. May be repeated
    #[arg(long)]
    pub(in crate::cli) images: Vec<PathBuf>,
    /// Images to measure on
    #[arg(long, default_value_t = 12, value_parser = positive)]
    pub(in crate::cli) count: usize,
    /// Images to draw from the prior for their statistics; 0 for none
    #[arg(long, default_value_t = 4)]
    pub(in crate::cli) samples: usize,
    /// Writes the prior with the error and spectrum measured here on its card, for `bridge` and `dps`
    #[arg(short, long)]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Threads; all by default
    #[arg(long, value_parser = positive)]
    pub(in crate::cli) threads: Option<usize>,
    /// Replace an earlier prior
    #[arg(long)]
    pub(in crate::cli) force: bool,
}
