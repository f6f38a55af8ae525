//! What the writer writes, as we and pydicom read it.

use super::*;
use crate::io::testing::{message, python};

fn counts_header() -> ProjectionHeader {
    ProjectionHeader {
        content: Content::Counts,
        ..header(&[0.0, 2.0])
    }
}

/// Writes two slices of counts.
fn write(path: &Path, counts: &[Array2<f32>; 2], flats: &Flats) {
    let mut writer = CtPdWriter::create(path, &counts_header(), "seed", false).unwrap();
    for (k, counts) in counts.iter().enumerate() {
        writer.counts(k, counts, flats).unwrap();
    }
    assert!(!path.exists());
    writer.finish().unwrap();
}

/// Whole numbers from 0 on.
fn whole(slice: usize) -> Array2<f32> {
    Array2::from_shape_fn([VIEWS, BINS], |(v, b)| {
        ((31 * v + 17 * b + slice) % 400) as f32
    })
}

fn bowtie() -> Flats {
    let mut flats = Flats::stated(BINS, 0.0);
    flats.flat_mean = (0..BINS).map(|b| 500.0 + 25.0 * b as f32).collect();
    flats
}

#[test]
fn counts_come_back_to_the_bit() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("scan");
    write(&path, &[whole(0), whole(1)], &bowtie());
    let mut source = open_projections(&path, &Default::default()).unwrap();
    assert_eq!(source.header().content, Content::Counts);
    for k in 0..2 {
        let slice = source.slice(k).unwrap();
        assert_eq!(slice.data, whole(k));
        assert_eq!(slice.photons.unwrap(), whole(k).mapv(|n| n + 0.5));
        assert_eq!(source.flats(k).unwrap().unwrap(), bowtie());
    }
    // As a third party sees them, or whoever asks for it: ln(I0 / (N + 1/2)).
    let lines = ProjectionOptions {
        content: Some(Content::LineIntegrals),
        ..Default::default()
    };
    let slice = open_projections(&path, &lines).unwrap().slice(0).unwrap();
    for ((v, b), p) in slice.data.indexed_iter() {
        let wanted = (bowtie().flat_mean[b] / (whole(0)[[v, b]] + 0.5)).ln();
        assert!((p - wanted).abs() < 8.0 / 65535.0, "{p} {wanted}");
    }
}

#[test]
fn electronic_noise_and_fractions_come_back_too() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("scan");
    let noisy = |k: usize| whole(k).mapv(|n| 0.37 * n - 4.25);
    let mut flats = bowtie();
    flats.dark_mean.fill(1.5);
    flats.dark_variance = (0..BINS).map(|b| b as f32).collect();
    flats.flat_variance.fill(3.0);
    (flats.flat_frames, flats.dark_frames) = (10, 20);
    // A dead bin is written as air without photons.
    flats.flat_mean[6] = 0.0;
    write(&path, &[noisy(0), noisy(1)], &flats);
    let mut source = open_projections(&path, &Default::default()).unwrap();
    let slice = source.slice(1).unwrap();
    assert_eq!(slice.data, noisy(1));
    assert_eq!(source.flats(1).unwrap().unwrap(), flats);
    assert_eq!(slice.dead.iter().position(|dead| *dead), Some(6));
    assert!(slice.photons.unwrap().iter().all(|&n| n >= 0.0));
    assert!(
        source
            .header()
            .warnings
            .join(";")
            .contains("1 of 9 detector bins are dead (6)")
    );
}

#[test]
fn the_same_seed_gives_the_same_files() {
    let bytes = |seed: &str| {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("scan");
        let mut writer = CtPdWriter::create(&path, &header(&[0.0]), seed, false).unwrap();
        writer.line_integrals(0, &lines(0), None).unwrap();
        writer.finish().unwrap();
        std::fs::read(path.join("000024.dcm")).unwrap()
    };
    assert_eq!(bytes("a"), bytes("a"));
    assert_ne!(bytes("a"), bytes("b"));
}

