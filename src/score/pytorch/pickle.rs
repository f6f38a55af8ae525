//! The restricted pickle machine: numbers, text, containers and descriptions of tensors.
//!
//! Every object is a row of one table, so that sharing, cycles and depth cost nothing; the table, the
//! stack and the memo are bounded. No callable is ever called: the few known names have meanings here.

mod build;
mod object;

use super::{CheckpointError, format_error};
pub(super) use object::{Id, Object, Objects};
use std::collections::HashMap;

/// Most objects of one file.
const MOST_OBJECTS: usize = 8 << 20;

/// The machine while it reads.
struct Machine<'a> {
    left: &'a [u8],
    objects: Objects,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    /// Items copied from one container to another.
    copied: usize,
}

/// Reads a pickle to its table of objects and the root.
pub(super) fn read(bytes: &[u8]) -> Result<(Objects, Id), CheckpointError> {
    let mut machine = Machine {
        left: bytes,
        objects: Objects::default(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        copied: 0,
    };
    loop {
        let code = machine.take(1)?[0];
        if code == b'.' {
            let root = machine.pop()?;
            return Ok((machine.objects, root));
        }
        machine.step(code)?;
    }
}

fn short<T>() -> Result<T, CheckpointError> {
    format_error("the pickle is cut short or damaged")
}

impl<'a> Machine<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], CheckpointError> {
        match self.left.split_at_checked(count) {
            Some((taken, left)) => {
                self.left = left;
                Ok(taken)
            }
            None => short(),
        }
    }

    /// A little-endian number of `width` bytes.
    fn count(&mut self, width: usize) -> Result<u64, CheckpointError> {
        Ok(self
            .take(width)?
            .iter()
            .rev()
            .fold(0, |n, b| n << 8 | u64::from(*b)))
    }

    /// Bytes that a number of `width` bytes counts.
    fn counted(&mut self, width: usize) -> Result<&'a [u8], CheckpointError> {
        let size = self.count(width)?;
        self.take(usize::try_from(size).unwrap_or(usize::MAX))
    }

    fn line(&mut self) -> Result<String, CheckpointError> {
        let Some(end) = self.left.iter().position(|b| *b == b'\n') else {
            return short();
        };
        let line = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.take(1)?;
        Ok(line)
    }

    fn push(&mut self, object: Object) -> Result<(), CheckpointError> {
        if self.objects.len() >= MOST_OBJECTS {
            return format_error(format!("the pickle has more than {MOST_OBJECTS} objects"));
        }
        let id = self.objects.add(object);
        self.push_id(id)
    }

    fn push_id(&mut self, id: Id) -> Result<(), CheckpointError> {
        if self.stack.len() >= MOST_OBJECTS {
            return format_error("the pickle's stack is too deep");
        }
        self.stack.push(id);
        Ok(())
    }

    /// The topmost object above the last mark.
    fn pop(&mut self) -> Result<Id, CheckpointError> {
        if self
            .marks
            .last()
            .is_some_and(|mark| self.stack.len() <= *mark)
        {
            return short();
        }
        self.stack.pop().map_or_else(short, Ok)
    }

    fn top(&self) -> Result<Id, CheckpointError> {
        self.stack.last().copied().map_or_else(short, Ok)
    }

    /// Everything above the last mark.
    fn pop_mark(&mut self) -> Result<Vec<Id>, CheckpointError> {
        let Some(mark) = self.marks.pop() else {
            return short();
        };
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn pop_some(&mut self, count: usize) -> Result<Vec<Id>, CheckpointError> {
        let mut ids = (0..count)
            .map(|_| self.pop())
            .collect::<Result<Vec<_>, _>>()?;
        ids.reverse();
        Ok(ids)
    }

    fn text(&mut self, bytes: &[u8]) -> Result<(), CheckpointError> {
        self.push(Object::Text(String::from_utf8_lossy(bytes).into_owned()))
    }

    fn step(&mut self, code: u8) -> Result<(), CheckpointError> {
        match code {
            0x80 => {
                let protocol = self.count(1)?;
                if protocol > 5 {
                    return format_error(format!("pickle protocol {protocol} is unknown"));
                }
                Ok(())
            }
            0x95 => self.take(8).map(drop),
            b'(' if self.marks.len() < MOST_OBJECTS => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(drop),
            b'1' => self.pop_mark().map(drop),
            b'2' => self.top().and_then(|id| self.push_id(id)),
            b'q' => self.count(1).and_then(|at| self.remember(at)),
            b'r' => self.count(4).and_then(|at| self.remember(at)),
            0x94 => self.remember(self.memo.len() as u64),
            b'h' => self.count(1).and_then(|at| self.recall(at)),
            b'j' => self.count(4).and_then(|at| self.recall(at)),
            _ => self.value(code),
        }
    }

    fn remember(&mut self, at: u64) -> Result<(), CheckpointError> {
        let id = self.top()?;
        if self.memo.len() >= MOST_OBJECTS {
            return format_error("the pickle's memo is too long");
        }
        self.memo.insert(at, id);
        Ok(())
    }

    fn recall(&mut self, at: u64) -> Result<(), CheckpointError> {
        match self.memo.get(&at) {
            Some(id) => self.push_id(*id),
            None => short(),
        }
    }

    /// Numbers and texts.
    fn value(&mut self, code: u8) -> Result<(), CheckpointError> {
        match code {
            b'N' => self.push(Object::Nothing),
            0x88 => self.push(Object::Int(1)),
            0x89 => self.push(Object::Int(0)),
            b'K' => self.count(1).and_then(|n| self.push(Object::Int(n as i64))),
            b'M' => self.count(2).and_then(|n| self.push(Object::Int(n as i64))),
            b'J' => self
                .count(4)
                .and_then(|n| self.push(Object::Int(i64::from(n as u32 as i32)))),
            0x8a => self.counted(1).and_then(|bytes| self.push(integer(bytes))),
            0x8b => self.counted(4).and_then(|bytes| self.push(integer(bytes))),
            b'G' => {
                let bits = self.take(8)?.iter().fold(0, |n, b| n << 8 | u64::from(*b));
                self.push(Object::Float(f64::from_bits(bits)))
            }
            b'X' | b'T' | b'B' => self.counted(4).and_then(|bytes| self.text(bytes)),
            0x8c | b'U' | b'C' => self.counted(1).and_then(|bytes| self.text(bytes)),
            0x8d | 0x8e => self.counted(8).and_then(|bytes| self.text(bytes)),
            _ => self.container(code),
        }
    }

    fn container(&mut self, code: u8) -> Result<(), CheckpointError> {
        match code {
            b']' => self.push(Object::List(Vec::new())),
            b'}' => self.push(Object::Dict(Vec::new())),
            b')' => self.push(Object::Tuple(Vec::new())),
            b'l' => self.pop_mark().and_then(|ids| self.push(Object::List(ids))),
            b't' => self
                .pop_mark()
                .and_then(|ids| self.push(Object::Tuple(ids))),
            0x85..=0x87 => self
                .pop_some((code - 0x84).into())
                .and_then(|ids| self.push(Object::Tuple(ids))),
            b'd' => {
                let ids = self.pop_mark()?;
                self.push(Object::Dict(Vec::new()))?;
                self.set_items(&ids)
            }
            b'a' => self.pop().and_then(|id| self.append(&[id])),
            b'e' => self.pop_mark().and_then(|ids| self.append(&ids)),
            b's' => self.pop_some(2).and_then(|ids| self.set_items(&ids)),
            b'u' => self.pop_mark().and_then(|ids| self.set_items(&ids)),
            _ => self.named(code),
        }
    }

    fn append(&mut self, ids: &[Id]) -> Result<(), CheckpointError> {
        let list = self.top()?;
        match self.objects.get_mut(list) {
            Object::List(items) => items.extend(ids),
            _ => return short(),
        }
        Ok(())
    }

    fn set_items(&mut self, ids: &[Id]) -> Result<(), CheckpointError> {
        let dict = self.top()?;
        match self.objects.get_mut(dict) {
            Object::Dict(items) if ids.len().is_multiple_of(2) => {
                items.extend(ids.chunks_exact(2).map(|pair| (pair[0], pair[1])))
            }
            _ => return short(),
        }
        Ok(())
    }
}

/// A two's-complement integer; a longer one than 64 bits is kept as a float, nothing needs it exactly.
fn integer(bytes: &[u8]) -> Object {
    let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
    if bytes.len() <= 8 {
        let start = if negative { -1i64 } else { 0 };
        return Object::Int(
            bytes
                .iter()
                .rev()
                .fold(start, |n, b| n << 8 | i64::from(*b)),
        );
    }
    let size = bytes
        .iter()
        .rev()
        .fold(0.0, |n, b| n * 256.0 + f64::from(*b));
    Object::Float(if negative {
        size - 256f64.powi(bytes.len().min(200) as i32)
    } else {
        size
    })
}
