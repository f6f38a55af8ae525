//! Priors by name or by path.

use super::ReconError;
use crate::score::{Model, PriorError};
use std::borrow::Cow;
use std::path::Path;
use tch::Device;

/// The priors that ship with annulus: name and weight file.
pub fn builtin_priors() -> &'static [(&'static str, &'static [u8])] {
    &[
        (
            "brain-local",
            include_bytes!("../../protocols/priors/brain-local.safetensors"),
        ),
        (
            "head-local",
            include_bytes!("../../protocols/priors/head-local.safetensors"),
        ),
    ]
}

/// The bytes of a prior: a built-in name, or a path.
pub fn prior_bytes(name: &str) -> Result<Cow<'static, [u8]>, ReconError> {
    if let Some((_, bytes)) = builtin_priors().iter().find(|(n, _)| *n == name) {
        return Ok(Cow::Borrowed(bytes));
    }
    let path = Path::new(name);
    let known = || {
        builtin_priors()
            .iter()
            .map(|(n, _)| *n)
            .collect::<Vec<_>>()
            .join(", ")
    };
    std::fs::read(path).map(Cow::Owned).map_err(|e| {
        let why = format!(
            "{e}; expected a file or one of the built-in priors ({})",
            known()
        );
        PriorError::File {
            path: name.into(),
            why,
        }
        .into()
    })
}

/// Loads a prior onto a device.
pub fn load_prior(name: &str, device: Device) -> Result<Model, ReconError> {
    Ok(Model::load(name, &prior_bytes(name)?, device)?)
}
