//! Every check, in the order of the report.

use super::bench::Bench;
use super::error::Failure;
use super::evidence::Evidence;
use super::suite::Suite;
use super::{ct, guidance, io, mri};

/// One thing that is measured.
#[derive(Clone, Copy)]
pub(super) struct Check {
    /// Its name; those of its gates begin with it.
    pub id: &'static str,
    /// The part of the toolkit that it examines.
    pub suite: Suite,
    /// One line for the report.
    pub title: &'static str,
    /// What it does.
    pub run: fn(&Bench<'_>, &mut Evidence) -> Result<(), Failure>,
}

const fn check(
    suite: Suite,
    id: &'static str,
    title: &'static str,
    run: fn(&Bench<'_>, &mut Evidence) -> Result<(), Failure>,
) -> Check {
    Check {
        id,
        suite,
        title,
        run,
    }
}

/// Those that take minutes: a quick run has them only if it is asked for them by name.
pub(super) const LONG: &[&str] = &["guidance.particles"];

/// All of them.
pub(super) const CHECKS: &[Check] = &[
    check(
        Suite::Mri,
        "mri.laws",
        "The multi-coil Fourier operator is linear, and its adjoint is its adjoint",
        mri::laws,
    ),
    check(
        Suite::Mri,
        "mri.grid",
        "Analytic k-space of the Shepp-Logan head and its image lie on the same grid",
        mri::grid,
    ),
    check(
        Suite::Mri,
        "mri.coils",
        "Coil-weighted k-space of the operator against the analytic one",
        mri::coils,
    ),
    check(
        Suite::Mri,
        "mri.t2",
        "Relaxation times of the NIST array from a series of spin echoes",
        mri::relaxometry,
    ),
    check(
        Suite::Mri,
        "mri.readout",
        "A scan with readout oversampling is read as the image that was scanned",
        mri::readout,
    ),
    check(
        Suite::Mri,
        "mri.noise",
        "The noise of a simulated scan is what its protocol promises, and whitening makes it 1",
        mri::noise,
    ),
    check(
        Suite::Mri,
        "mri.recon",
        "The brain phantom, four times undersampled, through every method",
        mri::reconstructions,
    ),
    check(
        Suite::Ct,
        "ct.laws",
        "The projector is linear, and its adjoint is its adjoint",
        ct::laws,
    ),
    check(
        Suite::Ct,
        "ct.projector",
        "The projector against line integrals in closed form",
        ct::projector,
    ),
    check(
        Suite::Ct,
        "ct.counts",
        "Photon counts have the mean and the variance of Poisson's law",
        ct::counts,
    ),
    check(
        Suite::Ct,
        "ct.hu",
        "Inserts of the ACR phantom and the Catphan have their Hounsfield units",
        ct::hounsfield,
    ),
    check(
        Suite::Ct,
        "ct.forbild",
        "The plateau and the lesions of the FORBILD head come back from filtered back-projection",
        ct::forbild,
    ),
    check(
        Suite::Ct,
        "ct.quality",
        "Resolution, noise and detectability are what the detector and the photons promise",
        ct::quality,
    ),
    check(
        Suite::Ct,
        "ct.recon",
        "The head phantom, 60 views, through every method",
        ct::reconstructions,
    ),
    check(
        Suite::Guidance,
        "guidance.scalar",
        "One Gaussian number with one noisy measurement: mean and variance of the posterior",
        guidance::scalar,
    ),
    check(
        Suite::Guidance,
        "guidance.oracle",
        "Samplers under a Gaussian prior against the posterior in closed form",
        guidance::oracle,
    ),
    check(
        Suite::Guidance,
        "guidance.mixture",
        "A prior of 25 modes, one noisy measurement: distance of the samples to the posterior",
        guidance::mixture,
    ),
    check(
        Suite::Guidance,
        "guidance.particles",
        "The same prior by particles: the share of every mode",
        guidance::particles,
    ),
    check(
        Suite::Guidance,
        "guidance.ranks",
        "Ranks of the truth among samples: is the posterior calibrated?",
        guidance::ranks,
    ),
    check(
        Suite::Guidance,
        "guidance.posteriors",
        "Coils, line integrals, photon counts, degraded images: is the posterior calibrated where the data speak, and where the prior does?",
        guidance::posteriors,
    ),
    check(
        Suite::Guidance,
        "guidance.prior",
        "Shipped priors denoise as their model cards say",
        guidance::priors,
    ),
    check(
        Suite::Io,
        "io.volumes",
        "Volumes come back from NIfTI, DICOM, HDF5 and npy with their values and their place",
        io::volumes,
    ),
    check(
        Suite::Io,
        "io.raw",
        "Raw data come back from MRD, Data Exchange and CT-PD as the object that was scanned",
        io::raw,
    ),
];
