//! Which device the network and the operators run on.

// Opening libtorch_cuda.so is unsafe in Rust's eyes: it runs the library's initialisers.
#![allow(unsafe_code)]

use super::ReconError;
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY};
use std::str::FromStr;
use std::sync::Once;
use tch::{Cuda, Device};

/// `--device auto|cpu|cuda[:N]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// CUDA if there is one, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// A CUDA device.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |n: &str| n.parse().map(DeviceChoice::Cuda).ok();
        let found = match text {
            "auto" => Some(DeviceChoice::Auto),
            "cpu" => Some(DeviceChoice::Cpu),
            "cuda" => Some(DeviceChoice::Cuda(0)),
            other => other.strip_prefix("cuda:").and_then(number),
        };
        found.ok_or_else(|| format!("device `{text}`: expected auto, cpu, cuda or cuda:N"))
    }
}

/// Opens libtorch's CUDA part, if it is there and its own libraries are, before the first question
/// about CUDA: the binary links the CPU part alone.
fn open_cuda() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: a library of the libtorch that this program links, of the same version; it is
        // never closed.
        let opened = unsafe { Library::open(Some("libtorch_cuda.so"), RTLD_LAZY | RTLD_GLOBAL) };
        if let Ok(library) = opened {
            std::mem::forget(library);
        }
    });
}

/// The device for a choice; one that is not there is an error.
pub fn find_device(choice: DeviceChoice) -> Result<Device, ReconError> {
    if choice == DeviceChoice::Cpu {
        return Ok(Device::Cpu);
    }
    open_cuda();
    let there = if Cuda::is_available() {
        Cuda::device_count().max(0) as usize
    } else {
        0
    };
    match choice {
        DeviceChoice::Cuda(n) if n >= there => Err(ReconError::Request(format!(
            "device cuda:{n}: this machine has {there} CUDA device(s) that libtorch can use; \
             choose --device auto or cpu"
        ))),
        DeviceChoice::Cuda(n) => Ok(Device::Cuda(n)),
        _ if there > 0 => Ok(Device::Cuda(0)),
        _ => Ok(Device::Cpu),
    }
}
