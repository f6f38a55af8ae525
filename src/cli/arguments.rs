//! Every verb and its arguments, as clap sees them.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Medical images with error bars, from raw scanner data.
#[derive(Parser)]
#[command(version, about, after_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

const EXAMPLES: &str = "Examples:
  annulus inspect scan.h5
  annulus recon scan.h5 -p mri/cartesian -o out
  annulus simulate brain -p mri/brain-cartesian-r4 -o brain.h5
  annulus recon brain.h5 -p mri/brain-cartesian-r4 --truth brain.truth.nii.gz -o out
  annulus simulate head -p ct/head-sparse60 -o head
  annulus recon head -p ct/head-sparse60 --truth head.truth.nii.gz -o out
Exit codes: 0 done, 1 failed, 2 wrong arguments.";

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Raw data to volume: the main job
    Recon(Recon),
    /// Raw data as a scanner would have written it, with the truth beside it
    Simulate(Simulate),
    /// A digital phantom, rasterised
    Phantom(Phantom),
    /// The operator of a protocol on an array: image to data or data to image, no noise
    Apply(Apply),
    /// Train a score model on procedural anatomy
    Train(Train),
    /// Score models: list them, check one
    Prior(Prior),
    /// The whole toolkit against digital phantoms and closed forms: one report, pass or fail
    Validate(Validate),
    /// Metrics of an image against a reference, each with its convention
    Compare(Compare),
    /// What a file is, in one screen
    Inspect(Inspect),
    /// Protocol files: the built-in ones, checks, the JSON schema
    Protocol(Protocol),
}

#[derive(Args)]
#[command(after_help = "Examples:
  annulus recon scan.h5 -p mri/cartesian -o out
  annulus recon scan.h5 -p mri/brain-poisson-r8 --method cg-sense --set method.cg-sense.lambda=0.02 -o out")]
pub(super) struct Recon {
    /// Raw data. MRI: MRD (ISMRMRD), fastMRI HDF5, npy. CT: a folder of DICOM-CT-PD or TIFF files,
    /// Data Exchange, NXtomo or LoDoPaB HDF5, TIFF, npy
    pub(super) input: PathBuf,
    /// Protocol: a built-in name or a TOML file
    #[arg(short, long)]
    pub(super) protocol: String,
    /// Output folder
    #[arg(short, long)]
    pub(super) output: PathBuf,
    /// Method, in place of the protocol's
    #[arg(long)]
    pub(super) method: Option<String>,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", value_parser = device)]
    pub(super) device: String,
    /// Slices A:B, half open
    #[arg(long, value_parser = range)]
    pub(super) slices: Option<(usize, usize)>,
    /// Samples a slice
    #[arg(long, value_parser = positive)]
    pub(super) samples: Option<usize>,
    /// Seed of all randomness
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Samples computed together; never changes a result
    #[arg(long, default_value_t = 8, value_parser = positive)]
    pub(super) batch: usize,
    /// Threads; all by default
    #[arg(long, value_parser = positive)]
    pub(super) threads: Option<usize>,
    /// Any protocol key: key.path=value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// nifti, hdf5, png, dicom, npy, npy-complex
    #[arg(long, value_delimiter = ',', default_value = "nifti,hdf5,png", value_parser = FORMATS)]
    pub(super) format: Vec<String>,
    /// A known image (NIfTI) on the same grid: metrics against it
    #[arg(long)]
    pub(super) truth: Option<PathBuf>,
    /// Go on from the slices that an interrupted run finished
    #[arg(long)]
    pub(super) resume: bool,
    /// Replace an earlier result
    #[arg(long)]
    pub(super) force: bool,
    /// A line a slice on standard error
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Print report.json on standard output
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args)]
#[command(after_help = "Example:
  annulus simulate brain -p mri/brain-cartesian-r4 --seed 7 -o brain.h5
writes brain.h5 (MRD) and brain.truth.nii.gz.
  annulus simulate brain -p mri/brain-cartesian-r4 --labels maps --seed 7 -o mapped.h5
draws the brain from a label map in the folder maps; a large head needs a field of view of 280 mm:
  --set acquisition.cartesian.fov_mm='[280.0, 280.0]'
  annulus simulate thorax -p ct/head-sparse60 --set image.pixel_mm=2.3 -o thorax
