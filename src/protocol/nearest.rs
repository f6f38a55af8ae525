//! The name that was probably meant.

/// The one of `known` that `word` is a typo or an abbreviation of, if any is near.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase().replace('_', "-");
    let cost = |name: &str| {
        let name = name.to_lowercase().replace('_', "-");
        let last = name.rsplit('/').next().unwrap_or(&name);
        let abbreviates =
            word.len() >= 3 && (name.starts_with(&word) || word.starts_with(&name) || last == word);
        let allowed = (word.chars().count().max(3) / 3).max(1);
        match distance(&word, &name) {
            _ if abbreviates => Some(0),
            typos if typos <= allowed => Some(typos),
            _ => None,
        }
    };
    known
        .iter()
        .filter_map(|name| Some((cost(name)?, *name)))
        .min_by_key(|(cost, _)| *cost)
        .map(|(_, name)| name)
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let substituted = above[j] + usize::from(a[i] != b[j]);
            let mut cost = substituted.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("accelration", "acceleration"), 1);
        assert_eq!(distance("brigde", "bridge"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn typos_abbreviations_and_lost_folders() {
        let keys = ["matrix", "fov_mm", "acceleration", "snr"];
        assert_eq!(nearest("accelration", &keys), Some("acceleration"));
        assert_eq!(nearest("fov", &keys), Some("fov_mm"));
        assert_eq!(nearest("SNR", &keys), Some("snr"));
        assert_eq!(nearest("tv", &keys), None);
        assert_eq!(nearest("temperature", &keys), None);
        let names = ["mri/cartesian", "mri/brain-cartesian-r4"];
        assert_eq!(nearest("brain-cartesian-r4", &names), Some(names[1]));
        assert_eq!(nearest("mri/cartesain", &names), Some(names[0]));
    }
}
