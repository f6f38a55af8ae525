//! What an iteration did.

use operators::{Array, Error, Result};

/// The objective of each item: at the start, then after every iteration that the item took.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// `[item][iteration]`; what it is the method says.
    pub objective: Vec<Vec<f64>>,
}

impl Trace {
    pub(super) fn new(items: usize) -> Self {
        Trace {
            objective: vec![Vec::new(); items],
        }
    }

    /// Iterations of each item.
    pub fn iterations(&self) -> Vec<usize> {
        let taken = |values: &Vec<f64>| values.len().saturating_sub(1);
        self.objective.iter().map(taken).collect()
    }

    /// Notes the objective of the items at work.
    ///
    /// Errors: one that is not finite; the iteration diverged.
    pub(super) fn note(
        &mut self,
        what: &'static str,
        now: &[f64],
        at_work: impl Fn(usize) -> bool,
    ) -> Result<()> {
        for (item, value) in now.iter().enumerate().filter(|(item, _)| at_work(*item)) {
            if !value.is_finite() {
                return Err(Error::NonFinite { what, item });
            }
            self.objective[item].push(*value);
        }
        Ok(())
    }
}

/// The images of the items that are done: kept, so that the others, still at work, cannot change
/// them.
pub(super) struct Done<T> {
    images: Vec<Option<T>>,
}

impl<T: Array> Done<T> {
    pub(super) fn none(items: usize) -> Self {
        Done {
            images: vec![None; items],
        }
    }

    /// Whether an item is not done.
    pub(super) fn at_work(&self, item: usize) -> bool {
        self.images[item].is_none()
    }

    /// Keeps the items of `x` that `finished` says, and tells whether all are done.
    pub(super) fn keep(&mut self, x: &T, finished: impl Fn(usize) -> bool) -> bool {
        for (item, image) in self.images.iter_mut().enumerate() {
            if image.is_none() && finished(item) {
                *image = Some(x.items(item, item + 1));
            }
        }
        self.images.iter().all(Option::is_some)
    }

    /// All images: those kept, and of `x` the others.
    pub(super) fn with_the_rest_of(self, x: &T) -> Result<T> {
        let images = self.images.into_iter().enumerate();
        let images = images.map(|(item, kept)| kept.unwrap_or_else(|| x.items(item, item + 1)));
        T::concatenate(&images.collect::<Vec<_>>())
    }
}
