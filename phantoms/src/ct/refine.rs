//! From merged labels to the tissues that a CT scanner tells apart: skin and fat, the layers of the
//! skull, falx and tentorium, lenses.
//!
//! Distances are in voxels, taken to be 1 mm. A single section works too, with the distances of
//! the plane.

use ndarray::{Array3, Axis, Zip};

use super::distance::{parts, squared_distance, within};
use super::tissue::Tissue;

/// Thickness of the skin.
const SKIN_MM: f32 = 2.0;
/// Depth of the fat below the surface.
const FAT_MM: f32 = 8.5;
/// Fat of the orbit: distance from the eye, and from its muscles.
const ORBIT_MM: [f32; 2] = [13.0, 5.0];
/// Thickness of a table of the skull, and the depth from which bone is massive.
const TABLE_MM: f32 = 1.8;
const DEEP_MM: f32 = 5.0;
/// Holes of fewer voxels within bone are air cells if they lie deep, else dark bone.
const CELL_VOXELS: usize = 150;
const CELL_DEPTH_MM: f32 = 3.2;
/// Specks of dark signal within the skull are folds of the dura, not bone.
const SPECK_VOXELS: usize = 60;
/// How far a fold of the dura lies from the brain on either side.
const DURA_MM: f32 = 4.5;

/// Tissues of a volume of labels, axes from the top of the head down, from front to back, and from
/// side to side.
pub(super) fn refined(labels: &Array3<u16>, merge: &dyn Fn(u16) -> Tissue) -> Array3<Tissue> {
    let mut tissues = labels.mapv(merge);
    keep_the_head(&mut tissues);
    let outside = outside(&tissues);
    specks(&mut tissues);
    bone(&mut tissues, &outside);
    skin_and_fat(&mut tissues, &outside);
    lenses(&mut tissues);
    fold(
        labels,
        &mut tissues,
        |l| matches!(l, 2 | 3),
        |l| matches!(l, 41 | 42),
    );
    fold(
        labels,
        &mut tissues,
        |l| matches!(l, 2 | 3 | 41 | 42),
        |l| matches!(l, 7 | 8 | 46 | 47),
    );
    tissues
}

/// Removes what does not hang together with the largest part.
fn keep_the_head(tissues: &mut Array3<Tissue>) {
    let (part, sizes) = parts(&tissues.mapv(|t| t != Tissue::Air));
    let largest = (0..sizes.len()).max_by_key(|&n| sizes[n]).unwrap_or(0) as u32;
    Zip::from(tissues).and(&part).for_each(|t, &p| {
        if p != largest {
            *t = Tissue::Air;
        }
    });
}

/// Air that reaches a side of its plane: the nose and the throat are inside.
fn outside(tissues: &Array3<Tissue>) -> Array3<bool> {
    let mut outside = tissues.mapv(|t| t == Tissue::Air);
    for mut plane in outside.axis_chunks_iter_mut(Axis(0), 1) {
        let (part, sizes) = parts(&plane.to_owned());
        let (_, ny, nx) = part.dim();
        let mut open = vec![false; sizes.len()];
        for ((_, y, x), &p) in part.indexed_iter() {
            open[p as usize] |= y == 0 || x == 0 || y + 1 == ny || x + 1 == nx;
        }
        open[0] = false;
        plane.assign(&part.mapv(|p| open[p as usize]));
    }
    outside
}

/// Specks of bone in the fluid around the brain.
fn specks(tissues: &mut Array3<Tissue>) {
    if tissues.len_of(Axis(0)) == 1 {
        return;
    }
    let bone = tissues.mapv(Tissue::is_bone);
    let (part, sizes) = parts(&bone);
    let speck = part.mapv(|p| p != 0 && sizes[p as usize] < SPECK_VOXELS);
    let inner = within(&speck, &tissues.mapv(|t| t == Tissue::Fluid), 3.0);
    Zip::from(tissues).and(&inner).for_each(|t, &inner| {
        if inner {
            *t = Tissue::Dura;
        }
    });
}

/// Tables, diploe and deep bone by depth, air cells where bone is thick.
fn bone(tissues: &mut Array3<Tissue>, outside: &Array3<bool>) {
    let cavities = Zip::from(&*tissues)
        .and(outside)
        .map_collect(|&t, &out| t == Tissue::Air && !out);
    let (part, sizes) = parts(&cavities);
    let cell = part.mapv(|p| p != 0 && sizes[p as usize] < CELL_VOXELS);
    let rest = Zip::from(&*tissues)
        .and(&cell)
        .map_collect(|t, &cell| !t.is_bone() && !cell);
    let depth = squared_distance(&rest).mapv(f32::sqrt);
    Zip::from(tissues)
        .and(&cell)
        .and(&depth)
        .for_each(|t, &cell, &depth| {
            if cell && depth > CELL_DEPTH_MM || !cell && !t.is_bone() {
                return;
            }
            *t = match *t {
                _ if depth > DEEP_MM => Tissue::DeepBone,
                Tissue::Diploe if depth > 1.0 => Tissue::Diploe,
                _ if depth > TABLE_MM => Tissue::Diploe,
                _ => Tissue::Table,
            };
        });
}

