//! `annulus compare`.

mod load;
mod rows;
mod table;

use super::{Outcome, arguments::Compare};
use crate::metrics::{HuError, MetricsError, Pair, Value, hu_errors, nmse};
use load::{Grid, Loaded};
use ndarray::{Array3, ArrayView3};
use num_complex::Complex64;
use rows::{Row, Wanted};
use serde::Serialize;
use std::path::PathBuf;

/// Below this in the reference, values look like HU: no other image has them.
const AIR_HU: f64 = -500.0;

/// What is printed, or written as JSON.
#[derive(Serialize)]
pub(super) struct Comparison {
    image: PathBuf,
    reference: PathBuf,
    mask: Option<PathBuf>,
    /// (slice, row, column).
    shape: [usize; 3],
    pixels: usize,
    pixels_in_mask: Option<usize>,
    /// What the image was multiplied by before NMSE, PSNR and SSIM.
    scale: f64,
    metrics: Vec<Row>,
    hu: Option<HuTables>,
    notes: Vec<String>,
}

/// Errors by tissue.
#[derive(Serialize)]
struct HuTables {
    whole: Vec<HuError>,
    mask: Option<Vec<HuError>>,
}

pub(super) fn run(a: &Compare) -> Outcome {
    let files = Files::read(a)?;
    let mut made = measure(a, &files).map_err(|e| format!("{}: {e}", files.both))?;
    made.answers(&a.metrics)?;
    let known = [&files.image, &files.reference].into_iter();
    made.notes.extend(known.flat_map(|l| l.notes.clone()));
    if a.json {
        return Ok(serde_json::to_string_pretty(&made)? + "\n");
    }
    Ok(table::words(&made))
}

impl Comparison {
    /// Errors for a metric that was asked for and does not apply.
    fn answers(&self, asked: &[String]) -> Result<(), String> {
        for name in asked {
            let (there, needs) = match name.as_str() {
                "hu" => (self.hu.is_some(), "images in HU: --hu says that they are"),
                "phase" => {
                    let there = self.metrics.iter().any(|row| row.name.starts_with("phase"));
                    (there, "two complex images")
                }
                _ => (true, ""),
            };
            if !there {
                return Err(format!("--metrics {name}: expected {needs}"));
            }
        }
        Ok(())
    }
}

/// What was read, on one grid.
struct Files {
    image: Loaded,
    reference: Loaded,
    mask: Option<Array3<bool>>,
    /// The two names, for messages.
    both: String,
}

impl Files {
    fn read(a: &Compare) -> Result<Self, Box<dyn std::error::Error>> {
        let (image, reference) = (Loaded::read(&a.image)?, Loaded::read(&a.reference)?);
        let both = format!("{} against {}", a.image.display(), a.reference.display());
        same_grid(a, &both, &image.grid, &reference.grid)?;
        let mask = match &a.mask {
            None => None,
            Some(path) => {
                let mask = Loaded::read(path)?;
                let named = format!("{} on {}", path.display(), a.reference.display());
                same_grid(a, &named, &mask.grid, &reference.grid)?;
                Some(mask.into_mask(path)?)
            }
        };
        Ok(Files {
            image,
            reference,
            mask,
            both,
        })
    }
}

fn measure(a: &Compare, files: &Files) -> Result<Comparison, MetricsError> {
    let mask = files.mask.as_ref().map(|m| m.view());
    let (image, reference) = (&files.image, &files.reference);
    let mut notes = Vec::new();
    let complex = match (&image.complex, &reference.complex) {
        (Some(x), Some(t)) => {
            notes.push("complex: all but nrmse and phase are of magnitudes".into());
            Some(Both::new(x, t, mask)?)
        }
        (None, None) => None,
        _ => {
            notes.push("one of the two is complex: its magnitude is compared".into());
            None
        }
    };
    let is_real = complex.is_none();
    let known_hu = is_real && (a.hu || reference.is_hu);
    let looks_like_hu = is_real && reference.real.iter().any(|v| *v < AIR_HU);
    if looks_like_hu && !known_hu {
        notes.push(format!(
            "the reference has values below {AIR_HU}: taken for HU (--hu says so)"
        ));
    }
    let volumes = Volumes {
        real: Both::new(&image.real, &reference.real, mask)?,
        complex,
    };
    let made = compare(a, &volumes, known_hu || looks_like_hu)?;
    Ok(Comparison { notes, ..made })
}

/// What is compared, whole and in the mask.
struct Volumes<'a> {
    real: Both<'a, f64>,
    complex: Option<Both<'a, Complex64>>,
}

/// A pair, and the same within the mask.
struct Both<'a, T> {
    whole: Pair<'a, T>,
    mask: Option<Pair<'a, T>>,
}

impl<'a, T: Value> Both<'a, T> {
    fn new(
        x: &'a Array3<T>,
        t: &'a Array3<T>,
        mask: Option<ArrayView3<'a, bool>>,
    ) -> Result<Self, MetricsError> {
        let whole = Pair::new(x.view(), t.view())?;
        let mask = mask.map(|mask| whole.within(mask)).transpose()?;
        Ok(Both { whole, mask })
    }

    /// Another image in place of this one.
    fn with_image<'b>(&self, image: ArrayView3<'b, T>) -> Result<Both<'b, T>, MetricsError>
    where
        'a: 'b,
    {
        let mask = self.mask.map(|pair| pair.with_image(image));
        Ok(Both {
            whole: self.whole.with_image(image)?,
            mask: mask.transpose()?,
        })
    }
}

fn compare(a: &Compare, volumes: &Volumes, is_hu: bool) -> Result<Comparison, MetricsError> {
    let Both { whole, mask } = &volumes.real;
    // HU of water are zero by right.
    if !is_hu {
        nmse(whole)?;
    }
    let wanted = Wanted {
        names: &a.metrics,
        range: a.range,
    };
    let scale = if a.fit { rows::fit(whole) } else { 1.0 };
    let fitted = whole.image().mapv(|v| scale * v);
    let mut metrics = rows::of_images(&wanted, &volumes.real.with_image(fitted.view())?);
    metrics.extend(rows::of_numbers(&wanted, volumes));
    let tissues = is_hu && wanted.asks("hu");
    if tissues {
        metrics.extend(rows::in_the_window(whole));
    }
    let (slices, rows, columns) = whole.shape();
    Ok(Comparison {
        image: a.image.clone(),
        reference: a.reference.clone(),
        mask: a.mask.clone(),
        shape: [slices, rows, columns],
        pixels: whole.pixels(),
        pixels_in_mask: mask.as_ref().map(Pair::pixels),
        scale,
        metrics,
        hu: tissues.then(|| HuTables {
            whole: hu_errors(whole),
            mask: mask.as_ref().map(hu_errors),
        }),
        notes: Vec::new(),
    })
}

/// Refuses two grids that are not one, with both and the way out.
fn same_grid(a: &Compare, both: &str, one: &Grid, other: &Grid) -> Result<(), String> {
    if one.shape != other.shape {
        return Err(format!(
            "{both}: (slice, row, column) is {:?} against {:?}; expected one shape: crop or resample \
             one to the grid of the other",
            one.shape, other.shape
        ));
    }
    let Some(apart) = one.apart(other).filter(|_| !a.ignore_affine) else {
        return Ok(());
    };
    if apart.is_one_grid() {
        return Ok(());
    }
    Err(format!(
        "{both}: {apart}, or compare voxel by voxel with --ignore-affine"
    ))
}
