use super::*;
use crate::score::networks::{Asked, Role};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::io::Cursor;
use tch::{Kind, Tensor};

const PLAIN: &[u8] = include_bytes!("fixtures/plain.pt");
const SCORE_SDE: &[u8] = include_bytes!("fixtures/score_sde.pt");
const EDM: &[u8] = include_bytes!("fixtures/edm.pt");
const LEGACY: &[u8] = include_bytes!("fixtures/legacy.pt");
const EVIL: &[u8] = include_bytes!("fixtures/evil.pt");
const PERSISTENT: &[u8] = include_bytes!("fixtures/persistent.pkl");

fn asked(names: &[(&str, Role)]) -> Vec<Asked> {
    let one = |(name, role): &(&str, Role)| Asked {
        name: name.to_string(),
        shape: vec![],
        role: *role,
    };
    names.iter().map(one).collect()
}

fn linear() -> Vec<Asked> {
    asked(&[
        ("W", Role::Frozen),
        ("weight", Role::Parameter),
        ("bias", Role::Parameter),
    ])
}

fn pick(bytes: &[u8]) -> Result<Picked, CheckpointError> {
    Checkpoint::new(Cursor::new(bytes))?.pick(&linear())
}

fn values(t: &Tensor) -> Vec<f64> {
    Vec::try_from(t.to_kind(Kind::Double).flatten(0, -1)).unwrap()
}

#[test]
fn tensors_of_every_kind_and_layout_come_as_saved() {
    let picked = pick(PLAIN).unwrap();
    let of = |name: &str| {
        (
            picked.tensors[name].size(),
            picked.tensors[name].kind(),
            values(&picked.tensors[name]),
        )
    };
    assert_eq!(
        of("full"),
        (vec![2, 3], Kind::Float, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    );
    let transposed = (0..24).map(|i| (1 + i / 4 + 6 * (i % 4)) as f64).collect();
    assert_eq!(of("transposed"), (vec![6, 4], Kind::Float, transposed));
    assert_eq!(of("part").2, [9.0, 10.0, 11.0, 15.0, 16.0, 17.0]);
    assert_eq!(of("scalar"), (vec![], Kind::Int64, vec![7.0]));
    assert_eq!(of("half").1, Kind::Half);
    assert_eq!(of("brain"), (vec![3], Kind::BFloat16, vec![1.0, 2.0, 3.0]));
    assert_eq!(of("double").1, Kind::Double);
    assert_eq!(of("truth"), (vec![2], Kind::Bool, vec![1.0, 0.0]));
    assert_eq!(of("empty").0, [0, 3]);
}

#[test]
fn unnamed_averages_take_the_names_of_trained_tensors_and_the_rest_comes_from_the_model() {
    let picked = pick(SCORE_SDE).unwrap();
    assert_eq!(values(&picked.tensors["weight"]), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(values(&picked.tensors["bias"]), [1.0, 2.0]);
    assert_eq!(values(&picked.tensors["W"]), [0.25, 0.5]);
    assert_eq!(picked.tensors.len(), 3);
    assert!(picked.from.contains("shadow_params"));
    let other = asked(&[("weight", Role::Parameter)]);
    let error = Checkpoint::new(Cursor::new(SCORE_SDE))
        .unwrap()
        .pick(&other)
        .unwrap_err();
    assert!(
        error.to_string().contains("2 tensors without names"),
        "{error}"
    );
}

#[test]
fn averages_come_before_the_last_step() {
    let picked = pick(EDM).unwrap();
    assert_eq!(values(&picked.tensors["bias"]), [1.0, 2.0]);
    assert!(picked.from.contains("`ema`"));
}

#[test]
fn other_callables_are_refused_by_name_and_never_called() {
    let text = |bytes: &[u8]| pick(bytes).unwrap_err().to_string();
    let refused = text(EVIL);
    assert!(refused.contains("`posix.system`"), "{refused}");
    assert!(!Path::new("/tmp/annulus-was-here").exists());
    let refused = text(PERSISTENT);
    assert!(
        refused.contains("persistence._reconstruct_persistent_obj")
            && refused.contains("state_dict()"),
        "{refused}"
    );
}

#[test]
fn other_formats_are_named() {
    let text = |bytes: &[u8]| pick(bytes).unwrap_err().to_string();
    assert!(text(LEGACY).contains("before 1.6"));
    assert!(text(b"").contains("no file of torch.save"));
    assert!(text(b"\x89HDF\r\n").contains("no file of torch.save"));
    assert!(text(&PLAIN[..PLAIN.len() - 30]).contains("cut short"));
}

/// A file with one to eight bytes changed, a piece cut, doubled or zeroed; the pickle more often than chance.
fn mutated(rng: &mut ChaCha8Rng, whole: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let pickle = bytes.iter().position(|b| *b == 0x80).unwrap();
    let changes = if rng.random_bool(0.6) { 1 } else { 8 };
    for _ in 0..rng.random_range(1..=changes) {
        let inside = if rng.random_bool(0.6) {
            pickle..(pickle + 900).min(bytes.len())
        } else {
            0..bytes.len()
        };
        if inside.is_empty() {
            continue;
        }
        let at = rng.random_range(inside);
        let end = (at + rng.random_range(1..24)).min(bytes.len());
        match rng.random_range(0..12) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            2 => bytes[at..end].fill(0),
            3 => bytes[at..end].fill(0xff),
            4 if rng.random_bool(0.1) => bytes.truncate(at),
            5 | 6 => bytes[at] ^= 1 << rng.random_range(0..8),
            _ => bytes[at] = rng.random(),
        }
    }
    bytes
}

#[test]
fn ten_thousand_mutated_files_end_in_tensors_or_errors() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mut read, mut refused) = (0, 0);
    for round in 0..10_000 {
        let whole = [PLAIN, SCORE_SDE, EDM, PERSISTENT, EVIL][round % 5];
        match pick(&mutated(&mut rng, whole)) {
            Ok(picked) => read += picked.tensors.len(),
            Err(_) => refused += 1,
        }
    }
    eprintln!("10000 mutated files: {refused} refused, {read} tensors read from the others");
    assert!(refused > 1000 && read > 1000);
    assert!(!Path::new("/tmp/annulus-was-here").exists());
}

#[test]
fn containers_within_containers_cost_what_they_take_in_the_file() {
    // Lists of two copies of the list before: 2^60 items if they were copied.
    let mut bomb = b"\x80\x02]q\x00".to_vec();
    for _ in 0..60 {
        bomb.extend(b"h\x00h\x00\x86q\x00");
    }
    bomb.push(b'.');
    assert!(pickle::read(&bomb).is_ok());
    // Marks without end, and a text longer than the file.
    assert!(pickle::read(&vec![b'('; 100_000]).is_err());
    assert!(pickle::read(b"\x80\x02X\xff\xff\xff\xff").is_err());
}
