mod nexus;
mod written;

use std::f64::consts::{PI, TAU};

use ndarray::{Array3, s};

use super::*;
use crate::io::hdf5_create::unlocked;
use crate::io::projections::Beam;
use crate::io::testing::{message, python, shared};
use crate::io::{AngleUnit, Kind, open_projections, recognise};

fn parallel() -> ProjectionOptions {
    ProjectionOptions {
        beam: Some(Beam::Parallel),
        ..Default::default()
    }
}

/// Degrees of `n` views over half a turn.
fn half_turn(n: usize) -> Vec<f64> {
    (0..n).map(|i| 180.0 * i as f64 / n as f64).collect()
}

fn counts(views: usize) -> Array3<f32> {
    Array3::from_shape_fn([views, 3, 5], |(v, y, x)| (100 * v + 10 * y + x) as f32)
}

/// A Data Exchange file of 3 rows x 5 columns: its parts can be left out or be bad.
struct Made {
    data: Array3<f32>,
    white: Option<Array3<f32>>,
    dark: Option<Array3<f32>>,
    theta: Option<Vec<f64>>,
    unit: Option<&'static str>,
    units: Option<&'static str>,
}

impl Made {
    fn good() -> Self {
        Self {
            data: counts(20),
            white: Some(Array3::from_elem([4, 3, 5], 5000.0)),
            dark: Some(Array3::from_elem([2, 3, 5], 50.0)),
            theta: Some(half_turn(20)),
            unit: Some("degrees"),
            units: Some("counts"),
        }
    }

    fn write(&self, path: &Path) {
        let file = unlocked().create(path).unwrap();
        let group = file.create_group("exchange").unwrap();
        let mut parts = vec![("data", &self.data)];
        parts.extend(self.white.as_ref().map(|white| ("data_white", white)));
        parts.extend(self.dark.as_ref().map(|dark| ("data_dark", dark)));
        for (name, array) in parts {
            let made = group
                .new_dataset_builder()
                .with_data(array)
                .create(name)
                .unwrap();
            if let Some(units) = self.units {
                write_text(&made, "units", units).unwrap();
            }
        }
        if let Some(theta) = &self.theta {
            let made = group
                .new_dataset_builder()
                .with_data(theta)
                .create("theta")
                .unwrap();
            if let Some(unit) = self.unit {
                write_text(&made, "units", unit).unwrap();
            }
        }
    }
}

fn made(change: impl FnOnce(&mut Made)) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut parts = Made::good();
    change(&mut parts);
    parts.write(file.path());
    file
}

fn refused(change: impl FnOnce(&mut Made)) -> String {
    message(open_projections(made(change).path(), &parallel()))
}

#[test]
fn a_detector_row_is_a_slice() {
    let file = made(|_| {});
    assert_eq!(recognise(file.path()).unwrap(), Kind::DataExchange);
    let mut source = open_projections(file.path(), &parallel()).unwrap();
    let header = source.header();
    assert_eq!((header.slices, header.views, header.bins), (3, 20, 5));
    assert!(header.warnings.is_empty(), "{:?}", header.warnings);
    assert!((header.angles_rad[10] - PI / 2.0).abs() < 1e-12);
    for row in [2, 0, 1] {
        let slice = source.slice(row).unwrap();
        assert_eq!(slice.data, counts(20).slice(s![.., row, ..]));
        let flats = source.flats(row).unwrap().unwrap();
        assert_eq!((flats.flat_mean[1], flats.dark_mean[1]), (5000.0, 50.0));
        assert_eq!((flats.flat_frames, flats.dark_frames), (4, 2));
    }
    assert!(message(source.slice(3)).contains("from 0 to 2"));
}

#[test]
fn bad_angles_are_refused_by_name() {
    let radians = || {
        half_turn(20)
            .iter()
            .map(|t| t.to_radians())
            .collect::<Vec<_>>()
    };
    let text = refused(|made| made.theta = Some(radians()));
    assert!(
        text.contains("look like radians") && text.contains("preparation.angle_unit"),
        "{text}"
    );
    let file = made(|made| made.theta = Some(radians()));
    let sure = ProjectionOptions {
        angle_unit: Some(AngleUnit::Radians),
        ..parallel()
    };
    let source = open_projections(file.path(), &sure).unwrap();
    assert!((source.header().angles_rad[10] - PI / 2.0).abs() < 1e-12);
    let file = made(|made| (made.theta, made.unit) = (Some(radians()), Some("rad")));
    assert!(open_projections(file.path(), &parallel()).is_ok());
    assert!(refused(|made| made.theta = Some(vec![0.0; 20])).contains("20 views at 0.0000"));
    assert!(refused(|made| made.theta = Some(half_turn(19))).contains("19 angles"));
    assert!(refused(|made| made.theta.as_mut().unwrap()[3] = f64::NAN).contains("NaN at view 3"));
    assert!(refused(|made| made.theta.as_mut().unwrap()[3] = 90.0).contains("repeated"));
    assert!(refused(|made| made.unit = Some("gon")).contains("gon"));
}

