//! The golden vectors of `shared/golden`, for tests: formulas in place of weight files.

use super::{Asked, Role};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

/// Vectors of one network.
pub(super) struct Golden {
    pub(super) options: String,
    keys: HashMap<String, usize>,
    arrays: HashMap<String, Tensor>,
}

/// The folder `golden`, or none, said aloud.
fn folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("ANNULUS_SHARED").map_or_else(beside, PathBuf::from);
    let golden = shared.join("golden");
    if golden.is_dir() {
        return Some(golden);
    }
    eprintln!("SKIPPED: {} is absent: no golden vectors", golden.display());
    None
}

/// Names, shapes and roles of a listing.
fn listing(path: &Path) -> Vec<Asked> {
    let text = std::fs::read_to_string(path).unwrap();
    let parse = |line: &str| {
        let mut fields: Vec<&str> = line.split('\t').collect();
        if fields[0].parse::<usize>().is_ok() {
            fields.remove(0);
        }
        let frozen = fields.get(2).is_some_and(|role| role.contains("frozen"));
        Asked {
            name: fields[0].to_owned(),
            shape: serde_json::from_str(fields[1]).unwrap(),
            role: if frozen {
                Role::Frozen
            } else {
                Role::Parameter
            },
        }
    };
    text.lines().map(parse).collect()
}

/// A published checkpoint's tensors, in order.
pub(super) fn manifest(name: &str) -> Option<Vec<Asked>> {
    Some(listing(
        &folder()?.join(format!("manifests/{name}.keys.txt")),
    ))
}

impl Golden {
    pub(super) fn read(name: &str) -> Option<Self> {
        Some(Golden::read_from(&folder()?.join("networks"), name))
    }

    /// From another folder of the same layout.
    pub(super) fn read_from(folder: &Path, name: &str) -> Self {
        let at = |end: &str| folder.join(format!("{name}.{end}"));
        let keys = listing(&at("keys.txt")).into_iter().enumerate();
        Golden {
            options: std::fs::read_to_string(at("json")).unwrap(),
            keys: keys.map(|(k, asked)| (asked.name, k)).collect(),
            arrays: Tensor::read_npz(at("npz")).unwrap().into_iter().collect(),
        }
    }

    pub(super) fn names(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn tensor(&self, name: &str) -> Tensor {
        self.arrays[name].shallow_clone()
    }

    pub(super) fn class(&self) -> Option<Tensor> {
        self.arrays.get("class").map(Tensor::shallow_clone)
    }

    /// The formula of the golden weights; names that the listing lacks fail.
    pub(super) fn weight(&self, asked: &Asked) -> Tensor {
        formula(self.keys[&asked.name], asked)
    }

    /// Relative errors of output and gradient of `F`, printed; both must be at most `most`.
    pub(super) fn hold(&self, name: &str, most: f64, forward: impl Fn(&Tensor, &Tensor) -> Tensor) {
        let x = self
            .tensor("x")
            .to_kind(Kind::Double)
            .set_requires_grad(true);
        let out = forward(&x, &self.tensor("t"));
        out.square().sum(Kind::Double).backward();
        let errors = [
            relative(&out, &self.tensor("out")),
            relative(&x.grad(), &self.tensor("grad")),
        ];
        eprintln!(
            "{name}: relative error of the output {:.2e}, of the gradient {:.2e}",
            errors[0], errors[1]
        );
        assert!(
            errors.iter().all(|e| *e <= most),
            "{name}: {errors:?} > {most}"
        );
    }
}

/// `0.5 / √fan_in · sin(0.37 i + 0.11 k)` and its kin for vectors: see `golden/README.md`.
pub(super) fn formula(k: usize, asked: &Asked) -> Tensor {
    let shape = &asked.shape[..];
    let wave = |count: i64| {
        (Tensor::arange(count, (Kind::Double, Device::Cpu)) * 0.37 + 0.11 * k as f64).sin()
    };
    let wave = wave(shape.iter().product()).reshape(shape);
    if shape.len() > 1 {
        let fan_in: i64 = shape[1..].iter().product();
        wave * (0.5 / (fan_in as f64).sqrt())
    } else if asked.name.ends_with("weight") {
        wave * 0.1 + 1.0
    } else if asked.name == "all_modules.0.W" {
        wave * 0.5
    } else {
        wave * 0.1
    }
}

/// `max|a − b| / max|b|`.
pub(super) fn relative(a: &Tensor, b: &Tensor) -> f64 {
    let (a, b) = (a.to_kind(Kind::Double), b.to_kind(Kind::Double));
    assert_eq!(a.size(), b.size());
    (&a - &b).abs().max().double_value(&[]) / b.abs().max().double_value(&[])
}
