//! MRD: what is written comes back, and a real scan has its known numbers.

mod bad_input;

use std::path::{Path, PathBuf};

use hdf5::types::{FixedAscii, VarLenUnicode};
use ndarray::{Array2, Array3, Axis, s};
use num_complex::Complex32;
use tempfile::TempDir;

use super::MrdSource;
use crate::io::testing::{message, python, random, shared};
use crate::io::{
    KSpaceSource, Kind, LineFlags, MrdWriteHeader, MrdWriter, RawSlice, ReadOptions, SliceGeometry,
    open_k_space, recognise,
};

const NX: usize = 8;
const NY: usize = 7;
const COILS: usize = 3;

fn header(slices: usize) -> MrdWriteHeader {
    // The second slice is stored first in space.
    let slices = (0..slices).map(|k| SliceGeometry {
        position_mm: [1.0, 2.0, 3.0 - 4.0 * k as f64],
        read: [0.0, 1.0, 0.0],
        phase: [-1.0, 0.0, 0.0],
        slice: [0.0, 0.0, 1.0],
    });
    MrdWriteHeader {
        vendor: "annulus & <co>".to_owned(),
        field_t: 1.5,
        protocol_name: Some("test".to_owned()),
        encoded: [NY, NX],
        recon: [NY, NX / 2],
        encoded_fov_mm: [140.0, 240.0],
        recon_fov_mm: [140.0, 120.0],
        slice_thickness_mm: 4.0,
        coils: COILS,
        slices: slices.collect(),
        dwell_us: 5.0,
        acceleration: 2.0,
        relative_noise_bandwidth: 0.8,
    }
}

fn line(seed: usize) -> Array2<Complex32> {
    let all = random((seed + 1) * COILS * NX);
    Array2::from_shape_vec([COILS, NX], all[seed * COILS * NX..].to_vec()).unwrap()
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.h5");
    (folder, path)
}

/// A good file of 2 slices with noise, lines of all kinds, and averages of line 3.
fn good(path: &Path) {
    let mut writer = MrdWriter::create(path, &header(2), true).unwrap();
    writer
        .noise(
            &Array2::from_elem([COILS, 20_000], Complex32::new(0.5, -0.5)),
            20.0,
        )
        .unwrap();
    for slice in 0..2 {
        for (y, flags) in [
            (1, LineFlags::IMAGING),
            (2, LineFlags::CALIBRATION),
            (3, LineFlags::BOTH),
            (
                3,
                LineFlags {
                    average: 1,
                    ..LineFlags::BOTH
                },
            ),
            (
                5,
                LineFlags {
                    reverse: true,
                    ..LineFlags::IMAGING
                },
            ),
        ] {
            let mut samples = line(10 * slice + y + 20 * usize::from(flags.average));
            if flags.reverse {
                samples.invert_axis(Axis(1));
            }
            writer.line(slice, y, &samples, flags).unwrap();
        }
    }
    writer.finish().unwrap();
}

fn open(path: &Path) -> Result<MrdSource, crate::io::IoError> {
    MrdSource::open(path, &ReadOptions::default())
}