shows the whole chest: 192 pixels of 2.3 mm.")]
pub(super) struct Simulate {
    /// A phantom (see `annulus phantom --list`), a NIfTI image or a CT DICOM series
    pub(super) source: String,
    /// Protocol with an [acquisition.*] table
    #[arg(short, long)]
    pub(super) protocol: String,
    /// Raw data to write: an .h5 file (MRD, Data Exchange), or for a CT fan beam a folder of CT-PD files
    #[arg(short, long)]
    pub(super) output: PathBuf,
    /// Folder of label maps (NIfTI, classes of FreeSurfer and SynthSeg) that brain or head is drawn
    /// from; the seed chooses one
    #[arg(long, value_name = "DIR")]
    pub(super) labels: Option<PathBuf>,
    /// Seed of anatomy, sampling and noise
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Slices A:B, half open
    #[arg(long, value_parser = range)]
    pub(super) slices: Option<(usize, usize)>,
    /// Any protocol key: key.path=value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Replace an earlier file
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Args)]
#[command(after_help = "Examples:
  annulus phantom brain --size 256 --depth 5 -o brain.nii.gz
  annulus phantom thorax --seed 3 --depth 10 --lesions nodules.nii.gz -o thorax.nii.gz
  annulus phantom brain --labels maps --contrast flair --lesions mask.nii.gz -o flair.nii.gz
  annulus phantom head --labels maps --seed 4 --depth 20 -o head.nii.gz
The seed chooses the map: map `seed modulo their number` of the folder, by name.")]
pub(super) struct Phantom {
    /// Its name
    #[arg(required_unless_present = "list")]
    pub(super) name: Option<String>,
    /// Every phantom, a line each
    #[arg(long)]
    pub(super) list: bool,
    /// File to write: .nii, .nii.gz, .npy or .png
    #[arg(short, long, required_unless_present = "list")]
    pub(super) output: Option<PathBuf>,
    /// Pixels a side
    #[arg(long, default_value_t = 256)]
    pub(super) size: usize,
    /// Slices, which share the height of a phantom in space
    #[arg(long, default_value_t = 1)]
    pub(super) depth: usize,
    /// t1, t2, pd, flair, ir (inversion recovery), ssfp or hu; t1, or hu of a CT phantom, by default
    #[arg(long)]
    pub(super) contrast: Option<String>,
    /// Folder of label maps (NIfTI, classes of FreeSurfer and SynthSeg) that brain or head is drawn
    /// from; the seed chooses one
    #[arg(long, value_name = "DIR")]
    pub(super) labels: Option<PathBuf>,
    /// File to write the share of lesion of each pixel to, in any of the formats of --output
    #[arg(long, value_name = "FILE")]
    pub(super) lesions: Option<PathBuf>,
    /// Seed of the anatomy
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Replace an earlier file
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Args)]
#[command(after_help = "Examples:
  annulus apply image.npy -p ct/head-sparse60 --forward -o sinogram.npy
  annulus apply k.npy -p mri/cartesian --sensitivities maps.npy --adjoint -o image.npy
CT images are (row, column) in 1/mm, sinograms (view, bin); MRI images (row, column), k-space
(coil, row, column). Arithmetic is in double precision.")]
#[command(group(clap::ArgGroup::new("way").required(true).args(["forward", "adjoint"])))]
pub(super) struct Apply {
    /// npy file
    pub(super) input: PathBuf,
    /// Protocol: a built-in name or a TOML file
    #[arg(short, long)]
    pub(super) protocol: String,
    /// npy file to write
    #[arg(short, long)]
    pub(super) output: PathBuf,
    /// Image to data
    #[arg(long)]
    pub(super) forward: bool,
    /// Data to image
    #[arg(long)]
    pub(super) adjoint: bool,
    /// Coil sensitivities (coil, row, column), npy; one coil of ones without
    #[arg(long)]
    pub(super) sensitivities: Option<PathBuf>,
    /// Where k-space is sampled (row, column), npy; the protocol's lines without
    #[arg(long)]
    pub(super) mask: Option<PathBuf>,
    /// Seed of the protocol's random lines
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Any protocol key: key.path=value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Replace an earlier file
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Args)]
#[command(after_help = "The same command goes on after an interruption.
Example:
  annulus train -p protocols/priors/brain-local.toml -o my-prior.safetensors")]
pub(super) struct Train {
    /// Training configuration (TOML); the defaults without
    #[arg(short, long)]
    pub(super) protocol: Option<PathBuf>,
    /// Prior to write; its checkpoint lies beside it
    #[arg(short, long)]
    pub(super) output: PathBuf,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", value_parser = device)]
    pub(super) device: String,
    /// Threads; all by default
    #[arg(long, value_parser = positive)]
    pub(super) threads: Option<usize>,
    /// Replace an earlier prior
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Args)]
pub(super) struct Prior {
    #[command(subcommand)]
    pub(super) action: PriorAction,
}

#[derive(Subcommand)]
pub(super) enum PriorAction {
    /// The built-in priors, a line each
    List,
    /// A prior's model card
    Show {
        /// Name or file
        prior: String,
    },
    /// Denoising error on held-out images against the model card; exit code 1 if it does not fit
    Check {
        /// Name or file
        prior: String,
        /// Images to measure on
        #[arg(long, default_value_t = 12, value_parser = positive)]
        images: usize,
        /// Threads; all by default
        #[arg(long, value_parser = positive)]
        threads: Option<usize>,
    },
}

