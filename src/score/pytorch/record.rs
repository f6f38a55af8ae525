//! A tensor as a pickle describes it: a view of a record of the archive.

use super::zip::Archive;
use super::{CheckpointError, format_error};
use std::io::{Read, Seek};
use tch::{Kind, Tensor};

/// A record of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Storage {
    pub(super) kind: Kind,
    pub(super) key: String,
    pub(super) count: i64,
}

/// A view of a record: element `i` at `offset + Σ i_a stride_a`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct View {
    pub(super) storage: Storage,
    offset: i64,
    shape: Vec<i64>,
    stride: Vec<i64>,
    /// Elements from the first to the last, both included.
    span: i64,
}

/// Most axes of a tensor.
pub(super) const MOST_AXES: usize = 16;

impl View {
    /// Refuses views that reach beyond their record, or have more elements than it.
    pub(super) fn new(
        storage: Storage,
        offset: i64,
        shape: Vec<i64>,
        stride: Vec<i64>,
    ) -> Result<Self, CheckpointError> {
        let fits = |span: Option<i64>| {
            span.filter(|s| {
                offset
                    .checked_add(*s)
                    .is_some_and(|end| end <= storage.count)
            })
        };
        let regular = shape.len() == stride.len() && shape.len() <= MOST_AXES && offset >= 0;
        let span = if regular {
            fits(span(&shape, &stride, storage.count))
        } else {
            None
        };
        match span {
            Some(span) => Ok(View {
                storage,
                offset,
                shape,
                stride,
                span,
            }),
            None => format_error(format!(
                "a tensor of shape {shape:?}, stride {stride:?} and offset {offset} does not fit its record `{}` of {} numbers",
                storage.key, storage.count
            )),
        }
    }

    /// The tensor itself, contiguous.
    pub(super) fn read<R: Read + Seek>(
        &self,
        archive: &mut Archive<R>,
        folder: &str,
    ) -> Result<Tensor, CheckpointError> {
        let width = self.storage.kind.elt_size_in_bytes() as u64;
        let name = format!("{folder}data/{}", self.storage.key);
        let claimed = (self.storage.count as u64).checked_mul(width);
        if claimed.is_none_or(|claimed| archive.size(&name).is_none_or(|size| claimed > size)) {
            return format_error(format!(
                "record `{name}` is missing or shorter than the {} numbers of its tensor",
                self.storage.count
            ));
        }
        let bytes = archive.read(&name, self.offset as u64 * width, self.span as u64 * width)?;
        let failed = |e: tch::TchError| CheckpointError::Format(format!("record `{name}`: {e}"));
        let flat =
            Tensor::f_from_data_size(&bytes, &[self.span], self.storage.kind).map_err(failed)?;
        let view = flat
            .f_as_strided(&self.shape[..], &self.stride[..], 0)
            .map_err(failed)?;
        Ok(view.contiguous())
    }
}

/// Elements from the first to the last of a view, if it is none of more than `most` elements.
fn span(shape: &[i64], stride: &[i64], most: i64) -> Option<i64> {
    if shape.iter().chain(stride).any(|n| *n < 0) {
        return None;
    }
    if shape.contains(&0) {
        return Some(0);
    }
    let mut elements = 1i64;
    let mut last = 0i64;
    for (n, s) in shape.iter().zip(stride) {
        elements = elements.checked_mul(*n).filter(|e| *e <= most)?;
        last = last.checked_add((n - 1).checked_mul(*s)?)?;
    }
    last.checked_add(1).filter(|_| elements <= most)
}
