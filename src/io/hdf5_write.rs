//! The results of a reconstruction in one HDF5 file, written slice by slice.
//!
//! | dataset | shape | type |
//! |---|---|---|
//! | `mean`, `std` | (slice, row, column) | float32 |
//! | `quantiles` | (quantile, slice, row, column) | float32 |
//! | `samples` | (sample, slice, row, column) | complex64 `{r, i}`, CT float32 |
//! | `sensitivities` | (slice, coil, row, column) | complex64 `{r, i}` |
//!
//! Attributes of the root: `affine_lps_mm` (3, 4), voxel (column, row, slice) to LPS; `units`; `scale`;
//! `quantiles`, which ones, where there are any; `provenance`, free text. Every dataset is compressed, one chunk a slice.

use std::collections::BTreeMap;
use std::path::Path;

use hdf5::types::VarLenUnicode;
use hdf5::{Dataset, Extents, H5Type, Hyperslab, Selection, SliceOrIndex};
use ndarray::{Array2, Array3, ArrayView, Dimension};
use num_complex::Complex32;

use super::atomic::AtomicPath;
use super::{IoError, hdf5_create};

/// What the file says about its datasets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultInfo {
    /// (slice, row, column).
    pub shape: [usize; 3],
    /// How many samples will be written; may be 0.
    pub samples: usize,
    /// Which quantiles will be written.
    pub quantiles: Vec<f64>,
    /// How many coils of sensitivities will be written; may be 0.
    pub coils: usize,
    /// Voxel (column, row, slice) to LPS millimetres.
    pub affine_lps_mm: [[f64; 4]; 3],
    /// Units of the image.
    pub units: String,
    /// Image value = scale × image of the whitened data.
    pub scale: f64,
    /// Where the result comes from; JSON or anything.
    pub provenance: String,
}

/// A file of results that is being written.
#[derive(Debug)]
pub struct ResultH5 {
    place: AtomicPath,
    file: hdf5::File,
    info: ResultInfo,
    datasets: BTreeMap<&'static str, Dataset>,
}

impl ResultH5 {
    /// Starts a file beside `path`; it takes this name at [`finish`](Self::finish).
    pub fn create(path: &Path, info: &ResultInfo, force: bool) -> Result<Self, IoError> {
        let place = AtomicPath::create(path, force)?;
        let make = || -> hdf5::Result<hdf5::File> {
            let file = hdf5_create::create(&place)?;
            let affine = ndarray::arr2(&info.affine_lps_mm);
            file.new_attr_builder()
                .with_data(&affine)
                .create("affine_lps_mm")?;
            file.new_attr::<f64>()
                .create("scale")?
                .write_scalar(&info.scale)?;
            if !info.quantiles.is_empty() {
                file.new_attr_builder()
                    .with_data(&info.quantiles)
                    .create("quantiles")?;
            }
            for (name, text) in [("units", &info.units), ("provenance", &info.provenance)] {
                let text: VarLenUnicode = text
                    .replace('\0', "")
                    .parse()
                    .map_err(|_| hdf5::Error::from("bad text"))?;
                file.new_attr::<VarLenUnicode>()
                    .create(name)?
                    .write_scalar(&text)?;
            }
            Ok(file)
        };
        let file = make().map_err(|e| IoError::writing_hdf5(path, &e))?;
        Ok(Self {
            place,
            file,
            info: info.clone(),
            datasets: BTreeMap::new(),
        })
    }

    /// Writes one slice of the mean.
    pub fn mean(&mut self, slice: usize, image: &Array2<f32>) -> Result<(), IoError> {
        let shape = self.info.shape;
        self.put("mean", &shape, &[slice], image.view())
    }

    /// Writes one slice of the standard deviation.
    pub fn std(&mut self, slice: usize, image: &Array2<f32>) -> Result<(), IoError> {
        let shape = self.info.shape;
        self.put("std", &shape, &[slice], image.view())
    }

    /// Writes one slice of one quantile.
    pub fn quantile(
        &mut self,
        quantile: usize,
        slice: usize,
        image: &Array2<f32>,
    ) -> Result<(), IoError> {
        let [slices, rows, columns] = self.info.shape;
        let shape = [self.info.quantiles.len(), slices, rows, columns];
        self.put("quantiles", &shape, &[quantile, slice], image.view())
    }

    /// Writes one slice of one sample.
    pub fn sample(
        &mut self,
        sample: usize,
        slice: usize,
        image: &Array2<Complex32>,
    ) -> Result<(), IoError> {
        let [slices, rows, columns] = self.info.shape;
        let shape = [self.info.samples, slices, rows, columns];
        self.put("samples", &shape, &[sample, slice], image.view())
    }

    /// Writes one slice of one sample of a real image.
    pub fn real_sample(
        &mut self,
        sample: usize,
        slice: usize,
        image: &Array2<f32>,
    ) -> Result<(), IoError> {
        let [slices, rows, columns] = self.info.shape;
        let shape = [self.info.samples, slices, rows, columns];
        self.put("samples", &shape, &[sample, slice], image.view())
    }

    /// Writes the sensitivities of one slice, (coil, row, column).
    pub fn sensitivities(&mut self, slice: usize, maps: &Array3<Complex32>) -> Result<(), IoError> {
        let [slices, rows, columns] = self.info.shape;
        let shape = [slices, self.info.coils, rows, columns];
        self.put("sensitivities", &shape, &[slice], maps.view())
    }

