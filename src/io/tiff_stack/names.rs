//! Which files of a folder are views, flats and darks, and in which order.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use crate::io::IoError;

/// The files of a stack. One file with a page a view is a single entry of `views`.
#[derive(Debug, Default)]
pub(super) struct Stack {
    pub views: Vec<PathBuf>,
    pub flat: Vec<PathBuf>,
    pub dark: Vec<PathBuf>,
    /// Files that are no TIFF.
    pub other: usize,
}

/// Whether a file begins as TIFF or BigTIFF of either byte order.
pub(in crate::io) fn is_tiff(start: &[u8]) -> bool {
    [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
        .iter()
        .any(|magic| start.starts_with(*magic))
}

/// Sorts the files of a folder, by content and then by name.
pub(super) fn list(path: &Path) -> Result<Stack, IoError> {
    let mut stack = Stack::default();
    if !path.is_dir() {
        stack.views.push(path.to_owned());
        return Ok(stack);
    }
    for (file, start) in crate::io::recognise_folder::files(path)? {
        if !is_tiff(&start) {
            stack.other += 1;
            continue;
        }
        let name = file.file_name().map(|n| n.to_string_lossy().to_lowercase());
        let name = name.unwrap_or_default();
        let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
        let group = match () {
            () if begins(&["flat", "white"]) => &mut stack.flat,
            () if begins(&["dark"]) => &mut stack.dark,
            () => &mut stack.views,
        };
        group.push(file);
    }
    for group in [&mut stack.views, &mut stack.flat, &mut stack.dark] {
        group.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    }
    Ok(stack)
}

/// Runs of digits compare as numbers, all else as text.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        match (a.is_empty(), b.is_empty()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        let ((x, rest_a), (y, rest_b)) = (piece(a), piece(b));
        let order = match (number(x), number(y)) {
            // The length decides between numbers without leading zeros, however long they are.
            (Some(m), Some(n)) => m.len().cmp(&n.len()).then(m.cmp(n)).then(x.cmp(y)),
            _ => x.cmp(y),
        };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

/// The digits, or the text without digits, that a name begins with.
fn piece(text: &str) -> (&str, &str) {
    let digit = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digit);
    text.split_at(end.unwrap_or(text.len()))
}

fn number(piece: &str) -> Option<&str> {
    let digits = piece.starts_with(|c: char| c.is_ascii_digit());
    digits.then(|| piece.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count() {
        let mut names = [
            "v10.tif",
            "v9.tif",
            "v1.tif",
            "v09b.tif",
            "a2",
            "v99999999999999999999999.tif",
        ];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(
            names,
            [
                "a2",
                "v1.tif",
                "v09b.tif",
                "v9.tif",
                "v10.tif",
                "v99999999999999999999999.tif"
            ]
        );
        assert_eq!(natural("v1", "v1"), Ordering::Equal);
    }
}
