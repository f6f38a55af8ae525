//! Arrays of exactly two values: serde's own silently drop a third one of a TOML array.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// `[readout, phase encoding]`.
pub(super) fn readout_phase<'de, D, T>(from: D) -> Result<[T; 2], D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    two(from, "two values, [readout, phase encoding]")
}

/// `[columns, rows]`.
pub(super) fn columns_rows<'de, D, T>(from: D) -> Result<[T; 2], D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    two(from, "two values, [columns, rows]")
}

/// `[x, y]`.
pub(super) fn x_y<'de, D, T>(from: D) -> Result<[T; 2], D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    two(from, "two values, [x, y]")
}

/// `[first, last]`.
pub(super) fn first_last<'de, D, T>(from: D) -> Result<[T; 2], D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    two(from, "two values, [first, last]")
}

/// `[first, last]` of a key that may be absent.
pub(super) fn maybe_first_last<'de, D, T>(from: D) -> Result<Option<[T; 2]>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    first_last(from).map(Some)
}

/// `[rows, columns]` of a key that may be absent.
pub(super) fn maybe_rows_columns<'de, D, T>(from: D) -> Result<Option<[T; 2]>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    two(from, "two values, [rows, columns]").map(Some)
}

/// `[columns, rows]` of a key that may be absent.
pub(super) fn maybe_columns_rows<'de, D, T>(from: D) -> Result<Option<[T; 2]>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    columns_rows(from).map(Some)
}

fn two<'de, D, T>(from: D, expected: &'static str) -> Result<[T; 2], D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let values = Vec::<T>::deserialize(from)?;
    let found = values.len();
    <[T; 2]>::try_from(values).map_err(|_| D::Error::invalid_length(found, &expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Table {
        #[serde(deserialize_with = "x_y")]
        point: [f64; 2],
    }

    #[test]
    fn two_values_and_no_other_number() {
        let table: Table = toml::from_str("point = [1.5, -2]").unwrap();
        assert_eq!(table.point, [1.5, -2.0]);
        for point in ["[]", "[1]", "[1, 2, 3]"] {
            let error = toml::from_str::<Table>(&format!("point = {point}")).unwrap_err();
            assert!(error.message().contains("two values, [x, y]"), "{error}");
        }
    }
}
