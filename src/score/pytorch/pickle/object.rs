//! What a pickle of a checkpoint is made of.

use crate::score::pytorch::record::{MOST_AXES, Storage, View};
use tch::Kind;

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(usize);

/// The few names that have a meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Known {
    OrderedDict,
    Size,
    RebuildTensor,
    RebuildParameter,
    Storage(Kind),
}

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Object {
    Nothing,
    /// Whole numbers, and truth values as 0 and 1.
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Known(Known),
    Storage(Storage),
    Tensor(View),
}

/// All objects of one pickle.
#[derive(Debug, Default)]
pub(crate) struct Objects(Vec<Object>);

impl Objects {
    pub(super) fn add(&mut self, object: Object) -> Id {
        self.0.push(object);
        Id(self.0.len() - 1)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get_mut(&mut self, id: Id) -> &mut Object {
        &mut self.0[id.0]
    }

    pub(crate) fn get(&self, id: Id) -> &Object {
        &self.0[id.0]
    }

    /// The items of a list or tuple.
    pub(crate) fn items(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Object::List(items) | Object::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The few whole numbers of a list or tuple.
    pub(super) fn integers(&self, id: Id) -> Option<Vec<i64>> {
        let items = self.items(id).filter(|items| items.len() <= MOST_AXES)?;
        items.iter().map(|id| self.integer(*id)).collect()
    }

    pub(super) fn integer(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Object::Int(n) => Some(*n),
            _ => None,
        }
    }

    pub(crate) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Object::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Entries of a dictionary whose keys are texts; a later entry of the same name wins.
    pub(crate) fn entries(&self, id: Id) -> Vec<(&str, Id)> {
        match self.get(id) {
            Object::Dict(items) => items
                .iter()
                .filter_map(|(k, v)| Some((self.text(*k)?, *v)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The entry of that name.
    pub(crate) fn entry(&self, id: Id, name: &str) -> Option<Id> {
        self.entries(id)
            .into_iter()
            .rev()
            .find(|(k, _)| *k == name)
            .map(|(_, v)| v)
    }
}