#[test]
fn odd_angles_are_noted_and_missing_ones_assumed() {
    let notes = |change: &dyn Fn(&mut Made)| {
        let file = made(change);
        let source = open_projections(file.path(), &parallel()).unwrap();
        source.header().warnings.join("; ")
    };
    let end = |made: &mut Made| {
        let theta = (0..20).map(|i| 180.0 * f64::from(i) / 19.0);
        made.theta = Some(theta.collect());
    };
    assert!(notes(&end).contains("180 degrees (mirrored)"));
    let swapped = |made: &mut Made| made.theta.as_mut().unwrap().swap(4, 9);
    assert!(notes(&swapped).contains("not in order"));
    assert!(notes(&|made| made.theta = None).contains("half a turn is assumed"));
    assert!(notes(&|made| made.dark = None).contains("no dark frames"));
    let file = made(|made| made.theta = None);
    let arc = ProjectionOptions {
        arc_rad: Some(-TAU),
        first_angle_rad: Some(1.0),
        ..parallel()
    };
    let source = open_projections(file.path(), &arc).unwrap();
    assert!(source.header().angles_known);
    assert!((source.header().angles_rad[5] - (1.0 - PI / 2.0)).abs() < 1e-12);
}

#[test]
fn flats_are_needed_for_counts_and_must_be_lit() {
    assert!(refused(|made| made.white = None).contains("add the flats"));
    assert!(refused(|made| (made.white, made.units) = (None, None)).contains("flat frames"));
    assert!(refused(|made| made.white.as_mut().unwrap().fill(0.0)).contains("without a beam"));
    assert!(refused(|made| made.white = Some(Array3::ones([1, 3, 4]))).contains("another scan"));
    let file = made(|made| made.white = None);
    let stated = ProjectionOptions {
        photons: Some(1e5),
        ..parallel()
    };
    let mut source = open_projections(file.path(), &stated).unwrap();
    assert_eq!(source.flats(1).unwrap().unwrap().flat_mean[0], 1e5);
    let file = made(|made| (made.white, made.units) = (None, Some("transmission")));
    let mut source = open_projections(file.path(), &parallel()).unwrap();
    assert_eq!(source.header().content, Content::Transmission);
    assert!(source.flats(0).unwrap().is_none());
}

#[test]
fn more_light_than_the_flat_is_kept_and_dead_columns_are_told() {
    let file = made(|made| {
        made.data.fill(6000.0);
        made.data.slice_mut(s![.., .., 3]).fill(0.0);
        made.data[[0, 0, 0]] = 6001.0;
    });
    let mut source = open_projections(file.path(), &parallel()).unwrap();
    let slice = source.slice(1).unwrap();
    assert_eq!(slice.data[[0, 0]], 6000.0);
    assert_eq!(slice.dead, [false, false, false, false, false]);
    // A bin that sees nothing where others see something.
    let slice = source.slice(0).unwrap();
    assert_eq!(slice.dead, [false, false, false, true, false]);
    let file = made(|made| {
        made.white
            .as_mut()
            .unwrap()
            .slice_mut(s![.., .., 2])
            .fill(50.0)
    });
    let mut source = open_projections(file.path(), &parallel()).unwrap();
    assert_eq!(
        source.slice(1).unwrap().dead,
        [false, false, true, false, false]
    );
    let notes = source.header().warnings.join("; ");
    assert!(
        notes.contains("1 of 5 detector bins are dead (2)"),
        "{notes}"
    );
}

#[test]
fn nan_has_its_place() {
    let text = refused(|made| made.data[[7, 1, 2]] = f32::NAN);
    assert!(
        text.contains("NaN in slice 1, view (or frame) 7, bin 2"),
        "{text}"
    );
    let text = refused(|made| made.white.as_mut().unwrap()[[1, 1, 4]] = f32::INFINITY);
    assert!(
        text.contains("the flat frames") && text.contains("bin 4"),
        "{text}"
    );
}

