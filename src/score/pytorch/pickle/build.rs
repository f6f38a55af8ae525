//! Names in a pickle: the few that have a meaning, and the refusal of all others.

use super::object::{Id, Known, Object};
use super::{MOST_OBJECTS, Machine, short};
use crate::score::pytorch::record::{Storage, View};
use crate::score::pytorch::{CheckpointError, format_error};
use tch::Kind;

/// What a call gives: a new object, or one that is there already.
enum Made {
    New(Object),
    Same(Id),
}

impl Machine<'_> {
    pub(super) fn named(&mut self, code: u8) -> Result<(), CheckpointError> {
        match code {
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(&module, &name)
            }
            0x93 => {
                let ids = self.pop_some(2)?;
                let text = |id: Id| self.objects.text(id).map(str::to_owned);
                match (text(ids[0]), text(ids[1])) {
                    (Some(module), Some(name)) => self.global(&module, &name),
                    _ => short(),
                }
            }
            b'R' | 0x81 => {
                let ids = self.pop_some(2)?;
                match self.call(ids[0], ids[1])? {
                    Made::New(object) => self.push(object),
                    Made::Same(id) => self.push_id(id),
                }
            }
            b'b' => {
                // Attributes of a dictionary, such as the versions that state_dict() notes.
                self.pop()?;
                match self.objects.get(self.top()?) {
                    Object::Dict(_) => Ok(()),
                    _ => short(),
                }
            }
            b'Q' => {
                let id = self.pop()?;
                let storage = self.storage(id)?;
                self.push(Object::Storage(storage))
            }
            other => format_error(format!(
                "the pickle is damaged, or asks for operation 0x{other:02x}, which no file of torch.save needs"
            )),
        }
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), CheckpointError> {
        let known = known(module, name).ok_or_else(|| refused(module, name))?;
        self.push(Object::Known(known))
    }

    /// What a known name makes of its arguments.
    fn call(&mut self, name: Id, arguments: Id) -> Result<Made, CheckpointError> {
        let Object::Known(known) = *self.objects.get(name) else {
            return short();
        };
        let Some(arguments) = self.objects.items(arguments) else {
            return short();
        };
        match (known, arguments) {
            (Known::OrderedDict, []) => Ok(Made::New(Object::Dict(Vec::new()))),
            (Known::OrderedDict, [pairs]) => {
                let pairs = *pairs;
                self.ordered(pairs)
            }
            (Known::Size, [sizes]) => Ok(Made::Same(*sizes)),
            (Known::RebuildTensor, [storage, offset, shape, stride, ..]) => {
                self.view([*storage, *offset, *shape, *stride])
            }
            (Known::RebuildParameter, [tensor, ..]) => match self.objects.get(*tensor) {
                Object::Tensor(_) => Ok(Made::Same(*tensor)),
                _ => short(),
            },
            _ => short(),
        }
    }

    /// A dictionary from a list of pairs; all such copies together are bounded.
    fn ordered(&mut self, pairs: Id) -> Result<Made, CheckpointError> {
        let ids = self.objects.items(pairs).unwrap_or_default();
        self.copied += ids.len();
        if self.copied > MOST_OBJECTS {
            return format_error("the pickle copies too much");
        }
        let pair = |id: &Id| match self.objects.items(*id) {
            Some([key, value]) => Some((*key, *value)),
            _ => None,
        };
        let pairs = ids.iter().map(pair).collect::<Option<_>>();
        pairs.map_or_else(short, |pairs| Ok(Made::New(Object::Dict(pairs))))
    }

    fn view(&self, [storage, offset, shape, stride]: [Id; 4]) -> Result<Made, CheckpointError> {
        let Object::Storage(storage) = self.objects.get(storage) else {
            return short();
        };
        let numbers = (
            self.objects.integer(offset),
            self.objects.integers(shape),
            self.objects.integers(stride),
        );
        let (Some(offset), Some(shape), Some(stride)) = numbers else {
            return short();
        };
        let view = View::new(storage.clone(), offset, shape, stride)?;
        Ok(Made::New(Object::Tensor(view)))
    }

    /// `("storage", kind, key, place, count)`.
    fn storage(&self, id: Id) -> Result<Storage, CheckpointError> {
        let Some([word, kind, key, _, count, ..]) = self.objects.items(id) else {
            return short();
        };
        let (Object::Known(Known::Storage(kind)), Some("storage")) =
            (self.objects.get(*kind), self.objects.text(*word))
        else {
            return short();
        };
        match (self.objects.text(*key), self.objects.integer(*count)) {
            (Some(key), Some(count)) if count >= 0 && key.len() <= 64 => Ok(Storage {
                kind: *kind,
                key: key.to_owned(),
                count,
            }),
            _ => short(),
        }
    }
}

fn known(module: &str, name: &str) -> Option<Known> {
    let kind = |name: &str| {
        Some(match name {
            "FloatStorage" => Kind::Float,
            "DoubleStorage" => Kind::Double,
            "HalfStorage" => Kind::Half,
            "BFloat16Storage" => Kind::BFloat16,
            "LongStorage" => Kind::Int64,
            "IntStorage" => Kind::Int,
            "ShortStorage" => Kind::Int16,
            "CharStorage" => Kind::Int8,
            "ByteStorage" => Kind::Uint8,
            "BoolStorage" => Kind::Bool,
            _ => return None,
        })
    };
    match (module, name) {
        ("collections", "OrderedDict") => Some(Known::OrderedDict),
        ("torch", "Size") => Some(Known::Size),
        ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => Some(Known::RebuildTensor),
        ("torch._utils", "_rebuild_parameter") => Some(Known::RebuildParameter),
        ("torch", name) => kind(name).map(Known::Storage),
        _ => None,
    }
}

fn refused(module: &str, name: &str) -> CheckpointError {
    let way_out = if module.starts_with("torch_utils") || name.contains("persistent") {
        "this pickle carries its network's program with it; where it came from, with that code at hand, save \
         the tensors alone: torch.save(pickle.load(open(PKL, 'rb'))['ema'].state_dict(), 'weights.pt')"
    } else {
        "where the file came from, save the tensors alone: torch.save(network.state_dict(), 'weights.pt')"
    };
    CheckpointError::Refused {
        name: format!("{module}.{name}"),
        way_out: way_out.into(),
    }
}
