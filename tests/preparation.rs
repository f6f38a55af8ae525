//! What raw data become before the operators see them: noise, averages, geometry.

use crate::cli::{done, scanned};
use annulus::io::{
    LineFlags, MrdWriteHeader, MrdWriter, ReadOptions, SliceGeometry, open_k_space, read_volume,
};
use annulus::protocol::Preparation;
use annulus::recon::{Grid, Noise, Prepared};
use ndarray::Array2;
use num_complex::Complex32;
use operators::{Field, Host, SliceRng, Vector};
use std::path::Path;

const N: usize = 64;
const COILS: usize = 3;

fn header(slices: usize) -> MrdWriteHeader {
    let affine = [
        [2.0, 0.0, 0.0, 0.0],
        [0.0, 2.0, 0.0, 0.0],
        [0.0, 0.0, 5.0, 0.0],
    ];
    MrdWriteHeader {
        vendor: "test".into(),
        field_t: 3.0,
        protocol_name: None,
        encoded: [N, N],
        recon: [N, N],
        encoded_fov_mm: [128.0, 128.0],
        recon_fov_mm: [128.0, 128.0],
        slice_thickness_mm: 5.0,
        coils: COILS,
        slices: (0..slices)
            .map(|k| SliceGeometry::from_affine(&affine, [N, N], k))
            .collect(),
        dwell_us: 5.0,
        acceleration: 1.0,
        relative_noise_bandwidth: 0.8,
    }
}

/// White noise of deviation `sigma` per real component, as (coil, sample).
fn noise(sigma: f64, stream: u32) -> Array2<Complex32> {
    let like = Host::<f32>::zeros(&[1, COILS, N], Field::Complex);
    let n = like
        .normal_like(&mut SliceRng::new(5, [(stream, 0)]))
        .scaled(sigma);
    Array2::from_shape_vec((COILS, N), n.complex().to_vec()).unwrap()
}

/// A scan of noise alone, every line `averages` times.
fn scan(path: &Path, averages: u16, sigma: f64) {
    let mut file = MrdWriter::create(path, &header(1), true).unwrap();
    for (y, average) in (0..N).flat_map(|y| (0..averages).map(move |a| (y, a))) {
        let flags = LineFlags {
            average,
            ..LineFlags::BOTH
        };
        let line = noise(sigma, (y * 16) as u32 + u32::from(average));
        file.line(0, y, &line, flags).unwrap();
    }
    file.finish().unwrap();
}

/// The estimate is the level of one average, and √averages makes the data white.
#[test]
fn averages_do_not_change_the_noise_level() {
    let folder = tempfile::tempdir().unwrap();
    for averages in [1, 4] {
        let path = folder.path().join("noise.h5");
        scan(&path, averages, 3.0);
        let mut source = open_k_space(&path, &ReadOptions::default()).unwrap();
        let grid = Grid::new(source.header()).unwrap();
        let found = Noise::find(source.as_mut(), &Preparation::default(), &grid).unwrap();
        assert!(
            (found.scale / 3.0 - 1.0).abs() < 0.06,
            "{averages}: {}",
            found.scale
        );
        let prepared = Prepared::new(&source.slice(0).unwrap(), &found, &grid).unwrap();
        let (mut sum, mut count) = (0.0, 0.0);
        for coil in prepared.measured().outer_iter() {
            for (z, a) in coil.iter().zip(&prepared.averages) {
                sum += f64::from(z.norm_sqr() * a);
                count += 2.0;
            }
        }
        assert!(
            (sum / count - 1.0).abs() < 0.12,
            "{averages}: variance {}",
            sum / count
        );
    }
}

/// Without the bandwidth factor whitening gives unit variance per complex sample; σ says so.
#[test]
fn sigma_is_the_deviation_of_the_whitened_noise() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.h5");
    let mut file = MrdWriter::create(&path, &header(1), true).unwrap();
    // The noise scan has the same dwell time and the receiver's bandwidth.
    let scan: Vec<_> = (0..64)
        .map(|i| noise(3.0 * 0.8f64.sqrt(), 5000 + i))
        .collect();
    let views: Vec<_> = scan.iter().map(|s| s.view()).collect();
    file.noise(
        &ndarray::concatenate(ndarray::Axis(1), &views).unwrap(),
        5.0,
    )
    .unwrap();
    for y in 0..N {
        file.line(0, y, &noise(3.0, y as u32), LineFlags::BOTH)
            .unwrap();
    }
    file.finish().unwrap();
    for (bandwidth_factor, slack) in [(true, 1.0), (false, 1.0 / 0.8)] {
        let mut source = open_k_space(&path, &ReadOptions::default()).unwrap();
        let grid = Grid::new(source.header()).unwrap();
        let wanted = Preparation {
            bandwidth_factor,
            ..Preparation::default()
        };
        let found = Noise::find(source.as_mut(), &wanted, &grid).unwrap();
        let prepared = Prepared::new(&source.slice(0).unwrap(), &found, &grid).unwrap();
        let k = prepared.measured();
        let power: f64 = k.iter().map(|z| f64::from(z.norm_sqr())).sum();
        let variance = power / (2.0 * k.len() as f64);
        // Without the factor the receiver's bandwidth stays in the data.
        let ratio = variance / (found.sigma.powi(2) * slack);
        assert!(
            (ratio - 1.0).abs() < 0.05,
            "factor {bandwidth_factor}: {ratio}"
        );
    }
}

/// A part of a volume lies where it lies in the whole.
#[test]
fn slices_keep_their_place_in_the_world() {
    let folder = scanned();
    let at = folder.path();
    let recon = |slices: &str| {
        let line = [
            "recon",
            "scan.h5",
            "-p",
            "mri/cartesian",
            "--method",
            "zero-filled",
        ];
        let more = [
            "--format", "nifti", "--force", "-o", "out", "--slices", slices,
        ];
        done(at, &[&line[..], &more].concat());
        read_volume(&at.join("out/mean.nii.gz"))
            .unwrap()
            .affine_lps_mm
    };
    let (whole, part) = (recon("0:2"), recon("1:2"));
    for (w, p) in whole.iter().zip(&part) {
        assert!((w[3] + w[2] - p[3]).abs() < 1e-3, "{w:?} {p:?}");
    }
}
