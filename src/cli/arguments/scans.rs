//! Arguments of the verbs that make images and raw data.

use super::{FORMATS, device, positive, range};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Examples:
  annulus recon scan.h5 -p mri/cartesian -o out
  annulus recon scan.h5 -p mri/brain-poisson-r8 --method cg-sense --set method.cg-sense.lambda=0.02 -o out")]
pub(in crate::cli) struct Recon {
    /// Raw data. MRI: MRD (ISMRMRD), fastMRI HDF5, npy. CT: a folder of DICOM-CT-PD or TIFF files,
    /// Data Exchange, NXtomo or LoDoPaB HDF5, TIFF, npy. Degraded images: npy, NaN where nothing was
    /// measured
    pub(in crate::cli) input: PathBuf,
    /// Protocol: a built-in name or a TOML file
    #[arg(short, long)]
    pub(in crate::cli) protocol: String,
    /// Output folder
    #[arg(short, long)]
    pub(in crate::cli) output: PathBuf,
    /// Method, in place of the protocol's
    #[arg(long)]
    pub(in crate::cli) method: Option<String>,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", value_parser = device)]
    pub(in crate::cli) device: String,
    /// Slices A:B, half open
    #[arg(long, value_parser = range)]
    pub(in crate::cli) slices: Option<(usize, usize)>,
    /// Samples a slice
    #[arg(long, value_parser = positive)]
    pub(in crate::cli) samples: Option<usize>,
    /// Seed of all randomness
    #[arg(long, default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    /// Samples computed together; never changes a result
    #[arg(long, default_value_t = 8, value_parser = positive)]
    pub(in crate::cli) batch: usize,
    /// Threads; all by default
    #[arg(long, value_parser = positive)]
    pub(in crate::cli) threads: Option<usize>,
    /// Any protocol key: key.path=value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(in crate::cli) set: Vec<String>,
    /// nifti, hdf5, png, dicom, npy, npy-complex
    #[arg(long, value_delimiter = ',', default_value = "nifti,hdf5,png", value_parser = FORMATS)]
    pub(in crate::cli) format: Vec<String>,
    /// Quantiles of the samples to write as maps, as 0.05,0.95; of few samples they are rough
    #[arg(long, value_name = "Q", value_delimiter = ',')]
    pub(in crate::cli) quantiles: Vec<f64>,
    /// A known image (NIfTI) on the same grid: metrics against it
    #[arg(long)]
    pub(in crate::cli) truth: Option<PathBuf>,
    /// Go on from the slices that an interrupted run finished
    #[arg(long)]
    pub(in crate::cli) resume: bool,
    /// Replace an earlier result
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// A line a slice on standard error
    #[arg(short, long)]
    pub(in crate::cli) verbose: bool,
    /// Print report.json on standard output
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Args)]
#[command(after_help = "Example:
  annulus simulate brain -p mri/brain-cartesian-r4 --seed 7 -o brain.h5
writes brain.h5 (MRD) and brain.truth.nii.gz.
  annulus simulate brain -p mri/brain-cartesian-r4 --labels maps --seed 7 -o mapped.h5
draws the brain from a label map in the folder maps; a large head needs a field of view of 280 mm:
  --set acquisition.cartesian.fov_mm='[280.0, 280.0]'
  annulus simulate thorax -p ct/head-sparse60 --set image.pixel_mm=2.3 -o thorax
shows the whole chest: 192 pixels of 2.3 mm.
  annulus simulate ct.nii.gz -p imaging/blur-motion -o data.npy
