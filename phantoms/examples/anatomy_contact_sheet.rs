//! Writes sheets of the families of anatomy as PGM pictures:
//! `cargo run --release --example anatomy_contact_sheet -- FOLDER [MAP.nii.gz]`

use std::error::Error;
use std::path::Path;

use ndarray::{Array2, Array3, ArrayView2, s};
use nifti::{IntoNdArray, NiftiObject, ReaderOptions};
use phantoms::anatomy::{BrainMr, HeadVolume, LabelVolume, Thorax};
use phantoms::ct::CtGrid;
use phantoms::mr::Sequence;
use rayon::prelude::*;

/// Pictures of a row of a sheet.
const ROW: usize = 4;
/// Rows of a sheet.
const ROWS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, rest @ ..] = &arguments[..] else {
        return Err("expected a folder to write to, and a label map if any".into());
    };
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    if let Some(map) = rest.first() {
        heads(folder, &LabelVolume::new(read(Path::new(map))?, [1.0; 3])?)?;
    }
    thorax(folder)
}

fn spin_echo(tr_s: f64, te_s: f64) -> Sequence {
    Sequence::SpinEcho { tr_s, te_s }
}

fn heads(folder: &Path, volume: &LabelVolume) -> Result<(), Box<dyn Error>> {
    let brain = BrainMr::from_volume(volume)?;
    let t2 = spin_echo(4.0, 0.1);
    let sequences = [
        (
            "t1",
            Sequence::SpoiledGradientEcho {
                tr_s: 0.015,
                te_s: 0.004,
                flip_rad: 25f64.to_radians(),
            },
        ),
        ("t2", t2),
        ("pd", spin_echo(2.5, 0.02)),
        ("flair", Sequence::flair(3.0)),
    ];
    for (name, sequence) in sequences {
        let drawn = sheet(|n| {
            let slice = brain.slice((n / ROW) as u64, 2 + n * 3, 40, &|r| {
                sequence.signal(r).abs()
            });
            scaled(&slice.expect("the slice is below 40").magnitude())
        });
        write(&folder.join(format!("brain-{name}.pgm")), &drawn)?;
    }
    let lesions = sheet(|n| {
        let slice = brain.slice((n / ROW) as u64, 2 + n * 3, 40, &|r| t2.signal(r));
        slice
            .expect("the slice is below 40")
            .lesion_share
            .mapv(|v| 255.0 * v)
    });
    write(&folder.join("brain-lesions.pgm"), &lesions)?;
    let head = HeadVolume::from_volume(volume)?.with_lesion_share(0.8);
    let grid = CtGrid::new(256, 256, 0.9)?;
    let drawn = sheet(|n| {
        let slice = head.slice((n / ROW) as u64, n * 3, 40, &grid);
        let slice = slice.expect("the slice is below 40");
        window(&slice.hu, [-20.0, 90.0]) + slice.lesion_share * 40.0
    });
    write(&folder.join("head-ct.pgm"), &drawn)?;
    Ok(())
}

fn thorax(folder: &Path) -> Result<(), Box<dyn Error>> {
    let grid = CtGrid::new(384, 384, 1.1)?;
    let slices: Vec<Array2<f32>> = (0..ROW * ROWS)
        .into_par_iter()
        .map(|n| {
            let thorax = Thorax::new((n / ROW) as u64);
            let slice = thorax.slice(3 * (n % ROW) + 1, 12, &grid);
            slice.expect("the slice is below 12").hu
        })
        .collect();
    for (name, limits) in [("lung", [-1100.0, 200.0]), ("soft", [-160.0, 240.0])] {
        let drawn = sheet(|n| window(&slices[n], limits));
        write(&folder.join(format!("thorax-{name}.pgm")), &drawn)?;
    }
    let nodules = sheet(|n| {
        let thorax = (n as u64..)
            .map(Thorax::new)
            .find(|t| !t.nodules().is_empty());
        let thorax = thorax.expect("three chests of four have nodules");
        let nodule = &thorax.nodules()[0];
        window(
            &thorax.section(nodule.centre_mm[2], &grid).hu,
            [-1100.0, 200.0],
        )
    });
    write(&folder.join("thorax-nodules.pgm"), &nodules)?;
    Ok(())
}

/// Pictures beside and below each other.
fn sheet(draw: impl Fn(usize) -> Array2<f32> + Sync) -> Array2<f32> {
    let pictures: Vec<Array2<f32>> = (0..ROW * ROWS).into_par_iter().map(&draw).collect();
    let (ny, nx) = pictures[0].dim();
    let mut sheet = Array2::zeros((ROWS * ny, ROW * nx));
    for (n, picture) in pictures.iter().enumerate() {
        let (y, x) = (n / ROW * ny, n % ROW * nx);
        sheet.slice_mut(s![y..y + ny, x..x + nx]).assign(picture);
    }
    sheet
}

/// Grey levels up to the 99.5 percentile.
fn scaled(image: &Array2<f32>) -> Array2<f32> {
    let mut sorted: Vec<f32> = image.iter().copied().collect();
    sorted.sort_by(f32::total_cmp);
    let white = sorted[(sorted.len() - 1) * 199 / 200].max(f32::MIN_POSITIVE);
    image.mapv(|v| 255.0 * v / white)
}

/// Grey levels between two Hounsfield units.
fn window(hu: &Array2<f32>, [low, high]: [f32; 2]) -> Array2<f32> {
    hu.mapv(|v| 255.0 * (v - low) / (high - low))
}

fn write(path: &Path, image: &Array2<f32>) -> std::io::Result<()> {
    let (ny, nx) = image.dim();
    let mut bytes = format!("P5 {nx} {ny} 255\n").into_bytes();
    let grey = |image: ArrayView2<f32>| {
        image
            .iter()
            .map(|v| v.clamp(0.0, 255.0) as u8)
            .collect::<Vec<u8>>()
    };
    bytes.extend(grey(image.view()));
    std::fs::write(path, bytes)
}

/// Labels from top to bottom, from front to back, and from right to left: the files run from right
/// to left, from top to bottom, and from back to front.
fn read(path: &Path) -> Result<Array3<u16>, Box<dyn Error>> {
    let volume = ReaderOptions::new().read_file(path)?.into_volume();
    let labels = volume
        .into_ndarray::<f32>()?
        .into_dimensionality::<ndarray::Ix3>()?;
    let turned = labels.permuted_axes([1, 2, 0]);
    Ok(turned.slice(s![.., ..;-1, ..]).mapv(|label| label as u16))
}