#[test]
fn what_ct_pd_has_no_place_for_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("scan");
    let create = |change: &dyn Fn(&mut ProjectionHeader)| {
        let mut header = header(&[0.0, 1.0]);
        change(&mut header);
        message(CtPdWriter::create(&path, &header, "seed", false))
    };
    assert!(create(&|h| h.beam = Some(Beam::Parallel)).contains("Data Exchange"));
    assert!(create(&|h| h.pitch_mm = None).contains("the pitch"));
    assert!(create(&|h| h.z_mm = None).contains("0 positions for 2 slices"));
    assert!(create(&|h| h.z_mm = Some(vec![1.0, 1.0])).contains("ascending"));
    assert!(create(&|h| h.bins = 20_000).contains("16383"));
    assert!(create(&|h| h.angles_rad.truncate(3)).contains("3 angles"));
    let mut writer = CtPdWriter::create(&path, &header(&[0.0, 1.0]), "seed", false).unwrap();
    let mut bad = lines(0);
    bad[[1, 2]] = f32::NAN;
    assert!(message(writer.line_integrals(0, &bad, None)).contains("or NaN"));
    assert!(message(writer.counts(0, &whole(0), &Flats::stated(3, 1.0))).contains("flats of 9"));
    writer.line_integrals(1, &lines(0), None).unwrap();
    assert!(message(writer.finish()).contains("slice 0 not written"));
    assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
}

#[test]
fn sparse_and_irregular_angles_are_no_missing_views() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("scan");
    let mut header = header(&[0.0]);
    header.angles_rad = (0..VIEWS).map(|i| 0.01 * (i * i) as f64).collect();
    let mut writer = CtPdWriter::create(&path, &header, "seed", false).unwrap();
    writer.line_integrals(0, &lines(0), None).unwrap();
    writer.finish().unwrap();
    let source = open_projections(&path, &Default::default()).unwrap();
    for (a, b) in source.header().angles_rad.iter().zip(&header.angles_rad) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
}

#[test]
fn pydicom_reads_what_the_dictionary_says() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("scan");
    write(&path, &[whole(0), whole(1)], &bowtie());
    let script = "d=pydicom.dcmread(sys.argv[1]); g=lambda a,b: d[a,b].value\n\
        p=d.pixel_array.ravel()*float(d.RescaleSlope)+float(d.RescaleIntercept)\n\
        print(d[0x7033,0x1065].VR, g(0x7033,0x1065)[0], round(p[0],3), round(p[8],3), d.pixel_array.shape, \
        g(0x7029,0x1010), g(0x7029,0x1011), g(0x7029,0x100b), round(g(0x7031,0x1001),6), g(0x7031,0x1002), \
        g(0x7031,0x1003), g(0x7031,0x1031), list(g(0x7031,0x1033)), g(0x7033,0x100e), g(0x7033,0x1013), \
        float(g(0x7041,0x1001)), g(0x7039,0x1009), d.InstanceNumber, d.PatientName, d.Modality, \
        d.is_implicit_VR, d.SOPInstanceUID[:5], len(d.SOPInstanceUID)<=64, d[0x7051,0x1001].VR)";
    let Some(out) = python(&["pydicom"], script, &[&path.join("000025.dcm")]) else {
        return;
    };
    // The first column is our last bin: N = 17 * 8 + 1, I0 = 500 + 25 * 8.
    let (first, last) = ((700.0_f64 / 137.5).ln(), (500.0_f64 / 1.5).ln());
    assert_eq!(
        out,
        format!(
            "FL 137.5 {first:.3} {last:.3} (9, 1) 1 9 CYLINDRICAL -2.891593 2.0 570.0 1040.0 [4.75, 1.0] FFSNONE 24 \
             0.0192 YES 25 ANONYMOUS CT False 2.25. True FL"
        )
    );
}
