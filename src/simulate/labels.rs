//! Label maps of whole heads in a folder of the user's: one is chosen, turned upright and checked.

use super::scan::SimulateError;
use crate::io::{IoError, Volume, read_volume};
use ndarray::{Array3, Axis};
use phantoms::PhantomError;
use phantoms::anatomy::{BrainMr, HeadVolume, LabelVolume};
use std::path::{Path, PathBuf};

/// A label map, as a seed chose it from a folder.
#[derive(Clone, Debug)]
pub struct LabelMap {
    path: PathBuf,
    /// Its place by name, from 1, and the number of maps.
    place: [usize; 2],
    volume: LabelVolume,
}

/// The part of an axis of voxels that lies along an axis of the body, at least: 18 degrees.
const ALONG: f64 = 0.95;
/// Labels may miss a whole number by this much, as scaled files do.
const WHOLE: f64 = 1e-3;

impl LabelMap {
    /// Map `seed` modulo their number of the `.nii` and `.nii.gz` files of a folder, by name.
    pub fn choose(folder: &Path, seed: u64) -> Result<Self, SimulateError> {
        let paths = maps(folder)?;
        let number = (seed % paths.len() as u64) as usize;
        let path = paths[number].clone();
        let volume = read_volume(&path)?;
        let (turned, spacing_mm) = upright(&path, volume)?;
        let labels = whole(&path, &turned)?;
        let volume = LabelVolume::new(labels, spacing_mm).map_err(|e| of_map(&path, e))?;
        Ok(Self {
            path,
            place: [number + 1, paths.len()],
            volume,
        })
    }

    /// The map as it is chosen, in words.
    pub fn about(&self) -> String {
        let [number, of] = self.place;
        format!("label map {number} of {of}: {}", self.path.display())
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its subjects in MR.
    pub fn brain(&self) -> Result<BrainMr, SimulateError> {
        BrainMr::from_volume(&self.volume).map_err(|e| of_map(&self.path, e))
    }

    /// Its subjects in CT.
    pub fn head(&self) -> Result<HeadVolume, SimulateError> {
        HeadVolume::from_volume(&self.volume).map_err(|e| of_map(&self.path, e))
    }
}

fn of_map(path: &Path, problem: PhantomError) -> SimulateError {
    SimulateError::Labels {
        path: path.to_owned(),
        problem,
    }
}

/// The NIfTI files of a folder by name; at least one.
fn maps(folder: &Path) -> Result<Vec<PathBuf>, SimulateError> {
    let wanted = "a folder with label maps of heads (.nii, .nii.gz)";
    let remedy = "name the folder that holds them after --labels";
    let fail = |found: &str| IoError::new(folder, wanted, found, remedy);
    if !folder.is_dir() {
        let found = if folder.exists() { "a file" } else { "nothing" };
        return Err(fail(found).into());
    }
    let unreadable = |e| IoError::reading(folder, &e);
    let (mut paths, mut others) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        match is_nifti(&path) {
            true => paths.push(path),
            false => others += 1,
        }
    }
    if paths.is_empty() {
        let found = match others {
            0 => "an empty folder".to_owned(),
            n => format!("none among its {n} files"),
        };
        return Err(fail(&found).into());
    }
    paths.sort();
    Ok(paths)
}

/// By the name; hidden files are none, such as those that are being written.
fn is_nifti(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ends = [".nii", ".nii.gz"].iter().any(|end| name.ends_with(end));
    ends && !name.starts_with('.') && path.is_file()
}

/// The volume with slices from the top of the head down, rows from its front to its back and
/// columns to its left, and their distances.
fn upright(path: &Path, volume: Volume) -> Result<(Array3<f32>, [f64; 3]), SimulateError> {
    let Volume {
        data,
        affine_lps_mm,
    } = volume;
    let shape = data.shape().to_vec();
    if shape.contains(&1) {
        let found = format!("{} x {} x {} voxels", shape[2], shape[1], shape[0]);
        let remedy = "export the whole head as one volume";
        return Err(IoError::new(path, "a 3-D label map", found, remedy).into());
    }
    // Voxel axis (column, row, slice) `a` along the axis (left, back, up) `w` of the body.
    let part = |w: usize, a: usize| {
        let length = affine_lps_mm.iter().map(|r| r[a].powi(2)).sum::<f64>();
        affine_lps_mm[w][a] / length.sqrt()
    };
    let axis = |w: usize| (0..3).find(|&a| part(w, a).abs() >= ALONG);
    let [Some(left), Some(back), Some(up)] = [axis(0), axis(1), axis(2)] else {
        let remedy = "resample it first, e.g. by nibabel.processing.resample_to_output";
        let wanted = "voxels along the axes of the body, within 18 degrees";
        return Err(IoError::new(path, wanted, "an oblique affine", remedy).into());
    };
    let spacing_mm = [up, back, left].map(|a| {
        let squares = affine_lps_mm.iter().map(|r| r[a].powi(2));
        squares.sum::<f64>().sqrt()
    });
    // Voxel axes are array axes 2, 1, 0.
    let mut data = data.permuted_axes([2 - up, 2 - back, 2 - left]);
    for (axis, runs) in [(0, -part(2, up)), (1, part(1, back)), (2, part(0, left))] {
        if runs < 0.0 {
            data.invert_axis(Axis(axis));
        }
    }
    Ok((data, spacing_mm))
}

