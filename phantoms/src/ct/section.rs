//! Sections of heads as maps of tissues, and the packed ones that come with the crate.

use std::io::{Read, Write};
use std::ops::Range;

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use ndarray::{Array2, Array3, ArrayView2, Axis, Ix3, SliceInfo, SliceInfoElem, s};

use super::grid::check_pixel;
use super::refine::refined;
use super::tissue::{TISSUES, Tissue};
use crate::PhantomError;

/// Air around a section.
const MARGIN: usize = 3;
/// A plane with fewer pixels of brain shows none.
const ENOUGH_BRAIN: usize = 40;

/// An axial section of a head: a tissue for each pixel.
///
/// Rows go from the front of the head to its back; the columns may go either way, since left and
/// right are one.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Numbers of tissues, with a margin of air.
    pub(super) tissues: Array2<u8>,
    /// Distance of two pixels.
    pub(super) pixel_mm: f64,
    /// Row and column of the first pixel in what the section was cropped from.
    corner: [usize; 2],
}

/// The rectangle that a section is placed by: middle and half widths in pixels, x then y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    pub middle: [f64; 2],
    pub half: [f64; 2],
}

impl Section {
    /// A section of tissues as the caller has them.
    pub fn from_tissues(tissues: &Array2<Tissue>, pixel_mm: f64) -> Result<Self, PhantomError> {
        let numbers = tissues.mapv(|t| t as u8);
        let (tissues, corner) = crop(numbers.view()).ok_or(PhantomError::EmptySection)?;
        check_pixel(pixel_mm)?;
        Ok(Self {
            tissues,
            pixel_mm,
            corner,
        })
    }

    /// A section of raw labels: `merge` (such as [`Tissue::of_synthseg`]) takes a label to its
    /// tissue; then the layers of skin, fat and skull are worked out from distances within the
    /// plane, for pixels of about 1 mm.
    pub fn from_labels(
        labels: &Array2<u16>,
        merge: &dyn Fn(u16) -> Tissue,
        pixel_mm: f64,
    ) -> Result<Self, PhantomError> {
        let volume = labels.clone().insert_axis(Axis(0));
        Self::from_tissues(&refined(&volume, merge).remove_axis(Axis(0)), pixel_mm)
    }

    /// Every `step`-th section of a volume of SynthSeg labels at 1 mm, axes from top to bottom,
    /// from front to back, and from side to side; from the top of the head to a little below the
    /// cerebellum.
    pub fn of_synthseg_volume(labels: &Array3<u16>, step: usize) -> Vec<Self> {
        let sections = tissues_of_head(labels).and_then(|t| Self::of_tissues(&t, step));
        sections.map_or_else(Vec::new, |(_, sections)| sections)
    }

    /// Every `step`-th section of a volume of tissues at 1 mm, and the plane of the first; nothing
    /// without a brain.
    pub(crate) fn of_tissues(tissues: &Array3<Tissue>, step: usize) -> Option<(usize, Vec<Self>)> {
        let [top, bottom] = brain_planes(tissues)?;
        let planes = top.saturating_sub(9)..(bottom + 13).min(tissues.len_of(Axis(0)));
        let section = |z: usize| {
            let plane = tissues.index_axis(Axis(0), z).to_owned();
            Some((z, Self::from_tissues(&plane, 1.0).ok()?))
        };
        let (planes, sections): (Vec<usize>, Vec<Self>) =
            planes.step_by(step.max(1)).filter_map(section).unzip();
        Some((*planes.first()?, sections))
    }

    /// The tissues, with a margin of air.
    pub fn tissues(&self) -> Array2<Tissue> {
        self.tissues.mapv(|n| Tissue::ALL[usize::from(n)])
    }

    /// Distance of two pixels.
    pub fn pixel_mm(&self) -> f64 {
        self.pixel_mm
    }

    /// Its own rectangle.
    pub(super) fn frame(&self) -> Frame {
        let (ny, nx) = self.tissues.dim();
        Frame {
            middle: [nx, ny].map(|n| 0.5 * (n - 1) as f64),
            half: [nx, ny].map(|n| 0.5 * n as f64),
        }
    }

    /// The rectangle around sections of its head, given by corner, rows and columns, as it lies in
    /// this one.
    pub(super) fn frame_around(&self, places: impl Iterator<Item = [usize; 4]>) -> Frame {
        let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
        for [y0, x0, ny, nx] in places {
            low = [low[0].min(x0), low[1].min(y0)];
            high = [high[0].max(x0 + nx), high[1].max(y0 + ny)];
        }
        let [y0, x0] = self.corner.map(|v| v as f64);
        let corner = [x0, y0];
        let along = |n: usize| (low[n] as f64, high[n] as f64);
        Frame {
            middle: [0, 1].map(|n| 0.5 * (along(n).0 + along(n).1 - 1.0) - corner[n]),
            half: [0, 1].map(|n| 0.5 * (along(n).1 - along(n).0)),
        }
    }
}

