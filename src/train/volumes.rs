//! Training images from the user's own volumes, and the part of them that is kept for validation.

use super::data::TrainError;
use super::volume::{Part, Volume};
use super::{Family, TrainConfig};
use crate::io::{IoError, find_stacks};
use ndarray::Array3;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The volumes of a run, split into training and validation.
pub(super) struct Volumes {
    family: Family,
    training: Vec<Source>,
    held_out: Vec<Source>,
}

/// One stack and the part of it that is used.
#[derive(Clone, Debug, PartialEq)]
struct Source {
    path: PathBuf,
    part: Part,
}

impl Source {
    fn read(&self, family: Family) -> Result<Volume, TrainError> {
        Volume::read(&self.path, self.part, family)
    }
}

impl Volumes {
    /// Finds the volumes that the configuration names; none where it names none.
    ///
    /// The last ones are kept for validation, at least one; of a single volume its last slices.
    pub(super) fn open(config: &TrainConfig) -> Result<Option<Self>, TrainError> {
        if config.volumes.is_empty() {
            return Ok(None);
        }
        let mut found = Vec::new();
        for path in &config.volumes {
            let here = find_stacks(path)?;
            if here.is_empty() {
                let expected =
                    "training volumes: DICOM, NIfTI, HDF5 or npy files, also in folders within";
                let remedy = "name a folder that holds some under `volumes`, or remove the key to train \
                              on phantoms alone";
                return Err(IoError::new(path, expected, "none", remedy).into());
            }
            found.extend(here);
        }
        let (training, held_out) = split(found, config.validation_share);
        let family = config.family;
        Ok(Some(Volumes {
            family,
            training,
            held_out,
        }))
    }

    /// What is trained on and what is kept back, in words.
    pub(super) fn words(&self) -> String {
        let (training, held_out) = (self.training.len(), self.held_out.len());
        if self.training.iter().any(|s| s.part != Part::All) {
            return "one volume, its last slices kept for validation".into();
        }
        match held_out {
            0 => format!("{training} volumes, none kept for validation"),
            _ => format!("{training} volumes, {held_out} more kept for validation"),
        }
    }

    /// Whether anything was kept back.
    pub(super) fn keeps_some(&self) -> bool {
        !self.held_out.is_empty()
    }

    /// The images of the given indices, volume by volume, so that few are in memory at once.
    pub(super) fn draw(
        &self,
        indices: &[usize],
        seed: u64,
        size: usize,
        done: &(dyn Fn() + Sync),
    ) -> Result<Vec<(usize, Array3<f32>)>, TrainError> {
        let mut by_volume: BTreeMap<usize, Vec<(usize, ChaCha8Rng)>> = BTreeMap::new();
        for &i in indices {
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x766f_6c75_6d65);
            rng.set_stream(i as u64);
            let volume = rng.random_range(0..self.training.len());
            by_volume.entry(volume).or_default().push((i, rng));
        }
        let of_volume = |(volume, jobs): (usize, Vec<(usize, ChaCha8Rng)>)| {
            let volume = self.training[volume].read(self.family)?;
            let images = jobs.into_par_iter().map(|(i, mut rng)| {
                let image = volume.image(&mut rng, size);
                done();
                (i, image)
            });
            Ok(images.collect::<Vec<_>>())
        };
        let drawn: Result<Vec<_>, TrainError> = by_volume.into_par_iter().map(of_volume).collect();
        Ok(drawn?.into_iter().flatten().collect())
    }

    /// `count` sections of the volumes that were kept back, as they are, cut or padded to `size`²;
    /// complex families get a drawn phase.
    pub(super) fn held_out(
        &self,
        count: usize,
        size: usize,
    ) -> Result<Vec<Array3<f32>>, TrainError> {
        let mut images = Vec::new();
        for (v, source) in self.held_out.iter().enumerate() {
            let volume = source.read(self.family)?;
            let here = count / self.held_out.len() + usize::from(v < count % self.held_out.len());
            for i in 0..here {
                let mut rng = ChaCha8Rng::seed_from_u64(0x76_616c_6964);
                rng.set_stream(images.len() as u64);
                images.push(volume.section(i, here, size, &mut rng));
            }
        }
        Ok(images)
    }
}

/// Training and validation: whole volumes, or the two ends of a single one.
fn split(found: Vec<PathBuf>, share: f64) -> (Vec<Source>, Vec<Source>) {
    let source = |path: &PathBuf, part| Source {
        path: path.clone(),
        part,
    };
    let all = |paths: &[PathBuf]| paths.iter().map(|p| source(p, Part::All)).collect();
    match found.as_slice() {
        paths if share == 0.0 => (all(paths), Vec::new()),
        [only] => (
            vec![source(only, Part::Before(1.0 - share))],
            vec![source(only, Part::After(1.0 - share))],
        ),
        paths => {
            let kept = ((share * paths.len() as f64).round() as usize).clamp(1, paths.len() - 1);
            let (training, held_out) = paths.split_at(paths.len() - kept);
            (all(training), all(held_out))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(count: usize, share: f64) -> [Vec<Part>; 2] {
        let found: Vec<PathBuf> = (0..count).map(|n| PathBuf::from(n.to_string())).collect();
        let (training, held_out) = split(found.clone(), share);
        let used = training.iter().chain(&held_out).map(|s| s.path.clone());
        let mut used: Vec<PathBuf> = used.collect();
        used.dedup();
        assert_eq!(used, found, "every volume once, in order");
        [training, held_out].map(|sources| sources.iter().map(|s| s.part).collect())
    }

    #[test]
    fn whole_volumes_are_kept_back_and_of_one_its_end() {
        assert_eq!(parts(3, 0.1), [vec![Part::All; 2], vec![Part::All; 1]]);
        assert_eq!(parts(40, 0.1), [vec![Part::All; 36], vec![Part::All; 4]]);
        assert_eq!(parts(2, 0.5), [vec![Part::All], vec![Part::All]]);
        assert_eq!(
            parts(1, 0.25),
            [vec![Part::Before(0.75)], vec![Part::After(0.75)]]
        );
        assert_eq!(parts(1, 0.0), [vec![Part::All], vec![]]);
    }
}