#[test]
fn lines_come_back_where_they_were_written() {
    let (_folder, path) = place();
    good(&path);
    assert_eq!(recognise(&path).unwrap(), Kind::Mrd);
    let mut source = open_k_space(&path, &ReadOptions::default()).unwrap();
    let header = source.header().clone();
    assert_eq!(
        (header.slices, header.coils, header.encoded, header.recon),
        (2, COILS, [NY, NX], [NY, NX / 2])
    );
    assert_eq!(
        (
            header.imaging_lines,
            header.calibration_lines,
            header.averages
        ),
        (3, 2, 2)
    );
    assert_eq!(
        (header.encoded_fov_mm, header.recon_fov_mm),
        ([140.0, 240.0], [140.0, 120.0])
    );
    assert_eq!(
        (header.vendor.as_deref(), header.protocol_name.as_deref()),
        (Some("annulus & <co>"), Some("test"))
    );
    assert_eq!(
        (header.dwell_us, header.relative_noise_bandwidth),
        (Some(5.0), 0.8)
    );
    let noise = source.noise().unwrap();
    assert_eq!(
        (noise.samples.dim(), noise.dwell_us),
        ((COILS, 20_000), Some(20.0))
    );
    for (index, stored) in [(0, 1), (1, 0)] {
        let RawSlice {
            imaging,
            averages,
            calibration,
            calibration_averages,
            ..
        } = source.slice(index).unwrap();
        let at = |y: usize| line(10 * stored + y);
        assert_eq!(imaging.slice(s![.., 1, ..]), at(1));
        assert_eq!(imaging.slice(s![.., 5, ..]), at(5));
        assert_eq!(
            imaging.slice(s![.., 3, ..]),
            (at(3) + line(10 * stored + 23)) / 2.0
        );
        assert_eq!(
            averages.column(0).to_vec(),
            [0.0, 1.0, 0.0, 2.0, 0.0, 1.0, 0.0]
        );
        assert_eq!(imaging.slice(s![.., 2, ..]).sum(), Complex32::ZERO);
        assert_eq!(calibration.slice(s![.., 2, ..]), at(2));
        assert_eq!(
            calibration.slice(s![.., 3, ..]),
            imaging.slice(s![.., 3, ..])
        );
        assert_eq!(
            calibration_averages.column(7).to_vec(),
            [0.0, 1.0, 1.0, 2.0, 0.0, 1.0, 0.0]
        );
    }
    assert!(message(source.slice(2)).contains("from 0 to 1"));
}

#[test]
fn the_affine_puts_the_centre_voxel_at_the_position() {
    let (_folder, path) = place();
    good(&path);
    let source = open(&path).unwrap();
    let affine = source.header().affine_lps_mm;
    let at = |x: f64, y: f64, k: f64| affine.map(|r| r[0] * x + r[1] * y + r[2] * k + r[3]);
    assert!(source.header().geometry_known);
    assert_eq!(at(2.0, 3.0, 1.0), [1.0, 2.0, 3.0]);
    assert_eq!(at(3.0, 3.0, 0.0), [1.0, 32.0, -1.0]);
    assert_eq!(at(2.0, 4.0, 1.0), [-19.0, 2.0, 3.0]);
    let back = SliceGeometry::from_affine(&affine, [NY, NX / 2], 1);
    assert_eq!(back, header(1).slices[0]);
}

#[test]
fn python_reads_what_was_written() {
    let (_folder, path) = place();
    good(&path);
    let script = "
d = ismrmrd.Dataset(sys.argv[1], 'dataset', create_if_needed=False)
h = ismrmrd.xsd.CreateFromDocument(d.read_xml_header())
a = d.read_acquisition(4)
print(d.number_of_acquisitions(), h.encoding[0].encodedSpace.matrixSize.x, h.acquisitionSystemInformation.systemVendor)
print(a.data.shape, a.idx.kspace_encode_step_1, a.center_sample, a.isFlagSet(20), a.position[2], '%.6f %.6f' % (a.data[2, 5].real, a.data[2, 5].imag))
";
    let Some(out) = python(&["ismrmrd", "ismrmrd.xsd"], script, &[&path]) else {
        return;
    };
    let z = line(2)[[2, 5]];
    let expected = format!(
        "13 8 annulus & <co>\n(3, 8) 2 4 True 3.0 {:.6} {:.6}",
        z.re, z.im
    );
    assert_eq!(out, expected);
}

