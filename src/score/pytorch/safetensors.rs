//! Tensors of safetensors files and of diffusers folders.

use super::{Checkpoint, CheckpointError, format_error};
use ::safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::path::Path;
use tch::{Kind, Tensor};

/// All tensors of a safetensors file.
pub fn read_safetensors(path: &Path) -> Result<HashMap<String, Tensor>, CheckpointError> {
    let bytes = std::fs::read(path)?;
    let format = |e: String| {
        CheckpointError::Format(format!("is no safetensors file, or a damaged one: {e}"))
    };
    let file = SafeTensors::deserialize(&bytes).map_err(|e| format(e.to_string()))?;
    let mut tensors = HashMap::new();
    for (name, view) in file.iter() {
        let shape: Option<Vec<i64>> = view
            .shape()
            .iter()
            .map(|n| i64::try_from(*n).ok())
            .collect();
        let (Some(kind), Some(shape)) = (kind(view.dtype()), shape) else {
            return format_error(format!(
                "tensor `{name}` is {:?}, which no network has",
                view.dtype()
            ));
        };
        let tensor = Tensor::f_from_data_size(view.data(), &shape, kind)
            .map_err(|e| format(e.to_string()))?;
        tensors.insert(name.to_owned(), tensor);
    }
    Ok(tensors)
}

fn kind(dtype: Dtype) -> Option<Kind> {
    Some(match dtype {
        Dtype::F64 => Kind::Double,
        Dtype::F32 => Kind::Float,
        Dtype::F16 => Kind::Half,
        Dtype::BF16 => Kind::BFloat16,
        Dtype::I64 => Kind::Int64,
        Dtype::I32 => Kind::Int,
        Dtype::I16 => Kind::Int16,
        Dtype::I8 => Kind::Int8,
        Dtype::U8 => Kind::Uint8,
        Dtype::BOOL => Kind::Bool,
        _ => return None,
    })
}

/// `config.json` and the tensors of a diffusers folder, or of its `unet` inside a pipeline's folder.
pub fn read_diffusers(folder: &Path) -> Result<(String, HashMap<String, Tensor>), CheckpointError> {
    let unet = folder.join("unet");
    let folder = if unet.join("config.json").is_file() {
        &unet
    } else {
        folder
    };
    let config = std::fs::read_to_string(folder.join("config.json")).map_err(|e| {
        let why =
            format!("has no config.json that can be read ({e}): expected a folder of diffusers");
        CheckpointError::Format(why)
    })?;
    let at = |end: &str| folder.join(format!("diffusion_pytorch_model.{end}"));
    let tensors = if at("safetensors").is_file() {
        read_safetensors(&at("safetensors"))?
    } else if at("bin").is_file() {
        Checkpoint::open(&at("bin"))?.pick(&[])?.tensors
    } else if at("safetensors.index.json").is_file() {
        return format_error(
            "its weights are in several parts: save them as one, model.save_pretrained(FOLDER, max_shard_size='100GB')",
        );
    } else {
        return format_error("holds neither diffusion_pytorch_model.safetensors nor .bin");
    };
    Ok((config, tensors))
}

/// `scheduler_config.json` of a diffusers folder, or of the `scheduler` inside a pipeline's.
pub fn scheduler(folder: &Path) -> Result<Option<String>, CheckpointError> {
    let places = [
        "scheduler/scheduler_config.json",
        "scheduler_config.json",
        "../scheduler/scheduler_config.json",
    ];
    let found = places.iter().map(|p| folder.join(p)).find(|p| p.is_file());
    Ok(found.map(std::fs::read_to_string).transpose()?)
}