/// The skin is thinner than its label; below it is fat, and behind the eyes.
fn skin_and_fat(tissues: &mut Array3<Tissue>, outside: &Array3<bool>) {
    let depth = squared_distance(outside).mapv(f32::sqrt);
    Zip::from(&mut *tissues).and(&depth).for_each(|t, &d| {
        *t = match *t {
            Tissue::Skin if d > SKIN_MM => Tissue::Fat,
            Tissue::Soft if d < FAT_MM => Tissue::Fat,
            other => other,
        };
    });
    let soft = tissues.mapv(|t| t == Tissue::Soft);
    for (of, distance) in [Tissue::Vitreous, Tissue::Orbit].into_iter().zip(ORBIT_MM) {
        let near = within(&soft, &tissues.mapv(|t| t == of), distance);
        Zip::from(&mut *tissues).and(&near).for_each(|t, &near| {
            if near {
                *t = Tissue::Fat;
            }
        });
    }
}

/// A lens in the front of each eye that is whole.
fn lenses(tissues: &mut Array3<Tissue>) {
    let (part, sizes) = parts(&tissues.mapv(|t| t == Tissue::Vitreous));
    let mut sums = vec![[0.0; 3]; sizes.len()];
    for ((z, y, x), &p) in part.indexed_iter() {
        let sum = &mut sums[p as usize];
        *sum = [sum[0] + z as f64, sum[1] + y as f64, sum[2] + x as f64];
    }
    for (sum, &size) in sums.iter().zip(&sizes).filter(|s| *s.1 > 2000) {
        let [z0, y0, x0] = sum.map(|s| s / size as f64);
        for ((z, y, x), t) in tissues.indexed_iter_mut() {
            let (u, v, w) = (z as f64 - z0, y as f64 - y0 + 8.0, x as f64 - x0);
            if (u / 4.5).powi(2) + (v / 2.2).powi(2) + (w / 4.5).powi(2) <= 1.0 {
                *t = Tissue::Lens;
            }
        }
    }
}

/// A fold of the dura midway between two parts of the brain, not near the ventricles.
fn fold(
    labels: &Array3<u16>,
    tissues: &mut Array3<Tissue>,
    one: impl Fn(u16) -> bool,
    other: impl Fn(u16) -> bool,
) {
    let a = squared_distance(&labels.mapv(one)).mapv(f32::sqrt);
    let b = squared_distance(&labels.mapv(other)).mapv(f32::sqrt);
    let inner = squared_distance(&tissues.mapv(|t| t == Tissue::Ventricle));
    Zip::from(tissues)
        .and(&a)
        .and(&b)
        .and(&inner)
        .for_each(|t, &a, &b, &inner| {
            let between = (a - b).abs() <= 1.0 && a <= DURA_MM && b <= DURA_MM && inner > 49.0;
            if between
                && matches!(
                    t,
                    Tissue::Fluid | Tissue::Grey | Tissue::CerebellarGrey | Tissue::Blood
                )
            {
                *t = Tissue::Dura;
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ball of brain in a skull of 7 mm with fat and skin around.
    fn ball() -> Array3<u16> {
        Array3::from_shape_fn((60, 64, 70), |(z, y, x)| {
            let r = (z as f64 - 29.5).hypot((y as f64 - 31.5).hypot(x as f64 - 34.5));
            let side = if x < 34 {
                3
            } else if x > 35 {
                42
            } else {
                24
            };
            match r {
                r if r < 10.0 => side,
                r if r < 17.0 => 515,
                r if r < 24.0 => 507,
                r if r < 28.0 => 511,
                _ => 0,
            }
        })
    }

    #[test]
    fn the_skull_has_three_layers_and_the_scalp_two() {
        let tissues = refined(&ball(), &Tissue::of_synthseg);
        let along: Vec<Tissue> = (34..70).map(|x| tissues[(29, 31, x)]).collect();
        let mut order = along.clone();
        order.dedup();
        use Tissue::*;
        let expected = [Dura, Grey, Table, Diploe, Table, Soft, Fat, Skin, Air];
        assert_eq!(order[..], expected);
        let count = |t| along.iter().filter(|&&a| a == t).count();
        assert_eq!(count(Skin), 2);
        assert!(count(Diploe) >= 3);
    }

    #[test]
    fn fragments_beside_the_head_go_away() {
        let mut labels = ball();
        labels[(2, 2, 2)] = 24;
        labels[(29, 31, 58)] = 0;
        let tissues = refined(&labels, &Tissue::of_synthseg);
        assert_eq!(tissues[(2, 2, 2)], Tissue::Air);
    }

    #[test]
    fn a_dark_voxel_of_the_skull_is_bone() {
        let mut labels = ball();
        labels[(29, 31, 47)] = 0;
        assert!(refined(&labels, &Tissue::of_synthseg)[(29, 31, 47)].is_bone());
    }
}
