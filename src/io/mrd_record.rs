//! The compound types of MRD acquisitions and the meaning of their flags.

use hdf5::H5Type;
use hdf5::types::{TypeDescriptor, VarLenArray};

use super::hdf5_read::fields;

/// Everything that an acquisition on the disk has, in the order of libismrmrd: for writing.
#[derive(H5Type, Clone, Debug, Default)]
#[repr(C)]
pub(super) struct FullHead {
    pub version: u16,
    pub flags: u64,
    pub measurement_uid: u32,
    pub scan_counter: u32,
    pub acquisition_time_stamp: u32,
    pub physiology_time_stamp: [u32; 3],
    pub number_of_samples: u16,
    pub available_channels: u16,
    pub active_channels: u16,
    pub channel_mask: [u64; 16],
    pub discard_pre: u16,
    pub discard_post: u16,
    pub center_sample: u16,
    pub encoding_space_ref: u16,
    pub trajectory_dimensions: u16,
    pub sample_time_us: f32,
    pub position: [f32; 3],
    pub read_dir: [f32; 3],
    pub phase_dir: [f32; 3],
    pub slice_dir: [f32; 3],
    pub patient_table_position: [f32; 3],
    pub idx: FullCounters,
    pub user_int: [i32; 8],
    pub user_float: [f32; 8],
}

/// The encoding counters, for writing.
#[derive(H5Type, Clone, Debug, Default)]
#[repr(C)]
pub(super) struct FullCounters {
    pub kspace_encode_step_1: u16,
    pub kspace_encode_step_2: u16,
    pub average: u16,
    pub slice: u16,
    pub contrast: u16,
    pub phase: u16,
    pub repetition: u16,
    pub set: u16,
    pub segment: u16,
    pub user: [u16; 8],
}

/// A whole acquisition, for writing (packed on the disk, as python's `ismrmrd` copies it byte by byte).
#[derive(H5Type, Clone, Debug)]
#[repr(C)]
pub(super) struct FullRecord {
    pub head: FullHead,
    pub traj: VarLenArray<f32>,
    pub data: VarLenArray<f32>,
}

/// The members of a head that are read. HDF5 matches them by name, whatever the layout on the disk.
#[derive(H5Type, Clone, Debug)]
#[repr(C)]
pub(super) struct Head {
    pub flags: u64,
    pub number_of_samples: u16,
    pub active_channels: u16,
    pub discard_pre: u16,
    pub discard_post: u16,
    pub center_sample: u16,
    pub encoding_space_ref: u16,
    pub sample_time_us: f32,
    pub position: [f32; 3],
    pub read_dir: [f32; 3],
    pub phase_dir: [f32; 3],
    pub slice_dir: [f32; 3],
    pub idx: Counters,
}

/// The counters that are read.
#[derive(H5Type, Clone, Debug)]
#[repr(C)]
pub(super) struct Counters {
    pub kspace_encode_step_1: u16,
    pub kspace_encode_step_2: u16,
    pub average: u16,
    pub slice: u16,
    pub contrast: u16,
    pub phase: u16,
    pub repetition: u16,
    pub set: u16,
}

/// A record of which only the head is read.
#[derive(H5Type, Clone, Debug)]
#[repr(C)]
pub(super) struct HeadRecord {
    pub head: Head,
}

/// A record of which only the samples are read: interleaved real and imaginary, [channel][sample].
#[derive(H5Type, Clone, Debug)]
#[repr(C)]
pub(super) struct DataRecord {
    pub data: VarLenArray<f32>,
}

const HEAD_MEMBERS: [&str; 13] = [
    "flags",
    "number_of_samples",
    "active_channels",
    "discard_pre",
    "discard_post",
    "center_sample",
    "encoding_space_ref",
    "sample_time_us",
    "position",
    "read_dir",
    "phase_dir",
    "slice_dir",
    "idx",
];

const COUNTERS: [&str; 8] = [
    "kspace_encode_step_1",
    "kspace_encode_step_2",
    "average",
    "slice",
    "contrast",
    "phase",
    "repetition",
    "set",
];

/// The first member that a file's type lacks. A missing member would be read as uninitialised memory.
pub(super) fn missing_member(descriptor: &TypeDescriptor) -> Option<String> {
    let member = |of: &TypeDescriptor, name: &str| -> Option<TypeDescriptor> {
        fields(of)
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, t)| (*t).clone())
    };
    let Some(head) = member(descriptor, "head") else {
        return Some("head".to_owned());
    };
    if !matches!(
        member(descriptor, "data"),
        Some(TypeDescriptor::VarLenArray(_))
    ) {
        return Some("data (a variable-length array)".to_owned());
    }
    if let Some(name) = HEAD_MEMBERS
        .iter()
        .find(|name| member(&head, name).is_none())
    {
        return Some(format!("head.{name}"));
    }
    for name in ["position", "read_dir", "phase_dir", "slice_dir"] {
        if !matches!(member(&head, name), Some(TypeDescriptor::FixedArray(_, 3))) {
            return Some(format!("head.{name}[3]"));
        }
    }
    let idx = member(&head, "idx")?;
    let name = COUNTERS.iter().find(|name| member(&idx, name).is_none())?;
    Some(format!("head.idx.{name}"))
}

/// MRD counts flags from 1.
pub(super) const fn bit(flag: u32) -> u64 {
    1 << (flag - 1)
}

pub(super) const NOISE: u64 = bit(19);
pub(super) const CALIBRATION_ONLY: u64 = bit(20);
pub(super) const CALIBRATION_AND_IMAGING: u64 = bit(21);
pub(super) const REVERSE: u64 = bit(22);

/// Not part of the image: navigation 23, phase correction 24, HP feedback 26, dummy 27, RT feedback 28, surface
/// coil correction 29, phase stabilisation 30 and 31. (25, the last of the measurement, is a line like others.)
pub(super) const OTHER_PURPOSE: u64 =
    bit(23) | bit(24) | bit(26) | bit(27) | bit(28) | bit(29) | bit(30) | bit(31);

/// What an acquisition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Noise,
    Imaging,
    Calibration,
    Both,
    Other,
}

impl Purpose {
    /// From the flags; a line marked 20 and 21 serves both.
    pub fn of(flags: u64) -> Self {
        let has = |mask| flags & mask != 0;
        if has(NOISE) {
            Self::Noise
        } else if has(OTHER_PURPOSE) {
            Self::Other
        } else if has(CALIBRATION_AND_IMAGING) {
            Self::Both
        } else if has(CALIBRATION_ONLY) {
            Self::Calibration
        } else {
            Self::Imaging
        }
    }

    /// Whether it belongs to the image.
    pub fn images(self) -> bool {
        matches!(self, Self::Imaging | Self::Both)
    }

    /// Whether it is marked for calibration.
    pub fn calibrates(self) -> bool {
        matches!(self, Self::Calibration | Self::Both)
    }
}