#[derive(Args)]
#[command(after_help = "Examples:
  annulus validate --quick -o evidence
  annulus validate --suite ct -o evidence
  annulus validate --check ct.hu -o evidence
Exit code 1 if a gate is not passed. Writes report.html, report.json and gates.toml.")]
pub(super) struct Validate {
    /// Folder of the report
    #[arg(short, long)]
    pub(super) output: PathBuf,
    /// Within three minutes on two cores: small sizes, the default methods
    #[arg(long)]
    pub(super) quick: bool,
    /// mri, ct, guidance, io or all
    #[arg(long, default_value = "all", value_parser = SUITES)]
    pub(super) suite: String,
    /// Only this check; may be repeated
    #[arg(long)]
    pub(super) check: Vec<String>,
    /// Seed of everything
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Threads; all by default
    #[arg(long, value_parser = positive)]
    pub(super) threads: Option<usize>,
    /// Go on from the checks that an interrupted run finished
    #[arg(long)]
    pub(super) resume: bool,
    /// Replace an earlier report
    #[arg(long)]
    pub(super) force: bool,
    /// Print report.json on standard output
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args)]
#[command(after_help = "Examples:
  annulus compare out/mean.nii.gz scan.truth.nii.gz
  annulus compare out/mean.npy truth.npy --mask brain.nii.gz --metrics psnr,ssim --json
Images are NIfTI, npy (slice, row, column) or DICOM series; real or complex. Nothing is scaled
without --fit. An error is nothing without its convention, so each is printed with it.")]
pub(super) struct Compare {
    /// Image
    #[arg(value_name = "A")]
    pub(super) image: PathBuf,
    /// Reference, on the same grid
    #[arg(value_name = "B")]
    pub(super) reference: PathBuf,
    /// Give every metric also where this volume is not 0
    #[arg(long)]
    pub(super) mask: Option<PathBuf>,
    /// Some of nmse, psnr, ssim, nrmse, phase, hu; all that apply by default
    #[arg(long, value_delimiter = ',', value_parser = METRICS)]
    pub(super) metrics: Vec<String>,
    /// Range of values for PSNR and SSIM; without, those of the reference
    #[arg(long, value_parser = above_zero)]
    pub(super) range: Option<f64>,
    /// Multiply A by the real scale that fits B best, for nmse, psnr and ssim
    #[arg(long)]
    pub(super) fit: bool,
    /// Values are HU: errors by tissue, and RED-CNN's window
    #[arg(long)]
    pub(super) hu: bool,
    /// Compare voxel by voxel where the affines differ
    #[arg(long)]
    pub(super) ignore_affine: bool,
    /// For machines
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args)]
pub(super) struct Inspect {
    /// Files
    #[arg(required = true)]
    pub(super) files: Vec<PathBuf>,
    /// For machines
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args)]
pub(super) struct Protocol {
    #[command(subcommand)]
    pub(super) action: ProtocolAction,
}

#[derive(Subcommand)]
pub(super) enum ProtocolAction {
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

/// What `--format` takes.
const FORMATS: [&str; 6] = ["nifti", "hdf5", "png", "dicom", "npy", "npy-complex"];

/// What `--suite` takes.
const SUITES: [&str; 5] = ["mri", "ct", "guidance", "io", "all"];

/// What `--metrics` takes.
const METRICS: [&str; 6] = ["nmse", "psnr", "ssim", "nrmse", "phase", "hu"];

/// A finite number above 0.
fn above_zero(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|v: &f64| v.is_finite() && *v > 0.0)
        .ok_or_else(|| "expected a number above 0".into())
}

/// A count of at least 1.
fn positive(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| "expected a whole number from 1".into())
}

/// `auto`, `cpu`, `cuda`, `cuda:N`; whether it is there is known later.
fn device(text: &str) -> Result<String, String> {
    let number = text
        .strip_prefix("cuda:")
        .is_some_and(|n| n.parse::<usize>().is_ok());
    if number || ["auto", "cpu", "cuda"].contains(&text) {
        return Ok(text.to_owned());
    }
    Err("expected auto, cpu, cuda or cuda:N".into())
}

/// `A:B`.
fn range(text: &str) -> Result<(usize, usize), String> {
    let parts = text
        .split_once(':')
        .and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    match parts {
        Some((a, b)) if a < b => Ok((a, b)),
        _ => Err("expected A:B with A < B, for example 2:5 for slices 2, 3 and 4".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn ranges_are_half_open_and_not_empty() {
        assert_eq!(range("2:5"), Ok((2, 5)));
        assert!(range("5:2").is_err() && range("x").is_err() && range("3").is_err());
    }
}