#[test]
fn a_real_scan_has_its_known_numbers() {
    let Some(path) = shared("data/mri/mrd-bottles-r3-14ch.h5") else {
        return;
    };
    let mut source = open_k_space(&path, &ReadOptions::default()).unwrap();
    let header = source.header().clone();
    assert_eq!((header.imaging_lines, header.calibration_lines), (36, 48));
    assert_eq!(
        (header.encoded, header.recon, header.coils, header.slices),
        ([144, 384], [144, 192], 14, 1)
    );
    assert_eq!(
        (header.acceleration, header.geometry_known),
        (Some(3.0), true)
    );
    let noise = source.noise().unwrap();
    assert_eq!(
        (noise.samples.dim(), noise.dwell_us),
        ((14, 384), Some(20.0))
    );
    let slice = source.slice(0).unwrap();
    let calibration_rows: Vec<usize> = (0..144)
        .filter(|&y| slice.calibration_averages[[y, 0]] > 0.0)
        .collect();
    assert_eq!(calibration_rows.len(), 68);
    assert!((48..96).all(|y| calibration_rows.contains(&y)));
    // The published numbers are those of all 68 lines (argmax of the sum over coils, norm before the crop).
    let at = brightest(
        &slice
            .calibration
            .mapv(|z| f64::from(z.norm()))
            .sum_axis(Axis(0)),
    );
    assert_eq!(at, (72, 192));
    assert_close(norm(&slice.calibration), 1.65367266e-1);
    let image = root_sum_of_squares(&slice.calibration);
    assert_close(image.sum(), 17.0316435);
    assert_eq!(brightest(&image), (100, 49));
    assert_close(image[[100, 49]], 4.39433835e-3);
    // Imaging lines alone, computed with numpy.
    assert_close(norm(&slice.imaging), 1.0490511e-1);
    let image = root_sum_of_squares(&slice.imaging);
    assert_close(image.sum(), 14.5702191);
    assert_eq!(brightest(&image), (3, 58));
}

fn assert_close(found: f64, expected: f64) {
    assert!(
        (found / expected - 1.0).abs() < 1e-7,
        "{found} instead of {expected}"
    );
}

fn norm(k: &Array3<Complex32>) -> f64 {
    k.iter()
        .map(|z| f64::from(z.re).powi(2) + f64::from(z.im).powi(2))
        .sum::<f64>()
        .sqrt()
}

fn brightest(image: &Array2<f64>) -> (usize, usize) {
    image
        .indexed_iter()
        .fold(
            ((0, 0), 0.0),
            |best, (i, &v)| if v > best.1 { (i, v) } else { best },
        )
        .0
}

/// The image after the readout's oversampling is cut off in the image.
fn root_sum_of_squares(k: &Array3<Complex32>) -> Array2<f64> {
    let (coils, ny, nx) = k.dim();
    let keep = nx / 4..nx / 4 + nx / 2;
    let mut power = Array2::zeros([ny, nx / 2]);
    for c in 0..coils {
        let row = |y: usize| (0..nx).map(|x| wide(k[[c, y, x]])).collect::<Vec<C>>();
        let rows: Vec<Vec<C>> = (0..ny)
            .map(|y| transform(&row(y))[keep.clone()].to_vec())
            .collect();
        for x in 0..nx / 2 {
            let column: Vec<C> = rows.iter().map(|row| row[x]).collect();
            for (y, z) in transform(&column).iter().enumerate() {
                power[[y, x]] += z.norm_sqr();
            }
        }
    }
    power.mapv(f64::sqrt)
}

type C = num_complex::Complex64;

fn wide(z: Complex32) -> C {
    C::new(z.re.into(), z.im.into())
}

/// The centred unitary inverse DFT of one line, as a sum: slow and plain.
fn transform(line: &[C]) -> Vec<C> {
    let n = line.len();
    let half = (n / 2) as i64;
    let turn = |p: i64| {
        C::from_polar(
            (n as f64).powf(-0.5),
            std::f64::consts::TAU * p as f64 / n as f64,
        )
    };
    let turns: Vec<C> = (0..n as i64).map(turn).collect();
    let factor = |j: usize, k: usize| {
        let p = (j as i64 - half) * (k as i64 - half);
        turns[p.rem_euclid(n as i64) as usize]
    };
    (0..n)
        .map(|j| line.iter().enumerate().map(|(k, z)| z * factor(j, k)).sum())
        .collect()
}
