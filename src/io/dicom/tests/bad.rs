//! Damaged and malicious files: one clear message, never a panic, never gigabytes.

use super::*;
use crate::io::testing::{message, random};

fn one_file(parent: &Path) -> (PathBuf, Vec<u8>) {
    let folder = sample(parent);
    let bytes = std::fs::read(folder.join("0001.dcm")).unwrap();
    (parent.join("a.dcm"), bytes)
}

#[test]
fn truncated_files_say_so() {
    let parent = tempfile::tempdir().unwrap();
    let (path, good) = one_file(parent.path());
    for length in (0..good.len()).step_by(61).chain([good.len() - 1]) {
        std::fs::write(&path, &good[..length]).unwrap();
        let text = message(super::read(&path, Stacking::Regular));
        assert!(text.starts_with(path.to_str().unwrap()), "{text}");
    }
    std::fs::write(&path, &good[..good.len() - 100]).unwrap();
    assert!(message(super::read(&path, Stacking::Regular)).contains("truncated"));
    // One of a series.
    let folder = parent.path().join("series");
    std::fs::copy(&path, folder.join("0003.dcm")).unwrap();
    let text = message(super::read(&folder, Stacking::Regular));
    assert!(
        text.contains("0003.dcm") && text.contains("truncated"),
        "{text}"
    );
}

#[test]
fn damaged_bytes_never_panic() {
    let parent = tempfile::tempdir().unwrap();
    let (path, good) = one_file(parent.path());
    // Everything but the pixels.
    let head = good.len() - 48 * 64 * 2;
    let try_bytes = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let _ = super::read(&path, Stacking::Regular);
    };
    for at in (128..head).step_by(3) {
        for value in [0, 0xff] {
            let mut bytes = good.clone();
            bytes[at] = value;
            try_bytes(&bytes);
        }
    }
    for place in random(400) {
        let mut bytes = good.clone();
        bytes[((place.re + 1.0) * 0.5 * head as f32) as usize] ^=
            1 << ((place.im + 1.0) * 4.0) as u8;
        try_bytes(&bytes);
    }
}

#[test]
fn absurd_lengths_are_found_before_room_is_made_for_them() {
    let parent = tempfile::tempdir().unwrap();
    let (path, good) = one_file(parent.path());
    let at = good
        .windows(4)
        .position(|w| w == [0xe0, 0x7f, 0x10, 0x00])
        .unwrap();
    assert_eq!(&good[at + 4..at + 6], b"OW");
    for length in [0xffff_fffe_u32, 0x7fff_ffff, 48 * 64 * 2 + 2] {
        let mut bytes = good.clone();
        bytes[at + 8..at + 12].copy_from_slice(&length.to_le_bytes());
        std::fs::write(&path, bytes).unwrap();
        let text = message(super::read(&path, Stacking::Regular));
        assert!(
            text.contains("truncated") && text.contains(&length.to_string()),
            "{text}"
        );
    }
    // Fewer pixels than rows and columns promise.
    let mut bytes = good[..good.len() - 100].to_vec();
    bytes[at + 8..at + 12].copy_from_slice(&(48 * 64 * 2 - 100_u32).to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    assert!(message(super::read(&path, Stacking::Regular)).contains("48 x 64 pixels"));
}

#[test]
fn deep_sequences_are_refused() {
    let parent = tempfile::tempdir().unwrap();
    let (path, good) = one_file(parent.path());
    let at = good
        .windows(4)
        .position(|w| w == [0xe0, 0x7f, 0x10, 0x00])
        .unwrap();
    let mut bytes = good[..at].to_vec();
    for _ in 0..100_000 {
        bytes.extend(b"\x40\x00\x60\xa2SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff");
    }
    bytes.extend(&good[at..]);
    std::fs::write(&path, bytes).unwrap();
    assert!(message(super::read(&path, Stacking::Regular)).contains("64 deep"));
}

#[test]
fn what_is_no_dicom_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    assert!(message(super::read(&path, Stacking::Regular)).contains("no such file"));
    assert!(message(super::read(folder.path(), Stacking::Regular)).contains("no files"));
    std::fs::write(&path, b"hello").unwrap();
    assert!(message(super::read(&path, Stacking::Regular)).contains("mark"));
    let text = message(super::read(folder.path(), Stacking::Regular));
    assert!(text.contains("1 files that are not DICOM"), "{text}");
    std::fs::write(&path, [vec![0; 128], b"DICM".to_vec()].concat()).unwrap();
    assert!(message(super::read(&path, Stacking::Regular)).contains("transfer syntax"));
}
