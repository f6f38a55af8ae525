//! Which tensors of a checkpoint are the network's: moving averages first.

use super::Checkpoint;
use crate::score::networks::{Asked, Role};
use crate::score::pytorch::pickle::{Id, Object};
use crate::score::pytorch::{CheckpointError, format_error, unwrapped};
use std::collections::HashMap;
use std::io::{Read, Seek};
use tch::Tensor;

/// A network's tensors from a checkpoint.
#[derive(Debug)]
pub struct Picked {
    /// By name, without `module.`.
    pub tensors: HashMap<String, Tensor>,
    /// Where in the file they were, in words.
    pub from: String,
}

/// Entries that hold a network's tensors, the better first.
const ENTRIES: [&str; 9] = [
    "ema",
    "ema_state_dict",
    "state_dict_ema",
    "params_ema",
    "net",
    "model",
    "state_dict",
    "model_state_dict",
    "params",
];

impl<R: Read + Seek> Checkpoint<R> {
    /// The tensors for a network that asks for `asked`, in that order.
    ///
    /// A state dictionary by itself; or its entry in a checkpoint, moving averages first, also where
    /// they are a list without names (score_sde), whose order is that of the trained tensors.
    pub fn pick(&mut self, asked: &[Asked]) -> Result<Picked, CheckpointError> {
        if let Some(named) = self.named(self.root) {
            return self.load(named, "the file itself".into());
        }
        let averages = self
            .objects
            .entry(self.root, "ema")
            .and_then(|ema| self.objects.entry(ema, "shadow_params"));
        if let Some(list) = averages {
            return self.averages(list, asked);
        }
        for name in ENTRIES {
            let entry = self.objects.entry(self.root, name);
            if let Some(named) = entry.and_then(|id| self.named(id)) {
                return self.load(named, format!("its entry `{name}`"));
            }
        }
        let keys: Vec<&str> = self
            .objects
            .entries(self.root)
            .iter()
            .map(|(k, _)| *k)
            .take(20)
            .collect();
        format_error(format!(
            "holds no dictionary of tensors by name: its entries are {keys:?}"
        ))
    }

    /// Names and tensors of a dictionary; numbers and words beside the tensors are no part of a network.
    fn named(&self, id: Id) -> Option<Vec<(String, Id)>> {
        let Object::Dict(_) = self.objects.get(id) else {
            return None;
        };
        let tensor = |id: &Id| matches!(self.objects.get(*id), Object::Tensor(_));
        let all = self.objects.entries(id);
        let container =
            |id: &Id| matches!(self.objects.get(*id), Object::Dict(_) | Object::List(_));
        if all.iter().any(|(_, v)| container(v)) {
            return None;
        }
        let found: Vec<(String, Id)> = all
            .into_iter()
            .filter(|(_, v)| tensor(v))
            .map(|(name, id)| (name.to_owned(), id))
            .collect();
        (!found.is_empty()).then_some(found)
    }

    /// Reads tensors, without the wrappers of training.
    fn load(&mut self, named: Vec<(String, Id)>, from: String) -> Result<Picked, CheckpointError> {
        let mut tensors = HashMap::new();
        for (name, id) in unwrapped(named) {
            let tensor = self.tensor(id)?;
            if tensors.insert(name.clone(), tensor).is_some() {
                return format_error(format!("holds tensor `{name}` twice"));
            }
        }
        Ok(Picked { tensors, from })
    }

    fn tensor(&mut self, id: Id) -> Result<Tensor, CheckpointError> {
        match self.objects.get(id) {
            Object::Tensor(view) => view.read(&mut self.archive, &self.folder),
            _ => format_error("holds something other than a tensor among its moving averages"),
        }
    }

    /// score_sde: averages of the trained tensors in order; the others from `model`.
    fn averages(&mut self, list: Id, asked: &[Asked]) -> Result<Picked, CheckpointError> {
        let ids = self.objects.items(list).unwrap_or_default().to_vec();
        let trained: Vec<&Asked> = asked.iter().filter(|a| a.role == Role::Parameter).collect();
        if ids.len() != trained.len() {
            return format_error(format!(
                "its moving averages are a list of {} tensors without names, the network of the options has {} trained ones: \
                 the options are another network's",
                ids.len(),
                trained.len()
            ));
        }
        let model = self
            .objects
            .entry(self.root, "model")
            .and_then(|id| self.named(id));
        let Some(model) = model else {
            return format_error(
                "has moving averages without names, but no entry `model` for the tensors that are never trained",
            );
        };
        let bare = |name: &str| name.strip_prefix("module.").unwrap_or(name).to_owned();
        let kept = |name: &str| !trained.iter().any(|a| a.name == bare(name));
        let frozen = model.into_iter().filter(|(name, _)| kept(name)).collect();
        let mut picked = self.load(
            frozen,
            "its moving averages `ema.shadow_params`, the rest from `model`".into(),
        )?;
        for (asked, id) in trained.into_iter().zip(ids) {
            let tensor = self.tensor(id)?;
            picked.tensors.insert(asked.name.clone(), tensor);
        }
        Ok(picked)
    }
}
