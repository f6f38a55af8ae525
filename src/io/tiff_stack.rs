//! Projections as TIFF: a folder with one file a view, or one file with a page a view.
//!
//! A row of the image is a slice, a column a bin. Views follow the natural order of the names (`view9` before
//! `view10`), or of the pages. In a folder, files whose name begins with `flat` or `white` are flat frames, `dark`
//! dark ones. Whole numbers are taken as counts, floats as line integrals, unless the options say otherwise; the
//! geometry comes from the options.

mod names;
mod pages;

use std::path::{Path, PathBuf};

use ndarray::{Array2, Array3, Axis, s};

use super::IoError;
use super::npy_sinogram::{stated_flats, stated_geometry};
use super::projections::{
    Content, Flats, ProjectionHeader, ProjectionOptions, ProjectionSlice, ProjectionSource,
    check_finite, check_sinogram_size, check_slice, dead_bins, note_dead,
};
pub(super) use names::is_tiff;
use names::{Stack, list};
use pages::{Page, Pages};

/// Rows are decoded together up to this many bytes, since every block decodes all pages once.
const BLOCK_BYTES: usize = 128 << 20;

/// An open stack.
#[derive(Debug)]
pub struct TiffSource {
    path: PathBuf,
    stack: Stack,
    page: Page,
    header: ProjectionHeader,
    photons: Option<f64>,
    block: Option<(usize, Block)>,
}

/// Some rows of every frame, (frame, row, column).
#[derive(Debug)]
struct Block {
    data: Array3<f32>,
    flat: Array3<f32>,
    dark: Array3<f32>,
}

impl TiffSource {
    /// Opens a stack; every page must have the size of the first.
    pub fn open(path: &Path, options: &ProjectionOptions) -> Result<Self, IoError> {
        let stack = list(path)?;
        let Some(first) = stack.views.first() else {
            return Err(IoError::new(
                path,
                "TIFF files of views",
                "flat or dark frames alone",
                "name the views otherwise than flat, white or dark",
            ));
        };
        let mut pages = Pages::open(first)?;
        let page = pages.page()?;
        let views = match path.is_dir() {
            true => stack.views.len(),
            false => pages.count()?,
        };
        let shape = [page.rows, views, page.columns];
        check_sinogram_size(path, shape)?;
        let mut header = ProjectionHeader::new("tiff", shape, options);
        describe(path, &mut header, &stack, page, options)?;
        let mut source = Self {
            path: path.to_owned(),
            stack,
            page,
            header,
            photons: options.photons,
            block: None,
        };
        let middle = source.slice(page.rows / 2)?;
        source.header.warnings.extend(note_dead(&middle.dead));
        Ok(source)
    }

    /// The block that holds a row.
    fn block(&mut self, row: usize) -> Result<(usize, &Block), IoError> {
        let ProjectionHeader {
            slices,
            views,
            bins,
            ..
        } = self.header;
        let frames = views + self.stack.flat.len() + self.stack.dark.len();
        let together = (BLOCK_BYTES / (frames * bins * 4).max(1)).clamp(1, slices);
        let start = row / together * together;
        if self.block.as_ref().is_none_or(|(first, _)| *first != start) {
            self.block = None;
            let rows = start..(start + together).min(slices);
            let read = |files: &[PathBuf], count: usize| -> Result<Array3<f32>, IoError> {
                let mut block = Array3::zeros([count, rows.len(), bins]);
                let mut frames = block.axis_iter_mut(Axis(0));
                for file in files {
                    let mut pages = Pages::open(file)?;
                    let here = if files.len() == 1 { count } else { 1 };
                    for mut frame in frames.by_ref().take(here) {
                        let image = pages.read(self.page)?;
                        frame.assign(&image.slice(s![rows.clone(), ..]));
                    }
                    pages.no_more(files.len() > 1)?;
                }
                Ok(block)
            };
            let block = Block {
                data: read(&self.stack.views, views)?,
                flat: read(&self.stack.flat, self.stack.flat.len())?,
                dark: read(&self.stack.dark, self.stack.dark.len())?,
            };
            self.block = Some((start, block));
        }
        let (first, block) = self.block.as_ref().expect("it was just read");
        Ok((row - first, block))
    }
}

fn describe(
    path: &Path,
    header: &mut ProjectionHeader,
    stack: &Stack,
    page: Page,
    options: &ProjectionOptions,
) -> Result<(), IoError> {
    let counts = page.whole_numbers || !stack.flat.is_empty() || options.photons.is_some();
    let content = match (options.content, counts) {
        (Some(content), _) => content,
        (None, true) => Content::Counts,
        (None, false) => Content::LineIntegrals,
    };
    let known = ProjectionOptions {
        content: Some(content),
        ..options.clone()
    };
    stated_geometry(path, header, &known)?;
    header.content = content;
    if options.content.is_none() {
        let note = match content {
            Content::Counts => "whole numbers, or flats beside them: counts are assumed",
            _ => "floats: line integrals are assumed",
        };
        header.warnings.push(note.to_owned());
    }
    if stack.other > 0 {
        let note = format!("{} other files in the folder are left aside", stack.other);
        header.warnings.push(note);
    }
    Ok(())
}

impl ProjectionSource for TiffSource {
    fn header(&self) -> &ProjectionHeader {
        &self.header
    }

    fn slice(&mut self, index: usize) -> Result<ProjectionSlice, IoError> {
        check_slice(&self.path, index, self.header.slices)?;
        let (row, block) = self.block(index)?;
        let data = block.data.index_axis(Axis(1), row).to_owned();
        check_finite(&self.path, "the projections", index, data.view())?;
        let flats = self.flats(index)?;
        Ok(ProjectionSlice {
            dead: dead_bins(data.view(), flats.as_ref(), self.header.content),
            photons: None,
            angles_rad: self.header.angles_rad.clone(),
            data,
        })
    }

    fn flats(&mut self, slice: usize) -> Result<Option<Flats>, IoError> {
        check_slice(&self.path, slice, self.header.slices)?;
        if self.stack.flat.is_empty() || self.header.content != Content::Counts {
            return stated_flats(&self.path, &self.header, self.photons);
        }
        let (row, block) = self.block(slice)?;
        let of =
            |frames: &Array3<f32>| -> Array2<f32> { frames.index_axis(Axis(1), row).to_owned() };
        let (flat, dark) = (of(&block.flat), of(&block.dark));
        check_finite(&self.path, "the flat frames", slice, flat.view())?;
        check_finite(&self.path, "the dark frames", slice, dark.view())?;
        Flats::from_frames(&flat, &dark)
            .lit(&self.path, slice)
            .map(Some)
    }
}

#[cfg(test)]
mod tests;