    /// Completes the file and gives it its name.
    pub fn finish(self) -> Result<(), IoError> {
        let Self {
            place,
            file,
            datasets,
            ..
        } = self;
        drop(datasets);
        let closed = file.flush().and_then(|()| file.close());
        closed.map_err(|e| IoError::writing_hdf5(place.target(), &e))?;
        place.finish()
    }

    /// Writes `block` at the given leading indices and flushes, so that a crash loses one slice at most.
    fn put<T: H5Type + Clone, D: Dimension>(
        &mut self,
        name: &'static str,
        shape: &[usize],
        at: &[usize],
        block: ArrayView<T, D>,
    ) -> Result<(), IoError> {
        let fits = at.iter().zip(shape).all(|(i, n)| i < n) && block.shape() == &shape[at.len()..];
        if !fits {
            return Err(IoError::new(
                self.place.target(),
                format!("{name} within the shape {shape:?}"),
                format!("a block of shape {:?} at {at:?}", block.shape()),
                "this is a mistake in the caller",
            ));
        }
        let mut write = || -> hdf5::Result<()> {
            if !self.datasets.contains_key(name) {
                let mut chunk = vec![1; shape.len() - 2];
                chunk.extend(&shape[shape.len() - 2..]);
                let builder = self
                    .file
                    .new_dataset::<T>()
                    .chunk(chunk)
                    .shuffle()
                    .deflate(4);
                let dataset = builder.shape(Extents::from(shape.to_vec())).create(name)?;
                self.datasets.insert(name, dataset);
            }
            let dataset = &self.datasets[name];
            let ranges: Vec<SliceOrIndex> = (0..shape.len())
                .map(|axis| match at.get(axis) {
                    Some(&index) => SliceOrIndex::Index(index),
                    None => SliceOrIndex::SliceTo {
                        start: 0,
                        step: 1,
                        end: shape[axis],
                        block: 1,
                    },
                })
                .collect();
            let selection = Selection::Hyperslab(Hyperslab::from(ranges));
            dataset.write_slice(&block.as_standard_layout(), selection)?;
            self.file.flush()
        };
        write().map_err(|e| IoError::writing_hdf5(self.place.target(), &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::testing::{message, python};
    use crate::io::{Kind, recognise};

    fn info() -> ResultInfo {
        ResultInfo {
            shape: [2, 3, 4],
            samples: 2,
            quantiles: vec![0.1],
            coils: 5,
            affine_lps_mm: [
                [1.0, 0.0, 0.0, 7.0],
                [0.0, 2.0, 0.0, 0.0],
                [0.0, 0.0, 3.0, 0.0],
            ],
            units: "a.u.".to_owned(),
            scale: 0.25,
            provenance: "{\"seed\": 1, \"µ\": \"".to_owned() + &"x".repeat(100_000) + "\"}",
        }
    }

    fn save(path: &Path) {
        let mut file = ResultH5::create(path, &info(), false).unwrap();
        for k in 0..2 {
            file.mean(
                k,
                &Array2::from_shape_fn([3, 4], |(j, i)| (100 * k + 10 * j + i) as f32),
            )
            .unwrap();
            file.sensitivities(
                k,
                &Array3::from_elem([5, 3, 4], Complex32::new(1.0, k as f32)),
            )
            .unwrap();
            file.quantile(0, k, &Array2::from_elem([3, 4], 7.0 + k as f32))
                .unwrap();
            for s in 0..2 {
                file.sample(
                    s,
                    k,
                    &Array2::from_elem([3, 4], Complex32::new(s as f32, k as f32)),
                )
                .unwrap();
            }
        }
        assert!(!path.exists());
        file.finish().unwrap();
    }

    #[test]
    fn h5py_gets_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.h5");
        save(&path);
        assert_eq!(recognise(&path).unwrap(), Kind::Hdf5Other);
        let script = "
f = h5py.File(sys.argv[1])
print(sorted(f), f['mean'][1, 2, 3], f['samples'].dtype, f['samples'][1, 0, 0, 0], f['sensitivities'].shape, f['sensitivities'][1, 4, 2, 3])
print(f.attrs['affine_lps_mm'][0, 3], f.attrs['scale'], f.attrs['units'], len(f.attrs['provenance']), f['mean'].chunks, f['mean'].compression)
print(f.attrs['quantiles'], f['quantiles'].shape, f['quantiles'][0, 1, 2, 3])
";
        let Some(out) = python(&["h5py"], script, &[&path]) else {
            return;
        };
        let lines = [
            "['mean', 'quantiles', 'samples', 'sensitivities'] 123.0 complex64 (1+0j) (2, 5, 3, 4) (1+1j)",
            "7.0 0.25 a.u. 100020 (1, 3, 4) gzip",
            "[0.1] (1, 2, 3, 4) 8.0",
        ];
        assert_eq!(out, lines.join("\n"));
    }

    #[test]
    fn wrong_blocks_are_refused_and_a_drop_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.h5");
        let mut file = ResultH5::create(&path, &info(), false).unwrap();
        assert!(message(file.mean(2, &Array2::zeros([3, 4]))).contains("[2, 3, 4]"));
        assert!(message(file.std(0, &Array2::zeros([4, 3]))).contains("[4, 3]"));
        drop(file);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
