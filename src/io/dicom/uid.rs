//! Identifiers that follow from what they name: a run that is repeated gives the same, another one others.

use uuid::Uuid;

/// The class of this implementation, and the namespace of all identifiers made here.
const NAMESPACE: Uuid = Uuid::from_u128(0x7b1e_5d3c_9a40_5c86_b0f2_4e6d_1a93_c758);

/// `2.25.` and the decimal number of a name-based UUID (PS3.5 B.2): at most 44 characters.
pub(super) fn uid(parts: &[&str]) -> String {
    // Lengths keep ("ab", "c") apart from ("a", "bc").
    let name: String = parts.iter().map(|p| format!("{}:{p}", p.len())).collect();
    format!(
        "2.25.{}",
        Uuid::new_v5(&NAMESPACE, name.as_bytes()).as_u128()
    )
}

/// Names this program in the head of its files.
pub(super) fn implementation() -> String {
    format!("2.25.{}", NAMESPACE.as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_stable_and_tell_their_parts_apart() {
        assert_eq!(uid(&["ab", "c"]), uid(&["ab", "c"]));
        assert_ne!(uid(&["ab", "c"]), uid(&["a", "bc"]));
        for text in [uid(&["x"]), implementation()] {
            assert!(text.len() <= 44, "{text}");
            assert!(text[5..].parse::<u128>().is_ok(), "{text}");
        }
    }
}
