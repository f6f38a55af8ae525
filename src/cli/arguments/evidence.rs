//! Arguments of the verbs for models, evidence, files and protocols.

use super::{METRICS, SUITES, above_zero, device, positive};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "The same command goes on after an interruption.
Example:
  annulus train -p my-prior.toml -o my-prior.safetensors")]
pub(in crate::cli) struct Train {
    /// Training configuration (TOML); the defaults without
    #[arg(short, long)]
    pub(in crate::cli) protocol: Option<PathBuf>,
    /// Prior to write; its checkpoint lies beside it
    #[arg(short, long)]
    pub(in crate::cli) output: PathBuf,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", value_parser = device)]
    pub(in crate::cli) device: String,
    /// Threads; all by default
    #[arg(long, value_parser = positive)]
    pub(in crate::cli) threads: Option<usize>,
    /// Replace an earlier prior
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// Write the prior as its checkpoint has it, without another step; the run may go on afterwards
    #[arg(long)]
    pub(in crate::cli) ship: bool,
}

#[derive(Args)]
#[command(after_help = "Examples:
  annulus validate --quick -o evidence
  annulus validate --suite ct -o evidence
  annulus validate --check ct.hu -o evidence
Exit code 1 if a gate is not passed. Writes report.html, report.json and gates.toml.")]
pub(in crate::cli) struct Validate {
    /// Folder of the report
    #[arg(short, long)]
    pub(in crate::cli) output: PathBuf,
    /// Within three minutes on two cores: small sizes, the default methods
    #[arg(long)]
    pub(in crate::cli) quick: bool,
    /// mri, ct, guidance, io or all
    #[arg(long, default_value = "all", value_parser = SUITES)]
    pub(in crate::cli) suite: String,
    /// Only this check; may be repeated
    #[arg(long)]
    pub(in crate::cli) check: Vec<String>,
    /// Seed of everything
    #[arg(long, default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    /// Threads; all by default
    #[arg(long, value_parser = positive)]
    pub(in crate::cli) threads: Option<usize>,
    /// Go on from the checks that an interrupted run finished
    #[arg(long)]
    pub(in crate::cli) resume: bool,
    /// Replace an earlier report
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// Print report.json on standard output
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Args)]
#[command(after_help = "Examples:
  annulus compare out/mean.nii.gz scan.truth.nii.gz
  annulus compare out/mean.npy truth.npy --mask brain.nii.gz --metrics psnr,ssim --json
Images are NIfTI, npy (slice, row, column) or DICOM series; real or complex. Nothing is scaled
without --fit. An error is nothing without its convention, so each is printed with it.")]
pub(in crate::cli) struct Compare {
    /// Image
    #[arg(value_name = "A")]
    pub(in crate::cli) image: PathBuf,
    /// Reference, on the same grid
    #[arg(value_name = "B")]
    pub(in crate::cli) reference: PathBuf,
    /// Give every metric also where this volume is not 0
    #[arg(long)]
    pub(in crate::cli) mask: Option<PathBuf>,
    /// Some of nmse, psnr, ssim, nrmse, phase, hu; all that apply by default
    #[arg(long, value_delimiter = ',', value_parser = METRICS)]
    pub(in crate::cli) metrics: Vec<String>,
    /// Range of values for PSNR and SSIM; without, those of the reference
    #[arg(long, value_parser = above_zero)]
    pub(in crate::cli) range: Option<f64>,
    /// Multiply A by the real scale that fits B best, for nmse, psnr and ssim
    #[arg(long)]
    pub(in crate::cli) fit: bool,
    /// Values are HU: errors by tissue, and RED-CNN's window
    #[arg(long)]
    pub(in crate::cli) hu: bool,
    /// Compare voxel by voxel where the affines differ
    #[arg(long)]
    pub(in crate::cli) ignore_affine: bool,
    /// For machines
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Args)]
pub(in crate::cli) struct Inspect {
    /// Files
    #[arg(required = true)]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// For machines
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Args)]
pub(in crate::cli) struct Protocol {
    #[command(subcommand)]
    pub(in crate::cli) action: ProtocolAction,
}

#[derive(Subcommand)]
pub(in crate::cli) enum ProtocolAction {
    /// The built-in protocols, a line each
    List,
    /// A protocol with every default written out
    Show {
        /// Name or file
        protocol: String,
    },
    /// Every problem of a protocol
    Check {
        /// Name or file
        protocol: String,
    },
    /// JSON schema, for editors
    Schema,
    /// A built-in protocol as a file to start from
    New {
        /// Built-in protocol to start from
        from: String,
        /// File to write
        #[arg(short, long)]
        output: PathBuf,
    },
}
