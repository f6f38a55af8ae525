//! Where in a TOML document each key stands.

use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// The keys of a document with the bytes that they and their values span.
pub(super) struct Positions(Vec<Entry>);

struct Entry {
    path: String,
    key: Range<usize>,
    value: Range<usize>,
}

impl Positions {
    /// Reads a document; one that is not TOML has no positions.
    pub(super) fn of(text: &str) -> Self {
        let mut entries = Vec::new();
        if let Ok(table) = DeTable::parse(text) {
            walk(table.get_ref(), "", &mut entries);
        }
        Self(entries)
    }

    /// The path of the key that these bytes are.
    pub(super) fn key_at(&self, span: &Range<usize>) -> Option<&str> {
        let found = self.0.iter().find(|entry| entry.key == *span)?;
        Some(&found.path)
    }

    /// The path of the innermost key whose value holds these bytes; the document is `""`.
    pub(super) fn path_at(&self, span: &Range<usize>) -> &str {
        let holds = |entry: &&Entry| {
            entry.value.start <= span.start && span.end <= entry.value.end && !span.is_empty()
        };
        // a header's span is the value of every table in it: the deepest one is meant
        let rank = |entry: &&Entry| (entry.value.len(), usize::MAX - entry.path.len());
        let found = self.0.iter().filter(holds).min_by_key(rank);
        found.map_or("", |entry| &entry.path)
    }

    /// The first byte of a key, or of the nearest table around it that is there.
    pub(super) fn start_of(&self, path: &str) -> Option<usize> {
        if let Some(entry) = self.0.iter().find(|entry| entry.path == path) {
            return Some(entry.key.start);
        }
        self.start_of(path.rsplit_once('.')?.0)
    }
}

fn walk(table: &DeTable<'_>, above: &str, entries: &mut Vec<Entry>) {
    for (key, value) in table {
        let path = match above {
            "" => key.get_ref().to_string(),
            _ => format!("{above}.{}", key.get_ref()),
        };
        if let DeValue::Table(inner) = value.get_ref() {
            walk(inner, &path, entries);
        }
        entries.push(Entry {
            path,
            key: key.span(),
            value: value.span(),
        });
    }
}

/// Line and column of a byte, both from 1, columns in characters.
pub(super) fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "title = \"µ\"\n[method.dps]\n  steps = 3\n[method.bridge]\nlevels=2\n";

    #[test]
    fn keys_are_found_both_ways() {
        let positions = Positions::of(TEXT);
        let start = positions.start_of("method.dps.steps").unwrap();
        assert_eq!(line_and_column(TEXT, start), (3, 3));
        let span = start..start + 5;
        assert_eq!(positions.key_at(&span), Some("method.dps.steps"));
        let value = TEXT.find('3').unwrap();
        assert_eq!(positions.path_at(&(value..value + 1)), "method.dps.steps");
        let header = TEXT.find("[method.bridge]").unwrap();
        assert_eq!(positions.path_at(&(header..header + 15)), "method.bridge");
    }

    #[test]
    fn a_missing_key_stands_where_its_table_does() {
        let positions = Positions::of(TEXT);
        let bridge = positions.start_of("method.bridge.guard").unwrap();
        assert_eq!(line_and_column(TEXT, bridge), (4, 9));
        assert_eq!(positions.start_of("preparation.set"), None);
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(line_and_column("µµx", 4), (1, 3));
        assert_eq!(line_and_column("a\n", 99), (2, 1));
    }
}
