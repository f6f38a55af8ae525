//! Distances to a set of voxels, and the connected parts of a set.

use ndarray::{Array3, Axis, Zip};

use super::tissue::Tissue;

/// Farther than anything in a head.
const FAR: f32 = 1e9;

/// Squared distance of each voxel to the nearest one of a set, in voxels; huge where the set is
/// empty.
///
/// The lower envelope of parabolas, along one axis after the other (Felzenszwalb and Huttenlocher
/// 2012): exact.
pub(super) fn squared_distance(set: &Array3<bool>) -> Array3<f32> {
    let mut squares = set.mapv(|inside| if inside { 0.0 } else { FAR });
    for axis in 0..3 {
        let n = squares.len_of(Axis(axis));
        if n == 1 {
            continue;
        }
        let (mut line, mut vertices, mut bounds) =
            (vec![0f32; n], vec![0usize; n], vec![0f32; n + 1]);
        for mut lane in squares.lanes_mut(Axis(axis)) {
            line.iter_mut().zip(&lane).for_each(|(a, b)| *a = *b);
            envelope(&line, &mut vertices, &mut bounds);
            let mut k = 0;
            for (q, out) in lane.iter_mut().enumerate() {
                while bounds[k + 1] < q as f32 {
                    k += 1;
                }
                let d = q as f32 - vertices[k] as f32;
                *out = (d * d + line[vertices[k]]).min(FAR);
            }
        }
    }
    squares
}

/// The parabolas that are lowest somewhere, and where each begins to be.
fn envelope(heights: &[f32], vertices: &mut [usize], bounds: &mut [f32]) {
    let mut k = 0;
    (vertices[0], bounds[0], bounds[1]) = (0, f32::NEG_INFINITY, f32::INFINITY);
    for q in 1..heights.len() {
        let meet = |v: usize| {
            let (q2, v2) = ((q * q) as f64, (v * v) as f64);
            (((f64::from(heights[q]) + q2) - (f64::from(heights[v]) + v2)) / (2.0 * (q - v) as f64))
                as f32
        };
        let mut at = meet(vertices[k]);
        while at <= bounds[k] {
            k -= 1;
            at = meet(vertices[k]);
        }
        k += 1;
        (vertices[k], bounds[k], bounds[k + 1]) = (q, at, f32::INFINITY);
    }
}

/// Distance to the nearest bone in a volume of numbers of tissues, in voxels.
pub(crate) fn to_bone(tissues: &Array3<u8>) -> Array3<f32> {
    let bone = Tissue::ALL.map(Tissue::is_bone);
    squared_distance(&tissues.mapv(|n| bone[usize::from(n)])).mapv_into(f32::sqrt)
}

/// Connected parts (by faces) of a set: the number of the part of each voxel, 0 outside of the
/// set, and the size of each part, that of number 0 being 0.
pub(super) fn parts(set: &Array3<bool>) -> (Array3<u32>, Vec<usize>) {
    let mut part = Array3::<u32>::zeros(set.dim());
    let mut sizes = vec![0];
    let mut stack = Vec::new();
    for (at, &inside) in set.indexed_iter() {
        if !inside || part[at] != 0 {
            continue;
        }
        let number = sizes.len() as u32;
        sizes.push(0);
        part[at] = number;
        stack.push(at);
        while let Some(at) = stack.pop() {
            sizes[number as usize] += 1;
            for next in neighbours(at, set.dim()) {
                if set[next] && part[next] == 0 {
                    part[next] = number;
                    stack.push(next);
                }
            }
        }
    }
    (part, sizes)
}

fn neighbours(
    (z, y, x): (usize, usize, usize),
    (nz, ny, nx): (usize, usize, usize),
) -> impl Iterator<Item = (usize, usize, usize)> {
    [
        (z.wrapping_sub(1), y, x),
        (z + 1, y, x),
        (z, y.wrapping_sub(1), x),
        (z, y + 1, x),
        (z, y, x.wrapping_sub(1)),
        (z, y, x + 1),
    ]
    .into_iter()
    .filter(move |&(z, y, x)| z < nz && y < ny && x < nx)
}

/// The voxels of a set within a distance, in voxels, of another set.
pub(super) fn within(set: &Array3<bool>, of: &Array3<bool>, distance: f32) -> Array3<bool> {
    Zip::from(set)
        .and(&squared_distance(of))
        .map_collect(|&inside, &d| inside && d <= distance * distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_brute_force() {
        let set = Array3::from_shape_fn((5, 9, 12), |(z, y, x)| (z * 7 + y * 5 + x * 11) % 53 == 0);
        let points: Vec<_> = set.indexed_iter().filter(|v| *v.1).map(|v| v.0).collect();
        assert!(points.len() > 3);
        for ((z, y, x), d) in squared_distance(&set).indexed_iter() {
            let nearest = points
                .iter()
                .map(|p| z.abs_diff(p.0).pow(2) + y.abs_diff(p.1).pow(2) + x.abs_diff(p.2).pow(2))
                .min();
            assert_eq!(Some(*d as usize), nearest);
        }
        let flat = Array3::from_shape_fn((1, 1, 6), |(_, _, x)| x == 4);
        assert_eq!(squared_distance(&flat)[(0, 0, 0)], 16.0);
    }

    #[test]
    fn parts_are_found_and_measured() {
        let set = Array3::from_shape_fn((2, 4, 5), |(_, y, x)| y != 1 && x != 2);
        let (part, mut sizes) = parts(&set);
        assert_eq!(part[(0, 1, 0)], 0);
        assert_ne!(part[(0, 0, 0)], part[(0, 2, 0)]);
        assert_eq!(part[(0, 2, 0)], part[(1, 3, 1)]);
        sizes.sort_unstable();
        assert_eq!(sizes, [0, 4, 4, 8, 8]);
    }
}
