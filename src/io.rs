//! Files in and out: raw data of scanners, volumes, results, pictures.
//!
//! [`recognise`] says what a file is by its content, [`open_k_space`] reads one slice of k-space at a time from
//! any of the raw MRI formats, [`open_projections`] one sinogram of the raw CT formats, [`inspect()`] describes a file on one screen. Every writer works beside the final
//! name and renames when it is complete ([`atomic`]), so that a file under its final name is a whole file.
//!
//! | format | read | written |
//! |---|---|---|
//! | MRD (ISMRMRD v1) | [`mrd`] | [`mrd_write`] |
//! | fastMRI HDF5 | [`fastmri`] | |
//! | npy | [`npy`], [`npy_sinogram`] | [`npy`] |
//! | DICOM series | [`dicom`] | [`dicom`] |
//! | DICOM-CT-PD | [`ct_pd`] | [`ct_pd_write`] |
//! | Data Exchange, NXtomo | [`tomo`] | [`data_exchange`] |
//! | LoDoPaB-CT | [`lodopab`] | |
//! | TIFF | [`tiff_stack`] | |
//! | NIfTI-1 | [`nifti_read`] | [`nifti_write`] |
//! | HDF5 of results | [`stack`](mod@stack) | [`hdf5_write`] |
//! | PNG | [`picture`] | [`png_sheet`](mod@png_sheet), [`png_curves`](mod@png_curves) |
//!
//! Arrays are (slice, row, column) for volumes, (coil, y, x) for k-space, x being the readout, and (view, bin) for
//! sinograms. Positions are LPS in millimetres, in NIfTI files RAS. No names or other identifiers of patients are read
//! or kept, but for [`dicom::SourceModules`], from DICOM series to the series that derive from them.

mod apart;
pub mod atomic;
pub mod atomic_folder;
pub mod ct_pd;
pub mod ct_pd_write;
pub mod data_exchange;
pub mod dicom;
mod dicom_walk;
mod error;
pub mod fastmri;
mod font;
pub mod hash;
mod hdf5_create;
mod hdf5_read;
pub mod hdf5_write;
pub mod inspect;
pub mod lodopab;
pub mod mrd;
mod mrd_geometry;
pub mod mrd_header;
mod mrd_index;
mod mrd_record;
pub mod mrd_study;
pub mod mrd_write;
pub mod nifti_read;
pub mod nifti_write;
pub mod npy;
pub mod npy_array;
mod npy_header;
pub mod npy_sinogram;
pub mod picture;
pub mod png_curves;
pub mod png_sheet;
pub mod projections;
pub mod raw;
mod recognise;
mod recognise_folder;
pub mod stack;
pub mod tiff_stack;
pub mod tomo;

pub use apart::Apart;
pub use ct_pd_write::CtPdWriter;
pub use data_exchange::{DataExchangeWriter, FrameCounts};
pub use dicom::{DicomOptions, DicomSeriesWriter, DicomVolume, Stacking, read_dicom_series};
pub use error::IoError;
pub use hash::sha256;
pub use hdf5_write::{ResultH5, ResultInfo};
pub use inspect::{Inspection, inspect};
pub use mrd_study::mrd_study;
pub use mrd_write::{LineFlags, MrdWriteHeader, MrdWriter, SliceGeometry};
pub use nifti_read::{Volume, read_volume};
pub use nifti_write::NiftiWriter;
pub use npy::{write_npy_complex, write_npy_f32};
pub use picture::{read_measurements, read_picture, real_stack};
pub use png_curves::{Panel, png_curves};
pub use png_sheet::{png_panels, png_sheet};
pub use projections::{
    AngleUnit, Beam, ColumnOrder, Content, DetectorShape, Flats, ProjectionHeader,
    ProjectionOptions, ProjectionSlice, ProjectionSource, open_projections,
};
pub use raw::{KSpaceSource, NoiseScan, RawHeader, RawSlice, ReadOptions, open_k_space};
pub use recognise::{Kind, recognise};
pub use stack::{Pixels, Stack, find_stacks, read_stack};

#[cfg(test)]
mod testing;
