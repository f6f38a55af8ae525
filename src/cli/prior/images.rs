//! Images that a prior should know, in its own units.

use crate::io::npy_array::read_array;
use crate::io::{Kind, read_picture, real_stack, recognise};
use crate::score::Card;
use crate::train::HeldOut;
use ndarray::{Array2, Array3, Array4, Axis};
use operators::{Array, Field, Host};
use std::error::Error;
use std::path::{Path, PathBuf};
use tch::Tensor;

/// Sections with less than this share of pixels above a tenth of the brightest show too little.
const EMPTY: f64 = 0.1;

/// `count` images out of the files, evenly from all of them.
pub(super) fn read(
    paths: &[PathBuf],
    card: &Card,
    count: usize,
) -> Result<Vec<Host<f32>>, Box<dyn Error>> {
    let mut images = Vec::new();
    for path in paths {
        let all = match recognise(path)? {
            Kind::Npy | Kind::NpyKSpace => of_npy(path, card)?,
            _ => sections(&read_picture(path)?.data, card),
        };
        let take = count.div_ceil(paths.len()).min(all.len());
        images.extend((0..take).map(|i| all[(2 * i + 1) * all.len() / (2 * take)].clone()));
    }
    match images.is_empty() {
        true => Err("--images: every section is empty".into()),
        false => Ok(images),
    }
}

/// An npy array of (items, channels, rows, columns), or a complex one, as it is; another as a volume.
fn of_npy(path: &Path, card: &Card) -> Result<Vec<Host<f32>>, Box<dyn Error>> {
    let (array, channels) = (read_array(path)?, card.channels);
    let shape = array.shape().to_vec();
    let stacked = match shape[..] {
        [items, c, rows, columns] if c == channels => {
            let values = array.iter().map(|z| z.re as f32).collect();
            Array4::from_shape_vec((items, c, rows, columns), values)?
        }
        [items, rows, columns] if channels == 2 && array.iter().any(|z| z.im != 0.0) => {
            let complex = array.to_shape((items, rows, columns))?;
            let (re, im) = (complex.mapv(|z| z.re as f32), complex.mapv(|z| z.im as f32));
            ndarray::stack![Axis(1), re, im]
        }
        [_, c, _, _] => {
            return Err(format!(
                "{}: has {c} channels, the prior {channels}: expected an array of {shape:?} with {channels} as its second number",
                path.display()
            )
            .into());
        }
        _ => return Ok(sections(&real_stack(path, &array)?, card)),
    };
    Ok(stacked.outer_iter().map(|c| host(&c.to_owned())).collect())
}

/// Sections of a volume that show something, scaled as the card says.
fn sections(volume: &Array3<f32>, card: &Card) -> Vec<Host<f32>> {
    let mut sizes: Vec<f32> = volume
        .iter()
        .map(|v| v.abs())
        .filter(|v| v.is_finite())
        .collect();
    let high = sizes.iter().copied().fold(0.0, f32::max);
    let low = volume.iter().copied().fold(f32::MAX, f32::min);
    let at = (sizes.len().saturating_sub(1) as f64 * card.quantile) as usize;
    let scale = match card.unit_hu {
        Some(unit) => unit as f32,
        None if sizes.is_empty() => 1.0,
        None => match *sizes.select_nth_unstable_by(at, f32::total_cmp).1 {
            bright if bright > 0.0 => bright / card.quantile_value as f32,
            _ => 1.0,
        },
    };
    let bright = low + 0.1 * (high - low);
    let shows = |section: &ndarray::ArrayView2<'_, f32>| {
        let filled = section.iter().filter(|v| **v > bright).count();
        filled as f64 > EMPTY * section.len() as f64
    };
    let found = volume.outer_iter().filter(shows);
    found
        .map(|section| image(&section.mapv(|v| v / scale), card.channels))
        .collect()
}

/// A real image with as many channels as asked for: grey in every colour, no imaginary part.
fn image(section: &Array2<f32>, channels: usize) -> Host<f32> {
    let (rows, columns) = section.dim();
    let value = |(c, y, x): (usize, usize, usize)| match (channels, c) {
        (2, 1) => 0.0,
        _ => section[(y, x)],
    };
    host(&Array3::from_shape_fn((channels, rows, columns), value))
}

/// (channel, row, column): complex of two, a column of planes of more.
fn host(channels: &Array3<f32>) -> Host<f32> {
    let (count, rows, columns) = channels.dim();
    match count {
        2 => {
            let pairs = channels.view().permuted_axes([1, 2, 0]);
            Host::new(
                &[1, rows, columns],
                Field::Complex,
                pairs.iter().copied().collect(),
            )
        }
        n => Host::new(
            &[1, n * rows, columns],
            Field::Real,
            channels.iter().copied().collect(),
        ),
    }
}

/// `[1, channels, Y, X]` of every image.
pub(super) fn tensors(held_out: &HeldOut, channels: usize) -> Vec<Tensor> {
    let tensor = |image: &Host<f32>| {
        let sizes: Vec<i64> = image.sizes().iter().map(|n| *n as i64).collect();
        let flat = Tensor::from_slice(image.reals());
        match image.field() {
            Field::Complex => flat
                .view([1, sizes[1], sizes[2], 2])
                .permute([0, 3, 1, 2])
                .contiguous(),
            Field::Real => flat.view([1, channels as i64, sizes[1] / channels as i64, sizes[2]]),
        }
    };
    held_out.images().iter().map(tensor).collect()
}
