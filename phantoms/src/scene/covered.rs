//! What of a line later shapes have covered.

use super::Overlap;

/// Stretches of a line, gathered from the topmost shape down.
pub(super) struct Covered {
    overlap: Overlap,
    /// Disjoint, in order.
    ranges: Vec<[f64; 2]>,
    /// Of the shape at hand.
    own: Vec<[f64; 2]>,
}

impl Covered {
    pub fn new(overlap: Overlap) -> Self {
        Self {
            overlap,
            ranges: Vec::new(),
            own: Vec::new(),
        }
    }

    /// Gives what of a stretch of the shape at hand no later shape covers.
    pub fn add(&mut self, [from, to]: [f64; 2], give: &mut dyn FnMut([f64; 2])) {
        if self.overlap == Overlap::Adds {
            return give([from, to]);
        }
        let mut start = from;
        for &[a, b] in &self.ranges {
            if b <= start {
                continue;
            }
            if a >= to {
                break;
            }
            if a > start {
                give([start, a]);
            }
            start = b;
        }
        if start < to {
            give([start, to]);
        }
        self.own.push([from, to]);
    }

    /// The shape at hand is done: what it covers, the shapes below do not see.
    pub fn close(&mut self) {
        for [from, to] in self.own.drain(..) {
            // All that touch the new stretch become one with it.
            let first = self.ranges.partition_point(|r| r[1] < from);
            let after = self.ranges.partition_point(|r| r[0] <= to);
            let mut joined = [from, to];
            if first < after {
                joined[0] = joined[0].min(self.ranges[first][0]);
                joined[1] = joined[1].max(self.ranges[after - 1][1]);
            }
            self.ranges.splice(first..after, [joined]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_covered_is_not_given_again() {
        let mut covered = Covered::new(Overlap::LastWins);
        let mut given = Vec::new();
        for ranges in [
            vec![[1.0, 2.0], [5.0, 6.0]],
            vec![[1.5, 3.0]],
            vec![[0.0, 10.0]],
            vec![[-1.0, 12.0]],
        ] {
            for range in ranges {
                covered.add(range, &mut |part| given.push(part));
            }
            covered.close();
        }
        assert_eq!(
            given,
            [
                [1.0, 2.0],
                [5.0, 6.0],
                [2.0, 3.0],
                [0.0, 1.0],
                [3.0, 5.0],
                [6.0, 10.0],
                [-1.0, 0.0],
                [10.0, 12.0]
            ]
        );
    }

    #[test]
    fn values_that_add_are_given_whole() {
        let mut covered = Covered::new(Overlap::Adds);
        let mut given = Vec::new();
        for _ in 0..2 {
            covered.add([0.0, 1.0], &mut |part| given.push(part));
            covered.close();
        }
        assert_eq!(given, [[0.0, 1.0]; 2]);
    }
}
