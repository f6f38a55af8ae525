//! Where a network takes its tensors from, and the account of what it asked for.

use super::{MODULE, NetworkError, ScriptOptions};
use std::collections::HashMap;
use tch::{Device, Kind, Tensor};

/// What a tensor of a checkpoint is to training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Trained: part of an exponential moving average.
    Parameter,
    /// Fixed by the network's definition or drawn once: kept out of moving averages.
    Frozen,
}

/// A tensor that a network asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Name in the checkpoint.
    pub name: String,
    /// Shape.
    pub shape: Vec<i64>,
    /// Trained or not.
    pub role: Role,
}

/// The value of a tensor that is made, by its number, name and shape.
type Fill<'a> = Box<dyn FnMut(usize, &Asked) -> Tensor + 'a>;

enum Origin<'a> {
    Nothing,
    Made(Fill<'a>),
    Loaded(HashMap<String, Tensor>),
}

/// Named tensors for the building of one network; keeps account of every name and shape.
pub struct Source<'a> {
    origin: Origin<'a>,
    kind: Kind,
    device: Device,
    asked: Vec<Asked>,
    missing: Vec<String>,
    misshaped: Vec<String>,
}

impl<'a> Source<'a> {
    fn new(origin: Origin<'a>, kind: Kind, device: Device) -> Self {
        Source {
            origin,
            kind,
            device,
            asked: Vec::new(),
            missing: Vec::new(),
            misshaped: Vec::new(),
        }
    }

    /// Names and shapes only: every tensor is a view of a single zero.
    pub fn shapes() -> Self {
        Source::new(Origin::Nothing, Kind::Float, Device::Cpu)
    }

    /// Fresh tensors from `fill(number, asked)`; frozen ones that the definition fixes keep its value.
    pub fn made(
        fill: impl FnMut(usize, &Asked) -> Tensor + 'a,
        kind: Kind,
        device: Device,
    ) -> Self {
        Source::new(Origin::Made(Box::new(fill)), kind, device)
    }

    /// A file's tensors.
    pub fn loaded(tensors: HashMap<String, Tensor>, kind: Kind, device: Device) -> Self {
        Source::new(Origin::Loaded(tensors), kind, device)
    }

    /// The trained tensor of that name and shape.
    pub(super) fn parameter(&mut self, name: &str, shape: &[i64]) -> Tensor {
        self.take(name, shape, Role::Parameter, None)
    }

    /// A tensor that is drawn once and never trained.
    pub(super) fn frozen(&mut self, name: &str, shape: &[i64]) -> Tensor {
        self.take(name, shape, Role::Frozen, None)
    }

    /// A tensor that the network's definition fixes at `value`; a file's own value counts.
    pub(super) fn buffer(&mut self, name: &str, value: &Tensor) -> Tensor {
        self.take(name, &value.size(), Role::Frozen, Some(value))
    }

    /// Asks for a module's bytes alone: what they hold is not known before they are read.
    pub fn module(&mut self, options: &ScriptOptions) {
        let _ = self.raw(MODULE, &[options.bytes]);
    }

    /// A tensor of bytes as it is, and the device that the network is to live on.
    pub(super) fn raw(&mut self, name: &str, shape: &[i64]) -> (Tensor, Device) {
        let (kind, device) = (self.kind, self.device);
        (self.kind, self.device) = (Kind::Uint8, Device::Cpu);
        let bytes = self.take(name, shape, Role::Frozen, None);
        (self.kind, self.device) = (kind, device);
        (bytes, device)
    }

    fn take(&mut self, name: &str, shape: &[i64], role: Role, value: Option<&Tensor>) -> Tensor {
        let (name, shape) = (name.to_owned(), shape.to_vec());
        let asked = Asked { name, shape, role };
        let found = match (&mut self.origin, value) {
            (Origin::Nothing, _) => None,
            (Origin::Made(_), Some(value)) => Some(value.shallow_clone()),
            (Origin::Made(fill), None) => Some(fill(self.asked.len(), &asked)),
            (Origin::Loaded(tensors), _) => {
                let found = tensors.remove(&asked.name);
                if found.is_none() {
                    self.missing
                        .push(format!("`{}` {:?}", asked.name, asked.shape));
                }
                found
            }
        };
        let fits = |t: &Tensor| t.size() == asked.shape;
        if let Some(t) = found.as_ref().filter(|t| !fits(t)) {
            let (name, size, expected) = (&asked.name, t.size(), &asked.shape);
            self.misshaped
                .push(format!("`{name}` is {size:?}, expected {expected:?}"));
        }
        let tensor = match found.filter(fits) {
            Some(t) => t.detach().to_device(self.device).to_kind(self.kind),
            None => Tensor::zeros([1], (self.kind, self.device)).expand(&asked.shape[..], false),
        };
        self.asked.push(asked);
        tensor
    }

    /// What was asked for, in order; or one error that lists every tensor that does not fit.
    pub fn finish(self) -> Result<Vec<Asked>, NetworkError> {
        let mut unexpected = match self.origin {
            Origin::Loaded(left) => left
                .into_iter()
                .map(|(n, t)| format!("`{n}` {:?}", t.size()))
                .collect(),
            _ => Vec::new(),
        };
        unexpected.sort();
        let lists = [
            ("missing", self.missing),
            ("unexpected", unexpected),
            ("of another shape", self.misshaped),
        ];
        let parts: Vec<String> = (lists.iter().filter(|(_, list)| !list.is_empty()))
            .map(|(what, list)| format!("{} {what}: {}", list.len(), list.join(", ")))
            .collect();
        if parts.is_empty() {
            return Ok(self.asked);
        }
        Err(NetworkError::Tensors(parts.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(names: &[(&str, &[i64])]) -> Source<'static> {
        let zeros = |s: &[i64]| Tensor::zeros(s, (Kind::Float, Device::Cpu));
        let map = names
            .iter()
            .map(|(n, s)| (n.to_string(), zeros(s)))
            .collect();
        Source::loaded(map, Kind::Double, Device::Cpu)
    }

    #[test]
    fn every_tensor_that_does_not_fit_is_named_at_once() {
        let mut source = loaded(&[("a", &[2, 3]), ("b", &[4]), ("c", &[1])]);
        let _ = source.parameter("a", &[2, 3]);
        let _ = source.parameter("b", &[5]);
        let _ = source.parameter("d", &[7]);
        let text = source.finish().expect_err("three do not fit").to_string();
        for part in [
            "1 missing: `d` [7]",
            "1 unexpected: `c` [1]",
            "`b` is [4], expected [5]",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn fitting_tensors_come_in_the_kind_asked_for_and_in_order() {
        let mut source = loaded(&[("b", &[4]), ("a", &[2])]);
        assert_eq!(source.parameter("a", &[2]).kind(), Kind::Double);
        let _ = source.frozen("b", &[4]);
        let asked = source.finish().expect("all fit");
        assert_eq!(asked[0].name, "a");
        assert_eq!(asked[1].role, Role::Frozen);
    }
}