/// Tissues of a volume of SynthSeg labels at 1 mm, cropped to the head; nothing if there is none.
pub(crate) fn tissues_of_head(labels: &Array3<u16>) -> Option<Array3<Tissue>> {
    let labels = labels.slice(used(labels)?).to_owned();
    Some(refined(&labels, &Tissue::of_synthseg))
}

/// The first and the last plane with brain above the cord.
pub(crate) fn brain_planes(tissues: &Array3<Tissue>) -> Option<[usize; 2]> {
    let mut planes = tissues.axis_iter(Axis(0));
    let shows = |plane: ArrayView2<Tissue>| {
        plane.iter().filter(|t| is_above_the_cord(**t)).count() > ENOUGH_BRAIN
    };
    let first = planes.clone().position(shows)?;
    Some([first, planes.rposition(shows)?])
}

/// The planes, rows and columns with labels, and a little air beside them. Where the volume ends
/// below is not the surface of the head: no air there.
fn used(labels: &Array3<u16>) -> Option<SliceInfo<[SliceInfoElem; 3], Ix3, Ix3>> {
    let span = |axis: usize| -> Option<(usize, usize)> {
        let lines = || labels.axis_iter(Axis(axis));
        let full = |plane: ArrayView2<u16>| plane.iter().any(|&label| label != 0);
        Some((lines().position(full)?, lines().rposition(full)? + 1))
    };
    let ((z0, z1), (y0, y1), (x0, x1)) = (span(0)?, span(1)?, span(2)?);
    let (_, ny, nx) = labels.dim();
    let rows = y0.saturating_sub(MARGIN)..(y1 + MARGIN).min(ny);
    let columns = x0.saturating_sub(MARGIN)..(x1 + MARGIN).min(nx);
    Some(s![z0.saturating_sub(MARGIN)..z1, rows, columns])
}

/// The spinal cord reaches down to where the maps end, the rest of the brain does not.
fn is_above_the_cord(tissue: Tissue) -> bool {
    tissue.is_brain() && tissue != Tissue::Stem
}

/// What is not air, with a margin, and where it was: the margin may lie outside.
fn crop(numbers: ArrayView2<u8>) -> Option<(Array2<u8>, [usize; 2])> {
    let used = |axis| -> Option<(usize, usize)> {
        let lines = || numbers.axis_iter(Axis(axis));
        let first = lines().position(|line| line.iter().any(|&n| n != 0))?;
        let after = lines().rposition(|line| line.iter().any(|&n| n != 0))? + 1;
        Some((first, after))
    };
    let ((y0, y1), (x0, x1)) = (used(0)?, used(1)?);
    let mut cropped = Array2::zeros((y1 - y0 + 2 * MARGIN, x1 - x0 + 2 * MARGIN));
    cropped
        .slice_mut(s![MARGIN..MARGIN + y1 - y0, MARGIN..MARGIN + x1 - x0])
        .assign(&numbers.slice(s![y0..y1, x0..x1]));
    Some((cropped, [y0, x0]))
}

