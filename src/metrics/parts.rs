//! Connected parts of a mask.

use ndarray::Array2;

/// The 4-connected parts: the number of each pixel's, from 1, and 0 outside; and the pixels of each number.
pub(super) fn parts(mask: &Array2<bool>) -> (Array2<usize>, Vec<usize>) {
    let (rows, columns) = mask.dim();
    let mut label = Array2::<usize>::zeros(mask.dim());
    let mut sizes = vec![0usize];
    for start in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
        if !mask[start] || label[start] > 0 {
            continue;
        }
        let name = sizes.len();
        let mut size = 0;
        let mut open = vec![start];
        label[start] = name;
        while let Some((y, x)) = open.pop() {
            size += 1;
            let beside = [
                (y.wrapping_sub(1), x),
                (y + 1, x),
                (y, x.wrapping_sub(1)),
                (y, x + 1),
            ];
            for at in beside {
                if mask.get(at) == Some(&true) && label[at] == 0 {
                    label[at] = name;
                    open.push(at);
                }
            }
        }
        sizes.push(size);
    }
    (label, sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_do_not_connect() {
        let rows = ["##..#", ".#..#", "..#..", "###.#"];
        let mask = Array2::from_shape_fn((4, 5), |(y, x)| rows[y].as_bytes()[x] == b'#');
        let (label, sizes) = parts(&mask);
        assert_eq!(sizes, [0, 3, 2, 4, 1]);
        assert!(label[(1, 1)] == 1 && label[(2, 2)] == 3 && label[(3, 3)] == 0);
    }
}
