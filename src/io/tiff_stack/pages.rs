//! Pages of a TIFF file as arrays.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use tiff::decoder::{Decoder, DecodingResult};
use tiff::{ColorType, TiffError};

use crate::io::IoError;

/// What every page of a stack must be like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Page {
    pub rows: usize,
    pub columns: usize,
    /// Whether the numbers have no fraction.
    pub whole_numbers: bool,
}

/// A file that is read page after page.
pub(super) struct Pages {
    path: PathBuf,
    decoder: Decoder<BufReader<File>>,
    /// Pages read so far.
    read: usize,
}

impl Pages {
    /// Opens a file at its first page.
    pub fn open(path: &Path) -> Result<Self, IoError> {
        let file = File::open(path).map_err(|e| IoError::reading(path, &e))?;
        let decoder = Decoder::new(BufReader::new(file)).map_err(|e| failed(path, 0, &e))?;
        Ok(Self {
            path: path.to_owned(),
            decoder,
            read: 0,
        })
    }

    /// What the present page is like.
    pub fn page(&mut self) -> Result<Page, IoError> {
        let fail = |e| failed(&self.path, self.read, &e);
        let (columns, rows) = self.decoder.dimensions().map_err(fail)?;
        let colour = self.decoder.colortype().map_err(fail)?;
        let ColorType::Gray(bits) = colour else {
            return Err(IoError::new(
                &self.path,
                "one number a pixel",
                format!("{colour:?} in page {}", self.read),
                "save the projections as grey images of 8, 16 or 32 bits",
            ));
        };
        let format = self
            .decoder
            .find_tag_unsigned_vec::<u16>(tiff::tags::Tag::SampleFormat);
        let format = format.map_err(fail)?.and_then(|all| all.first().copied());
        // 3 is IEEE floating point.
        let whole_numbers = format != Some(3) && bits <= 32;
        let (rows, columns) = (rows as usize, columns as usize);
        Ok(Page {
            rows,
            columns,
            whole_numbers,
        })
    }

    /// How many pages the file has.
    pub fn count(&mut self) -> Result<usize, IoError> {
        let mut count = 1;
        while self.decoder.more_images() {
            self.decoder
                .next_image()
                .map_err(|e| failed(&self.path, count, &e))?;
            count += 1;
        }
        Ok(count)
    }

    /// Reads the next page, which must be as wanted.
    pub fn read(&mut self, wanted: Page) -> Result<Array2<f32>, IoError> {
        if self.read > 0 {
            self.decoder
                .next_image()
                .map_err(|e| failed(&self.path, self.read, &e))?;
        }
        let page = self.page()?;
        if page != wanted {
            let show = |p: Page| {
                let kind = if p.whole_numbers {
                    "whole numbers"
                } else {
                    "floats"
                };
                format!("{} rows x {} columns of {kind}", p.rows, p.columns)
            };
            return Err(IoError::new(
                &self.path,
                format!("{}, as in the first view", show(wanted)),
                format!("{} in page {}", show(page), self.read),
                "take the files of other scans out of the folder",
            ));
        }
        let image = self.decoder.read_image();
        let numbers = match image.map_err(|e| failed(&self.path, self.read, &e))? {
            DecodingResult::U8(x) => floats(x),
            DecodingResult::U16(x) => floats(x),
            DecodingResult::I8(x) => floats(x),
            DecodingResult::I16(x) => floats(x),
            DecodingResult::F32(x) => x,
            DecodingResult::U32(x) => x.into_iter().map(|x| x as f32).collect(),
            DecodingResult::I32(x) => x.into_iter().map(|x| x as f32).collect(),
            DecodingResult::F64(x) => x.into_iter().map(|x| x as f32).collect(),
            _ => Vec::new(),
        };
        self.read += 1;
        let found = numbers.len();
        Array2::from_shape_vec([page.rows, page.columns], numbers).map_err(|_| {
            IoError::new(
                &self.path,
                format!("{} numbers of 8, 16 or 32 bits", page.rows * page.columns),
                format!("{found} of them in page {}", self.read - 1),
                "save the projections as grey images of 8, 16 or 32 bits",
            )
        })
    }

    /// Refuses further pages where a file is one view.
    pub fn no_more(&self, alone: bool) -> Result<(), IoError> {
        if !alone || !self.decoder.more_images() {
            return Ok(());
        }
        Err(IoError::new(
            &self.path,
            "one page a file in a folder of views",
            "several pages",
            "name this file itself if its pages are the views",
        ))
    }
}

fn floats<T: Into<f32>>(numbers: Vec<T>) -> Vec<f32> {
    numbers.into_iter().map(Into::into).collect()
}

fn failed(path: &Path, page: usize, cause: &TiffError) -> IoError {
    let remedy = match cause {
        TiffError::UnsupportedError(_) => {
            "save it uncompressed, or with LZW or deflate, as grey of 8, 16 or 32 bits"
        }
        TiffError::LimitsExceeded => "a page may have 256 MB: save the projections in more files",
        _ => "the file is damaged or truncated: copy it again from its source",
    };
    IoError::new(path, format!("a TIFF image in page {page}"), cause, remedy)
}