/// The labels as whole numbers, in standard layout.
fn whole(path: &Path, values: &Array3<f32>) -> Result<Array3<u16>, SimulateError> {
    let fits = |v: f64| {
        let in_range = (0.0..=f64::from(u16::MAX)).contains(&v.round());
        in_range && (v - v.round()).abs() < WHOLE
    };
    if let Some(odd) = values.iter().find(|v| !fits(f64::from(**v))) {
        let remedy =
            "name a folder of label maps, not of images, and resample by nearest neighbour";
        let wanted = "labels: whole numbers from 0 to 65535";
        return Err(IoError::new(path, wanted, format!("the value {odd}"), remedy).into());
    }
    let mut labels = Array3::zeros(values.dim());
    labels.zip_mut_with(values, |to: &mut u16, v: &f32| *to = v.round() as u16);
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A volume whose value says its place: 100 z + 10 y + x, upright.
    fn placed() -> Array3<f32> {
        Array3::from_shape_fn((4, 3, 5), |(z, y, x)| (100 * z + 10 * y + x) as f32)
    }

    /// Every order and direction of the axes of voxels, each of its own length.
    fn turned() -> Vec<Volume> {
        let orders = [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ];
        let all = orders.iter().flat_map(|o| (0..8).map(move |f| (*o, f)));
        all.map(|(order, flips)| {
            // Array axis n of the file is axis `order[n]` of the upright volume: up, back, left.
            let mut data = placed().permuted_axes(order);
            let mut affine_lps_mm = [[0.0; 4]; 3];
            for (n, upright) in order.into_iter().enumerate() {
                let size = [2.0, 1.5, 0.7][upright];
                let runs = if upright == 0 { -size } else { size };
                let flipped = flips >> n & 1 == 1;
                affine_lps_mm[2 - upright][2 - n] = if flipped { -runs } else { runs };
                // A little oblique, as scans are.
                affine_lps_mm[(3 - upright) % 3][2 - n] = 0.1 * size;
                if flipped {
                    data.invert_axis(Axis(n));
                }
            }
            Volume {
                data: data.as_standard_layout().to_owned(),
                affine_lps_mm,
            }
        })
        .collect()
    }

    #[test]
    fn any_order_of_the_axes_is_turned_upright() {
        let all = turned();
        assert_eq!(all.len(), 48);
        for volume in all {
            let place = volume.affine_lps_mm;
            let (data, spacing) = upright(Path::new("a"), volume).unwrap();
            assert_eq!(data, placed(), "{place:?}");
            let near = |(a, b): (&f64, f64)| (a / b / 1.005_f64.sqrt() - 1.0).abs() < 0.01;
            let expected = [2.0, 1.5, 0.7].into_iter();
            assert!(spacing.iter().zip(expected).all(near), "{spacing:?}");
        }
    }

    #[test]
    fn oblique_and_flat_volumes_are_refused() {
        let mut volume = turned().remove(0);
        volume.affine_lps_mm[0][0] = 0.1;
        let oblique = upright(Path::new("a"), volume).unwrap_err().to_string();
        assert!(
            oblique.contains("oblique") && oblique.contains("resample"),
            "{oblique}"
        );
        let mut flat = turned().remove(0);
        flat.data = Array3::zeros((1, 4, 5));
        let flat = upright(Path::new("a"), flat).unwrap_err().to_string();
        assert!(flat.contains("3-D") && flat.contains("5 x 4 x 1"), "{flat}");
    }

    #[test]
    fn labels_are_whole_numbers() {
        for bad in [0.5, -1.0, 70_000.0, f32::NAN, f32::INFINITY] {
            let mut values = placed();
            values[(1, 2, 3)] = bad;
            let message = whole(Path::new("a"), &values).unwrap_err().to_string();
            assert!(message.contains(&bad.to_string()), "{message}");
        }
        let labels = whole(Path::new("a"), &placed().mapv(|v| v + 1e-4)).unwrap();
        assert_eq!(labels[(3, 2, 4)], 324);
    }
}
