//! Where a line meets a boundary, and what of it lies inside.

/// A place where a line meets a boundary that runs with the region to its left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Crossing {
    /// Of the line `origin + t direction`.
    pub t: f64,
    /// Whether the line enters the region there.
    pub enters: bool,
}

/// The stretches of the line that lie inside, in order: where the winding number is not 0.
pub(super) fn intervals(mut crossings: Vec<Crossing>) -> Vec<[f64; 2]> {
    crossings.sort_by(|a, b| a.t.total_cmp(&b.t));
    let (mut winding, mut from, mut inside) = (0i32, 0.0, Vec::new());
    for crossing in crossings {
        let next = winding + if crossing.enters { 1 } else { -1 };
        if winding == 0 {
            from = crossing.t;
        } else if next == 0 && crossing.t > from {
            inside.push([from, crossing.t]);
        }
        winding = next;
    }
    inside
}

/// Whether the origin of the line lies inside: by the winding of what is behind it.
pub(super) fn inside_of(crossings: &[Crossing]) -> bool {
    let behind = crossings.iter().filter(|c| c.t <= 0.0);
    behind.map(|c| if c.enters { 1 } else { -1 }).sum::<i32>() != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_stretches_are_one() {
        let at = |t, enters| Crossing { t, enters };
        let crossings = vec![
            at(4.0, false),
            at(0.0, true),
            at(1.0, true),
            at(2.0, false),
            at(6.0, false),
            at(5.0, true),
        ];
        assert_eq!(intervals(crossings.clone()), [[0.0, 4.0], [5.0, 6.0]]);
        assert!(!inside_of(&crossings[..1]) && inside_of(&crossings[1..2]));
    }
}
