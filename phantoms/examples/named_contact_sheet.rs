//! Draws every phantom of shapes into a folder, as PNG; those in space at their principal height and
//! at seven others.
//!
//! `cargo run --example named_contact_sheet -- FOLDER [NAME]`

use std::error::Error;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, Crc, write::ZlibEncoder};
use ndarray::{Array2, s};
use phantoms::ct::{CtGrid, CtPhantom};
use phantoms::{Contrast, NamedPhantom, list, named, raster};

/// Pixels of a picture.
const SIZE: usize = 384;
/// Pictures in a row.
const COLUMNS: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, only @ ..] = &arguments[..] else {
        return Err("expected a folder to write to".into());
    };
    let wanted = |name: &str| only.is_empty() || only.iter().any(|n| n == name);
    for (name, _) in list().iter().filter(|(name, _)| wanted(name)) {
        let Ok(phantom) = named(name) else { continue };
        let start = std::time::Instant::now();
        for (kind, picture) in [("mr", mr(&phantom)), ("ct", ct(&phantom)?)] {
            if let Some(picture) = picture {
                write_png(
                    &Path::new(folder).join(format!("{name}-{kind}.png")),
                    &picture,
                )?;
            }
        }
        eprintln!("{name}: {:.2} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Slice and number of slices of each picture.
fn slices(phantom: &NamedPhantom) -> Vec<(usize, usize)> {
    let count = match phantom.heights_mm {
        None => 0,
        Some(_) if phantom.name == "acr-mri" => 11,
        Some(_) => 7,
    };
    std::iter::once((0, 1))
        .chain((0..count).map(|slice| (slice, count)))
        .collect()
}

/// T2 contrast, black to the brightest.
fn mr(phantom: &NamedPhantom) -> Option<Array2<u8>> {
    let of = |(slice, count)| raster(phantom.name, 1, slice, count, SIZE, SIZE, Contrast::T2).ok();
    let pictures: Vec<_> = slices(phantom).into_iter().map_while(of).collect();
    let most = pictures.iter().flatten().fold(0.0, |m: f64, v| m.max(*v));
    (!pictures.is_empty()).then(|| sheet(&pictures, [0.0, most]))
}

/// HU, in a window of the phantom.
fn ct(phantom: &NamedPhantom) -> Result<Option<Array2<u8>>, Box<dyn Error>> {
    if !phantom.has_ct() {
        return Ok(None);
    }
    let window = match phantom.name {
        "acr-ct" | "catphan-504" | "forbild-thorax" | "siemens-star" => [-300.0, 300.0],
        "contrast-detail" | "water-disc" => [-20.0, 80.0],
        "orientation" => [-1000.0, 600.0],
        "derenzo" => [-100.0, 200.0],
        _ => [0.0, 100.0],
    };
    let grid = CtGrid::new(SIZE, SIZE, 2.0 * phantom.half_mm / SIZE as f64)?;
    let mut pictures = Vec::new();
    for (slice, count) in slices(phantom) {
        let at = CtPhantom::named(phantom.name, 1, slice, count, 70.0)?;
        pictures.push(at.raster_hu(&grid));
    }
    Ok(Some(sheet(&pictures, window)))
}

/// Pictures beside and below each other, in a window.
fn sheet(pictures: &[Array2<f64>], [black, white]: [f64; 2]) -> Array2<u8> {
    let columns = pictures.len().min(COLUMNS);
    let rows = pictures.len().div_ceil(columns);
    let mut sheet = Array2::zeros((rows * SIZE, columns * SIZE));
    for (n, picture) in pictures.iter().enumerate() {
        let (top, left) = (n / columns * SIZE, n % columns * SIZE);
        let grey =
            picture.mapv(|v| (255.0 * (v - black) / (white - black)).clamp(0.0, 255.0) as u8);
        sheet
            .slice_mut(s![top..top + SIZE, left..left + SIZE])
            .assign(&grey);
    }
    sheet
}

/// An 8-bit grey PNG.
fn write_png(path: &Path, grey: &Array2<u8>) -> Result<(), Box<dyn Error>> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(b"\x89PNG\r\n\x1a\n")?;
    let mut chunk = |kind: &[u8; 4], data: &[u8]| -> std::io::Result<()> {
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(data);
        file.write_all(&(data.len() as u32).to_be_bytes())?;
        file.write_all(kind)?;
        file.write_all(data)?;
        file.write_all(&crc.sum().to_be_bytes())
    };
    let (rows, columns) = grey.dim();
    let size = [rows, columns].map(|n| (n as u32).to_be_bytes());
    chunk(
        b"IHDR",
        &[&size[1][..], &size[0], &[8, 0, 0, 0, 0]].concat(),
    )?;
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in grey.rows() {
        packed.write_all(&[0])?;
        packed.write_all(&row.to_vec())?;
    }
    chunk(b"IDAT", &packed.finish()?)?;
    chunk(b"IEND", &[])?;
    Ok(())
}
