//! Slices that stay in memory: for contact sheets, metrics and files that are written whole.

use super::summary::Shown;
use crate::io::png_sheet::on_sheet;
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex32;

/// Which slices stay in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    None,
    /// Those of a contact sheet: a number that does not grow with the volume.
    Shown,
    All,
}

impl Keep {
    /// Whether a slice stays.
    pub(super) fn slice(self, index: usize, slices: usize) -> bool {
        match self {
            Keep::None => false,
            Keep::Shown => on_sheet(index, slices),
            Keep::All => true,
        }
    }
}

/// Volumes as they are shown, slice by slice.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) mean: Vec<Array2<f32>>,
    /// Mean over the samples of what is shown of each: of complex images not the magnitude of their mean.
    pub(super) level: Vec<Array2<f32>>,
    pub(super) std: Vec<Array2<f32>>,
    pub(super) beside: Vec<(&'static str, Vec<Array2<f32>>)>,
}

impl Kept {
    /// The volume of that name, begun where it is new.
    pub(super) fn beside(&mut self, name: &'static str) -> &mut Vec<Array2<f32>> {
        let known = self.beside.iter().position(|(n, _)| *n == name);
        let at = known.unwrap_or_else(|| {
            self.beside.push((name, Vec::new()));
            self.beside.len() - 1
        });
        &mut self.beside[at].1
    }
}

/// Slices as a volume; none if there are none.
pub(super) fn stack<A: Clone>(slices: &[Array2<A>]) -> Option<Array3<A>> {
    let views: Vec<_> = slices.iter().map(|s| s.view()).collect();
    ndarray::stack(Axis(0), &views).ok()
}

/// The mean of what is shown of each sample.
pub(super) fn level(samples: &[Array2<Complex32>], shown: Shown) -> Array2<f32> {
    let mut sum = Array2::zeros(samples[0].dim());
    for sample in samples {
        sum += &shown.image(sample);
    }
    sum / samples.len() as f32
}