/// Packed sections at 1 mm: a count; head, corner, rows, columns and length of each; then each one's
/// numbers, less those of the row above, deflated. All of it little-endian.
#[derive(Clone, Copy)]
pub(super) struct Packed(&'static [u8]);

/// Sections of 18 heads.
pub(super) const TRAINING: Packed = Packed(include_bytes!("../../data/heads-training.bin"));
/// Sections of two other heads.
pub(super) const HELD_OUT: Packed = Packed(include_bytes!("../../data/heads-held-out.bin"));

/// Bytes of what is told about one section.
const ENTRY: usize = 14;

impl Packed {
    /// The number of sections.
    pub fn len(self) -> usize {
        self.number(0, 4)
    }

    /// Section `index`, which must be less than [`len`](Self::len).
    pub fn section(self, index: usize) -> Section {
        let lengths = (0..index).map(|i| self.number(entry(i) + 10, 4));
        let start = entry(self.len()) + lengths.sum::<usize>();
        let at = entry(index);
        let [y0, x0, ny, nx] = self.place(index);
        let mut numbers = Vec::with_capacity(ny * nx);
        DeflateDecoder::new(&self.0[start..start + self.number(at + 10, 4)])
            .read_to_end(&mut numbers)
            .expect("the crate's own data inflate");
        for n in nx..numbers.len() {
            numbers[n] = numbers[n].wrapping_add(numbers[n - nx]);
        }
        let tissues = Array2::from_shape_vec((ny, nx), numbers).expect("as many as were packed");
        debug_assert!(tissues.iter().all(|&n| usize::from(n) < TISSUES));
        Section {
            tissues,
            pixel_mm: 1.0,
            corner: [y0, x0],
        }
    }

    /// Corner, rows and columns of a section.
    fn place(self, index: usize) -> [usize; 4] {
        std::array::from_fn(|n| self.number(entry(index) + 2 + 2 * n, 2))
    }

    /// The rectangle around some sections of one head, as it lies in one of them.
    pub fn frame(self, sections: Range<usize>, section: &Section) -> Frame {
        section.frame_around(sections.map(|i| self.place(i)))
    }

    /// The sections of each head.
    pub fn heads(self) -> Vec<Range<usize>> {
        let mut heads: Vec<Range<usize>> = Vec::new();
        for i in 0..self.len() {
            let head = self.number(entry(i), 2);
            heads.resize(heads.len().max(head + 1), i..i);
            heads[head].end = i + 1;
        }
        heads
    }

    fn number(self, at: usize, bytes: usize) -> usize {
        (0..bytes).fold(0, |n, i| n | usize::from(self.0[at + i]) << (8 * i))
    }
}

/// Where the table tells about a section.
fn entry(index: usize) -> usize {
    4 + ENTRY * index
}

/// The bytes of the packed form of the sections of some heads, at 1 mm, as under `data/`.
pub fn pack_sections(heads: &[Vec<Section>]) -> std::io::Result<Vec<u8>> {
    let count = heads.iter().map(Vec::len).sum::<usize>() as u32;
    let (mut table, mut bodies) = (count.to_le_bytes().to_vec(), Vec::new());
    for (head, section) in heads
        .iter()
        .enumerate()
        .flat_map(|(n, head)| head.iter().map(move |s| (n, s)))
    {
        let (ny, nx) = section.tissues.dim();
        let numbers: Vec<u8> = section.tissues.iter().copied().collect();
        let above = |n: usize| if n < nx { 0 } else { numbers[n - nx] };
        let steps: Vec<u8> = (0..numbers.len())
            .map(|n| numbers[n].wrapping_sub(above(n)))
            .collect();
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&steps)?;
        let body = encoder.finish()?;
        let [y0, x0] = section.corner;
        [head, y0, x0, ny, nx]
            .into_iter()
            .for_each(|v| table.extend((v as u16).to_le_bytes()));
        table.extend((body.len() as u32).to_le_bytes());
        bodies.extend(body);
    }
    table.extend(bodies);
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn packed_sections_are_whole_and_the_families_share_none() {
        assert!(TRAINING.len() > 500 && HELD_OUT.len() > 50);
        let all = |packed: Packed| -> Vec<Section> {
            (0..packed.len()).map(|i| packed.section(i)).collect()
        };
        let bytes = |s: &Section| {
            (
                s.tissues.dim(),
                s.tissues.iter().copied().collect::<Vec<u8>>(),
            )
        };
        let (training, held_out) = (all(TRAINING), all(HELD_OUT));
        for section in training.iter().chain(&held_out) {
            assert!(section.tissues.iter().all(|&n| usize::from(n) < TISSUES));
            assert!(section.tissues.row(0).iter().all(|&n| n == 0));
        }
        assert_eq!((TRAINING.heads().len(), HELD_OUT.heads().len()), (18, 2));
        assert_eq!(HELD_OUT.heads()[1].end, held_out.len());
        let known: HashSet<_> = training.iter().map(bytes).collect();
        assert!(held_out.iter().all(|s| !known.contains(&bytes(s))));
    }

    #[test]
    fn packing_is_undone_by_reading() {
        let sections: Vec<Section> = [3, 200].into_iter().map(|i| TRAINING.section(i)).collect();
        let heads = [vec![sections[0].clone()], vec![sections[1].clone()]];
        let packed = Packed(Vec::leak(pack_sections(&heads).unwrap()));
        assert_eq!(packed.heads(), [0..1, 1..2]);
        assert_eq!(
            (packed.section(0), packed.section(1)),
            (sections[0].clone(), sections[1].clone())
        );
    }

    #[test]
    fn an_empty_section_is_an_error() {
        let labels = Array2::zeros((9, 9));
        assert!(Section::from_labels(&labels, &Tissue::of_synthseg, 1.0).is_err());
        let one = Array2::from_elem((9, 9), Tissue::Fat);
        assert!(Section::from_tissues(&one, f64::NAN).is_err());
        assert!(Section::from_tissues(&one, 1.0).is_ok());
    }
}
