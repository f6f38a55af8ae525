//! Bad lines, files and headers are refused by name; odd ones are read.

use super::*;
use crate::io::hdf5_create::unlocked;

/// A file of one slice from lines that need not be good.
fn raw(path: &Path, lines: &[(usize, Array2<Complex32>, LineFlags)]) {
    let mut writer = MrdWriter::create(path, &header(1), true).unwrap();
    for (y, samples, flags) in lines {
        writer.line_as_it_is(0, *y, samples, *flags).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn bad_lines_are_refused_by_name() {
    let (_folder, path) = place();
    let said = |lines: &[(usize, Array2<Complex32>, LineFlags)]| {
        raw(&path, lines);
        message(open(&path).and_then(|mut source| source.slice(0)))
    };
    let first = (1, line(0), LineFlags::IMAGING);
    let longer = Array2::zeros([COILS, NX + 2]);
    let text = said(&[first.clone(), (2, longer, LineFlags::IMAGING)]);
    assert!(
        text.contains("8 readout samples") && text.contains("10 in acquisition 1"),
        "{text}"
    );
    let text = said(&[
        first.clone(),
        (2, Array2::zeros([COILS + 1, NX]), LineFlags::IMAGING),
    ]);
    assert!(
        text.contains("3 coils") && text.contains("4 in acquisition 1"),
        "{text}"
    );
    let mut nan = line(0);
    nan[[1, 1]].re = f32::NAN;
    let text = said(&[first.clone(), (2, nan, LineFlags::IMAGING)]);
    assert!(
        text.contains("NaN") && text.contains("acquisition 1"),
        "{text}"
    );
    let text = said(&[(1, line(0), LineFlags::CALIBRATION)]);
    assert!(
        text.contains("imaging lines") && text.contains("1 for calibration"),
        "{text}"
    );
    let text = said(&[(1, Array2::zeros([COILS, 12]), LineFlags::IMAGING)]);
    assert!(text.contains("encoded matrix of 8"), "{text}");
    assert!(said(&[]).contains("imaging lines"));
}

#[test]
fn a_short_echo_is_placed_by_its_centre() {
    let (_folder, path) = place();
    raw(
        &path,
        &[(1, line(0).slice_move(s![.., ..6]), LineFlags::IMAGING)],
    );
    let slice = open(&path).unwrap().slice(0).unwrap();
    assert_eq!(
        slice.averages.row(1).to_vec(),
        [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    );
}

#[test]
fn repetitions_are_chosen_and_missing_ones_named() {
    let (_folder, path) = place();
    let second = LineFlags {
        repetition: 1,
        ..LineFlags::IMAGING
    };
    let lines = [
        (1, line(0), LineFlags::IMAGING),
        (1, line(1), second),
        (2, line(2), LineFlags::CALIBRATION),
    ];
    raw(&path, &lines);
    let read = |repetition| {
        MrdSource::open(
            &path,
            &ReadOptions {
                repetition,
                ..ReadOptions::default()
            },
        )
    };
    let mut source = read(1).unwrap();
    assert!(
        source
            .header()
            .warnings
            .iter()
            .any(|w| w.contains("2 repetitions"))
    );
    assert!(
        source
            .header()
            .warnings
            .iter()
            .any(|w| w.contains("another repetition"))
    );
    let slice = source.slice(0).unwrap();
    assert_eq!(slice.imaging.slice(s![.., 1, ..]), line(1));
    assert_eq!(slice.calibration.slice(s![.., 2, ..]), line(2));
    assert!(message(read(2)).contains("[2, 0, 0, 0]"));
}

#[test]
fn a_slice_without_lines_is_named() {
    let (_folder, path) = place();
    let mut writer = MrdWriter::create(&path, &header(3), true).unwrap();
    for slice in [0, 2] {
        writer.line(slice, 1, &line(0), LineFlags::IMAGING).unwrap();
    }
    writer.finish().unwrap();
    let mut source = open(&path).unwrap();
    assert_eq!(source.header().slices, 3);
    assert!(source.slice(2).is_ok());
    assert!(message(source.slice(1)).contains("slice 1"));
}

#[test]
fn bad_files_are_refused_by_name() {
    let (folder, path) = place();
    let said = |path: &Path| message(open_k_space(path, &ReadOptions::default()));
    assert!(said(&folder.path().join("none.h5")).contains("no such file"));
    assert!(said(folder.path()).contains("a folder"));
    std::fs::write(&path, b"").unwrap();
    assert!(said(&path).contains("empty file"));
    std::fs::write(&path, b"hello").unwrap();
    assert!(said(&path).contains("neither HDF5 nor npy"));
    assert!(message(open(&path)).contains("no HDF5 signature"));
    good(&path);
    let whole = std::fs::read(&path).unwrap();
    for part in [9, 100, 1000, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..part]).unwrap();
        let text = said(&path);
        assert!(
            text.contains("truncated") || text.contains("HDF5") || text.contains("damaged"),
            "{text}"
        );
    }
}

/// Changes a good file from inside.
fn edited(path: &Path, edit: impl Fn(&hdf5::Group)) {
    good(path);
    let file = unlocked().open_rw(path).unwrap();
    edit(&file.group("dataset").unwrap());
    file.close().unwrap();
}

fn xml(group: &hdf5::Group) -> String {
    crate::io::hdf5_read::text(Path::new("a"), "xml", &group.dataset("xml").unwrap()).unwrap()
}

#[test]
fn headers_in_any_kind_of_string_are_read() {
    let (_folder, path) = place();
    edited(&path, |group| {
        let text: VarLenUnicode = xml(group).parse().unwrap();
        group.unlink("xml").unwrap();
        group
            .new_dataset::<VarLenUnicode>()
            .shape([1])
            .create("xml")
            .unwrap()
            .write_raw(&[text])
            .unwrap();
    });
    assert_eq!(open(&path).unwrap().header().slices, 2);
    edited(&path, |group| {
        let text = FixedAscii::<3000>::from_ascii(xml(group).as_bytes()).unwrap();
        group.unlink("xml").unwrap();
        group
            .new_dataset::<FixedAscii<3000>>()
            .create("xml")
            .unwrap()
            .write_scalar(&text)
            .unwrap();
    });
    assert_eq!(open(&path).unwrap().header().slices, 2);
}

#[test]
fn bad_headers_are_refused_by_name() {
    let (_folder, path) = place();
    let replaced = |from: &str, to: &str| {
        edited(&path, |group| {
            let text: VarLenUnicode = xml(group).replace(from, to).parse().unwrap();
            group.unlink("xml").unwrap();
            group
                .new_dataset::<VarLenUnicode>()
                .create("xml")
                .unwrap()
                .write_scalar(&text)
                .unwrap();
        });
        open(&path)
    };
    assert!(message(replaced(">cartesian<", ">radial<")).contains("found radial"));
    assert!(message(replaced("<z>1</z>", "<z>32</z>")).contains("3-D"));
    assert!(message(replaced("<x>8</x>", "<x>0</x>")).contains("0 samples"));
    assert!(message(replaced("<y>7</y>", "<y>4</y>")).contains("encoded matrix of 4"));
    assert!(message(replaced("<x>8</x><y>7</y>", "<x>65535</x><y>65535</y>")).contains("8 GiB"));
    let source = replaced("<center>3</center>", "").unwrap();
    assert!(
        source
            .header()
            .warnings
            .iter()
            .any(|w| w.contains("centre line"))
    );
    let source = replaced("fieldOfView_mm", "unknown").unwrap();
    assert_eq!(
        (source.header().recon_fov_mm, source.header().geometry_known),
        ([7.0, 4.0], false)
    );
    edited(&path, |group| group.unlink("data").unwrap());
    assert!(message(open(&path)).contains("/dataset/data"));
    edited(&path, |group| group.unlink("xml").unwrap());
    assert!(message(open(&path)).contains("/dataset/xml"));
}

#[test]
fn other_groups_are_found_by_themselves_and_by_name() {
    let (_folder, path) = place();
    edited(&path, |group| group.relink("/dataset", "/second").unwrap());
    let source = open(&path).unwrap();
    assert_eq!(source.header().slices, 2);
    let options = ReadOptions {
        group: Some("third".to_owned()),
        ..ReadOptions::default()
    };
    let text = message(MrdSource::open(&path, &options));
    assert!(text.contains("the names second"), "{text}");
}

#[test]
fn another_group_lends_its_noise() {
    let (folder, path) = place();
    let other = folder.path().join("noise.h5");
    good(&other);
    raw(&path, &[(1, line(0), LineFlags::IMAGING)]);
    assert!(open(&path).unwrap().noise().is_none());
    let source = hdf5::File::open(&other).unwrap();
    let file = unlocked().open_rw(&path).unwrap();
    let lender = source.group("dataset").unwrap();
    lender.copy_to(&file, "dataset_2").unwrap();
    file.close().unwrap();
    let scan = open(&path).unwrap();
    assert_eq!(scan.noise().unwrap().samples.dim(), (COILS, 20_000));
    let said = |part: &str| scan.header().warnings.iter().any(|w| w.contains(part));
    assert!(said("taken from the group dataset_2") && said("group dataset is read"));
}

#[test]
fn samples_that_disagree_with_their_head_are_refused() {
    let (_folder, path) = place();
    raw(&path, &[(1, line(0), LineFlags::IMAGING)]);
    let script = "
f = h5py.File(sys.argv[1], 'r+')
d = f['dataset/data'][:]
d['head']['number_of_samples'] = 6
d['head']['center_sample'] = 3
f['dataset/data'][:] = d
f.close()
";
    if python(&["h5py"], script, &[&path]).is_none() {
        return;
    }
    let text = message(open(&path).and_then(|mut source| source.slice(0)));
    assert!(
        text.contains("36 numbers in acquisition 0") && text.contains("found 48"),
        "{text}"
    );
}

#[test]
fn data_of_two_axes_is_read() {
    let (_folder, path) = place();
    good(&path);
    let script = "
f = h5py.File(sys.argv[1], 'r+')
g = f['dataset']
d = g['data'][:]
t = g['data'].dtype
del g['data']
g.create_dataset('data', data=d.reshape(-1, 1), dtype=t)
f.close()
";
    if python(&["h5py"], script, &[&path]).is_none() {
        return;
    }
    let slice = open(&path).unwrap().slice(1).unwrap();
    assert_eq!(slice.imaging.slice(s![.., 1, ..]), line(1));
}