#[test]
fn shapes_that_are_no_projections_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let write = |make: &dyn Fn(&hdf5::Group)| {
        let file = unlocked().create(&path).unwrap();
        make(&file.create_group("exchange").unwrap());
        drop(file);
        message(open_projections(&path, &parallel()))
    };
    let text = write(&|group| {
        group
            .new_dataset::<f32>()
            .shape([4, 5])
            .create("data")
            .unwrap();
    });
    assert!(text.contains("[4, 5]"), "{text}");
    let text = write(&|group| {
        group
            .new_dataset::<f32>()
            .shape([0, 3, 5])
            .create("data")
            .unwrap();
    });
    assert!(text.contains("0 views"), "{text}");
    let text = write(&|group| {
        let huge = group.new_dataset::<f32>().chunk([1, 1, 1024]);
        huge.shape([1 << 20, 4, 1 << 20]).create("data").unwrap();
    });
    assert!(text.contains("to 4 GiB"), "{text}");
}

#[test]
fn any_type_and_byte_order_of_h5py_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = ["<u2", ">u2", "<i4", ">i4", "<f8", ">f8", ">f4", "u1"];
    let script = "import numpy as n\nimport os\n\
        for i,k in enumerate(sys.argv[2].split()):\n\
        \x20f=h5py.File(os.path.join(sys.argv[1],str(i)),'w'); e=f.create_group('exchange')\n\
        \x20v=n.arange(60).reshape(4,3,5).astype(k)\n\
        \x20e.create_dataset('data',data=v,chunks=(1,3,5),compression='gzip')\n\
        \x20e['data_white']=n.full((2,3,5),200,k); e['theta']=n.arange(4)*45.0\n\
        \x20e['theta'].attrs['units']=n.bytes_('deg'); f.close()\n";
    let all = kinds.join(" ");
    if python(&["h5py"], script, &[folder.path(), Path::new(&all)]).is_none() {
        return;
    }
    for (index, kind) in kinds.iter().enumerate() {
        let path = folder.path().join(index.to_string());
        let mut source = open_projections(&path, &parallel()).unwrap();
        let slice = source.slice(1).unwrap();
        assert_eq!(slice.data[[2, 3]], 38.0, "{kind}");
        assert_eq!(source.flats(0).unwrap().unwrap().flat_mean[0], 200.0);
        assert_eq!(source.header().content, Content::Counts);
    }
}

#[test]
fn cut_files_are_errors_and_no_panics() {
    let whole = std::fs::read(made(|_| {}).path()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let read = || -> Result<(), IoError> {
        let mut source = open_projections(&path, &parallel())?;
        for k in 0..source.header().slices {
            source.slice(k)?;
        }
        Ok(())
    };
    std::fs::write(&path, &whole).unwrap();
    read().unwrap();
    for length in (0..whole.len()).step_by(whole.len() / 100 + 1) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(read().is_err(), "cut at {length} of {}", whole.len());
    }
}

#[test]
fn the_tooth_is_as_measured() {
    let Some(path) = shared("data/ct/tooth.h5") else {
        return;
    };
    assert_eq!(recognise(&path).unwrap(), Kind::DataExchange);
    let mut source = open_projections(&path, &parallel()).unwrap();
    let header = source.header().clone();
    assert_eq!((header.slices, header.views, header.bins), (2, 181, 640));
    assert_eq!(header.content, Content::Counts);
    assert!((header.angles_rad[180].to_degrees() - 179.005_525).abs() < 1e-5);
    // By NumPy. Transmission above 1 stays: clipping it would bias the image.
    for (k, wanted) in [1.098_478_5, 1.102_568_2].into_iter().enumerate() {
        let mut highest = 0.0_f32;
        let (slice, flats) = (source.slice(k).unwrap(), source.flats(k).unwrap().unwrap());
        assert_eq!((flats.flat_frames, flats.dark_frames), (10, 10));
        assert!(!slice.dead.contains(&true));
        for ((_, bin), &x) in slice.data.indexed_iter() {
            let dark = flats.dark_mean[bin];
            highest = highest.max((x - dark) / (flats.flat_mean[bin] - dark));
        }
        assert!((highest - wanted).abs() < 1e-6, "{highest}");
    }
}