blurs an image in HU and adds noise.")]
pub(in crate::cli) struct Simulate {
    /// A phantom (see `annulus phantom --list`), a NIfTI image or a CT DICOM series; to be degraded also
    /// npy or grey PNG
    pub(in crate::cli) source: String,
    /// Protocol with an [acquisition.*] or a [forward.*] table
    #[arg(short, long)]
    pub(in crate::cli) protocol: String,
    /// Raw data to write: an .h5 file (MRD, Data Exchange), for a CT fan beam a folder of CT-PD
    /// files, of a degraded image an .npy file
    #[arg(short, long)]
    pub(in crate::cli) output: PathBuf,
    /// Folder of label maps (NIfTI, classes of FreeSurfer, SAMSEG or SynthSeg) that brain or head is drawn
    /// from; the seed chooses one
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) labels: Option<PathBuf>,
    /// Seed of anatomy, sampling and noise
    #[arg(long, default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    /// Slices A:B, half open
    #[arg(long, value_parser = range)]
    pub(in crate::cli) slices: Option<(usize, usize)>,
    /// Any protocol key: key.path=value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(in crate::cli) set: Vec<String>,
    /// Replace an earlier file
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Args)]
#[command(after_help = "Examples:
  annulus phantom brain --size 256 --depth 5 -o brain.nii.gz
  annulus phantom thorax --seed 3 --depth 10 --lesions nodules.nii.gz -o thorax.nii.gz
  annulus phantom brain --labels maps --contrast flair --lesions mask.nii.gz -o flair.nii.gz
  annulus phantom head --labels maps --seed 4 --depth 20 -o head.nii.gz
The seed chooses the map: map `seed modulo their number` of the folder, by name.")]
pub(in crate::cli) struct Phantom {
    /// Its name
    #[arg(required_unless_present = "list")]
    pub(in crate::cli) name: Option<String>,
    /// Every phantom, a line each
    #[arg(long)]
    pub(in crate::cli) list: bool,
    /// File to write: .nii, .nii.gz, .npy or .png
    #[arg(short, long, required_unless_present = "list")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Pixels a side
    #[arg(long, default_value_t = 256)]
    pub(in crate::cli) size: usize,
    /// Slices, which share the height of a phantom in space
    #[arg(long, default_value_t = 1)]
    pub(in crate::cli) depth: usize,
    /// t1, t2, pd, flair, ir (inversion recovery), ssfp or hu; t1, or hu of a CT phantom, by default;
    /// of coil maps magnitude or phase
    #[arg(long)]
    pub(in crate::cli) contrast: Option<String>,
    /// Folder of label maps (NIfTI, classes of FreeSurfer, SAMSEG or SynthSeg) that brain or head is drawn
    /// from; the seed chooses one
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) labels: Option<PathBuf>,
    /// File to write the share of lesion of each pixel to, in any of the formats of --output
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) lesions: Option<PathBuf>,
    /// Seed of the anatomy
    #[arg(long, default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    /// Replace an earlier file
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Args)]
#[command(after_help = "Examples:
  annulus apply image.npy -p ct/head-sparse60 --forward -o sinogram.npy
  annulus apply k.npy -p mri/cartesian --sensitivities maps.npy --adjoint -o image.npy
CT images are (row, column) in 1/mm, sinograms (view, bin); MRI images (row, column), k-space
(coil, row, column). Arithmetic is in double precision.")]
#[command(group(clap::ArgGroup::new("way").required(true).args(["forward", "adjoint"])))]
pub(in crate::cli) struct Apply {
    /// npy file
    pub(in crate::cli) input: PathBuf,
    /// Protocol: a built-in name or a TOML file
    #[arg(short, long)]
    pub(in crate::cli) protocol: String,
    /// npy file to write
    #[arg(short, long)]
    pub(in crate::cli) output: PathBuf,
    /// Image to data
    #[arg(long)]
    pub(in crate::cli) forward: bool,
    /// Data to image
    #[arg(long)]
    pub(in crate::cli) adjoint: bool,
    /// Coil sensitivities (coil, row, column), npy; one coil of ones without
    #[arg(long)]
    pub(in crate::cli) sensitivities: Option<PathBuf>,
    /// Where k-space is sampled (row, column), npy; the protocol's lines without
    #[arg(long)]
    pub(in crate::cli) mask: Option<PathBuf>,
    /// Seed of the protocol's random lines
    #[arg(long, default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    /// Any protocol key: key.path=value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(in crate::cli) set: Vec<String>,
    /// Replace an earlier file
    #[arg(long)]
    pub(in crate::cli) force: bool,
}
