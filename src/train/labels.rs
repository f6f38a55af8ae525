//! Images from label maps that the user names.

use super::data::TrainError;
use crate::io::{IoError, read_volume};
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex32;
use phantoms::Texture;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

fn read_labels(path: &Path) -> Result<Array3<u16>, IoError> {
    Ok(read_volume(path)?.data.mapv(|v| v as u16))
}

/// Label maps of whole heads, in a folder.
pub(super) struct Labels {
    volumes: Vec<Array3<u16>>,
}

impl Labels {
    pub(super) fn open(folder: &Path) -> Result<Self, TrainError> {
        let fail = |why: String| TrainError::Config(format!("labels {}: {why}", folder.display()));
        let entries = std::fs::read_dir(folder).map_err(|e| fail(e.to_string()))?;
        let is_nifti = |p: &PathBuf| {
            let name = p.to_string_lossy();
            name.ends_with(".nii") || name.ends_with(".nii.gz")
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|e| e.ok().map(|e| e.path()))
            .filter(is_nifti)
            .collect();
        paths.sort();
        if paths.is_empty() {
            return Err(fail(
                "expected label maps (.nii, .nii.gz), found none".into(),
            ));
        }
        let volumes: Result<Vec<_>, _> = paths.par_iter().map(|p| read_labels(p)).collect();
        Ok(Labels { volumes: volumes? })
    }

    /// A random plane of a random volume, drawn with random contrasts. Planes that show little are
    /// drawn again.
    pub(super) fn draw(
        &self,
        rng: &mut ChaCha8Rng,
        texture: Texture,
        size: usize,
    ) -> Array2<Complex32> {
        let mut plane = Array2::zeros((1, 1));
        for _ in 0..20 {
            let volume = &self.volumes[rng.random_range(0..self.volumes.len())];
            let axis = rng.random_range(0..3);
            let n = volume.shape()[axis];
            plane = volume
                .index_axis(Axis(axis), rng.random_range(n / 8..n - n / 8))
                .to_owned();
            let filled = plane.iter().filter(|l| **l != 0).count();
            if filled * 6 > plane.len() {
                break;
            }
        }
        phantoms::from_labels_merged(&plane, &merge_sides, texture, rng, (size, size))
    }
}

/// FreeSurfer's label of the left side for one of the right: both sides have one signal.
fn merge_sides(label: u16) -> u16 {
    match label {
        41..=44 => label - 39,
        46 | 47 => label - 39,
        49..=52 => label - 39,
        53 | 54 => label - 36,
        58 => 26,
        60 => 28,
        62 | 63 => label - 32,
        other => other,
    }
}
